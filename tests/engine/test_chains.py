"""Updates of long vectors: which nodes go piece by piece, what memory that takes, and what follows which gradient."""

import threading

import numpy as np
import pytest

import babytf as keras
from babytf import layers, ops
from babytf.engine import Compiled, GradientTape, Tensor, Variable, chains, threads
from babytf.engine.chains import Chain
from babytf.engine.follow import follow

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


# --- updates that follow gradients


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
def test_an_update_that_follows_its_gradients_gives_the_bits_of_eager_training(optimizer, fused, rng, two_threads):
    x, y = rng.normal(size=(192, 600)).astype("float32"), rng.normal(size=(192, 3)).astype("float32")
    weights = []
    for eager in (True, False):
        model = network(optimizer=optimizer, run_eagerly=eager, jit_compile=fused and not eager)
        model.fit(x, y, batch_size=64, epochs=2, verbose=0)
        weights.append(b"".join(w.tobytes() for w in model.get_weights()))
    assert sum(w.size for w in model.get_weights()) >= threads.VECTOR
    assert "follow(" in model.program().source
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


def test_a_gradient_that_reads_weights_is_computed_before_any_are_updated(rng, two_threads, monkeypatch):
    monkeypatch.setattr("babytf.engine.lanes.LEAST", 0.0)
    monkeypatch.setattr(threads, "CUT", 1)
    starts = [rng.normal(size=shape).astype("float32") for shape in [(500, 512), (500, 512), (512, 512)]]
    x = rng.normal(size=(64, 512)).astype("float32")

    def build():
        u, v, w = variables = [Variable(start, name=name) for start, name in zip(starts, "uvw", strict=True)]
        optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
        optimizer.build(variables)

        def step(x):
            with GradientTape() as tape:
                loss = ops.mean(ops.square(ops.matmul(x, w))) + ops.mean(u * v)  # the gradient of u is v's value
            optimizer.apply(tape.gradient(loss, variables))
            return loss

        return variables, step

    ones, eager = build()
    others, function = build()
    compiled = Compiled(function, "step")
    for _ in range(2):
        eager(Tensor(x)), compiled(x)
    for one, other in zip(ones, others, strict=True):
        assert one.numpy().tobytes() == other.numpy().tobytes()
    assert "follow(" not in compiled.program(x).source


@pytest.mark.parametrize("count", [1, 2, 3])
def test_every_work_is_done_once_and_every_piece_after_its_work(count, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: count)
    lock, done, updated = threading.Lock(), [], []

    def work(i):
        with lock:
            done.append(i)

    def update(i, piece, thread):
        with lock:
            assert i in done
            assert 0 <= thread < count
            updated.append((i, piece))

    works = [[(work, i)] for i in range(9)]
    behind = [[[(i, piece, t) for t in range(count)] for piece in range(i % 3)] for i in range(9)]
    follow(works, update, behind)
    assert sorted(done) == list(range(9))
    assert sorted(updated) == [(i, piece) for i in range(9) for piece in range(i % 3)]


def test_an_error_in_a_helping_thread_is_raised(two_threads):
    here = threading.get_ident()

    def work():
        if threading.get_ident() != here:
            raise RuntimeError("lost")
        event.wait(5)

    event = threading.Event()

    def other():
        try:
            work()
        finally:
            event.set()

    with pytest.raises(RuntimeError, match="lost"):
        follow([[(other,)], [(other,)], [(other,)]], lambda *a: None, [[], [], []])
