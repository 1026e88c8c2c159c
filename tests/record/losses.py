"""Records what Keras computes for losses with arguments other than the defaults: those not in `losses_metrics.py`.

Run where Keras 3.15 and JAX are installed: `KERAS_BACKEND=jax python tests/record/losses.py`.
Writes `tests/data/recorded/more_losses.json`, which the tests read; the tests do not need Keras.
"""

from __future__ import annotations

import json
from pathlib import Path

import jax
import keras
import numpy as np

OUT = Path(__file__).parents[1] / "data" / "recorded" / "more_losses.json"
rng = np.random.default_rng(11)


def uniform(*shape: int) -> np.ndarray:
    return np.round(rng.random(shape) * 0.98 + 0.01, 3).astype("float32")


def normal(*shape: int) -> np.ndarray:
    return np.round(rng.normal(size=shape) * 2, 3).astype("float32")


def plain(x: object) -> object:
    """Something JSON has a form for; an array as its dtype and values."""
    if isinstance(x, (np.ndarray, np.generic, jax.Array)):
        array = np.asarray(x)
        values = [float(str(v)) for v in array.ravel()] if array.dtype.kind == "f" else array.ravel().tolist()
        return {"dtype": array.dtype.name, "shape": array.shape, "values": values}  # the fewest digits
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    return [plain(value) for value in x] if isinstance(x, (list, tuple)) else x


labels = np.array([0, 2, 1, 2])
onehot = np.eye(3, dtype="float32")[labels]
bits = np.array([[1, 0, 1], [0, 0, 1], [1, 1, 0], [0, 1, 0]])
signs = np.where(bits > 0, 1, -1)
weights = np.array([0.5, 2.0, 0.0, 1.5], "float32")
p, q, r, z = uniform(4, 3), uniform(4, 3), normal(4, 3), normal(4, 3)
p3, q3, r3, z3 = uniform(2, 4, 3), uniform(2, 4, 3), normal(2, 4, 3), normal(2, 4, 3)
w24 = uniform(2, 4)
labels24 = np.array([[0, 1, 2, 1], [2, 2, 0, 1]])
counts = np.array([[0, 3, 1], [2, 0, 7], [1, 1, 0], [4, 2, 5]])
saturated = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.5, 0.5, 0.0]], "float32")
unit = z / np.linalg.norm(z, axis=-1, keepdims=True)
unit6 = normal(6, 5)
unit6 /= np.linalg.norm(unit6, axis=-1, keepdims=True)
six = np.array([0, 1, 0, 2, 1, 3])  # 2 and 3 have no other sample
scores = normal(4, 9, 5)
words = np.array([[1, 2, 3, 0], [4, 4, 0, 0], [2, 0, 0, 0], [3, 3, 3, 1]])

