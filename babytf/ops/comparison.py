"""Comparisons, logic, and choosing by a condition. Next: `reduction.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import explain
from babytf.ops.operands import pair, to_dtype

_BOOL = np.dtype("bool")


def equal(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 == x2`, element by element."""
    return bind("equal", *pair(x1, x2))


def not_equal(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 != x2`, element by element."""
    return bind("not_equal", *pair(x1, x2))


def less(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 < x2`, element by element."""
    return bind("less", *pair(x1, x2))


def less_equal(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 <= x2`, element by element."""
    return bind("less_equal", *pair(x1, x2))


def greater(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 > x2`, element by element."""
    return bind("greater", *pair(x1, x2))


def greater_equal(x1: Any, x2: Any) -> Tensor:
    """Whether `x1 >= x2`, element by element."""
    return bind("greater_equal", *pair(x1, x2))


def logical_and(x1: Any, x2: Any) -> Tensor:
    """Whether both are true (not 0)."""
    return bind("logical_and", to_dtype(x1, _BOOL), to_dtype(x2, _BOOL))


def logical_or(x1: Any, x2: Any) -> Tensor:
    """Whether one or both are true (not 0)."""
    return bind("logical_or", to_dtype(x1, _BOOL), to_dtype(x2, _BOOL))


def logical_xor(x1: Any, x2: Any) -> Tensor:
    """Whether exactly one is true (not 0)."""
    return bind("logical_xor", to_dtype(x1, _BOOL), to_dtype(x2, _BOOL))


def logical_not(x: Any) -> Tensor:
    """Whether `x` is false (0)."""
    return bind("logical_not", to_dtype(x, _BOOL))


def bitwise_and(x: Any, y: Any) -> Tensor:
    """The bits set in both integers; of booleans, `logical_and`."""
    return bind("bitwise_and", *pair(x, y))


def bitwise_or(x: Any, y: Any) -> Tensor:
    """The bits set in one or both integers; of booleans, `logical_or`."""
    return bind("bitwise_or", *pair(x, y))


def bitwise_xor(x: Any, y: Any) -> Tensor:
    """The bits set in exactly one of two integers; of booleans, `logical_xor`."""
    return bind("bitwise_xor", *pair(x, y))


def bitwise_invert(x: Any) -> Tensor:
    """Each bit turned over; of booleans, `logical_not`."""
    return bind("invert", convert(x))


def isnan(x: Any) -> Tensor:
    """Whether elements are NaN."""
    return bind("isnan", convert(x))


def isinf(x: Any) -> Tensor:
    """Whether elements are infinite."""
    return bind("isinf", convert(x))


def isfinite(x: Any) -> Tensor:
    """Whether elements are neither NaN nor infinite."""
    return bind("isfinite", convert(x))


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether `|x1 - x2| <= atol + rtol * |x2|`, element by element.

    Args:
        x1: Tensor.
        x2: Tensor.
        rtol: Tolerance relative to `x2`.
        atol: Absolute tolerance.
        equal_nan: Whether two NaN are close.
    """
    a, b = pair(x1, x2)
    if a.dtype.kind != "f":
        a, b = (to_dtype(t, np.dtype("float64")) for t in (a, b))
    close = bind("logical_and", abs(a - b) <= atol + rtol * abs(b), bind("isfinite", b))
    close = bind("logical_or", close, bind("equal", a, b))
    if equal_nan:
        close = bind("logical_or", close, bind("logical_and", bind("isnan", a), bind("isnan", b)))
    return close


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all elements are close, as `isclose` tells."""
    return bind("all", isclose(x1, x2, rtol, atol, equal_nan), axis=None, keepdims=False)


def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """`x1` where the condition holds, `x2` elsewhere.

    Args:
        condition: Tensor of booleans.
        x1: Tensor or number.
        x2: Tensor or number.

    Returns:
        A Tensor of the common shape; with neither `x1` nor `x2`, the indices where the condition holds, a
        Tensor per axis (not while recording, as their number depends on the values).

    Raises:
        ValueError: If only one of the two is given.
    """
    condition = to_dtype(condition, _BOOL)
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError(
            explain("where takes both values or none.", got=f"x1={x1!r}, x2={x2!r}", fix="where(condition, x1, x2)")
        )
    return bind("select", condition, *pair(x1, x2))


def nonzero(x: Any) -> tuple[Tensor, ...]:
    """The indices of the elements that are not 0, a Tensor per axis; not while recording."""
    return tuple(convert(i.astype(np.int32)) for i in np.nonzero(convert(x).concrete("nonzero")))
