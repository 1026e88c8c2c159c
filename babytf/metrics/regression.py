"""Errors of regression as metrics."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.engine import Tensor, convert
from babytf.losses import (
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from babytf.losses.weighting import pair
from babytf.metrics.mean import Mean, MeanMetricWrapper


class MeanSquaredError(MeanMetricWrapper):
    r"""Mean of squared differences.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]).item()
        0.25
    """

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None):
        super().__init__(mean_squared_error, name=name, dtype=dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    r"""Mean of absolute differences.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> MeanAbsoluteError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]).item()
        0.25
    """

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None):
        super().__init__(mean_absolute_error, name=name, dtype=dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    r"""Mean of absolute differences in percent of the target.

    $$ \tfrac{100}{D}\sum_d \frac{|y_d - \hat y_d|}{\max(|y_d|, \epsilon)} $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> round(MeanAbsolutePercentageError()([[4.0, 1.0]], [[3.0, 1.5]]).item(), 4)
        37.5
    """

    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None):
        super().__init__(mean_absolute_percentage_error, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    r"""Mean of squared differences of logarithms; targets and predictions below $\epsilon$ count as $\epsilon$.

    $$ \tfrac{1}{D}\sum_d (\ln(1 + y_d) - \ln(1 + \hat y_d))^2 $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> round(MeanSquaredLogarithmicError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]).item(), 4)
        0.1201
    """

    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None):
        super().__init__(mean_squared_logarithmic_error, name=name, dtype=dtype)


class LogCoshError(MeanMetricWrapper):
    r"""Mean of the logarithm of the hyperbolic cosine of differences: squares near 0, absolute values far away.

    $$ \tfrac{1}{D}\sum_d \ln\cosh(\hat y_d - y_d) $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> round(LogCoshError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]).item(), 4)
        0.1084
    """

    def __init__(self, name: str | None = "logcosh", dtype: Any = None):
        super().__init__(log_cosh, name=name, dtype=dtype)


class RootMeanSquaredError(Mean):
    r"""Root of the mean of squared differences over all samples seen.

    $$ \sqrt{\frac{\sum_i w_i (y_i - \hat y_i)^2}{\sum_i w_i}} $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> RootMeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]]).item()
        0.5
    """

    _direction = "down"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in a batch.

        Args:
            y_true: Targets, `(B, ...)`.
            y_pred: Predictions, `(B, ...)`.
            sample_weight: One weight per sample, or weights that broadcast with the first axes.

        Raises:
            ShapeError: If shapes do not fit.
        """
        y_true, y_pred = pair(self.name, y_true, convert(y_pred, self.dtype))
        super().update_state(ops.square(y_pred - y_true), sample_weight=sample_weight)

    def result(self) -> Tensor:
        """The root of the mean."""
        return ops.sqrt(super().result())
