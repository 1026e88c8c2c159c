"""In and out: making Tensors, casting, shapes, cutting gradients. Next: `arithmetic.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.dtypes import standardize
from babytf.engine.tensor import Tensor, bind, convert
from babytf.engine.variable import Variable
from babytf.errors import DTypeError, explain
from babytf.ops.operands import to_dtype


def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Tensor:
    """`x` as a Tensor.

    Args:
        x: Tensor, Variable, array, number, or nested lists of them.
        dtype: The dtype to have; by default an array's own, `floatx()` for Python floats, int32 for integers.
        sparse: Only `None` or `False`: all tensors are dense.
        ragged: Likewise.

    Raises:
        DTypeError: If `x` is no array of numbers, or a sparse or ragged result is asked for.
    """
    if sparse or ragged:
        raise DTypeError(
            explain(
                "all tensors are dense.",
                got=f"sparse={sparse!r}, ragged={ragged!r}",
                expected="None or False",
                fix="leave the argument out",
            )
        )
    return convert(x, dtype)


def array(x: Any, dtype: Any = None) -> Tensor:
    """`x` as a Tensor: another name of `convert_to_tensor`."""
    return convert(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray:
    """`x` as a NumPy array."""
    return convert(x).numpy()


def is_tensor(x: Any) -> bool:
    """Whether `x` is a Tensor; a Variable or an array is not."""
    return isinstance(x, Tensor)


def cast(x: Any, dtype: Any) -> Tensor:
    """`x` with another dtype.

    Args:
        x: Tensor.
        dtype: Name, `np.dtype`, or Python type.
    """
    return to_dtype(x, standardize(dtype))


def shape(x: Any) -> tuple[int, ...]:
    """The shape, as a tuple of integers."""
    return convert(x).shape


def ndim(x: Any) -> int:
    """The number of axes."""
    return convert(x).ndim


def size(x: Any) -> int:
    """The number of elements."""
    return convert(x).size


def dtype(x: Any) -> str:
    """The name of the dtype."""
    return x.dtype if isinstance(x, Variable) else convert(x).dtype.name


def copy(x: Any) -> Tensor:
    """The same values in memory of their own."""
    return bind("copy", convert(x))


def stop_gradient(variable: Any) -> Tensor:
    """The same values, as a constant: no gradient flows back through them."""
    return bind("stop_gradient", convert(variable))
