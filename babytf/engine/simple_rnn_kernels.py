r"""The simplest recurrence, $h_t = \tanh(x_t W + h_{t-1} U + b)$, and the same backwards.

`states` holds $h_0, …, h_T$; each row is `(B, U)`. `lstm_kernels.py` says more about how such loops are laid out.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np

from babytf.engine import threads

Loop = Callable[..., Any]


def simple_rnn(
    x: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray,
    h0: np.ndarray,
    mask: np.ndarray,
    product: np.ndarray,
    out: np.ndarray,
    *,
    step: Loop | None = None,
) -> None:
    """Fill `states` (`out`).

    Args:
        x: Inputs, `(T, B, F)`.
        kernel: Weights of the inputs, `(F, U)`.
        recurrent: Weights of the last output, `(U, U)`.
        bias: `(U,)`.
        h0: First output, `(B, U)`.
        mask: `(T, B)`; where it is false, a step changes nothing. Of size 0 for none.
        product: Memory, `(B, U)`.
        out: `(T + 1, B, U)`.
        step: What follows the product in each step, `loops.simple_rnn_step`, compiled.
    """
    steps, batch, features = x.shape
    out[0] = h0
    with threads.one_thread():
        z = out[1:].reshape(steps * batch, -1)
        threads.multiply(threads.parts(x.reshape(steps * batch, features), kernel, z))
        np.add(z, bias, out=z)
        flat = out.reshape(steps + 1, -1), product.reshape(1, -1)
        for t, before, h, active in zip(range(steps), out, out[1:], mask if mask.size else repeat(None), strict=False):
            np.matmul(before, recurrent, product)
            if step is None:
                np.add(h, product, h)
                np.tanh(h, h)
            else:
                step(*flat, t)
            if active is not None:
                np.copyto(h, before, where=~active[:, None])


def simple_rnn_gradient(
    g: np.ndarray,
    states: np.ndarray,
    recurrent: np.ndarray,
    mask: np.ndarray,
    first: int,
    product: np.ndarray,
    out: np.ndarray,
) -> None:
    r"""Backwards through time: $\bar z_t = \bar h_t (1 - h_t^2)$ and $\bar h_{t-1} = \bar z_t U^\top$.

    Args:
        g: Gradient of some of the rows of `states`, `(N, B, U)`.
        states: What `simple_rnn` filled.
        recurrent: As for `simple_rnn`.
        mask: As for `simple_rnn`.
        first: Which of those rows `g` begins with.
        product: Memory, `(B, U)`.
        out: The gradients of $z$, `(T, B, U)`, and of $h_0$, in one vector.
    """
    steps, (batch, units) = len(states) - 1, states.shape[1:]
    dz = out[: -batch * units].reshape(steps, batch, units)
    dh = out[-batch * units :].reshape(batch, units)
    given = dict(enumerate(g, first))
    dh[...] = given.get(steps, 0)
    np.multiply(states[1:], states[1:], out=dz)
    np.subtract(out.dtype.type(1), dz, out=dz)
    if mask.size:
        np.multiply(dz, mask[:, :, None], out=dz)
    transposed = recurrent.T
    with threads.one_thread():
        for t in range(steps - 1, -1, -1):
            dz_t = dz[t]
            np.multiply(dz_t, dh, dz_t)
            if mask.size:
                np.matmul(dz_t, transposed, product)
                np.copyto(dh, product, where=mask[t, :, None])
            else:
                np.matmul(dz_t, transposed, dh)
            if t in given:
                np.add(dh, given[t], dh)
