"""Real files with a few bytes changed: they load or give one typed error, and leave nothing half done."""

import contextlib
import copy
import io
import json
import warnings
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babytf.saving import load_model
from babytf.saving.archive import write_zip
from babytf.saving.inspection import inspect_file
from tests.golden import ROOT

KERAS = (ROOT / "models" / "mlp_adam" / "model.keras").read_bytes()
WEIGHTS = (ROOT / "models" / "mlp_adam" / "model.weights.h5").read_bytes()
FAMILIES = (ValueError, TypeError, OSError)

changes = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=8)), min_size=1, max_size=4
)


def changed(data, changes):
    data = bytearray(data)
    for place, piece in changes:
        start = int(place * len(data))
        data[start : start + len(piece)] = piece[: len(data) - start]
    return bytes(data)


def loads_or_fails_well(data):
    """What loads need not be the model it was: it is used once, which may fail in the same families."""
    message = "as it should"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        try:
            load_model(io.BytesIO(data)).predict(np.zeros((1, 8), "float32"), verbose=0)
        except FAMILIES as error:
            message = str(error)
    assert 0 < len(message) < 3000


@settings(max_examples=150)
@given(changes)
def test_the_zip(changes):
    loads_or_fails_well(changed(KERAS, changes))


def with_member(name, data):
    with zipfile.ZipFile(io.BytesIO(KERAS)) as file:
        members = {key: data if key == name else file.read(key) for key in file.namelist()}
    out = io.BytesIO()
    write_zip(out, members)
    return out.getvalue()


@settings(max_examples=300)
@given(changes)
def test_the_weights(changes):
    loads_or_fails_well(with_member("model.weights.h5", changed(WEIGHTS, changes)))


@settings(max_examples=150)
@given(st.integers(0, len(WEIGHTS)))
def test_weights_cut_short(end):
    loads_or_fails_well(with_member("model.weights.h5", WEIGHTS[:end]))


with zipfile.ZipFile(io.BytesIO(KERAS)) as _file:
    CONFIG = json.loads(_file.read("config.json"))


def paths(tree, here=()):
    yield here
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from paths(value, (*here, key))


PLACES = [path for path in paths(CONFIG) if path]
VALUES = [
    None,
    True,
    False,
    0,
    -1,
    1,
    3,
    10**30,
    0.5,
    -1e300,
    "",
    "relu",
    "../x",
    "Dense",
    [],
    [1],
    [None, 8],
    {},
    {"a": 1},
]
VALUES += [
    {"class_name": "Dense", "config": {"units": 1}, "module": "keras.layers"},
    {"class_name": "__lambda__", "config": {"code": "x"}},
    {"class_name": "__numpy__", "config": {"value": [1], "dtype": "float32"}},
    {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"},
]


@settings(max_examples=400)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(VALUES)), min_size=1, max_size=2))
def test_the_configuration(edits):
    config = json.loads(json.dumps(CONFIG))
    for path, value in edits:
        part = config
        try:
            for key in path[:-1]:
                part = part[key]
            part[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    loads_or_fails_well(with_member("config.json", json.dumps(config).encode()))


@pytest.mark.parametrize("path", PLACES, ids=lambda path: ".".join(map(str, path)))
def test_each_entry_of_the_configuration_left_out(path):
    config = json.loads(json.dumps(CONFIG))
    part = config
    for key in path[:-1]:
        part = part[key]
    del part[path[-1]]
    loads_or_fails_well(with_member("config.json", json.dumps(config).encode()))


LEGACY = [
    (ROOT / "models" / "mlp_adam" / "legacy_keras3.h5").read_bytes(),
    (ROOT / "models" / "k2_named_regularized_sgd" / "legacy_keras2.h5").read_bytes(),
]


@settings(max_examples=300)
@given(st.sampled_from(LEGACY), changes)
def test_the_older_format(data, changes):
    data = changed(data, changes)
    loads_or_fails_well(data)
    with contextlib.suppress(*FAMILIES):
        inspect_file(io.BytesIO(data))


def configuration(data):
    with h5py.File(io.BytesIO(data)) as file:
        return json.loads(file.attrs["model_config"])


LEGACY_PLACES = [(data, path) for data in LEGACY for path in paths(configuration(data)) if path]


@settings(max_examples=200)
@given(st.sampled_from(LEGACY_PLACES), st.sampled_from(VALUES))
def test_the_configuration_in_the_older_format(place, value):
    data, path = place
    config = configuration(data)
    part = config
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = copy.deepcopy(value)
    file = io.BytesIO(data)
    with h5py.File(file, "r+") as h5:
        h5.attrs["model_config"] = json.dumps(config)
    loads_or_fails_well(file.getvalue())
