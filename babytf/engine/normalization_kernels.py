"""Normalization by rows and by columns, a block of rows at a time: every pass over a block finds it in the cache.

`primitives/normalization.py` has the formulas.
"""

from __future__ import annotations

import numpy as np

from babytf.engine.row_blocks import blocks, filled, share, workspace

# --- each row by its own mean and variance


def standardize_rows(x: np.ndarray, center: bool, epsilon: float, out: np.ndarray) -> None:
    """The standardized rows, and behind them in `out` what each row was multiplied with."""
    count, features = x.shape
    standard, inverse = out[: x.size].reshape(x.shape), out[x.size :]
    share_of_one = filled(features, x.dtype, 1.0 / features)

    def work(rows: slice) -> None:
        source, y, s = x[rows], standard[rows], inverse[rows]
        if center:
            np.matmul(source, share_of_one, out=s)
            np.subtract(source, s[:, None], out=y)
            source = y
        np.vecdot(source, source, out=s)
        np.divide(s, features, out=s)
        np.add(s, epsilon, out=s)
        np.sqrt(s, out=s)
        np.reciprocal(s, out=s)
        np.multiply(source, s[:, None], out=y)

    share(work, blocks(count, features))


def row_norm_gradient(
    g: np.ndarray, gamma: np.ndarray, standard: np.ndarray, inverse: np.ndarray, center: bool, out: np.ndarray
) -> None:
    """`inverse (a - mean(a) - standard mean(a standard))` by row, with `a = g gamma`."""
    count, features = g.shape
    share_of_one = filled(features, g.dtype, 1.0 / features)

    def work(rows: slice) -> None:
        a, y = out[rows], standard[rows]
        np.multiply(g[rows], gamma, out=a)
        mean, slope = (workspace((len(a),), a.dtype, i) for i in (0, 1))
        np.vecdot(a, y, out=slope)
        np.divide(slope, features, out=slope)
        if center:
            np.matmul(a, share_of_one, out=mean)
        t = workspace(a.shape, a.dtype, 2)
        np.multiply(y, slope[:, None], out=t)
        np.subtract(a, t, out=a)
        if center:
            np.subtract(a, mean[:, None], out=a)
        np.multiply(a, inverse[rows], out=a)

    share(work, blocks(count, features))
