"""What operations promise beyond values: NumPy's own functions, errors, dtypes that are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from babytf import ops
from babytf.engine import Compiled, Tensor, Variable, bind
from babytf.engine.tensor import NUMPY_FUNCTIONS
from babytf.errors import DTypeError, ShapeError, TracingError

X = np.array([[1.5, -2.0, 0.25], [4.0, 0.5, -1.0]], "float32")
P = np.abs(X) + 1

# NumPy function -> arguments; the Tensor stands in place of X or P
NUMPY_CALLS = [
    (np.add, (X, 2), {}),
    (np.add, (X, X), {"dtype": "float32"}),
    (np.remainder, (X, 0.7), {}),
    (np.sum, (X,), {}),
    (np.sum, (X, 0), {}),
    (np.sum, (X,), {"axis": 1, "keepdims": True}),
    (np.mean, (X, 0, None, None, True), {}),
    (np.max, (X, 1), {}),
    (np.max, (X,), {"axis": 0, "initial": 2.0}),
    (np.amin, (X,), {"axis": 1}),
    (np.prod, (X, -1), {}),
    (np.var, (X,), {"axis": 0, "ddof": 1}),
    (np.std, (X, 1), {"keepdims": True}),
    (np.median, (X,), {"axis": 1}),
    (np.any, (X > 0, 0), {}),
    (np.argmax, (X, 1), {}),
    (np.cumsum, (X,), {"axis": 1}),
    (np.average, (X,), {"axis": 1, "weights": P}),
    (np.linalg.norm, (X,), {"axis": 1}),
    (np.clip, (X, -1, 1), {}),
    (np.clip, (X,), {"a_min": 0, "a_max": None}),
    (np.where, (X > 0, X, 0), {}),
    (np.reshape, (X, (3, 2)), {}),
    (np.reshape, (X, -1), {"order": "C"}),
    (np.transpose, (X,), {}),
    (np.moveaxis, (X, 0, 1), {}),
    (np.expand_dims, (X, 1), {}),
    (np.squeeze, (X[:1],), {"axis": 0}),
    (np.broadcast_to, (X[0], (4, 3)), {}),
    (np.concatenate, ([X, X],), {"axis": 1}),
    (np.stack, ([X, X],), {"axis": 1}),
    (np.split, (X, 3, 1), {}),
    (np.pad, (X, 1), {}),
    (np.tile, (X, 2), {}),
    (np.repeat, (X, 2), {"axis": 0}),
    (np.flip, (X,), {}),
    (np.roll, (X, 1), {"axis": 1}),
    (np.take, (X, [1, 0]), {"axis": 1}),
    (np.take_along_axis, (X, np.array([[0], [2]]), 1), {}),
    (np.sort, (X,), {}),
    (np.argsort, (X,), {"axis": 0}),
    (np.dot, (X, X.T), {}),
    (np.matmul, (X, X.T), {}),
    (np.tensordot, (X, X), {"axes": ([0], [0])}),
    (np.einsum, ("ij,kj->ik", X, X), {}),
    (np.outer, (X[0], X[1]), {}),
    (np.diag, (X,), {}),
    (np.trace, (X,), {}),
    (np.tril, (X,), {}),
    (np.round, (X, 1), {}),
    (np.nan_to_num, (X,), {}),
    (np.zeros_like, (X,), {}),
    (np.full_like, (X, 3), {}),
    (np.count_nonzero, (X > 1,), {}),
    (np.isclose, (X, X), {}),
    *[(f, (P,), {}) for f in (np.exp, np.log, np.sqrt, np.tanh, np.arctan, np.log1p, np.cbrt, np.square, np.abs)],
    *[(f, (X,), {}) for f in (np.negative, np.sign, np.floor, np.rint, np.isfinite, np.fabs, np.positive)],
]


def as_tensors(thing):
    if isinstance(thing, np.ndarray) and thing.dtype.kind in "fb":
        return Tensor(thing)
    return [as_tensors(t) for t in thing] if isinstance(thing, list) else thing


@pytest.mark.parametrize(("function", "args", "kwargs"), NUMPY_CALLS, ids=lambda x: getattr(x, "__name__", None))
def test_numpy_functions_take_tensors(function, args, kwargs):
    expected = function(*args, **kwargs)
    got = function(*as_tensors(list(args)), **{k: as_tensors(v) for k, v in kwargs.items()})
    if not isinstance(expected, (list, tuple)):
        expected, got = [expected], [got]
    for g, e in zip(got, expected, strict=True):
        assert isinstance(g, Tensor)
        np.testing.assert_allclose(g.numpy(), e, rtol=2e-6)


def test_numpy_functions_take_variables():
    v = Variable(X)
    np.testing.assert_array_equal(np.sum(v, axis=0).numpy(), X.sum(0))
    np.testing.assert_array_equal(np.maximum(v, 0).numpy(), np.maximum(X, 0))


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda t: np.fft.fft(t), "np.fft"),
        (lambda t: np.linalg.inv(t), "np.inv"),
        (lambda t: np.gcd(t, t), "np.gcd"),
        (lambda t: np.sum(t, where=[True, False, True]), "where"),
        (lambda t: np.add(t, t, where=False), "where"),
        (lambda t: np.add(t, t, out=np.zeros((2, 3), "float32")), "out"),
        (lambda t: np.reshape(t, -1, order="F"), "order"),
        (lambda t: np.take(t, [0], mode="wrap"), "mode"),
        (lambda t: np.argsort(t, order="x"), "order"),
        (lambda t: np.subtract.outer(t, t), "np.subtract.outer"),
    ],
)
def test_what_numpy_can_and_tensors_cannot_is_named(call, named):
    with pytest.raises(TypeError, match=named):
        call(Tensor(X))


def test_every_registered_function_is_callable_by_its_numpy_name():
    names = {getattr(f, "__name__", f) for f in NUMPY_FUNCTIONS}
    assert {"add", "mean", "where", "einsum", "getitem", "cast"} <= names


# --- errors, at the first line that could know


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: ops.add(X, np.zeros(2)), ShapeError, r"(?s)do not go together.*\(2, 3\) and \(2,\)"),
        (lambda: ops.matmul(X, X), ShapeError, r"\(2, 3\) @ \(2, 3\)"),
        (lambda: ops.matmul(X, 2.0), ShapeError, "no scalars"),
        (lambda: ops.reshape(X, (4, -1)), ShapeError, "6 elements"),
        (lambda: ops.reshape(X, (-1, -1)), ShapeError, "at most one size being -1"),
        (lambda: ops.sum(X, axis=2), ShapeError, r"(?s)no axis 2.*from -2 to 1"),
        (lambda: ops.mean(X, axis=(0, 0)), ShapeError, "named twice"),
        (lambda: ops.transpose(X, (0, 0)), ShapeError, "each axis once"),
        (lambda: ops.squeeze(X, 0), ShapeError, "axes of size 1"),
        (lambda: ops.broadcast_to(X, (2, 4)), ShapeError, "do not fit"),
        (lambda: ops.concatenate([X, X[:, :2]]), ShapeError, "differ on other axes"),
        (lambda: ops.stack([X, X[0]]), ShapeError, "differ in shape"),
        (lambda: ops.split(X, 2, axis=1), ShapeError, "(?s)does not divide.*array_split"),
        (lambda: ops.pad(X, 1, mode="mirror"), ValueError, "(?s)unknown `mode`.*reflect"),
        (lambda: ops.take(X, [2], axis=0), IndexError, r"(?s)index 2 is out of range.*axis of size 2|size 2"),
        (lambda: ops.take(X, [0.5]), DTypeError, "integers"),
        (lambda: Tensor(X)[5], IndexError, r"shape \(2, 3\)"),
        (lambda: Tensor(X)[0.5], DTypeError, "integers or booleans"),
        (lambda: ops.top_k(X, 4), ShapeError, "k=4"),
        (lambda: ops.max(np.zeros((0, 3)), axis=0), ShapeError, "initial"),
        (lambda: ops.norm(X, "nuc", axis=(0, 1)), ValueError, "'nuc'"),
        (lambda: ops.one_hot([0.5], 3), ValueError, "integers"),
        (lambda: ops.one_hot([0], 3, sparse=True), ValueError, "sparse=True"),
        (lambda: ops.einsum("ij,jk->ik", X), ShapeError, "letter for each axis"),
        (lambda: ops.einsum("ij,ij->ij", X, X.T), ShapeError, "two sizes"),
        (lambda: ops.einsum("ij->ik", X), ShapeError, "come from the operands"),
        (lambda: ops.einsum("ij->ij", X, optimize=True), TypeError, "optimize"),
        (lambda: ops.scatter_update(X, [[0]], X[:1], reduction="sum"), ValueError, "'sum'"),
        (lambda: ops.where(X > 0, X), ValueError, "both values or none"),
        (lambda: ops.cast(X, "complex64"), DTypeError, "complex64"),
        (lambda: ops.convert_to_tensor(X, sparse=True), DTypeError, "sparse=True"),
        (
            lambda: ops.categorical_crossentropy([0, 2], X),
            ShapeError,
            "(?s)differ in shape.*sparse_categorical_crossentropy",
        ),
        (
            lambda: ops.sparse_categorical_crossentropy(X, X),
            ShapeError,
            "(?s)do not fit.*categorical_crossentropy",
        ),
        (
            lambda: ops.sparse_categorical_crossentropy([0, 3], X, from_logits=True),
            ValueError,
            "(?s)label 3 is out of range.*3 classes.*4 units",
        ),
        (lambda: ops.sparse_categorical_crossentropy([0, -1], X), ValueError, "label -1"),
        (lambda: ops.binary_crossentropy(X, X[0]), ShapeError, "differ in shape"),
    ],
)
def test_bad_arguments_are_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_what_depends_on_values_is_refused_while_recording():
    for f in (lambda x: ops.nonzero(x), lambda x: x[x > 0], lambda x: ops.segment_sum(x, ops.cast(x[:, 0], "int32"))):
        with pytest.raises(TracingError):
            Compiled(f, "step")(X)


# --- small promises


def test_python_numbers_follow_the_array():
    half = Tensor(np.ones(2, "float16"))
    assert (half * 2.5 + 1).dtype == "float16"
    assert (Tensor([1, 2]) * 2.5).dtype == "float32"
    assert ops.where([True, False], half, 0.0).dtype == "float16"
    assert ops.clip(half, 0, 1).dtype == "float16"


def test_half_precision_means_do_not_overflow():
    x = np.full(10000, 100.0, "float16")
    assert ops.mean(x).numpy() == 100
    assert ops.var(x).numpy() == 0


def test_views_of_numpy_inputs_are_not_written_to():
    x = X.copy()
    x.flags.writeable = False
    ops.sort(x)
    ops.softmax(x)
    np.testing.assert_array_equal(x, X)


def test_einsum_reads_implicit_results_like_numpy():
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    for letters, args in (("ij,jk", (a, b)), ("ji", (a,)), ("ij", (a,)), ("kj,jz", (a, b)), ("i...", (a,))):
        np.testing.assert_allclose(ops.einsum(letters, *args).numpy(), np.einsum(letters, *args))


@pytest.mark.parametrize("n", [1, 3, 20, 40, 1000])
@pytest.mark.parametrize("skewed", [False, True])
def test_adding_at_indices_like_a_loop(n, skewed, rng):
    rows = rng.integers(-5, 5, n)
    if skewed:
        rows[rng.random(n) < 0.8] = 3
    values = rng.normal(size=(n, 6))
    expected = np.zeros((5, 6))
    for row, value in zip(rows, values, strict=True):
        expected[row] += value
    np.testing.assert_allclose(bind("add_at", values, rows, axis=0, size=5).numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(
        bind("add_at", values[:, 0], rows, axis=0, size=5).numpy(), expected[:, 0], rtol=1e-12, atol=1e-12
    )


def test_top_k_and_sort_keep_the_order_of_equals():
    x = np.array([2, 7, 7, 1, 7])
    values, indices = ops.top_k(x, 4)
    np.testing.assert_array_equal(values.numpy(), [7, 7, 7, 2])
    np.testing.assert_array_equal(indices.numpy(), [1, 2, 4, 0])
    np.testing.assert_array_equal(ops.argsort(x).numpy(), [3, 0, 1, 2, 4])
    values, _ = ops.top_k(np.array([0, 200, 100], "uint8"), 2)
    np.testing.assert_array_equal(values.numpy(), [200, 100])
