"""Stretches that go row by row: the bits of eager execution, and no thread in another's memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import babytf as keras
from babytf import layers, ops
from babytf.engine import Compiled, GradientTape, Tensor, Variable, lanes, threads
from tests.engine.test_compiled import cook, recipes


@pytest.fixture
def small_work(monkeypatch):
    """Share even the smallest work, among so many threads."""

    def share(count):
        monkeypatch.setattr(lanes, "LEAST", 0.0)
        monkeypatch.setattr(threads, "CUT", 1)
        monkeypatch.setattr(threads, "FEWEST", 1)
        monkeypatch.setattr(threads, "count", lambda: count)

    return share


def stretches(program):
    return [number for number, _ in program.plan.lanes.groups if number > 0]


@given(recipe=recipes(), seed=st.integers(0, 2**16), count=st.sampled_from([2, 3]))
def test_shared_programs_give_the_bits_of_eager_execution(recipe, seed, count):
    steps, wanted, written = recipe
    rng = np.random.default_rng(seed)
    x, y, w0 = (rng.normal(size=(4, 6)).astype("float32") for _ in range(3))

    def build():
        w = Variable(w0, name="w")

        def step(x, y):
            with GradientTape() as tape:
                values = cook(steps, [x, y, w])
                loss = sum((ops.sum(values[i]) for i in wanted), ops.mean(ops.square(w)))
            gradient = tape.gradient(loss, w)
            w.assign(ops.clip(ops.convert_to_tensor(values[written]), -2.0, 2.0) - 0.1 * gradient)
            return [values[i] + 0.0 for i in wanted], loss, gradient

        return w, step

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "LEAST", 0.0)
        patch.setattr(threads, "CUT", 1)
        patch.setattr(threads, "FEWEST", 1)
        patch.setattr(threads, "count", lambda: count)
        w_eager, eager = build()
        w_compiled, function = build()
        compiled = Compiled(function, "step")
        for _ in range(3):
            one, two = eager(Tensor(x), Tensor(y)), compiled(x, y)
            for a, b in zip([*one[0], one[1], one[2]], [*two[0], two[1], two[2]], strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy())
            np.testing.assert_array_equal(w_eager.numpy(), w_compiled.numpy())


def classifier(run_eagerly, dropout=0.2, hidden=256):
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((40,)),
            layers.Dense(hidden, activation="relu"),
            layers.Dropout(dropout),
            layers.Dense(hidden, activation="gelu", kernel_regularizer="l2"),
            layers.Dense(10),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        run_eagerly=run_eagerly,
    )
    return model


@pytest.mark.parametrize(("count", "samples"), [(2, 256), (2, 255), (3, 256)])
@pytest.mark.parametrize("fused", [True, False])
def test_training_with_shared_stretches_is_eager_training(count, samples, fused, small_work, monkeypatch, rng):
    small_work(count)
    if not fused:
        monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    x = rng.normal(size=(samples + 70, 40)).astype("float32")
    y = rng.integers(10, size=samples + 70)
    trained = []
    for run_eagerly in (False, True):
        model = classifier(run_eagerly)
        history = model.fit(x, y, batch_size=samples, epochs=3, verbose=0)
        trained.append((history.history, model.get_weights(), [v.numpy() for v in model.optimizer.variables]))
        if not run_eagerly:
            program = model.program("train")
            assert stretches(program)
            assert "def samples(" in program.source
    assert trained[0][0] == trained[1][0]
    for a, b in zip(trained[0][1] + trained[0][2], trained[1][1] + trained[1][2], strict=True):
        np.testing.assert_array_equal(a, b)


def test_little_work_is_not_shared(rng):
    model = classifier(False, hidden=4)
    model.fit(rng.normal(size=(32, 40)), rng.integers(10, size=32), verbose=0)
    assert not stretches(model.program("train"))


def test_what_needs_all_samples_lies_between_stretches(small_work, rng):
    small_work(2)

    def function(x, w):
        z = ops.tanh(x @ w)
        z = z - ops.mean(z, axis=0, keepdims=True)
        return ops.sum(ops.exp(z @ w), axis=1)

    x, w = rng.normal(size=(64, 8)).astype("float32"), rng.normal(size=(8, 8)).astype("float32")
    compiled = Compiled(function, "f")
    program = compiled.program(x, w)
    assert len(stretches(program)) == 2
    text = program.source
    assert text.index("shared(samples,") < text.index("np.add.reduce(tanh, axis=0") < text.index("shared(samples_1,")
    np.testing.assert_array_equal(compiled(x, w).numpy(), function(Tensor(x), Tensor(w)).numpy())


def test_rows_that_are_several_for_each_sample(small_work, rng):
    """Time folded into the batch: a thread's samples are a whole number of its rows."""
    small_work(2)

    def function(x, w):
        folded = ops.reshape(x, (-1, 8))  # (B, T, F) -> (B T, F)
        z = ops.reshape(ops.relu(folded @ w), (x.shape[0], -1, 8))
        return ops.sum(ops.transpose(z, (0, 2, 1)), axis=-1)

    w = rng.normal(size=(8, 8)).astype("float32")
    for batch, shared in ((6, True), (7, False)):  # 7 samples of 5 rows: half of the rows is no whole sample
        x = rng.normal(size=(batch, 5, 8)).astype("float32")
        compiled = Compiled(function, "f")
        product = next(n for n in compiled.program(x, w).graph.nodes if n.row.name == "matmul")
        found = dict((id(n), s) for s, nodes in compiled.program(x, w).plan.lanes.groups for n in nodes)
        assert (found[id(product)] > 0) == shared
        np.testing.assert_array_equal(compiled(x, w).numpy(), function(Tensor(x), Tensor(w)).numpy())


