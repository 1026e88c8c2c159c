"""Binary crossentropy: the loss of yes-or-no outputs, each with a probability or a logit of its own."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, convert
from babytf.losses.base import Loss
from babytf.losses.weighting import present, shape_error, squeeze_or_expand_to_same_rank


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: Any = -1
) -> Tensor:
    r"""Mean binary crossentropy over an axis.

    $$ \ell = -\frac{1}{F} \sum_{f} \bigl[ y_f \log p_f + (1 - y_f) \log (1 - p_f) \bigr] $$

    Probabilities are first clipped to $[\epsilon, 1 - \epsilon]$ with $\epsilon$ = `config.epsilon()`, 1e-7. From
    logits $z$ it is $p = \sigma(z)$, computed without forming $p$, so that no logit is too large.

    Args:
        y_true: Targets from 0 to 1, `(B, ..., F)`.
        y_pred: Probabilities, or logits, of the same shape.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: $\alpha$ in [0, 1]: targets become $y (1 - \alpha) + \alpha / 2$.
        axis: The axis, or axes, of the mean.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes differ.

    Example:
        >>> binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).tolist()  # log 2
        [0.6931471824645996]
    """
    y_pred = convert(y_pred)
    y_true = convert(present("binary_crossentropy", y_true), y_pred.dtype)
    if y_true.shape != y_pred.shape:
        raise shape_error("binary_crossentropy", y_true.shape, y_pred.shape, f"y_true of shape {y_pred.shape}")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


class BinaryCrossentropy(Loss):
    r"""Binary crossentropy.

    $$ \ell_i = -\frac{1}{F} \sum_{f} \bigl[ y_{if} \log p_{if} + (1 - y_{if}) \log (1 - p_{if}) \bigr] $$

    Probabilities are clipped to $[\epsilon, 1 - \epsilon]$, $\epsilon$ = 1e-7. Targets of shape `(B,)` fit an output
    `(B, 1)`.

    Args:
        from_logits: Whether predictions are logits, $p = \sigma(z)$. It is more exact; the model then ends without
            a sigmoid.
        label_smoothing: $\alpha$ in [0, 1]: targets become $y (1 - \alpha) + \alpha / 2$.
        axis: The axis, or axes, of the mean.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `label_smoothing` is not in [0, 1].
        ShapeError: If the shapes of a call differ.

    Example:
        >>> round(BinaryCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]]).item(), 6)  # log 2
        0.693147
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self.label_smoothing = check.fraction(self, label_smoothing=label_smoothing)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return binary_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)
