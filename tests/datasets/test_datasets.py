"""The data set that comes along, and the one that is downloaded."""

import pathlib

import numpy as np
import pytest

from babytf import datasets

MNIST = pathlib.Path(__file__).parents[2] / "examples" / "data" / "mnist.npz"


def test_digits():
    (x_train, y_train), (x_test, y_test) = datasets.digits.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == ((1437, 8, 8), (1437,), (360, 8, 8), (360,))
    assert {a.dtype for a in (x_train, y_train, x_test, y_test)} == {np.dtype("uint8")}
    assert x_train.max() == 16
    # Class sizes as the data set's own description gives them.
    counts = np.bincount(np.concatenate([y_train, y_test]))
    assert list(counts) == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    # The first image is a zero: a ring around an empty middle.
    assert y_train[0] == 0
    assert list(x_train[0][3]) == [0, 4, 12, 0, 0, 8, 8, 0]


def test_each_call_gives_arrays_of_its_own():
    first = datasets.digits.load_data()[0][0]
    first[:] = 0
    assert datasets.digits.load_data()[0][0].any()


@pytest.mark.skipif(not MNIST.exists(), reason="the full MNIST is not in every copy")
def test_mnist_from_a_path():
    (x_train, y_train), (x_test, y_test) = datasets.mnist.load_data(MNIST)
    assert (x_train.shape, x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    # The published class sizes, and the first labels.
    assert list(np.bincount(y_train)) == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert list(np.bincount(y_test)) == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert list(y_train[:5]) == [5, 0, 4, 1, 9]


def test_mnist_is_asked_from_the_cache(monkeypatch, tmp_path):
    asked = {}

    def get_file(name, **kwargs):
        asked.update(kwargs, name=name)
        path = tmp_path / "cached.npz"
        np.savez(path, **{key: np.zeros(shape, "uint8") for key, shape in datasets.mnist.ARRAYS.items()})
        return str(path)

    monkeypatch.setattr(datasets.mnist, "get_file", get_file)
    monkeypatch.chdir(tmp_path)
    datasets.mnist.load_data()
    assert asked["name"] == "mnist.npz"
    assert asked["origin"].startswith("https://")
    assert len(asked["file_hash"]) == 64


def test_what_is_not_mnist(tmp_path):
    with pytest.raises(FileNotFoundError, match="no file"):
        datasets.mnist.load_data(tmp_path / "no.npz")
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(ValueError, match=r"text.npz is not MNIST"):
        datasets.mnist.load_data(tmp_path / "text.npz")
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(ValueError, match=r"other.npz is not MNIST"):
        datasets.mnist.load_data(tmp_path / "other.npz")
    np.savez(tmp_path / "small.npz", **{name: np.zeros(3) for name in datasets.mnist.ARRAYS})
    with pytest.raises(ValueError, match=r"x_train of shape \(3,\)"):
        datasets.mnist.load_data(tmp_path / "small.npz")
    np.savez(tmp_path / "pickled.npz", **{name: np.array([{}], object) for name in datasets.mnist.ARRAYS})
    with pytest.raises(ValueError, match="is not MNIST"):
        datasets.mnist.load_data(tmp_path / "pickled.npz")
