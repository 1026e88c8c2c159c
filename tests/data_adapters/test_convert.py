"""What counts as an array, and what becomes of it."""

from __future__ import annotations

import numpy as np
import pytest

from babytf import config
from babytf.data.convert import to_array, to_arrays
from babytf.errors import DTypeError


@pytest.mark.parametrize("dtype", ["float16", "float64", "longdouble"])
def test_floats_of_another_width_become_floatx(dtype):
    array = to_array(np.arange(6).reshape(2, 3).astype(dtype), "x")
    assert array.dtype == np.float32
    assert array.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_floatx_decides(monkeypatch):
    monkeypatch.setattr(config, "_floatx", "float64")
    assert to_array(np.ones((2, 1), "float32"), "x").dtype == np.float64


@pytest.mark.parametrize("dtype", ["int8", "int32", "int64", "uint8", "uint16", "bool", "float32"])
def test_other_dtypes_stay(dtype):
    given = np.ones((2, 1), dtype)
    assert to_array(given, "x") is given


@pytest.mark.parametrize("dtype", [">f4", ">f8", ">i4", ">u2"])
def test_big_endian_becomes_native(dtype):
    array = to_array(np.array([[1, 2], [3, 300]], dtype), "x")
    assert array.dtype.isnative
    assert array.tolist() == [[1, 2], [3, 300]]


class Column:
    """What pandas calls a Series, as far as it matters here."""

    iloc = None

    def to_numpy(self):
        return np.array([1.0, 2.0])


class Table:
    def to_numpy(self):
        return np.array([[1.0, 2.0]])


class Foreign:
    """A tensor of another library."""

    shape = (2, 1)

    def __array__(self, dtype=None, copy=None):
        return np.array([[1.0], [2.0]], dtype or "float32")


def test_a_series_is_a_column_as_in_keras():
    assert to_array(Column(), "y").tolist() == [[1.0], [2.0]]


def test_data_frames_and_foreign_tensors():
    assert to_array(Table(), "x").tolist() == [[1.0, 2.0]]
    assert to_array(Foreign(), "x").tolist() == [[1.0], [2.0]]


def test_nests_keep_their_structure_and_none():
    nest = {"a": np.ones((2, 1)), "b": [np.zeros(2, "int32"), None]}
    found = to_arrays(nest, "x")
    assert found["a"].dtype == np.float32
    assert found["b"][0].dtype == np.int32
    assert found["b"][1] is None


@pytest.mark.parametrize(
    ("array", "got", "fix"),
    [
        (np.array(["a", "b"]), r"text, dtype <U1", "one integer per word"),
        (np.array([b"a"]), r"text, dtype \|S1", "one integer per word"),
        (np.ones((2, 2), "complex64"), "dtype complex64", "real and imaginary"),
        (np.array([[1], [1, 2]], dtype=object), "rows of different lengths", "pad all to one length"),
        (np.array([1, None], dtype=object), "dtype object, first value 1", "astype"),
        (np.array(["2020-01-01"], dtype="datetime64[D]"), r"datetime64\[D\]", "timedelta"),
    ],
)
def test_what_holds_no_numbers_is_refused(array, got, fix):
    with pytest.raises(DTypeError, match=f"`x` holds no real numbers(.|\n)*got: .*{got}(.|\n)*fix: .*{fix}"):
        to_array(array, "x")


def test_a_single_number_is_refused():
    with pytest.raises(ValueError, match=r"`y` has no axis of samples(.|\n)*np.array\(\[value\]\)"):
        to_array(np.float32(3), "y")


def test_the_leaf_is_named():
    with pytest.raises(DTypeError, match=r"`x\[1\]` holds"):
        to_arrays([np.ones(2), np.array(["a", "b"])], "x")
