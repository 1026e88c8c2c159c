"""Records what Keras computes for losses, metrics and the structures of `compile`.

Run where Keras 3.15 and JAX are installed: `KERAS_BACKEND=jax python tests/record/losses_metrics.py`.
Writes `tests/data/recorded/{losses,metrics,compiled}.json`, which the tests read; the tests do not need Keras.
"""

from __future__ import annotations

import json
from pathlib import Path

import jax
import keras
import numpy as np
from keras.src.trainers.compile_utils import CompileLoss, CompileMetrics

OUT = Path(__file__).parents[1] / "data" / "recorded"
rng = np.random.default_rng(7)


def uniform(*shape: int) -> np.ndarray:
    return np.round(rng.random(shape), 3).astype("float32")


def normal(*shape: int) -> np.ndarray:
    return np.round(rng.normal(size=shape) * 2, 3).astype("float32")


def plain(x: object) -> object:
    """Something JSON has a form for; an array as its dtype and values."""
    if isinstance(x, (np.ndarray, np.generic)) or hasattr(x, "__jax_array__") or isinstance(x, jax.Array):
        array = np.asarray(x)
        return {"dtype": array.dtype.name, "shape": array.shape, "values": array.ravel().tolist()}
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [plain(value) for value in x]
    return x


def write(name: str, cases: list) -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    lines = ",\n".join(json.dumps(plain(case)) for case in cases)
    (OUT / name).write_text(f"[\n{lines}\n]\n")


# --- losses: value and gradient for arguments other than the defaults

labels = np.array([0, 2, 1, 2])
onehot = np.eye(3, dtype="float32")[labels]
signs = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]])
weights = np.array([0.5, 2.0, 0.0, 1.5], "float32")
p43, z43, r43 = uniform(4, 3) + 0.01, normal(4, 3), normal(4, 3)
t243, s243 = uniform(2, 4, 3), uniform(2, 4, 3) + 0.01
labels24 = np.array([[0, 1, 2, 1], [2, 2, 0, 1]])
saturated = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]], "float32")

LOSSES = [
    ("MeanSquaredError", {}, r43, z43, None),
    ("MeanSquaredError", {"reduction": "mean"}, r43, z43, weights),
    ("MeanSquaredError", {"reduction": "mean_with_sample_weight"}, r43, z43, weights),
    ("MeanSquaredError", {"reduction": "none"}, r43, z43, weights),
    ("MeanSquaredError", {"reduction": None}, t243, s243, None),
    ("MeanSquaredError", {}, t243, s243, np.array([[1.0], [0.25]], "float32")),
    ("MeanSquaredError", {}, r43[:, 0], z43[:, :1], weights),
    ("MeanSquaredError", {}, r43[:, :1], z43, weights[:, None]),
    ("MeanSquaredError", {"dtype": "float16"}, r43, z43, None),
    ("MeanAbsoluteError", {"reduction": "sum"}, r43, z43, weights),
    ("MeanAbsoluteError", {}, signs, z43, np.array(2.0, "float32")),
    ("MeanAbsoluteError", {"reduction": "mean_with_sample_weight"}, signs.astype("uint8"), z43, weights),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, signs, p43, weights),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, signs, z43, None),
    ("BinaryCrossentropy", {"axis": 0, "reduction": "none"}, signs, p43, None),
    ("BinaryCrossentropy", {}, signs[:, 0] > 0, p43[:, :1], weights),
    ("BinaryCrossentropy", {}, signs, saturated, None),
    ("BinaryCrossentropy", {"from_logits": True}, signs[:, 0].astype("uint8"), z43[:, :1] * 20, weights),
    ("CategoricalCrossentropy", {"label_smoothing": 0.3}, onehot, p43, weights),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, onehot, z43, None),
    ("CategoricalCrossentropy", {"axis": 1, "reduction": None}, t243, s243, None),
    ("CategoricalCrossentropy", {}, onehot, saturated, None),
    ("CategoricalCrossentropy", {"from_logits": True}, onehot, z43 * 50, weights),
    ("SparseCategoricalCrossentropy", {}, labels.astype("uint8"), p43, weights),
    ("SparseCategoricalCrossentropy", {}, labels[:, None], p43, None),
    ("SparseCategoricalCrossentropy", {}, labels.astype("float32"), saturated, None),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, labels, p43, None),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, labels, p43, weights),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2, "reduction": "sum"}, labels, p43, weights),
    ("SparseCategoricalCrossentropy", {"ignore_class": -1, "from_logits": True}, np.array([-1, 2, 1, -1]), z43, None),
    (
        "SparseCategoricalCrossentropy",
        {"ignore_class": 2, "reduction": "mean_with_sample_weight", "from_logits": True},
        labels,
        z43,
        weights + 1,
    ),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "reduction": "none"}, labels24, t243 * 9, None),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, labels24, t243 * 9, uniform(2, 4)),
    ("SparseCategoricalCrossentropy", {"axis": -2, "from_logits": True}, labels24[:, :3], t243[:, :3] * 9, None),
]

