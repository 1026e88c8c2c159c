"""Updates of long vectors: which nodes go piece by piece, and what memory that takes."""

import numpy as np
import pytest

import babytf as keras
from babytf import layers, ops
from babytf.engine import Compiled, Tensor, Variable, chains, threads
from babytf.engine.chains import Chain

LONG = 2 * chains.PIECE + 13


def compiled_on(function, *arrays):
    compiled = Compiled(function, "f")
    return compiled, compiled.program(*arrays)


def chain_of(program):
    return [step for step in program.plan.steps if isinstance(step, Chain)]


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 2)


def test_what_only_a_chain_needs_takes_a_piece_of_memory(rng, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 1)
    x = rng.normal(size=LONG).astype("float32")

    def f(x):
        return ops.sqrt(ops.square(x * 2.0) + 1.0) - ops.abs(x)

    compiled, program = compiled_on(f, x)
    (chain,) = chain_of(program)
    assert len(chain) == 6
    assert compiled(x).numpy().tobytes() == f(Tensor(x)).numpy().tobytes()
    assert program.memory()["buffers"] == x.nbytes + 2 * 4 * chains.PIECE  # the result, and two pieces in turn


def test_a_result_may_lie_over_what_it_is_made_of_but_not_over_what_is_read_later(rng):
    x = rng.normal(size=LONG).astype("float32")

    def f(x):
        a = x * 2.0
        b = a + x  # a is read again below
        c = b * b
        return (c - a) / (b + 10.0)

    compiled, program = compiled_on(f, x)
    assert len(chain_of(program)[0]) == 6
    assert compiled(x).numpy().tobytes() == f(Tensor(x)).numpy().tobytes()


def test_a_variable_that_a_chain_reads_after_its_new_value_was_made_keeps_the_old_one_until_then(rng):
    x, start = (rng.normal(size=LONG).astype("float32") for _ in range(2))

    def build():
        v, w = Variable(start, name="v"), Variable(start, name="w")

        def f(x):
            old = v + 0.0
            new = v * 0.5 + x
            v.assign(new)
            w.assign(new * 3.0 - old)
            return ops.sum(new)

        return f, v, w

    eager, v1, w1 = build()
    function, v2, w2 = build()
    compiled = Compiled(function, "f")
    for _ in range(3):
        eager(Tensor(x)), compiled(x)
        assert v1.numpy().tobytes() == v2.numpy().tobytes()
        assert w1.numpy().tobytes() == w2.numpy().tobytes()


def test_scalar_work_between_goes_before_the_chain(rng):
    x = rng.normal(size=LONG).astype("float32")
    count = Variable(np.float32(1.0), name="count")

    def f(x):
        a = x * 2.0 + 1.0
        count.assign(count + 1.0)
        rate = 1.0 / count
        return a * rate - x

    compiled, program = compiled_on(f, x)
    assert [len(chain) for chain in chain_of(program)] == [4]
    count.assign(1.0)
    assert (
        compiled(x).numpy().tobytes()
        == (x * np.float32(2) + np.float32(1)).__mul__(np.float32(0.5)).__sub__(x).tobytes()
    )


def test_a_program_that_looks_for_nan_has_no_chains(rng):
    x = np.concatenate([rng.normal(size=LONG), [-1.0]]).astype("float32")

    def f(x):
        return ops.sqrt(x * 2.0 + 0.0) * 3.0

    keras.config.enable_check_numerics()
    try:
        with pytest.raises(keras.errors.NotFiniteError, match="sqrt"):
            Compiled(f, "f")(x)
    finally:
        keras.config.disable_check_numerics()


# --- optimizers


def network(**options):
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((600,)),
            layers.Dense(512, activation="relu"),
            layers.Dense(96, activation="relu"),
            layers.Dense(3),
        ]
    )
    model.compile(loss="mse", **options)
    return model


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop", "adamw", "nadam", "lion"])
@pytest.mark.parametrize("fused", [False, True])
def test_shared_updates_give_the_bits_of_eager_training(optimizer, fused, rng, two_threads):
    x, y = rng.normal(size=(192, 600)).astype("float32"), rng.normal(size=(192, 3)).astype("float32")
    weights = []
    for eager in (True, False):
        model = network(optimizer=optimizer, run_eagerly=eager, jit_compile=fused and not eager)
        model.fit(x, y, batch_size=64, epochs=2, verbose=0)
        weights.append(b"".join(w.tobytes() for w in model.get_weights()))
    assert sum(w.size for w in model.get_weights()) >= threads.VECTOR
    assert "shared(call, gradients)" in model.program().source
    assert weights[0] == weights[1]


@pytest.mark.parametrize(
    "options",
    [{"clipnorm": 1.0}, {"global_clipnorm": 1.0}, {"clipvalue": 0.5}, {"use_ema": True}, {"weight_decay": 0.1}],
)
def test_what_is_done_to_gradients_first_is_done_to_all_of_them(options, rng, two_threads):
    x, y = rng.normal(size=(128, 600)).astype("float32"), rng.normal(size=(128, 3)).astype("float32")
    weights = []
    for eager in (True, False):
        model = network(optimizer=keras.optimizers.Adam(0.01, **options), run_eagerly=eager)
        model.fit(x, y, batch_size=64, epochs=2, verbose=0)
        weights.append(b"".join(w.tobytes() for w in model.get_weights()))
    assert weights[0] == weights[1]


def test_what_only_an_update_needs_is_part_of_its_chain(two_threads):
    model = network(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), jit_compile=False)
    model.fit(np.zeros((64, 600), "float32"), np.zeros((64, 3), "float32"), batch_size=64, verbose=0)
    chain = chain_of(model.program())
    assert [len(c) for c in chain] == [4]  # momentum m, m decayed, the rate times the gradient, both together, weights


def test_chains_of_several_lengths_share_memory_but_not_a_piece_that_is_too_short(rng, two_threads):
    short, long = (rng.normal(size=size).astype("float32") for size in (2 * chains.PIECE, 2 * threads.VECTOR))

    def f(short, long):
        return ops.sqrt(ops.square(long * 2.0) + 1.0) - 3.0, ops.sqrt(ops.square(short * 2.0) + 1.0) - 3.0

    compiled, program = compiled_on(f, short, long)
    assert sorted(chain.piece(2) for chain in chain_of(program)) == [chains.PIECE, chains.PIECE_SHARED]
    for found, expected in zip(compiled(short, long), f(Tensor(short), Tensor(long)), strict=True):
        assert found.numpy().tobytes() == expected.numpy().tobytes()
