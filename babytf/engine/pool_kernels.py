"""Pooling over one to three axes, one after the other: the largest of a window is the largest of its lines' largest.

Arrays are `(B, *S, C)`. `window_kernels.py` has convolution, and says how blocks are cut and shared.

What the ufuncs of NumPy do to short runs of memory costs more than the numbers themselves; copying short runs costs
little. So elements that lie apart are brought together first, and compared in long runs.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from babytf.engine import threads
from babytf.engine.window_kernels import out_size
from babytf.engine.workspace import room

BLOCK = 786_432
"""Numbers of the input in a block: see `window_kernels.BLOCK`."""

ALONE = 100_000
"""Numbers below which pooling is not shared among threads."""

SHORT = 256
"""Runs of fewer numbers are brought together before anything is done to them."""


def _pieces(x_shape: tuple[int, ...], size: int) -> list[tuple[int, int]]:
    """Samples of each block: first and last."""
    batch = x_shape[0]
    step = max(1, min(BLOCK * batch // max(1, size), batch))
    if size >= ALONE:  # as many blocks for each thread
        count = threads.count()
        step = -(-batch // (-(-batch // (step * count)) * count))
    return [(b, min(b + step, batch)) for b in range(0, batch, step)]


def _block(x: np.ndarray, padding: Any, fill: float, name: str) -> np.ndarray:
    """Samples with their padding, in plain order."""
    if not any(low or high for low, high in padding):
        if x.flags.c_contiguous:
            return x
        block = room(name, x.shape, x.dtype)
        np.copyto(block, x)
        return block
    shape = (x.shape[0], *(n + a + b for n, (a, b) in zip(x.shape[1:-1], padding, strict=True)), x.shape[-1])
    block = room(name, shape, x.dtype)
    block.fill(fill)
    np.copyto(block[_inside(x.shape, padding)], x)
    return block


def _inside(shape: tuple[int, ...], padding: Any) -> tuple[slice, ...]:
    return (slice(None), *(slice(low, low + n) for n, (low, _) in zip(shape[1:-1], padding, strict=True)))


class _Axis:
    """Windows along one axis of a block, seen as `(outer, length, inner)`."""

    def __init__(self, shape: tuple[int, ...], axis: int, size: int, stride: int) -> None:
        self.before, self.length, self.after = shape[:axis], shape[axis], shape[axis + 1 :]
        self.size, self.stride = size, stride
        self.count = (self.length - size) // stride + 1
        self.outer, self.inner = math.prod(self.before), math.prod(self.after)
        self.result = (*self.before, self.count, *self.after)
        self.apart = stride > 1 and self.inner < SHORT

    def part(self, x: np.ndarray, tap: int) -> np.ndarray:
        """One element of each window: a view."""
        x = x.reshape(self.outer, self.length, self.inner)
        return x[:, tap : tap + (self.count - 1) * self.stride + 1 : self.stride]

    def near(self, x: np.ndarray, tap: int, name: str) -> np.ndarray:
        """The same to compute with: brought together if it lies in short runs."""
        part = self.part(x, tap)
        if not self.apart:
            return part
        together = room(name, part.shape, part.dtype)
        np.copyto(together, part)
        return together

    def flat(self, y: np.ndarray) -> np.ndarray:
        """A result as `(outer, count, inner)`."""
        return y.reshape(self.outer, self.count, self.inner)


@functools.lru_cache(1024)
def _axes(shape: tuple[int, ...], size: Any, strides: Any, last_first: bool) -> list[_Axis]:
    """The axes along which windows have several elements, in the order in which they are reduced."""
    found = []
    for i in reversed(range(len(size))) if last_first else range(len(size)):
        if size[i] > 1 or strides[i] > 1:
            found.append(_Axis(shape, i + 1, size[i], strides[i]))
            shape = found[-1].result
    return found


def _reduce(along: _Axis, combine: Any, x: np.ndarray, out: np.ndarray, kept: str = "") -> np.ndarray:
    """`combine`, of all elements of each window; gives the first element of each."""
    y = along.flat(out)
    begin = first = along.near(x, 0, f"element 0{kept}")
    if along.size == 1:
        np.copyto(y, first)
    for tap in range(1, along.size):
        combine(first, along.near(x, tap, "element"), out=y)
        first = y
    return begin


def pool(combine: Any, fill: float, x: np.ndarray, out: np.ndarray, size: Any, strides: Any, padding: Any) -> None:
    """Each window's elements combined by `np.maximum` or `np.add`."""
    if not out.size:
        return

    def work(pieces: list[Any]) -> None:
        for first, last in pieces:
            block = _block(x[first:last], padding, fill, "block")
            axes = _axes(block.shape, size, strides, False)
            for i, along in enumerate(axes):
                result = out[first:last] if i == len(axes) - 1 else room(f"stage {i}", along.result, x.dtype)
                _reduce(along, combine, block, result)
                block = result
            if not axes:
                np.copyto(out[first:last], block)

    threads.divided(work, _pieces(x.shape, x.size))


def _lowest(dtype: Any) -> float:
    return -np.inf if np.dtype(dtype).kind == "f" else np.iinfo(dtype).min


