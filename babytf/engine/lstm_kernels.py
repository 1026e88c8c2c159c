r"""Long short-term memory over time, and the same backwards.

A step adds to the product with its input that with the last step's output, and evaluates the gates. What the way back
needs is kept, so that every statement works on whole blocks of memory:

| rows of `states`, each `(B, U)` | hold |
| --- | --- |
| `[: 4T]` | of each step the gates $i$, $f$, $o$, and *minus* the candidates $\tilde c$ |
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
from babytf.engine.ahead import LONG, LONG_COMPILED, Ahead, for_samples, growing, run, steps_at_once, stretches

Loop = Callable[..., Any]


def _parts(states: np.ndarray, steps: int) -> tuple[np.ndarray, ...]:
    """The gates `(T, 4, B, U)`, `tanh c`, `h` from step 0 and `c` from step 0."""
    gates = states[: 4 * steps].reshape(steps, 4, *states.shape[1:])
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
    steps, batch, units = len(x), *h0.shape
    gates, tanh_c, h, c = _parts(out, steps)
    h[0], c[0] = h0, c0
    _turned(kernel, w)
    _turned(recurrent, u)
    _turned(bias, b)
    x = x[:, None]

    def with_input(some: slice, mine: slice) -> None:
        z = gates[some, :, mine]
        np.matmul(x[some, :, mine], w, z)
        np.add(z, b, z)

    def loop(calls: Ahead, mine: slice) -> None:
        chunks = growing(steps, steps_at_once(steps, (mine.stop - mine.start) * units))
        numbers = [calls.give(with_input, some, mine) for some in chunks]
        for some, number in zip(chunks, numbers, strict=True):
            calls.need(number)
            if step is None:
                after = slice(some.start + 1, some.stop + 1)
                _steps(
                    *(gates[some, :, mine], u, product[:, mine], tanh_c[some, mine], h[some, mine], c[some, mine]),
                    *(h[after, mine], c[after, mine], mask[some, mine] if mask.size else None),
                )
                continue
            for t in range(some.start, some.stop):
                np.matmul(h[t, mine], u, product[:, mine])
                step(*flat, t, mine.start * units, mine.stop * units)
                if mask.size:
                    _stay(mask[t, mine], (c[t, mine], c[t + 1, mine]), (h[t, mine], h[t + 1, mine]))

    flat = [y.reshape(*y.shape[:-2], -1) for y in (gates, product, tanh_c, c[::-1], h)]
    with threads.one_thread():
        run(loop, steps, batch, units)


def _steps(
    gates: np.ndarray,
    u: np.ndarray,
    product: np.ndarray,
    tanh_c: np.ndarray,
    h_before: np.ndarray,
    c_before: np.ndarray,
    h: np.ndarray,
    c: np.ndarray,
    mask: np.ndarray | None,
) -> None:
    """Steps one after the other; `gates` holds the products with the inputs."""
    one, term = h.dtype.type(1), product[0]
    for h_last, c_last, z, ifo, i, f, o, candidate, c_t, tanh_c_t, h_t, active in zip(
        *(h_before, c_before, gates, gates[:, :3], *gates.swapaxes(0, 1), c, tanh_c, h),
        repeat(None) if mask is None else mask,
        strict=False,
    ):
        np.matmul(h_last, u, product)
        np.add(z, product, z)
        np.tanh(candidate, candidate)
        np.exp(ifo, ifo)
        np.add(ifo, one, ifo)
        np.divide(one, ifo, ifo)
        np.multiply(f, c_last, c_t)
        np.multiply(i, candidate, term)
        np.subtract(c_t, term, c_t)
        np.tanh(c_t, tanh_c_t)
        np.multiply(o, tanh_c_t, h_t)
        if active is not None:
            _stay(active, (c_last, c_t), (h_last, h_t))


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
        factors: Memory, `(n, 4, B, U)` for n steps at once.
        through_c: Memory, `(n, B, U)`.
        memory: Memory, `(2, B, U)`.
        out: The gradients of $z$, `(T, B, 4U)`, of $h_0$ and of $c_0$, in one vector.
        step: What precedes the product in each step, `loops.lstm_back`, compiled; by default it is done here.
    """
    batch, units = states.shape[1:]
    steps = (len(states) - 2) // 7
    gates, tanh_c, h, c = _parts(states, steps)
    size = batch * units
    dz = out[: 4 * steps * size].reshape(steps, batch, 4, units)
    dz_rows = dz.reshape(steps * batch, 4 * units)
    dh, dc = out[4 * steps * size :].reshape(2, batch, units)
    d_carry, term = memory
    given = dict(enumerate(g, first))  # by row
    dh[...] = given.get(steps, 0)
    d_carry[...] = given.get(steps + 1, 0)
    transposed = recurrent.T
    flat = [y.reshape(*y.shape[:-2], -1) for y in (gates, tanh_c, c[::-1], dh, dc, d_carry)]

    def loop(mine: slice) -> None:
        for now in stretches(steps, len(factors))[::-1]:
            if step is None:
                back(now, mine)
            else:
                compiled_back(now, mine, step)

    def back(some: slice, mine: slice) -> None:
        a, k = (y[: some.stop - some.start, ..., mine, :] for y in (factors, through_c))
        counts = mask[some, mine, None] if mask.size else None
        after = slice(some.start + 1, some.stop + 1)
        _slopes(gates[some, :, mine], tanh_c[some, mine], c[some, mine], h[after, mine], counts, a, k)
        d, d_h, d_c, carry, other = dz[some, mine], dh[mine], dc[mine], d_carry[mine], term[mine]
        for t, a_ifc, a_o, k_t, f, d_ifc, d_o, d_t in zip(
            range(some.stop - 1, some.start - 1, -1),
            *(y[::-1] for y in (a[:, :3], a[:, 3], k, gates[some, 1, mine])),
            *(y[::-1] for y in (d[:, :, :3].swapaxes(1, 2), d[:, :, 3], dz_rows.reshape(steps, batch, -1)[some, mine])),
            strict=True,
        ):
            np.multiply(d_h, k_t, d_c)
            np.add(d_c, carry, d_c)
            np.multiply(a_ifc, d_c, d_ifc)
            np.multiply(a_o, d_h, d_o)
            np.multiply(d_c, f, carry)
            if not mask.size:
                np.matmul(d_t, transposed, d_h)
            else:
                stays = ~mask[t, mine, None]
                np.copyto(carry, d_c, where=stays)
                np.matmul(d_t, transposed, other)
                np.copyto(d_h, other, where=~stays)
            if t in given:
                np.add(d_h, given[t][mine], d_h)

    def compiled_back(some: slice, mine: slice, step: Loop) -> None:
        d_h, carry, other = dh[mine], d_carry[mine], term[mine]
        for t in range(some.stop - 1, some.start - 1, -1):
            d_t = dz_rows[t * batch + mine.start : t * batch + mine.stop]
            if not mask.size:
                step(*flat, dz[t, mine], t, mine.start * units, mine.stop * units)
                np.matmul(d_t, transposed, d_h)
            else:
                stays = ~mask[t, mine, None]
                np.copyto(other, carry)
                step(*flat, dz[t, mine], t, mine.start * units, mine.stop * units)
                np.copyto(d_t, 0, where=stays)
                np.copyto(carry, other, where=stays)
                np.matmul(d_t, transposed, other)
                np.copyto(d_h, other, where=~stays)
            if t in given:
                np.add(d_h, given[t][mine], d_h)

    with threads.one_thread():
        for_samples(loop, batch, units, LONG if step is None else LONG_COMPILED)
    dc[...] = d_carry


