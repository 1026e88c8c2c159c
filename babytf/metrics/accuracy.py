"""Accuracies: how often a prediction hits its target, by the kind of target.

| metric | target | prediction |
| --- | --- | --- |
| `Accuracy` | a label | a label |
| `BinaryAccuracy` | 0 or 1 | a number, above or below a threshold |
| `CategoricalAccuracy` | a one-hot row | a row of scores |
| `SparseCategoricalAccuracy` | a label | a row of scores |

The accuracies among the k best are in `top_k_accuracy.py`.
"""

from __future__ import annotations

from typing import Any

from babytf import check, config, ops
from babytf.engine import Tensor, bind, convert
from babytf.losses.weighting import fits, pair, present, shape_error, squeeze_or_expand_to_same_rank
from babytf.metrics.mean import MeanMetricWrapper


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    r"""1 where the prediction equals the target, otherwise 0.

    Args:
        y_true: `(B, ...)`.
        y_pred: `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.
    """
    y_true, y_pred = pair("accuracy", y_true, y_pred)
    return ops.cast(ops.equal(y_true, y_pred), config.floatx())


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    r"""1 where the prediction is on the target's side of the threshold, otherwise 0.

    $$ [\, y = [\hat y > \tau] \,] $$

    Args:
        y_true: 0 or 1, `(B, ...)`.
        y_pred: `(B, ...)`.
        threshold: $\tau$: predictions above it stand for 1.

    Raises:
        ShapeError: If the shapes do not broadcast.
    """
    y_pred, y_true = convert(y_pred), convert(present("binary_accuracy", y_true))
    shapes = y_true.shape, y_pred.shape
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if not fits(y_true.shape, y_pred.shape):
        raise shape_error("binary_accuracy", *shapes, f"y_true of shape {shapes[1]}")
    predicted = ops.cast(ops.greater(y_pred, threshold), y_true.dtype)
    return ops.cast(ops.equal(y_true, predicted), config.floatx())


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    r"""1 where the largest score is at the largest target, otherwise 0.

    $$ [\, \arg\max_c y_c = \arg\max_c \hat y_c \,] $$

    Args:
        y_true: One-hot rows, `(B, ..., C)`.
        y_pred: Scores (probabilities or logits), `(B, ..., C)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If there is not one row of targets for each row of scores.
    """
    y_pred, y_true = convert(y_pred), convert(present("categorical_accuracy", y_true))
    if not y_pred.shape or len(y_true.shape) != len(y_pred.shape) or not fits(y_true.shape[:-1], y_pred.shape[:-1]):
        raise shape_error(
            "categorical_accuracy",
            y_true.shape,
            y_pred.shape,
            f"y_true of shape {y_pred.shape}: one-hot rows",
            "for integer labels use sparse_categorical_accuracy" if y_true.shape == y_pred.shape[:-1] else None,
        )
    return ops.cast(bind("hits", y_pred, ops.argmax(y_true, axis=-1)), config.floatx())


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    r"""1 where the largest score is that of the label, otherwise 0.

    $$ [\, y = \arg\max_c \hat y_c \,] $$

    Args:
        y_true: Labels, `(B, ...)` or `(B, ..., 1)`.
        y_pred: Scores (probabilities or logits), `(B, ..., C)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If there is not one label for each row of scores.
    """
    y_pred, y_true = convert(y_pred), convert(present("sparse_categorical_accuracy", y_true))
    shapes = y_true.shape, y_pred.shape
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1:] == (1,):
        y_true = ops.squeeze(y_true, axis=-1)
    if not y_pred.shape or not fits(y_true.shape, y_pred.shape[:-1]):
        raise shape_error(
            "sparse_categorical_accuracy",
            *shapes,
            f"y_true of shape {y_pred.shape[:-1]}: one integer label per sample",
            "for one-hot targets use categorical_accuracy" if shapes[0] == shapes[1] else None,
        )
    matches = ops.cast(bind("hits", y_pred, y_true), config.floatx())
    return ops.squeeze(matches, axis=-1) if len(matches.shape) > 1 and matches.shape[-1] == 1 else matches


class Accuracy(MeanMetricWrapper):
    """How often predictions equal targets.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]).item()
        0.75
    """

    _direction = "up"

    def __init__(self, name: str | None = "accuracy", dtype: Any = None):
        super().__init__(accuracy, name=name, dtype=dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often predictions are on the target's side of a threshold.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        threshold: Predictions above it stand for 1. For logits use 0.

    Example:
        >>> BinaryAccuracy()([1, 1, 0, 0], [0.98, 1.0, 0.0, 0.6]).item()
        0.75
    """

    _direction = "up"

    def __init__(self, name: str | None = "binary_accuracy", dtype: Any = None, threshold: float = 0.5):
        super().__init__(binary_accuracy, name=name, dtype=dtype, threshold=threshold)
        self.threshold = check.number(self, threshold=threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the largest score is at the target's class; targets one-hot.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> CategoricalAccuracy()([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]).item()
        0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None):
        super().__init__(categorical_accuracy, name=name, dtype=dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the largest score is that of the label.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> SparseCategoricalAccuracy()([2, 1], [[0.1, 0.6, 0.3], [0.05, 0.95, 0.0]]).item()
        0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None):
        super().__init__(sparse_categorical_accuracy, name=name, dtype=dtype)
