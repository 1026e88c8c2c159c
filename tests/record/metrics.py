"""Records what Keras computes for counts at thresholds, F-scores, intersections over union, correlations and the rest.

Run where Keras 3.15 and JAX are installed: `KERAS_BACKEND=jax python tests/record/metrics.py`.
Writes `tests/data/recorded/more_metrics.json`: the arrays by name, and cases that name them.
`losses_metrics.py` records the means and accuracies.
"""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

OUT = Path(__file__).parents[1] / "data" / "recorded" / "more_metrics.json"
rng = np.random.default_rng(11)


def uniform(*shape: int) -> np.ndarray:
    return np.round(rng.random(shape), 3).astype("float32")


def normal(*shape: int) -> np.ndarray:
    return np.round(rng.normal(size=shape) * 2, 3).astype("float32")


def labels(high: int, *shape: int) -> np.ndarray:
    return rng.integers(0, high, shape).astype("int32")


ARRAYS = {
    "y8": labels(2, 8),
    "y8_other": labels(2, 8),
    "column": labels(2, 8, 1),
    "y43": labels(2, 4, 3),
    "y43_float": labels(2, 4, 3).astype("float32"),
    "y43_other": labels(2, 4, 3),
    "y243": labels(2, 2, 4, 3),
    "p8": uniform(8),
    "tenths": np.round(rng.integers(0, 11, 8) / 10, 1).astype("float32"),
    "beyond": np.array([-0.5, 0.0, 1e-9, 0.25, 0.5, 0.75, 1.0, 1.5], "float32"),
    "p43": uniform(4, 3),
    "p43_other": uniform(4, 3),
    "ties": np.array([[0.5, 0.5, 0.2], [0.0, 0.0, 0.0], [0.9, 0.1, 0.9], [0.3, 0.7, 0.7]], "float32"),
    "p243": uniform(2, 4, 3),
    "z8": normal(8),
    "z43": normal(4, 3),
    "r43": normal(4, 3),
    "onehot": np.eye(3, dtype="float32")[[0, 2, 1, 2]],
    "w8": uniform(8),
    "w4": np.array([0.5, 2.0, 0.0, 1.5], "float32"),
    "w43": uniform(4, 3),
    "w24": uniform(2, 4),
    "two": np.array(2.0, "float32"),
    "l8": labels(4, 8),
    "l8_other": labels(4, 8),
    "l24": labels(4, 2, 4),
    "l24_other": labels(4, 2, 4),
    "out_of_range": np.array([0, 1, 2, 3, 4, -1, 255, 2], "int32"),
    "s24": uniform(2, 4, 4),
    "s42": uniform(2, 4, 4),
    "c24": uniform(4, 2, 4),
    "c42": uniform(4, 2, 4),
    "w8_int": labels(3, 8),
}

VECTORS = [["y8", "p8", None], ["y8_other", "tenths", "w8"], ["y8", "beyond", None]]
COLUMNS = [["column", "p8", "w8"], ["y8", "tenths", "two"]]
MATRICES = [["y43", "p43", None], ["y43_float", "p43_other", "w4"], ["y43_other", "ties", "w43"]]
DEEP = [["y243", "p243", None], ["y243", "p243", "w24"]]
BY_SAMPLE = [["y43", "p43", None], ["y43_float", "p43_other", "w4"], ["y43_other", "ties", "w4"]]
LABELS = [["l8", "l8_other", None], ["out_of_range", "l8", "w8_int"], ["l24", "l24_other", None]]
REAL = [["r43", "z43", None], ["z43", "r43", "w4"]]
POSITIVE = [["y43_float", "p43", None], ["p43", "p43_other", "w4"]]

