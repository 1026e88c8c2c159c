"""Memory that begins where a line of the processor's cache does.

NumPy's arrays begin anywhere. Where vectors of a processor are as wide as a line (AVX-512), each one that is read
from such an array lies in two lines, and what works on long arrays takes some 5 % longer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

LINE = 64
"""Bytes of a line, on all common processors."""

LONG = 4096
"""Bytes from which on it is worth a few microseconds to look for a line's beginning."""


def zeros(shape: Sequence[int], dtype: Any) -> np.ndarray:
    """Zeros, which take no memory until something is written there.

    Args:
        shape: Their shape.
        dtype: Their dtype.
    """
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes < LONG:
        return np.zeros(tuple(shape), dtype)
    room = np.zeros(nbytes + LINE, np.uint8)
    array: np.ndarray = np.ndarray(tuple(shape), dtype, room.data, -room.ctypes.data % LINE)
    return array


def empty(nbytes: int) -> np.ndarray:
    """Bytes with anything in them."""
    if nbytes < LONG:
        return np.empty(nbytes, np.uint8)
    room = np.empty(nbytes + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + nbytes]
