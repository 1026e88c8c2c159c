"""Configurations are Keras's, argument by argument, and go round: that is what lets files travel.

`record/configs.py` made every class of Keras with a value of its own for each argument. Here every public class of
babytf is walked, and must be among them.
"""

from __future__ import annotations

import importlib
import inspect
import json
from pathlib import Path

import pytest

import babytf
from babytf.serialization import serialize_keras_object
from tests.golden import make

FAMILIES = [
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "initializers",
    "regularizers",
    "constraints",
    "layers",
]
RECORDED = [
    json.loads(line.rstrip(","))
    for line in (Path(__file__).parent / "data" / "recorded" / "configs.json").read_text().splitlines()[1:-1]
]
for _case in RECORDED:  # Keras exports this class under another name than its own
    _case["class"] = _case["class"].replace("layers.GroupQueryAttention", "layers.GroupedQueryAttention")
MODULES = {family: importlib.import_module(f"babytf.{family}") for family in FAMILIES}
CLASSES = {
    f"{family}.{thing.__name__}": thing
    for family, module in MODULES.items()
    for thing in (getattr(module, name) for name in module.__all__)
    if isinstance(thing, type) and hasattr(thing, "get_config")
}

BASE = "a base of classes of your own"

# Classes that have no configuration to compare, with the reason.
NOT_RECORDED = {
    "constraints.Constraint": BASE,
    "initializers.Initializer": BASE,
    "initializers.RandomInitializer": BASE,
    "layers.Layer": BASE,
    "layers.InputSpec": "not part of any file",
    "optimizers.schedules.LearningRateSchedule": BASE,
    "regularizers.Regularizer": BASE,
}
# Arguments left at their defaults, of one class or of all, with the reason.
NOT_SET = {
    "autocast": "no part of a configuration, as in Keras",
    "layers.ActivityRegularization.activity_regularizer": "the layer makes its own",
    "layers.Dense.lora_alpha": "not offered: says so",
    "layers.Dense.lora_rank": "not offered: says so",
    "layers.Dense.quantization_config": "not offered: says so",
    "layers.BatchNormalization.synchronized": "not offered: says so",
    "layers.EinsumDense.gptq_unpacked_column_size": "not offered: says so",
    "layers.EinsumDense.lora_alpha": "not offered: says so",
    "layers.EinsumDense.lora_rank": "not offered: says so",
    "layers.EinsumDense.quantization_config": "not offered: says so",
    "layers.GroupedQueryAttention.flash_attention": "not offered: says so",
    "layers.MultiHeadAttention.flash_attention": "not offered: says so",
    "layers.ELU.activity_regularizer": "Keras does not write the layer then",
    "layers.Identity.activity_regularizer": "Keras does not write the layer then",
    "layers.Bidirectional.backward_layer": "checked in tests/layers/test_recurrent.py",
    "layers.Bidirectional.weights": "no part of a configuration, as in Keras",
    "layers.Embedding.lora_alpha": "not offered: says so",
    "layers.Embedding.lora_rank": "not offered: says so",
    "layers.Embedding.quantization_config": "not offered: says so",
    "layers.Embedding.weights": "no part of a configuration, as in Keras",
    "layers.GRU.use_cudnn": "no part of a configuration, as in Keras",
    "layers.LSTM.use_cudnn": "no part of a configuration, as in Keras",
    "layers.InputLayer.input_tensor": "no part of a configuration, as in Keras",
    "layers.InputLayer.ragged": "not offered: says so",
    "layers.InputLayer.sparse": "not offered: says so",
    "layers.Lambda.mask": "a second function",
    "layers.SimpleRNN.activity_regularizer": "Keras writes None in its place",
}
# What Keras forgets to write and reads all the same: babytf writes it when it is not the default.
FORGOTTEN_BY_KERAS = {
    **{path: {"dtype"} for path in CLASSES if path.startswith("losses.")},
    "initializers.Identity": {"gain"},
    "layers.SimpleRNN": {"seed"},
    "losses.CosineSimilarity": {"axis", "dtype"},
    "losses.Huber": {"delta", "dtype"},
    "losses.SparseCategoricalCrossentropy": {"axis", "dtype"},
    "metrics.CosineSimilarity": {"axis"},
}

CASES = [case for case in RECORDED if case["class"] in CLASSES and case["class"] not in NOT_RECORDED]


def plain(thing):
    """As a file has it: tuples are lists."""
    return json.loads(json.dumps(thing))


@pytest.fixture(autouse=True)
def _names_start_again():
    babytf.utils.clear_session(free_memory=False)


def made(case):
    return CLASSES[case["class"]](**make(case["arguments"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["class"])
def test_configuration_is_that_of_keras(case):
    config = plain(serialize_keras_object(made(case).get_config()))
    forgotten = FORGOTTEN_BY_KERAS.get(case["class"], set())
    assert not forgotten & set(case["config"])
    assert {name: value for name, value in config.items() if name not in forgotten} == case["config"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["class"])
def test_configuration_goes_round(case):
    first = made(case)
    config = plain(serialize_keras_object(first.get_config()))
    again = type(first).from_config(plain(config))
    assert type(again) is type(first)
    assert plain(serialize_keras_object(again.get_config())) == config


@pytest.mark.parametrize("path", [path for path in CLASSES if path not in NOT_RECORDED])
def test_every_argument_was_given_another_value_than_its_default(path):
    cases = [make(case["arguments"]) for case in CASES if case["class"] == path]
    assert cases, f"add {path} to tests/record/configs.py, and record anew"
    missing = {
        name
        for name, parameter in parameters(CLASSES[path]).items()
        if not any(name in given and given[name] != parameter.default for given in cases)
    }
    assert missing <= {name for name in missing if name in NOT_SET or f"{path}.{name}" in NOT_SET}


def parameters(cls):
    """The named parameters of a constructor, with those of the base of all layers."""
    found = dict(inspect.signature(cls).parameters)
    if issubclass(cls, babytf.Layer) and "kwargs" in found:
        found = {**inspect.signature(babytf.Layer).parameters, **found}
    return {name: p for name, p in found.items() if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)}


def test_the_tables_of_exceptions_name_what_exists():
    assert {*NOT_RECORDED, *FORGOTTEN_BY_KERAS} <= set(CLASSES)
    arguments = {f"{path}.{name}" for path, cls in CLASSES.items() for name in parameters(cls)}
    assert set(NOT_SET) - {"autocast"} <= arguments
