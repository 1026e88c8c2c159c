"""Sparse categorical crossentropy: the loss of one class among several, targets as class numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, ops
from babytf.engine import Tensor, convert
from babytf.errors import explain
from babytf.losses.base import Loss
from babytf.losses.weighting import integer_axis, present, shape_error, squeeze_or_expand_to_same_rank


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    r"""Categorical crossentropy of integer labels.

    $$ \ell = -\log p_{y} $$

    Probabilities are first divided by their sum and clipped to $[\epsilon, 1 - \epsilon]$ with $\epsilon$ =
    `config.epsilon()`, 1e-7. From logits $z$ it is $\log p_y = z_y - \log \sum_c e^{z_c}$.

    Args:
        y_true: Labels from 0 to C-1 of any numeric dtype, `(B, ...)` or `(B, ..., 1)`.
        y_pred: Probabilities, or logits, `(B, ..., C)`.
        from_logits: Whether `y_pred` are logits.
        ignore_class: A label, which may lie outside of 0 to C-1, whose entries have loss 0 and do not count in a mean.
        axis: The axis of the classes.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If there is not one label for each row of classes.
        ValueError: If `axis` is not an integer.

    Example:
        >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).tolist()  # log 2
        [0.6931471824645996]
    """
    axis = integer_axis("sparse_categorical_crossentropy", axis)
    y_pred = convert(y_pred)
    y_true = convert(present("sparse_categorical_crossentropy", y_true))
    true_shape = y_true.shape
    if len(y_true.shape) == len(y_pred.shape) and -len(true_shape) <= axis < len(true_shape) and true_shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    if axis not in (-1, len(y_pred.shape) - 1):
        y_pred = ops.moveaxis(y_pred, axis, -1)
    if not y_pred.shape or y_true.shape != y_pred.shape[:-1]:
        raise shape_error(
            "sparse_categorical_crossentropy",
            true_shape,
            y_pred.shape,
            f"y_true of shape {y_pred.shape[:-1]}: one integer label per sample",
            "for one-hot targets use categorical_crossentropy" if true_shape == y_pred.shape else None,
        )
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits)
    labels = ops.cast(y_true, "int32")
    valid = ops.not_equal(labels, int(ignore_class))
    labels = ops.where(valid, labels, ops.zeros_like(labels))
    rows = ops.where(ops.expand_dims(valid, -1), y_pred, ops.ones_like(y_pred))  # no NaN comes out of an ignored row
    values = ops.sparse_categorical_crossentropy(labels, rows, from_logits=from_logits)
    values = ops.where(valid, values, ops.zeros_like(values))
    values._keras_mask = valid
    return values


class SparseCategoricalCrossentropy(Loss):
    r"""Categorical crossentropy, targets as integer labels.

    $$ \ell_i = -\log p_{i, y_i} $$

    Probabilities are divided by their sum and clipped to $[\epsilon, 1 - \epsilon]$, $\epsilon$ = 1e-7.

    Args:
        from_logits: Whether predictions are logits, $p$ = softmax of them. It is more exact; the model then ends
            without a softmax.
        ignore_class: A label whose entries have loss 0 and do not count in a mean; `None` for none.
        reduction: As for `Loss`.
        axis: The axis of the classes.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `axis` is not an integer, or (before training) a label is not among the classes.
        ShapeError: If there is not one label for each row of classes.

    Example:
        >>> round(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]).item(), 6)  # log 2
        0.693147
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self.ignore_class = None if ignore_class is None else int(check.number(self, ignore_class=ignore_class))
        self.axis = integer_axis(self._who, axis)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ...), (B, ..., C) -> (B, ...)
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits, self.ignore_class, self.axis)

    def convert_target(self, y_true: Any) -> Tensor:
        """Labels stay integers."""
        return convert(y_true)

    def check_targets(self, y_true: np.ndarray, output_shape: tuple[int | None, ...]) -> None:
        """Check that every label is one of the output's classes.

        Raises:
            ValueError: If one is not; names the first, and where it is.
        """
        if -len(output_shape) <= self.axis < len(output_shape):
            check_labels(self._who, y_true, output_shape[self.axis], self.ignore_class)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `axis`, which Keras never writes, where it is not -1."""
        written = super().get_config()
        if self.axis == -1:
            written.pop("axis", None)
        return written


def check_labels(
    who: str, y_true: Any, classes: int | None, ignore_class: int | None = None, can_ignore: bool = True
) -> None:
    """Check that every label is one of the classes.

    Args:
        who: Name of the loss, for messages.
        y_true: Labels.
        classes: How many classes there are, if that is known.
        ignore_class: One more label that may occur.
        can_ignore: Whether the loss has an argument `ignore_class`.

    Raises:
        ValueError: If a label is not among them; names the first, and where it is.
    """
    y_true = np.asarray(y_true)
    if classes is None or y_true.size == 0 or y_true.dtype.kind not in "biuf":
        return
    if y_true.min() >= 0 and y_true.max() < classes:
        return
    wrong = ~((y_true >= 0) & (y_true < classes))
    if ignore_class is not None:
        wrong &= y_true != ignore_class
    if not wrong.any():
        return
    at = np.unravel_index(int(np.argmax(wrong)), y_true.shape)
    where = ", ".join(map(str, at))
    raise ValueError(
        explain(
            f"{who}: a label is not among the output's classes.",
            got=f"label {y_true[at]} at index [{where}]; the labels go from {y_true.min()} to {y_true.max()}",
            expected=f"labels from 0 to {classes - 1}: the output has {classes} classes",
            fix=_label_fix(y_true, classes, can_ignore),
        )
    )


def _label_fix(y_true: np.ndarray, classes: int, can_ignore: bool) -> str:
    lowest, highest = y_true.min(), y_true.max()
    if lowest >= 1 and highest == classes:
        return "labels start from 0: pass y - 1"
    if can_ignore and lowest == -1 and highest < classes:
        return "ignore_class=-1, if -1 stands for 'no label'"
    if lowest >= 0 and highest >= classes:
        return f"give the last layer {int(highest) + 1} units, or correct the labels"
    return "correct the labels"
