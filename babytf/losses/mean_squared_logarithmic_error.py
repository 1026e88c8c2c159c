"""Mean squared logarithmic error: for targets that span orders of magnitude."""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    r"""Mean of squared differences of logarithms over the last axis.

    $$ \ell = \frac{1}{F} \sum_{f} \bigl( \ln(1 + y_f) - \ln(1 + \hat y_f) \bigr)^2 $$

    Targets and predictions below $\epsilon$ = `config.epsilon()`, 1e-7, count as $\epsilon$, and there the gradient
    is 0.

    Args:
        y_true: Targets, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Example:
        >>> mean_squared_logarithmic_error([[0.0, 3.0]], [[0.0, 1.0]]).tolist()  # (0 + (log 2)^2) / 2
        [0.24022650718688965]
    """
    y_true, y_pred = pair("mean_squared_logarithmic_error", y_true, y_pred)
    epsilon = config.epsilon()
    log_pred = ops.log(ops.maximum(y_pred, epsilon) + 1.0)
    log_true = ops.log(ops.maximum(y_true, epsilon) + 1.0)
    return ops.mean(ops.square(log_pred - log_true), axis=-1)


class MeanSquaredLogarithmicError(Loss):
    r"""Mean of squared differences of logarithms over the last axis.

    $$ \ell_i = \frac{1}{F} \sum_{f} \bigl( \ln(1 + y_{if}) - \ln(1 + \hat y_{if}) \bigr)^2 $$

    Targets and predictions below $\epsilon$ = `config.epsilon()`, 1e-7, count as $\epsilon$, and there the gradient
    is 0.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> round(MeanSquaredLogarithmicError()([[0.0, 3.0]], [[0.0, 1.0]]).item(), 6)  # (0 + (log 2)^2) / 2
        0.240227
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_logarithmic_error",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return mean_squared_logarithmic_error(y_true, y_pred)
