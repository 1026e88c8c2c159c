"""`lstm_kernels.py` with its loops over time compiled: `loops.lstm_steps` and `loops.lstm_back`.

Each thread goes through all steps for samples of its own, without Python in between. So the loops make the products as
well. Where there are many units, BLAS is better at that, and Python calls it in each step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from babytf.engine import threads
from babytf.engine.ahead import LONG, WORTH, before, for_samples
from babytf.engine.lstm_kernels import begun, parts, with_inputs
from babytf.engine.tiles import panels

Loop = Callable[..., Any]

OWN = 128
"""Units, or features of the inputs, up to which loops make the products themselves."""


def _least(steps: int, units: int) -> int:
    """Elements of a state from which on each thread has samples of its own."""
    return LONG // 4 if units > OWN else -(-WORTH // steps)


def _plain(x: np.ndarray) -> np.ndarray:
    """An array in one piece that may be written to: of the one type that loops are compiled for."""
    return x if x.flags.c_contiguous and x.flags.writeable else np.array(x, order="C")


def _flat(x: np.ndarray) -> np.ndarray:
    """With samples and units as one axis."""
    return x.reshape(*x.shape[:-2], -1)


def _panels(w: np.ndarray, used: bool) -> np.ndarray:
    return panels(w if used else w[..., :1, :1])


def _mask(mask: np.ndarray) -> np.ndarray:
    return _plain(mask) if mask.size else np.zeros((0, 0), bool)


def lstm(
    x: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray,
    h0: np.ndarray,
    c0: np.ndarray,
    mask: np.ndarray,
    w: np.ndarray,
    u: np.ndarray,
    b: np.ndarray,
    product: np.ndarray,
    out: np.ndarray,
    *,
    loop: Loop,
) -> None:
    """See `lstm_kernels.lstm`; `loop` is `loops.lstm_steps`, compiled."""
    steps, batch, units = len(x), *h0.shape
    gates, tanh_c, h, c = begun(out, h0, c0, (kernel, w), (recurrent, u), (bias, b))
    own, written = int(units <= OWN), x.shape[2] > OWN
    inputs = np.zeros((steps, 0), x.dtype) if written else _flat(_plain(x))
    states = (_flat(y) for y in (product, gates, tanh_c, c[::-1], h))
    arrays = inputs, _panels(w, not written), b[:, 0], _panels(u, units <= OWN), *states, _mask(mask)

    def go(mine: slice) -> None:
        if own:
            loop(*arrays, 0, steps, mine.start * units, mine.stop * units, own)
            return
        for t in range(steps):
            np.matmul(h[t, mine], u, product[:, mine])
            loop(*arrays, t, t + 1, mine.start * units, mine.stop * units, own)

    with threads.one_thread():
        if written:
            before(with_inputs(x, w, b, gates), steps, batch * units)
        for_samples(go, batch, units, _least(steps, units))


def lstm_gradient(
    g: np.ndarray,
    states: np.ndarray,
    recurrent: np.ndarray,
    mask: np.ndarray,
    first: int,
    unused: np.ndarray,
    memory: np.ndarray,
    out: np.ndarray,
    *,
    loop: Loop,
) -> None:
    """See `lstm_kernels.lstm_gradient`; `loop` is `loops.lstm_back`, compiled, which finds the slopes as it goes."""
    batch, units = states.shape[1:]
    steps = (len(states) - 2) // 7
    gates, tanh_c, _, c = parts(states, steps)
    size = 4 * steps * batch * units
    dz = out[:size].reshape(steps, batch, 4 * units)
    dh, d_carry = out[size:].reshape(2, batch, units)
    rows = range(first, first + len(g))
    dh[...] = g[steps - first] if steps in rows else 0
    d_carry[...] = g[steps + 1 - first] if steps + 1 in rows else 0
    through_c, product = memory
    own = int(units <= OWN)
    back = recurrent.T
    flat = [_flat(y) for y in (_plain(g), gates, tanh_c, c[::-1])]
    arrays = (
        *flat,
        _panels(back, units <= OWN),
        units,
        *(_flat(y) for y in (dh, through_c, d_carry, dz)),
        _mask(mask),
        first,
    )

    def go(mine: slice) -> None:
        if own:
            loop(*arrays, 0, steps, mine.start * units, mine.stop * units, own)
            return
        for t in range(steps - 1, -1, -1):
            loop(*arrays, t, t + 1, mine.start * units, mine.stop * units, own)
            np.matmul(dz[t, mine], back, product[mine])
            np.add(dh[mine], product[mine], dh[mine])
            if t in rows:
                np.add(dh[mine], g[t - first, mine], dh[mine])

    with threads.one_thread():
        for_samples(go, batch, units, _least(steps, units))
