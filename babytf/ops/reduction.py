"""Sums, means, extremes and other ways to take axes away. Next: `cumulative.py`.

`axis` is an integer, several, or `None` for all; `keepdims` leaves size 1 in their place.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from babytf import check, config
from babytf.engine.dtypes import standardize
from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.arithmetic import absolute, maximum, minimum, power, square
from babytf.ops.comparison import not_equal
from babytf.ops.elementary import sqrt
from babytf.ops.operands import floating, one_axis, some_axes, to_dtype, together

_SUMS = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


def _sum_dtype(x: Tensor) -> str:
    """Sums of small integers are taken in 32 bits."""
    return _SUMS.get(x.dtype.name, x.dtype.name)


def _count(x: Tensor, axis: int | tuple[int, ...] | None) -> int:
    axes = range(x.ndim) if axis is None else (axis,) if isinstance(axis, int) else axis
    return math.prod(x.shape[i] for i in axes)


def sum(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The sum of the elements."""
    x = convert(x)
    return bind("sum", x, axis=some_axes(axis, x.ndim), keepdims=bool(keepdims), dtype=_sum_dtype(x))


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """The product of the elements.

    Args:
        x: Tensor.
        axis: Axes to multiply over.
        keepdims: Whether to leave size 1 in their place.
        dtype: The dtype to compute in; small integers are multiplied in 32 bits by default.
    """
    x = convert(x)
    name = _sum_dtype(x) if dtype is None else standardize(dtype).name
    if np.dtype(name).kind == "f":
        x = to_dtype(x, np.dtype(name))
    return bind("prod", x, axis=some_axes(axis, x.ndim), keepdims=bool(keepdims), dtype=name)


