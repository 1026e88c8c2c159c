"""Categorical crossentropy: the loss of one class among several, targets as probabilities (one-hot rows)."""

from __future__ import annotations

import warnings
from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, convert
from babytf.losses.base import Loss
from babytf.losses.weighting import integer_axis, present, shape_error, squeeze_or_expand_to_same_rank


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    r"""Categorical crossentropy over an axis.

    $$ \ell = -\sum_{c} y_c \log p_c $$

    Probabilities are first divided by their sum and clipped to $[\epsilon, 1 - \epsilon]$ with $\epsilon$ =
    `config.epsilon()`, 1e-7. From logits $z$ it is $\log p = z - \log \sum_c e^{z_c}$.

    Args:
        y_true: Target probabilities, one-hot as a rule, `(B, ..., C)`.
        y_pred: Probabilities, or logits, of the same shape.
        from_logits: Whether `y_pred` are logits.
        label_smoothing: $\alpha$ in [0, 1]: targets become $y (1 - \alpha) + \alpha / C$.
        axis: The axis of the classes.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes differ.
        ValueError: If `axis` is not an integer.

    Example:
        >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).tolist()  # log 2
        [0.6931471824645996]
    """
    axis = integer_axis("categorical_crossentropy", axis)
    y_true, y_pred = probabilities_pair(
        "categorical_crossentropy",
        y_true,
        y_pred,
        "for integer labels use sparse_categorical_crossentropy, or utils.to_categorical(y)",
    )
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_true.shape[-1]
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def probabilities_pair(who: str, y_true: Any, y_pred: Any, fix_for_labels: str) -> tuple[Tensor, Tensor]:
    """Target and prediction as tensors, which must both have a row of probabilities per sample.

    Args:
        who: Name of the loss, for messages.
        y_true: `(B, ..., C)`.
        y_pred: `(B, ..., C)`.
        fix_for_labels: What to do where the targets are integer labels.

    Raises:
        ShapeError: If the shapes differ.
    """
    y_pred = convert(y_pred)
    y_true = convert(present(who, y_true), y_pred.dtype)
    if y_true.shape != y_pred.shape or not y_pred.shape:
        labels = y_true.shape in (y_pred.shape[:-1], (*y_pred.shape[:-1], 1))
        raise shape_error(
            who,
            y_true.shape,
            y_pred.shape,
            f"y_true of shape {y_pred.shape}: one row of probabilities per sample",
            fix_for_labels if labels else None,
        )
    if y_pred.shape[-1] == 1:
        warnings.warn(
            f"{who} of one class is always 0 (y_pred has shape {y_pred.shape}): "
            f"for a yes-or-no output use {who.replace('categorical', 'binary')}.",
            SyntaxWarning,
            stacklevel=3,
        )
    return y_true, y_pred


class CategoricalCrossentropy(Loss):
    r"""Categorical crossentropy, targets one-hot.

    $$ \ell_i = -\sum_{c} y_{ic} \log p_{ic} $$

    Probabilities are divided by their sum and clipped to $[\epsilon, 1 - \epsilon]$, $\epsilon$ = 1e-7.

    Args:
        from_logits: Whether predictions are logits, $p$ = softmax of them. It is more exact; the model then ends
            without a softmax.
        label_smoothing: $\alpha$ in [0, 1]: targets become $y (1 - \alpha) + \alpha / C$.
        axis: The axis of the classes.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `label_smoothing` is not in [0, 1], or `axis` is not an integer.
        ShapeError: If the shapes of a call differ.

    Example:
        >>> round(CategoricalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]]).item(), 6)  # log 2
        0.693147
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self.label_smoothing = check.fraction(self, label_smoothing=label_smoothing)
        self.axis = integer_axis(self._who, axis)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., C), (B, ..., C) -> (B, ...)
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return categorical_crossentropy(y_true, y_pred, self.from_logits, self.label_smoothing, self.axis)
