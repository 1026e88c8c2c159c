"""Binary focal crossentropy: binary crossentropy that easy samples count less in."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, convert
from babytf.losses.base import Loss
from babytf.losses.weighting import present, shape_error, squeeze_or_expand_to_same_rank


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: Any = -1,
) -> Tensor:
    r"""Mean binary focal crossentropy over an axis.

    $$ \ell = -\frac{1}{F} \sum_{f} (1 - q_f)^\gamma \bigl[ y_f \ln p_f + (1 - y_f) \ln (1 - p_f) \bigr], \quad
       q = y p + (1 - y)(1 - p) $$

    In the logarithms probabilities are clipped to $[\epsilon, 1 - \epsilon]$ with $\epsilon$ = `config.epsilon()`,
    1e-7. With `apply_class_balancing` each term is also multiplied by $y \alpha + (1 - y)(1 - \alpha)$.

    Args:
        y_true: Targets from 0 to 1, `(B, ..., F)`.
        y_pred: Probabilities, or logits, of the same shape.
        apply_class_balancing: Whether to weight the two classes.
        alpha: $\alpha$ in [0, 1], the weight of class 1; that of class 0 is $1 - \alpha$.
        gamma: $\gamma$, at least 0: how little easy samples count. With 0 it is `binary_crossentropy`.
        from_logits: Whether `y_pred` are logits $z$, $p = \sigma(z)$.
        label_smoothing: $s$ in [0, 1]: targets become $y (1 - s) + s / 2$.
        axis: The axis, or axes, of the mean.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes differ.

    Source:
        Lin, Goyal, Girshick, He & Dollár (2017), eqs. 4 and 5.

    Example:
        >>> binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).tolist()  # log 2 / 4
        [0.1732867956161499]
    """
    y_pred = convert(y_pred)
    y_true = convert(present("binary_focal_crossentropy", y_true), y_pred.dtype)
    if y_true.shape != y_pred.shape:
        raise shape_error("binary_focal_crossentropy", y_true.shape, y_pred.shape, f"y_true of shape {y_pred.shape}")
    if label_smoothing:
        y_true = y_true * (1.0 - label_smoothing) + 0.5 * label_smoothing
    if from_logits:
        y_pred = ops.sigmoid(y_pred)
    values = ops.binary_crossentropy(y_true, y_pred)
    q = y_true * y_pred + (1.0 - y_true) * (1.0 - y_pred)  # the probability given to what is true
    values = ops.power(1.0 - q, gamma) * values
    if apply_class_balancing:
        values = (y_true * alpha + (1.0 - y_true) * (1.0 - alpha)) * values
    return ops.mean(values, axis=axis)


class BinaryFocalCrossentropy(Loss):
    r"""Binary focal crossentropy.

    $$ \ell_i = -\frac{1}{F} \sum_{f} (1 - q_{if})^\gamma
       \bigl[ y_{if} \ln p_{if} + (1 - y_{if}) \ln (1 - p_{if}) \bigr], \quad q = y p + (1 - y)(1 - p) $$

    In the logarithms probabilities are clipped to $[\epsilon, 1 - \epsilon]$, $\epsilon$ = 1e-7.

    Args:
        apply_class_balancing: Whether to multiply each term by $y \alpha + (1 - y)(1 - \alpha)$.
        alpha: $\alpha$ in [0, 1], the weight of class 1; that of class 0 is $1 - \alpha$.
        gamma: $\gamma$, at least 0: how little easy samples count. With 0 it is `BinaryCrossentropy`.
        from_logits: Whether predictions are logits $z$, $p = \sigma(z)$.
        label_smoothing: $s$ in [0, 1]: targets become $y (1 - s) + s / 2$.
        axis: The axis, or axes, of the mean.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `alpha` or `label_smoothing` is not in [0, 1], or `gamma` is below 0.
        ShapeError: If the shapes of a call differ.

    Source:
        Lin, Goyal, Girshick, He & Dollár (2017), eqs. 4 and 5.

    Example:
        >>> round(BinaryFocalCrossentropy(from_logits=True)([[1.0], [0.0]], [[0.0], [0.0]]).item(), 6)  # log 2 / 4
        0.173287
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: Any = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.apply_class_balancing = check.boolean(self, apply_class_balancing=apply_class_balancing)
        self.alpha = check.fraction(self, alpha=alpha)
        self.gamma = check.non_negative(self, gamma=gamma)
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self.label_smoothing = check.fraction(self, label_smoothing=label_smoothing)
        self.axis = axis

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return binary_focal_crossentropy(
            y_true,
            y_pred,
            self.apply_class_balancing,
            self.alpha,
            self.gamma,
            self.from_logits,
            self.label_smoothing,
            self.axis,
        )