recorded = []
for name, arguments, y_true, y_pred, weight in LOSSES:
    loss = getattr(keras.losses, name)(**arguments)

    def total(y, loss=loss, y_true=y_true, weight=weight):
        return loss(y_true, y, weight).sum()

    recorded.append(
        {
            "loss": name,
            "arguments": arguments,
            "y_true": y_true,
            "y_pred": y_pred,
            "sample_weight": weight,
            "value": loss(y_true, y_pred, weight),
            "gradient": jax.grad(total)(y_pred),
            "config": loss.get_config(),
        }
    )
write("losses.json", recorded)

# --- metrics: the result after each of two updates, with arguments other than the defaults

METRICS = [
    ("Mean", {}, [(t243, np.array([1.0, 3.0], "float32")), (s243, None)]),
    ("Mean", {"name": "m"}, [(t243, uniform(2, 4)), (np.float32(4.0), np.float32(3.0))]),
    ("Mean", {}, [(weights, weights[:, None]), (r43, np.float32(2.0))]),
    ("Sum", {}, [(t243, np.array([1.0, 3.0], "float32")), (s243, None)]),
    ("Accuracy", {}, [(labels, np.array([0, 2, 2, 1]), weights), (labels[:, None], np.array([0, 1, 1, 2]), None)]),
    ("BinaryAccuracy", {"threshold": 0.3}, [(signs, p43, weights), (signs[:, 0] > 0, p43[:, :1], None)]),
    ("BinaryAccuracy", {}, [(signs.astype("uint8"), p43, None), (signs[:, 0], p43[:, :1], weights)]),
    ("CategoricalAccuracy", {}, [(onehot, p43, weights), (t243, s243, None)]),
    ("SparseCategoricalAccuracy", {}, [(labels.astype("uint8"), p43, weights), (labels24, s243, None)]),
    ("SparseCategoricalAccuracy", {}, [(labels[:, None], p43, weights), (labels24[..., None], s243, uniform(2, 4))]),
    ("TopKCategoricalAccuracy", {"k": 2}, [(onehot, p43, weights), (t243, s243, None)]),
    ("TopKCategoricalAccuracy", {}, [(onehot, p43, weights), (t243, s243, None)]),
    ("SparseTopKCategoricalAccuracy", {"k": 2}, [(labels, p43, weights), (labels24, s243, None)]),
    (
        "SparseTopKCategoricalAccuracy",
        {"k": 1, "from_sorted_ids": True},
        [(labels, np.array([[0, 1], [1, 2], [1, 0], [2, 0]]), None), (labels, np.array([[1, 0]] * 4), weights)],
    ),
    ("MeanSquaredError", {"name": "e"}, [(r43, z43, weights), (t243, s243, uniform(2, 4))]),
    ("MeanAbsoluteError", {}, [(r43, z43, weights), (r43[:, 0], z43[:, :1], None)]),
    ("RootMeanSquaredError", {}, [(r43, z43, weights), (r43[:, 0], z43[:, :1], None)]),
    ("RootMeanSquaredError", {}, [(r43, z43, uniform(4, 3)), (signs, z43, np.float32(2.0))]),
    ("BinaryCrossentropy", {"label_smoothing": 0.2}, [(signs, p43, weights), (signs, saturated, None)]),
    ("BinaryCrossentropy", {"from_logits": True}, [(signs, z43, weights), (signs, z43, None)]),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.2}, [(onehot, z43, weights)] * 2),
    ("CategoricalCrossentropy", {"axis": 1}, [(t243, s243, None)] * 2),
    ("SparseCategoricalCrossentropy", {"ignore_class": 2}, [(labels, p43, weights), (labels, p43, None)]),
    ("SparseCategoricalCrossentropy", {"from_logits": True}, [(labels, z43, weights), (labels24, t243, uniform(2, 4))]),
]

