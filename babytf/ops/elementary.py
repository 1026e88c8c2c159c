"""Roots, exponentials, logarithms, trigonometry, rounding: functions of one array. Next: `comparison.py`.

Integers become `floatx()` first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check
from babytf.engine.tensor import Tensor, bind, convert
from babytf.ops.operands import floating, floating_pair


def sqrt(x: Any) -> Tensor:
    """The square root."""
    return bind("sqrt", floating(x))


def rsqrt(x: Any) -> Tensor:
    """1 over the square root."""
    return bind("rsqrt", floating(x))


def cbrt(x: Any) -> Tensor:
    """The cube root."""
    return bind("cbrt", floating(x))


def exp(x: Any) -> Tensor:
    """$e^x$."""
    return bind("exp", floating(x))


def exp2(x: Any) -> Tensor:
    """2 to the power of `x`."""
    return bind("exp2", floating(x))


def expm1(x: Any) -> Tensor:
    """`exp(x) - 1`, exact near 0."""
    return bind("expm1", floating(x))


def log(x: Any) -> Tensor:
    """The natural logarithm."""
    return bind("log", floating(x))


def log1p(x: Any) -> Tensor:
    """`log(1 + x)`, exact near 0."""
    return bind("log1p", floating(x))


def log2(x: Any) -> Tensor:
    """The logarithm to base 2."""
    return bind("log2", floating(x))


def log10(x: Any) -> Tensor:
    """The logarithm to base 10."""
    return bind("log10", floating(x))


def logaddexp(x1: Any, x2: Any) -> Tensor:
    """`log(exp(x1) + exp(x2))`, without overflow."""
    return bind("logaddexp", *floating_pair(x1, x2))


def sin(x: Any) -> Tensor:
    """The sine of an angle in radians."""
    return bind("sin", floating(x))


def cos(x: Any) -> Tensor:
    """The cosine of an angle in radians."""
    return bind("cos", floating(x))


def tan(x: Any) -> Tensor:
    """The tangent of an angle in radians."""
    return bind("tan", floating(x))


def arcsin(x: Any) -> Tensor:
    """The angle, in radians, whose sine is `x`."""
    return bind("arcsin", floating(x))


def arccos(x: Any) -> Tensor:
    """The angle, in radians, whose cosine is `x`."""
    return bind("arccos", floating(x))


def arctan(x: Any) -> Tensor:
    """The angle, in radians, whose tangent is `x`."""
    return bind("arctan", floating(x))


def arctan2(x1: Any, x2: Any) -> Tensor:
    """The angle, in radians, of the point at height `x1` and width `x2`."""
    return bind("arctan2", *floating_pair(x1, x2))


def sinh(x: Any) -> Tensor:
    """The hyperbolic sine."""
    return bind("sinh", floating(x))


def cosh(x: Any) -> Tensor:
    """The hyperbolic cosine."""
    return bind("cosh", floating(x))


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return bind("tanh", floating(x))


def arcsinh(x: Any) -> Tensor:
    """The inverse of the hyperbolic sine."""
    return bind("arcsinh", floating(x))


def arccosh(x: Any) -> Tensor:
    """The inverse of the hyperbolic cosine."""
    return bind("arccosh", floating(x))


def arctanh(x: Any) -> Tensor:
    """The inverse of the hyperbolic tangent."""
    return bind("arctanh", floating(x))


def floor(x: Any) -> Tensor:
    """The largest integer not above `x`, as a float."""
    return bind("floor", floating(x))


def ceil(x: Any) -> Tensor:
    """The smallest integer not below `x`, as a float."""
    return bind("ceil", floating(x))


def trunc(x: Any) -> Tensor:
    """`x` without its fraction."""
    x = convert(x)
    return x if x.dtype.kind != "f" else bind("trunc", x)


def round(x: Any, decimals: int = 0) -> Tensor:
    """`x` rounded, halves to the even neighbour.

    Args:
        x: Tensor.
        decimals: Digits to keep after the point; negative for digits before it.
    """
    x = convert(x)
    if x.dtype.kind != "f" and decimals >= 0:
        return x
    return bind("round", x, decimals=int(decimals))


def erf(x: Any) -> Tensor:
    """The error function, to the rounding of the dtype."""
    return bind("erf", floating(x))


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """`x` with NaN and infinities replaced.

    Args:
        x: Tensor.
        nan: What stands for NaN.
        posinf: What stands for infinity; the largest number of the dtype by default.
        neginf: What stands for minus infinity; the lowest number by default.
    """
    x = convert(x)
    if x.dtype.kind != "f":
        return x
    limits = np.finfo(x.dtype)
    return bind(
        "nan_to_num",
        x,
        nan=check.number("nan_to_num", nan=nan),
        posinf=float(limits.max) if posinf is None else posinf,
        neginf=float(limits.min) if neginf is None else neginf,
    )
