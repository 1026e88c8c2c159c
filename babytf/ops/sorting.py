"""Order along an axis. Equal elements keep their order. Next: `linear_algebra.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.comparison import greater, where
from babytf.ops.operands import one_axis, to_dtype
from babytf.ops.reduction import sum
from babytf.ops.shaping import ravel


def sort(x: Any, axis: int | None = -1) -> Tensor:
    """In ascending order.

    Args:
        x: Tensor.
        axis: The axis; `None` for the flattened array.
    """
    x = convert(x)
    if axis is None:
        x, axis = ravel(x), 0
    return bind("sort", x, axis=one_axis(axis, x.ndim))


def argsort(x: Any, axis: int | None = -1) -> Tensor:
    """The indices, int32, that put `x` in ascending order.

    Args:
        x: Tensor.
        axis: The axis; `None` for the flattened array.
    """
    x = convert(x)
    if axis is None:
        x, axis = ravel(x), 0
    return bind("argsort", x, axis=one_axis(axis, x.ndim))


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """The `k` largest elements of the last axis, and where they are.

    Args:
        x: Tensor of at least one axis.
        k: How many, at most the size of that axis.
        sorted: Whether they must be in descending order; they always are.

    Returns:
        `(values, indices)`; of equal elements the first comes first.

    Raises:
        ShapeError: If there are not `k` elements.
    """
    x = convert(x)
    if x.ndim == 0 or not 0 <= int(k) <= x.shape[-1]:
        raise ShapeError(
            explain("top_k: there are not that many elements.", got=f"k={k} for an array of shape {x.shape}")
        )
    indices = bind("top_k_indices", x, k=int(k))
    return bind("take_along_axis", x, indices, axis=x.ndim - 1), indices


def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Whether each target is among its row's `k` largest predictions (ties count as among them).

    Args:
        targets: Integers `(B,)`.
        predictions: Tensor `(B, K)`.
        k: How many.
    """
    targets, scores = convert(targets), convert(predictions)
    column = bind("reshape", to_dtype(targets, np.dtype("int32")), shape=(*targets.shape, 1))
    own = bind("take_along_axis", scores, column, axis=scores.ndim - 1)
    own = where(bind("isnan", own), -np.inf, own)
    return sum(greater(scores, own), axis=-1) < k
