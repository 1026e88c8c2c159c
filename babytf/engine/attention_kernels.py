"""Attention, a few heads at a time: scores, weights and sums of one block stay in the cache, blocks go to threads.

Axes: `B` batch, `T` queries, `S` keys, `H` heads, `D` features of a head. Queries, keys and values lie as
`(B, T, H, D)`, as the projections leave them; scores lie as `(B, H, T, S)`. BLAS reads heads where they are, since the
features of one head lie side by side. `primitives/attention.py` has the formulas.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.row_blocks import BLOCK, filled, share
from babytf.engine.workspace import room

Piece = tuple[slice, slice]

_ROOM = 30.0  # e^30 and e^-30, their sums and products, are far from overflow in single precision


def _pieces(batch: int, heads: int, each: int) -> list[Piece]:
    """Slices of batch and heads with about a block of scores."""
    every = slice(None)
    if heads * each <= BLOCK:
        step = max(1, BLOCK // max(heads * each, 1))
        return [(slice(b, b + step), every) for b in range(0, batch, step)]
    step = max(1, BLOCK // each)
    return [(slice(b, b + 1), slice(h, h + step)) for b in range(batch) for h in range(0, heads, step)]


def _by_head(x: np.ndarray, piece: Piece) -> np.ndarray:
    """`(B, T, H, D)` of a piece, seen as `(B, H, T, D)`."""
    found: np.ndarray = x[piece[0], :, piece[1]].transpose(0, 2, 1, 3)
    return found


def _all(scores: Any) -> list[Piece]:
    return _pieces(scores.shape[0], scores.shape[1], scores.shape[2] * scores.shape[3])


def scores(q: np.ndarray, k: np.ndarray, out: np.ndarray) -> None:
    """`out[b, h, t, s]` is the product of query `t` and key `s` in head `h`."""

    def work(piece: Piece) -> None:
        np.matmul(_by_head(q, piece), _by_head(k, piece).swapaxes(2, 3), out=out[piece])

    share(work, _all(out))


def mix(p: np.ndarray, v: np.ndarray, out: np.ndarray) -> None:
    """`out[b, t, h]` is the sum over `s` of `p[b, h, t, s] v[b, s, h]`."""

    def work(piece: Piece) -> None:
        np.matmul(p[piece], _by_head(v, piece), out=_by_head(out, piece))

    share(work, _all(p))


def mix_back(p: np.ndarray, g: np.ndarray, out: np.ndarray) -> None:
    """`out[b, s, h]` is the sum over `t` of `p[b, h, t, s] g[b, t, h]`."""

    def work(piece: Piece) -> None:
        np.matmul(p[piece].swapaxes(2, 3), _by_head(g, piece), out=_by_head(out, piece))

    share(work, _all(p))


def exponentials(q: np.ndarray, k: np.ndarray, bias: np.ndarray, out: np.ndarray) -> None:
    """`e` to the scores plus bias; a bias of shape `()` is none.

    Each row's largest score is taken away first only in samples with scores for which that is needed: one look at the
    largest of a sample is cheap, one at each row is not. What the rows are divided by later makes up for it.
    """
    added = np.broadcast_to(bias, out.shape) if bias.ndim else None

    def work(piece: Piece) -> None:
        e = out[piece]
        np.matmul(_by_head(q, piece), _by_head(k, piece).swapaxes(2, 3), out=e)
        if added is not None:
            np.add(e, added[piece], out=e)
        samples = e.reshape(len(e), -1)
        fits = np.maximum.reduce(samples, axis=1) <= _ROOM
        fits &= np.minimum.reduce(samples, axis=1) >= -_ROOM
        if e.dtype.itemsize >= 4 and fits.all():
            np.exp(e, out=e)
            return
        for sample, fit in zip(e, fits, strict=True):
            if not fit or e.dtype.itemsize < 4:
                np.subtract(sample, np.maximum.reduce(sample, axis=-1, keepdims=True), out=sample)
            np.exp(sample, out=sample)

    share(work, _all(out))


def inverse_sums(e: np.ndarray, out: np.ndarray) -> None:
    """One over the sum of each row."""

    def work(piece: Piece) -> None:
        part = out[piece]
        np.matmul(e[piece], filled(e.shape[-1], e.dtype), out=part[..., 0])
        np.reciprocal(part, out=part)

    share(work, _all(e))


def context(e: np.ndarray, inverse: np.ndarray, v: np.ndarray, out: np.ndarray) -> None:
    """`mix`, each row then multiplied with its inverse sum: the context is shorter by far than the weights."""

    def work(piece: Piece) -> None:
        c = _by_head(out, piece)
        np.matmul(e[piece], _by_head(v, piece), out=c)
        np.multiply(c, inverse[piece], out=c)

    share(work, _all(e))


def scores_gradient(g: np.ndarray, context: np.ndarray, v: np.ndarray, e: np.ndarray, out: np.ndarray) -> None:
    """`e (g v - g context)`.

    Both products are one: that of `g` and, as a further column, `-g context`, with `v` and a column of ones.
    """
    size = v.shape[3]

    def work(piece: Piece) -> None:
        given, values = _by_head(g, piece), _by_head(v, piece)
        wide = room("block 0", (*given.shape[:3], size + 1), g.dtype)
        np.copyto(wide[..., :size], given)
        product = room("block 1", given.shape, g.dtype)
        np.multiply(given, _by_head(context, piece), out=product)
        np.matmul(product, filled(size, g.dtype, -1.0), out=wide[..., size])
        wide_values = room("block 2", (*values.shape[:3], size + 1), g.dtype)
        np.copyto(wide_values[..., :size], values)
        wide_values[..., size] = 1
        d = out[piece]
        np.matmul(wide, wide_values.swapaxes(2, 3), out=d)
        np.multiply(d, e[piece], out=d)

    share(work, _all(e))
