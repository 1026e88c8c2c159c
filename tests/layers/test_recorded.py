"""Configurations and outputs of the layers, beside what real Keras did (tests/record/layers.py)."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from babytf import layers
from babytf.layers.symbolic import KerasTensor
from babytf.naming import reset_names
from tests.record.layers import CALLS, CASES, call_input

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "recorded" / "layers.json").read_text())

# class -> why no recorded configuration has a value of its own for these arguments
WITHOUT_VALUE = {
    "Dense": {"lora_rank", "lora_alpha", "quantization_config"},  # refused, see test_dense
    "InputLayer": {"shape", "batch_size", "input_tensor", "sparse", "ragged"},  # become batch_shape, or are refused
    "Flatten": set(),
}


def plain(thing):
    """The same after a trip through JSON: tuples are lists. Keras writes some factors as float32, so to six digits."""
    return json.loads(json.dumps(thing), parse_float=lambda text: float(f"{float(text):.6g}"))


@pytest.mark.parametrize("name", CASES)
def test_configuration_is_that_of_keras(name):
    cls, arguments = CASES[name]
    layer = getattr(layers, cls)(**arguments)
    assert plain(layers.serialize(layer)) == plain(RECORDED["configs"][name])


@pytest.mark.parametrize("name", CASES)
def test_configuration_makes_the_layer_again(name):
    again = layers.deserialize(RECORDED["configs"][name])
    assert type(again).__name__ == CASES[name][0]
    assert plain(layers.serialize(again)) == plain(RECORDED["configs"][name])


@pytest.mark.parametrize("cls", sorted({cls for cls, _ in CASES.values()}))
def test_every_argument_is_recorded_with_a_value_other_than_its_default(cls):
    given = {name for c, arguments in CASES.values() if c == cls for name in arguments}
    parameters = {
        name: p.default
        for name, p in inspect.signature(getattr(layers, cls)).parameters.items()
        if p.kind is not p.VAR_KEYWORD
    }
    assert parameters.keys() - given - WITHOUT_VALUE.get(cls, set()) == set()
    for c, arguments in CASES.values():
        if c == cls:
            assert all(name not in parameters or value != parameters[name] for name, value in arguments.items())


@pytest.mark.parametrize("name", CALLS)
def test_output_is_that_of_keras(name):
    cls, arguments, shape, dtype = CALLS[name]
    expected = RECORDED["calls"][name]
    y = getattr(layers, cls)(**arguments)(call_input(shape, dtype))
    assert y.shape == tuple(expected["shape"])
    assert y.dtype.name == expected["dtype"]
    assert_allclose(y.numpy(), expected["output"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", CALLS)
def test_shape_without_data_is_that_of_keras(name):
    cls, arguments, shape, dtype = CALLS[name]
    layer = getattr(layers, cls)(**arguments)
    spec = layer.compute_output_spec(KerasTensor((None, *shape[1:]), dtype))
    assert [list(spec.shape), spec.dtype] == RECORDED["calls"][name]["spec"]
    assert list(layer.compute_output_shape((None, *shape[1:]))) == RECORDED["calls"][name]["spec"][0]


def test_rescaling_keeps_an_array_given_as_scale():
    reset_names()
    config = layers.Rescaling(np.array([0.5, 2.0]), name="a").get_config()
    assert config["scale"] == {"class_name": "__numpy__", "config": {"value": [0.5, 2.0], "dtype": "float64"}}
    again = layers.Rescaling.from_config(config)
    assert_allclose(again(np.ones((1, 2))).numpy(), [[0.5, 2.0]])


def test_rescaling_by_channel_of_channels_first_images(monkeypatch):
    monkeypatch.setattr("babytf.config._image_data_format", "channels_first")
    y = layers.Rescaling([1.0, 10.0])(np.ones((1, 2, 3, 3)))
    assert_allclose(y.numpy()[0, :, 0, 0], [1.0, 10.0])