recorded = []
for name, arguments, updates in METRICS:
    metric, results = getattr(keras.metrics, name)(**arguments), []
    for *arrays, weight in updates:
        metric.update_state(*arrays, sample_weight=weight)
        results.append(float(metric.result()))
    recorded.append(
        {
            "metric": name,
            "arguments": arguments,
            "updates": updates,
            "results": results,
            "config": metric.get_config(),
            "variables": {variable.path: variable.numpy() for variable in metric.variables},
        }
    )
write("metrics.json", recorded)

# --- compile: structures. "a" to "d" stand for the arrays below; tuples are not told from lists.

ARRAYS = {"ta": uniform(4, 3), "tb": uniform(4, 2), "pa": uniform(4, 3) + 0.01, "pb": uniform(4, 2) + 0.01}
ARRAYS |= {"labels": labels, "column": labels[:, None], "yes": signs[:, 0], "p1": ARRAYS["pb"][:, :1]}
ARRAYS |= {"w": weights, "v": uniform(4)}
AB, BA, PQR = ["a", "b"], ["b", "a"], ["p", "q", "r"]
T, P, TD, PD = ["ta", "tb"], ["pa", "pb"], {"a": "ta", "b": "tb"}, {"a": "pa", "b": "pb"}
TN, PN = {"x": ["ta", "tb"], "y": "ta"}, {"x": ["pa", "pb"], "y": "pa"}
TL, PL = [["ta", "tb"], "ta"], [["pa", "pb"], "pa"]

# loss, y_true, y_pred, output names, loss weights, sample weight
COMPILED_LOSSES = [
    ("mse", "ta", "pa", None, None, None),
    ("mse", "ta", "pa", ["a"], 0.5, "w"),
    (["mse"], "ta", "pa", ["a"], [0.5], None),
    ({"a": "mse"}, "ta", "pa", ["a"], {"a": 0.5}, None),
    ("mse", ["ta"], "pa", ["a"], None, None),
    ("mse", "ta", ["pa"], ["a"], None, None),
    ("mse", ["ta"], ["pa"], ["a"], None, None),
    ("mse", T, P, AB, None, None),
    ("mse", T, P, None, 0.5, None),
    (["mse", "mae"], T, P, AB, None, None),
    (["mse", "mae"], T, P, None, None, "w"),
    (["mse", None], T, P, AB, None, None),
    (["mse", None], ["ta"], P, AB, None, None),
    ([None, "mse"], ["tb"], P, AB, None, None),
    (["mse"], T, P, AB, None, None),
    ({"a": "mse", "b": "mae"}, T, P, AB, None, None),
    ({"b": "mse", "a": "mae"}, T, P, AB, {"a": 0.5, "b": 2.0}, None),
    ({"a": "mse", "b": "mae"}, TD, PD, AB, None, None),
    ({"b": "mae"}, TD, PD, AB, None, None),
    ({"b": "mae"}, {"b": "tb"}, PD, AB, None, None),
    ({"a": "mse", "b": "mae"}, TD, PD, None, None, None),
    (["mse", "mae"], TD, PD, AB, None, None),
    ("mse", TD, PD, AB, None, None),
    (["mse", "mae"], TD, P, AB, None, None),
    ({"a": "mse", "b": "mae"}, T, PD, AB, None, None),
    (["mse", "mae"], T, P, AB, [0.5, 2.0], None),
    (["mse", "mae"], T, P, AB, [0.5, None], None),
    ({"a": "mse", "b": "mae"}, T, P, AB, {"a": 0.5, "b": 2.0}, None),
    (["mse", "mae"], T, P, AB, {"a": 0.5, "b": 2.0}, None),
    (["mse", "mae"], T, P, AB, None, ["w", "v"]),
    (["mse", "mae"], T, P, AB, None, ["w", None]),
    ({"a": "mse", "b": "mae"}, TD, PD, AB, None, {"a": "w", "b": None}),
    ({"x": ["mse", "mae"], "y": "mse"}, TN, PN, PQR, None, None),
    ({"x": ["mse", "mae"], "y": "mse"}, TN, PN, None, None, None),
    ("mse", TN, PN, PQR, None, "w"),
    (["mse", "mae", "mse"], TN, PN, PQR, None, None),
    (["mse", "mae", "mse"], TL, PL, PQR, None, None),
    ([["mse", "mae"], "mse"], ["ta", "tb", "ta"], PL, PQR, None, None),
    ([["mse", "mae"], "mse"], T, P, AB, None, None),
    ({"a": ["mse", "mae"], "b": "mse"}, TD, PD, AB, None, None),
    ("crossentropy", "yes", "p1", None, None, None),
    ("ce", "labels", "pa", None, None, None),
    ("ce", "column", "pa", None, None, None),
    ("Crossentropy", "ta", "pa", None, None, None),
    ("MeanSquaredError", "ta", "pa", None, None, None),
    ("sparse_categorical_crossentropy", "labels", "pa", None, None, "w"),
]

