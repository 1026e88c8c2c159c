"""What kernels that go over an array several times share: blocks that stay in cache, and one thread for each stretch.

A block is small enough for all passes over it to find it in the processor's cache. Where an array has several, they
are divided among threads (`threads.py`). The cuts depend on sizes alone, so eager calls and programs give the same
bits.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from babytf.engine import threads
from babytf.engine.workspace import room

BLOCK = 262_144
"""Elements in a block: 1 MB in single precision. See `window_kernels.BLOCK` for why not fewer."""

ROWS = 32_768
"""Rows in a block at most: sums over more of them, one after the other, would round too much."""

MUCH = 2_097_152
"""Elements whose sums are worth a second thread: memory is read only once."""


def blocks(count: int, each: int) -> list[slice]:
    """Stretches of `count` rows of `each` elements, a block long."""
    step = max(1, min(BLOCK // max(each, 1), ROWS))
    return [slice(start, min(start + step, count)) for start in range(0, count, step)]


def share(work: Callable[[Any], None], pieces: list[Any]) -> None:
    """Call `work` with each piece; several threads divide them among themselves."""

    def some(share: Sequence[Any]) -> None:
        for piece in share:
            work(piece)

    threads.divided(some, pieces)


@functools.lru_cache(maxsize=64)
def filled(size: int, dtype: np.dtype[Any], value: float = 1.0) -> np.ndarray:
    """A vector of equal numbers: a product with it is a sum, or a mean, at the speed of BLAS."""
    vector = np.full(size, value, dtype)
    vector.flags.writeable = False
    return vector


def column_sums(x: np.ndarray, out: np.ndarray) -> None:
    """`out[j]` is the sum of `x[i, j]` over the rows."""
    if x.size <= MUCH:
        np.matmul(filled(len(x), x.dtype), x, out=out)
        return
    pieces = blocks(len(x), x.shape[1])
    partial = np.empty((len(pieces), x.shape[1]), x.dtype)

    def work(i: int) -> None:
        part = x[pieces[i]]
        np.matmul(filled(len(part), x.dtype), part, out=partial[i])

    share(work, list(range(len(pieces))))
    np.matmul(filled(len(pieces), x.dtype), partial, out=out)


def column_dot(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """`out[j]` is the sum of `a[i, j] b[i, j]` over the rows."""
    pieces = blocks(len(a), a.shape[1])
    partial = np.empty((len(pieces), a.shape[1]), a.dtype)

    def work(i: int) -> None:
        product = room("product", a[pieces[i]].shape, a.dtype)
        np.multiply(a[pieces[i]], b[pieces[i]], out=product)
        np.matmul(filled(len(product), a.dtype), product, out=partial[i])

    share(work, list(range(len(pieces))))
    np.matmul(filled(len(pieces), a.dtype), partial, out=out)
