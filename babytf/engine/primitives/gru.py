r"""Gated recurrent units over time. The loops are in `../gru_kernels.py`; `recurrence.py` says how it hangs together.

$$ (z, r) = \sigma(x_t W_{zr} + h_{t-1} U_{zr} + b), \quad
   \tilde h = \tanh(x_t W_h + b_h + r (h_{t-1} U_h + b'_h)), \quad
   h_t = z h_{t-1} + (1 - z) \tilde h $$

With `reset_after=False`, $(r h_{t-1}) U_h$ stands in place of what is multiplied with $r$.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.ahead import steps_at_once
from babytf.engine.autodiff import GradientTape
from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives import recurrence as over_time
from babytf.engine.tensor import Tensor, bind

_INPUTS = "x kernel recurrent bias h0 mask"

primitive(
    "gru_states",
    source=(
        "kernels.gru({x}, {kernel}, {recurrent}, {bias}, {h0}, {mask}, {reset_after}, {w}, {u}, {b}, {product}, {out})"
    ),
    infer=lambda x, kernel, recurrent, bias, h0, mask, reset_after: Spec((5 * x.shape[0] + 1, *h0.shape), x.dtype),
    inputs=_INPUTS,
    latex=r"\operatorname{{GRU}}({x})",
    scratch={
        "w": lambda x, kernel, *others, reset_after: Spec((3, kernel.shape[0], kernel.shape[1] // 3), x.dtype),
        "u": lambda x, kernel, recurrent, *others, reset_after: Spec((3, *recurrent.shape[:1] * 2), x.dtype),
        "b": lambda x, kernel, *others, reset_after: Spec((2, 3, 1, kernel.shape[1] // 3), x.dtype),
        "product": lambda x, kernel, recurrent, bias, h0, mask, reset_after: Spec((3, *h0.shape), x.dtype),
    },
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
    begin: int,
    reset_after: bool,
) -> tuple[Any, ...]:
    steps, batch, _ = x.shape
    n = h0.shape[1]
    inputs = (x, kernel, recurrent, bias, h0, mask)
    blocks = 4 if reset_after else 3
    found = bind("gru_gradient", g, states, *inputs, first=first, reset_after=reset_after)
    d_gates = over_time.part(found, 0, steps * batch, blocks * n)
    to_h0 = over_time.part(found, blocks * steps * batch * n, batch, n)
    h_before = over_time.transposed(over_time.rows(seen(states, inputs, 0, steps, reset_after)))
    if reset_after:  # d_gates: a, z, r, h
        dz = over_time.columns(d_gates, n, 4 * n)
        of_h = over_time.columns(d_gates, 0, 3 * n)
        to_u, to_b = bind("matmul", h_before, of_h), over_time.total(d_gates)
        to_u = over_time.joined([over_time.columns(to_u, n, 3 * n), over_time.columns(to_u, 0, n)], axis=1)
        of_x, of_zr, of_a = (over_time.part(to_b, at, size) for at, size in ((n, 3 * n), (n, 2 * n), (0, n)))
        to_b = over_time.stacked([of_x, over_time.joined([of_zr, of_a])])
    else:
        dz = d_gates
        of_zr = bind("matmul", h_before, over_time.columns(d_gates, 0, 2 * n))
        of_h = over_time.part(found, (3 * steps + 1) * batch * n, n, n)
        to_u, to_b = over_time.joined([of_zr, of_h], axis=1), over_time.total(dz)
    return (
        None,
        bind("reshape", bind("matmul", dz, over_time.transposed(kernel)), shape=x.shape),
        bind("matmul", over_time.transposed(over_time.rows(x)), dz),
        to_u,
        to_b,
        to_h0,
        None,
    )


primitive(
    "gru",
    source="{states}[{begin}:{begin} + {count}]",
    infer=lambda states, x, kernel, recurrent, bias, h0, mask, first, count, begin, reset_after: Spec(
        (count, *states.shape[1:]), states.dtype
    ),
    inputs="states " + _INPUTS,
    vjp=_seen_vjp,
    latex=r"\operatorname{{GRU}}({x})",
    kind="view",
    symbol="h",
)


def seen(states: Tensor, inputs: tuple[Tensor, ...], first: int, count: int, reset_after: bool) -> Tensor:
    """`count` rows of $h_0, …, h_T$, from row `first` on.

    Args:
        states: What `gru_states` computed.
        inputs: Of what.
        first: Row.
        count: How many.
        reset_after: As for `gru_states`.
    """
    begin = 4 * inputs[0].shape[0] + first
    return bind("gru", states, *inputs, first=first, count=count, begin=begin, reset_after=reset_after)


# --- backwards


def _gradient_spec(
    g: Spec,
    states: Spec,
    x: Spec,
    kernel: Spec,
    recurrent: Spec,
    bias: Spec,
    h0: Spec,
    mask: Spec,
    first: int,
    reset_after: bool,
) -> Spec:
    if reset_after:
        return Spec(((4 * x.shape[0] + 1) * h0.size,), g.dtype)
    return Spec(((3 * x.shape[0] + 1) * h0.size + h0.shape[1] ** 2,), g.dtype)


def _of_gates_after(tape: GradientTape, *inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The layer step by step, with plain rows; `reset_after`."""
    x, kernel, recurrent, bias, h, mask = inputs
    steps, batch, n = x.shape[0], *h.shape
    of_x = bind("add", bind("matmul", x, kernel), over_time.step(bias, 0))
    d_a = Tensor.wrap(np.zeros((steps, batch, n), x.dtype))  # added to a, so that a's gradient can be asked for
    tape.watch([d_a, of_x, h])
    start, hs = h, [h]
    for t in range(steps):
        x_t = over_time.step(of_x, t)
        of_h = bind("add", bind("matmul", h, recurrent), over_time.step(bias, 1))
        z, r = (
            bind("sigmoid", over_time.columns(x_t, i * n, (i + 1) * n) + over_time.columns(of_h, i * n, (i + 1) * n))
            for i in range(2)
        )
        a = over_time.columns(of_h, 2 * n, 3 * n) + over_time.step(d_a, t)
        candidate = bind("tanh", over_time.columns(x_t, 2 * n, 3 * n) + r * a)
        h = over_time.where(mask, t, candidate + z * (h - candidate), h)
        hs.append(h)
    return hs, [d_a, of_x, start]


