"""Rows that send their gradient past what they were given: as a whole, against central differences and by hand."""

from __future__ import annotations

import numpy as np
import pytest

from babytf import ops
from babytf.engine import Compiled, GradientTape, Tensor, attention_kernels, row_blocks
from babytf.ops.attention import attend, attention_weights
from babytf.ops.normalization import normalize_batch

Q, K, V = (2, 3, 2, 4), (2, 5, 2, 4), (2, 5, 2, 3)

WHOLE = {
    "layer normalization": ([(3, 4), (4,), (4,)], lambda x, g, b: ops.layer_normalization(x, g, b, epsilon=0.1)),
    "layer normalization, plain": ([(3, 4)], lambda x: ops.layer_normalization(x, epsilon=0.1)),
    "layer normalization, two axes": (
        [(2, 3, 4), (2, 4)],
        lambda x, g: ops.layer_normalization(x, g, axis=[0, -1], epsilon=0.1),
    ),
    "RMS normalization": ([(3, 4), (4,)], lambda x, g: ops.rms_normalization(x, g, epsilon=0.1)),
    "batch normalization": ([(5, 3), (3,), (3,)], lambda x, g, b: normalize_batch(x, -1, b, g, 0.1)[0]),
    "batch normalization, images": (
        [(2, 3, 4, 2), (3,), (3,)],
        lambda x, g, b: normalize_batch(x, 1, b, g, 0.1)[0],
    ),
    "statistics of a batch": ([(5, 3)], lambda x: ops.add(*normalize_batch(x, -1, None, None, 0.1)[1:])),
    "attention": ([Q, K, V], lambda q, k, v: attend(q, k, v, None)),
    "attention with a bias": ([Q, K, V, (1, 2, 1, 5)], attend),
    "attention by its weights": (
        [Q, K, (2, 1, 3, 5)],
        lambda q, k, b: ops.square(attention_weights(q, k, b)),
    ),
    "grouped attention": (
        [(2, 3, 4, 4), (2, 5, 2, 4), (2, 5, 2, 4)],
        lambda q, k, v: ops.dot_product_attention(q, k, v, is_causal=True),
    ),
}


def slopes(f, arrays, weights, direction=None):
    """The gradients; with a direction, those of the slope along it."""
    tensors = [Tensor(a) for a in arrays]
    with GradientTape() as outer:
        outer.watch(tensors)
        with GradientTape() as tape:
            tape.watch(tensors)
            y = f(*tensors)
        found = tape.gradient(y, tensors, weights)
        if direction is None:
            return [g.numpy() for g in found]
        total = sum((ops.sum(g * d) for g, d in zip(found, direction, strict=True)), start=ops.zeros((), "float64"))
    return [
        np.zeros(a.shape) if g is None else g.numpy()
        for g, a in zip(outer.gradient(total, tensors), arrays, strict=True)
    ]


