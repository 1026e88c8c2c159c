"""Attention, a few heads at a time: scores, weights and sums of one block stay in the cache, blocks go to threads.

Axes: `B` batch, `T` queries, `S` keys, `H` heads, `D` features of a head. Queries, keys and values lie as
`(B, T, H, D)`, as the projections leave them; scores lie as `(B, H, T, S)`. BLAS reads heads where they are, since the
features of one head lie side by side. `primitives/attention.py` has the formulas.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.row_blocks import BLOCK, filled, share, workspace

Piece = tuple[slice, slice]

_ROOM = 60.0  # e^60, summed over any number of keys, is far from overflow in single precision
_ENOUGH = 1e-20  # a sum that keeps all its digits, though terms far below it are lost


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


def weights(q: np.ndarray, k: np.ndarray, bias: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """Softmax over the keys of scores plus bias; a bias of shape `()` is none."""
    added = np.broadcast_to(bias, out.shape) if bias.ndim else None

    def given(piece: Piece) -> np.ndarray:
        s = out[piece]
        np.matmul(_by_head(q, piece), _by_head(k, piece).swapaxes(2, 3), out=s)
        if added is not None:
            np.add(s, added[piece], out=s)
        return s

    def work(piece: Piece) -> None:
        if not _softmax_unshifted(given(piece), row[piece]):
            _softmax(given(piece), row[piece])

    share(work, _all(out))


def _softmax_unshifted(s: np.ndarray, row: np.ndarray) -> bool:
    """Softmax in place without taking each row's largest away, where nothing overflows; whether that was so.

    One look at the largest of a whole block is cheap, one at each row is not.
    """
    if s.dtype.itemsize < 4 or not np.maximum.reduce(s, axis=None) <= _ROOM:
        return False
    np.exp(s, out=s)
    total = row.reshape(-1)
    np.matmul(s.reshape(total.size, -1), filled(s.shape[-1], s.dtype), out=total)
    if not np.minimum.reduce(total) >= _ENOUGH:
        return False
    np.divide(s, row, out=s)
    return True


def _softmax(s: np.ndarray, row: np.ndarray) -> None:
    np.maximum.reduce(s, axis=-1, keepdims=True, out=row)
    np.subtract(s, row, out=s)
    np.exp(s, out=s)
    np.add.reduce(s, axis=-1, keepdims=True, out=row)
    np.divide(s, row, out=s)


def scores_gradient(g: np.ndarray, p: np.ndarray, v: np.ndarray, row: np.ndarray, out: np.ndarray) -> None:
    """From the gradient of the context to that of the scores: `p (d - sum(p d))` with `d = g v`."""

    def work(piece: Piece) -> None:
        d, weight = out[piece], p[piece]
        np.matmul(_by_head(g, piece), _by_head(v, piece).swapaxes(2, 3), out=d)
        product = workspace(d.shape, d.dtype)
        np.multiply(d, weight, out=product)
        total = row[piece].reshape(-1)
        np.matmul(product.reshape(total.size, -1), filled(d.shape[-1], d.dtype), out=total)
        np.subtract(d, row[piece], out=d)
        np.multiply(d, weight, out=d)

    share(work, _all(out))
