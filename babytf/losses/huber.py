"""Huber loss: squares of small errors, absolute values of large ones."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import pair


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    r"""Mean Huber loss over the last axis.

    $$ \ell = \frac{1}{F} \sum_{f} \begin{cases}
       \tfrac12 d_f^2 & |d_f| \le \delta \\
       \delta |d_f| - \tfrac12 \delta^2 & |d_f| > \delta
       \end{cases}, \quad d = \hat y - y $$

    Args:
        y_true: Targets, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.
        delta: $\delta$, above 0: the error at which squares give way to absolute values.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Source:
        Huber (1964), section 4.

    Example:
        >>> huber([[0.0, 0.0]], [[1.0, 3.0]]).tolist()  # (1/2 + 3 - 1/2) / 2
        [1.5]
    """
    y_true, y_pred = pair("huber", y_true, y_pred)
    error = y_pred - y_true
    size = ops.abs(error)
    return ops.mean(ops.where(size <= delta, 0.5 * ops.square(error), delta * size - 0.5 * delta**2), axis=-1)


class Huber(Loss):
    r"""Mean Huber loss.

    $$ \ell_i = \frac{1}{F} \sum_{f} \begin{cases}
       \tfrac12 d_{if}^2 & |d_{if}| \le \delta \\
       \delta |d_{if}| - \tfrac12 \delta^2 & |d_{if}| > \delta
       \end{cases}, \quad d = \hat y - y $$

    Args:
        delta: $\delta$, above 0: the error at which squares give way to absolute values.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `delta` is not above 0.
        ShapeError: If the shapes of a call do not broadcast.

    Source:
        Huber (1964), section 4.

    Example:
        >>> Huber(delta=2.0)([[0.0, 0.0]], [[1.0, 3.0]]).item()  # (1/2 + 2 * 3 - 2) / 2
        2.25
    """

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.delta = check.positive(self, delta=delta)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return huber(y_true, y_pred, self.delta)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `delta`, which Keras never writes, where it is not 1."""
        written = super().get_config()
        if self.delta == 1:
            written.pop("delta", None)
        return written
