"""Attention, a few heads at a time: scores, weights and sums of one block stay in the cache, blocks go to threads.

Axes: `B` batch, `T` queries, `S` keys, `H` heads, `D` features of a head. Queries, keys and values lie as
`(B, T, H, D)`, as the projections leave them; scores lie as `(B, H, T, S)`. BLAS reads heads where they are, since the
features of one head lie side by side. `primitives/attention.py` has the formulas.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from babytf.engine.row_blocks import BLOCK, filled, share, workspace

Piece = tuple[slice, slice]

_ROOM = 30.0  # e^30, and its products, are far from overflow in single precision
_ENOUGH = 1e-13  # a sum whose inverse is, too


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
    return x[piece[0], :, piece[1]].transpose(0, 2, 1, 3)


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


def _exponentials(
    q: np.ndarray, k: np.ndarray, bias: np.ndarray | None, piece: Piece, e: np.ndarray, total: np.ndarray
) -> None:
    """For a piece, `e` is the exponential of scores plus bias, and `total` its sum over the keys.

    Each row's largest score is taken away first only if a block holds scores for which that is needed: one look at
    the largest of a block is cheap, one at each row is not. What the rows are divided by later makes up for it.
    """
    given = _by_head(q, piece), _by_head(k, piece).swapaxes(2, 3)
    for shifted in (False, True):
        np.matmul(*given, out=e)
        if bias is not None:
            np.add(e, bias[piece], out=e)
        if shifted:
            np.maximum.reduce(e, axis=-1, keepdims=True, out=total)
            np.subtract(e, total, out=e)
        elif e.dtype.itemsize < 4 or not np.maximum.reduce(e, axis=None) <= _ROOM:
            continue
        np.exp(e, out=e)
        sums = total.reshape(-1)
        np.matmul(e.reshape(sums.size, -1), filled(e.shape[-1], e.dtype), out=sums)
        if shifted or np.minimum.reduce(sums) >= _ENOUGH:
            return


def weights(q: np.ndarray, k: np.ndarray, bias: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """Softmax over the keys of scores plus bias; a bias of shape `()` is none."""
    added = np.broadcast_to(bias, out.shape) if bias.ndim else None

    def work(piece: Piece) -> None:
        _exponentials(q, k, added, piece, out[piece], row[piece])
        np.divide(out[piece], row[piece], out=out[piece])

    share(work, _all(out))


def sections(vector: np.ndarray, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Arrays of these shapes that lie one behind the other in a vector."""
    found, start = [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        found.append(vector[start:stop].reshape(shape))
        start = stop
    return found


def attend(q: np.ndarray, k: np.ndarray, v: np.ndarray, bias: np.ndarray, out: np.ndarray) -> None:
    """In `out`: the exponentials `(B, H, T, S)`, one over their sums `(B, H, T, 1)`, the context `(B, T, H, D)`."""
    shape = (q.shape[0], q.shape[2], q.shape[1], k.shape[1])
    e, inverse, context = sections(out, shape, (*shape[:3], 1), (*q.shape[:3], v.shape[3]))
    added = np.broadcast_to(bias, shape) if bias.ndim else None

    def work(piece: Piece) -> None:
        w, c = inverse[piece], _by_head(context, piece)
        _exponentials(q, k, added, piece, e[piece], w)
        np.reciprocal(w, out=w)
        np.matmul(e[piece], _by_head(v, piece), out=c)
        np.multiply(c, w, out=c)  # shorter by far than the weights

    share(work, _all(e))


def attend_gradient(
    g: np.ndarray,
    context: np.ndarray,
    q: np.ndarray,
    k: np.ndarray,
    v: np.ndarray,
    e: np.ndarray,
    inverse: np.ndarray,
    out: np.ndarray,
) -> None:
    """In `out`: the gradients of `q`, `k` and `v`, from that of the context.

    That of the scores is `p (g v - g context)` with weights `p`. Both products are one: of `g` and, as a further
    column, `-g context`, with `v` and a column of ones. It stays in the cache.
    """
    to_q, to_k, to_v = sections(out, q.shape, k.shape, v.shape)
    size = v.shape[3]

    def work(piece: Piece) -> None:
        exponentials, values = e[piece], _by_head(v, piece)
        rows = exponentials.shape[:3]
        wide = workspace((*rows, size + 1), g.dtype, 0)
        scaled = wide[..., :size]
        np.multiply(_by_head(g, piece), inverse[piece], out=scaled)
        product = workspace((*rows, size), g.dtype, 1)
        np.multiply(scaled, _by_head(context, piece), out=product)
        np.matmul(product, filled(size, g.dtype, -1.0), out=wide[..., size])
        wide_values = workspace((*values.shape[:3], size + 1), g.dtype, 2)
        np.copyto(wide_values[..., :size], values)
        wide_values[..., size] = 1
        d = workspace(exponentials.shape, g.dtype, 3)
        np.matmul(wide, wide_values.swapaxes(2, 3), out=d)
        np.multiply(d, exponentials, out=d)
        np.matmul(d, _by_head(k, piece), out=_by_head(to_q, piece))
        np.matmul(d.swapaxes(2, 3), _by_head(q, piece), out=_by_head(to_k, piece))
        np.matmul(exponentials.swapaxes(2, 3), scaled, out=_by_head(to_v, piece))

    share(work, _all(e))