CASES: list[tuple[str, dict, list]] = [
    *[
        (name, arguments, updates)
        for name in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")
        for arguments, updates in (
            ({}, VECTORS),
            ({"thresholds": 0.3, "name": "counted"}, MATRICES),
            ({"thresholds": [0.7, 0.2]}, VECTORS),
            ({"thresholds": [0.0, 0.25, 0.5, 0.75, 1.0]}, VECTORS),
            ({"thresholds": [0.5]}, DEEP),
        )
    ],
    *[
        (name, arguments, updates)
        for name in ("Precision", "Recall")
        for arguments, updates in (
            ({}, VECTORS),
            ({"thresholds": [0.9, 0.1, 0.5]}, COLUMNS),
            ({"thresholds": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]}, VECTORS),
            ({"top_k": 2}, MATRICES),
            ({"top_k": 1, "thresholds": 0.4}, MATRICES),
            ({"class_id": 1}, BY_SAMPLE),
            ({"class_id": 2, "top_k": 2, "thresholds": [0.2, 0.6]}, BY_SAMPLE),
            ({"class_id": 0}, DEEP),
        )
    ],
    *[
        (name, {"num_thresholds": size, argument: value, **more}, updates)
        for name, argument in (
            ("SensitivityAtSpecificity", "specificity"),
            ("SpecificityAtSensitivity", "sensitivity"),
            ("PrecisionAtRecall", "recall"),
            ("RecallAtPrecision", "precision"),
        )
        for size, value, more, updates in (
            (1, 0.4, {}, VECTORS),
            (2, 0.0, {}, VECTORS),
            (3, 0.5, {"class_id": 1}, BY_SAMPLE),
            (11, 0.6, {"name": "best"}, VECTORS),
            (200, 0.8, {}, MATRICES),
            (50, 1.0, {}, VECTORS),
        )
    ],
    *[
        ("AUC", {"curve": curve, "summation_method": method, **more}, updates)
        for curve in ("ROC", "PR", "PRGAIN")
        for method in ("interpolation", "minoring", "majoring")
        for more, updates in (
            ({"num_thresholds": 11}, VECTORS),
            ({"thresholds": [0.8, 0.3, 0.35]}, VECTORS),
            ({"num_thresholds": 7, "multi_label": True, "num_labels": 3}, MATRICES),
        )
    ],
    ("AUC", {}, VECTORS),
    ("AUC", {"num_thresholds": 2}, VECTORS),
    ("AUC", {"curve": "pr", "num_thresholds": 5, "from_logits": True}, [["y8", "z8", None], ["y8_other", "z8", "w8"]]),
    ("AUC", {"thresholds": [0.25, 0.5, 0.75]}, COLUMNS),
    ("AUC", {"num_thresholds": 9, "label_weights": [0.5, 2.0, 1.0]}, MATRICES),
    ("AUC", {"thresholds": [0.1, 0.6], "label_weights": [0.5, 2.0, 1.0]}, MATRICES),
    ("AUC", {"num_thresholds": 9, "label_weights": [0.5, 2.0, 1.0], "multi_label": True}, MATRICES),
    ("AUC", {"thresholds": [0.1, 0.6], "multi_label": True, "from_logits": True}, [["y43", "z43", "w4"]]),
    ("AUC", {"curve": "PR", "thresholds": [0.1, 0.6], "multi_label": True, "label_weights": [0, 1, 2]}, MATRICES),
    *[
        ("FBetaScore", {"average": average, "beta": beta, "threshold": threshold}, BY_SAMPLE)
        for average in (None, "micro", "macro", "weighted")
        for beta, threshold in ((1.0, None), (0.5, 0.4), (2.0, 1.0))
    ],
    ("F1Score", {"average": "weighted", "threshold": 0.3, "name": "f"}, BY_SAMPLE),
    ("F1Score", {}, BY_SAMPLE),
    ("IoU", {"num_classes": 4, "target_class_ids": [3, 1]}, LABELS),
    ("IoU", {"num_classes": 4, "target_class_ids": (0,), "ignore_class": 2, "name": "i"}, LABELS),
    ("IoU", {"num_classes": 4, "target_class_ids": [0, 1], "dtype": "float32"}, [["l8", "l8_other", "w8"]]),
    ("IoU", {"num_classes": 4, "target_class_ids": [1, 2], "sparse_y_pred": False}, [["l24", "s24", None]]),
    ("IoU", {"num_classes": 4, "target_class_ids": [1, 2], "sparse_y_true": False, "axis": 0}, [["c24", "l24", None]]),
    ("MeanIoU", {"num_classes": 4}, LABELS),
    ("MeanIoU", {"num_classes": 5, "ignore_class": 255}, LABELS),
    (
        "MeanIoU",
        {"num_classes": 4, "ignore_class": 0, "sparse_y_pred": False, "dtype": "float64"},
        [["l24", "s24", None]],
    ),
    ("BinaryIoU", {}, [["y8", "p8", None], ["y8_other", "tenths", "w8_int"], ["y43", "p43", None]]),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3, "dtype": "float32"}, [["y8", "p8", "w8"]]),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [0, 3]}, [["s24", "s42", None]]),
    ("OneHotIoU", {"num_classes": 4, "target_class_ids": [2], "sparse_y_pred": True}, [["s24", "l24", None]]),
    ("OneHotMeanIoU", {"num_classes": 4, "axis": 0}, [["c24", "c42", None]]),
    ("OneHotMeanIoU", {"num_classes": 4, "ignore_class": 1, "sparse_y_pred": True}, [["s24", "l24", None]]),
    *[
        ("R2Score", {"class_aggregation": aggregation, "num_regressors": regressors}, REAL)
        for aggregation in (None, "uniform_average", "variance_weighted_average")
        for regressors in (0, 2)
    ],
    ("R2Score", {"name": "r"}, [["r43", "z43", "w43"], ["r43", "z43", "two"]]),
    ("PearsonCorrelation", {}, REAL),
    ("PearsonCorrelation", {"axis": 0}, [["r43", "z43", None]]),
    ("PearsonCorrelation", {"axis": (1, 2), "name": "p"}, [["y243", "p243", None]]),
    ("ConcordanceCorrelation", {}, REAL),
    ("ConcordanceCorrelation", {"axis": 0}, [["r43", "z43", None]]),
    ("ConcordanceCorrelation", {"axis": (1, 2)}, [["y243", "p243", None]]),
    ("CosineSimilarity", {}, REAL),
    ("CosineSimilarity", {"axis": 0}, [["r43", "z43", None]]),
    ("CosineSimilarity", {"axis": 1, "name": "c"}, DEEP[:1]),
    *[
        (name, {}, updates)
        for name, updates in (
            ("MeanAbsolutePercentageError", REAL),
            ("MeanSquaredLogarithmicError", POSITIVE),
            ("LogCoshError", REAL),
            ("KLDivergence", POSITIVE),
            ("Poisson", POSITIVE),
            ("Hinge", [["y43", "z43", "w4"], *REAL]),
            ("SquaredHinge", [["y43", "z43", "w4"], *REAL]),
            ("CategoricalHinge", [["onehot", "z43", None], ["onehot", "r43", "w4"]]),
        )
    ],
]


def plain(x: object) -> object:
    """Something JSON has a form for."""
    if isinstance(x, (np.ndarray, np.generic)) or hasattr(x, "__array__"):
        return np.asarray(x).tolist()
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    return [plain(value) for value in x] if isinstance(x, (list, tuple)) else x


recorded = []
for name, arguments, updates in CASES:
    keras.utils.clear_session(free_memory=False)  # names start at the beginning
    metric, results = getattr(keras.metrics, name)(**arguments), []
    for y_true, y_pred, weight in updates:
        metric.update_state(ARRAYS[y_true], ARRAYS[y_pred], sample_weight=None if weight is None else ARRAYS[weight])
        results.append(plain(metric.result()))
    recorded.append(
        {
            "metric": name,
            "arguments": arguments,
            "updates": updates,
            "results": results,
            "config": plain(metric.get_config()),
            "variables": {v.path: plain(v.numpy()) for v in metric.variables if v.shape != (200,)},
        }
    )
head = {name: {"dtype": a.dtype.name, "shape": a.shape, "values": a.ravel().tolist()} for name, a in ARRAYS.items()}
lines = ",\n".join(json.dumps(plain(one)) for one in [head, *recorded])
OUT.write_text(f"[\n{lines}\n]\n")
