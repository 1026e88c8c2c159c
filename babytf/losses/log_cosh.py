"""Log-cosh: squares of small errors, absolute values of large ones, and smooth between."""

from __future__ import annotations

import math
from typing import Any

from babytf import ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    r"""Mean logarithm of the hyperbolic cosine of differences, over the last axis.

    $$ \ell = \frac{1}{F} \sum_{f} \ln \cosh(\hat y_f - y_f) $$

    About $d^2 / 2$ for a small difference $d$, and $|d| - \ln 2$ for a large one. It is computed as
    $d + \ln(1 + e^{-2d}) - \ln 2$, which does not overflow.

    Args:
        y_true: Targets, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Example:
        >>> round(log_cosh([[0.0, 0.0]], [[0.0, 100.0]])[0].item(), 3)  # about (0 + 100 - log 2) / 2
        49.653
    """
    y_true, y_pred = pair("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), axis=-1)


class LogCosh(Loss):
    r"""Mean logarithm of the hyperbolic cosine of differences, over the last axis.

    $$ \ell_i = \frac{1}{F} \sum_{f} \ln \cosh(\hat y_{if} - y_{if}) $$

    About $d^2 / 2$ for a small difference $d$, and $|d| - \ln 2$ for a large one. It is computed as
    $d + \ln(1 + e^{-2d}) - \ln 2$, which does not overflow.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> round(LogCosh()([[0.0, 0.0]], [[0.0, 100.0]]).item(), 3)  # about (0 + 100 - log 2) / 2
        49.653
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "log_cosh",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return log_cosh(y_true, y_pred)
