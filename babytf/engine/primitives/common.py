"""What several families share: shape rules, and the sum that undoes broadcasting."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from babytf.engine.primitive import Spec
from babytf.engine.tensor import Tensor, bind
from babytf.errors import ShapeError, explain

_BLAS = (np.dtype("float32"), np.dtype("float64"))


def broadcast_shapes(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The common shape of arrays used together.

    Raises:
        ShapeError: If the shapes do not broadcast.
    """
    first = shapes[0]
    if all(s == first for s in shapes):
        return first
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ShapeError(
            explain(
                "these shapes do not go together.",
                got=" and ".join(map(str, shapes)),
                expected="equal sizes on each axis, counted from the last one, or a size of 1",
                fix="reshape or expand_dims one of them",
            )
        ) from None


def broadcast_spec(a: Spec, b: Spec) -> Spec:
    """Two inputs of one dtype, the result of the same."""
    return Spec(broadcast_shapes(a.shape, b.shape), a.dtype)


MANY = 8192
"""Elements from which on sums over rows are sooner done as a product with ones."""


def sum_to(g: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Add up `g` over the axes along which an array of `shape` was repeated by broadcasting.

    Example: with `g` of shape `(B, F)`, `sum_to(g, (F,))` is a bias's gradient.
    """
    if g.shape == shape:
        return g
    extra = g.ndim - len(shape)
    axes = tuple(i for i in range(g.ndim) if i < extra or (shape[i - extra] == 1 and g.shape[i] != 1))
    long = math.prod(g.shape) >= MANY and g.dtype in _BLAS and math.prod(shape) > 1
    if long and axes == tuple(range(len(axes))) and axes:
        g = bind("reshape", g, shape=(math.prod(g.shape[: len(axes)]), math.prod(shape)))
        g = bind("column_sums", g)  # as a product with ones
    elif axes:
        g = bind("sum", g, axis=axes[0] if len(axes) == 1 else axes, keepdims=False, dtype=g.dtype.name)
    return g if g.shape == shape else bind("reshape", g, shape=shape)


def all_by_rows(*specs: Spec, **params: Any) -> tuple[bool, ...]:
    """For operations that treat each row of all their inputs by itself: see `rows` of `primitive`."""
    return (True,) * len(specs)


def by_rows_beside(*specs: Spec, axis: int | tuple[int, ...] | None, **params: Any) -> tuple[bool, ...] | None:
    """For operations along axes: they treat each row by itself unless the first axis is among them."""
    along = axis is None or axis == 0 or (isinstance(axis, tuple) and 0 in axis)
    return None if along else (True,) * len(specs)


def masked(g: Tensor, condition: Tensor) -> Tensor:
    """`g` where the condition holds, 0 elsewhere."""
    return bind("multiply", g, bind("cast", condition, dtype=g.dtype.name))


def number(value: float, like: Any) -> Tensor:
    """A constant of the dtype of `like`."""
    return Tensor.wrap(np.asarray(value, like.dtype))


def zero_vjp(g: Tensor, y: Tensor, *inputs: Tensor, **params: Any) -> tuple[None, ...]:
    """Flat almost everywhere: no gradient flows, and asking for it is no mistake."""
    return (None,) * len(inputs)
