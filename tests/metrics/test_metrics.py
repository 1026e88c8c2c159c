"""Metrics: by hand, beside recorded Keras values, inside a recorded step, and what they refuse."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from babytf import losses, metrics, ops
from babytf.engine import Compiled, convert
from babytf.errors import ShapeError
from babytf.metrics import MeanMetricWrapper, Metric
from babytf.naming import reset_names, to_snake_case
from tests import golden

RECORDED = json.loads((Path(__file__).parents[1] / "data" / "recorded" / "metrics.json").read_text())


def array(written):
    return None if written is None else np.array(written["values"], written["dtype"]).reshape(written["shape"])


# --- beside Keras


@pytest.mark.parametrize("name", [n for n in golden.tolerances() if n.startswith("metric/")])
@pytest.mark.filterwarnings("ignore:.*fractions of its sample weights")
def test_recorded_by_keras(name):
    _, tolerance = golden.tolerances()[name]
    for part, error in golden.replay(name).items():
        assert error <= tolerance[part]


def _label(case):
    return f"{case['metric']}-{case['arguments']}"


@pytest.mark.parametrize("case", RECORDED, ids=_label)
def test_other_arguments_recorded_by_keras(case):
    reset_names()
    metric = getattr(metrics, case["metric"])(**case["arguments"])
    for (*arrays, weight), expected in zip(case["updates"], case["results"], strict=True):
        metric.update_state(*map(array, arrays), sample_weight=array(weight))
        assert_allclose(metric.result(), expected, rtol=2e-6, atol=1e-7)
    assert {variable.path for variable in metric.variables} == set(case["variables"])
    for variable in metric.variables:
        assert_allclose(variable, array(case["variables"][variable.path]), rtol=2e-6)


@pytest.mark.parametrize("case", RECORDED, ids=_label)
def test_configuration_is_that_of_keras(case):
    assert getattr(metrics, case["metric"])(**case["arguments"]).get_config() == case["config"]


@pytest.mark.parametrize("case", RECORDED, ids=_label)
def test_compiled_equals_eager(case):
    eager, traced = (getattr(metrics, case["metric"])(**case["arguments"]) for _ in range(2))
    step = Compiled(lambda *batch: traced.update_state(*batch[:-1], sample_weight=batch[-1]), "metric")
    for *arrays, weight in case["updates"]:
        eager.update_state(*map(array, arrays), sample_weight=array(weight))
        step(*map(array, arrays), array(weight))
        assert eager.result().item() == traced.result().item()
    traced.reset_state()
    assert all(variable.numpy() == 0 for variable in traced.variables)


# --- by hand


def test_mean_by_hand():
    mean = metrics.Mean()
    assert mean.result().item() == 0.0  # before any value
    mean.update_state([1.0, 3.0])
    mean.update_state([5.0], sample_weight=[2.0])
    assert mean.result().item() == 3.5  # (1 + 3 + 10) / 4
    mean.update_state(np.array([[2.0, 4.0], [6.0, 8.0]]))  # rows count once: 3 and 7
    assert mean.result().item() == 4.0  # (14 + 10) / 6
    mean.reset_state()
    assert mean(9.0, sample_weight=4.0).item() == 9.0
    assert [variable.numpy().item() for variable in mean.variables] == [36.0, 4.0]


def test_one_weight_for_all_samples():
    mean = metrics.Mean()
    mean.update_state([1.0, 2.0, 3.0], sample_weight=[2.0])
    mean.update_state([8.0])
    assert mean.result().item() == pytest.approx(20 / 7)  # (2 * 6 + 8) / (2 * 3 + 1)


def test_sum_by_hand():
    total = metrics.Sum()
    total.update_state([[1.0, 2.0], [3.0, 4.0]], sample_weight=[1.0, 0.0])
    total.update_state(5.0)
    assert total.result().item() == 8.0  # 1 + 2 + 5


def test_root_mean_squared_error_by_hand():
    # squares 9 and 16, mean 12.5; then 25 twice: (25 + 50) / 4
    metric = metrics.RootMeanSquaredError()
    metric.update_state([0.0, 0.0], [3.0, 4.0])
    assert_allclose(metric.result(), np.sqrt(12.5), rtol=1e-6)
    metric.update_state([0.0, 5.0], [5.0, 0.0])
    assert_allclose(metric.result(), np.sqrt(18.75), rtol=1e-6)


def test_accuracies_by_hand():
    scores = np.array([[0.1, 0.6, 0.3], [0.4, 0.35, 0.25], [0.2, 0.2, 0.6], [0.5, 0.1, 0.4]])  # best: 1 0 2 0
    assert metrics.SparseCategoricalAccuracy()([1, 2, 2, 0], scores).item() == 0.75
    assert metrics.SparseCategoricalAccuracy()(np.array([[1], [2], [2], [0]], "uint8"), scores).item() == 0.75
    assert metrics.CategoricalAccuracy()(np.eye(3)[[1, 2, 2, 0]], scores).item() == 0.75
    assert metrics.SparseTopKCategoricalAccuracy(k=2)([2, 2, 0, 0], scores).item() == 0.75  # hits: yes no tie yes
    assert metrics.TopKCategoricalAccuracy(k=2)(np.eye(3)[[2, 2, 2, 1]], scores).item() == 0.5  # yes no yes no
    assert metrics.BinaryAccuracy()([1, 0, 0, 1], [0.7, 0.5, 0.5, 0.2]).item() == 0.75  # 0.5 is not above 0.5
    assert metrics.Accuracy()([[1], [2]], [1, 3]).item() == 0.5


def test_many_classes_do_not_wrap_in_small_label_dtypes():
    # argmax 256 is not label 0, though 256 is 0 in uint8
    scores = np.zeros((1, 300))
    scores[0, 256] = 1
    assert metrics.SparseCategoricalAccuracy()(np.array([0], "uint8"), scores).item() == 0.0


def test_a_mask_on_the_prediction_leaves_samples_out():
    y_pred = convert(np.array([[1.0], [2.0], [3.0]], "float32"))
    y_pred._keras_mask = convert(np.array([True, False, True]))
    assert metrics.MeanSquaredError()(np.zeros((3, 1)), y_pred).item() == 5.0  # (1 + 9) / 2


def test_an_update_without_weights_is_few_steps():
    metric = metrics.SparseCategoricalAccuracy()
    step = Compiled(metric.update_state, "metric")
    y_true, y_pred = np.zeros(8, "int64"), np.zeros((8, 3), "float32")
    step(y_true, y_pred)
    lines = [line for line in str(step.program(y_true, y_pred)).splitlines() if line.strip().startswith("np.")]
    assert len(lines) <= 4, lines  # equal to the argmax, sum, two additions


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float32"])
def test_labels_of_each_dtype(dtype):
    scores = np.array([[0.1, 0.9], [0.8, 0.2], [np.nan, 0.5]], "float32")  # best: 1 0 0
    assert metrics.SparseCategoricalAccuracy()(np.array([1, 1, 0], dtype), scores).item() == np.float32(2 / 3)
    assert metrics.BinaryAccuracy()(np.array([1, 0, 1], dtype), scores[:, 1]).item() == np.float32(2 / 3)


def test_what_is_counted_in_a_program_is_what_is_counted_eagerly(rng):
    y_true, y_pred = rng.integers(0, 2, (40, 3)), rng.random((40, 3)).astype("float32")
    right = (y_true == (y_pred > 0.5)).mean()
    weight = rng.random(40).astype("float32")
    for weights in ((), (weight,)):
        values = []
        for compiled in (False, True):
            metric = metrics.BinaryAccuracy()
            update = Compiled(metric.update_state, "metric") if compiled else metric.update_state
            for _ in range(2):
                update(y_true, y_pred, *weights)
            values.append(metric.result().item())
        assert values[0] == values[1]
        if not weights:
            assert_allclose(values[0], right, rtol=1e-6)


# --- user's own


class Largest(Metric):
    def __init__(self, start=0.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start
        self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")
        self.inner = metrics.Mean(name="inner")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(np.maximum(self.largest, np.max(np.abs(y_true - y_pred))))
        self.inner.update_state(y_pred)

    def result(self):
        return {"largest": self.largest.value, "mean": self.inner.result()}


def test_own_metric():
    metric = Largest(name="own", start=2.0)
    assert [variable.path for variable in metric.variables] == ["own/largest", "inner/total", "inner/count"]
    result = metric(np.zeros(2), np.array([1.0, -3.0]))
    assert (result["largest"].item(), result["mean"].item()) == (3.0, -1.0)
    metric.reset_state()
    assert all(variable.numpy() == 0 for variable in metric.variables)
    assert metric.get_config() == {"name": "own", "dtype": "float32", "start": 2.0}


def test_own_metric_without_super():
    class Careless(Metric):
        def __init__(self):
            self.total = self.add_variable((), "zeros")

    with pytest.raises(RuntimeError, match=r"Careless.__init__ did not call super\(\).__init__\(\)"):
        Careless()


def test_abstract_methods():
    for call in (lambda m: m.update_state(1), lambda m: m.result()):
        with pytest.raises(NotImplementedError, match="Metric"):
            call(Metric())


def test_wrapped_function():
    metric = MeanMetricWrapper(lambda y_true, y_pred, power: np.abs(y_true - y_pred) ** power, power=3)
    assert metric(np.zeros(2), np.array([1.0, 2.0])).item() == 4.5


# --- names and configurations


# What has no default.
REQUIRED = {
    **{name: {"num_classes": 2, "target_class_ids": [0]} for name in ("IoU", "OneHotIoU")},
    **{name: {"num_classes": 2} for name in ("MeanIoU", "OneHotMeanIoU")},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.5},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
}


@pytest.mark.parametrize("cls", metrics.CLASSES.values())
def test_names(cls):
    required = REQUIRED.get(cls.__name__, {})
    identifiers = [cls.__name__, to_snake_case(cls.__name__), cls] if not required else []
    for identifier in (*identifiers, {"class_name": cls.__name__, "config": required}):
        assert type(metrics.get(identifier)) is cls


def test_aliases():
    for name, cls in [("mse", "MeanSquaredError"), ("MAE", "MeanAbsoluteError"), ("bce", "BinaryCrossentropy")]:
        assert type(metrics.get(name)).__name__ == cls
    assert metrics.get(None) is None
    assert metrics.get(metrics.binary_accuracy) is metrics.binary_accuracy


DISTINCT = {
    "name": "other",
    "dtype": "float64",
    "threshold": 0.25,
    "k": 3,
    "from_sorted_ids": True,
    "from_logits": True,
    "label_smoothing": 0.5,
    "ignore_class": 2,
    "axis": 0,
    "thresholds": [0.25, 0.75],
    "top_k": 2,
    "class_id": 1,
    "num_thresholds": 7,
    "recall": 0.25,
    "precision": 0.25,
    "specificity": 0.25,
    "sensitivity": 0.25,
    "curve": "PR",
    "summation_method": "minoring",
    "multi_label": True,
    "num_labels": 3,
    "label_weights": [1.0, 2.0, 3.0],
    "average": "macro",
    "beta": 2.0,
    "num_classes": 4,
    "target_class_ids": [1],
    "sparse_y_true": False,
    "class_aggregation": "variance_weighted_average",
    "num_regressors": 2,
}
# Arguments that mean something else in a class, or stand for each other.
OTHERWISE = {
    "AUC": {"thresholds": None},
    "OneHotIoU": {"sparse_y_pred": True},
    "OneHotMeanIoU": {"sparse_y_pred": True},
    "IoU": {"sparse_y_pred": False},
    "MeanIoU": {"sparse_y_pred": False},
}
# Attributes that hold an argument in another form.
KEPT_AS = {"thresholds": "init_thresholds"}


@pytest.mark.parametrize("cls", metrics.CLASSES.values())
def test_every_argument_survives_a_configuration(cls):
    distinct = DISTINCT | OTHERWISE.get(cls.__name__, {})
    arguments = {name: distinct[name] for name in inspect.signature(cls).parameters}
    metric = metrics.deserialize(json.loads(json.dumps(metrics.serialize(cls(**arguments)))))
    assert type(metric) is cls
    for name, value in arguments.items():
        if (cls.__name__, name) != ("AUC", "thresholds"):
            np.testing.assert_equal(np.array(getattr(metric, KEPT_AS.get(name, name))), np.array(value))


def test_thresholds_of_auc_survive_a_configuration():
    metric = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metrics.AUC(thresholds=[0.75, 0.25])))))
    assert metric.thresholds[1:-1] == [0.25, 0.75]
    assert metric.num_thresholds == 4


def test_wrapper_survives_a_configuration():
    metric = MeanMetricWrapper(losses.binary_crossentropy, name="w", from_logits=True)
    written = json.loads(json.dumps(metrics.serialize(metric)))
    assert written["config"]["fn"]["config"] == "binary_crossentropy"
    again = metrics.deserialize(written)
    assert again([[1.0]], [[-3.0]]).item() == metric([[1.0]], [[-3.0]]).item()


def test_directions():
    assert metrics.SparseCategoricalAccuracy()._direction == "up"
    assert metrics.MeanSquaredError()._direction == "down"
    assert metrics.RootMeanSquaredError()._direction == "down"
    assert metrics.Mean()._direction is None


# --- what is refused


def test_unknown_name():
    with pytest.raises(ValueError, match="did you mean 'accuracy'"):
        metrics.get("accuracyy")


@pytest.mark.parametrize(
    ("metric", "true_shape", "pred_shape", "text"),
    [
        (metrics.SparseCategoricalAccuracy(), (4, 3), (4, 3), "use categorical_accuracy"),
        (metrics.CategoricalAccuracy(), (4,), (4, 3), "use sparse_categorical_accuracy"),
        (metrics.BinaryAccuracy(), (4, 2), (4, 3), "binary_accuracy"),
        (metrics.TopKCategoricalAccuracy(), (4,), (4, 3), "use sparse_top_k_categorical_accuracy"),
        (metrics.SparseTopKCategoricalAccuracy(), (3,), (4, 3), "rows of scores"),
        (metrics.MeanSquaredError(), (4, 2), (4, 3), "mean_squared_error"),
        (metrics.RootMeanSquaredError(), (4, 2), (4, 3), "root_mean_squared_error"),
    ],
)
def test_shapes_that_do_not_fit(metric, true_shape, pred_shape, text):
    with pytest.raises(ShapeError, match=text) as caught:
        metric.update_state(np.zeros(true_shape), np.zeros(pred_shape))
    assert f"y_true of shape {true_shape}, y_pred of shape {pred_shape}" in str(caught.value)


def test_weights_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"values of shape \(3,\), sample_weight of shape \(2,\)"):
        metrics.Mean().update_state([1.0, 2.0, 3.0], [1.0, 2.0])


def test_bad_k():
    with pytest.raises(ValueError, match="k=0"):
        metrics.TopKCategoricalAccuracy(k=0)


def test_a_function_that_returns_no_values():
    with pytest.raises(TypeError, match="did not return per-sample values"):
        MeanMetricWrapper(lambda y_true, y_pred: None)(np.zeros(2), np.zeros(2))


def test_missing_target():
    with pytest.raises(ValueError, match="y_true=None"):
        metrics.BinaryAccuracy().update_state(None, ops.zeros((2, 1)))
