"""The share of a target's variance that predictions explain."""

from __future__ import annotations

import warnings
from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, Variable, convert, is_tracing
from babytf.errors import ShapeError, explain
from babytf.losses.weighting import fits, present, shape_error, squeeze_or_expand_to_same_rank
from babytf.metrics.base import Metric

AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    r"""Coefficient of determination, for each output.

    $$ R^2 = 1 - \frac{\sum_i w_i (y_i - \hat y_i)^2}{\sum_i w_i (y_i - \bar y)^2}, \quad
    \bar y = \frac{\sum_i w_i y_i}{\sum_i w_i} $$

    1 at best; 0 for predicting the mean. With `num_regressors` $p$ and $n$ values seen, it is adjusted to
    $1 - (1 - R^2) \frac{n - 1}{n - p - 1}$, where there are enough values for that.

    Args:
        class_aggregation: `None` for a score per output, `"uniform_average"` for their mean, or
            `"variance_weighted_average"` for the mean weighted by the outputs' variances.
        num_regressors: $p$, how many independent variables there are; 0 for the score without adjustment.
        name: Name of the metric.
        dtype: Dtype of inputs; sums are kept in `floatx()`.

    Raises:
        ValueError: If an argument is not in its range.

    Example:
        >>> round(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]]).item(), 4)
        0.5714
    """

    _direction = "up"

    squared_sum: Variable
    sum: Variable
    total_mse: Variable
    count: Variable

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str | None = "r2_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.class_aggregation = check.one_of(self, AGGREGATIONS, class_aggregation=class_aggregation)
        self.num_regressors = check.non_negative_int(self, num_regressors=num_regressors)
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, outputs: int) -> None:
        self.squared_sum = self.add_variable((outputs,), "zeros", name="squared_sum")
        self.sum = self.add_variable((outputs,), "zeros", name="sum")
        self.total_mse = self.add_variable((outputs,), "zeros", name="residual")
        self.count = self.add_variable((outputs,), "zeros", name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets, `(B, D)`.
            y_pred: Predictions, `(B, D)`.
            sample_weight: One weight per sample, or weights that broadcast to `(B, D)`.

        Raises:
            ShapeError: If shapes do not fit.
        """
        y_true, y_pred = convert(present(self.name, y_true), self.dtype), convert(y_pred, self.dtype)
        shapes = y_true.shape, y_pred.shape
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        if len(y_pred.shape) != 2 or y_true.shape != y_pred.shape:
            wanted = f"y_true of shape {shapes[1]}" if len(shapes[1]) == 2 else "both of shape (B, D)"
            raise shape_error(self.name, *shapes, f"{wanted}: a column for each output")
        if not self._built:
            self._build(y_pred.shape[1])
        elif self.sum.shape != y_pred.shape[1:]:
            raise shape_error(self.name, *shapes, f"{self.sum.shape[0]} outputs, as in the first batch")
        errors = ops.square(y_true - y_pred)
        if sample_weight is None:
            weighted, seen = y_true, ops.full((1,), y_true.shape[0], dtype=self.dtype)
        else:
            weight = self._weight(sample_weight, y_true.shape)
            weighted, errors, seen = y_true * weight, errors * weight, ops.sum(weight, axis=0)
        self.sum.assign_add(ops.sum(weighted, axis=0))
        self.squared_sum.assign_add(ops.sum(y_true * weighted, axis=0))
        self.total_mse.assign_add(ops.sum(errors, axis=0))
        self.count.assign_add(ops.broadcast_to(seen, self.count.shape))
        self.num_samples.assign_add(float(y_true.size))

    def _weight(self, sample_weight: Any, shape: tuple[int, ...]) -> Tensor:
        weight = convert(sample_weight, self.dtype)
        given = weight.shape
        if len(given) == 1:
            weight = ops.expand_dims(weight, axis=1)
        if len(given) > 2 or not fits(weight.shape, shape) or weight.size > shape[0] * shape[1]:
            raise ShapeError(
                explain(
                    f"{self.name}: the sample weights do not fit the targets.",
                    got=f"targets of shape {shape}, sample_weight of shape {given}",
                    expected=f"weights of shape {shape[:1]}, or that broadcast to {shape}",
                    fix="pass one weight per sample",
                )
            )
        return ops.broadcast_to(weight, shape)

    def result(self) -> Tensor:
        """The score: `(D,)` without `class_aggregation`, otherwise a scalar; NaN before the first batch."""
        if not self._built:
            return ops.full((), float("nan"), dtype=self.num_samples.dtype)
        total = self.squared_sum - self.sum * (self.sum / self.count)
        scores = 1.0 - self.total_mse / total
        scores = ops.where(ops.isinf(scores), 0.0, scores)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.sum(total * scores) / ops.sum(total)
        return scores if self.num_regressors == 0 else self._adjusted(scores)

    def _adjusted(self, scores: Tensor) -> Tensor:
        left = self.num_samples - float(self.num_regressors + 1)
        if not is_tracing() and float(left) <= 0:
            warnings.warn(
                f"{self.name} is not adjusted: {int(self.num_samples)} values are too few for "
                f"num_regressors={self.num_regressors}, which needs at least {self.num_regressors + 2}.",
                stacklevel=3,
            )
        return ops.where(left > 0.0, 1.0 - (1.0 - scores) * (self.num_samples - 1.0) / left, scores)
