"""Which dtype a result has: Keras's promotion rules, which differ from NumPy's.

An integer array meeting a float array takes the float's dtype (never float64 by surprise), and
Python numbers are weak: they follow the arrays they meet.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import config
from babytf.errors import DTypeError, explain

SUPPORTED = (
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
)
_NAMES = {np.dtype(n): n for n in SUPPORTED}
_STANDARD: dict[Any, np.dtype] = {**{d: d for d in _NAMES}, **{n: d for d, n in _NAMES.items()}}
_ALIASES = {"float": "float32", "int": "int32", "half": "float16", "double": "float64"}


def standardize(dtype: Any) -> np.dtype:
    """A supported dtype, in this machine's byte order.

    Args:
        dtype: Name, `np.dtype`, NumPy scalar type, Python type (`float` means `floatx()`, `int` int32), or `None`
            for `floatx()`.

    Raises:
        DTypeError: If the dtype is not supported (complex, strings, objects, dates, …).
    """
    if isinstance(dtype, (str, np.dtype)) and (known := _STANDARD.get(dtype)) is not None:
        return known
    if dtype is None or dtype is float:
        return np.dtype(config.floatx())
    if dtype is int:
        return np.dtype("int32")
    if isinstance(dtype, str):
        dtype = _ALIASES.get(dtype, dtype)
    found: np.dtype | None
    try:
        found = np.dtype(dtype).newbyteorder("=")
    except TypeError:
        found = None
    if found is None or found not in _NAMES:
        raise DTypeError(
            explain(
                f"dtype {dtype!r} is not supported.",
                got=f"dtype={dtype!r}",
                expected=", ".join(SUPPORTED),
                fix="convert the data with astype('float32')",
            )
        )
    return found


def name_of(dtype: np.dtype) -> str:
    """The dtype's name; NumPy puts it together anew each time."""
    return _NAMES.get(dtype) or str(dtype.name)


def promote(a: np.dtype, b: np.dtype) -> np.dtype:
    """The dtype of a result of two arrays.

    Example:
        >>> promote(np.dtype("int64"), np.dtype("float32")).name
        'float32'
    """
    if a == b:
        return a
    if a.kind == "b":
        return b
    if b.kind == "b":
        return a
    if (a.kind == "f") != (b.kind == "f"):
        return a if a.kind == "f" else b
    both = np.promote_types(a, b)
    if both.kind == "f" and a.kind != "f":  # uint64 with a signed integer
        return np.dtype(config.floatx())
    return both


def is_weak(x: Any) -> bool:
    """Whether `x` is a Python number (`np.float64` scalars are Python floats)."""
    return isinstance(x, (bool, int, float))


def result_dtype(*things: Any) -> np.dtype:
    """The dtype of a result of arrays, dtypes and Python numbers together.

    Args:
        *things: Objects with a `dtype`, dtypes or their names, or Python numbers (weak).

    Returns:
        The common dtype.

    Example:
        >>> result_dtype(np.zeros(2, "float16"), 2.5).name
        'float16'
    """
    strong: np.dtype | None = None
    weak = ""
    for thing in things:
        if is_weak(thing) and not isinstance(thing, str):
            rank = "b" if isinstance(thing, bool) else "i" if isinstance(thing, int) else "f"
            weak = max(weak, rank, key="bif".find) if weak else rank
            continue
        dtype = standardize(getattr(thing, "dtype", thing))
        strong = dtype if strong is None else promote(strong, dtype)
    if strong is None:
        return np.dtype({"b": "bool", "i": "int32"}.get(weak) or config.floatx())
    if weak == "f" and strong.kind != "f":
        return np.dtype(config.floatx())
    if weak == "i" and strong.kind == "b":
        return np.dtype("int32")
    return strong


def float_dtype(dtype: np.dtype) -> np.dtype:
    """`dtype` itself if it is a float, else `floatx()`: what functions such as `exp` return."""
    return dtype if dtype.kind == "f" else np.dtype(config.floatx())
