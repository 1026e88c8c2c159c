"""Products of matrices and tensors, and diagonals: all brought to `matmul`. Next: `activation.py`."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.operands import one_axis, pair
from babytf.ops.reduction import sum
from babytf.ops.shaping import moveaxis, reshape, transpose


def matmul(x1: Any, x2: Any) -> Tensor:
    """The matrix product of the last two axes; the others are a batch, and broadcast.

    A 1-D array is a row on the left, a column on the right.

    Raises:
        ShapeError: If the inner sizes differ, or one of the two is a scalar.
    """
    a, b = pair(x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        raise ShapeError(explain("matmul takes no scalars.", got=f"{a.shape} @ {b.shape}", fix="use multiply"))
    if a.ndim == 2 and b.ndim == 2:
        return bind("matmul", a, b)
    if a.ndim == 1 or b.ndim == 1:
        rows = reshape(a, (1, -1)) if a.ndim == 1 else a
        columns = reshape(b, (-1, 1)) if b.ndim == 1 else b
        y = matmul(rows, columns)
        shape = y.shape[:-2] + (y.shape[-2:-1] if a.ndim > 1 else ()) + (y.shape[-1:] if b.ndim > 1 else ())
        return reshape(y, shape)
    if b.ndim == 2 and a.shape[-1] == b.shape[0]:  # one matrix for the whole batch: one product
        return reshape(bind("matmul", reshape(a, (-1, a.shape[-1])), b), (*a.shape[:-1], b.shape[1]))
    return bind("matmul", a, b)


def dot(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axis of `x1` and the second last of `x2` (its only one, if 1-D)."""
    a, b = pair(x1, x2)
    if a.ndim == 0 or b.ndim == 0:
        return bind("multiply", a, b)
    return tensordot(a, b, ([a.ndim - 1], [builtins.max(0, b.ndim - 2)]))


def vdot(x1: Any, x2: Any) -> Tensor:
    """The sum of the products of all elements."""
    a, b = pair(x1, x2)
    return matmul(reshape(a, (-1,)), reshape(b, (-1,)))


def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sum of products over pairs of axes.

    Args:
        x1: Tensor.
        x2: Tensor.
        axes: How many of the last axes of `x1` meet the first of `x2`; or two lists, of the axes that meet.

    Raises:
        ShapeError: If axes that meet differ in size.
    """
    a, b = pair(x1, x2)
    if isinstance(axes, (list, tuple)):
        of_a, of_b = (list(p) if isinstance(p, (list, tuple)) else [p] for p in axes)
    else:
        of_a, of_b = list(range(a.ndim - int(axes), a.ndim)), list(range(int(axes)))
    of_a = [one_axis(i, a.ndim, "axes") for i in of_a]
    of_b = [one_axis(i, b.ndim, "axes") for i in of_b]
    if [a.shape[i] for i in of_a] != [b.shape[i] for i in of_b]:
        raise ShapeError(
            explain("tensordot: axes that meet differ in size.", got=f"{a.shape} and {b.shape}, axes={axes}")
        )
    free_a = [i for i in range(a.ndim) if i not in of_a]
    free_b = [i for i in range(b.ndim) if i not in of_b]
    inner = math.prod(a.shape[i] for i in of_a)
    left = reshape(transpose(a, free_a + of_a), (math.prod(a.shape[i] for i in free_a), inner))
    right = reshape(transpose(b, of_b + free_b), (inner, math.prod(b.shape[i] for i in free_b)))
    return reshape(bind("matmul", left, right), [a.shape[i] for i in free_a] + [b.shape[i] for i in free_b])


def inner(x1: Any, x2: Any) -> Tensor:
    """The sum of products over the last axes."""
    a, b = pair(x1, x2)
    return bind("multiply", a, b) if a.ndim == 0 or b.ndim == 0 else tensordot(a, b, ([-1], [-1]))


def outer(x1: Any, x2: Any) -> Tensor:
    """The product of each element of `x1` with each of `x2`, as a matrix."""
    a, b = pair(x1, x2)
    return bind("multiply", reshape(a, (-1, 1)), reshape(b, (1, -1)))


# --- diagonals


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The diagonal of each matrix, along a last axis.

    Args:
        x: Tensor of at least two axes.
        offset: Which diagonal: above the main one if positive.
        axis1: The axis of the rows.
        axis2: The axis of the columns.
    """
    x = moveaxis(convert(x), (axis1, axis2), (-2, -1))
    return bind("diagonal", x, offset=int(offset))


def diag(x: Any, k: int = 0) -> Tensor:
    """The diagonal of a matrix; or, of a 1-D array, the matrix with it as its diagonal.

    Args:
        x: Tensor of one or two axes.
        k: Which diagonal: above the main one if positive.
    """
    x = convert(x)
    if x.ndim == 2:
        return diagonal(x, k)
    if x.ndim != 1:
        raise ShapeError(explain("diag takes one or two axes.", got=f"an array of shape {x.shape}"))
    size = x.size + builtins.abs(k)
    columns = np.clip(np.arange(size) - builtins.max(0, -k), 0, builtins.max(0, x.size - 1))
    spread = bind("take", x, Tensor.wrap(columns), axis=0)
    on = Tensor.wrap(np.eye(size, k=k, dtype=bool))
    return bind("select", on, reshape(spread, (-1, 1)), Tensor.wrap(np.zeros((), x.dtype)))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of the diagonal of each matrix.

    Args:
        x: Tensor of at least two axes.
        offset: Which diagonal: above the main one if positive.
        axis1: The axis of the rows.
        axis2: The axis of the columns.
    """
    return sum(diagonal(x, offset, axis1, axis2), axis=-1)


def _triangle(x: Any, k: int, lower: bool) -> Tensor:
    x = convert(x)
    if x.ndim < 2:
        raise ShapeError(explain("a triangle needs two axes.", got=f"an array of shape {x.shape}"))
    below = np.tri(x.shape[-2], x.shape[-1], k if lower else k - 1, dtype=bool)
    return bind("select", Tensor.wrap(below if lower else ~below), x, Tensor.wrap(np.zeros((), x.dtype)))


def tril(x: Any, k: int = 0) -> Tensor:
    """Each matrix with zeros above diagonal `k`."""
    return _triangle(x, k, True)


def triu(x: Any, k: int = 0) -> Tensor:
    """Each matrix with zeros below diagonal `k`."""
    return _triangle(x, k, False)