def test_the_same_array_by_rows_and_as_a_whole(small_work, rng):
    small_work(2)

    def function(x):
        z = ops.exp(x)
        return ops.exp(z @ z)  # left by rows, right as a whole

    x = (rng.normal(size=(8, 8)) * 0.1).astype("float32")
    compiled = Compiled(function, "f")
    assert len(stretches(compiled.program(x))) == 2
    np.testing.assert_array_equal(compiled(x).numpy(), function(Tensor(x)).numpy())


def test_random_draws_keep_their_order(small_work):
    small_work(2)
    results = []
    for compile_it in (True, False):
        keras.utils.set_random_seed(1)
        generator = keras.random.SeedGenerator(3)

        def function(x, generator=generator):
            first = keras.random.dropout(ops.exp(x @ x), 0.5, seed=generator)
            second = keras.random.dropout(ops.exp(x), 0.5, seed=generator)
            return first, second

        x = np.full((8, 8), 0.1, "float32")
        run = Compiled(function, "f") if compile_it else lambda x, f=function: f(Tensor(x))
        results.append([t.numpy() for t in run(x)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def test_memory_changes_hands_only_between_arrays_of_equal_rows(small_work, rng):
    """In a stretch, no two arrays of other row sizes may share memory, nor one that all threads read with another."""
    small_work(2)

    def function(x, w, v):
        a = ops.exp(x @ w)  # (8, 16)
        b = ops.exp(a @ v)  # (8, 4): a's memory is free, but its rows are longer
        c = ops.exp(b @ ops.transpose(v))  # (8, 16)
        return ops.sum(ops.exp(c), axis=1)

    x, w, v = (rng.normal(size=s).astype("float32") * 0.1 for s in ((8, 8), (8, 16), (16, 4)))
    plan = Compiled(function, "f").program(x, w, v).plan
    (stretch,) = {s for s in plan.stretch if s}
    rows = {}
    for step, number in zip(plan.steps, plan.stretch, strict=True):
        if number == stretch:
            for value in plan.stored(step):
                place = plan.places[id(value)]
                if place.kind == "buffer":
                    rows.setdefault(place.slot, set()).add(value.spec.nbytes)
    assert rows
    assert all(len(sizes) == 1 for sizes in rows.values())