# metrics, weighted metrics, y_true, y_pred, output names, sample weight
COMPILED_METRICS = [
    (["mse"], None, "ta", "pa", ["a"], None),
    ([["mse", "mae"]], None, "ta", "pa", ["a"], None),
    ({"a": ["mse"]}, None, "ta", "pa", ["a"], None),
    (["accuracy", "acc", "Accuracy"], None, "ta", "pa", ["a"], None),
    (["accuracy"], None, "labels", "pa", ["a"], None),
    (["accuracy"], ["accuracy"], "column", "pa", ["a"], "w"),
    (["accuracy"], ["acc"], "yes", "p1", None, "w"),
    (["mse", "mse", "MSE"], ["mse", "mse"], "ta", "pa", ["a"], "w"),
    (["mse"], ["mse", "mae"], "ta", "pa", ["a"], "w"),
    (["MeanSquaredError", "mean_squared_error", "categorical_crossentropy"], None, "ta", "pa", ["a"], None),
    (["mse", "mae"], None, T, P, AB, None),
    ([["mse", "mae"], ["mae"]], ["mse", None], T, P, AB, "w"),
    ([None, "mae"], None, T, P, AB, None),
    ([[], "mae"], None, T, P, AB, None),
    ({"a": "mse", "b": ["mae"]}, None, T, P, AB, None),
    ({"b": ["mae"]}, None, T, P, AB, None),
    (["mse", "mae"], None, T, P, None, None),
    (["mse", "mse"], ["mse", "mse"], T, P, None, "w"),
    ({"a": "mse", "b": ["mae"]}, None, TD, PD, AB, None),
    ({"a": "mse", "b": ["mae"]}, None, TD, PD, None, None),
    (["mse", "mae"], None, TD, PD, AB, None),
    (["mse", "mae"], None, TD, PD, BA, None),
    (["mse", "mae"], None, TD, P, AB, None),
    (["mse", "mse"], ["mse", "mae"], T, P, AB, ["w", None]),
    (None, {"a": ["mse", "mae"]}, T, P, AB, "w"),
    (None, {"a": ["mse", "mae"]}, TD, PD, AB, {"a": "w", "b": "v"}),
    ({"x": ["mse", "mae"], "y": "mse"}, None, TN, PN, PQR, None),
    ({"x": [["mse", "mae"], "mae"], "y": "mse"}, None, TN, PN, None, None),
    (None, None, T, P, AB, None),
]


def fill(nest: object) -> object:
    if isinstance(nest, dict):
        return {key: fill(value) for key, value in nest.items()}
    if isinstance(nest, list):
        return [fill(value) for value in nest]
    return None if nest is None else ARRAYS[nest]


recorded = [{"arrays": ARRAYS}]
for loss, y_true, y_pred, names, loss_weights, weight in COMPILED_LOSSES:
    compiled = CompileLoss(loss, loss_weights, output_names=names)
    value = compiled(fill(y_true), fill(y_pred), fill(weight))
    recorded.append(
        {
            "kind": "loss",
            "given": [loss, y_true, y_pred, names, loss_weights, weight],
            "value": float(value),
            "parts": [[metric.name, float(metric.result())] for metric in compiled.metrics],
        }
    )
for given in COMPILED_METRICS:
    plain_metrics, weighted, y_true, y_pred, names, weight = given
    compiled = CompileMetrics(plain_metrics, weighted, output_names=names)
    compiled.update_state(fill(y_true), fill(y_pred), fill(weight))
    recorded.append(
        {
            "kind": "metrics",
            "given": list(given),
            "results": [[name, float(value)] for name, value in compiled.result().items()],
            "classes": [type(metric).__name__ for metric in compiled.metrics],
        }
    )
write("compiled.json", recorded)
