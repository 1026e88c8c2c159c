"""The recurrent layers as loops over numbers, all steps or one: what Numba compiles for `compiled_kernels.py`.

The loops over one gate are apart from one another so that each touches few arrays: only then does the compiler use
vector instructions.

`tanh` is a quotient of polynomials, x P(x^2) / Q(x^2), that a processor evaluates for many numbers at once. It was
fitted to the relative error by reweighted least squares, and is off by 2e-8 at most, less than rounding is.
The logistic function is 1/2 + tanh(x/2) / 2.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np

from babytf.engine.tiles import COLUMNS, add_four_rows, add_one_row


def tanh(x):
    """The hyperbolic tangent; of NaN, NaN."""
    low, high = np.float32(-9.0), np.float32(9.0)
    x = low if x < low else x
    x = high if x > high else x
    s = x * x
    p = np.float32(1.3354716e-08)
    p = p * s + np.float32(2.0609126e-05)
    p = p * s + np.float32(0.0034955909)
    p = p * s + np.float32(0.13381028)
    p = p * s + np.float32(0.99999998)
    q = np.float32(7.776582e-07)
    q = q * s + np.float32(0.00032856393)
    q = q * s + np.float32(0.025876993)
    q = q * s + np.float32(0.46714344)
    q = q * s + np.float32(1.0)
    return x * p / q


def add_product(x, w, columns, out):
    """`out += x @ w`; `x` and `out` are vectors, one row after the other, and `w` is what `tiles.panels` made."""
    inner = w.shape[1]
    rows = out.size // columns
    for p in range(w.shape[0]):
        j = min(p * COLUMNS, columns - COLUMNS)
        kept = p * COLUMNS - j
        if j < 0:
            for i in range(rows):
                for k in range(inner):
                    for n in range(columns):
                        out[i * columns + n] += x[i * inner + k] * w[p, k, n]
            continue
        for i in range(0, rows - 3, 4):
            add_four_rows(x, i * inner, w[p], out, i * columns + j, columns, kept)
        for i in range(rows - rows % 4, rows):
            add_one_row(x, i * inner, w[p], out, i * columns + j, columns, kept)


def lstm_steps(x, w, bias, u, product, gates, tanh_c, c, h, mask, start, stop, lo, hi, own):
    """Some steps of `lstm_kernels.lstm`, for some elements of a state.

    Arrays as there, with `(B, U)` and `(B, F)` as one axis, `c` from the last step to the first, and `w` and `u` as
    `tiles.panels` of each gate. Where `x` is empty, `gates` holds the products with the inputs. Those with the last
    output are made here (`own`), or lie in `product`.
    """
    half = np.float32(0.5)
    steps, features, units = tanh_c.shape[0], w.shape[2], bias.shape[1]
    for t in range(start, stop):
        last, out = h[t, lo:hi], h[t + 1, lo:hi]
        for k in range(4):
            z, p = gates[t, k, lo:hi], product[k, lo:hi]
            if x.size:
                b = bias[k]
                for s in range(0, z.size, units):
                    row = z[s : s + units]
                    for j in range(units):
                        row[j] = b[j]
                add_product(x[t, lo // units * features : hi // units * features], w[k], units, z)
            if own:
                add_product(last, u[k], units, z)
            else:
                for n in range(z.size):
                    z[n] += p[n]
            if k < 3:
                for n in range(z.size):
                    z[n] = half - half * tanh(half * z[n])  # the weights have their sign turned
        i, f, o, candidate = gates[t, 0, lo:hi], gates[t, 1, lo:hi], gates[t, 2, lo:hi], gates[t, 3, lo:hi]
        before, now, tanh_now = c[steps - t, lo:hi], c[steps - t - 1, lo:hi], tanh_c[t, lo:hi]
        for n in range(i.size):
            candidate[n] = tanh(candidate[n])
        for n in range(i.size):
            now[n] = f[n] * before[n] - i[n] * candidate[n]
        for n in range(i.size):
            tanh_now[n] = tanh(now[n])
        for n in range(i.size):
            out[n] = o[n] * tanh_now[n]
        for s in range(0, i.size if mask.size else 0, units):
            if not mask[t, (lo + s) // units]:
                for n in range(s, s + units):
                    out[n], now[n] = last[n], before[n]


def lstm_back(g, gates, tanh_c, c, back, units, dh, dc, d_carry, dz, mask, first, start, stop, lo, hi, own):
    """Some steps of `lstm_kernels.lstm_gradient`, for some elements of a state.

    Arrays as for `lstm_steps`, `dz` as `(T, B 4U)`. What the gradient of z gives to that of the last output is added
    here (`own`), or left to do, and with it `g`.
    """
    one, nothing = np.float32(1.0), np.float32(0.0)
    steps = tanh_c.shape[0]
    through_h, through_c, carry = dh[lo:hi], dc[lo:hi], d_carry[lo:hi]
    for t in range(stop - 1, start - 1, -1):
        i, f, o, candidate = gates[t, 0, lo:hi], gates[t, 1, lo:hi], gates[t, 2, lo:hi], gates[t, 3, lo:hi]
        tanh_now, before, d = tanh_c[t, lo:hi], c[steps - t, lo:hi], dz[t, 4 * lo : 4 * hi]
        for n in range(i.size):
            through_c[n] = carry[n] + through_h[n] * o[n] * (one - tanh_now[n] * tanh_now[n])
        for s in range(0, i.size, units):
            row = d[4 * s : 4 * (s + units)]
            if mask.size and not mask[t, (lo + s) // units]:
                for j in range(row.size):
                    row[j] = nothing
                continue
            e = s + units
            d_i, d_f, d_candidate, d_o = (
                row[:units],
                row[units : 2 * units],
                row[2 * units : 3 * units],
                row[3 * units :],
            )
            by_c, by_h, x, y = through_c[s:e], through_h[s:e], i[s:e], candidate[s:e]
            for j in range(units):
                d_i[j] = by_c[j] * y[j] * x[j] * (x[j] - one)
            for j in range(units):
                d_candidate[j] = by_c[j] * x[j] * (one - y[j] * y[j])
            x, y, left = f[s:e], before[s:e], carry[s:e]
            for j in range(units):
                d_f[j] = by_c[j] * y[j] * x[j] * (one - x[j])
            for j in range(units):
                left[j] = by_c[j] * x[j]
            x, y = o[s:e], tanh_now[s:e]
            for j in range(units):
                d_o[j] = by_h[j] * y[j] * x[j] * (one - x[j])
            for j in range(units):
                by_h[j] = nothing
        if own:
            add_product(d, back, units, through_h)
            if first <= t < first + g.shape[0]:
                given = g[t - first, lo:hi]
                for n in range(given.size):
                    through_h[n] += given[n]


def gru_step(gates, product, inner, bias, h, t, batch):
    """What `gru_kernels.gru` does in a step after the matrix product, with `reset_after`."""
    half = np.float32(0.5)
    for k in range(2):
        gate = gates[k, t]
        p = product[k]
        for n in range(gate.size):
            gate[n] = half - half * tanh(half * (gate[n] + p[n]))
    z, r, candidate = gates[0, t], gates[1, t], gates[2, t]
    p, a = product[2], inner[t]
    units = bias.size
    for b in range(batch):
        start = b * units
        for j in range(units):
            a[start + j] = p[start + j] + bias[j]
    for n in range(z.size):
        candidate[n] = tanh(candidate[n] + a[n] * r[n])
    before, out = h[t], h[t + 1]
    for n in range(z.size):
        out[n] = candidate[n] + z[n] * (before[n] - candidate[n])


def gru_back(gates, inner, h, dh, d_gates, t):
    """What `gru_kernels.gru_gradient` does in a step before the matrix product; `d_gates` is `(B, 4, U)`."""
    one = np.float32(1.0)
    z, r, candidate, a, before = gates[0, t], gates[1, t], gates[2, t], inner[t], h[t]
    batch, _, units = d_gates.shape
    for b in range(batch):
        start = b * units
        for j in range(units):
            n = start + j
            d_gates[b, 3, j] = dh[n] * (one - z[n]) * (one - candidate[n] * candidate[n])
        for j in range(units):
            d_gates[b, 0, j] = d_gates[b, 3, j] * r[start + j]
        for j in range(units):
            n = start + j
            d_gates[b, 1, j] = dh[n] * (before[n] - candidate[n]) * z[n] * (one - z[n])
        for j in range(units):
            n = start + j
            d_gates[b, 2, j] = d_gates[b, 0, j] * a[n] * (one - r[n])


def simple_rnn_step(h, product, t):
    """What `simple_rnn_kernels.simple_rnn` does in a step after the matrix product; `product` is `(1, B U)`."""
    z, p = h[t + 1], product[0]
    for n in range(z.size):
        z[n] = tanh(z[n] + p[n])


def add_rows(x, rows, out):
    """`out[rows[i]] += x[i]`."""
    for i in range(rows.size):
        target = out[rows[i]]
        for j in range(target.size):
            target[j] += x[i, j]
