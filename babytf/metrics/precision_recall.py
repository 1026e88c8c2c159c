"""Precision and recall. Next: `sensitivity_specificity.py`, the one at a given value of the other."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, Variable
from babytf.metrics.base import Metric
from babytf.metrics.confusion import LOWEST, Thresholds, optional_class_id, parse_thresholds, update_cells


class _Ratio(Metric):
    """Base class: true positives in relation to themselves and one other cell, at each threshold."""

    _direction = "up"
    _other: str

    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = check.optional_positive_int(self, top_k=top_k)
        self.class_id = optional_class_id(self, class_id)
        self.thresholds = parse_thresholds(self, thresholds, default=0.5 if top_k is None else LOWEST)
        self._thresholds = Thresholds(self.thresholds)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        setattr(self, self._other, self.add_variable(shape, "zeros", name=self._other))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets, 0 or 1, `(B, ...)`.
            y_pred: Scores in [0, 1], `(B, ...)`.
            sample_weight: One weight per sample, or weights that broadcast to the scores.

        Raises:
            ShapeError: If shapes do not fit.
            ValueError: If there are not enough classes for `top_k` or `class_id`.
        """
        update_cells(
            self,
            {"true_positives": self.true_positives, self._other: getattr(self, self._other)},
            y_true,
            y_pred,
            self._thresholds,
            sample_weight,
            top_k=self.top_k,
            class_id=self.class_id,
        )

    def result(self) -> Tensor:
        """The ratio, 0 where there is nothing to relate to: a scalar for one threshold, otherwise `(T,)`."""
        ratio = ops.divide_no_nan(self.true_positives, self.true_positives + getattr(self, self._other))
        return ratio[0] if len(self.thresholds) == 1 else ratio

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"thresholds": self.init_thresholds}


class Precision(_Ratio):
    r"""The fraction of what was predicted as positive that is positive.

    $$ \frac{TP}{TP + FP} $$

    Args:
        thresholds: A number in [0, 1] or a list of them: scores above it are positive predictions. 0.5 by default;
            with `top_k`, by default all of the k largest scores.
        top_k: Only the k largest scores of each sample can be positive predictions.
        class_id: The class to look at; all by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If a threshold is not in [0, 1], or `top_k` or `class_id` no such integer.

    Example:
        >>> round(Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).item(), 4)
        0.6667
    """

    _other = "false_positives"


class Recall(_Ratio):
    r"""The fraction of the positives that was predicted as positive.

    $$ \frac{TP}{TP + FN} $$

    Args:
        thresholds: A number in [0, 1] or a list of them: scores above it are positive predictions. 0.5 by default;
            with `top_k`, by default all of the k largest scores.
        top_k: Only the k largest scores of each sample can be positive predictions.
        class_id: The class to look at; all by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If a threshold is not in [0, 1], or `top_k` or `class_id` no such integer.

    Example:
        >>> round(Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).item(), 4)
        0.6667
    """

    _other = "false_negatives"
