"""Mean absolute error: a loss of regression that outliers pull less."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    r"""Mean of absolute differences over the last axis.

    $$ \ell = \frac{1}{F} \sum_{f} |y_f - \hat y_f| $$

    Its gradient is 0 where both are equal.

    Args:
        y_true: Targets, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Example:
        >>> mean_absolute_error([[0.0, 1.0]], [[1.0, 3.0]]).tolist()  # (1 + 2) / 2
        [1.5]
    """
    y_true, y_pred = pair("mean_absolute_error", y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


class MeanAbsoluteError(Loss):
    r"""Mean of absolute differences.

    $$ \ell_i = \frac{1}{F} \sum_{f} |y_{if} - \hat y_{if}| $$

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> MeanAbsoluteError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 3.0], [0.0, 1.0]]).item()  # (1.5 + 0.5) / 2
        1.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_absolute_error",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return mean_absolute_error(y_true, y_pred)
