"""Top-k accuracies: how often the target is among the k largest scores."""

from __future__ import annotations

from typing import Any

from babytf import check, config, ops
from babytf.engine import Tensor, convert
from babytf.losses.weighting import present, shape_error
from babytf.metrics.mean import MeanMetricWrapper


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where the target's class is among the k largest scores, otherwise 0.

    Args:
        y_true: One-hot rows, `(B, ..., C)`.
        y_pred: Scores, `(B, ..., C)`.
        k: How many scores to look at.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If there is not one row of targets for each row of scores.
    """
    y_true, y_pred = convert(present("top_k_categorical_accuracy", y_true)), convert(y_pred)
    if len(y_true.shape) != len(y_pred.shape):
        raise shape_error(
            "top_k_categorical_accuracy",
            y_true.shape,
            y_pred.shape,
            f"y_true of shape {y_pred.shape}: one-hot rows",
            "for integer labels use sparse_top_k_categorical_accuracy",
        )
    return _hits("top_k_categorical_accuracy", ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """1 where the label is among the k largest scores, otherwise 0.

    Args:
        y_true: Labels, `(B, ...)`.
        y_pred: Scores, `(B, ..., C)`; with `from_sorted_ids` the labels themselves, best first.
        k: How many scores to look at.
        from_sorted_ids: Whether `y_pred` holds sorted labels in place of scores.

    Returns:
        Shaped as `y_true`.

    Raises:
        ShapeError: If there is not one label for each row of scores.
    """
    y_true, y_pred = convert(present("sparse_top_k_categorical_accuracy", y_true)), convert(y_pred)
    return _hits("sparse_top_k_categorical_accuracy", y_true, y_pred, k, from_sorted_ids)


def _hits(who: str, labels: Tensor, y_pred: Tensor, k: int, from_sorted_ids: bool = False) -> Tensor:
    shape = labels.shape
    if len(y_pred.shape) < 2 or labels.size != y_pred.size // max(1, y_pred.shape[-1]):
        raise shape_error(who, shape, y_pred.shape, f"one label for each of {y_pred.shape[:-1]} rows of scores")
    labels = ops.reshape(labels, (-1,)) if len(shape) != 1 else labels
    scores = ops.reshape(y_pred, (-1, y_pred.shape[-1])) if len(y_pred.shape) > 2 else y_pred
    if from_sorted_ids:
        same = ops.equal(ops.expand_dims(ops.cast(labels, scores.dtype), axis=1), scores[:, :k])
        matches = ops.any(same, axis=1)
    else:
        matches = ops.in_top_k(ops.cast(labels, "int32"), scores, k=k)
    matches = ops.cast(matches, config.floatx())
    return ops.reshape(matches, shape) if len(shape) != 1 else matches


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the target's class is among the k largest scores; targets one-hot.

    Args:
        k: How many scores to look at; at least 1.
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Raises:
        ValueError: If `k` is not a positive integer.

    Example:
        >>> TopKCategoricalAccuracy(k=1)([[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]).item()
        0.5
    """

    _direction = "up"

    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None):
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=k)
        self.k = check.positive_int(self, k=k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the label is among the k largest scores.

    Args:
        k: How many scores to look at; at least 1.
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        from_sorted_ids: Whether predictions are labels, best first, in place of scores.

    Raises:
        ValueError: If `k` is not a positive integer.

    Example:
        >>> SparseTopKCategoricalAccuracy(k=1)([2, 1], [[0.1, 0.9, 0.8], [0.05, 0.95, 0.0]]).item()
        0.5
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ):
        super().__init__(
            sparse_top_k_categorical_accuracy, name=name, dtype=dtype, k=k, from_sorted_ids=from_sorted_ids
        )
        self.k = check.positive_int(self, k=k)
        self.from_sorted_ids = check.boolean(self, from_sorted_ids=from_sorted_ids)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `from_sorted_ids` only if it is set, as Keras writes it."""
        written = super().get_config()
        if not self.from_sorted_ids:
            written.pop("from_sorted_ids", None)
        return written