LOSSES = [
    ("MeanAbsolutePercentageError", {"reduction": "sum"}, r, z, weights),
    ("MeanAbsolutePercentageError", {"dtype": "float16"}, p, q, None),
    ("MeanAbsolutePercentageError", {}, r3, z3, w24),
    ("MeanAbsolutePercentageError", {}, bits, p, None),  # targets of 0
    ("MeanSquaredLogarithmicError", {"reduction": "mean_with_sample_weight"}, p, q, weights),
    ("MeanSquaredLogarithmicError", {"reduction": "none"}, r, z, None),  # below 0
    ("MeanSquaredLogarithmicError", {}, p[:, 0], q[:, :1], weights),
    ("CosineSimilarity", {"axis": 0, "reduction": "none"}, r, z, None),
    ("CosineSimilarity", {"axis": 1}, r3, z3, uniform(2, 3)),
    ("CosineSimilarity", {"axis": -2, "name": "c"}, r3, z3, None),
    ("CosineSimilarity", {}, np.zeros((4, 3), "float32"), z, weights),
    ("Huber", {"delta": 0.5}, r, z, weights),
    ("Huber", {"delta": 3, "reduction": "sum"}, r, z, None),
    ("Huber", {"delta": 2.5, "reduction": None}, r3, z3, w24),
    ("Huber", {"delta": 0.5, "dtype": "float16"}, r, z, None),
    ("LogCosh", {"reduction": "none"}, r * 20, z * 20, weights),
    ("LogCosh", {}, r[:, :1], z[:, 0], weights),
    ("Hinge", {}, bits, z, weights),
    ("Hinge", {"reduction": "none"}, signs, z, None),
    ("Hinge", {"reduction": "none"}, bits * 2, z, None),  # neither
    ("SquaredHinge", {}, bits > 0, z, weights),
    ("SquaredHinge", {"reduction": "sum"}, signs, z, None),
    ("CategoricalHinge", {"reduction": "none"}, onehot, z, weights),
    ("CategoricalHinge", {}, np.eye(3, dtype="float32")[labels24], z3, w24),
    ("KLDivergence", {"reduction": "sum"}, p, q, weights),
    ("KLDivergence", {}, onehot, saturated, None),
    ("KLDivergence", {"reduction": None}, p3, q3, None),
    ("Poisson", {}, counts, q, weights),
    ("Poisson", {"reduction": "mean_with_sample_weight"}, counts, q * 5, weights),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "alpha": 0.7, "gamma": 3}, bits, p, weights),
    ("BinaryFocalCrossentropy", {"gamma": 0.5, "label_smoothing": 0.2}, bits, p, None),
    ("BinaryFocalCrossentropy", {"gamma": 0.0, "from_logits": True}, bits, z, None),
    ("BinaryFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1, "axis": 0}, bits, z, None),
    ("BinaryFocalCrossentropy", {"axis": 0, "reduction": "none"}, bits, p, None),
    ("BinaryFocalCrossentropy", {}, bits, saturated, None),
    ("BinaryFocalCrossentropy", {}, bits[:, 0] > 0, p[:, :1], weights),
    ("CategoricalFocalCrossentropy", {"alpha": 0.7, "gamma": 3.0}, onehot, p, weights),
    ("CategoricalFocalCrossentropy", {"alpha": [0.1, 0.6, 0.3], "gamma": 1.0}, onehot, p, None),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, onehot, z, None),
    ("CategoricalFocalCrossentropy", {"axis": 1, "reduction": None}, p3, q3, None),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "axis": 1, "alpha": 2}, p3, z3, None),
    ("CategoricalFocalCrossentropy", {"label_smoothing": 0.3}, onehot, saturated, None),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.7}, labels, p, weights),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.1, "reduction": "sum"}, labels.astype("uint8"), p, None),
    ("CategoricalGeneralizedCrossEntropy", {"q": 0.3, "reduction": "none"}, labels24, p3, w24),
    ("Dice", {"axis": 1, "reduction": "none"}, bits, p, None),
    ("Dice", {"axis": (1, 2)}, p3, q3, np.array([0.5, 2.0], "float32")),
    ("Dice", {"axis": -1}, bits, p, weights),
    ("Dice", {}, bits, p, weights),
    ("Dice", {}, np.zeros((4, 3), "float32"), np.zeros((4, 3), "float32"), None),
    ("Tversky", {"alpha": 0.2, "beta": 0.8}, bits, p, None),
    ("Tversky", {"alpha": 1.5, "beta": 0.5, "axis": (1, 2)}, p3, q3, np.array([0.5, 2.0], "float32")),
    ("Tversky", {"alpha": 0.2, "beta": 0.8, "axis": 1, "reduction": "sum"}, bits, p, weights),
    ("Circle", {"gamma": 16.0, "margin": 0.25}, six, unit6, None),
    ("Circle", {"gamma": 1.0, "reduction": "none"}, six, unit6, uniform(6)),
    ("Circle", {"gamma": 4, "margin": 0.1, "remove_diagonal": False}, six[:, None], unit6, uniform(6)),
    ("Circle", {"gamma": 2.0, "reduction": "sum"}, labels.astype("uint8"), unit, weights),
    ("Circle", {"gamma": 2.0, "margin": -0.2, "reduction": "mean_with_sample_weight"}, labels, unit, weights + 1),
    ("CTC", {}, words, scores, weights),
    ("CTC", {"reduction": "none"}, words, scores * 5, None),
    ("CTC", {"reduction": "sum"}, words[:, :1], scores[:, :3], None),
    ("CTC", {"reduction": "none"}, np.array([[1, 1, 1], [1, 2, 1], [3, 0, 2], [0, 0, 0]]), scores, None),
]

# What does not fit into its steps: the values alone, Keras's gradients of 1e5 have few digits
IMPOSSIBLE = [("CTC", {"reduction": "none"}, words, scores[:, :4], None)]

FUNCTIONS = [
    ("huber", {"delta": 0.3}, r, z),
    ("cosine_similarity", {"axis": 0}, r, z),
    ("binary_focal_crossentropy", {"apply_class_balancing": True, "gamma": 1.0}, bits, p),
    ("categorical_focal_crossentropy", {"alpha": 0.5, "from_logits": True}, onehot, z),
    ("categorical_generalized_cross_entropy", {"q": 0.4}, labels, p),
    ("dice", {"axis": -1}, bits, p),
    ("tversky", {"alpha": 0.1, "axis": (0, 1)}, bits, p),
    ("circle", {"ref_labels": six, "ref_embeddings": unit6[:, :3], "remove_diagonal": False, "gamma": 3}, labels, unit),
    ("circle", {"ref_labels": six[:, None], "ref_embeddings": unit6[:, :3], "gamma": 3}, labels, unit),
]

cases = []
for i, (name, arguments, y_true, y_pred, weight) in enumerate(LOSSES + IMPOSSIBLE):
    loss = getattr(keras.losses, name)(**arguments)

    def total(y, loss=loss, y_true=y_true, weight=weight):
        return loss(y_true, y, weight).sum()

    case = {
        "loss": name,
        "arguments": arguments,
        "y_true": y_true,
        "y_pred": y_pred,
        "sample_weight": weight,
        "value": loss(y_true, y_pred, weight),
        "config": loss.get_config(),
    }
    if i < len(LOSSES):
        case["gradient"] = jax.grad(total)(y_pred)
    cases.append(case)
for name, arguments, y_true, y_pred in FUNCTIONS:
    value = getattr(keras.losses, name)(y_true, y_pred, **arguments)
    cases.append({"function": name, "arguments": arguments, "y_true": y_true, "y_pred": y_pred, "value": value})
OUT.write_text("[\n" + ",\n".join(json.dumps(plain(case)) for case in cases) + "\n]\n")
