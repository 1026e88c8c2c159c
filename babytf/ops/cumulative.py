"""Running sums and products. Next: `shaping.py`."""

from __future__ import annotations

from typing import Any

from babytf.engine.dtypes import standardize
from babytf.engine.tensor import Tensor, bind, convert
from babytf.ops.operands import one_axis, to_dtype


def _running(name: str, x: Any, axis: int | None, dtype: Any) -> Tensor:
    x = convert(x)
    x = to_dtype(x, standardize(dtype or ("int32" if x.dtype.kind == "b" else x.dtype)))
    if axis is None:
        x, axis = bind("reshape", x, shape=(x.size,)), 0
    return bind(name, x, axis=one_axis(axis, x.ndim))


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The sum of the elements up to each one.

    Args:
        x: Tensor.
        axis: The axis to go along; `None` for the flattened array.
        dtype: The dtype to compute in.
    """
    return _running("cumsum", x, axis, dtype)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The product of the elements up to each one.

    Args:
        x: Tensor.
        axis: The axis to go along; `None` for the flattened array.
        dtype: The dtype to compute in.
    """
    return _running("cumprod", x, axis, dtype)