def _slopes(
    gates: np.ndarray,
    tanh_c: np.ndarray,
    c: np.ndarray,
    h: np.ndarray,
    counts: np.ndarray | None,
    factors: np.ndarray,
    through_c: np.ndarray,
) -> None:
    r"""What the way back multiplies with in some steps: all that is known beforehand.

    Slopes are written with what the way there has computed: $i \tilde c' = i - i \tilde c^2$,
    $\tanh(c) \, o' = (1 - o) h$, $o (1 - \tanh^2 c) = o - h \tanh c$.
    """
    one = gates.dtype.type(1)
    i, f, o, candidate = gates.swapaxes(0, 1)
    d_i, d_f, d_c, d_o = factors.swapaxes(0, 1)
    np.multiply(i, candidate, out=d_c)  # with its sign turned, as the candidate's is
    np.subtract(i, one, out=d_i)
    np.multiply(d_i, d_c, out=d_i)
    np.multiply(d_c, candidate, out=d_c)
    np.subtract(i, d_c, out=d_c)
    np.multiply(f, c, out=through_c)
    np.subtract(one, f, out=d_f)
    np.multiply(d_f, through_c, out=d_f)
    np.subtract(one, o, out=d_o)
    np.multiply(d_o, h, out=d_o)
    np.multiply(h, tanh_c, out=through_c)
    np.subtract(o, through_c, out=through_c)
    if counts is not None:
        np.multiply(factors, counts[:, None], out=factors)
        np.multiply(through_c, counts, out=through_c)
