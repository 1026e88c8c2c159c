"""How `compile` matches losses, metrics, targets and weights to outputs: beside recorded Keras results, and by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from babytf import losses, metrics, ops
from babytf.engine import Compiled, convert
from babytf.models.compiled import CompileLoss, CompileMetrics, leaf_paths

HEAD, *CASES = json.loads((Path(__file__).parents[1] / "data" / "recorded" / "compiled.json").read_text())
ARRAYS = {
    name: np.array(written["values"], written["dtype"]).reshape(written["shape"])
    for name, written in HEAD["arrays"].items()
}


def fill(nest):
    """Arrays in the place of their names."""
    if isinstance(nest, dict):
        return {key: fill(value) for key, value in nest.items()}
    if isinstance(nest, (list, tuple)):
        return type(nest)(fill(value) for value in nest)
    return None if nest is None else ARRAYS[nest]


def tensors(nest):
    """As a model returns them."""
    if isinstance(nest, dict):
        return {key: tensors(value) for key, value in nest.items()}
    return [tensors(value) for value in nest] if isinstance(nest, list) else convert(nest)


def _label(case):
    return " ".join(map(str, case["given"]))


LOSSES = [case for case in CASES if case["kind"] == "loss"]
METRICS = [case for case in CASES if case["kind"] == "metrics"]


@pytest.mark.parametrize("case", LOSSES, ids=_label)
def test_losses_are_those_of_keras(case):
    loss, y_true, y_pred, names, weights, sample_weight = case["given"]
    compiled = CompileLoss(loss, weights, output_names=names)
    value = compiled(fill(y_true), tensors(fill(y_pred)), fill(sample_weight))
    assert_allclose(value, case["value"], rtol=2e-6)
    parts = [[metric.name, metric.result().item()] for metric in compiled.metrics]
    assert [name for name, _ in parts] == [name for name, _ in case["parts"]]
    assert_allclose([part for _, part in parts], [part for _, part in case["parts"]], rtol=2e-6)


@pytest.mark.parametrize("case", METRICS, ids=_label)
def test_metrics_are_those_of_keras(case):
    given, weighted, y_true, y_pred, names, sample_weight = case["given"]
    compiled = CompileMetrics(given, weighted, output_names=names)
    compiled.update_state(fill(y_true), tensors(fill(y_pred)), fill(sample_weight))
    results = [[name, value.item()] for name, value in compiled.result().items()]
    assert [name for name, _ in results] == [name for name, _ in case["results"]]
    assert_allclose([value for _, value in results], [value for _, value in case["results"]], rtol=2e-6, atol=1e-7)
    assert [type(metric).__name__ for metric in compiled.metrics] == case["classes"]
    assert len(compiled.variables) == 2 * len(compiled.metrics)
    compiled.reset_state()
    assert all(variable.numpy() == 0 for variable in compiled.variables)


def test_tuples_are_like_lists():
    as_list = CompileLoss(["mse", "mae"], output_names=["a", "b"])
    as_tuple = CompileLoss(("mse", "mae"), (1.0, 1.0), output_names=["a", "b"])
    y, p = fill(["ta", "tb"]), fill(["pa", "pb"])
    assert as_list(y, p).item() == as_tuple(tuple(y), tuple(p)).item() == as_tuple(y, p).item()


def test_traced_equals_eager():
    def both():
        loss = CompileLoss({"a": "mse", "b": "bce"}, {"a": 0.5, "b": 2.0}, output_names=["a", "b"])
        watched = CompileMetrics({"a": ["mae"]}, {"b": ["accuracy"]}, output_names=["a", "b"])

        def step(y, p, w):
            watched.update_state(y, p, w)
            return loss(y, p, w)

        return loss, watched, step

    y, p, w = {"a": ARRAYS["ta"], "b": ARRAYS["yes"]}, {"a": ARRAYS["pa"], "b": ARRAYS["p1"]}, ARRAYS["w"]
    loss, watched, step = both()
    twin, twin_watched, twin_step = both()
    program = Compiled(twin_step, "test")
    for _ in range(2):
        assert step(y, tensors(p), w).item() == program(y, p, w).item()
    for one, other in ((loss, twin), (watched, twin_watched)):
        assert [v.numpy() for v in one.variables] == [v.numpy() for v in other.variables]


def test_parts_are_weighted_by_batch_size():
    # batches of 2 and 1 with squared errors 1 and 4: (2 * 1 + 1 * 4) / 3 = 2
    loss = CompileLoss("mse", output_names=["a", "b"])
    for rows, error in ((2, 1.0), (1, 2.0)):
        y, p = np.zeros((rows, 1)), np.full((rows, 1), error)
        loss([y, y], [p, p])
    assert [metric.result().item() for metric in loss.metrics] == [2.0, 2.0]


def test_own_functions_and_objects():
    def twice(y_true, y_pred):
        return 2 * ops.mean(ops.abs(y_true - y_pred), axis=-1)

    y, p = np.zeros((2, 1)), np.array([[1.0], [3.0]])
    assert CompileLoss(twice)(y, p).item() == 4.0
    compiled = CompileMetrics(
        [twice, losses.MeanSquaredError(), metrics.MeanAbsoluteError(name="own"), metrics.MeanSquaredError], None
    )
    compiled.update_state(y, p)
    got = {name: value.item() for name, value in compiled.result().items()}
    assert got == {"twice": 4.0, "mean_squared_error": 5.0, "own": 2.0, "mean_squared_error_1": 5.0}
    nameless = CompileLoss([lambda a, b: ops.mean(b, axis=-1)] * 2)
    nameless([y, y], [p, p])
    assert [metric.name for metric in nameless.metrics] == ["lambda_loss", "lambda_loss"]


def test_no_loss_at_all():
    assert CompileLoss([None, None], output_names=["a", "b"])(fill(["ta", "tb"]), fill(["pa", "pb"])) is None


def test_one_value_per_sample_is_binary():
    compiled = CompileMetrics(["accuracy"], None)
    compiled.update_state(np.array([1, 0]), np.array([0.9, 0.8]))
    assert compiled.result()["accuracy"].item() == 0.5


def test_whole_numbers_as_loss_weights():
    assert CompileLoss("mse", 2)(np.zeros((1, 1)), np.ones((1, 1))).item() == 2.0


def test_sample_weights_of_some_outputs():
    given = CompileLoss(["mse", "mae"], output_names=["a", "b"])
    expected = given(fill(["ta", "tb"]), fill(["pa", "pb"]), fill(["w", None])).item()
    assert given(fill(["ta", "tb"]), fill(["pa", "pb"]), {"a": ARRAYS["w"]}).item() == expected


def test_targets_are_checked_per_output():
    compiled = CompileLoss({"a": "sparse_categorical_crossentropy", "b": "mse"}, output_names=["a", "b"])
    labels = np.array([0, 3])
    with pytest.raises(ValueError, match="label 3 at index"):
        compiled.check_targets({"a": labels, "b": np.zeros((2, 1))}, [(None, 3), (None, 1)])
    single = CompileLoss("ce")
    with pytest.raises(ValueError, match="label 3 at index"):
        single.check_targets(labels, (None, 3))
    single.check_targets(labels, (None, 4))
    assert single(labels, np.full((2, 4), 0.25)).item() == pytest.approx(np.log(4))


def test_leaf_paths():
    assert leaf_paths(0) == [()]
    assert leaf_paths({"b": 0, "a": (0, {"c": 0})}) == [("a", 0), ("a", 1, "c"), ("b",)]


# --- what is refused

T, P, N = ["ta", "tb"], ["pa", "pb"], ["a", "b"]


@pytest.mark.parametrize(
    ("loss", "weights", "y_true", "y_pred", "names", "match"),
    [
        ("msee", None, "ta", "pa", None, "did you mean 'mse'"),
        ({"a": "mse", "c": "mae"}, None, T, P, N, r"keys \['a', 'c'\]"),
        ({"a": "mse"}, None, T, P, N, r"expected: keys \['a', 'b'\]"),
        ({"a": "mse"}, None, "ta", "pa", None, "no names"),
        ({"c": "mse"}, None, {"a": "ta"}, {"a": "pa"}, ["a"], "an entry at 'c'"),
        (["mse", "mae", "mse"], None, T, P, N, "an entry at '2'"),
        (["mse", "mae"], None, "ta", "pa", ["a"], "2 losses for a model of one output"),
        (["mse", "mae"], [1.0], T, P, N, "expected: 2 weights"),
        ("mse", [1.0, 2.0], T, P, N, "expected: 1 weight,"),
        ({"a": "mse", "b": "mae"}, {"a": 1.0}, T, P, N, "expected: 2 weights"),
        ("mse", "heavy", "ta", "pa", None, "loss_weights='heavy'"),
        (
            "mse",
            None,
            ["ta", "tb", "ta"],
            P,
            N,
            r"y does not have the structure(.|\n)*\[\*, \*, \*\](.|\n)*\['a', 'b'\]",
        ),
        ("mse", None, {"a": "ta", "c": "tb"}, P, N, "y does not have the structure"),
        ("mse", None, None, "pa", None, "y_true=None"),
    ],
)
def test_losses_that_do_not_fit(loss, weights, y_true, y_pred, names, match):
    with pytest.raises(ValueError, match=match):
        CompileLoss(loss, weights, output_names=names)(fill(y_true), fill(y_pred))


def test_sample_weights_that_do_not_fit():
    with pytest.raises(ValueError, match="sample_weight does not have the structure"):
        CompileLoss("mse", output_names=N)(fill(T), fill(P), fill(["w", "w", "w"]))


@pytest.mark.parametrize(
    ("given", "y_true", "y_pred", "names", "match"),
    [
        ("mse", "ta", "pa", None, r"fix:      metrics=\['mse'\]"),
        (["msee"], "ta", "pa", None, "did you mean 'mse'"),
        ([None], "ta", "pa", None, "a metric is missing"),
        (["mse"], T, P, N, r"metrics=\['mse'\](.|\n)*\['a', 'b'\](.|\n)*\[\['mse'\], \[\]\]"),
        (["mse", "mae", "mse"], T, P, N, "does not match the model's outputs"),
        ({"c": "mse"}, T, P, N, r"metrics=\{'c': 'mse'\}"),
        ({"x": "mse"}, {"x": T, "y": "ta"}, {"x": P, "y": "pa"}, None, "nest them"),
        (["accuracy"], None, "pa", None, "metric 'accuracy' has no target"),
        (["mse", "mae"], ["ta", "tb", "ta"], P, N, "y does not have the structure"),
    ],
)
def test_metrics_that_do_not_fit(given, y_true, y_pred, names, match):
    with pytest.raises(ValueError, match=match):
        CompileMetrics(given, None, output_names=names).update_state(fill(y_true), fill(y_pred))


def test_result_before_any_batch():
    with pytest.raises(ValueError, match="no result yet"):
        CompileMetrics(["mse"], None).result()


@pytest.mark.parametrize("weights", ["mse", ["accuracy"], {"output": "0.5"}])
def test_loss_weights_that_are_no_numbers_are_refused(weights):
    with pytest.raises(ValueError, match=r"(?s)bad `loss_weights`.*got:.*expected: a number.*metrics=\["):
        CompileLoss("mse", weights)
