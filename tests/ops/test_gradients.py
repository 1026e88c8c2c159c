"""Gradients through whole operations: against central differences, and with broadcasting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from babytf import ops
from babytf.engine import GradientTape, Tensor

x34 = (3, 4)

# operation -> shapes of its float64 inputs, and the function
COMPOSED = {
    "matmul 1-D 1-D": ([(4,), (4,)], ops.matmul),
    "matmul 1-D 2-D": ([(4,), (4, 5)], ops.matmul),
    "matmul 2-D 1-D": ([x34, (4,)], ops.matmul),
    "matmul 3-D 2-D": ([(2, 3, 4), (4, 5)], ops.matmul),
    "matmul batches broadcast": ([(2, 1, 3, 4), (5, 4, 2)], ops.matmul),
    "dot": ([(2, 3, 4), (4,)], ops.dot),
    "tensordot": ([(2, 3, 4), (4, 2, 5)], lambda a, b: ops.tensordot(a, b, [[2, 0], [0, 1]])),
    "outer": ([(3,), (4,)], ops.outer),
    "einsum chain": ([(2, 3), (3, 4), (4, 5)], lambda *t: ops.einsum("ab,bc,cd->ad", *t)),
    "einsum attention": ([(2, 3, 2, 4), (2, 5, 2, 4)], lambda *t: ops.einsum("bqhd,bkhd->bhqk", *t)),
    "einsum diagonal": ([(3, 3, 4), (4, 2)], lambda *t: ops.einsum("iij,jk->ik", *t)),
    "einsum trace": ([(4, 4)], lambda t: ops.einsum("ii", t)),
    "einsum dots": ([(2, 3, 4), (4,)], lambda *t: ops.einsum("...i,i->...", *t)),
    "einsum broadcasts": ([(2, 1), (2, 4)], lambda *t: ops.einsum("ij,ij->i", *t)),
    "diag of a vector": ([(4,)], lambda x: ops.diag(x, -1)),
    "diagonal": ([(2, 3, 4)], lambda x: ops.diagonal(x, 1, 1, 2)),
    "trace": ([(3, 3)], ops.trace),
    "tril": ([(3, 4)], lambda x: ops.tril(x, 1)),
    "var": ([x34], lambda x: ops.var(x, axis=0)),
    "std": ([x34], lambda x: ops.std(x, axis=1, keepdims=True)),
    "average": ([x34, (4,)], lambda x, w: ops.average(x, 1, ops.square(w) + 1)),
    "norm": ([x34], lambda x: ops.norm(x, axis=1)),
    "norm of order 3": ([x34], lambda x: ops.norm(x, 3, axis=1)),
    "Frobenius norm": ([x34], lambda x: ops.norm(x, "fro", axis=(0, 1))),
    "largest row sum": ([x34], lambda x: ops.norm(x, np.inf, axis=(0, 1))),
    "normalize": ([x34], ops.normalize),
    "normalize of order 3": ([x34], lambda x: ops.normalize(x, order=3)),
    "median": ([(3, 5)], lambda x: ops.median(x, axis=1)),
    "median of an even number": ([x34], ops.median),
    "top_k": ([x34], lambda x: ops.top_k(x, 2)[0]),
    "cumsum of all": ([x34], ops.cumsum),
    "power of a number": ([x34], lambda x: ops.power(x, 3) + ops.power(ops.square(x) + 1, -0.5)),
    "pad reflect": ([x34], lambda x: ops.pad(x, ((1, 2), (2, 3)), mode="reflect")),
    "pad edge": ([x34], lambda x: ops.pad(x, 2, mode="edge")),
    "tile": ([x34], lambda x: ops.tile(x, (2, 1, 3))),
    "repeat": ([x34], lambda x: ops.repeat(x, 3, axis=1)),
    "repeat unevenly": ([x34], lambda x: ops.repeat(x, [1, 0, 2], axis=0)),
    "flip and roll": ([x34], lambda x: ops.roll(ops.flip(x, 1), 2) + ops.roll(x, 1, axis=1)),
    "stack and split": ([x34, x34], lambda a, b: ops.split(ops.stack([a, b], axis=1), 2, axis=2)[1]),
    "slices": ([x34], lambda x: x[1:, ::-2]),
    "an integer": ([x34], lambda x: x[-1]),
    "integer arrays": ([x34], lambda x: x[np.array([0, 2, 0]), np.array([1, 1, 1])]),
    "an integer array and a slice": ([(2, 3, 4)], lambda x: x[:, np.array([[0, 2], [0, 0]]), 1:]),
    "a mask": ([x34], lambda x: x[np.arange(12).reshape(x34) % 3 == 0]),
    "a mask of rows": ([x34], lambda x: x[np.array([True, False, True])]),
    "a new axis and an ellipsis": ([x34], lambda x: x[..., None, 2]),
    "take": ([x34], lambda x: ops.take(x, np.array([[3, 3], [0, -1]]), axis=1)),
    "take_along_axis broadcasts": ([x34], lambda x: ops.take_along_axis(x, np.array([[0, 0, 3]]), axis=1)),
    "segment_sum": ([x34], lambda x: ops.segment_sum(x, np.array([1, 0, 1]), 4)),
    "scatter": ([x34], lambda x: ops.scatter(np.array([[0], [2], [0]]), x, (4, 4))),
    "slice_update": ([x34, (2, 2)], lambda x, u: ops.slice_update(x, (1, 1), u)),
    "moments": ([x34], lambda x: ops.add(*ops.moments(x, [0]))),
    "linspace": ([(3,), (3,)], lambda a, b: ops.linspace(a, b, 4, axis=-1)),
    "isolated branch": ([x34], lambda x: ops.where(x > 0, ops.log1p(ops.where(x > 0, x, 1.0)), 0.0)),
    "gelu": ([x34], ops.gelu),
    "exact gelu": ([x34], lambda x: ops.gelu(x, approximate=False)),
    "silu": ([x34], ops.silu),
    "selu": ([x34], ops.selu),
    "celu": ([x34], lambda x: ops.celu(x, 0.7)),
    "softsign": ([x34], ops.softsign),
    "log_sigmoid": ([x34], ops.log_sigmoid),
    "hard_silu": ([x34], ops.hard_silu),
    "soft_shrink": ([x34], ops.soft_shrink),
    "squareplus": ([x34], ops.squareplus),
    "glu": ([x34], ops.glu),
    "categorical crossentropy of probabilities": (
        [x34, x34],
        lambda t, z: ops.categorical_crossentropy(ops.softmax(t), ops.softmax(z)),
    ),
    "categorical crossentropy of logits": (
        [x34, x34],
        lambda t, z: ops.categorical_crossentropy(ops.softmax(t), z, from_logits=True, axis=0),
    ),
    "sparse crossentropy of probabilities": (
        [x34],
        lambda z: ops.sparse_categorical_crossentropy(np.array([0, 3, 1]), ops.softmax(z)),
    ),
    "sparse crossentropy of logits": (
        [x34],
        lambda z: ops.sparse_categorical_crossentropy(np.array([0, 3, 1]), z, from_logits=True),
    ),
    "binary crossentropy of probabilities": (
        [x34, x34],
        lambda t, z: ops.binary_crossentropy(ops.sigmoid(t), ops.sigmoid(z)),
    ),
    "binary crossentropy of logits": (
        [x34, x34],
        lambda t, z: ops.binary_crossentropy(ops.sigmoid(t), z, from_logits=True),
    ),
}


def gradients(f, arrays, weights):
    tensors = [Tensor(a) for a in arrays]
    with GradientTape() as tape:
        tape.watch(tensors)
        y = f(*tensors)
    return tape.gradient(y, tensors, weights)


@pytest.mark.parametrize(("shapes", "f"), COMPOSED.values(), ids=COMPOSED)
def test_gradient_agrees_with_central_difference(shapes, f, rng):
    arrays = [rng.normal(size=s) for s in shapes]
    weights = rng.normal(size=f(*map(Tensor, arrays)).shape)

    def weighted(moved):
        return float(np.sum(weights * f(*map(Tensor, moved)).numpy()))

    found = gradients(f, arrays, weights)
    for i, g in enumerate(found):
        direction = rng.normal(size=arrays[i].shape)
        ahead, back = (
            weighted([a + h * direction if j == i else a for j, a in enumerate(arrays)]) for h in (1e-5, -1e-5)
        )
        assert g.shape == arrays[i].shape
        got = float(np.sum(g.numpy() * direction))
        np.testing.assert_allclose(got, (ahead - back) / 2e-5, rtol=1e-6, atol=1e-8, err_msg=f"input {i}")


@st.composite
def broadcastable_pairs(draw):
    shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=4, max_side=4))
    numbers = st.integers(-8, 8).map(lambda n: n / 4)
    return tuple(draw(hnp.arrays("float64", s, elements=numbers)) for s in shapes.input_shapes)


@given(xy=broadcastable_pairs())
def test_gradients_of_a_sum_count_how_often_each_element_was_used(xy):
    x, y = xy
    gx, gy = gradients(ops.add, xy, None)
    assert (gx.shape, gy.shape) == (x.shape, y.shape)
    total = np.broadcast_shapes(x.shape, y.shape)
    for g, a in ((gx, x), (gy, y)):
        np.testing.assert_array_equal(g.numpy(), np.full(a.shape, np.prod(total) / max(a.size, 1)))


@given(xy=broadcastable_pairs())
def test_gradients_of_a_product_are_sums_of_the_other_factor(xy):
    x, y = xy
    gx, gy = gradients(ops.multiply, xy, None)
    total = np.broadcast_shapes(x.shape, y.shape)
    for g, a, other in ((gx, x, y), (gy, y, x)):
        # written another way: repeat the other factor, then add up what falls on each element of this one
        repeated = np.broadcast_to(other, total).ravel()
        places = np.broadcast_to(np.arange(a.size).reshape(a.shape), total).ravel()
        expected = np.bincount(places, repeated, minlength=a.size).reshape(a.shape)
        assert g.shape == a.shape
        np.testing.assert_allclose(g.numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("f", [ops.max, ops.min], ids=["max", "min"])
def test_equal_extremes_share_the_gradient(f):
    (g,) = gradients(f, [np.array([2.0, 2.0, 2.0])], None)
    np.testing.assert_allclose(g.numpy(), [1 / 3] * 3)


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (ops.relu, 0.0, 0.0),
        (ops.relu6, 6.0, 0.0),
        (ops.absolute, 0.0, 0.0),
        (lambda x: ops.maximum(x, 1.0), 1.0, 1.0),
        (lambda x: ops.clip(x, 0.0, 1.0), 1.0, 1.0),
        (lambda x: ops.power(x, 2.5), 0.0, 0.0),
        (lambda x: ops.power(x, ops.zeros(())), 0.0, 0.0),
        (lambda x: ops.divide_no_nan(x, ops.zeros((), "float64")), 3.0, 0.0),
    ],
)
def test_gradients_where_a_function_bends(f, x, expected):
    (g,) = gradients(f, [np.array(x)], None)
    np.testing.assert_array_equal(g.numpy(), expected)


def test_integers_and_stopped_tensors_get_no_gradient():
    x = Tensor(np.array([1.5, 2.5]))
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(ops.stop_gradient(x) * x) + ops.sum(ops.cast(ops.cast(x, "int32"), "float64"))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1.5, 2.5])
