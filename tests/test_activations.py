"""Activations beside recorded Keras values, and by hand where an argument was not recorded."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from babytf import activations
from babytf.engine import GradientTape, Tensor, convert
from babytf.serialization import register_keras_serializable

RECORDED = Path(__file__).parent / "data" / "keras"
CASES = [c for c in json.loads((RECORDED / "INDEX.json").read_text())["cases"] if c["kind"] == "activation"]


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORDED / "functions" / "activations.npz", allow_pickle=False) as arrays:
        return dict(arrays)


def function_of(case):
    return getattr(activations, case["fn"].removeprefix("activations."))


def tolerance_of(case, quantity):
    return case["tol"][f"{case['id']}:{quantity}"][quantity]


def assert_close(got, expected, tolerance, ignore=()):
    kept = np.setdiff1d(np.arange(expected.size), ignore)
    got, expected = np.asarray(got).ravel()[kept], expected.ravel()[kept]
    finite = np.isfinite(expected)
    np.testing.assert_array_equal(got[~finite], expected[~finite])
    error = np.abs(got[finite] - expected[finite]) / (1 + np.abs(expected[finite]))
    assert error.max(initial=0) <= tolerance


@pytest.mark.parametrize("case", CASES, ids=lambda c: c["id"].split("/")[1])
def test_value_is_that_of_keras(case, recorded):
    y = function_of(case)(recorded[case["key"] + "/x"], **case["kw"])
    ignore = case.get("ignore", {}).get("value", ())
    assert_close(y, recorded[case["key"] + "/y"], tolerance_of(case, "value"), ignore)


@pytest.mark.parametrize("case", [c for c in CASES if c["check_grad"]], ids=lambda c: c["id"].split("/")[1])
def test_gradient_is_that_of_keras(case, recorded):
    x = convert(recorded[case["key"] + "/gx"])
    with GradientTape() as tape:
        tape.watch(x)
        y = function_of(case)(x, **case["kw"])
        loss = (y * np.array(case["cotangent_sign"], "float32")).sum()
    ignore = case.get("ignore", {}).get("gradient", ())
    assert_close(tape.gradient(loss, x), recorded[case["key"] + "/grad"], tolerance_of(case, "gradient"), ignore)


def test_every_activation_has_a_recorded_value():
    assert {function_of(c) for c in CASES} == set(activations.TABLE.values())


X = [-4.0, -1.0, 0.5, 2.0, 9.0]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [0.0, 0.0, 0.5, 2.0, 9.0]),
        ({"negative_slope": 0.5}, [-2.0, -0.5, 0.5, 2.0, 9.0]),
        ({"max_value": 6}, [0.0, 0.0, 0.5, 2.0, 6.0]),
        ({"max_value": 1.5}, [0.0, 0.0, 0.5, 1.5, 1.5]),
        ({"threshold": 1.0}, [0.0, 0.0, 0.0, 2.0, 9.0]),
        # below the threshold: slope * (x - threshold)
        ({"negative_slope": 0.5, "threshold": 1.0}, [-2.5, -1.0, -0.25, 2.0, 9.0]),
        ({"negative_slope": 0.5, "threshold": 1.0, "max_value": 3.0}, [-2.5, -1.0, -0.25, 2.0, 3.0]),
        ({"negative_slope": 0.5, "max_value": 3.0}, [-2.0, -0.5, 0.5, 2.0, 3.0]),
    ],
)
def test_relu_arguments_by_hand(arguments, expected):
    assert_allclose(activations.relu(X, **arguments), expected)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("leaky_relu", {"negative_slope": 0.1}, [-0.4, -0.1, 0.5, 2.0, 9.0]),
        ("elu", {"alpha": 2.0}, [2 * np.expm1(-4.0), 2 * np.expm1(-1.0), 0.5, 2.0, 9.0]),
        ("celu", {"alpha": 2.0}, [2 * np.expm1(-2.0), 2 * np.expm1(-0.5), 0.5, 2.0, 9.0]),
        ("hard_shrink", {"threshold": 1.5}, [-4.0, 0.0, 0.0, 2.0, 9.0]),
        ("soft_shrink", {"threshold": 1.5}, [-2.5, 0.0, 0.0, 0.5, 7.5]),
        ("squareplus", {"b": 0.0}, [0.0, 0.0, 0.5, 2.0, 9.0]),
        ("threshold", {"threshold": 1.0, "default_value": -7.0}, [-7.0, -7.0, -7.0, 2.0, 9.0]),
    ],
)
def test_arguments_by_hand(name, arguments, expected):
    assert_allclose(getattr(activations, name)(X, **arguments), expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparsemax", "glu"])
def test_axis_is_the_one_worked_along(name, rng):
    x = rng.normal(size=(4, 6)).astype("float32")
    f = getattr(activations, name)
    assert_allclose(f(x, axis=0), f(x.T, axis=-1).numpy().T, rtol=1e-6)


def test_softmax_sums_to_one_along_its_axis(rng):
    x = rng.normal(size=(2, 3, 4)) * 50
    assert_allclose(activations.softmax(x, axis=1).numpy().sum(axis=1), np.ones((2, 4)), rtol=1e-6)


def test_linear_gives_its_input_back():
    x = Tensor([1.0])
    assert activations.linear(x) is x


@pytest.mark.parametrize("name", sorted(activations.TABLE))
def test_names_go_round(name):
    f = activations.get(name)
    assert f is activations.TABLE[name]
    assert activations.serialize(f) == f.__name__
    assert activations.deserialize(f.__name__) is f


def test_get_of_other_things():
    assert activations.get(None) is activations.linear
    assert activations.get(np.tanh) is np.tanh
    with pytest.raises(ValueError, match=r"unknown activation 'rulu'(?s:.)*did you mean 'relu'"):
        activations.get("rulu")
    with pytest.raises(ValueError, match="unknown activation"):
        activations.get(3)


def test_function_of_a_user_goes_round():
    @register_keras_serializable("tests")
    def double(x):
        return x * 2

    assert activations.deserialize(activations.serialize(double)) is double
    assert activations.get("tests>double") is double


def test_function_of_a_user_by_name():
    def triple(x):
        return x * 3

    assert activations.deserialize("triple", custom_objects={"triple": triple}) is triple
