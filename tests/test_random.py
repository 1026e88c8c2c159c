"""Draws: repeatable where they must be, different where they must be, distributed as they say."""

from __future__ import annotations

import numpy as np
import pytest

from babytf import ops, random
from babytf.engine import Compiled, GradientTape, Tensor
from babytf.errors import ShapeError

DRAWS = {
    "uniform": lambda seed: random.uniform((50,), seed=seed),
    "normal": lambda seed: random.normal((50,), seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((50,), seed=seed),
    "randint": lambda seed: random.randint((50,), 0, 1000, seed=seed),
    "categorical": lambda seed: random.categorical(np.zeros((2, 9), "float32"), 50, seed=seed),
    "shuffle": lambda seed: random.shuffle(np.arange(50), seed=seed),
    "gamma": lambda seed: random.gamma((50,), 2.0, seed=seed),
    "beta": lambda seed: random.beta((50,), 2.0, 3.0, seed=seed),
    "binomial": lambda seed: random.binomial((50,), 100, 0.4, seed=seed),
    "dropout": lambda seed: random.dropout(np.ones(50, "float32"), 0.5, seed=seed),
}
each = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


def same(a, b):
    return np.array_equal(a.numpy(), b.numpy())


@each
def test_an_integer_seed_gives_the_same_numbers_each_time(draw):
    assert same(draw(7), draw(7))
    assert not same(draw(7), draw(8))


@each
def test_a_generator_goes_on(draw):
    seeds = random.SeedGenerator(3)
    first, second = draw(seeds), draw(seeds)
    assert not same(first, second)
    again = random.SeedGenerator(3)
    assert same(first, draw(again))
    assert same(second, draw(again))


@each
def test_set_seed_repeats_everything(draw):
    random.set_seed(5)
    first, own, second = draw(None), draw(random.SeedGenerator()), draw(None)
    random.set_seed(5)
    assert same(first, draw(None))
    assert same(own, draw(random.SeedGenerator()))
    assert same(second, draw(None))
    assert not same(first, second)
    assert not same(first, own)


@each
def test_the_state_can_be_put_back(draw):
    seeds = random.SeedGenerator(1)
    draw(seeds)
    state = seeds.state
    ahead = draw(seeds)
    draw(seeds)
    seeds.state = state
    assert same(ahead, draw(seeds))
    other = random.SeedGenerator(99)
    other.state = state.tolist()
    assert same(ahead, draw(other))


@each
def test_a_recorded_program_draws_what_the_eager_run_draws(draw):
    eager, compiled = random.SeedGenerator(11), random.SeedGenerator(11)
    step = Compiled(lambda x: (draw(compiled), x + 1), "step")
    for _ in range(3):
        assert same(step(np.zeros(2, "float32"))[0], draw(eager))


def test_a_recorded_program_follows_a_restart():
    step = Compiled(lambda x: x + random.normal((3,)), "step")
    x = np.zeros(3, "float32")
    random.set_seed(1)
    a, b = step(x), step(x)
    random.set_seed(1)
    assert same(a, step(x))
    assert not same(a, b)


def test_integer_seeds_repeat_inside_a_program_too():
    step = Compiled(lambda x: random.categorical(x, 5, seed=2), "step")
    logits = np.zeros((2, 3), "float32")
    assert same(step(logits), step(logits))
    assert same(step(logits), random.categorical(logits, 5, seed=2))


# --- distributions: 40,000 draws; the bounds are some six standard errors wide

N = 40_000


def test_uniform():
    x = random.uniform((N,), -1.0, 3.0, seed=1).numpy()
    assert x.dtype == np.float32
    assert -1 <= x.min() < -0.99 < 2.99 < x.max() < 3
    np.testing.assert_allclose([x.mean(), x.var()], [1.0, 16 / 12], atol=0.04)


def test_normal():
    x = random.normal((N,), mean=2.0, stddev=3.0, dtype="float64", seed=1).numpy()
    assert x.dtype == np.float64
    np.testing.assert_allclose([x.mean(), x.std()], [2.0, 3.0], atol=0.1)


def test_truncated_normal():
    x = random.truncated_normal((N,), mean=1.0, stddev=0.5, seed=1).numpy()
    assert 0.0 <= x.min() < x.max() <= 2.0
    np.testing.assert_allclose([x.mean(), x.std()], [1.0, 0.5 * 0.8796], atol=0.02)


def test_randint():
    x = random.randint((N,), -2, 3, seed=1)
    assert x.dtype == "int32"
    np.testing.assert_allclose(np.bincount(x.numpy() + 2) / N, 0.2, atol=0.015)
    assert random.randint((3,), 0, 5, dtype="uint8", seed=1).dtype == "uint8"


def test_categorical():
    x = random.categorical(np.log([[0.1, 0.2, 0.7], [0.0001, 0.9998, 0.0001]]), N, seed=1).numpy()
    assert x.shape == (2, N)
    np.testing.assert_allclose(np.bincount(x[0]) / N, [0.1, 0.2, 0.7], atol=0.02)
    assert (x[1] == 1).mean() > 0.999


def test_shuffle():
    x = np.arange(24).reshape(4, 6)
    y = random.shuffle(x, axis=1, seed=3).numpy()
    np.testing.assert_array_equal(np.sort(y, axis=1), x)
    assert not np.array_equal(x, y)
    np.testing.assert_array_equal(y[1:] - y[:-1], 6)  # whole columns moved


def test_gamma_beta_binomial():
    x = random.gamma((N,), 3.0, seed=1).numpy()
    np.testing.assert_allclose([x.mean(), x.var()], [3.0, 3.0], atol=0.15)
    x = random.beta((N,), 2.0, 3.0, seed=1).numpy()
    np.testing.assert_allclose([x.mean(), x.var()], [0.4, 0.04], atol=0.01)
    x = random.binomial((N,), 10, [0.3], seed=1).numpy()
    np.testing.assert_allclose([x.mean(), x.var()], [3.0, 2.1], atol=0.1)


@pytest.mark.parametrize("rate", [0.001, 0.2, 0.5, 0.995])
def test_dropout_drops_the_fraction_and_keeps_the_mean(rate):
    n = 400_000
    x = random.dropout(np.full(n, 2.0, "float32"), rate, seed=4).numpy()
    np.testing.assert_allclose(np.unique(x), [0, 2 / (1 - rate)], rtol=1e-6)
    error = 6 * np.sqrt(rate * (1 - rate) / n)
    assert abs((x == 0).mean() - rate) < error


def test_dropout_of_nothing_and_of_everything():
    x = np.ones((2, 3), "float32")
    assert same(random.dropout(x, 0.0), Tensor(x))
    assert same(random.dropout(x, 1.0), ops.zeros((2, 3)))


def test_dropout_noise_shape_drops_whole_rows():
    x = random.dropout(np.ones((200, 3, 4), "float32"), 0.5, noise_shape=(None, 1, 4), seed=1).numpy()
    assert np.array_equal(x, np.broadcast_to(x[:, :1], x.shape))
    assert 0.4 < (x == 0).mean() < 0.6


def test_the_gradient_of_dropout_is_its_mask():
    x = Tensor(np.ones((20, 5)))
    with GradientTape() as tape:
        tape.watch(x)
        y = random.dropout(x, 0.25, seed=random.SeedGenerator(1))
    assert same(tape.gradient(y, x), y)


# --- bad arguments


@pytest.mark.parametrize(
    ("call", "error", "says"),
    [
        (lambda: random.normal((2,), seed="x"), ValueError, "seed='x'"),
        (lambda: random.SeedGenerator(1.5), ValueError, "seed=1.5"),
        (lambda: random.dropout(np.ones(2), 1.5), ValueError, "rate=1.5"),
        (lambda: random.dropout(np.ones((2, 3)), 0.5, noise_shape=(2, 2)), ShapeError, "noise_shape"),
        (lambda: random.normal((2,), dtype="int32"), ValueError, "int32"),
        (lambda: random.randint((2,), 0, 5, dtype="float32"), ValueError, "float32"),
        (lambda: random.categorical(np.zeros(3), 2), ShapeError, "two axes"),
    ],
)
def test_bad_arguments_are_explained(call, error, says):
    with pytest.raises(error, match=says):
        call()


def test_config_round_trip():
    seeds = random.SeedGenerator(42, name="mine")
    assert seeds.get_config() == {"seed": 42, "name": "mine"}
    assert same(
        random.normal((3,), seed=random.SeedGenerator.from_config(seeds.get_config())), random.normal((3,), seed=42)
    )
