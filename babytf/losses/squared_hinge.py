"""Squared hinge loss: a hinge that is smooth at the margin, for targets -1 and 1."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.hinge import signs
from babytf.losses.weighting import pair


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    r"""Mean squared hinge loss over the last axis.

    $$ \ell = \frac{1}{F} \sum_{f} \max(1 - y_f \hat y_f, 0)^2 $$

    If all targets of the batch are 0 or 1, then 0 stands for -1.

    Args:
        y_true: Targets -1 and 1, or 0 and 1, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Example:
        >>> squared_hinge([[1.0, -1.0]], [[0.5, 2.0]]).tolist()  # (0.25 + 9) / 2
        [4.625]
    """
    y_true, y_pred = pair("squared_hinge", y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - signs(y_true) * y_pred, 0.0)), axis=-1)


class SquaredHinge(Loss):
    r"""Mean squared hinge loss over the last axis.

    $$ \ell_i = \frac{1}{F} \sum_{f} \max(1 - y_{if} \hat y_{if}, 0)^2 $$

    If all targets of the batch are 0 or 1, then 0 stands for -1.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> SquaredHinge()([[1.0], [0.0]], [[0.5], [2.0]]).item()  # 0 stands for -1: (0.25 + 9) / 2
        4.625
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "squared_hinge",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return squared_hinge(y_true, y_pred)
