"""Memory that kernels work in: one set of arrays per thread, kept from call to call.

A row's `scratch` is planned with a program's memory. Kernels that share their work among threads need arrays for
each of them, of a size that depends on the block at hand; those come from here.
"""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np


class _Mine(threading.local):
    def __init__(self) -> None:
        self.memory: dict[str, np.ndarray] = {}


_mine = _Mine()


def room(name: str, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
    """An array of this thread with anything in it; the next call with the name gives the same memory.

    Args:
        name: What it is for. Arrays in use at one time need different names.
        shape: Its shape.
        dtype: Its dtype.
    """
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    memory = _mine.memory.get(name)
    if memory is None or memory.size < nbytes:
        memory = _mine.memory[name] = np.empty(max(nbytes, 64), np.uint8)
    array: np.ndarray = np.ndarray(shape, dtype, memory.data)
    return array
