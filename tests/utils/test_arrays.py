"""One-hot labels, unit vectors, seeds and names."""

import random

import numpy as np
import pytest

import babytf
from babytf.utils import clear_session, normalize, set_random_seed, to_categorical


def test_to_categorical():
    got = to_categorical([0, 2, 1])
    assert got.dtype == np.float64  # as in Keras
    np.testing.assert_array_equal(got, [[1, 0, 0], [0, 0, 1], [0, 1, 0]])
    np.testing.assert_array_equal(to_categorical(np.array([[1], [0]]), 3), [[0, 1, 0], [1, 0, 0]])
    assert to_categorical(np.zeros((2, 3), int), 4).shape == (2, 3, 4)
    assert to_categorical([], 4).shape == (0, 4)
    np.testing.assert_array_equal(to_categorical(1, 2), [0, 1])


def test_to_categorical_of_a_tensor():
    got = to_categorical(babytf.Tensor(np.array([1, 0])), 2)
    assert isinstance(got, babytf.Tensor)
    np.testing.assert_array_equal(got, [[0, 1], [1, 0]])


@pytest.mark.parametrize(
    ("x", "classes", "match"),
    [
        ([0, 3], 3, "labels from 0 to 3"),
        ([-1], 3, "labels from -1"),
        ([0.5], 3, "integer labels"),
        (["a"], 3, "integer labels"),
        ([], None, "no labels"),
        ([0], -1, "num_classes=-1"),
    ],
)
def test_to_categorical_refuses(x, classes, match):
    with pytest.raises(ValueError, match=match):
        to_categorical(x, classes)


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]], "float32")
    got = normalize(x)
    np.testing.assert_allclose(got, [[0.6, 0.8], [0, 0]], rtol=1e-6)
    assert got.dtype == np.float32
    np.testing.assert_allclose(normalize(x, axis=0), [[1, 1], [0, 0]])
    np.testing.assert_allclose(normalize(x, order=1), [[3 / 7, 4 / 7], [0, 0]], rtol=1e-6)
    tensor = normalize(babytf.Tensor(x))
    assert isinstance(tensor, babytf.Tensor)
    np.testing.assert_allclose(tensor, [[0.6, 0.8], [0, 0]], rtol=1e-6)


def test_one_seed_gives_one_result():
    def draw():
        return random.random(), np.random.random(), np.asarray(babytf.random.normal((3,)))  # noqa: NPY002

    set_random_seed(5)
    first = draw()
    second = draw()
    set_random_seed(5)
    for a, b in zip(first, draw(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(first[2], second[2])


@pytest.mark.parametrize("seed", ["1", 1.5, -1, 1 << 32, None, True])
def test_seeds_that_are_none(seed):
    with pytest.raises(ValueError, match="bad `seed`"):
        set_random_seed(seed)


def test_clear_session_starts_names_again():
    clear_session()
    assert [babytf.layers.Dense(1).name for _ in range(2)] == ["dense", "dense_1"]
    clear_session()
    assert babytf.layers.Dense(1).name == "dense"
