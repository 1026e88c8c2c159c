"""Every argument of an optimizer, beside what real Keras did with the same gradients (tests/record/optimizers.py)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf import naming, optimizers
from babytf.engine import Variable, name_scope

RECORDED = Path(__file__).parent.parent / "data" / "recorded"
CASES = json.loads((RECORDED / "optimizers.json").read_text())["cases"]
WEIGHTS = {("dense", "kernel"): (3, 4), ("dense", "bias"): (4,), ("dense_1", "kernel"): (4, 2)}
BROKEN = {4: float("inf"), 9: float("nan")}


@pytest.fixture(scope="module")
def recorded():
    with np.load(RECORDED / "optimizers.npz", allow_pickle=False) as arrays:
        return dict(arrays)


@pytest.fixture(autouse=True)
def _names_start_again():
    naming.reset_names()


def split(vector):
    """A recorded vector as arrays shaped like the weights."""
    ends = np.cumsum([int(np.prod(shape)) for shape in WEIGHTS.values()])
    return [a.reshape(shape) for a, shape in zip(np.split(vector, ends[:-1]), WEIGHTS.values(), strict=True)]


def flat(arrays):
    return np.concatenate([np.ravel(a) for a in arrays])


def variables_of(recorded):
    made = []
    for (layer, name), start in zip(WEIGHTS, split(recorded["start"]), strict=True):
        with name_scope(layer):
            made.append(Variable(start, name=name))
    return made


def gradients_of(case, recorded):
    gradients = [split(vector.copy()) for vector in recorded["gradients"]]
    if CASES[case]["class"] == "LossScaleOptimizer":
        for step, value in BROKEN.items():
            gradients[step][1][2] = value
    return gradients


def made(thing):
    """`{"class": "SGD", "arguments": {…}}` as an object, nested freely."""
    if not isinstance(thing, dict):
        return thing
    if "class" not in thing:
        return {key: made(value) for key, value in thing.items()}
    found = optimizers
    for part in thing["class"].split("."):
        found = getattr(found, part)
    return found(**made(thing["arguments"]))


def optimizer_of(case, variables):
    optimizer = made({"class": CASES[case]["class"], "arguments": CASES[case]["arguments"]})
    if case == "weight_decay_excluded":
        optimizer.exclude_from_weight_decay(var_list=[variables[2]], var_names=["bias"])
    return optimizer


@pytest.mark.parametrize("case", CASES)
def test_weights_and_state_are_those_of_keras(case, recorded, steps):
    variables = variables_of(recorded)
    optimizer = optimizer_of(case, variables)
    followed = steps.follow(optimizer, variables, gradients_of(case, recorded))
    assert_allclose([flat(values) for values in followed], recorded[f"{case}.weights"], rtol=2e-6, atol=2e-6)
    assert [v.path for v in optimizer.variables] == CASES[case]["variables"]
    assert_allclose(flat(optimizer.variables), recorded[f"{case}.state"], rtol=2e-6, atol=2e-6)
    optimizer.finalize_variable_values(variables)
    assert_allclose(flat(variables), recorded[f"{case}.final"], rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("case", CASES)
def test_compiled_equals_eager(case, recorded, both_ways):
    results = []
    for steps in both_ways:
        variables = variables_of(recorded)
        optimizer = optimizer_of(case, variables)
        steps.follow(optimizer, variables, gradients_of(case, recorded))
        results.append([v.numpy() for v in (*variables, *optimizer.variables)])
    for eager, compiled in zip(*results, strict=True):
        assert_array_equal(eager, compiled)


@pytest.mark.parametrize("case", CASES)
def test_config_is_that_of_keras(case, recorded):
    optimizer = optimizer_of(case, variables_of(recorded))
    assert optimizer.get_config() == CASES[case]["config"]
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is type(optimizer)
    assert again.get_config() == CASES[case]["config"]


@pytest.mark.parametrize("case", CASES)
def test_weight_by_weight_gives_the_same_as_the_vector(case, recorded):
    whole = variables_of(recorded)
    optimizer = optimizer_of(case, whole)
    parts = variables_of(recorded)
    naming.reset_names()
    one_by_one = optimizer_of(case, parts)
    one_by_one.elementwise = False
    for grads in gradients_of(case, recorded):
        optimizer.apply(grads, whole)
        one_by_one.apply(grads, parts)
    tolerance = (
        {"rtol": 1e-6} if "global_clipnorm" in case else {"rtol": 0}
    )  # the sums of squares are ordered otherwise
    for a, b in zip([*whole, *optimizer.variables], [*parts, *one_by_one.variables], strict=True):
        assert a.path == b.path
        assert_allclose(a.numpy(), b.numpy(), **tolerance)


@pytest.mark.parametrize("case", CASES)
def test_resuming_from_saved_state_gives_the_same_bits(case, recorded):
    gradients = gradients_of(case, recorded)
    variables = variables_of(recorded)
    optimizer = optimizer_of(case, variables)
    for grads in gradients[:5]:
        optimizer.apply(grads, variables)
    store = {}
    optimizer.save_own_variables(store)
    assert list(store) == [str(i) for i in range(len(optimizer.variables))]
    others = variables_of(recorded)
    for v, other in zip(variables, others, strict=True):
        other.assign(v)
    again = optimizer_of(case, others)
    again.build(others)
    again.load_own_variables(store)
    for grads in gradients[5:]:
        optimizer.apply(grads, variables)
        again.apply(grads, others)
    for v, other in zip(variables, others, strict=True):
        assert_array_equal(v.numpy(), other.numpy())
