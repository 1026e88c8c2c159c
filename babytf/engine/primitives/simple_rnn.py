r"""The simplest recurrence over time. The loop is in `../simple_rnn_kernels.py`; `recurrence.py` is to be read first.

$$ h_t = \tanh(x_t W + h_{t-1} U + b) $$
"""

from __future__ import annotations

from typing import Any

from babytf.engine.autodiff import GradientTape
from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives import recurrence as over_time
from babytf.engine.tensor import Tensor, bind

_INPUTS = "x kernel recurrent bias h0 mask"

primitive(
    "simple_rnn_states",
    source="kernels.simple_rnn({x}, {kernel}, {recurrent}, {bias}, {h0}, {mask}, {product}, {out})",
    infer=lambda x, kernel, recurrent, bias, h0, mask: Spec((x.shape[0] + 1, *h0.shape), x.dtype),
    inputs=_INPUTS,
    latex=r"\operatorname{{RNN}}({x})",
    scratch={"product": lambda x, kernel, recurrent, bias, h0, *others: Spec(h0.shape, x.dtype)},
    symbol="states",
)


def _seen_vjp(
    g: Tensor,
    y: Tensor,
    states: Tensor,
    x: Tensor,
    kernel: Tensor,
    recurrent: Tensor,
    bias: Tensor,
    h0: Tensor,
    mask: Tensor,
    first: int,
    count: int,
) -> tuple[Any, ...]:
    steps, batch, _ = x.shape
    units = h0.shape[1]
    inputs = (x, kernel, recurrent, bias, h0, mask)
    found = bind("simple_rnn_gradient", g, states, *inputs, first=first)
    dz = over_time.part(found, 0, steps * batch, units)
    dx = bind("matmul", dz, over_time.transposed(kernel))
    return (
        None,
        bind("reshape", dx, shape=x.shape),
        bind("matmul", over_time.transposed(over_time.rows(x)), dz),
        bind("matmul", over_time.transposed(over_time.rows(seen(states, inputs, 0, steps))), dz),
        over_time.total(dz),
        over_time.part(found, steps * batch * units, batch, units),
        None,
    )


primitive(
    "simple_rnn",
    source="{states}[{first}:{first} + {count}]",
    infer=lambda states, x, kernel, recurrent, bias, h0, mask, first, count: Spec(
        (count, *states.shape[1:]), states.dtype
    ),
    inputs="states " + _INPUTS,
    vjp=_seen_vjp,
    latex=r"\operatorname{{RNN}}({x})",
    kind="view",
    symbol="h",
)


def seen(states: Tensor, inputs: tuple[Tensor, ...], first: int, count: int) -> Tensor:
    """`count` rows of $h_0, …, h_T$, from row `first` on.

    Args:
        states: What `simple_rnn_states` computed.
        inputs: Of what.
        first: Row.
        count: How many.
    """
    return bind("simple_rnn", states, *inputs, first=first, count=count)


# --- backwards


def _of_gates(tape: GradientTape, *inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The layer step by step, with plain rows."""
    x, kernel, recurrent, bias, h, mask = inputs
    z = bind("add", bind("matmul", x, kernel), bias)
    tape.watch([z, h])
    targets, hs = [z, h], [h]
    for t in range(x.shape[0]):
        h_t = bind("tanh", bind("add", over_time.step(z, t), bind("matmul", h, recurrent)))
        h = over_time.where(mask, t, h_t, h)
        hs.append(h)
    return hs, targets


def _gradient_vjp(v: Tensor, y: Tensor, g: Tensor, states: Tensor, *inputs: Tensor, first: int) -> tuple[Any, ...]:
    to_g, *others = over_time.second_derivative(_of_gates, v, g, inputs, first)
    return (to_g, None, *others)


primitive(
    "simple_rnn_gradient",
    source="kernels.simple_rnn_gradient({g}, {states}, {recurrent}, {mask}, {first}, {product}, {out})",
    infer=lambda g, states, x, kernel, recurrent, bias, h0, mask, first: Spec((states.size,), g.dtype),
    inputs="g states " + _INPUTS,
    vjp=_gradient_vjp,
    latex=r"\partial \operatorname{{RNN}}({x})",
    scratch={"product": lambda g, states, *others, first: Spec(states.shape[1:], g.dtype)},
    symbol="z_and_states",
)
