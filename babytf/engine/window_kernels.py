"""Convolution over one to three axes: windows laid out as rows of a matrix, and one matrix product.

Arrays are `(B, *S, C)`, kernels `(*K, C / groups, F)`. Samples are taken some at a time, so that windows and results
stay in the processor's cache, and these blocks are shared among threads. Where a block ends depends on sizes alone.
Sums over windows of few channels are laid out with the places along the rows, for runs of memory that are long;
where each channel has a kernel of its own (depthwise), nothing is laid out. `pool_kernels.py` has pooling.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from babytf.engine import threads
from babytf.engine.workspace import room

BLOCK = 786_432
"""Numbers in the windows and results of a block: what stays in the processor's last cache.

Smaller blocks would stay in a core's own, but threads that make short calls wait for each other's turn.
"""

ROWS = 256
"""Windows in a block at least: with fewer, a product mostly rearranges the kernel."""

ALONE = 400_000
"""Multiplications below which a convolution is not shared: waking a thread takes longer."""

NARROW = 16
"""With fewer numbers in a row of a window, the places go along the rows of the laid-out matrix."""

WIDE = 192
"""From so many channels on, the gradient's pieces are added where they belong, one place at a time."""

Pairs = tuple[tuple[int, int], ...]


class Geometry:
    """Sizes of a convolution: what goes in, what comes out, and how it is cut into blocks.

    Args:
        x_shape: `(B, *S, C)`.
        kernel_shape: `(*K, C / groups, F)`.
        strides: Step of the window, for each spatial axis.
        padding: Zeros before and after, for each spatial axis.
        dilation: Distance of the window's elements, for each spatial axis.
        groups: Parts into which the channels fall.
    """

    def __init__(
        self,
        x_shape: tuple[int, ...],
        kernel_shape: tuple[int, ...],
        strides: tuple[int, ...],
        padding: Pairs,
        dilation: tuple[int, ...],
        groups: int,
    ) -> None:
        self.strides, self.padding, self.dilation, self.groups = strides, padding, dilation, groups
        self.batch, self.size, self.channels = x_shape[0], x_shape[1:-1], x_shape[-1]
        self.kernel, self.depth, self.filters = kernel_shape[:-2], kernel_shape[-2], kernel_shape[-1]
        self.padded = tuple(n + low + high for n, (low, high) in zip(self.size, padding, strict=True))
        self.out = out_size(self.size, self.kernel, strides, padding, dilation)
        self.inner = (slice(None), *(slice(low, low + n) for n, (low, _) in zip(self.size, padding, strict=True)))
        self.pads = any(low or high for low, high in padding)
        self.taps = list(itertools.product(*map(range, self.kernel)))
        self.places = math.prod(self.out)
        self.length = len(self.taps) * self.depth
        self.pointwise = len(self.taps) == 1 and set(strides) == {1} and not self.pads
        self.depthwise = self.depth == 1 and groups == self.channels and groups > 1
        self.narrow = self.kernel[-1] * self.depth < NARROW and not self.pointwise
        steps_of_one = strides[-1] == dilation[-1] == 1 < self.kernel[-1]
        self.by_lines = steps_of_one and groups == 1 and not self.narrow and 2 * self.padded[-1] <= 3 * self.out[-1]

    def units(self) -> list[tuple[int, int, int, int]]:
        """Blocks `(first sample, last, first row, last)`; rows, on the first spatial axis, are cut in large samples."""
        width = self.length + self.filters if not self.depthwise else 3 * self.channels
        rows = max(ROWS, BLOCK // width)
        count = threads.count() if self.products >= ALONE else 1
        if rows >= self.places:
            step = max(1, min(rows // max(1, self.places), -(-self.batch // count)))
            cuts = range(0, self.batch, step)
            if self.batch >= count:
                return [(b, min(b + step, self.batch), 0, self.out[0]) for b in cuts]
            rows = -(-self.places // count)
        lines = max(1, rows * self.out[0] // max(1, self.places))
        return [
            (b, b + 1, r, min(r + lines, self.out[0])) for b in range(self.batch) for r in range(0, self.out[0], lines)
        ]

    @property
    def products(self) -> int:
        """Multiplications in all."""
        return self.batch * self.places * len(self.taps) * self.depth * self.filters

    def samples(self) -> list[list[tuple[int, int, int, int]]]:
        """The blocks, those of one sample together."""
        return [list(some) for _, some in itertools.groupby(self.units(), key=lambda unit: unit[:2])]

    def at(self, tap: tuple[int, ...], first: int, last: int) -> tuple[slice, ...]:
        """Where in the padded samples one element of all windows lies, for some rows of results."""
        ends = (last, *self.out[1:])
        begins = (first,) + (0,) * (len(self.out) - 1)
        places = (
            slice(t * d + b * s, t * d + (e - 1) * s + 1, s)
            for t, d, s, b, e in zip(tap, self.dilation, self.strides, begins, ends, strict=True)
        )
        return (slice(None), *places)


def out_size(
    size: tuple[int, ...], kernel: tuple[int, ...], strides: tuple[int, ...], padding: Pairs, dilation: tuple[int, ...]
) -> tuple[int, ...]:
    """Places of a window along each axis."""
    return tuple(
        max(0, (n + low + high - (k - 1) * d - 1) // s + 1)
        for n, k, s, (low, high), d in zip(size, kernel, strides, padding, dilation, strict=True)
    )


geometry = functools.lru_cache(1024)(Geometry)


def _share(work: Callable[[list[Any]], None], pieces: list[Any]) -> None:
    """Have blocks worked on by several threads, with one BLAS thread in each."""
    with threads.one_thread():
        threads.divided(work, pieces)


def _block(geo: Geometry, x: np.ndarray, first: int, last: int) -> np.ndarray:
    """Some samples, with their padding, in plain order."""
    some = x[first:last]
    if not geo.pads and some.flags.c_contiguous:
        return some
    block = room("block", (last - first, *geo.padded, geo.channels), x.dtype)
    if geo.pads:
        block.fill(0)
    np.copyto(block[geo.inner], some)
    return block


def _blocks(geo: Geometry, x: np.ndarray, units: list[tuple[int, int, int, int]]) -> Iterator[tuple[Any, ...]]:
    """Each unit with its samples; they are prepared once where several units have them."""
    before, block = (-1, -1), None
    for unit in units:
        if unit[:2] != before:
            before, block = unit[:2], _block(geo, x, *unit[:2])
        yield unit, block


def _windows(geo: Geometry, block: np.ndarray, group: int, first: int, last: int) -> np.ndarray:
    """A view `(b, *out, *K, C / groups)` of all windows of some rows."""
    steps = block.strides[1:-1]
    moves = tuple(s * n for s, n in zip(steps, geo.strides, strict=True))
    inside = tuple(s * n for s, n in zip(steps, geo.dilation, strict=True))
    item = block.itemsize
    view: np.ndarray = np.ndarray(
        (block.shape[0], last - first, *geo.out[1:], *geo.kernel, geo.depth),
        block.dtype,
        block.data,
        offset=first * moves[0] + group * geo.depth * item,
        strides=(block.strides[0], *moves, *inside, item),
    )
    return view


def _laid_out(geo: Geometry, block: np.ndarray, group: int, first: int, last: int) -> np.ndarray:
    """The windows of some rows as a matrix `(windows, taps C)`, perhaps the transposed of one in plain order."""
    places = block.shape[0] * (last - first) * math.prod(geo.out[1:])
    if geo.pointwise and geo.groups == 1 and (some := block[:, first:last]).flags.c_contiguous:
        return some.reshape(places, geo.length)
    windows = _windows(geo, block, group, first, last)
    if not geo.narrow:
        laid = room("laid out", windows.shape, block.dtype)
        np.copyto(laid, windows)
        return laid.reshape(places, geo.length)
    n = len(geo.out) + 1
    turned = windows.transpose(*range(n, windows.ndim), *range(n))
    laid = room("laid out", turned.shape, block.dtype)
    np.copyto(laid, turned)
    matrix: np.ndarray = laid.reshape(geo.length, places).T
    return matrix


def _rows(y: np.ndarray, unit: tuple[int, int, int, int], name: str = "") -> np.ndarray:
    """Results of a block as a matrix `(windows, F)`: a view, or with a name a copy in plain order where need be."""
    some = y[unit[0] : unit[1], unit[2] : unit[3]]
    if not some.flags.c_contiguous:
        plain = room(name, some.shape, some.dtype)
        np.copyto(plain, some)
        some = plain
    return some.reshape(-1, y.shape[-1])


def _groups(geo: Geometry) -> list[tuple[int, slice]]:
    """Each group with its filters."""
    each = geo.filters // geo.groups
    return [(i, slice(i * each, (i + 1) * each)) for i in range(geo.groups)]


# --- forward


def conv(
    x: np.ndarray, kernel: np.ndarray, bias: np.ndarray | None, out: np.ndarray, strides: Any, padding: Any,
    dilation: Any, groups: int,
) -> None:  # fmt: skip
    """The convolution, and the bias added to each place."""
    geo = geometry(x.shape, kernel.shape, strides, padding, dilation, groups)
    if not out.size:
        return
    weights = np.ascontiguousarray(kernel).reshape(geo.length, geo.filters)
    tiled = None if bias is None else np.tile(bias, geo.out[-1])

    def work(units: list[Any]) -> None:
        for unit, block in _blocks(geo, x, units):
            y = _rows(out, unit)
            if geo.depthwise:
                _depthwise(geo, block, weights, unit, y)
            else:
                for group, part in _groups(geo):
                    laid = _laid_out(geo, block, group, unit[2], unit[3])
                    np.matmul(laid, weights[:, part], out=y[:, part])
            if tiled is not None:
                y = y.reshape(-1, _line(geo, unit) * geo.filters)
                np.add(y, tiled[: y.shape[1]], out=y)

    _share(work, geo.units())


def _depthwise(
    geo: Geometry, block: np.ndarray, weights: np.ndarray, unit: tuple[int, int, int, int], y: np.ndarray
) -> None:
    """Each channel with filters of its own: a product and a sum for each element of the window."""
    c, times, line = geo.channels, geo.filters // geo.channels, _line(geo, unit)
    total = y if times == 1 else room("total", (y.shape[0], c), y.dtype)
    term = room("term", total.shape, y.dtype)
    for q in range(times):
        for i, tap in enumerate(geo.taps):
            factor = np.tile(weights[i, q::times], line)
            seen = _lines(geo, block, tap, unit)
            into = term if i else total
            np.multiply(seen, factor, out=into.reshape(seen.shape))
            if i:
                np.add(total, term, out=total)
        if times > 1:
            np.copyto(y[:, q::times], total)


def _line(geo: Geometry, unit: tuple[int, int, int, int]) -> int:
    """Places of a window along the last axis: in a sequence, those of this block."""
    return unit[3] - unit[2] if len(geo.out) == 1 else geo.out[-1]


def _lines(geo: Geometry, block: np.ndarray, tap: tuple[int, ...], unit: tuple[int, int, int, int]) -> np.ndarray:
    """One element of all windows, the last two axes as one, so that runs of memory are long."""
    *before, along = geo.at(tap, unit[2], unit[3])
    length = _line(geo, unit) * geo.channels
    if geo.strides[-1] == 1:
        begin = along.start * geo.channels
        whole = block.reshape(*block.shape[:-2], block.shape[-2] * geo.channels)
        before.append(slice(begin, begin + length))
        return whole[tuple(before)]
    seen = block[geo.at(tap, unit[2], unit[3])]
    plain = room("lines", seen.shape, seen.dtype)
    np.copyto(plain, seen)
    return plain.reshape(*seen.shape[:-2], length)


# --- gradients


def conv_kernel_gradient(
    x: np.ndarray, g: np.ndarray, out: np.ndarray, strides: Any, padding: Any, dilation: Any, groups: int
) -> None:
    """The gradient that arrives at the kernel: windows times incoming gradients, summed over all places."""
    geo = geometry(x.shape, out.shape, strides, padding, dilation, groups)
    if not g.size:
        out.fill(0)
        return
    total = out.reshape(geo.length, geo.filters)
    sums: dict[Any, np.ndarray] = {}

    def work(units: list[Any]) -> None:
        each = geo.filters // geo.groups
        mine = sums[units[0]]
        mine.fill(0)
        part = room("part", (geo.length, each), g.dtype)
        for unit, block in _blocks(geo, x, units):
            rows = _rows(g, unit, "rows of g")
            if geo.depthwise:
                _depthwise_kernel_gradient(geo, block, rows, unit, mine)
                continue
            for group, filters in _groups(geo):
                laid = _laid_out(geo, block, group, unit[2], unit[3])
                if geo.narrow:
                    _sum_of_products(laid.T, rows[:, filters], unit[1] - unit[0], part)
                else:
                    np.matmul(laid.T, rows[:, filters], out=part)
                np.add(mine[:, filters], part, out=mine[:, filters])

    units = geo.units()
    starts = [some[0] for some in threads.stretches(units)]
    partial = room("partial sums", (len(starts), *total.shape), g.dtype)
    sums.update(zip(starts, partial, strict=True))
    _share(work, units)
    np.copyto(total, partial[0])
    for other in partial[1:]:
        np.add(total, other, out=total)


def _sum_of_products(a: np.ndarray, b: np.ndarray, count: int, out: np.ndarray) -> None:
    """`a @ b` in `count` stretches of the sum.

    NumPy keeps other threads from running Python during a product with a small result; many at once are no small one.
    """
    stretches = room("stretches", (count, *out.shape), out.dtype)
    places = a.shape[1] // count
    # Cutting an axis in two moves nothing, also where rows are part of longer ones.
    by_sample = a.reshape(a.shape[0], count, places).transpose(1, 0, 2)
    np.matmul(by_sample, b.reshape(count, places, b.shape[1]), out=stretches)
    np.add.reduce(stretches, axis=0, out=out)


def _depthwise_kernel_gradient(
    geo: Geometry, block: np.ndarray, g: np.ndarray, unit: tuple[int, int, int, int], total: np.ndarray
) -> None:
    c, times = geo.channels, geo.filters // geo.channels
    term = room("term", (g.shape[0], c), g.dtype)
    ones = np.ones((1, g.shape[0]), g.dtype)
    for q in range(times):
        own = g
        if times > 1:
            own = room("own", (g.shape[0], c), g.dtype)
            np.copyto(own, g[:, q::times])
        for i, tap in enumerate(geo.taps):
            seen = _lines(geo, block, tap, unit)
            np.multiply(seen, own.reshape(seen.shape), out=term.reshape(seen.shape))
            total[i, q::times] += np.matmul(ones, term)[0]


def conv_input_gradient(
    g: np.ndarray, kernel: np.ndarray, out: np.ndarray, strides: Any, padding: Any, dilation: Any, groups: int
) -> None:
    """The gradient that arrives at the input: each window's share, added where the window lay."""
    geo = geometry(out.shape, kernel.shape, strides, padding, dilation, groups)
    if not g.size:
        out.fill(0)
        return
    weights = np.ascontiguousarray(kernel).reshape(geo.length, geo.filters)
    turned = _turned(geo, weights) if geo.by_lines else weights

    def work(samples: list[list[Any]]) -> None:
        for units in samples:
            first, last = units[0][:2]
            target = out[first:last]
            if geo.pads:
                target = room("block", (last - first, *geo.padded, geo.channels), out.dtype)
            if not geo.pointwise or geo.groups > 1:
                target.fill(0)
            for unit in units:
                rows = _rows(g, unit, "rows of g")
                if geo.depthwise:
                    _depthwise_input_gradient(geo, rows, weights, unit, target)
                elif geo.pointwise and geo.groups == 1:
                    np.matmul(rows, weights.T, out=_rows(out, unit))
                elif geo.by_lines:
                    _spread_lines(geo, rows, turned, unit, target)
                else:
                    for group, filters in _groups(geo):
                        own = target[..., group * geo.depth : (group + 1) * geo.depth]
                        _spread(geo, rows[:, filters], weights[:, filters], unit, own)
            if geo.pads:
                np.copyto(out[first:last], target[geo.inner])

    _share(work, geo.samples())


def _spread(
    geo: Geometry, g: np.ndarray, weights: np.ndarray, unit: tuple[int, int, int, int], target: np.ndarray
) -> None:
    """Add the shares of some windows to the padded input's gradient."""
    first, last = unit[2:]
    shape = (target.shape[0], last - first, *geo.out[1:])
    if geo.narrow:
        shares = room("shares", (geo.length, g.shape[0]), g.dtype)
        np.matmul(weights, g.T, out=shares)
        planes = room("planes", (geo.depth, *target.shape[:-1]), g.dtype)
        planes.fill(0)
        by_tap = shares.reshape(len(geo.taps), geo.depth, *shape)
        for share, tap in zip(by_tap, geo.taps, strict=True):
            where = (slice(None), *geo.at(tap, first, last))
            place = planes[where]
            np.add(place, share, out=place)
        np.add(target, np.moveaxis(planes, 0, -1), out=target)
        return
    shares = room("shares", (g.shape[0], geo.length), g.dtype)
    np.matmul(g, weights.T, out=shares)
    by_tap = np.moveaxis(shares.reshape(*shape, len(geo.taps), geo.depth), -2, 0)
    if geo.depth >= WIDE or geo.groups > 1:
        for share, tap in zip(by_tap, geo.taps, strict=True):
            place = target[geo.at(tap, first, last)]
            np.add(place, share, out=place)
        return
    # Copying short runs costs little, adding them much: so copy them into whole lines with zeros around, and add those.
    lines = room("lines", (geo.kernel[-1], *shape[:-1], geo.padded[-1], geo.depth), g.dtype)
    lines.fill(0)
    for share, tap in zip(by_tap, geo.taps, strict=True):
        *before, along = geo.at(tap, first, last)
        line = lines[tap[-1]]
        np.copyto(line[..., along, :], share)
        place = target[tuple(before)]
        np.add(place, line, out=place)


def _turned(geo: Geometry, weights: np.ndarray) -> np.ndarray:
    """Weights `(k F, taps / k C)` for windows of `k` gradients along the last axis, in which taps go backwards."""
    k = geo.kernel[-1]
    by_tap = weights.reshape(-1, k, geo.channels, geo.filters)[:, ::-1]
    return np.ascontiguousarray(by_tap.transpose(1, 3, 0, 2)).reshape(k * geo.filters, -1)


def _spread_lines(
    geo: Geometry, g: np.ndarray, turned: np.ndarray, unit: tuple[int, int, int, int], target: np.ndarray
) -> None:
    """The same where windows move by one along the last axis: that axis goes into the product, whole lines are added.

    So there are a kernel's width fewer sums of shares, for a few products more, at the ends of the lines.
    """
    first, last = unit[2:]
    k, filters, item = geo.kernel[-1], geo.filters, g.itemsize
    shape = (target.shape[0], last - first, *geo.out[1:])
    lead, width = shape[:-1], shape[-1]
    places = width + k - 1
    wide = room("lines of g", (*lead, places + k - 1, filters), g.dtype)
    wide[..., : k - 1, :] = 0
    wide[..., places:, :] = 0
    np.copyto(wide[..., k - 1 : places, :], g.reshape(*lead, width, filters))
    windows: np.ndarray = np.ndarray(
        (math.prod(lead), places, k * filters), g.dtype, wide.data, strides=(*wide.strides[-3:-1], item)
    )
    laid = room("laid out", windows.shape, g.dtype)
    np.copyto(laid, windows)
    shares = room("shares", (*lead, places, turned.shape[1]), g.dtype)
    np.matmul(laid.reshape(-1, k * filters), turned, out=shares.reshape(-1, turned.shape[1]))
    begin = first if len(geo.out) == 1 else 0
    for i, tap in enumerate(itertools.product(*map(range, geo.kernel[:-1]))):
        where = (*geo.at((*tap, 0), first, last)[:-1], slice(begin, begin + places))
        place = target[where]
        np.add(place, shares[..., i * geo.channels : (i + 1) * geo.channels], out=place)


def _depthwise_input_gradient(
    geo: Geometry, g: np.ndarray, weights: np.ndarray, unit: tuple[int, int, int, int], target: np.ndarray
) -> None:
    c, times, line = geo.channels, geo.filters // geo.channels, _line(geo, unit)
    shape = (target.shape[0], unit[3] - unit[2], *geo.out[1:], c)
    term = room("term", shape, g.dtype)
    for q in range(times):
        own = g
        if times > 1:
            own = room("own", (g.shape[0], c), g.dtype)
            np.copyto(own, g[:, q::times])
        for i, tap in enumerate(geo.taps):
            factor = np.tile(weights[i, q::times], line)
            np.multiply(own.reshape(-1, line * c), factor, out=term.reshape(-1, line * c))
            place = target[geo.at(tap, unit[2], unit[3])]
            np.add(place, term, out=place)


def channel_sum(g: np.ndarray, out: np.ndarray) -> None:
    """Sums over all axes but the last: a product with ones, which adds in many short sums."""
    rows = g.reshape(-1, g.shape[-1])
    step = max(1, BLOCK // g.shape[-1])
    pieces = [(i, slice(at, at + step)) for i, at in enumerate(range(0, rows.shape[0], step))]
    if not pieces:
        out.fill(0)
        return
    sums = room("partial sums", (len(pieces), 1, out.size), g.dtype)

    def work(some: list[Any]) -> None:
        for i, piece in some:
            part = rows[piece]
            many = max(1, min(32, part.shape[0] // 32))
            each = part.shape[0] // many
            ones = np.ones((1, each), g.dtype)
            stretches = room("stretches", (many, 1, out.size), g.dtype)
            np.matmul(ones, part[: many * each].reshape(many, each, out.size), out=stretches)
            np.add.reduce(stretches, axis=0, out=sums[i])
            for row in part[many * each :]:
                np.add(sums[i, 0], row, out=sums[i, 0])

    _share(work, pieces)
    np.add.reduce(sums[:, 0], axis=0, out=out)
