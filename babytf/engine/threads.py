"""How many threads NumPy's BLAS uses for one matrix product.

A product of a few million multiplications is done sooner by one thread than by several: they have to
be woken, and OpenBLAS's threads go on spinning for a while after each product, in the way of everything
else on the machine. So products below `SMALL` run in one thread. The choice depends on the sizes alone, and
is the same eagerly and in programs, so that both give the same bits.

Nothing is changed if the user has chosen (`OPENBLAS_NUM_THREADS`, `OMP_NUM_THREADS`, or one thread by any other means),
or if NumPy stands on another BLAS.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import threading
from collections.abc import Callable

import numpy as np

SMALL = 16_000_000
"""Multiplications in a product that is left to one thread."""

_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_DEFAULT_NUM_THREADS")
_NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")


class _Pool:
    """The one thread pool of OpenBLAS, shared by all threads of the program."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: bool | None = None
        self.set: Callable[[int], None] = lambda n: None
        self.usual = 1
        self.holders = 0

    def find(self) -> bool:
        """Look for OpenBLAS, once."""
        if self.found is None:
            self.found = False
            if not any(os.environ.get(s) for s in _SETTINGS) and (os.cpu_count() or 1) > 1:
                for path in _libraries():
                    if self._take(path):
                        break
        return self.found

    def _take(self, path: str) -> bool:
        try:
            library = ctypes.CDLL(path)
        except OSError:
            return False
        for name in _NAMES:
            if hasattr(library, name.format("set")) and hasattr(library, name.format("get")):
                self.set = getattr(library, name.format("set"))
                self.get: Callable[[], int] = getattr(library, name.format("get"))
                self.found = True
                return True
        return False


_pool = _Pool()


class _Mine(threading.local):
    holds = False


_mine = _Mine()


def _libraries() -> list[str]:
    """Files of the OpenBLAS that NumPy brings or has loaded."""
    package = pathlib.Path(np.__file__).parent
    found = [
        str(p) for folder in (package.parent / "numpy.libs", package / ".dylibs") for p in folder.glob("*openblas*")
    ]
    if not found:
        try:
            maps = pathlib.Path("/proc/self/maps").read_text()
        except OSError:
            return []
        found = sorted({line.split()[-1] for line in maps.splitlines() if "openblas" in line})
    return found


def serial() -> None:
    """From here on, one thread per product, until `parallel()`."""
    if _mine.holds or not _pool.find():
        return
    with _pool.lock:
        if _pool.holders == 0:
            _pool.usual = _pool.get()
            if _pool.usual > 1:
                _pool.set(1)
        _pool.holders += 1
        _mine.holds = True


def parallel() -> None:
    """Back to the usual number of threads."""
    if not _mine.holds:
        return
    with _pool.lock:
        _pool.holders -= 1
        _mine.holds = False
        if _pool.holders == 0 and _pool.usual > 1:
            _pool.set(_pool.usual)


def is_small(products: int) -> bool:
    """Whether this many multiplications are too few to share.

    Args:
        products: Multiplications in one matrix product: rows times columns times the length of the sums.
    """
    return products < SMALL
