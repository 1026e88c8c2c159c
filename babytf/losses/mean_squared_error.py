"""Mean squared error: the loss of regression."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    r"""Mean of squared differences over the last axis.

    $$ \ell = \frac{1}{F} \sum_{f} (y_f - \hat y_f)^2 $$

    Args:
        y_true: Targets, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Example:
        >>> mean_squared_error([[0.0, 1.0]], [[1.0, 3.0]]).tolist()  # (1 + 4) / 2
        [2.5]
    """
    y_true, y_pred = pair("mean_squared_error", y_true, y_pred)
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


class MeanSquaredError(Loss):
    r"""Mean of squared differences.

    $$ \ell_i = \frac{1}{F} \sum_{f} (y_{if} - \hat y_{if})^2 $$

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[1.0, 3.0], [0.0, 1.0]]).item()  # (2.5 + 0.5) / 2
        1.5
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_error",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return mean_squared_error(y_true, y_pred)
