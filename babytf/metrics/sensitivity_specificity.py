"""The best of one rate where another is at least so high: over thresholds evenly spaced from 0 to 1.

| rate | is |
| --- | --- |
| sensitivity = recall | TP / (TP + FN) |
| specificity | TN / (TN + FP) |
| precision | TP / (TP + FP) |
"""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.limits import claim
from babytf.metrics.base import Metric
from babytf.metrics.confusion import CELLS, Thresholds, optional_class_id, update_cells


class _BestUnderConstraint(Metric):
    """Base class: the largest of the rate `_best` at those thresholds where `_constrained` is at least `value`."""

    _direction = "up"
    _best: tuple[str, str]
    _constrained: tuple[str, str]

    def __init__(self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any):
        super().__init__(name=name, dtype=dtype)
        self.value = value
        self.num_thresholds = size = check.positive_int(self, num_thresholds=num_thresholds)
        claim(f"{type(self).__name__} '{self.name}'", (size,))
        self.class_id = optional_class_id(self, class_id)
        self.thresholds = [0.5] if size == 1 else [i / (size - 1) for i in range(size)]
        self._thresholds = Thresholds(self.thresholds, even=size > 1)
        self.true_positives = self.add_variable((size,), "zeros", name="true_positives")
        self.false_positives = self.add_variable((size,), "zeros", name="false_positives")
        self.true_negatives = self.add_variable((size,), "zeros", name="true_negatives")
        self.false_negatives = self.add_variable((size,), "zeros", name="false_negatives")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets, 0 or 1, `(B, ...)`.
            y_pred: Scores in [0, 1], `(B, ...)`.
            sample_weight: One weight per sample, or weights that broadcast to the scores.

        Raises:
            ShapeError: If shapes do not fit.
            ValueError: If there is no class `class_id`.
        """
        cells = {name: getattr(self, name) for name in CELLS}
        update_cells(self, cells, y_true, y_pred, self._thresholds, sample_weight, class_id=self.class_id)

    def _rate(self, part: str, rest: str) -> Tensor:
        """`part / (part + rest)` at each threshold."""
        counted = getattr(self, part)
        return ops.divide_no_nan(counted, counted + getattr(self, rest))

    def result(self) -> Tensor:
        """The largest rate, 0 if the other is nowhere high enough."""
        feasible = ops.greater_equal(self._rate(*self._constrained), self.value)
        return ops.max(ops.where(feasible, self._rate(*self._best), 0.0), initial=0)


_RECALL = ("true_positives", "false_negatives")
_SPECIFICITY = ("true_negatives", "false_positives")
_PRECISION = ("true_positives", "false_positives")


class SensitivityAtSpecificity(_BestUnderConstraint):
    """The best sensitivity, TP / (TP + FN), where the specificity, TN / (TN + FP), is at least so high.

    Args:
        specificity: The least specificity, in [0, 1].
        num_thresholds: How many thresholds to try; at least 1, which is 0.5.
        class_id: The class to look at; all by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If `specificity` is not in [0, 1], or `num_thresholds` or `class_id` no such integer.

    Example:
        >>> SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]).item()
        0.5
    """

    _best, _constrained = _RECALL, _SPECIFICITY

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        self.specificity = check.fraction(type(self).__name__, specificity=specificity)
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestUnderConstraint):
    """The best specificity, TN / (TN + FP), where the sensitivity, TP / (TP + FN), is at least so high.

    Args:
        sensitivity: The least sensitivity, in [0, 1].
        num_thresholds: How many thresholds to try; at least 1, which is 0.5.
        class_id: The class to look at; all by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If `sensitivity` is not in [0, 1], or `num_thresholds` or `class_id` no such integer.

    Example:
        >>> round(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]).item(), 4)
        0.6667
    """

    _best, _constrained = _SPECIFICITY, _RECALL

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        self.sensitivity = check.fraction(type(self).__name__, sensitivity=sensitivity)
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestUnderConstraint):
    """The best precision, TP / (TP + FP), where the recall, TP / (TP + FN), is at least so high.

    Args:
        recall: The least recall, in [0, 1].
        num_thresholds: How many thresholds to try; at least 1, which is 0.5.
        class_id: The class to look at; all by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If `recall` is not in [0, 1], or `num_thresholds` or `class_id` no such integer.

    Example:
        >>> PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]).item()
        0.5
    """

    _best, _constrained = _PRECISION, _RECALL

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        self.recall = check.fraction(type(self).__name__, recall=recall)
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestUnderConstraint):
    """The best recall, TP / (TP + FN), where the precision, TP / (TP + FP), is at least so high.

    Args:
        precision: The least precision, in [0, 1].
        num_thresholds: How many thresholds to try; at least 1, which is 0.5.
        class_id: The class to look at; all by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If `precision` is not in [0, 1], or `num_thresholds` or `class_id` no such integer.

    Example:
        >>> RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]).item()
        0.5
    """

    _best, _constrained = _RECALL, _PRECISION

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ):
        self.precision = check.fraction(type(self).__name__, precision=precision)
        super().__init__(precision, num_thresholds, class_id, name, dtype)
