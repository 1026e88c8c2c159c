"""Categorical focal crossentropy: categorical crossentropy that easy samples count less in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from babytf import check, config, ops
from babytf.engine import Tensor
from babytf.errors import explain
from babytf.losses.base import Loss
from babytf.losses.categorical_crossentropy import probabilities_pair
from babytf.losses.weighting import integer_axis, squeeze_or_expand_to_same_rank


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    r"""Categorical focal crossentropy over an axis.

    $$ \ell = -\sum_{c} \alpha_c (1 - p_c)^\gamma \, y_c \ln p_c $$

    Probabilities are first divided by their sum and clipped to $[\epsilon, 1 - \epsilon]$ with $\epsilon$ =
    `config.epsilon()`, 1e-7.

    Args:
        y_true: Target probabilities, one-hot as a rule, `(B, ..., C)`.
        y_pred: Probabilities, or logits, of the same shape.
        alpha: $\alpha$, at least 0: one weight for all classes, or one for each.
        gamma: $\gamma$, at least 0: how little easy samples count.
        from_logits: Whether `y_pred` are logits, $p$ = softmax of them.
        label_smoothing: $s$ in [0, 1]: targets become $y (1 - s) + s / C$.
        axis: The axis of the classes.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes differ.
        ValueError: If `axis` is not an integer, or `alpha` has not one weight for each class.

    Source:
        Lin, Goyal, Girshick, He & Dollár (2017), eq. 5, for more than two classes.

    Example:
        >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]], alpha=1.0).tolist()  # log 2 / 4
        [0.1732867956161499]
    """
    axis = integer_axis("categorical_focal_crossentropy", axis)
    y_true, y_pred = probabilities_pair(
        "categorical_focal_crossentropy", y_true, y_pred, "turn integer labels into rows: utils.to_categorical(y)"
    )
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + label_smoothing / y_true.shape[-1]
    if from_logits:
        y_pred = ops.softmax(y_pred, axis=axis)
    epsilon = config.epsilon()
    p = ops.clip(y_pred / ops.sum(y_pred, axis=axis, keepdims=True), epsilon, 1.0 - epsilon)
    weight = ops.power(1.0 - p, gamma) * _along(alpha, y_pred, axis)
    return ops.sum(weight * (-y_true * ops.log(p)), axis=axis)


def _along(alpha: Any, y_pred: Tensor, axis: int) -> Any:
    """The weights, in a shape that goes with the axis of the classes."""
    shape = np.shape(alpha)
    if not shape:
        return alpha
    classes = y_pred.shape[axis]
    if shape not in ((classes,), (1,)):
        raise ValueError(
            explain(
                "categorical_focal_crossentropy: bad `alpha`.",
                got=f"alpha of shape {shape}, for {classes} classes",
                expected=f"one number, or {classes} of them",
                fix="give each class its weight",
            )
        )
    places = [1] * y_pred.ndim
    places[axis] = shape[0]
    return ops.reshape(ops.cast(alpha, y_pred.dtype), tuple(places))


class CategoricalFocalCrossentropy(Loss):
    r"""Categorical focal crossentropy, targets one-hot.

    $$ \ell_i = -\sum_{c} \alpha_c (1 - p_{ic})^\gamma \, y_{ic} \ln p_{ic} $$

    Probabilities are divided by their sum and clipped to $[\epsilon, 1 - \epsilon]$, $\epsilon$ = 1e-7.

    Args:
        alpha: $\alpha$, at least 0: one weight for all classes, or one for each.
        gamma: $\gamma$, at least 0: how little easy samples count.
        from_logits: Whether predictions are logits, $p$ = softmax of them.
        label_smoothing: $s$ in [0, 1]: targets become $y (1 - s) + s / C$.
        axis: The axis of the classes.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `alpha` or `gamma` is below 0, `label_smoothing` is not in [0, 1], or `axis` is not an integer.
        ShapeError: If the shapes of a call differ.

    Source:
        Lin, Goyal, Girshick, He & Dollár (2017), eq. 5, for more than two classes.

    Example:
        >>> round(CategoricalFocalCrossentropy(alpha=1.0)([[0.0, 1.0]], [[0.5, 0.5]]).item(), 6)  # log 2 / 4
        0.173287
    """

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha: float | list[float]
        if isinstance(alpha, (list, tuple, np.ndarray)) and np.ndim(alpha):
            self.alpha = [check.non_negative(self, alpha=a) for a in np.asarray(alpha).tolist()]
        else:
            self.alpha = check.non_negative(self, alpha=alpha)
        self.gamma = check.non_negative(self, gamma=gamma)
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self.label_smoothing = check.fraction(self, label_smoothing=label_smoothing)
        self.axis = integer_axis(self._who, axis)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., C), (B, ..., C) -> (B, ...)
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return categorical_focal_crossentropy(
            y_true, y_pred, self.alpha, self.gamma, self.from_logits, self.label_smoothing, self.axis
        )
