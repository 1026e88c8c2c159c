"""Arithmetic of two arrays, with broadcasting and Keras's dtype promotion. Next: `elementary.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.dtypes import is_weak, result_dtype
from babytf.engine.tensor import Tensor, bind, convert
from babytf.ops.operands import floating, floating_pair, pair, to_dtype, together

_INT = np.dtype("int32")


def _numbers(x1: Any, x2: Any) -> tuple[Tensor, ...]:
    """A pair in which booleans count as integers."""
    a, b = pair(x1, x2)
    return (a, b) if a.dtype.kind != "b" else (to_dtype(a, _INT), to_dtype(b, _INT))


def add(x1: Any, x2: Any) -> Tensor:
    """`x1 + x2`."""
    return bind("add", *pair(x1, x2))


def subtract(x1: Any, x2: Any) -> Tensor:
    """`x1 - x2`."""
    return bind("subtract", *pair(x1, x2))


def multiply(x1: Any, x2: Any) -> Tensor:
    """`x1 * x2`, element by element."""
    return bind("multiply", *pair(x1, x2))


def divide(x1: Any, x2: Any) -> Tensor:
    """`x1 / x2`; of integers, a float."""
    return bind("divide", *floating_pair(x1, x2))


def true_divide(x1: Any, x2: Any) -> Tensor:
    """`x1 / x2`: another name of `divide`."""
    return divide(x1, x2)


def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """`x1 / x2`, and 0 where `x2` is 0."""
    return bind("divide_no_nan", *floating_pair(x1, x2))


def floor_divide(x1: Any, x2: Any) -> Tensor:
    """The largest integer not above `x1 / x2`, in the dtype of the arguments."""
    return bind("floor_divide", *_numbers(x1, x2))


def mod(x1: Any, x2: Any) -> Tensor:
    """The remainder of `x1 / x2`, with the sign of `x2`."""
    return bind("mod", *_numbers(x1, x2))


def power(x1: Any, x2: Any) -> Tensor:
    """`x1` to the power of `x2`.

    The exponents 0.5, 1, 2, 3, -0.5 and -1, given as Python numbers, take their own much faster functions.
    """
    if is_weak(x2) and not is_weak(x1):
        x = convert(x1)
        if x2 == 1 and x.dtype.kind != "b":
            return to_dtype(x, result_dtype(x, x2))
        if x2 in (2, 3):
            x = to_dtype(x, result_dtype(x, x2))
            return square(x) if x2 == 2 else multiply(square(x), x)
        if x2 in (0.5, -0.5, -1) and (x.dtype.kind == "f" or isinstance(x2, float)):
            return bind({0.5: "sqrt", -0.5: "rsqrt", -1: "reciprocal"}[x2], floating(x))
    return bind("power", *_numbers(x1, x2))


def square(x: Any) -> Tensor:
    """`x * x`."""
    x = convert(x)
    return bind("square", x if x.dtype.kind != "b" else to_dtype(x, _INT))


def maximum(x1: Any, x2: Any) -> Tensor:
    """The larger of each two elements."""
    return bind("maximum", *pair(x1, x2))


def minimum(x1: Any, x2: Any) -> Tensor:
    """The smaller of each two elements."""
    return bind("minimum", *pair(x1, x2))


def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """`x`, held between `x_min` and `x_max`.

    Args:
        x: Tensor.
        x_min: Lower bound, number or Tensor; `None` for none.
        x_max: Upper bound, number or Tensor; `None` for none.
    """
    if x_min is None or x_max is None:
        x = convert(x) if x_min is None else maximum(x, x_min)
        return x if x_max is None else minimum(x, x_max)
    a, low, high = together(x, x_min, x_max)
    if a.dtype.kind == "b":
        a, low, high = (to_dtype(t, _INT) for t in (a, low, high))
    return bind("clip", a, low, high)


def negative(x: Any) -> Tensor:
    """`-x`."""
    return bind("negative", convert(x))


def absolute(x: Any) -> Tensor:
    """`x` without its sign."""
    x = convert(x)
    return x if x.dtype.kind in "bu" else bind("absolute", x)


def abs(x: Any) -> Tensor:
    """`x` without its sign: another name of `absolute`."""
    return absolute(x)


def sign(x: Any) -> Tensor:
    """-1, 0 or 1."""
    return bind("sign", convert(x))


def reciprocal(x: Any) -> Tensor:
    """`1 / x`."""
    return bind("reciprocal", floating(x))
