"""Categorical hinge loss: the score of the true class shall lead by a margin of 1."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    r"""Hinge loss between the true class and the best of the others, over the last axis.

    $$ \ell = \max \Bigl( \max_{c} (1 - y_c) \hat y_c - \sum_{c} y_c \hat y_c + 1, \; 0 \Bigr) $$

    The true class itself counts among the others with a score of 0.

    Args:
        y_true: One-hot targets, `(B, ..., F)`.
        y_pred: Scores, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Source:
        Crammer & Singer (2001), with a score of 0 for the true class among the others.

    Example:
        >>> categorical_hinge([[0.0, 1.0, 0.0]], [[0.5, 1.25, 2.0]]).tolist()  # 2 - 1.25 + 1
        [1.75]
    """
    y_true, y_pred = pair("categorical_hinge", y_true, y_pred)
    positive = ops.sum(y_true * y_pred, axis=-1)
    negative = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(negative - positive + 1.0, 0.0)


class CategoricalHinge(Loss):
    r"""Hinge loss between the true class and the best of the others, over the last axis.

    $$ \ell_i = \max \Bigl( \max_{c} (1 - y_{ic}) \hat y_{ic} - \sum_{c} y_{ic} \hat y_{ic} + 1, \; 0 \Bigr) $$

    The true class itself counts among the others with a score of 0.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Source:
        Crammer & Singer (2001), with a score of 0 for the true class among the others.

    Example:
        >>> CategoricalHinge()([[0.0, 1.0], [1.0, 0.0]], [[0.5, 1.0], [3.0, 0.0]]).item()  # (0.5 + 0) / 2
        0.25
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_hinge",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return categorical_hinge(y_true, y_pred)
