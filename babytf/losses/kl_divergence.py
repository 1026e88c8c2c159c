"""Kullback-Leibler divergence: how far one distribution is from another."""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    r"""Kullback-Leibler divergence of the prediction from the target, over the last axis.

    $$ \ell = \sum_{c} y_c \ln \frac{y_c}{\hat y_c} $$

    Both are first clipped to $[\epsilon, 1]$ with $\epsilon$ = `config.epsilon()`, 1e-7; they are not normalized.

    Args:
        y_true: Target probabilities, `(B, ..., F)`.
        y_pred: Predicted probabilities, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Source:
        Kullback & Leibler (1951), eq. 2.4.

    Example:
        >>> round(kl_divergence([[0.5, 0.5]], [[0.25, 0.75]])[0].item(), 4)  # log(2) / 2 + log(2/3) / 2
        0.1438
    """
    y_true, y_pred = pair("kl_divergence", y_true, y_pred)
    epsilon = config.epsilon()
    y_true, y_pred = ops.clip(y_true, epsilon, 1.0), ops.clip(y_pred, epsilon, 1.0)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


class KLDivergence(Loss):
    r"""Kullback-Leibler divergence of the prediction from the target, over the last axis.

    $$ \ell_i = \sum_{c} y_{ic} \ln \frac{y_{ic}}{\hat y_{ic}} $$

    Both are first clipped to $[\epsilon, 1]$ with $\epsilon$ = `config.epsilon()`, 1e-7; they are not normalized.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Source:
        Kullback & Leibler (1951), eq. 2.4.

    Example:
        >>> round(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]).item(), 4)  # log(2) / 2 + log(2/3) / 2
        0.1438
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "kl_divergence",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return kl_divergence(y_true, y_pred)
