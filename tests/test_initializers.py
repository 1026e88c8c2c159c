"""Initializers: distributions, seeds, fans and names."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf import initializers, random
from babytf.errors import ShapeError
from babytf.initializers import RandomInitializer, compute_fans

DENSE, CONV = (250, 320), (3, 3, 40, 60)  # fans 250 and 320; 360 and 540
TRUNCATED = 0.87962566  # standard deviation of a standard normal truncated at 2


def glorot(shape):
    return math.sqrt(2 / sum(compute_fans(shape)))


def by_fan_in(scale):
    return lambda shape: math.sqrt(scale / compute_fans(shape)[0])


def by_fan_out(scale):
    return lambda shape: math.sqrt(scale / compute_fans(shape)[1])


def fixed(stddev):
    return lambda shape: stddev


UNIFORM, NORMAL = math.sqrt(3), 2 / TRUNCATED  # largest value, in standard deviations
RANDOM = [
    ("GlorotUniform", {}, glorot, UNIFORM),
    ("GlorotNormal", {}, glorot, NORMAL),
    ("HeUniform", {}, by_fan_in(2), UNIFORM),
    ("HeNormal", {}, by_fan_in(2), NORMAL),
    ("LecunUniform", {}, by_fan_in(1), UNIFORM),
    ("LecunNormal", {}, by_fan_in(1), NORMAL),
    ("VarianceScaling", {}, by_fan_in(1), NORMAL),
    ("VarianceScaling", {"scale": 3.0}, by_fan_in(3), NORMAL),
    ("VarianceScaling", {"mode": "fan_out"}, by_fan_out(1), NORMAL),
    ("VarianceScaling", {"mode": "fan_avg", "scale": 1.0}, glorot, NORMAL),
    ("VarianceScaling", {"distribution": "uniform"}, by_fan_in(1), UNIFORM),
    ("VarianceScaling", {"distribution": "normal"}, by_fan_in(1), NORMAL),
    ("VarianceScaling", {"distribution": "untruncated_normal"}, by_fan_in(1), None),
    ("RandomNormal", {}, fixed(0.05), None),
    ("RandomNormal", {"stddev": 3.0}, fixed(3.0), None),
    ("RandomUniform", {}, fixed(0.05 / math.sqrt(3)), UNIFORM),
    ("RandomUniform", {"minval": -3.0, "maxval": 3.0}, fixed(math.sqrt(3)), UNIFORM),
    ("TruncatedNormal", {}, fixed(0.05 * TRUNCATED), NORMAL),
    ("TruncatedNormal", {"stddev": 2.0}, fixed(2.0 * TRUNCATED), NORMAL),
]


@pytest.mark.parametrize("shape", [DENSE, CONV], ids=["dense", "conv"])
@pytest.mark.parametrize(("name", "arguments", "stddev", "largest"), RANDOM)
def test_distribution(name, arguments, stddev, largest, shape):
    x = getattr(initializers, name)(seed=3, **arguments)(shape).numpy().astype("float64")
    s = stddev(shape)
    assert x.shape == shape
    assert abs(x.mean()) < 6 * s / math.sqrt(x.size)
    assert abs(x.std() - s) < 6 * s / math.sqrt(2 * x.size)
    if largest is not None:
        assert 0.9 * largest * s < np.abs(x).max() <= largest * s * (1 + 1e-6)
    else:
        assert np.abs(x).max() > 3.5 * s


@pytest.mark.parametrize("name", ["RandomNormal", "TruncatedNormal"])
def test_mean_is_added(name):
    x = getattr(initializers, name)(mean=5.0, stddev=0.1, seed=3)(DENSE).numpy()
    assert_allclose(x.mean(), 5.0, atol=0.01)


def test_uniform_between_any_two_ends():
    x = initializers.RandomUniform(2.0, 6.0, seed=3)(DENSE).numpy()
    assert 2.0 <= x.min() < 2.01
    assert 5.99 < x.max() <= 6.0


CLASSES = sorted({c.__name__ for c in initializers.TABLE.values() if issubclass(c, RandomInitializer)})


@pytest.mark.parametrize("name", CLASSES)
def test_an_integer_seed_gives_the_same_values_on_each_call(name):
    make = getattr(initializers, name)
    first = make(seed=42)
    x = first((5, 4)).numpy()
    assert_array_equal(first((5, 4)), x)
    assert_array_equal(make(seed=42)((5, 4)), x)
    assert (make(seed=43)((5, 4)).numpy() != x).any()


@pytest.mark.parametrize("name", CLASSES)
def test_no_seed_draws_one_when_made(name):
    make = getattr(initializers, name)
    first, second = make(), make()
    assert_array_equal(first((5, 4)), first((5, 4)))
    assert (first((5, 4)).numpy() != second((5, 4)).numpy()).any()
    assert isinstance(first.seed, int)
    assert first.get_config()["seed"] is None


@pytest.mark.parametrize("name", CLASSES)
def test_a_seed_generator_gives_fresh_values_on_each_call(name):
    def draw_twice():
        drawn = getattr(initializers, name)(seed=random.SeedGenerator(7))
        return drawn((5, 4)).numpy(), drawn((5, 4)).numpy()

    (a, b), (c, d) = draw_twice(), draw_twice()
    assert (a != b).any()
    assert_array_equal(a, c)
    assert_array_equal(b, d)


@pytest.mark.parametrize("seed", ["1", 1.5, True])
def test_bad_seed(seed):
    with pytest.raises(ValueError, match=r"GlorotUniform: bad `seed`(?s:.)*got:(?s:.)*fix:"):
        initializers.GlorotUniform(seed=seed)


def test_constants():
    assert_array_equal(initializers.Zeros()((2, 3)), np.zeros((2, 3)))
    assert_array_equal(initializers.Ones()((2, 3)), np.ones((2, 3)))
    assert_array_equal(initializers.Constant(0.5)((2, 3)), np.full((2, 3), 0.5))
    assert_array_equal(initializers.Constant([1.0, 2.0])((3, 2)), [[1, 2]] * 3)
    assert_array_equal(initializers.Identity(2.0)((2, 3)), [[2, 0, 0], [0, 2, 0]])


@pytest.mark.parametrize("shape", [(30, 20), (20, 30), (3, 4, 5)])
def test_orthogonal(shape):
    x = initializers.Orthogonal(gain=1.5, seed=1)(shape).numpy().reshape(-1, shape[-1]) / 1.5
    product = x.T @ x if x.shape[0] >= x.shape[1] else x @ x.T
    assert_allclose(product, np.eye(len(product)), atol=1e-5)


def test_orthogonal_begins_with_the_direction_of_the_draw():
    # Gram and Schmidt keep the direction of the first column, sign included: all rotations are then equally likely.
    drawn = random.normal((6, 4), dtype="float64", seed=1).numpy()
    q = initializers.Orthogonal(seed=1)((6, 4), dtype="float64").numpy()
    assert_allclose(q[:, 0], drawn[:, 0] / np.linalg.norm(drawn[:, 0]))


@pytest.mark.parametrize("name", sorted({c.__name__ for c in initializers.TABLE.values()} - {"Initializer"}))
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", None])
def test_dtype(name, dtype):
    shape = (4, 1, 3) if name == "STFT" else (3, 4)
    assert str(getattr(initializers, name)()(shape, dtype=dtype).dtype) == (dtype or "float32")


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: initializers.Identity()((3,)), "Identity makes matrices"),
        (lambda: initializers.Orthogonal()((3,)), "Orthogonal makes matrices"),
        (lambda: initializers.Constant([1.0, 2.0])((3,)), "Constant: the value does not fit"),
        (lambda: initializers.STFT()((4, 6)), "STFT makes kernels of one channel"),
        (lambda: initializers.STFT()((4, 2, 3)), "STFT makes kernels of one channel"),
        (lambda: initializers.STFT(window=[1.0, 2.0])((4, 1, 3)), "the window does not fit"),
        (lambda: initializers.get(np.ones(2))((3,)), "does not have the variable's shape"),
    ],
)
def test_bad_shape(call, match):
    with pytest.raises(ShapeError, match=match):
        call()


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"scale": 0.0}, "bad `scale`"),
        ({"scale": -1.0}, "bad `scale`"),
        ({"mode": "fan_max"}, "bad `mode`"),
        ({"distribution": "cauchy"}, "bad `distribution`"),
    ],
)
def test_bad_variance_scaling(arguments, match):
    with pytest.raises(ValueError, match=match):
        initializers.VarianceScaling(**arguments)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"side": "left"}, "bad `side`"),
        ({"scaling": "power"}, "bad `scaling`"),
        ({"window": "haning"}, r"unknown window 'haning'(?s:.)*did you mean 'hann'"),
    ],
)
def test_bad_stft(arguments, match):
    with pytest.raises(ValueError, match=match):
        initializers.STFT(**arguments)


def test_stft_is_the_fourier_transform():
    # the real and the imaginary kernel, applied to a signal, give NumPy's transform of the windowed signal
    signal = np.sin(np.arange(8) * 0.7) + 0.2
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(8) / 8)
    parts = [
        np.tensordot(
            signal, initializers.STFT(side, scaling=None, periodic=True)((8, 1, 5), "float64").numpy()[:, 0], 1
        )
        for side in ("real", "imag")
    ]
    assert_allclose(parts[0] + 1j * parts[1], np.fft.rfft(signal * window), atol=1e-12)


def test_stft_scales():
    w = np.array([1.0, 2.0, 3.0, 4.0])
    plain = initializers.STFT(window=w, scaling=None)((4, 1, 3), "float64").numpy()
    for scaling, scale in (("density", np.sqrt(30)), ("spectrum", 10)):
        assert_allclose(initializers.STFT(window=w, scaling=scaling)((4, 1, 3), "float64").numpy(), plain / scale)
    assert_allclose(initializers.STFT(window=None)((4, 1, 3), "float64").numpy() * w[:, None, None], plain)


@pytest.mark.parametrize(
    ("shape", "arguments", "fans"),
    [
        ((), {}, (1, 1)),
        ((7,), {}, (7, 7)),
        ((7, 3), {}, (7, 3)),
        ((5, 7, 3), {}, (35, 15)),
        ((2, 5, 7, 3), {}, (70, 30)),
        ((7, 3, 2), {"input_axes": [0], "output_axes": [1, 2]}, (7, 6)),
        ((7, 3), {"input_axes": [0]}, (7, 3)),  # one alone changes nothing
    ],
)
def test_fans_by_hand(shape, arguments, fans):
    assert compute_fans(shape, **arguments) == fans


def test_axes_change_the_scale():
    # fan in 4 instead of 4 * 9: three times the standard deviation
    plain = initializers.HeNormal(seed=1)((9, 4, 5)).numpy()
    other = initializers.HeNormal(seed=1, input_axes=[1], output_axes=[0, 2])((9, 4, 5)).numpy()
    assert_allclose(other, 3 * plain, rtol=1e-5)


CONFIGS = [
    ("Constant", {"value": 0.3}),
    ("Identity", {"gain": 0.3}),
    ("RandomNormal", {"mean": 0.1, "stddev": 0.2, "seed": 3}),
    ("TruncatedNormal", {"mean": 0.1, "stddev": 0.2, "seed": 3}),
    ("RandomUniform", {"minval": 0.1, "maxval": 0.2, "seed": 3}),
    ("Orthogonal", {"gain": 0.3, "seed": 3}),
    (
        "VarianceScaling",
        {
            "scale": 0.3,
            "mode": "fan_out",
            "distribution": "uniform",
            "seed": 3,
            "input_axes": [0],
            "output_axes": [1],
        },
    ),
    *(
        (n, {"seed": 3, "input_axes": [0], "output_axes": [1]})
        for n in ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")
    ),
    ("Zeros", {}),
    ("Ones", {}),
    ("STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True}),
]


@pytest.mark.parametrize(("name", "arguments"), CONFIGS)
def test_config_goes_round(name, arguments):
    made = getattr(initializers, name)(**arguments)
    assert made.get_config() == arguments
    serialized = initializers.serialize(made)
    assert (serialized["module"], serialized["class_name"]) == ("keras.initializers", name)
    for again in (initializers.deserialize(serialized), made.clone()):
        assert type(again) is type(made)
        assert again.get_config() == arguments
        shape = (4, 1, 3) if name == "STFT" else (4, 6)
        assert_array_equal(again(shape), made(shape))


def test_every_class_has_a_config_test():
    named = {c.__name__ for c in initializers.TABLE.values()} - {"Initializer"}
    assert {name for name, _ in CONFIGS} == named


def test_config_of_a_seed_generator_goes_round():
    made = initializers.RandomNormal(seed=random.SeedGenerator(5))
    again = initializers.deserialize(initializers.serialize(made))
    assert isinstance(again.seed, random.SeedGenerator)


@pytest.mark.parametrize("name", sorted(initializers.TABLE))
def test_get_by_name(name):
    assert type(initializers.get(name)) is initializers.TABLE[name]
    if name not in ("normal", "uniform", "one", "zero", "initializer"):
        assert getattr(initializers, name) is initializers.TABLE[name]


def test_get_of_other_things():
    def own(shape, dtype=None):
        return np.full(shape, 3.0)

    assert initializers.get(None) is None
    assert initializers.get(own) is own
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    values = np.array([[1.0, 2.0]])
    assert_array_equal(initializers.get(values)((1, 2)), values)
    assert str(initializers.get(values)((1, 2)).dtype) == "float32"
    with pytest.raises(ValueError, match=r"unknown initializer 'glorot'(?s:.)*did you mean 'glorot_"):
        initializers.get("glorot")
    with pytest.raises(ValueError, match="unknown initializer"):
        initializers.get(3)


def test_base_class_says_what_to_override():
    with pytest.raises(NotImplementedError, match="__call__"):
        initializers.Initializer()((2,))
