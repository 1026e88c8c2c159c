"""Counts, overlaps and correlations: beside recorded Keras values, by hand, in a step, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import babytf
from babytf import metrics
from babytf.engine import Compiled
from babytf.errors import ShapeError
from babytf.naming import reset_names

HEAD, *RECORDED = json.loads((Path(__file__).parents[1] / "data" / "recorded" / "more_metrics.json").read_text())
ARRAYS = {name: np.array(a["values"], a["dtype"]).reshape(a["shape"]) for name, a in HEAD.items()} | {None: None}

recorded = pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{case['metric']}-{case['arguments']}")
fractions_cut = pytest.mark.filterwarnings("ignore:.*fractions of its sample weights")
few_samples = pytest.mark.filterwarnings("ignore:.*is not adjusted")


def made(case):
    reset_names()
    return getattr(metrics, case["metric"])(**case["arguments"])


def batches(case):
    return [tuple(ARRAYS[name] for name in update) for update in case["updates"]]


# --- beside Keras


@recorded
@few_samples
def test_other_arguments_recorded_by_keras(case):
    metric = made(case)
    for (y_true, y_pred, weight), expected in zip(batches(case), case["results"], strict=True):
        metric.update_state(y_true, y_pred, sample_weight=weight)
        assert_allclose(metric.result(), expected, rtol=2e-5, atol=2e-6)
    found = {variable.path: variable for variable in metric.variables}
    assert set(case["variables"]) <= set(found)
    for path, expected in case["variables"].items():
        assert_allclose(found[path], expected, rtol=2e-5, atol=1e-6)


@recorded
def test_configuration_is_that_of_keras(case):
    written = json.loads(json.dumps(metrics.serialize(made(case))["config"]))
    if written.get("label_weights"):
        written["label_weights"] = written["label_weights"]["config"]["value"]
    if case["metric"] == "CosineSimilarity":
        assert written.pop("axis", -1) == case["arguments"].get("axis", -1)  # Keras forgets it
    assert written == case["config"]


@recorded
def test_a_metric_read_back_gives_the_same(case):
    metric = made(case)
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    (y_true, y_pred, weight), *_ = batches(case)
    assert_array_equal(metric(y_true, y_pred, sample_weight=weight), again(y_true, y_pred, sample_weight=weight))


@recorded
@few_samples
def test_compiled_equals_eager(case):
    eager, traced = made(case), made(case)

    def update(y_true, y_pred, weight):
        traced.update_state(y_true, y_pred, sample_weight=weight)
        return traced.result()

    step = Compiled(update, "metric")
    for y_true, y_pred, weight in batches(case):
        eager.update_state(y_true, y_pred, sample_weight=weight)
        result = step(y_true, y_pred, weight)
        assert_array_equal(result, eager.result())
        for one, other in zip(eager.variables, traced.variables, strict=True):
            assert_array_equal(one, other)
    traced.reset_state()
    assert not any(variable.numpy().any() for variable in traced.variables)


# --- counts, by another way


@given(
    seed=st.integers(0, 2**32 - 1),
    thresholds=st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.3, 0.5, 0.75, 0.9, 1.0]), min_size=1, max_size=6),
    weighted=st.booleans(),
)
def test_counts_are_those_of_comparisons(seed, thresholds, weighted):
    rng = np.random.default_rng(seed)
    y_true = rng.integers(0, 2, (5, 3))
    y_pred = rng.choice([0.0, 0.1, 0.2, 0.3, 0.5, 0.9, 1.0, np.nan], (5, 3)).astype("float32")
    weight = rng.integers(0, 4, 5).astype("float32") if weighted else None
    w = np.ones((5, 3)) if weight is None else np.repeat(weight[:, None], 3, axis=1)
    above = [y_pred > np.float32(t) for t in thresholds]
    for name, positive, passed in [
        ("TruePositives", y_true == 1, True),
        ("FalsePositives", y_true == 0, True),
        ("TrueNegatives", y_true == 0, False),
        ("FalseNegatives", y_true == 1, False),
    ]:
        metric = getattr(metrics, name)(thresholds=thresholds)
        metric.update_state(y_true, y_pred, sample_weight=weight)
        expected = [w[positive & (a == passed)].sum() for a in above]
        assert_array_equal(metric.accumulator, expected)


def test_many_thresholds_and_one_agree(rng):
    y_true, y_pred, weight = rng.integers(0, 2, 50), rng.random(50), rng.random(50).astype("float32")
    many = metrics.FalseNegatives(thresholds=[0.9, 0.2, 0.6])
    many.update_state(y_true, y_pred, weight)
    for i, threshold in enumerate(many.thresholds):
        assert_allclose(metrics.FalseNegatives(threshold)(y_true, y_pred, weight), many.result()[i], rtol=1e-6)


def test_precision_and_recall_by_hand():
    # above 0.5: 0.9 0.6 0.8, of which 0.9 and 0.8 are positives; the third positive, 0.3, is missed
    y_true, y_pred = [1, 0, 1, 0, 1], [0.9, 0.6, 0.8, 0.1, 0.3]
    assert_allclose(metrics.Precision()(y_true, y_pred), 2 / 3, rtol=1e-6)
    assert_allclose(metrics.Recall()(y_true, y_pred), 2 / 3, rtol=1e-6)
    assert_allclose(metrics.Precision(thresholds=[0.85, 1.0])(y_true, y_pred), [1.0, 0.0])  # none above 1: 0, not NaN
    assert_allclose(metrics.F1Score(threshold=0.5)(*(np.transpose([a]) for a in (y_true, y_pred))), [2 / 3], rtol=1e-6)


def test_auc_by_hand():
    # of the four pairs (negative, positive) all but (0.5, 0.3) are in order
    y_true, y_pred = [0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]
    assert_allclose(metrics.AUC()(y_true, y_pred), 0.75, atol=1e-6)
    assert_allclose(metrics.AUC(from_logits=True)(y_true, np.array(y_pred) * 8 - 4), 0.75, atol=1e-6)
    perfect = np.array([0.0, 0.1, 0.8, 0.9])
    for curve in ("ROC", "PR", "PRGAIN"):
        assert_allclose(metrics.AUC(curve=curve)(y_true, perfect), 1.0, atol=1e-6)
    both = metrics.AUC(multi_label=True, label_weights=[3.0, 1.0])
    columns = np.stack([y_pred, perfect], axis=1)
    assert_allclose(both(np.stack([y_true, y_true], axis=1), columns), (3 * 0.75 + 1) / 4, atol=1e-6)


def test_rates_under_constraints_by_hand():
    # thresholds 0, 0.5, 1: recall 1, 0.5, 0; precision 2/3 (0.2 is a false positive), 1, 0
    y_true, y_pred = [1, 1, 0, 0], [0.4, 0.8, 0.2, 0.0]
    assert_allclose(metrics.RecallAtPrecision(0.9, num_thresholds=3)(y_true, y_pred), 0.5)
    assert_allclose(metrics.PrecisionAtRecall(0.9, num_thresholds=3)(y_true, y_pred), 2 / 3, rtol=1e-6)
    assert_allclose(metrics.SensitivityAtSpecificity(0.9, num_thresholds=3)(y_true, y_pred), 0.5)
    assert_allclose(metrics.SpecificityAtSensitivity(0.9, num_thresholds=3)(y_true, y_pred), 0.5)


def test_predictions_that_are_nan_are_above_no_threshold():
    y_true, y_pred = np.array([1, 0, 1]), np.array([np.nan, np.nan, 0.9], "float32")
    assert metrics.Recall()(y_true, y_pred).item() == 0.5
    auc = metrics.AUC(num_thresholds=3)
    auc.update_state(y_true, y_pred)
    assert_array_equal(auc.true_positives, [1, 1, 0])
    assert_array_equal(auc.false_negatives, [1, 1, 2])


# --- the others, by hand


def test_iou_by_hand():
    # class 0: both 1, either 3; class 1: both 2, either 4; class 2 never
    metric = metrics.MeanIoU(num_classes=3)
    metric.update_state([0, 0, 1, 1, 1], [0, 1, 1, 1, 0])
    assert_allclose(metric.result(), (1 / 3 + 2 / 4) / 2, rtol=1e-6)
    assert_array_equal(metric.total_cm, [[1, 1, 0], [1, 2, 0], [0, 0, 0]])
    ignoring = metrics.IoU(3, [0], ignore_class=1)
    assert_allclose(ignoring([0, 0, 1, 1, 1], [0, 1, 1, 1, 0]), 1 / 2, rtol=1e-6)


def test_iou_along_another_axis():
    y_true, y_pred = np.eye(3)[[2, 0, 1, 0]], np.eye(3)[[2, 0, 0, 1]]
    expected = metrics.OneHotMeanIoU(3)(y_true, y_pred).item()
    assert metrics.OneHotMeanIoU(3, axis=1)(y_true[:, :, None], y_pred[:, :, None]).item() == expected


def test_fractions_of_weights_need_a_float_dtype():
    with pytest.warns(UserWarning, match="pass dtype='float32'"):
        assert metrics.BinaryIoU().update_state([0, 1], [0.0, 1.0], np.array([0.5, 1.5])) is None
    assert metrics.BinaryIoU([1], dtype="float32")([1, 1], [1.0, 0.0], np.array([0.5, 1.5])).item() == pytest.approx(
        0.25
    )


def test_r2_score_by_hand():
    # errors 1 0 1, deviations -5/3 4/3 1/3: 1 - 2 / (42 / 9) = 4/7; adjusted with p = 1: 1 - (3/7) * 2 / 1 = 1/7
    y_true, y_pred = [[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]
    assert_allclose(metrics.R2Score()(y_true, y_pred), 4 / 7, rtol=1e-6)
    assert_allclose(metrics.R2Score(num_regressors=1)(y_true, y_pred), 1 / 7, rtol=1e-5)
    with pytest.warns(UserWarning, match="3 values are too few for num_regressors=2, which needs at least 4"):
        assert_allclose(metrics.R2Score(num_regressors=2)(y_true, y_pred), 4 / 7, rtol=1e-6)


def test_correlations_by_hand():
    y_true, y_pred = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 4.0, 6.0]])
    assert_allclose(metrics.PearsonCorrelation()(y_true, y_pred), 1.0, rtol=1e-6)
    # variances 2/3 and 8/3, covariance 4/3, means 2 and 4: (8/3) / (10/3 + 4)
    assert_allclose(metrics.ConcordanceCorrelation()(y_true, y_pred), 8 / 22, rtol=1e-6)
    assert_allclose(metrics.CosineSimilarity()([[3.0, 4.0]], [[4.0, 3.0]]), 24 / 25, rtol=1e-6)


def test_functions_are_those_of_the_losses():
    for name in ("hinge", "huber", "kl_divergence", "log_cosh", "poisson", "categorical_focal_crossentropy"):
        assert getattr(metrics, name) is getattr(babytf.losses, name)
    assert metrics.get("msle").fn is babytf.losses.mean_squared_logarithmic_error


# --- inside fit


def test_fit_computes_them_as_a_pass_over_the_data_does(rng):
    x, y = rng.normal(size=(40, 4)).astype("float32"), rng.integers(0, 2, (40, 3)).astype("float32")
    reset_names()
    watched = [
        "AUC",
        "precision",
        metrics.Recall(class_id=1),
        metrics.PrecisionAtRecall(0.5),
        metrics.F1Score(average="macro", threshold=0.5),
        metrics.BinaryIoU(),
        "R2Score",
        "PearsonCorrelation",
        "Hinge",
    ]
    model = babytf.Sequential([babytf.Input((4,)), babytf.layers.Dense(3, activation="sigmoid")])
    model.compile(loss="binary_crossentropy", optimizer="sgd", metrics=watched)
    history = model.fit(x, y, epochs=2, batch_size=16, validation_data=(x, y), verbose=0).history
    y_pred = model.predict(x, verbose=0)
    for name, metric in {
        "AUC": metrics.AUC(),
        "precision": metrics.Precision(),
        "recall": metrics.Recall(class_id=1),
        "precision_at_recall": metrics.PrecisionAtRecall(0.5),
        "f1_score": metrics.F1Score(average="macro", threshold=0.5),
        "binary_io_u": metrics.BinaryIoU(),
        "R2Score": metrics.R2Score(),
        "PearsonCorrelation": metrics.PearsonCorrelation(),
        "Hinge": metrics.Hinge(),
    }.items():
        assert len(history[name]) == 2
        assert_allclose(history[f"val_{name}"][-1], metric(y, y_pred).item(), rtol=1e-5, err_msg=name)


def test_an_update_is_few_steps():
    y_true, y_pred = np.zeros(8, "float32"), np.zeros(8, "float32")
    for metric, most in [(metrics.Precision(), 9), (metrics.TruePositives(), 6), (metrics.AUC(), 9)]:
        step = Compiled(metric.update_state, "metric")
        step(y_true, y_pred)
        lines = [line for line in str(step.program(y_true, y_pred)).splitlines() if line.strip()[:3] in ("np.", "ker")]
        assert len(lines) <= most, lines


# --- what is refused


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: metrics.Precision(thresholds=1.5), r"thresholds=1.5(?s:.*)a number in \[0, 1\]"),
        (lambda: metrics.AUC(thresholds=[0.5, -1]), "with -1"),
        (lambda: metrics.TruePositives(thresholds=[]), "bad `thresholds`"),
        (lambda: metrics.Recall(thresholds=[0.5, None]), "with None"),
        (lambda: metrics.Precision(top_k=0), "top_k=0"),
        (lambda: metrics.Recall(class_id=-1), "class_id=-1"),
        (lambda: metrics.Recall(class_id=1.0), "class_id=1.0"),
        (lambda: metrics.PrecisionAtRecall(1.2), "recall=1.2"),
        (lambda: metrics.SensitivityAtSpecificity(0.5, num_thresholds=0), "num_thresholds=0"),
        (lambda: metrics.AUC(num_thresholds=1), "at least 2"),
        (lambda: metrics.AUC(curve="RPC"), "one of 'ROC', 'PR', 'PRGAIN'"),
        (lambda: metrics.AUC(summation_method="middle"), "'interpolation', 'majoring', 'minoring'"),
        (lambda: metrics.AUC(num_labels=3), "multi_label=True"),
        (lambda: metrics.FBetaScore(average="mean"), "average='mean'"),
        (lambda: metrics.FBetaScore(beta=0.0), "beta=0.0"),
        (lambda: metrics.F1Score(threshold=0.0), "threshold=0.0"),
        (lambda: metrics.F1Score(threshold=2.0), "threshold=2.0"),
        (lambda: metrics.IoU(num_classes=0, target_class_ids=[0]), "num_classes=0"),
        (lambda: metrics.IoU(num_classes=2, target_class_ids=[0, 2]), "num_classes=3"),
        (lambda: metrics.OneHotIoU(3, 1), "target_class_ids=1"),
        (lambda: metrics.BinaryIoU(target_class_ids=[]), "from 0 to 1"),
        (lambda: metrics.MeanIoU(num_classes=2.5), "num_classes=2.5"),
        (lambda: metrics.R2Score(class_aggregation="sum"), "class_aggregation='sum'"),
        (lambda: metrics.R2Score(num_regressors=-1), "num_regressors=-1"),
        (lambda: metrics.PearsonCorrelation(axis="last"), "axis='last'"),
        (lambda: metrics.ConcordanceCorrelation(axis=()), "axis="),
        (lambda: metrics.CosineSimilarity(axis=None), "axis=None"),
    ],
)
def test_bad_arguments(make, text):
    with pytest.raises(ValueError, match=text) as caught:
        make()
    assert "fix:" in str(caught.value)


@pytest.mark.parametrize(
    ("metric", "true_shape", "pred_shape"),
    [
        (metrics.TruePositives(), (4, 2), (4, 3)),
        (metrics.Precision(), (3,), (4,)),
        (metrics.AUC(), (4,), (4, 3)),
        (metrics.PrecisionAtRecall(0.5), (4, 2), (4, 1)),
        (metrics.F1Score(), (4,), (4, 1)),
        (metrics.FBetaScore(), (4, 1), (4, 3)),
        (metrics.MeanIoU(2), (4,), (5,)),
        (metrics.R2Score(), (4,), (4,)),
        (metrics.R2Score(), (4, 2), (4, 3)),
        (metrics.PearsonCorrelation(), (4, 2), (4, 3)),
        (metrics.CosineSimilarity(), (4, 2), (4, 3)),
        (metrics.Hinge(), (4, 2), (4, 3)),
    ],
)
def test_shapes_that_do_not_fit(metric, true_shape, pred_shape):
    with pytest.raises(ShapeError, match="does not fit") as caught:
        metric.update_state(np.zeros(true_shape), np.zeros(pred_shape))
    assert f"y_true of shape {true_shape}, y_pred of shape {pred_shape}" in str(caught.value)


@pytest.mark.parametrize(
    "metric",
    [metrics.Recall(), metrics.AUC(), metrics.F1Score(), metrics.MeanIoU(2, dtype="float32"), metrics.R2Score()],
)
def test_weights_that_do_not_fit(metric):
    with pytest.raises(ShapeError, match=r"(?s)do not fit.*sample_weight of shape \(3,\)"):
        metric.update_state(np.zeros((4, 2)), np.zeros((4, 2)), sample_weight=np.ones(3))


def test_one_weight_per_sample_of_several_axes_is_refused():
    with pytest.raises(ShapeError, match=r"reshape the weights to \(4, 1, 1\)"):
        metrics.Precision().update_state(np.zeros((4, 4, 2)), np.zeros((4, 4, 2)), sample_weight=np.ones(4))


def test_too_few_classes():
    for metric, text in [
        (metrics.Precision(top_k=4), "top_k=4 for predictions of shape"),
        (metrics.Recall(class_id=3), "at most 2"),
        (metrics.SpecificityAtSensitivity(0.5, class_id=3), "at most 2"),
    ]:
        with pytest.raises(ValueError, match=text):
            metric.update_state(np.zeros((4, 3)), np.zeros((4, 3)))
    with pytest.raises(ValueError, match=r"scores of shape \(B, C\)"):
        metrics.Recall(class_id=0).update_state(np.zeros(4), np.zeros(4))


def test_labels_that_change():
    auc, score, r2 = metrics.AUC(multi_label=True), metrics.F1Score(), metrics.R2Score()
    for metric in (auc, score, r2):
        metric.update_state(np.zeros((4, 3)), np.ones((4, 3)))
        with pytest.raises(ShapeError, match="3"):
            metric.update_state(np.zeros((4, 2)), np.ones((4, 2)))
    with pytest.raises(ShapeError, match="multi_label=False"):
        auc.update_state(np.zeros(4), np.ones(4))
    with pytest.raises(ShapeError, match=r"label_weights of shape \(2,\)"):
        metrics.AUC(label_weights=[1, 2]).update_state(np.zeros((4, 3)), np.ones((4, 3)))
