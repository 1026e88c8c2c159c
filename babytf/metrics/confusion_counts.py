"""How many true and false positives and negatives there were. Next: `precision_recall.py`."""

from __future__ import annotations

from typing import Any

from babytf.engine import Tensor
from babytf.metrics.base import Metric
from babytf.metrics.confusion import Thresholds, parse_thresholds, update_cells


class _ConfusionCount(Metric):
    """Base class: counts one cell of the confusion matrix at each threshold."""

    _cell: str

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = parse_thresholds(self, thresholds)
        self._thresholds = Thresholds(self.thresholds)
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets, 0 or 1, `(B, ...)`.
            y_pred: Scores in [0, 1], `(B, ...)`.
            sample_weight: One weight per sample, or weights that broadcast to the scores.

        Raises:
            ShapeError: If shapes do not fit.
        """
        update_cells(self, {self._cell: self.accumulator}, y_true, y_pred, self._thresholds, sample_weight)

    def result(self) -> Tensor:
        """The count: a scalar for one threshold, otherwise `(T,)`."""
        return self.accumulator[0] if len(self.thresholds) == 1 else self.accumulator.value

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"thresholds": self.init_thresholds}


class TruePositives(_ConfusionCount):
    r"""Weighted number of positives that were predicted as such.

    $$ \sum_i w_i [y_i = 1][\hat y_i > \tau] $$

    Args:
        thresholds: $\tau$, a number in [0, 1] or a list of them; 0.5 by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If a threshold is not in [0, 1].

    Example:
        >>> TruePositives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]).item()
        2.0
    """

    _cell = "true_positives"


class TrueNegatives(_ConfusionCount):
    r"""Weighted number of negatives that were predicted as such.

    $$ \sum_i w_i [y_i = 0][\hat y_i \le \tau] $$

    Args:
        thresholds: $\tau$, a number in [0, 1] or a list of them; 0.5 by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If a threshold is not in [0, 1].

    Example:
        >>> TrueNegatives()([0, 1, 0, 0], [1.0, 1.0, 0.0, 0.0]).item()
        2.0
    """

    _cell = "true_negatives"


class FalsePositives(_ConfusionCount):
    r"""Weighted number of negatives that were predicted as positives.

    $$ \sum_i w_i [y_i = 0][\hat y_i > \tau] $$

    Args:
        thresholds: $\tau$, a number in [0, 1] or a list of them; 0.5 by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If a threshold is not in [0, 1].

    Example:
        >>> FalsePositives()([0, 1, 0, 0], [0.0, 0.0, 1.0, 1.0]).item()
        2.0
    """

    _cell = "false_positives"


class FalseNegatives(_ConfusionCount):
    r"""Weighted number of positives that were predicted as negatives.

    $$ \sum_i w_i [y_i = 1][\hat y_i \le \tau] $$

    Args:
        thresholds: $\tau$, a number in [0, 1] or a list of them; 0.5 by default.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.

    Raises:
        ValueError: If a threshold is not in [0, 1].

    Example:
        >>> FalseNegatives()([0, 1, 1, 1], [0.0, 1.0, 0.0, 0.0]).item()
        2.0
    """

    _cell = "false_negatives"
