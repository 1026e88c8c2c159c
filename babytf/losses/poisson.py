"""Poisson loss: of counts, the prediction being their expected number."""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    r"""Mean negative log-likelihood of counts, up to a constant, over the last axis.

    $$ \ell = \frac{1}{F} \sum_{f} \bigl( \hat y_f - y_f \ln(\hat y_f + \epsilon) \bigr) $$

    with $\epsilon$ = `config.epsilon()`, 1e-7. The term $\ln y_f!$, in which the prediction does not occur, is left
    out.

    Args:
        y_true: Counts, `(B, ..., F)`.
        y_pred: Expected counts, above 0, `(B, ..., F)`.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Example:
        >>> round(poisson([[2.0, 0.0]], [[1.0, 3.0]])[0].item(), 4)  # (1 - 2 log 1 + 3) / 2
        2.0
    """
    y_true, y_pred = pair("poisson", y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


class Poisson(Loss):
    r"""Mean negative log-likelihood of counts, up to a constant, over the last axis.

    $$ \ell_i = \frac{1}{F} \sum_{f} \bigl( \hat y_{if} - y_{if} \ln(\hat y_{if} + \epsilon) \bigr) $$

    with $\epsilon$ = `config.epsilon()`, 1e-7. The term $\ln y_f!$, in which the prediction does not occur, is left
    out.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> round(Poisson()([[2.0, 0.0]], [[1.0, 3.0]]).item(), 4)
        2.0
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "poisson",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return poisson(y_true, y_pred)
