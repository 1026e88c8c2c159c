"""Normalization by rows and by columns, a block of rows at a time: every pass over a block finds it in the cache.

`primitives/normalization.py` has the formulas.
"""

from __future__ import annotations

import numpy as np

from babytf.engine.row_blocks import blocks, filled, share
from babytf.engine.workspace import room

# --- each row by its own mean and variance


def row_statistics(x: np.ndarray, center: bool, epsilon: float, out: np.ndarray) -> None:
    """Each row's mean (0 if it is to stay), and one over the root of its variance plus `epsilon`."""
    count, features = x.shape
    weights = filled(features, x.dtype, 1.0 / features)

    def work(rows: slice) -> None:
        source, mean, inverse = x[rows], out[rows, 0], out[rows, 1]
        mean[...] = 0
        if center:
            np.vecdot(source, weights, out=mean)  # row by row, so that other rows beside it change no bit
            centered = room("block 0", source.shape, x.dtype)
            source = np.subtract(source, mean[:, None], out=centered)
        np.vecdot(source, source, out=inverse)
        np.divide(inverse, features, out=inverse)
        np.add(inverse, epsilon, out=inverse)
        np.sqrt(inverse, out=inverse)
        np.reciprocal(inverse, out=inverse)

    share(work, blocks(count, features))


def row_norm_gradient(
    g: np.ndarray, gamma: np.ndarray, standard: np.ndarray, statistics: np.ndarray, center: bool, out: np.ndarray
) -> None:
    """`inverse (a - mean(a) - standard mean(a standard))` by row, with `a = g gamma`."""
    count, features = g.shape
    weights = filled(features, g.dtype, 1.0 / features)

    def work(rows: slice) -> None:
        a, y = out[rows], standard[rows]
        np.multiply(g[rows], gamma, out=a)
        mean, slope = (room(f"row {i}", (len(a),), a.dtype) for i in (0, 1))
        np.vecdot(a, y, out=slope)
        np.divide(slope, features, out=slope)
        if center:
            np.vecdot(a, weights, out=mean)
        t = room("block 2", a.shape, a.dtype)
        np.multiply(y, slope[:, None], out=t)
        np.subtract(a, t, out=a)
        if center:
            np.subtract(a, mean[:, None], out=a)
        np.multiply(a, statistics[rows, 1:], out=a)

    share(work, blocks(count, features))


# --- each column by its own mean and variance


def channel_moments(x: np.ndarray, out: np.ndarray) -> None:
    """`out[0]` is the mean of each column, `out[1]` its variance.

    Each block gives its own mean and sum of squares about it while it is in the cache; these are then put together
    (Chan, Golub & LeVeque (1983), "Algorithms for computing the sample variance", eq. 2.1), so memory is read once.
    """
    count, channels = x.shape
    pieces = blocks(count, channels)
    means = np.empty((len(pieces), channels), x.dtype)
    squares = np.empty_like(means)

    def work(i: int) -> None:
        part = x[pieces[i]]
        ones = filled(len(part), x.dtype)
        np.matmul(ones, part, out=means[i])
        np.divide(means[i], len(part), out=means[i])
        t = room("block 0", part.shape, x.dtype)
        np.subtract(part, means[i], out=t)
        np.square(t, out=t)
        np.matmul(ones, t, out=squares[i])

    share(work, list(range(len(pieces))))
    mean, variance = out
    sizes = np.array([p.stop - p.start for p in pieces], x.dtype)
    np.matmul(sizes / count, means, out=mean)
    np.subtract(means, mean, out=means)
    np.square(means, out=means)
    np.matmul(sizes, means, out=variance)
    np.add(variance, np.add.reduce(squares, axis=0), out=variance)
    np.divide(variance, count, out=variance)


def affine_columns(x: np.ndarray, factor: np.ndarray, shift: np.ndarray, out: np.ndarray) -> None:
    """`x factor + shift`, both by column."""
    times = _wide(x)
    factor, shift = np.tile(factor, times), np.tile(shift, times)
    source, target = x.reshape(-1, factor.size), out.reshape(-1, factor.size)

    def work(rows: slice) -> None:
        np.multiply(source[rows], factor, out=target[rows])
        np.add(target[rows], shift, out=target[rows])

    share(work, blocks(len(source), factor.size))


def _wide(x: np.ndarray) -> int:
    """How many rows to look at as one: NumPy is slow where the last axis is short."""
    times = 1
    while x.flags.c_contiguous and times * x.shape[1] < 512 and len(x) % (2 * times) == 0:
        times *= 2
    return times


def channel_norm_gradient(
    g: np.ndarray, x: np.ndarray, gamma: np.ndarray, mean: np.ndarray, inverse: np.ndarray, out: np.ndarray
) -> None:
    """In `out`: the gradient of `x`, then those of `gamma` and `beta`.

    With `c = x - mean`: `gamma inverse (g - mean(g) - c inverse^2 mean(g c))`, by column.
    """
    count, channels = x.shape
    to_x, to_gamma, to_beta = (
        out[: x.size].reshape(x.shape),
        out[x.size : x.size + channels],
        out[x.size + channels :],
    )
    pieces = blocks(count, channels)
    sums = np.empty((2, len(pieces), channels), x.dtype)

    def add_up(i: int) -> None:
        part, c = g[pieces[i]], to_x[pieces[i]]
        ones = filled(len(part), x.dtype)
        np.matmul(ones, part, out=sums[0, i])
        np.subtract(x[pieces[i]], mean, out=c)  # kept for the second pass
        t = room("block 0", part.shape, x.dtype)
        np.multiply(part, c, out=t)
        np.matmul(ones, t, out=sums[1, i])

    share(add_up, list(range(len(pieces))))
    np.add.reduce(sums[0], axis=0, out=to_beta)
    np.add.reduce(sums[1], axis=0, out=to_gamma)
    np.multiply(to_gamma, inverse, out=to_gamma)
    factor = gamma * inverse
    slope = -factor * inverse * to_gamma / count
    shift = -factor * to_beta / count
    times = _wide(g)
    factor, slope, shift = (np.tile(v, times) for v in (factor, slope, shift))
    given, target = g.reshape(-1, factor.size), to_x.reshape(-1, factor.size)

    def work(rows: slice) -> None:
        c = target[rows]
        t = room("block 0", c.shape, x.dtype)
        np.multiply(given[rows], factor, out=t)
        np.multiply(c, slope, out=c)
        np.add(c, t, out=c)
        np.add(c, shift, out=c)

    share(work, blocks(len(given), factor.size))
