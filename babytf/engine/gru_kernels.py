r"""Gated recurrent units over time, and the same backwards.

| rows of `states`, each `(B, U)` | hold |
| --- | --- |
| `[: 2T]` | the gates $z$ of all steps, then $r$ |
| `[2T : 3T]` | the candidates $\tilde h$ |
| `[3T : 4T]` | what $r$ is about: $h_{t-1} U_h + b'_h$ with `reset_after`, $r h_{t-1}$ without |
| `[4T :]` | $h_0, …, h_T$ |

The weights of the gates are used with their sign turned: $\sigma(z) = 1 / (1 + e^{-z})$ then needs no statement for
the minus. `lstm_kernels.py` says more about how such loops are laid out.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np

from babytf.engine import threads
from babytf.engine.ahead import before

Loop = Callable[..., Any]


def _parts(states: np.ndarray, steps: int) -> tuple[np.ndarray, ...]:
    """The gates and candidates `(3, T, B, U)`, the inner part, and `h` from step 0."""
    gates = states[: 3 * steps].reshape(3, steps, *states.shape[1:])
    return gates, states[3 * steps : 4 * steps], states[4 * steps :]


def _blocks(weights: np.ndarray, out: np.ndarray) -> None:
    """The weights `(N, 3U)` as three blocks, those of z and r with their sign turned."""
    blocks = weights.reshape(-1, 3, out.shape[-1]).transpose(1, 0, 2)
    np.negative(blocks[:2], out=out[:2])
    out[2] = blocks[2]


def gru(
    x: np.ndarray,
    kernel: np.ndarray,
    recurrent: np.ndarray,
    bias: np.ndarray,
    h0: np.ndarray,
    mask: np.ndarray,
    reset_after: bool,
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
        kernel: Weights of the inputs, `(F, 3U)`, gates in the order z, r, h.
        recurrent: Weights of the last output, `(U, 3U)`.
        bias: `(2, 3U)` with `reset_after`: of the inputs, and of the last output. `(3U,)` without.
        h0: First output, `(B, U)`.
        mask: `(T, B)`; where it is false, a step changes nothing. Of size 0 for none.
        reset_after: Whether r is applied after the product with the last output.
        w: Memory, `(3, F, U)`.
        u: Memory, `(3, U, U)`.
        b: Memory, `(2, 3, 1, U)`.
        product: Memory, `(3, B, U)`.
        out: `(5T + 1, B, U)`.
        step: What follows the product in each step, `loops.gru_step`, compiled; used with `reset_after`.
    """
    steps, batch, features = x.shape
    gates, inner, h = _parts(out, steps)
    h[0] = h0
    _blocks(kernel, w)
    _blocks(recurrent, u)
    _blocks(bias[0] if reset_after else bias, b[0])
    if reset_after:
        _blocks(bias[1], b[1])
        np.add(b[0, :2], b[1, :2], out=b[0, :2])
    one = out.dtype.type(1)
    gates_of_h, inner_of_h = product[:2], product[2]
    u_gates, u_h, b_h = u[:2], u[2], b[1, 2]
    x, of_x = x.reshape(steps * batch, features), gates.reshape(3, steps * batch, -1)

    def with_inputs(stretches: list[slice]) -> None:
        for some in stretches:
            rows = slice(some.start * batch, some.stop * batch)
            np.matmul(x[rows], w, of_x[:, rows])
            np.add(of_x[:, rows], b[0], of_x[:, rows])

    with threads.one_thread():
        before(with_inputs, steps, h[0].size)
        if step is not None and reset_after:
            flat = [x.reshape(*x.shape[:-2], -1) for x in (gates, product, inner, b_h, h)]
            for t in range(steps):
                np.matmul(h[t], u, product)
                step(*flat, t, batch)
                if mask.size:
                    np.copyto(h[t + 1], h[t], where=~mask[t, :, None])
            return
        for last, zr, z, r, candidate, inner_t, h_t, active in zip(
            *(
                h,
                gates[:2].transpose(1, 0, 2, 3),
                *gates,
                inner,
                h[1:],
                mask if mask.size else repeat(None),
            ),
            strict=False,
        ):
            if reset_after:
                np.matmul(last, u, product)
            else:
                np.matmul(last, u_gates, gates_of_h)
            np.add(zr, gates_of_h, zr)
            np.exp(zr, zr)
            np.add(zr, one, zr)
            np.divide(one, zr, zr)
            if reset_after:
                np.add(inner_of_h, b_h, inner_t)
                np.multiply(inner_t, r, inner_of_h)
            else:
                np.multiply(last, r, inner_t)
                np.matmul(inner_t, u_h, inner_of_h)
            np.add(candidate, inner_of_h, candidate)
            np.tanh(candidate, candidate)
            np.subtract(last, candidate, h_t)
            np.multiply(h_t, z, h_t)
            np.add(h_t, candidate, h_t)
            if active is not None:
                np.copyto(h_t, last, where=~active[:, None])


