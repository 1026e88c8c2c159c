"""Tversky loss: the Dice loss with weights of its own for what is missed and what is found too much."""

from __future__ import annotations

from typing import Any

from babytf import check, config, ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Tensor:
    r"""One minus the Tversky index.

    $$ \ell = 1 - \frac{\sum_j y_j \hat y_j}
       {\sum_j y_j \hat y_j + \alpha \sum_j y_j (1 - \hat y_j) + \beta \sum_j (1 - y_j) \hat y_j + \epsilon} $$

    with $\epsilon$ = `config.epsilon()`, 1e-7. At $\alpha = \beta = 1/2$ it is the Dice loss. As in Keras, $\alpha$
    weights what was missed and $\beta$ what was found too much; in the source it is the other way round.

    Args:
        y_true: Targets from 0 to 1.
        y_pred: Predictions from 0 to 1, of the same shape.
        alpha: $\alpha$, at least 0: what a missed element costs.
        beta: $\beta$, at least 0: what an element found too much costs.
        axis: The axis, or axes, that are added up over; all by default, the batch too.

    Returns:
        The shape without those axes.

    Raises:
        ShapeError: If the shapes do not broadcast, or there is no such axis.

    Source:
        Salehi, Erdogmus & Gholipour (2017), eq. 3.

    Example:
        >>> round(tversky([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], alpha=1.0).item(), 4)  # 1 - 1 / (1 + 1)
        0.5
    """
    y_true, y_pred = pair("tversky", y_true, y_pred)
    overlap = ops.sum(y_true * y_pred, axis=axis)
    missed = ops.sum((1.0 - y_pred) * y_true, axis=axis)
    too_much = ops.sum(y_pred * (1.0 - y_true), axis=axis)
    return 1.0 - overlap / (overlap + missed * alpha + too_much * beta + config.epsilon())


class Tversky(Loss):
    r"""One minus the Tversky index.

    $$ L = 1 - \frac{\sum_j y_j \hat y_j}
       {\sum_j y_j \hat y_j + \alpha \sum_j y_j (1 - \hat y_j) + \beta \sum_j (1 - y_j) \hat y_j + \epsilon} $$

    with $\epsilon$ = 1e-7 and, by default, one sum over the whole batch: `axis=(1, 2, 3)` gives each image a value of
    its own. As in Keras, $\alpha$ weights what was missed and $\beta$ what was found too much; in the source it is
    the other way round.

    Args:
        alpha: $\alpha$, at least 0: what a missed element costs.
        beta: $\beta$, at least 0: what an element found too much costs.
        reduction: As for `Loss`.
        name: Name of the loss.
        axis: The axis, or axes, that are added up over; all by default.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `alpha` or `beta` is below 0.
        ShapeError: If the shapes of a call do not broadcast, or there is no such axis.

    Source:
        Salehi, Erdogmus & Gholipour (2017), eq. 3.

    Example:
        >>> round(Tversky(alpha=1.0)([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).item(), 4)  # 1 - 1 / (1 + 1)
        0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Any = None,
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha = check.non_negative(self, alpha=alpha)
        self.beta = check.non_negative(self, beta=beta)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        return tversky(y_true, y_pred, self.alpha, self.beta, self.axis)
