"""CTC: the loss of sequences whose label says what occurs in which order, but not when."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from babytf import ops
from babytf.engine import Tensor, convert
from babytf.errors import explain
from babytf.losses.base import Loss
from babytf.losses.sparse_categorical_crossentropy import check_labels
from babytf.losses.weighting import present, shape_error


def ctc(y_true: Any, y_pred: Any) -> Tensor:
    r"""Connectionist temporal classification loss.

    $$ \ell = -\ln \sum_{\pi \to y} \prod_{t} p_{t \pi_t} $$

    An alignment $\pi$ has one class per step. It stands for the label that is left when runs of one class become a
    single one and then blanks, class 0, are taken out. A label that does not fit into the steps costs about 1e5.

    Args:
        y_true: Labels, integers from 1 to C-1, `(B, N)`; shorter ones are filled up with 0 at their end.
        y_pred: Logits, `(B, T, C)`; class 0 is the blank.

    Returns:
        `(B,)`.

    Raises:
        ShapeError: If the shapes are not these.
        ValueError: If a label is not a class.

    Source:
        Graves, Fernández, Gomez & Schmidhuber (2006), eqs. 5 to 16.

    Example:
        >>> round(ctc([[1]], [[[0.0, 0.0], [0.0, 0.0]]])[0].item(), 4)  # 11, 01, 10: -log(3 / 4)
        0.2877
    """
    y_pred = convert(y_pred)
    labels = convert(present("ctc", y_true))
    if labels.ndim != 2 or y_pred.ndim != 3 or labels.shape[0] != y_pred.shape[0]:
        raise shape_error(
            "ctc",
            labels.shape,
            y_pred.shape,
            "y_true of shape (B, N), y_pred of shape (B, T, C): logits of C classes at each of T steps",
            "give the model an output for each step" if y_pred.ndim != 3 else None,
        )
    labels = ops.cast(labels, "int32")
    label_length = ops.cast(ops.count_nonzero(labels, axis=1), "int32")
    length = ops.full((y_pred.shape[0],), y_pred.shape[1], dtype="int32")
    return ops.ctc_loss(labels, y_pred, label_length, length)


class CTC(Loss):
    r"""Connectionist temporal classification loss.

    $$ \ell_i = -\ln \sum_{\pi \to y_i} \prod_{t} p_{i t \pi_t} $$

    An alignment $\pi$ has one class per step. It stands for the label that is left when runs of one class become a
    single one and then blanks, class 0, are taken out. Predictions are logits; targets are labels from 1, the shorter
    ones filled up with 0.

    Args:
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If a label is not a class, or (before training) a 0 stands before the end of one.
        ShapeError: If targets are not `(B, N)`, or predictions not `(B, T, C)`.

    Source:
        Graves, Fernández, Gomez & Schmidhuber (2006), eqs. 5 to 16.

    Example:
        >>> round(CTC()([[1]], [[[0.0, 0.0], [0.0, 0.0]]]).item(), 4)  # 11, 01, 10: -log(3 / 4)
        0.2877
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "ctc",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, N), (B, T, C) -> (B,)
        return ctc(y_true, y_pred)

    def convert_target(self, y_true: Any) -> Tensor:
        """Labels stay integers."""
        return convert(y_true)

    def check_targets(self, y_true: np.ndarray, output_shape: tuple[int | None, ...]) -> None:
        """Check that labels are classes, and filled up at their end; warn of those that do not fit into the steps.

        Raises:
            ValueError: If a label is not a class, or a 0 stands before the end of one.
        """
        y_true = np.asarray(y_true)
        if y_true.ndim != 2 or len(output_shape) != 3 or y_true.dtype.kind not in "biuf":
            return  # the shapes are refused in `call`
        check_labels(self._who, y_true, output_shape[2], can_ignore=False)
        inside = (y_true[:, :-1] == 0) & (y_true[:, 1:] != 0)
        if inside.any():
            row = int(np.argmax(inside.any(axis=1)))
            raise ValueError(
                explain(
                    f"{self._who}: a label has a 0 before its end.",
                    got=f"{y_true[row].tolist()} in row {row}",
                    expected="0 only to fill up: class 0 is the blank, and no part of a label",
                    fix="count the classes of labels from 1, and fill up at the end",
                )
            )
        steps = output_shape[1]
        if steps is None:
            return
        repeats = (y_true[:, 1:] == y_true[:, :-1]) & (y_true[:, 1:] != 0)
        needed = (y_true != 0).sum(axis=1) + repeats.sum(axis=1)  # a blank between equal ones
        if (needed > steps).any():
            row = int(np.argmax(needed > steps))
            warnings.warn(
                f"{self._who}: {int((needed > steps).sum())} of {len(y_true)} labels do not fit into {steps} steps; "
                f"row {row} needs {int(needed[row])}. Each costs about 1e5, whatever the model does.",
                stacklevel=2,
            )
