"""Hinge loss: of classifiers with a margin, for targets -1 and 1."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    r"""Mean hinge loss over the last axis.

    $$ \ell = \frac{1}{F} \sum_{f} \max(1 - y_f \hat y_f, 0) $$

    If all targets of the batch are 0 or 1, then 0 stands for -1.

    Args:
        y_true: Targets -1 and 1, or 0 and 1, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Example:
        >>> hinge([[1.0, -1.0]], [[0.5, 2.0]]).tolist()  # (0.5 + 3) / 2
        [1.75]
    """
    y_true, y_pred = pair("hinge", y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - signs(y_true) * y_pred, 0.0), axis=-1)


def signs(y_true: Tensor) -> Tensor:
    """Targets as -1 and 1: if all of them are 0 or 1, then 0 stands for -1."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(binary, 2.0 * y_true - 1.0, y_true)


class Hinge(Loss):
    r"""Mean hinge loss over the last axis.

    $$ \ell_i = \frac{1}{F} \sum_{f} \max(1 - y_{if} \hat y_{if}, 0) $$

    If all targets of the batch are 0 or 1, then 0 stands for -1.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> Hinge()([[1.0], [0.0]], [[0.5], [2.0]]).item()  # 0 stands for -1: (0.5 + 3) / 2
        1.75
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hinge",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return hinge(y_true, y_pred)
