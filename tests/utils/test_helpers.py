"""Padded sequences, dtypes, symbolic tensors, `Config`, and the older modules."""

from __future__ import annotations

import numpy as np
import pytest

import babytf
from babytf import backend, config, mixed_precision
from babytf.errors import DTypeError, ShapeError
from babytf.utils import Config, get_source_inputs, is_keras_tensor, pad_sequences, standardize_dtype


def test_strings_are_padded():
    got = pad_sequences([["a"], ["b", "c"]], dtype=object, value="<>", padding="post")
    assert got.tolist() == [["a", "<>"], ["b", "c"]]
    assert pad_sequences([[1, 2]], maxlen=0).shape == (1, 0)


@pytest.mark.parametrize(
    ("sequences", "arguments", "error", "match"),
    [
        (5, {}, ValueError, "takes a list of sequences"),
        ([1, 2], {}, ValueError, "1 among them"),
        ([[1]], {"padding": "left"}, ValueError, "bad `padding`"),
        ([[1]], {"truncating": "left"}, ValueError, "bad `truncating`"),
        ([[1]], {"value": "<>"}, ValueError, "dtype=object"),
        ([[1]], {"maxlen": -1}, ValueError, "bad `maxlen`"),
        ([[[1, 2]], [[1, 2, 3]]], {}, ShapeError, r"sequence 1(?s:.)*\(3,\)(?s:.)*\(2,\)"),
    ],
)
def test_pad_sequences_refuses(sequences, arguments, error, match):
    with pytest.raises(error, match=match):
        pad_sequences(sequences, **arguments)


class OtherLibrarysDtype:
    def __str__(self):
        return "torch.float16"


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (None, "float32"),
        (int, "int32"),
        (float, "float32"),
        (bool, "bool"),
        (np.int64, "int64"),
        (np.dtype(">f8"), "float64"),
        (OtherLibrarysDtype(), "float16"),
    ],
)
def test_standardize_dtype(given, name):
    assert standardize_dtype(given) == name


def test_kinds_of_dtypes():
    assert [backend.is_int_dtype(d) for d in ("uint8", "int64", "bool", "float32")] == [True, True, False, False]
    assert [backend.is_float_dtype(d) for d in ("uint8", "float16")] == [False, True]
    with pytest.raises(DTypeError, match="bfloat16"):
        standardize_dtype("bfloat16")


def test_symbolic_tensors():
    x, y = babytf.Input((2,), name="x"), babytf.Input((2,), name="y")
    z = babytf.layers.Dense(3)(x) + babytf.layers.Dense(3)(y) + babytf.layers.Dense(3)(x)
    assert is_keras_tensor(z)
    assert not is_keras_tensor(babytf.Tensor([1.0]))
    assert get_source_inputs(z) == [x, y]
    assert get_source_inputs(x) == [x]
    assert get_source_inputs(3) == 3


def test_names_counted_by_hand():
    backend.clear_session()
    assert [backend.get_uid("dense"), babytf.layers.Dense(1).name, backend.get_uid("dense")] == [1, "dense_1", 3]


def test_clear_session_forgets_the_policy():
    mixed_precision.set_global_policy("mixed_float16")
    assert mixed_precision.global_policy() == mixed_precision.Policy("mixed_float16")
    backend.clear_session()
    assert config.dtype_policy().name == "float32"


def test_config_is_a_dict_with_attributes():
    settings = Config(a=1)
    settings.b = 2
    settings["c"] = 3
    settings.update({"d": 4})
    assert (settings.pop("d"), settings.get("x", 9), len(settings), "c" in settings) == (4, 9, 3, True)
    assert list(settings) == list(settings.keys()) == ["a", "b", "c"]
    assert dict(settings.items()) == settings.as_dict() == {"a": 1, "b": 2, "c": 3}
    assert settings.to_json() == '{"a": 1, "b": 2, "c": 3}'
    del settings["c"]
    settings.freeze()
    for change in (lambda: setattr(settings, "a", 5), lambda: settings.update(a=5), lambda: settings.pop("a")):
        with pytest.raises(ValueError, match="frozen"):
            change()
    settings.unfreeze()
    settings.a = 5
    assert (settings.a, settings.frozen, repr(settings)) == (5, False, "<Config {'a': 5, 'b': 2}>")
    with pytest.raises(AttributeError, match="unknown name 'learnig_rate'"):
        _ = settings.learnig_rate
