"""One step of each recurrent layer as a loop over numbers: what Numba compiles for `compiled_kernels.py`.

The loops over one gate are apart from one another so that each touches few arrays: only then does the compiler use
vector instructions.

`tanh` is a quotient of polynomials, x P(x^2) / Q(x^2), that a processor evaluates for many numbers at once. It was
fitted to the relative error by reweighted least squares, and is off by 2e-8 at most, less than rounding is.
The logistic function is 1/2 + tanh(x/2) / 2.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import numpy as np


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


def lstm_step(gates, product, tanh_c, c, h, t, lo, hi):
    """What `lstm_kernels.lstm` does in a step after the matrix product, for some elements of a state.

    Arrays as there, with `(B, U)` as one axis.
    """
    half = np.float32(0.5)
    for k in range(3):
        z = gates[t, k, lo:hi]
        p = product[k, lo:hi]
        for n in range(z.size):
            z[n] = half - half * tanh(half * (z[n] + p[n]))  # the weights have their sign turned
    candidate = gates[t, 3, lo:hi]
    p = product[3, lo:hi]
    for n in range(candidate.size):
        candidate[n] = tanh(candidate[n] + p[n])
    i, f, o = gates[t, 0, lo:hi], gates[t, 1, lo:hi], gates[t, 2, lo:hi]
    now, before = c[c.shape[0] - 2 - t, lo:hi], c[c.shape[0] - 1 - t, lo:hi]
    tanh_now = tanh_c[t, lo:hi]
    out = h[t + 1, lo:hi]
    for n in range(i.size):
        now[n] = f[n] * before[n] - i[n] * candidate[n]
    for n in range(i.size):
        tanh_now[n] = tanh(now[n])
    for n in range(i.size):
        out[n] = o[n] * tanh_now[n]


def lstm_back(gates, tanh_c, c, dh, dc, d_carry, dz, t, lo, hi):
    """What `lstm_kernels.lstm_gradient` does in a step before the product; `dz` is `(b, 4, U)`, of those elements."""
    one = np.float32(1.0)
    i, f, o, candidate = gates[t, 0, lo:hi], gates[t, 1, lo:hi], gates[t, 2, lo:hi], gates[t, 3, lo:hi]
    tanh_now = tanh_c[t, lo:hi]
    before = c[c.shape[0] - 1 - t, lo:hi]
    through_h, through_c, carry = dh[lo:hi], dc[lo:hi], d_carry[lo:hi]
    batch, _, units = dz.shape
    for n in range(i.size):
        through_c[n] = carry[n] + through_h[n] * o[n] * (one - tanh_now[n] * tanh_now[n])
    for b in range(batch):
        start = b * units
        for j in range(units):
            n = start + j
            dz[b, 0, j] = through_c[n] * candidate[n] * i[n] * (i[n] - one)
        for j in range(units):
            n = start + j
            dz[b, 1, j] = through_c[n] * before[n] * f[n] * (one - f[n])
        for j in range(units):
            n = start + j
            dz[b, 2, j] = through_c[n] * i[n] * (one - candidate[n] * candidate[n])
        for j in range(units):
            n = start + j
            dz[b, 3, j] = through_h[n] * tanh_now[n] * o[n] * (one - o[n])
    for n in range(i.size):
        carry[n] = through_c[n] * f[n]


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