@pytest.mark.parametrize(("shapes", "f"), WHOLE.values(), ids=WHOLE)
def test_first_and_second_derivative_agree_with_central_differences(shapes, f, rng):
    arrays = [rng.normal(size=s) for s in shapes]
    weights = rng.normal(size=f(*map(Tensor, arrays)).shape)
    direction = [rng.normal(size=s) for s in shapes]
    along = [rng.normal(size=s) for s in shapes]

    def moved(h):
        return [a + h * d for a, d in zip(arrays, along, strict=True)]

    def value(h):
        return float(np.sum(weights * f(*map(Tensor, moved(h))).numpy()))

    def slope(h):
        return sum(float(np.sum(g * d)) for g, d in zip(slopes(f, moved(h), weights), direction, strict=True))

    first = sum(float(np.sum(g * d)) for g, d in zip(slopes(f, arrays, weights), along, strict=True))
    second = sum(float(np.sum(g * d)) for g, d in zip(slopes(f, arrays, weights, direction), along, strict=True))
    np.testing.assert_allclose(first, (value(1e-5) - value(-1e-5)) / 2e-5, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(second, (slope(1e-5) - slope(-1e-5)) / 2e-5, rtol=1e-5, atol=1e-7)


def softmax_by_hand(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@pytest.mark.parametrize("size", [1.0, 100.0], ids=["small scores", "scores that overflow"])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_attention_written_another_way(size, dtype, rng):
    q, k, v = (rng.normal(size=s).astype(dtype) for s in (Q, K, V))
    q = (q * size).astype(dtype)
    wide = [a.astype("float64") for a in (q, k, v)]
    p = softmax_by_hand(np.einsum("bthd,bshd->bhts", *wide[:2]))
    expected = np.einsum("bhts,bshd->bthd", p, wide[2])
    tolerance = {"float16": 0.2 if size > 1 else 5e-3, "float32": 1e-4, "float64": 1e-11}[dtype]
    got = attend(*map(Tensor, (q, k, v)), None)
    assert got.dtype == dtype
    np.testing.assert_allclose(got.numpy(), expected, atol=tolerance)
    np.testing.assert_allclose(attention_weights(Tensor(q), Tensor(k), None).numpy(), p, atol=tolerance)


def test_attention_to_nothing_is_attention_to_all(rng):
    q, k, v = (rng.normal(size=s).astype("float32") for s in (Q, K, V))
    mask = np.ones((2, 1, 3, 5), bool)
    mask[0, 0, 1] = False
    got = ops.dot_product_attention(q, k[..., :4], np.concatenate([v, v[..., :1]], -1), mask=mask).numpy()
    np.testing.assert_allclose(got[0, 1, :, :3], v[0].mean(0), rtol=1e-5)


@pytest.mark.parametrize("block", [7, 64, 65536])
def test_blocks_do_not_change_the_numbers(block, rng, monkeypatch):
    """Whatever is cut, and wherever: the same up to rounding."""
    x = rng.normal(size=(37, 6)) + 100
    g = rng.normal(size=x.shape)
    gamma = rng.normal(size=6)
    q, k, v = (rng.normal(size=s) for s in ((5, 7, 3, 4), (5, 6, 3, 4), (5, 6, 3, 4)))
    monkeypatch.setattr(row_blocks, "BLOCK", block)
    monkeypatch.setattr(attention_kernels, "BLOCK", block)

    def run(x, gamma, g, q, k, v):
        with GradientTape() as tape:
            tape.watch([x, gamma, q, k, v])
            by_row = ops.layer_normalization(x, gamma, epsilon=0.1)
            by_column, mean, variance = normalize_batch(x, -1, None, gamma, 0.1)
            y = ops.sum(by_row * g) + ops.sum(ops.square(by_column) * g)
            y = y + ops.sum(ops.square(attend(q, k, v, None)))
        return [by_row, by_column, mean, variance, y, *tape.gradient(y, [x, gamma, q, k, v])]

    arrays = [x, gamma, g, q, k, v]
    got = [t.numpy() for t in run(*map(Tensor, arrays))]
    np.testing.assert_allclose(got[0], gamma * (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 0.1))
    np.testing.assert_allclose(got[1], gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + 0.1), rtol=1e-9)
    np.testing.assert_allclose(got[2], x.mean(0), rtol=1e-12)
    np.testing.assert_allclose(got[3], x.var(0), rtol=1e-9)
    program = Compiled(lambda *xs: run(*xs), "step")
    for recorded, eager in zip(program(*arrays), got, strict=True):
        np.testing.assert_array_equal(recorded.numpy(), eager)
    monkeypatch.setattr(row_blocks, "BLOCK", 1 << 30)
    monkeypatch.setattr(attention_kernels, "BLOCK", 1 << 30)
    for whole, cut in zip(run(*map(Tensor, arrays)), got, strict=True):
        np.testing.assert_allclose(whole.numpy(), cut, rtol=1e-8, atol=1e-9)


def test_variance_of_numbers_far_from_zero(rng):
    x = (rng.normal(size=(300000, 2)) + 1000).astype("float32")
    _, mean, variance = normalize_batch(Tensor(x), -1, None, None, 1e-3)
    np.testing.assert_allclose(mean.numpy(), x.mean(0, dtype="float64"), rtol=1e-6)
    np.testing.assert_allclose(variance.numpy(), x.var(0, dtype="float64"), rtol=1e-3)
