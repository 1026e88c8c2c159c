"""Dice loss: how little two regions overlap; for images in which the background is most of all."""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Tensor:
    r"""One minus the Dice coefficient.

    $$ \ell = 1 - \frac{2 \sum_j y_j \hat y_j}{\sum_j y_j + \sum_j \hat y_j + \epsilon} $$

    with $\epsilon$ = `config.epsilon()`, 1e-7. If both are empty it is 1.

    Args:
        y_true: Targets from 0 to 1.
        y_pred: Predictions from 0 to 1, of the same shape.
        axis: The axis, or axes, that are added up over; all by default, the batch too.

    Returns:
        The shape without those axes.

    Raises:
        ShapeError: If the shapes do not broadcast, or there is no such axis.

    Source:
        The coefficient: Dice (1945).

    Example:
        >>> round(dice([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).item(), 4)  # 1 - 2 / (2 + 1)
        0.3333
    """
    y_true, y_pred = pair("dice", y_true, y_pred)
    overlap = ops.sum(y_true * y_pred, axis=axis)
    total = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1.0 - 2.0 * overlap / (total + config.epsilon())


class Dice(Loss):
    r"""One minus the Dice coefficient.

    $$ L = 1 - \frac{2 \sum_j y_j \hat y_j}{\sum_j y_j + \sum_j \hat y_j + \epsilon} $$

    with $\epsilon$ = 1e-7 and, by default, one sum over the whole batch: `axis=(1, 2, 3)` gives each image a value of
    its own.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        axis: The axis, or axes, that are added up over; all by default.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast, or there is no such axis.

    Source:
        The coefficient: Dice (1945).

    Example:
        >>> round(Dice()([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).item(), 4)  # 1 - 2 / (2 + 1)
        0.3333
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return dice(y_true, y_pred, self.axis)
