r"""Long short-term memory over time. The loops are in `../lstm_kernels.py`; `recurrence.py` says how it hangs together.

$$ (i, f, \tilde c, o) = (\sigma, \sigma, \tanh, \sigma)(x_t W + h_{t-1} U + b), \quad
   c_t = f \, c_{t-1} + i \, \tilde c, \quad h_t = o \tanh(c_t) $$
"""

from __future__ import annotations

from typing import Any

from babytf.engine.autodiff import GradientTape
from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives import recurrence as over_time
from babytf.engine.tensor import Tensor, bind

_INPUTS = "x kernel recurrent bias h0 c0 mask"


def _states_spec(x: Spec, kernel: Spec, recurrent: Spec, bias: Spec, h0: Spec, c0: Spec, mask: Spec) -> Spec:
    return Spec((7 * x.shape[0] + 2, *h0.shape), x.dtype)


primitive(
    "lstm_states",
    source=("kernels.lstm({x}, {kernel}, {recurrent}, {bias}, {h0}, {c0}, {mask}, {w}, {u}, {b}, {product}, {out})"),
    infer=_states_spec,
    inputs=_INPUTS,
    latex=r"\operatorname{{LSTM}}({x})",
    scratch={
        "w": lambda x, kernel, *others: Spec((4, kernel.shape[0], kernel.shape[1] // 4), x.dtype),
        "u": lambda x, kernel, recurrent, *others: Spec((4, recurrent.shape[0], recurrent.shape[0]), x.dtype),
        "b": lambda x, kernel, *others: Spec((4, 1, kernel.shape[1] // 4), x.dtype),
        "product": lambda x, kernel, recurrent, bias, h0, *others: Spec((4, *h0.shape), x.dtype),
    },
    symbol="states",
)


def _seen_spec(states: Spec, *inputs: Spec, first: int, count: int, begin: int) -> Spec:
    return Spec((count, *states.shape[1:]), states.dtype)


def _seen_vjp(
    g: Tensor,
    y: Tensor,
    states: Tensor,
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    h0: Tensor,
    c0: Tensor,
    mask: Tensor,
    first: int,
    count: int,
    begin: int,
) -> tuple[Any, ...]:
    steps, batch, _ = x.shape
    units = h0.shape[1]
    inputs = (x, kernel, recurrent, bias, h0, c0, mask)
    size = batch * units
    found = bind("lstm_gradient", g, states, *inputs, first=first)
    dz = over_time.part(found, 0, steps * batch, 4 * units)
    dx = bind("matmul", dz, over_time.transposed(kernel))
    h_before = over_time.rows(seen(states, inputs, 0, steps))
    return (
        None,
        bind("reshape", dx, shape=x.shape),
        bind("matmul", over_time.transposed(over_time.rows(x)), dz),
        bind("matmul", over_time.transposed(h_before), dz),
        over_time.total(dz),
        over_time.part(found, 4 * steps * size, batch, units),
        over_time.part(found, (4 * steps + 1) * size, batch, units),
        None,
    )


primitive(
    "lstm",
    source="{states}[{begin}:{begin} + {count}]",
    infer=_seen_spec,
    inputs="states " + _INPUTS,
    vjp=_seen_vjp,
    latex=r"\operatorname{{LSTM}}({x})",
    kind="view",
    symbol="h",
)


def seen(states: Tensor, inputs: tuple[Tensor, ...], first: int, count: int) -> Tensor:
    """`count` rows of $h_0, …, h_T, c_T$, from row `first` on.

    Args:
        states: What `lstm_states` computed.
        inputs: Of what.
        first: Row.
        count: How many.
    """
    return bind("lstm", states, *inputs, first=first, count=count, begin=5 * inputs[0].shape[0] + first)


# --- backwards


def _gradient_spec(g: Spec, states: Spec, x: Spec, *others: Spec, first: int) -> Spec:
    return Spec(((4 * x.shape[0] + 2) * states.shape[1] * states.shape[2],), g.dtype)


def _of_gates(tape: GradientTape, *inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The layer step by step, with plain rows."""
    x, kernel, recurrent, bias, h, c, mask = inputs
    units = h.shape[1]
    z = bind("add", bind("matmul", x, kernel), bias)
    tape.watch([z, h, c])
    targets, hs = [z, h, c], [h]
    for t in range(x.shape[0]):
        z_t = bind("add", over_time.step(z, t), bind("matmul", h, recurrent))
        i, f, candidate, o = (over_time.columns(z_t, n * units, (n + 1) * units) for n in range(4))
        i, f, o = (bind("sigmoid", gate) for gate in (i, f, o))
        c_t = f * c + i * bind("tanh", candidate)
        h_t = o * bind("tanh", c_t)
        h, c = over_time.where(mask, t, h_t, h), over_time.where(mask, t, c_t, c)
        hs.append(h)
    return [*hs, c], targets


def _gradient_vjp(v: Tensor, y: Tensor, g: Tensor, states: Tensor, *inputs: Tensor, first: int) -> tuple[Any, ...]:
    to_g, *others = over_time.second_derivative(_of_gates, v, g, inputs, first)
    return (to_g, None, *others)


primitive(
    "lstm_gradient",
    source="kernels.lstm_gradient({g}, {states}, {recurrent}, {mask}, {first}, {through_c}, {memory}, {out})",
    infer=_gradient_spec,
    inputs="g states " + _INPUTS,
    vjp=_gradient_vjp,
    latex=r"\partial \operatorname{{LSTM}}({x})",
    scratch={
        "through_c": lambda g, states, x, *others, first: Spec((x.shape[0], *states.shape[1:]), g.dtype),
        "memory": lambda g, states, *others, first: Spec((2, *states.shape[1:]), g.dtype),
    },
    symbol="z_and_states",
)