def _of_gates_before(tape: GradientTape, *inputs: Tensor) -> tuple[list[Tensor], list[Tensor]]:
    """The same without `reset_after`."""
    x, kernel, recurrent, bias, h, mask = inputs
    n = h.shape[1]
    of_x = bind("add", bind("matmul", x, kernel), bias)
    u_zr, u_h = over_time.columns(recurrent, 0, 2 * n), over_time.columns(recurrent, 2 * n, 3 * n)
    tape.watch([of_x, h, u_h])
    start, hs = h, [h]
    for t in range(x.shape[0]):
        x_t, of_h = over_time.step(of_x, t), bind("matmul", h, u_zr)
        z, r = (
            bind("sigmoid", over_time.columns(x_t, i * n, (i + 1) * n) + over_time.columns(of_h, i * n, (i + 1) * n))
            for i in range(2)
        )
        candidate = bind("tanh", over_time.columns(x_t, 2 * n, 3 * n) + bind("matmul", r * h, u_h))
        h = over_time.where(mask, t, candidate + z * (h - candidate), h)
        hs.append(h)
    return hs, [of_x, start, u_h]


def _in_order(found: list[Tensor]) -> Tensor:
    """What `gru_gradient` has: with `reset_after`, the gradients of a and of the gates side by side."""
    if found[0].ndim == 3 and found[1].ndim == 3:
        found = [over_time.joined(found[:2], axis=2), found[2]]
    return bind("flat_concat", *found)


def _gradient_vjp(
    v: Tensor, y: Tensor, g: Tensor, states: Tensor, *inputs: Tensor, first: int, reset_after: bool
) -> tuple[Any, ...]:
    of_gates = _of_gates_after if reset_after else _of_gates_before
    to_g, *others = over_time.second_derivative(of_gates, v, g, inputs, first, _in_order)
    return (to_g, None, *others)


primitive(
    "gru_gradient",
    source=(
        "kernels.gru_gradient({g}, {states}, {recurrent}, {mask}, {first}, {reset_after}, {factors}, {product}, {out})"
    ),
    infer=_gradient_spec,
    inputs="g states " + _INPUTS,
    vjp=_gradient_vjp,
    latex=r"\partial \operatorname{{GRU}}({x})",
    scratch={
        "factors": lambda g, states, x, *others, **params: Spec(
            (4, steps_at_once(x.shape[0], states.shape[1] * states.shape[2]), *states.shape[1:]), g.dtype
        ),
        "product": lambda g, states, *others, **params: Spec((2, *states.shape[1:]), g.dtype),
    },
    symbol="gates_and_states",
)
