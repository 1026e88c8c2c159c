r"""What the recurrent layers' rows share. `lstm.py`, `gru.py` and `simple_rnn.py` have the rows.

A layer over time is three rows. `…_states` computes all steps and keeps what the way back needs. `…` is a window on
the part of it that users see; the gradient that reaches it goes to the layer's inputs and weights, not to the memory it
looks at. `…_gradient` goes back through time, and yields the gradient of what the gates are computed from; with
that in hand, the weights' gradients are single matrix products.

A second derivative goes through `…_gradient`. It is rare, so that it is not derived by hand: the steps are computed
again with plain rows, whose derivatives of any order are known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from babytf.engine.autodiff import GradientTape
from babytf.engine.primitive import Spec
from babytf.engine.primitives.key import Key
from babytf.engine.tensor import Tensor, bind

MASK = Tensor.wrap(np.zeros((0,), "bool"))
"""In place of a mask, where all steps count."""


def rows(x: Tensor) -> Tensor:
    """`(T, B, N)` as one matrix, `(T B, N)`."""
    return bind("reshape", x, shape=(x.shape[0] * x.shape[1], x.shape[2]))


def part(x: Tensor, start: int, *shape: int) -> Tensor:
    """A part of a vector, beginning at `start`, seen in a shape."""
    stop = start + Spec(shape, x.dtype).size
    return bind("reshape", bind("getitem", x, key=Key((slice(start, stop),)), shape=(stop - start,)), shape=shape)


def columns(x: Tensor, start: int, stop: int) -> Tensor:
    """Some columns of a matrix."""
    return bind("getitem", x, key=Key((slice(None), slice(start, stop))), shape=(x.shape[0], stop - start))


def total(x: Tensor) -> Tensor:
    """The sum over the rows of a matrix."""
    return bind("sum", x, axis=0, keepdims=False, dtype=x.dtype.name)


def transposed(x: Tensor) -> Tensor:
    """A matrix with rows and columns exchanged."""
    return bind("transpose", x, axes=(1, 0))


def step(x: Tensor, t: int) -> Tensor:
    """One step of `(T, B, N)`."""
    return bind("getitem", x, key=Key((t,)), shape=x.shape[1:])


def joined(xs: Sequence[Tensor], axis: int = 0) -> Tensor:
    """Arrays side by side."""
    return bind("concatenate", *xs, axis=axis)


def stacked(xs: Sequence[Tensor]) -> Tensor:
    """Arrays of one shape along a new first axis."""
    return joined([bind("reshape", x, shape=(1, *x.shape)) for x in xs])


def where(mask: Tensor, t: int, a: Tensor, b: Tensor) -> Tensor:
    """`a` for the samples whose step `t` counts, `b` for the others."""
    if mask.size == 0:
        return a
    return bind("select", bind("reshape", step(mask, t), shape=(a.shape[0], 1)), a, b)


def _flat(found: list[Tensor]) -> Tensor:
    return bind("flat_concat", *found)


def second_derivative(
    of_gates: Callable[..., tuple[list[Tensor], list[Tensor]]],
    v: Tensor,
    g: Tensor,
    inputs: Sequence[Tensor],
    first: int,
    in_order: Callable[[list[Tensor]], Tensor] = _flat,
) -> list[Any]:
    """The derivatives of what a `…_gradient` row computes, by way of plain rows.

    Args:
        of_gates: From a tape and the layer's inputs to what is seen of it, row by row, and to what the row takes the
            gradient to, which it lets the tape watch.
        v: The gradient of what the row computed.
        g: The row's incoming gradient.
        inputs: The layer's.
        first: The row that `g` begins with.
        in_order: Brings the gradients into the one vector that the row computes.

    Returns:
        The gradients of `g` and of the inputs.
    """
    sources = [g, *[x for x in inputs if x.dtype.kind == "f"]]
    with GradientTape() as outer:
        outer.watch(sources)
        with GradientTape() as tape:
            rows_seen, targets = of_gates(tape, *inputs)
            y = stacked(rows_seen[first : first + g.shape[0]])
        again = in_order(tape.gradient(y, targets, g, unconnected_gradients="zero"))
    found = iter(outer.gradient(again, sources, v))
    return [next(found), *[next(found) if x.dtype.kind == "f" else None for x in inputs]]
