"""Tensors made from a shape. Next: `shaping.py`."""

from __future__ import annotations

import builtins
import math
from typing import Any

import numpy as np

from babytf.engine.dtypes import result_dtype, standardize
from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import explain
from babytf.ops.operands import dtype_or, floating_pair, static_shape, to_dtype


def zeros(shape: Any, dtype: Any = None) -> Tensor:
    """Zeros; `dtype` is `floatx()` by default."""
    return Tensor.wrap(np.zeros(static_shape(shape), standardize(dtype)))


def ones(shape: Any, dtype: Any = None) -> Tensor:
    """Ones; `dtype` is `floatx()` by default."""
    return Tensor.wrap(np.ones(static_shape(shape), standardize(dtype)))


def empty(shape: Any, dtype: Any = None) -> Tensor:
    """A tensor whose values do not matter: zeros."""
    return zeros(shape, dtype)


def full(shape: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """The same value everywhere.

    Args:
        shape: Integers.
        fill_value: A number, or a Tensor that broadcasts to the shape.
        dtype: `floatx()` by default.
    """
    value = to_dtype(fill_value, standardize(dtype))
    if value.is_traced:
        return bind("broadcast_to", value, shape=static_shape(shape))
    return Tensor.wrap(np.full(static_shape(shape), value.concrete(), value.dtype))


def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros with the shape, and by default the dtype, of `x`."""
    x = convert(x)
    return zeros(x.shape, x.dtype if dtype is None else dtype)


def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones with the shape, and by default the dtype, of `x`."""
    x = convert(x)
    return ones(x.shape, x.dtype if dtype is None else dtype)


def empty_like(x: Any, dtype: Any = None) -> Tensor:
    """A tensor like `x` whose values do not matter: zeros."""
    return zeros_like(x, dtype)


def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """The same value everywhere, with the shape, and by default the dtype, of `x`."""
    x = convert(x)
    return full(x.shape, fill_value, x.dtype if dtype is None else dtype)


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """Numbers at equal steps.

    Args:
        start: The first; or where to end, if `stop` is not given, beginning at 0.
        stop: Where to end; itself not included.
        step: From each to the next, 1 by default.
        dtype: int32 for integers and `floatx()` otherwise, by default.
    """
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    start, stop, step = (
        x.item() if isinstance(x, (Tensor, np.generic, np.ndarray)) else x for x in (start, stop, step)
    )
    found = dtype_or(dtype, result_dtype(start, stop, step))
    return Tensor.wrap(np.arange(start, stop, step).astype(found))


def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers at equal steps from `start` to `stop`.

    Args:
        start: The first, a number or a Tensor.
        stop: The last.
        num: How many.
        endpoint: Whether `stop` itself is the last one.
        retstep: Whether to return the step too.
        dtype: A float dtype, that of the arguments by default.
        axis: Where the new axis goes, if the ends are Tensors.
    """
    a, b = floating_pair(start, stop)
    parts = (num - 1) if endpoint else num
    step = (b - a) / parts if parts else (b - a) * math.nan
    count = np.arange(num, dtype=a.dtype).reshape((num,) + (1,) * builtins.max(a.ndim, b.ndim))
    if num > 1 and endpoint:
        fraction = Tensor.wrap(np.asarray(count / parts, a.dtype))
        y = a * (1.0 - fraction) + b * fraction
    else:
        y = a + Tensor.wrap(count) * (step if parts else 0.0)
    if axis % y.ndim:
        order = list(range(1, y.ndim))
        order.insert(axis % y.ndim, 0)
        y = bind("transpose", y, axes=tuple(order))
    y = y if dtype is None else to_dtype(y, standardize(dtype))
    return (y, step) if retstep else y


def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on a diagonal, zeros elsewhere.

    Args:
        N: Rows.
        M: Columns, as many as rows by default.
        k: Which diagonal: above the main one if positive.
        dtype: `floatx()` by default.
    """
    return Tensor.wrap(np.eye(int(N), None if M is None else int(M), int(k), standardize(dtype)))


def identity(n: int, dtype: Any = None) -> Tensor:
    """The identity matrix of `n` rows."""
    return eye(n, dtype=dtype)


def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """Ones on and below a diagonal, zeros above.

    Args:
        N: Rows.
        M: Columns, as many as rows by default.
        k: Which diagonal: above the main one if positive.
        dtype: `floatx()` by default.
    """
    return Tensor.wrap(np.tri(int(N), None if M is None else int(M), int(k), standardize(dtype)))


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Tensor:
    """1 at the place that each integer names, 0 elsewhere; all 0 where it names none.

    Args:
        x: Tensor of integers.
        num_classes: Size of the new axis.
        axis: Where the new axis goes in the result.
        dtype: `floatx()` by default.
        sparse: Only `False`: all tensors are dense.

    Raises:
        ValueError: If `sparse` is true, or `x` holds no integers.
    """
    if sparse:
        raise ValueError(explain("one_hot: all tensors are dense.", got="sparse=True", fix="leave `sparse` out"))
    x = convert(x)
    if x.dtype.kind == "f":
        raise ValueError(
            explain("one_hot takes integers.", got=f"dtype {x.dtype.name}", fix="ops.cast(x, 'int32') first")
        )
    axis = axis % (x.ndim + 1)
    classes = np.arange(num_classes).reshape([num_classes if i == axis else 1 for i in range(x.ndim + 1)])
    columns = bind("reshape", x, shape=(*x.shape[:axis], 1, *x.shape[axis:]))
    return bind("one_hot", columns, Tensor.wrap(classes), dtype=standardize(dtype).name)
