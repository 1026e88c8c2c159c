"""A configuration that asks for more than there is gets one clear error by every door, before memory is taken."""

import json

import pytest

import babytf
from babytf import layers, limits
from babytf.models import clone_model, model_from_json
from babytf.saving import deserialize_keras_object

TOO_LARGE = "(?s)Dense '[a-z]+'.* memory.*a weight of shape .* GB.*at most"


def small():
    return babytf.Sequential([babytf.Input((8,)), layers.Dense(3, name="large")])


def described(units, functional=False):
    model = small()
    if functional:
        model = babytf.Model(model.inputs, model.outputs)
    config = json.loads(model.to_json())
    config["config"]["layers"][1]["config"]["units"] = units
    return config


DOORS = {
    "model_from_json": lambda config: model_from_json(json.dumps(config)),
    "deserialize": deserialize_keras_object,
    "from_config": lambda config: getattr(babytf, config["class_name"].replace("Functional", "Model")).from_config(
        config["config"]
    ),
    "one layer": lambda config: layers.deserialize(config["config"]["layers"][1]).build((None, 8)),
    "its class": lambda config: layers.Dense.from_config(config["config"]["layers"][1]["config"]).build((None, 8)),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("functional", [False, True])
@pytest.mark.parametrize("units", [10**12, 2**62, 10**30])
def test_a_large_layer(door, functional, units):
    with pytest.raises(ValueError, match=r"(?s)memory.*a weight of shape|must be|at most|too large"):
        DOORS[door](described(units, functional))


def test_what_is_said():
    with pytest.raises(ValueError, match=TOO_LARGE):
        model_from_json(json.dumps(described(10**12)))
    with pytest.raises(ValueError, match=r"(?s)larger than the memory.*\(8, 1000000000000\): 32,000\.0 GB"):
        layers.Dense(10**12, name="x").build((None, 8))


@pytest.mark.parametrize("recursive", [False, True])
def test_a_clone_with_a_layer_that_has_grown(recursive):
    def grown(layer):
        return type(layer).from_config(layer.get_config() | ({"units": 10**12} if layer.name == "large" else {}))

    with pytest.raises(ValueError, match=TOO_LARGE):
        clone_model(small(), clone_function=grown, recursive=recursive)


def test_together_they_may_take_half_of_the_memory(monkeypatch):
    """27 numbers are 108 bytes; two models take 216."""
    for memory, fits in ((216, True), (215, False)):
        monkeypatch.setattr(limits, "memory", lambda size=memory: size)
        if fits:
            assert model_from_json(small().to_json()).count_params() == 27
        else:
            with pytest.raises(ValueError, match="the model takes more than half of the memory"):
                model_from_json(small().to_json())
        assert small().count_params() == 27  # one weight of a program may take all of it


def test_the_memory_is_more_than_this_process_has_and_less_than_there_can_be():
    assert 1 << 28 < limits.memory() < 1 << 50
