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

import numpy as np

from babytf.engine import threads
from babytf.engine.ahead import before, for_samples


def parts(states: np.ndarray, steps: int) -> tuple[np.ndarray, ...]:
    """The gates `(T, 4, B, U)`, `tanh c`, `h` from step 0 and `c` from step 0."""
    gates = states[: 4 * steps].reshape(steps, 4, *states.shape[1:])
    return gates, states[4 * steps : 5 * steps], states[5 * steps : 6 * steps + 1], states[6 * steps + 1 :][::-1]


def turned(weights: np.ndarray, out: np.ndarray) -> None:
    """Minus the weights `(N, 4U)` of i, f, c, o, as four blocks in the order i, f, o, c."""
    blocks = weights.reshape(-1, 4, out.shape[-1]).transpose(1, 0, 2)
    np.negative(blocks[:2], out=out[:2])
    np.negative(blocks[:1:-1], out=out[2:])


def begun(
    states: np.ndarray, h0: np.ndarray, c0: np.ndarray, *weights: tuple[np.ndarray, np.ndarray]
) -> tuple[np.ndarray, ...]:
    """The `parts` of states with the first in its place, after weights have been `turned` into their memory."""
    gates, tanh_c, h, c = parts(states, (len(states) - 2) // 7)
    h[0], c[0] = h0, c0
    for given, memory in weights:
        turned(given, memory)
    return gates, tanh_c, h, c


def with_inputs(x: np.ndarray, w: np.ndarray, b: np.ndarray, gates: np.ndarray) -> Callable[[list[slice]], None]:
    """What writes the products with the inputs, in some stretches of steps, into `gates`; arguments are `lstm`'s."""
    x = x[:, None]

    def write(stretches: list[slice]) -> None:
        for some in stretches:
            z = gates[some]
            np.matmul(x[some], w, z)
            np.add(z, b, z)

    return write


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
    """
    steps, batch, units = len(x), *h0.shape
    gates, tanh_c, h, c = begun(out, h0, c0, (kernel, w), (recurrent, u), (bias, b))

    def loop(mine: slice) -> None:
        _steps(
            *(gates[:, :, mine], u, product[:, mine], tanh_c[:, mine], h[:-1, mine], c[:-1, mine]),
            *(h[1:, mine], c[1:, mine], mask[:, mine] if mask.size else None),
        )

    with threads.one_thread():
        before(with_inputs(x, w, b, gates), steps, batch * units)
        for_samples(loop, batch, units)


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
    for last, now in states:
        np.copyto(now, last, where=~active[:, None])


def lstm_gradient(
    g: np.ndarray,
    states: np.ndarray,
    recurrent: np.ndarray,
    mask: np.ndarray,
    first: int,
    through_c: np.ndarray,
    memory: np.ndarray,
    out: np.ndarray,
) -> None:
    r"""Backwards through time.

    With $\bar h$, $\bar c$ for the gradients of $h_t$, $c_t$, and $\phi'$ for the slope of a gate,

    $$ \bar c \mathrel{+}= \bar h \, o (1 - \tanh^2 c_t), \quad
       \bar z = (\bar c \, \tilde c \, i', \; \bar c \, c_{t-1} f', \; \bar c \, i \, \tilde c', \;
                 \bar h \tanh(c_t) \, o'), \quad
       \bar h_{t-1} = \bar z U^\top, \quad \bar c_{t-1} = \bar c f. $$

    All but $\bar h$ and $\bar c$ is known beforehand, and computed first, where $\bar z$ will lie.

    Args:
        g: Gradient of some of the rows $h_0, …, h_T, c_T$, `(N, B, U)`.
        states: What `lstm` filled.
        recurrent: As for `lstm`.
        mask: As for `lstm`.
        first: Which of those rows `g` begins with.
        through_c: Memory, `(T, B, U)`.
        memory: Memory, `(2, B, U)`.
        out: The gradients of $z$, `(T, B, 4U)`, of $h_0$ and of $c_0$, in one vector.
    """
    batch, units = states.shape[1:]
    steps = (len(states) - 2) // 7
    gates, tanh_c, h, c = parts(states, steps)
    size = batch * units
    dz = out[: 4 * steps * size].reshape(steps, batch, 4 * units)
    dz_gates = dz.reshape(steps, batch, 4, units)
    dh, dc = out[4 * steps * size :].reshape(2, batch, units)
    d_carry, term = memory
    given = dict(enumerate(g, first))  # by row
    dh[...] = given.get(steps, 0)
    d_carry[...] = given.get(steps + 1, 0)
    transposed = recurrent.T

    def slopes(stretches: list[slice]) -> None:
        for some in stretches:
            counts = mask[some, :, None] if mask.size else None
            after = slice(some.start + 1, some.stop + 1)
            _slopes(gates[some], tanh_c[some], c[some], h[after], counts, dz_gates[some], through_c[some])

    def loop(mine: slice) -> None:
        d_h, d_c, carry, other = dh[mine], dc[mine], d_carry[mine], term[mine]
        d = dz_gates[:, mine]
        for t, d_ifc, d_o, d_t, k_t, f in zip(
            range(steps - 1, -1, -1),
            *(
                y[::-1]
                for y in (d[:, :, :3].swapaxes(1, 2), d[:, :, 3], dz[:, mine], through_c[:, mine], gates[:, 1, mine])
            ),
            strict=True,
        ):
            np.multiply(d_h, k_t, d_c)
            np.add(d_c, carry, d_c)
            np.multiply(d_ifc, d_c, d_ifc)
            np.multiply(d_o, d_h, d_o)
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

    with threads.one_thread():
        before(slopes, steps, size)
        for_samples(loop, batch, units)
    dc[...] = d_carry


def _slopes(
    gates: np.ndarray,
    tanh_c: np.ndarray,
    c: np.ndarray,
    h: np.ndarray,
    counts: np.ndarray | None,
    d: np.ndarray,
    through_c: np.ndarray,
) -> None:
    r"""What the way back multiplies with in some steps: all that is known beforehand.

    Slopes are written with what the way there has computed: $i \tilde c' = i - i \tilde c^2$,
    $\tanh(c) \, o' = (1 - o) h$, $o (1 - \tanh^2 c) = o - h \tanh c$.
    """
    one = gates.dtype.type(1)
    i, f, o, candidate = gates.swapaxes(0, 1)
    d_i, d_f, d_c, d_o = d.transpose(2, 0, 1, 3)
    np.multiply(i, candidate, through_c)  # with its sign turned, as the candidate's is
    np.subtract(i, one, d_i)
    np.multiply(d_i, through_c, d_i)
    np.multiply(through_c, candidate, through_c)
    np.subtract(i, through_c, d_c)
    np.multiply(f, c, through_c)
    np.subtract(one, f, d_f)
    np.multiply(d_f, through_c, d_f)
    np.subtract(one, o, d_o)
    np.multiply(d_o, h, d_o)
    np.multiply(h, tanh_c, through_c)
    np.subtract(o, through_c, through_c)
    if counts is not None:
        np.multiply(d, counts[:, :, None], d)
        np.multiply(through_c, counts, through_c)
