"""Mean absolute percentage error: how far off a prediction is, in percent of the target."""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    r"""Mean of absolute differences in percent of the target, over the last axis.

    $$ \ell = \frac{100}{F} \sum_{f} \frac{|y_f - \hat y_f|}{\max(|y_f|, \epsilon)} $$

    with $\epsilon$ = `config.epsilon()`, 1e-7: a target of 0 makes the loss very large. The gradient is 0 where both
    are equal.

    Args:
        y_true: Targets, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Example:
        >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 5.0]]).tolist()  # (50 + 25) / 2
        [37.5]
    """
    y_true, y_pred = pair("mean_absolute_percentage_error", y_true, y_pred)
    size = ops.maximum(ops.abs(y_true), config.epsilon())
    return 100.0 * ops.mean(ops.abs((y_true - y_pred) / size), axis=-1)


class MeanAbsolutePercentageError(Loss):
    r"""Mean of absolute differences in percent of the target, over the last axis.

    $$ \ell_i = \frac{100}{F} \sum_{f} \frac{|y_{if} - \hat y_{if}|}{\max(|y_{if}|, \epsilon)} $$

    with $\epsilon$ = `config.epsilon()`, 1e-7: a target of 0 makes the loss very large.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> MeanAbsolutePercentageError()([[2.0, 4.0], [1.0, 1.0]], [[1.0, 5.0], [1.0, 1.0]]).item()  # (37.5 + 0) / 2
        18.75
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_percentage_error",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return mean_absolute_percentage_error(y_true, y_pred)