def max_pool(x: np.ndarray, out: np.ndarray, size: Any, strides: Any, padding: Any) -> None:
    """The largest element of each window."""
    pool(np.maximum, _lowest(x.dtype), x, out, size, strides, padding)


def sum_pool(x: np.ndarray, out: np.ndarray, size: Any, strides: Any, padding: Any) -> None:
    """The sum of each window."""
    pool(np.add, 0, x, out, size, strides, padding)


def sum_pool_gradient(g: np.ndarray, out: np.ndarray, size: Any, strides: Any, padding: Any) -> None:
    """Each window's gradient, added to all of its elements."""
    if not g.size:
        out.fill(0)
        return

    def work(pieces: list[Any]) -> None:
        for first, last in pieces:
            target = out[first:last]
            shape = (last - first, *(n + a + b for n, (a, b) in zip(out.shape[1:-1], padding, strict=True)))
            axes = _axes((*shape, out.shape[-1]), size, strides, True)
            given = g[first:last]
            for i, along in reversed(list(enumerate(axes))):
                wide = room(f"stage {i}", (*along.before, along.length, *along.after), g.dtype)
                overlap = along.stride < along.size
                if along.stride != along.size or along.count * along.stride != along.length:
                    wide.fill(0)
                for tap in range(along.size):
                    _put(overlap, along.flat(given), along.part(wide, tap))
                given = wide
            np.copyto(target, given[_inside(out.shape, padding)])

    threads.divided(work, _pieces(out.shape, out.size))


# --- where the largest is: the first of several, as the elements of a window are counted


def max_pool_gradient(g: np.ndarray, x: np.ndarray, out: np.ndarray, size: Any, strides: Any, padding: Any) -> None:
    """Each window's gradient, added to its first largest element."""
    if not g.size:
        out.fill(0)
        return
    pads = any(low or high for low, high in padding)

    def work(pieces: list[Any]) -> None:
        for first, last in pieces:
            block = _block(x[first:last], padding, _lowest(x.dtype), "block")
            axes = _axes(block.shape, size, strides, True)
            stages, begins = [block], []
            for i, along in enumerate(axes):
                stages.append(room(f"stage {i}", along.result, x.dtype))
                begins.append(_reduce(along, np.maximum, stages[i], stages[i + 1], f" of stage {i}"))
            given = g[first:last]
            for i, along in reversed(list(enumerate(axes))):
                direct = i == 0 and not pads
                wide = out[first:last] if direct else room(f"gradient {i}", stages[i].shape, g.dtype)
                _send(along, stages[i], begins[i], stages[i + 1], given, wide)
                given = wide
            if pads:
                np.copyto(out[first:last], given[_inside(out.shape, padding)])
            elif not axes:
                np.copyto(out[first:last], given)

    threads.divided(work, _pieces(x.shape, x.size))


def _send(along: _Axis, x: np.ndarray, begin: np.ndarray, y: np.ndarray, g: np.ndarray, out: np.ndarray) -> None:
    """The gradient to the first element that is the largest: the others get what is left, which is 0."""
    y, g = along.flat(y), along.flat(g)
    share = room("share", g.shape, g.dtype)
    chosen = room("chosen", g.shape, bool)
    overlap = along.stride < along.size
    if along.stride != along.size or along.count * along.stride != along.length:
        out.fill(0)
    direct = not (overlap or along.apart)
    left = g
    for tap in range(along.size - 1):
        part = along.part(out, tap)
        into = part if direct else share
        np.greater_equal(along.near(x, tap, "element") if tap else begin, y, out=chosen)
        np.multiply(left, chosen, out=into)
        rest = along.part(out, tap + 1) if direct and tap == along.size - 2 else room("left", g.shape, g.dtype)
        np.subtract(left, into, out=rest)
        left = rest
        if into is not part:
            _put(overlap, into, part)
    if not direct or along.size == 1:
        _put(overlap, left, along.part(out, along.size - 1))


def _put(overlap: bool, share: np.ndarray, part: np.ndarray) -> None:
    if overlap:
        np.add(part, share, out=part)
    else:
        np.copyto(part, share)


def max_pool_pick(h: np.ndarray, x: np.ndarray, out: np.ndarray, size: Any, strides: Any, padding: Any) -> None:
    """Of another array, the element where that of `x` is the first largest of its window."""
    if not out.size:
        return

    def work(pieces: list[Any]) -> None:
        for first, last in pieces:
            block = _block(x[first:last], padding, _lowest(x.dtype), "block")
            other = _block(h[first:last], padding, 0, "other")
            for i, along in enumerate(_axes(block.shape, size, strides, True)):
                largest = room(f"stage {i}", along.result, x.dtype)
                picked = room(f"picked {i}", along.result, h.dtype)
                _reduce(along, np.maximum, block, largest)
                for tap in reversed(range(along.size)):
                    chosen = np.greater_equal(along.part(block, tap), along.flat(largest))
                    np.copyto(along.flat(picked), along.part(other, tap), where=chosen)
                block, other = largest, picked
            np.copyto(out[first:last], other)

    threads.divided(work, _pieces(x.shape, x.size))


def pooled_size(size: tuple[int, ...], window: Any, strides: Any, padding: Any) -> tuple[int, ...]:
    """Places of the window along each axis."""
    return out_size(size, window, strides, padding, (1,) * len(window))
