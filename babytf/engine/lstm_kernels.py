r"""Long short-term memory over time, and the same backwards.

All steps' products with the input are one matrix product; a step adds the product with the last step's output, and
evaluates the gates. What the way back needs is kept, each kind in a block of its own, so that every statement works
on whole blocks of memory:

| rows of `states`, each `(B, U)` | hold |
| --- | --- |
| `[: 4T]` | the gates $i$, $f$, $o$ of all steps, then *minus* the candidates $\tilde c$ |
| `[4T : 5T]` | $\tanh c_t$ |
| `[5T : 6T + 1]` | $h_0, …, h_T$ |
| `[6T + 1 :]` | $c_T, …, c_0$, backwards, so that what users see, $h_1, …, h_T, c_T$, is one block |

Weights are used with their sign turned: $\sigma(z) = 1 / (1 + e^{-z})$ then needs no statement for the minus.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np

from babytf.engine import threads

Loop = Callable[..., Any]


def _parts(states: np.ndarray, steps: int) -> tuple[np.ndarray, ...]:
    """The gates `(4, T, B, U)`, `tanh c`, `h` from step 0 and `c` from step 0."""
    gates = states[: 4 * steps].reshape(4, steps, *states.shape[1:])
    return gates, states[4 * steps : 5 * steps], states[5 * steps : 6 * steps + 1], states[6 * steps + 1 :][::-1]


def _turned(weights: np.ndarray, out: np.ndarray) -> None:
    """Minus the weights `(N, 4U)` of i, f, c, o, as four blocks in the order i, f, o, c."""
    blocks = weights.reshape(-1, 4, out.shape[-1]).transpose(1, 0, 2)
    np.negative(blocks[:2], out=out[:2])
    np.negative(blocks[:1:-1], out=out[2:])


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
    step: Loop | None = None,
) -> None:
    """Fill `states` (`out`).

    Args:
        x: Inputs, `(T, B, F)`.
        kernel: Weights of the inputs, `(F, 4U)`, gates in the order i, f, c, o.
        recurrent: Weights of the last output, `(U, 4U)`.
        bias: `(4U,)`.
        h0: First output, `(B, U)`.
        c0: First carry, `(B, U)`.
        mask: `(T, B)`; where it is false, a step changes nothing. Of size 0 for none.
        w: Memory, `(4, F, U)`.
        u: Memory, `(4, U, U)`.
        b: Memory, `(4, 1, U)`.
        product: Memory, `(4, B, U)`.
        out: `(7T + 2, B, U)`.
        step: What follows the product in each step, `loops.lstm_step`, compiled; by default it is done here.
    """
    steps, batch, features = x.shape
    gates, tanh_c, h, c = _parts(out, steps)
    h[0], c[0] = h0, c0
    _turned(kernel, w)
    _turned(recurrent, u)
    _turned(bias, b)
    with threads.one_thread():
        z = gates.reshape(4, steps * batch, -1)
        threads.multiply(threads.parts(x.reshape(steps * batch, features), w, z))
        np.add(z, b, out=z)
        if step is None:
            _steps(gates, u, product, tanh_c, h, c, mask)
            return
        flat = [x.reshape(*x.shape[:-2], -1) for x in (gates, product, tanh_c, c[::-1], h)]
        for t in range(steps):
            np.matmul(h[t], u, product)
            step(*flat, t)
            if mask.size:
                _stay(mask[t], (c[t], c[t + 1]), (h[t], h[t + 1]))


def _steps(
    gates: np.ndarray,
    u: np.ndarray,
    product: np.ndarray,
    tanh_c: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    mask: np.ndarray,
) -> None:
    """The steps one after the other; `gates` holds the products with the inputs."""
    one, term, each = h.dtype.type(1), product[0], gates.transpose(1, 0, 2, 3)
    for h_before, c_before, z, ifo, i, f, o, candidate, c_t, tanh_c_t, h_t, active in zip(
        h, c, each, each[:, :3], *gates, c[1:], tanh_c, h[1:], mask if mask.size else repeat(None), strict=False
    ):
        np.matmul(h_before, u, product)
        np.add(z, product, z)
        np.tanh(candidate, candidate)
        np.exp(ifo, ifo)
        np.add(ifo, one, ifo)
        np.divide(one, ifo, ifo)
        np.multiply(f, c_before, c_t)
        np.multiply(i, candidate, term)
        np.subtract(c_t, term, c_t)
        np.tanh(c_t, tanh_c_t)
        np.multiply(o, tanh_c_t, h_t)
        if active is not None:
            _stay(active, (c_before, c_t), (h_before, h_t))


def _stay(active: np.ndarray, *states: tuple[np.ndarray, np.ndarray]) -> None:
    """Where a step does not count, a state stays what it was."""
    for before, now in states:
        np.copyto(now, before, where=~active[:, None])


def lstm_gradient(
    g: np.ndarray,
    states: np.ndarray,
    recurrent: np.ndarray,
    mask: np.ndarray,
    first: int,
    factors: np.ndarray,
    through_c: np.ndarray,
    memory: np.ndarray,
    out: np.ndarray,
    *,
    step: Loop | None = None,
) -> None:
    r"""Backwards through time.

    With $\bar h$, $\bar c$ for the gradients of $h_t$, $c_t$, and $\phi'$ for the slope of a gate,

    $$ \bar c \mathrel{+}= \bar h \, o (1 - \tanh^2 c_t), \quad
       \bar z = (\bar c \, \tilde c \, i', \; \bar c \, c_{t-1} f', \; \bar c \, i \, \tilde c', \;
                 \bar h \tanh(c_t) \, o'), \quad
       \bar h_{t-1} = \bar z U^\top, \quad \bar c_{t-1} = \bar c f. $$

    All but $\bar h$ and $\bar c$ is known beforehand, and computed for several steps at once.

    Args:
        g: Gradient of some of the rows $h_0, …, h_T, c_T$, `(N, B, U)`.
        states: What `lstm` filled.
        recurrent: As for `lstm`.
        mask: As for `lstm`.
        first: Which of those rows `g` begins with.
        factors: Memory, `(4, n, B, U)` for n steps at once.
        through_c: Memory, `(n, B, U)`.
        memory: Memory, `(2, B, U)`.
        out: The gradients of $z$, `(T, B, 4U)`, of $h_0$ and of $c_0$, in one vector.
        step: What precedes the product in each step, `loops.lstm_back`, compiled; by default it is done here.
    """
    batch, units = states.shape[1:]
    steps = (len(states) - 2) // 7
    gates, tanh_c, _, c = _parts(states, steps)
    size = batch * units
    dz = out[: 4 * steps * size].reshape(steps, batch, 4, units)
    dh, dc = out[4 * steps * size :].reshape(2, batch, units)
    d_carry, term = memory
    one = out.dtype.type(1)
    given = dict(enumerate(g, first))  # by row
    dh[...] = given.get(steps, 0)
    d_carry[...] = given.get(steps + 1, 0)
    transposed = recurrent.T
    at_once = factors.shape[1]
    with threads.one_thread():
        if step is not None:
            flat = [x.reshape(*x.shape[:-2], -1) for x in (gates, tanh_c, c[::-1], dh, dc, d_carry)]
            for t in range(steps - 1, -1, -1):
                dz_t = dz[t].reshape(batch, -1)
                if not mask.size:
                    step(*flat, dz[t], t)
                    np.matmul(dz_t, transposed, dh)
                else:
                    stays = ~mask[t, :, None]
                    np.copyto(term, d_carry)
                    step(*flat, dz[t], t)
                    np.copyto(dz_t, 0, where=stays)
                    np.copyto(d_carry, term, where=stays)
                    np.matmul(dz_t, transposed, term)
                    np.copyto(dh, term, where=~stays)
                if t in given:
                    np.add(dh, given[t], dh)
            steps = 0
        for stop in range(steps, 0, -at_once):
            start = max(stop - at_once, 0)
            some = slice(start, stop)
            i, f, o, candidate = gates[:, some]
            d_i, d_f, d_c, d_o = a = factors[:, : stop - start]
            k = through_c[: stop - start]
            np.subtract(gates[:3, some], one, out=a[:3])  # a slope s (1 - s), with its sign turned
            np.multiply(a[:3], gates[:3, some], out=a[:3])
            np.multiply(d_c, tanh_c[some], out=d_o)  # d_c held the slope of o
            np.negative(d_o, out=d_o)
            np.multiply(d_i, candidate, out=d_i)  # both with their sign turned
            np.multiply(d_f, c[some], out=d_f)
            np.negative(d_f, out=d_f)
            np.multiply(candidate, candidate, out=d_c)
            np.subtract(one, d_c, out=d_c)
            np.multiply(d_c, i, out=d_c)
            np.multiply(tanh_c[some], tanh_c[some], out=k)
            np.subtract(one, k, out=k)
            np.multiply(k, o, out=k)
            if mask.size:
                np.multiply(a, mask[some, :, None], out=a)
                np.multiply(k, mask[some, :, None], out=k)
            each = a.transpose(1, 0, 2, 3)
            for t in range(stop - 1, start - 1, -1):
                n = t - start
                dz_t = dz[t]
                np.multiply(dh, k[n], dc)
                np.add(dc, d_carry, dc)
                np.multiply(each[n, :3], dc, dz_t[:, :3].transpose(1, 0, 2))
                np.multiply(d_o[n], dh, dz_t[:, 3])
                if not mask.size:
                    np.multiply(dc, f[n], d_carry)
                    np.matmul(dz_t.reshape(batch, -1), transposed, dh)
                else:
                    stays = ~mask[t, :, None]
                    np.multiply(dc, f[n], d_carry)
                    np.copyto(d_carry, dc, where=stays)
                    np.matmul(dz_t.reshape(batch, -1), transposed, term)
                    np.copyto(dh, term, where=~stays)
                if t in given:
                    np.add(dh, given[t], dh)
    dc[...] = d_carry
