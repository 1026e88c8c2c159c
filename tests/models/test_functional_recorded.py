"""Functional models and merging layers beside what real Keras did (tests/record/functional.py)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import babytf
from babytf import layers
from babytf.naming import reset_names
from tests.record.functional import MERGES, MODELS, described, flat, merge_inputs

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "recorded" / "functional.json").read_text("utf-8"))

EXACT = [
    "layers",
    "operations",
    "weights",
    "trainable",
    "output_names",
    "input_shape",
    "output_shape",
    "dtypes",
    "masks",
]


def without_empty(thing):
    """Keras writes `"compile_config": {}` for models that are not compiled."""
    if isinstance(thing, dict):
        return {k: without_empty(v) for k, v in thing.items() if k != "compile_config" or v}
    return [without_empty(item) for item in thing] if isinstance(thing, list) else thing


def plain(thing):
    """The same after a trip through JSON: tuples are lists. To six digits, as some factors are written as float32."""
    return json.loads(json.dumps(thing), parse_float=lambda text: float(f"{float(text):.6g}"))


@cache
def made(name):
    reset_names()
    return described(babytf, MODELS[name](babytf))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("what", EXACT)
def test_what_a_model_is_made_of(name, what):
    assert plain(made(name)[what]) == RECORDED["models"][name][what]


@pytest.mark.parametrize("name", MODELS)
def test_outputs_are_those_of_keras(name):
    for got, expected in zip(made(name)["outputs"], RECORDED["models"][name]["outputs"], strict=True):
        assert_allclose(np.asarray(got, "float64"), np.asarray(expected, "float64"), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", MODELS)
def test_summary_is_that_of_keras(name):
    assert made(name)["summary"] == RECORDED["models"][name]["summary"]


@pytest.mark.parametrize("name", MODELS)
def test_configuration_is_that_of_keras(name):
    got, expected = plain(made(name)["config"]), without_empty(plain(RECORDED["models"][name]["config"]))
    by_name = [{layer["name"]: layer for layer in config["config"].pop("layers")} for config in (got, expected)]
    assert list(by_name[0]) == list(by_name[1])
    for layer in by_name[0]:
        assert by_name[0][layer] == by_name[1][layer]
    assert got == expected


@pytest.mark.parametrize("name", MODELS)
def test_configuration_of_keras_makes_the_model_again(name):
    recorded = dict(RECORDED["models"][name])
    reset_names()
    again = babytf.utils.deserialize_keras_object(recorded["config"])
    found = described(babytf, again)
    for what in EXACT:
        if what in ("weights", "trainable"):  # read from files, layers are built before the model they are in
            found[what], recorded[what] = (
                [path.split("/")[-2:] for path in paths[what]] for paths in (found, recorded)
            )
        assert plain(found[what]) == recorded[what], what
    for got, expected in zip(found["outputs"], recorded["outputs"], strict=True):
        assert_allclose(np.asarray(got, "float64"), np.asarray(expected, "float64"), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_saved_model_is_the_same_model(name, tmp_path):
    reset_names()
    model = MODELS[name](babytf)
    before = described(babytf, model)
    model.save(tmp_path / "m.keras")
    again = babytf.models.load_model(tmp_path / "m.keras")
    after = described(babytf, again)
    assert after["outputs"] == before["outputs"]
    assert plain(after["config"]) == plain(before["config"])
    for mine, theirs in zip(again.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("name", MERGES)
def test_merging_layers_are_those_of_keras(name):
    cls, arguments, shapes = MERGES[name]
    expected = RECORDED["merges"][name]
    reset_names()
    layer = getattr(layers, cls)(**arguments)
    y = layer(merge_inputs(shapes))
    assert_allclose(y.numpy(), expected["output"], rtol=1e-5, atol=1e-5)
    assert y.dtype.name == expected["dtype"]
    assert plain(layers.serialize(layer)) == plain(expected["config"])
    again = layers.deserialize(expected["config"])
    assert_allclose(again(merge_inputs(shapes)).numpy(), y.numpy())
    symbolic = getattr(layers, cls)(**arguments)([babytf.Input(shape[1:]) for shape in shapes])
    assert [list(symbolic.shape), symbolic.dtype] == expected["spec"]


def test_flat_is_the_order_of_dicts_by_key():
    assert flat({"b": [1, 2], "a": 0}) == [0, 1, 2]