def mean(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The mean of the elements; half precision is added up in single."""
    x = convert(x)
    axis = some_axes(axis, x.ndim)
    dtype = x.dtype.name if x.dtype.kind == "f" else standardize(None).name
    wide = "float32" if dtype == "float16" else dtype
    y = bind("mean", x, axis=axis, keepdims=bool(keepdims), dtype=wide, count=_count(x, axis))
    return y if wide == dtype else bind("cast", y, dtype=dtype)


def average(x: Any, axis: Any = None, weights: Any = None) -> Tensor:
    """The mean of the elements, with a weight for each.

    Args:
        x: Tensor.
        axis: Axes to average over.
        weights: Tensor shaped like `x`, or 1-D along a single `axis`; equal weights by default.

    Raises:
        ShapeError: If the weights fit neither way.
    """
    if weights is None:
        return mean(x, axis)
    a, w = together(floating(x), weights)
    axis = some_axes(axis, a.ndim)
    if w.shape != a.shape:
        if w.ndim != 1 or (axis is None and a.ndim != 1) or w.shape[0] != a.shape[axis or 0]:
            raise ShapeError(
                explain(
                    "average: the weights do not fit.",
                    got=f"weights of shape {w.shape} for x of shape {a.shape}, axis={axis}",
                    expected="the shape of x, or one weight per place on a single axis",
                )
            )
        w = bind("reshape", w, shape=tuple(n if i == (axis or 0) else 1 for i, n in enumerate(a.shape)))
        w = bind("broadcast_to", w, shape=a.shape)
    return sum(a * w, axis) / sum(w, axis)


def _extreme(name: str, x: Any, axis: Any, keepdims: bool, initial: Any) -> Tensor:
    x = convert(x)
    axis = some_axes(axis, x.ndim)
    if _count(x, axis) == 0:
        if initial is None:
            raise ShapeError(
                explain(f"{name} of no elements.", got=f"shape {x.shape}, axis={axis}", fix="pass initial=")
            )
        shape = tuple(n for i, n in enumerate(x.shape) if axis is not None and i != axis)
        return Tensor.wrap(np.full(shape, initial, x.dtype))
    y = bind(name, x, axis=axis, keepdims=bool(keepdims))
    return y if initial is None else (maximum if name == "max" else minimum)(y, initial)


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The largest element.

    Args:
        x: Tensor.
        axis: Axes to search.
        keepdims: Whether to leave size 1 in their place.
        initial: A lower bound of the result, and the result where there are no elements.
    """
    return _extreme("max", x, axis, keepdims, initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The smallest element.

    Args:
        x: Tensor.
        axis: Axes to search.
        keepdims: Whether to leave size 1 in their place.
        initial: An upper bound of the result, and the result where there are no elements.
    """
    return _extreme("min", x, axis, keepdims, initial)


def amax(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The largest element: another name of `max`."""
    return max(x, axis, keepdims)


def amin(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The smallest element: another name of `min`."""
    return min(x, axis, keepdims)


def var(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The mean squared distance from the mean; half precision is computed in single."""
    x = floating(x)
    wide = to_dtype(x, np.dtype("float32")) if x.dtype == np.float16 else x
    y = mean(square(wide - mean(wide, axis, keepdims=True)), axis, keepdims)
    return to_dtype(y, x.dtype)


def std(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The square root of the variance."""
    return sqrt(var(x, axis, keepdims))


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and variance.

    Args:
        x: Tensor.
        axes: Axes to take them over.
        keepdims: Whether to leave size 1 in their place.
        synchronized: Across replicas; there is one, so it changes nothing.
    """
    return mean(x, axes, keepdims), var(x, axes, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The middle element, or the mean of the two in the middle."""
    x = floating(x)
    found = some_axes(axis, x.ndim)
    axes = tuple(range(x.ndim)) if found is None else (found,) if isinstance(found, int) else found
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    count = _count(x, axes)
    flat = bind("transpose", x, axes=kept + axes)
    flat = bind("reshape", flat, shape=(*[x.shape[i] for i in kept], count))
    ordered = bind("sort", flat, axis=flat.ndim - 1)
    y = ordered[..., count // 2]
    if count % 2 == 0:
        y = (ordered[..., count // 2 - 1] + y) * 0.5
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape) if keepdims or i not in axes)
    return bind("reshape", y, shape=shape)


def any(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether some element is true (not 0)."""
    x = to_dtype(x, np.dtype("bool"))
    return bind("any", x, axis=some_axes(axis, x.ndim), keepdims=bool(keepdims))


def all(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """Whether every element is true (not 0)."""
    x = to_dtype(x, np.dtype("bool"))
    return bind("all", x, axis=some_axes(axis, x.ndim), keepdims=bool(keepdims))


def count_nonzero(x: Any, axis: Any = None) -> Tensor:
    """How many elements are not 0, as int32."""
    return sum(not_equal(x, 0), axis)


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the largest element is (the first of several), as int32.

    Args:
        x: Tensor.
        axis: The axis to search; `None` for the place in the flattened array.
        keepdims: Whether to leave size 1 in its place.
    """
    x = convert(x)
    return bind("argmax", x, axis=None if axis is None else one_axis(axis, x.ndim), keepdims=bool(keepdims))


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest element is (the first of several), as int32.

    Args:
        x: Tensor.
        axis: The axis to search; `None` for the place in the flattened array.
        keepdims: Whether to leave size 1 in its place.
    """
    x = convert(x)
    return bind("argmin", x, axis=None if axis is None else one_axis(axis, x.ndim), keepdims=bool(keepdims))


def logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """`log(sum(exp(x)))`, without overflow."""
    x = floating(x)
    lowest = float(np.finfo(x.dtype).min)
    return bind("logsumexp", x, axis=some_axes(axis, x.ndim), keepdims=bool(keepdims), lowest=lowest)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors or matrices.

    Args:
        x: Tensor.
        ord: For a vector (one axis): `None` or 2, 1, `inf`, `-inf`, 0, or another exponent. For a matrix
            (two axes): `None` or `"fro"`, 1, -1, `inf`, `-inf`.
        axis: One axis, two, or `None` for all of them.
        keepdims: Whether to leave size 1 in their place.

    Raises:
        ValueError: If there is no such norm.
    """
    x = floating(x)
    if axis is None and ord is None:
        return sqrt(sum(square(x), None, keepdims))
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, (list, tuple)) else (axis,)
    axes = tuple(one_axis(a, x.ndim) for a in axes)
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) == 2 and ord in (None, "fro"):
        return sqrt(sum(square(x), axes, keepdims))
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        row, column = axes if ord in (1, -1) else axes[::-1]
        sums = sum(absolute(x), row, keepdims=True)
        y = (max if ord > 0 else min)(sums, column, keepdims=True)
        return y if keepdims else bind("reshape", y, shape=tuple(n for i, n in enumerate(x.shape) if i not in axes))
    raise ValueError(
        explain(
            f"norm: no norm of order {ord!r} over {len(axes)} axes.",
            got=f"ord={ord!r}, axis={axis!r}, x of shape {x.shape}",
            expected="one axis with a number, or two with 'fro', 1, -1, inf or -inf",
        )
    )


def _vector_norm(x: Tensor, ord: Any, axis: int, keepdims: bool) -> Tensor:
    if ord is None or ord == 2:
        return sqrt(sum(square(x), axis, keepdims))
    if isinstance(ord, str):
        raise ValueError(explain(f"norm: {ord!r} is a norm of matrices.", got=f"axis={axis}", fix="give two axes"))
    if ord == math.inf:
        return max(absolute(x), axis, keepdims)
    if ord == -math.inf:
        return min(absolute(x), axis, keepdims)
    if ord == 0:
        return to_dtype(sum(not_equal(x, 0), axis, keepdims), x.dtype)
    if ord == 1:
        return sum(absolute(x), axis, keepdims)
    return power(sum(power(absolute(x), ord), axis, keepdims), 1.0 / ord)


def normalize(x: Any, axis: Any = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """`x` divided by its norm, which counts as at least `epsilon`.

    Args:
        x: Tensor.
        axis: The axis of the vectors.
        order: The exponent of the norm, an integer of at least 1.
        epsilon: The least norm to divide by; `config.epsilon()` by default.
    """
    check.positive_int("normalize", order=order)
    x = floating(x)
    if x.ndim == 0:
        x = bind("reshape", x, shape=(1,))
    epsilon = config.epsilon() if epsilon is None else epsilon
    if order == 2:
        inverse = bind("rsqrt", sum(square(x), axis, keepdims=True))
        return x * minimum(inverse, 1.0 / epsilon)
    return x / maximum(norm(x, order, axis, keepdims=True), epsilon)
