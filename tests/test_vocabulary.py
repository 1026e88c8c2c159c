"""The small vocabulary beside what real Keras did (tests/record/vocabulary.py)."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import babytf
from tests.record import vocabulary
from tests.record.vocabulary import CASES, FAMILIES

RECORDED = json.loads((Path(__file__).parent / "data" / "recorded" / "vocabulary.json").read_text(encoding="utf-8"))
IDS = [f"{name}-{i}" for i, (_, name, _) in enumerate(CASES)]


# Keras's own get_config leaves it out, so that a file made by Keras loses it; Keras reads it all the same
FORGOTTEN_BY_KERAS = {"Identity": "gain"}


def without(config, name):
    return {**config, "config": {k: v for k, v in config["config"].items() if k != FORGOTTEN_BY_KERAS.get(name)}}


def plain(thing):
    return json.loads(json.dumps(thing))


@pytest.mark.parametrize(("case", "expected"), list(zip(CASES, RECORDED["configs"], strict=True)), ids=IDS)
def test_configuration_is_that_of_keras(case, expected):
    assert without(plain(vocabulary.config(babytf, *case)), case[1]) == expected


@pytest.mark.parametrize(("case", "expected"), list(zip(CASES, RECORDED["configs"], strict=True)), ids=IDS)
def test_configuration_of_keras_goes_round(case, expected):
    module, name, _ = case
    made = babytf.utils.deserialize_keras_object(expected)
    assert type(made).__name__ == name
    assert without(plain(babytf.utils.serialize_keras_object(made)), name) == expected
    if hasattr(getattr(babytf, module), "deserialize"):
        again = getattr(babytf, module).deserialize(plain(vocabulary.config(babytf, *case)))
        assert plain(again.get_config()) == plain(getattr(getattr(babytf, module), name)(**case[2]).get_config())


@pytest.mark.parametrize("family", FAMILIES[1:])
def test_every_class_and_argument_is_recorded_with_a_value_other_than_its_default(family):
    module = getattr(babytf, family)
    classes = {c.__name__: c for c in module.TABLE.values() if c.__name__ != family.title().removesuffix("s")}
    assert {name for home, name, _ in CASES if home == family} == classes.keys()
    for name, cls in classes.items():
        defaults = {p.name: p.default for p in inspect.signature(cls.__init__).parameters.values()}
        defaults = {name: value for name, value in defaults.items() if name not in ("self", "args", "kwargs")}
        given = [arguments for _, other, arguments in CASES if other == name]
        for argument, default in defaults.items():
            assert any(argument in a and a[argument] != default for a in given), (name, argument)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_name_of_keras_is_known(family):
    module = getattr(babytf, family)
    for name in RECORDED["names"][family]:
        assert callable(module.get(name)), name


def test_values_of_regularizers_and_constraints():
    for got, expected in zip(vocabulary.values(babytf), RECORDED["values"], strict=True):
        assert_allclose(got, expected, rtol=2e-6, atol=1e-7)


def test_kernels_of_the_fourier_transform():
    for got, expected in zip(vocabulary.kernels(babytf), RECORDED["kernels"], strict=True):
        assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def test_dtypes_of_results():
    assert vocabulary.result_types(babytf) == RECORDED["result_types"]


def test_padded_sequences():
    assert vocabulary.padded(babytf) == RECORDED["padded"]


def test_windows():
    assert vocabulary.windows(babytf) == RECORDED["windows"]


def test_splits():
    def samples(part):
        x, y = part.arrays
        return [[np.asarray(p).tolist() for p in row] for row in zip(x, y, strict=True)]

    assert vocabulary.splits(babytf, samples) == RECORDED["splits"]


def test_nests():
    assert vocabulary.nests(babytf.tree) == RECORDED["nests"]
