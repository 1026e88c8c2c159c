"""The recurrent rows as a whole: beside plain rows step by step, their derivatives, and the compiled loops."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import babytf.ops  # noqa: F401  (gives Tensors their operators)
from babytf.engine import Compiled, GradientTape, Tensor, bind, compiled_kernels, jit, kernels, loops
from babytf.engine.primitives import gru, lstm, recurrence, simple_rnn

T, B, F, U = 5, 3, 2, 4


def shapes(gates, bias, states):
    return [(T, B, F), (F, gates * U), (U, gates * U), bias, *[(B, U)] * states]


def seen_of_lstm(inputs, first, count):
    return lstm.seen(bind("lstm_states", *inputs), inputs, first, count)


def seen_of_gru(after):
    return lambda inputs, first, count: gru.seen(
        bind("gru_states", *inputs, reset_after=after), inputs, first, count, after
    )


def seen_of_simple_rnn(inputs, first, count):
    return simple_rnn.seen(bind("simple_rnn_states", *inputs), inputs, first, count)


KINDS = {
    "lstm": (shapes(4, (4 * U,), 2), seen_of_lstm, lstm._of_gates),
    "gru": (shapes(3, (2, 3 * U), 1), seen_of_gru(True), gru._of_gates_after),
    "gru_before": (shapes(3, (3 * U,), 1), seen_of_gru(False), gru._of_gates_before),
    "simple_rnn": (shapes(1, (U,), 1), seen_of_simple_rnn, simple_rnn._of_gates),
}
CASES = [
    pytest.param(kind, masked, first, count, id=f"{kind}-{'masked' if masked else 'plain'}-{first}-{count}")
    for kind in KINDS
    for masked in (False, True)
    for first, count in ((1, T), (T, 1), (0, T + 1))
]


def drawn(kind, masked, rng):
    arrays = [rng.normal(size=shape) * 0.7 for shape in KINDS[kind][0]]
    return arrays, Tensor(rng.random((T, B)) < 0.6) if masked else recurrence.MASK


class NoTape:
    def watch(self, tensors):
        pass


@pytest.mark.parametrize(("kind", "masked", "first", "count"), CASES)
def test_what_is_seen_is_what_plain_rows_compute(kind, masked, first, count, rng):
    arrays, mask = drawn(kind, masked, rng)
    _, seen, step_by_step = KINDS[kind]
    inputs = (*map(Tensor, arrays), mask)
    rows, _ = step_by_step(NoTape(), *inputs)
    assert_allclose(seen(inputs, first, count), np.stack([r.numpy() for r in rows[first : first + count]]), rtol=1e-12)


@pytest.mark.parametrize(("kind", "masked", "first", "count"), CASES)
def test_first_and_second_derivatives_agree_with_central_differences(kind, masked, first, count, rng):
    arrays, mask = drawn(kind, masked, rng)
    seen = KINDS[kind][1]
    weights = rng.normal(size=(count, B, U))
    directions = [rng.normal(size=a.shape) for a in arrays]

    def value(moved):
        return float(np.sum(weights * seen((*map(Tensor, moved), mask), first, count).numpy()))

    def gradients(tensors):
        with GradientTape() as tape:
            tape.watch(tensors)
            y = seen((*tensors, mask), first, count)
        return tape.gradient(y, tensors, weights)

    def slope(moved):
        return sum(float(np.sum(g.numpy() * d)) for g, d in zip(gradients(moved), directions, strict=True))

    tensors = [Tensor(a) for a in arrays]
    with GradientTape() as outer:
        outer.watch(tensors)
        found = gradients(tensors)
        total = Tensor(np.float64(0), "float64")
        for g, d in zip(found, directions, strict=True):
            total = total + bind("sum", g * d, axis=None, keepdims=False, dtype="float64")
    second = outer.gradient(total, tensors)
    h = 1e-5
    for i, direction in enumerate(directions):
        ahead, back = ([a + sign * h * direction if j == i else a for j, a in enumerate(arrays)] for sign in (1, -1))
        got = float(np.sum(found[i].numpy() * direction))
        assert_allclose(got, (value(ahead) - value(back)) / (2 * h), rtol=1e-6, atol=1e-7)
        got = float(np.sum(second[i].numpy() * direction))
        expected = (slope([Tensor(a) for a in ahead]) - slope([Tensor(a) for a in back])) / (2 * h)
        assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_second_derivatives_in_a_program(kind, rng):
    arrays, mask = drawn(kind, False, rng)
    seen = KINDS[kind][1]

    def penalty(*tensors):
        with GradientTape() as outer:
            outer.watch(list(tensors))
            with GradientTape() as tape:
                tape.watch(tensors[0])
                y = seen((*tensors, mask), 1, T)
            (g,) = tape.gradient(y, [tensors[0]])
            total = bind("sum", g * g, axis=None, keepdims=False, dtype="float64")
        return tuple(outer.gradient(total, list(tensors)))

    expected = penalty(*map(Tensor, arrays))
    for got, e in zip(Compiled(penalty, "penalty")(*arrays), expected, strict=True):
        assert_array_equal(got.numpy(), e.numpy())


# --- the compiled loops


def test_tanh_of_the_loops_is_accurate_and_keeps_nan():
    x = np.concatenate([np.linspace(-12, 12, 4001), np.geomspace(1e-30, 1, 500), [np.inf, -np.inf]]).astype("float32")
    got = np.array([loops.tanh(v) for v in x])
    assert got.dtype == np.float32
    assert_allclose(got, np.tanh(x.astype("float64")), rtol=5e-7)
    assert np.isnan(loops.tanh(np.float32("nan")))


def run_kernels(module, kind, inputs, mask, rng):
    """States, and the gradient of all rows of them, computed by a module of kernels."""
    x, _, recurrent = inputs[:3]
    steps, batch, features = x.shape
    units = recurrent.shape[0]
    blocks = {"lstm": 4, "gru": 3, "simple_rnn": 1}[kind]
    memory = {"w": (blocks, features, units), "u": (blocks, units, units), "b": (blocks, 1, units)}
    if kind == "gru":
        memory["b"] = (2, 3, 1, units)
    product = (blocks, batch, units) if blocks > 1 else (batch, units)
    rows = {"lstm": 7 * steps + 2, "gru": 5 * steps + 1, "simple_rnn": steps + 1}[kind]
    out = np.empty((rows, batch, units), "float32")
    extra = [True] if kind == "gru" else []
    scratch = [np.empty(s, "float32") for s in ([*memory.values(), product] if blocks > 1 else [product])]
    getattr(module, kind)(*inputs, mask, *extra, *scratch, out)
    g = rng.normal(size=(steps, batch, units)).astype("float32")
    size = {"lstm": 4 * steps + 2, "gru": 4 * steps + 1, "simple_rnn": steps + 1}[kind] * batch * units
    back = {
        "lstm": [(steps, batch, units), (2, batch, units)],
        "gru": [(4, 2, batch, units), (2, batch, units)],
        "simple_rnn": [(batch, units)],
    }[kind]
    gradient = np.empty(size, "float32")
    scratch = [np.empty(s, "float32") for s in back]
    getattr(module, f"{kind}_gradient")(g, out, recurrent, mask, 1, *extra, *scratch, gradient)
    return out, gradient


@pytest.mark.skipif(not jit.available(), reason="the loops are compiled where Numba is installed")
@pytest.mark.parametrize("batch", [1, 6, 8])  # tiles of one row, of four and of one, of four
@pytest.mark.parametrize(("features", "units"), [(2, 16), (20, 33), (16, 7), (150, 20), (3, 130)])
@pytest.mark.parametrize("masked", [False, True])
def test_compiled_lstm_of_many_shapes_does_what_numpy_does(batch, features, units, masked, rng):
    drawn = [(T, batch, features), (features, 4 * units), (units, 4 * units), (4 * units,), *[(batch, units)] * 2]
    inputs = [(rng.normal(size=shape) * 0.3).astype("float32") for shape in drawn]
    mask = rng.random((T, batch)) < 0.6 if masked else np.zeros((0,), bool)
    plain = run_kernels(kernels, "lstm", inputs, mask, np.random.default_rng(1))
    compiled = run_kernels(compiled_kernels, "lstm", inputs, mask, np.random.default_rng(1))
    for got, expected in zip(compiled, plain, strict=True):
        assert_allclose(got, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.skipif(not jit.available(), reason="the loops are compiled where Numba is installed")
@pytest.mark.parametrize("kind", ["lstm", "gru", "simple_rnn"])
@pytest.mark.parametrize("masked", [False, True])
def test_compiled_loops_do_what_numpy_does(kind, masked, rng):
    inputs = [(rng.normal(size=shape) * 0.7).astype("float32") for shape in KINDS[kind][0]]
    mask = rng.random((T, B)) < 0.6 if masked else np.zeros((0,), bool)
    plain = run_kernels(kernels, kind, inputs, mask, np.random.default_rng(1))
    compiled = run_kernels(compiled_kernels, kind, inputs, mask, np.random.default_rng(1))
    for got, expected in zip(compiled, plain, strict=True):
        assert_allclose(got, expected, rtol=2e-5, atol=2e-6)


@pytest.mark.skipif(not jit.available(), reason="the loops are compiled where Numba is installed")
@pytest.mark.parametrize("dtype", ["int32", "int64", "uint8"])
def test_compiled_sums_of_rows(dtype, rng):
    x = rng.normal(size=(6, 4, 8)).astype("float32")
    indices = rng.integers(0, 5, (4, 6)).astype(dtype)
    for values in (x.transpose(1, 0, 2), np.ascontiguousarray(x.transpose(1, 0, 2))):
        got, expected = (np.full((5, 8), np.nan, "float32") for _ in range(2))
        compiled_kernels.add_at(values, indices, 0, got)
        kernels.add_at(values, indices, 0, expected)
        assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    with pytest.raises(IndexError, match="5 is out of range"):
        compiled_kernels.add_at(values, indices * 0 + 5, 0, got)


@pytest.mark.parametrize("rows", ["distinct", "few twice", "one many times", "all the same", "none"])
def test_sums_of_rows_however_often_they_occur(rows, rng):
    indices = {
        "distinct": rng.permutation(50)[:40],
        "few twice": np.concatenate([np.arange(40), [3, 3, 7, 9]]),
        "one many times": np.concatenate([np.arange(60, 200), np.full(30, 5)]),
        "all the same": np.full(40, 2),
        "none": np.zeros(0, int),
    }[rows]
    x = rng.integers(-9, 9, (indices.size, 8)).astype("float32")  # whole numbers: any order of sums is exact
    expected = np.zeros((200, 8), "float32")
    np.add.at(expected, indices, x)
    got = np.full((200, 8), np.nan, "float32")
    kernels.add_at(x, indices, 0, got)
    assert_array_equal(got, expected)
