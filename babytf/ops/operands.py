"""What every operation does first: make Tensors of its arguments, of one dtype, and read `axis`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from babytf.engine.dtypes import float_dtype, is_weak, result_dtype, standardize
from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain


def to_dtype(x: Any, dtype: Any) -> Tensor:
    """`x` as a Tensor of that dtype, which is standardized already."""
    if is_weak(x):
        return Tensor.wrap(np.asarray(x, dtype))
    x = convert(x)
    return x if x.dtype == dtype else bind("cast", x, dtype=dtype.name)


def together(*xs: Any) -> tuple[Tensor, ...]:
    """The arguments as Tensors of their common dtype; Python numbers take that of the arrays."""
    xs = tuple(x if is_weak(x) or type(x) is Tensor else convert(x) for x in xs)
    dtype = result_dtype(*xs)
    return tuple(to_dtype(x, dtype) for x in xs)


def pair(x1: Any, x2: Any) -> tuple[Tensor, ...]:
    """Two arguments as Tensors of one dtype."""
    if type(x1) is Tensor and type(x2) is Tensor and x1.dtype == x2.dtype:
        return x1, x2
    return together(x1, x2)


def floating(x: Any) -> Tensor:
    """`x` as a Tensor of a float dtype: integers and booleans become `floatx()`."""
    x = convert(x)
    return x if x.dtype.kind == "f" else bind("cast", x, dtype=float_dtype(x.dtype).name)


def floating_pair(x1: Any, x2: Any) -> tuple[Tensor, ...]:
    """Two arguments as Tensors of one float dtype."""
    a, b = pair(x1, x2)
    return (a, b) if a.dtype.kind == "f" else (floating(a), floating(b))


def dtype_or(dtype: Any, default: Any) -> np.dtype:
    """The dtype asked for, or the default."""
    return standardize(default if dtype is None else dtype)


def static_shape(shape: Any) -> tuple[int, ...]:
    """A shape given as an integer, or as a sequence of integers."""
    if isinstance(shape, (Tensor, np.ndarray)):
        shape = np.asarray(shape).tolist()
    return tuple(int(n) for n in shape) if isinstance(shape, Sequence) else (int(shape),)


def one_axis(axis: Any, ndim: int, name: str = "axis") -> int:
    """An axis counted from the front.

    Raises:
        ShapeError: If there is no such axis.
    """
    number = int(axis)
    if not -ndim <= number < ndim:
        raise ShapeError(
            explain(
                f"there is no axis {number} in an array of {ndim} axes.",
                got=f"{name}={number}",
                expected=f"from {-ndim} to {ndim - 1}" if ndim else "no axis: the array is a scalar",
                fix="count axes from 0, or from -1 backwards",
            )
        )
    return number % ndim


def some_axes(axis: Any, ndim: int) -> int | tuple[int, ...] | None:
    """`None`, one axis or several, counted from the front; all of them together are `None`."""
    if axis is None:
        return None
    if isinstance(axis, (list, tuple)):
        axes = tuple(sorted(one_axis(a, ndim) for a in axis))
        if len(set(axes)) != len(axes):
            raise ShapeError(explain("an axis is named twice.", got=f"axis={axis!r}", fix="name each axis once"))
        if len(axes) == 1:
            return axes[0]
        return None if len(axes) == ndim and ndim else axes
    one = one_axis(axis, ndim)
    return None if ndim == 1 else one