def gru_gradient(
    g: np.ndarray,
    states: np.ndarray,
    recurrent: np.ndarray,
    mask: np.ndarray,
    first: int,
    reset_after: bool,
    factors: np.ndarray,
    product: np.ndarray,
    out: np.ndarray,
    *,
    step: Loop | None = None,
) -> None:
    r"""Backwards through time.

    With $\bar h$ for the gradient of $h_t$, and $a = h_{t-1} U_h + b'_h$,

    $$ \bar z = \bar h (h_{t-1} - \tilde h) z', \quad \bar{\tilde z} = \bar h (1 - z) \tilde h', \quad
       \bar a = \bar{\tilde z} \, r, \quad \bar r = \bar{\tilde z} \, a \, r', \quad
       \bar h_{t-1} = \bar h z + (\bar a, \bar z, \bar r) (U_h, U_z, U_r)^\top. $$

    All but $\bar h$ is known beforehand, and computed for several steps at once. Without `reset_after`, $r h_{t-1}$
    has the gradient $\bar{\tilde z} U_h^\top$, and only then the gate $r$ its own.

    Args:
        g: Gradient of some of the rows $h_0, …, h_T$, `(N, B, U)`.
        states: What `gru` filled.
        recurrent: As for `gru`.
        mask: As for `gru`.
        first: Which of those rows `g` begins with.
        reset_after: As for `gru`.
        factors: Memory, `(4, n, B, U)` for n steps at once.
        product: Memory, `(2, B, U)`.
        out: In one vector: the gradients of $(a, z, r, \tilde z)$, `(T, B, 4U)`, and of $h_0$. Without
            `reset_after`: of $(z, r, \tilde z)$, `(T, B, 3U)`, of $h_0$, and of $U_h$, `(U, U)`.
        step: What precedes the product in each step, `loops.gru_back`, compiled; used with `reset_after`.
    """
    batch, units = states.shape[1:]
    steps = (len(states) - 1) // 5
    gates, inner, h = _parts(states, steps)
    blocks = 4 if reset_after else 3
    size = blocks * steps * batch * units
    d_gates = out[:size].reshape(steps, batch, blocks, units)
    dh = out[size : size + batch * units].reshape(batch, units)
    term, more = product
    one = out.dtype.type(1)
    given = dict(enumerate(g, first))
    dh[...] = given.get(steps, 0)
    if reset_after:
        back = np.concatenate([recurrent[:, 2 * units :], recurrent[:, : 2 * units]], axis=1).T
    else:
        back, back_h = recurrent[:, : 2 * units].T, recurrent[:, 2 * units :].T
    at_once = factors.shape[1]
    with threads.one_thread():
        if step is not None and reset_after:
            flat = [x.reshape(*x.shape[:-2], -1) for x in (gates, inner, h, dh)]
            for t in range(steps - 1, -1, -1):
                d_t = d_gates[t]
                step(*flat, d_t, t)
                if mask.size:
                    np.copyto(d_t, 0, where=~mask[t, :, None, None])
                np.matmul(d_t[:, :3].reshape(batch, -1), back, term)
                np.multiply(dh, gates[0, t], more)
                np.add(more, term, more)
                np.copyto(dh, more, where=mask[t, :, None] if mask.size else True)
                if t in given:
                    np.add(dh, given[t], dh)
            return
        for stop in range(steps, 0, -at_once):
            start = max(stop - at_once, 0)
            some = slice(start, stop)
            z, r, candidate = gates[:, some]
            f_a, f_z, f_r, f_h = a = factors[:, : stop - start]
            np.subtract(h[some], candidate, out=f_z)
            np.multiply(f_z, z, out=f_z)
            np.subtract(one, z, out=f_a)
            np.multiply(f_z, f_a, out=f_z)
            np.multiply(candidate, candidate, out=f_h)
            np.subtract(one, f_h, out=f_h)
            np.multiply(f_h, f_a, out=f_h)
            np.subtract(one, r, out=f_r)
            np.multiply(f_r, inner[some], out=f_r)  # a r (1 - r), or h r (1 - r): `inner` holds r h without reset_after
            if reset_after:
                np.multiply(f_r, r, out=f_r)
                np.multiply(f_r, f_h, out=f_r)
                np.multiply(f_h, r, out=f_a)
            if mask.size:
                np.multiply(a, mask[some, :, None], out=a)
            each = a.transpose(1, 0, 2, 3)
            for t in range(stop - 1, start - 1, -1):
                n = t - start
                d_t = d_gates[t]
                if reset_after:
                    np.multiply(each[n], dh, d_t.transpose(1, 0, 2))
                    np.matmul(d_t[:, :3].reshape(batch, -1), back, term)
                else:
                    np.multiply(f_z[n], dh, d_t[:, 0])
                    np.multiply(f_h[n], dh, d_t[:, 2])
                    np.matmul(d_t[:, 2], back_h, more)  # the gradient of r h
                    np.multiply(f_r[n], more, d_t[:, 1])
                    np.multiply(more, r[n], more)
                    np.matmul(d_t[:, :2].reshape(batch, -1), back, term)
                    np.add(term, more, term)
                if mask.size:
                    np.multiply(dh, z[n], more)
                    np.add(term, more, term)
                    np.copyto(dh, term, where=mask[t, :, None])
                else:
                    np.multiply(dh, z[n], dh)
                    np.add(dh, term, dh)
                if t in given:
                    np.add(dh, given[t], dh)
        if not reset_after:
            d_u = out[size + batch * units :].reshape(units, units)
            of_h = d_gates.reshape(steps * batch, 3 * units)[:, 2 * units :]
            np.matmul(inner.reshape(steps * batch, units).T, of_h, out=d_u)
