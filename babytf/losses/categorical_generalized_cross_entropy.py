"""Generalized crossentropy: between crossentropy and absolute error, for labels some of which are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, ops
from babytf.engine import Tensor, bind, convert
from babytf.errors import explain
from babytf.losses.base import Loss
from babytf.losses.sparse_categorical_crossentropy import check_labels
from babytf.losses.weighting import present, shape_error


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Tensor:
    r"""Generalized crossentropy over the last axis, targets as integer labels.

    $$ \ell = \frac{1 - p_y^q}{q} $$

    As $q$ goes to 0 it becomes the crossentropy $-\ln p_y$; at 1 it would be the absolute error $1 - p_y$, which wrong
    labels pull less.

    Args:
        y_true: Labels from 0 to C-1, `(B, ...)` or `(B, ..., 1)`.
        y_pred: Probabilities, `(B, ..., C)`; they are not normalized.
        q: $q$, between 0 and 1.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If there is not one label for each row of classes.
        ValueError: If `q` is not between 0 and 1, or a label is not a class.

    Source:
        Zhang & Sabuncu (2018), eq. 6.

    Example:
        >>> categorical_generalized_cross_entropy([0], [[0.25, 0.75]], q=0.5).tolist()  # (1 - 0.5) / 0.5
        [1.0]
    """
    q = between_0_and_1("categorical_generalized_cross_entropy", q)
    y_pred = ops.cast(y_pred, convert(y_pred).dtype if convert(y_pred).dtype.kind == "f" else "float32")
    labels = convert(present("categorical_generalized_cross_entropy", y_true))
    true_shape, rows = labels.shape, y_pred.shape[:-1]
    if y_pred.ndim == labels.ndim and true_shape[-1:] == (1,):
        labels = ops.squeeze(labels, axis=-1)
    if not y_pred.shape or labels.shape != rows:
        raise shape_error(
            "categorical_generalized_cross_entropy",
            true_shape,
            y_pred.shape,
            f"y_true of shape {rows}: one integer label per sample",
            "turn one-hot targets into labels: y.argmax(axis=-1)" if true_shape == y_pred.shape else None,
        )
    p = bind("pick", y_pred, ops.cast(labels, "int32"))
    return (1.0 - ops.power(p, q)) / q


def between_0_and_1(owner: Any, q: Any) -> float:
    """The exponent, which lies between 0 and 1.

    Raises:
        ValueError: If it does not.
    """
    if not 0 < check.fraction(owner, q=q) < 1:
        name = owner if isinstance(owner, str) else f"{type(owner).__name__} {owner.name!r}"
        near = "use SparseCategoricalCrossentropy" if q == 0 else "q=0.99, near the absolute error"
        raise ValueError(
            explain(f"{name}: bad `q`.", got=f"q={q!r}", expected="a number between 0 and 1, without both", fix=near)
        )
    return q


class CategoricalGeneralizedCrossEntropy(Loss):
    r"""Generalized crossentropy, targets as integer labels.

    $$ \ell_i = \frac{1 - p_{i, y_i}^q}{q} $$

    As $q$ goes to 0 it becomes the crossentropy $-\ln p$; at 1 it would be the absolute error $1 - p$, which wrong
    labels pull less.

    Args:
        q: $q$, between 0 and 1.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `q` is not between 0 and 1, or a label is not among the classes.
        ShapeError: If there is not one label for each row of classes.

    Source:
        Zhang & Sabuncu (2018), eq. 6.

    Example:
        >>> CategoricalGeneralizedCrossEntropy()([0, 1], [[0.25, 0.75], [0.0, 1.0]]).item()  # (1 + 0) / 2
        0.5
    """

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.q = between_0_and_1(self, q)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ...), (B, ..., C) -> (B, ...)
        return categorical_generalized_cross_entropy(y_true, y_pred, self.q)

    def convert_target(self, y_true: Any) -> Tensor:
        """Labels stay integers."""
        return convert(y_true)

    def check_targets(self, y_true: np.ndarray, output_shape: tuple[int | None, ...]) -> None:
        """Check that every label is one of the output's classes.

        Raises:
            ValueError: If one is not; names the first, and where it is.
        """
        if output_shape:
            check_labels(self._who, y_true, output_shape[-1], can_ignore=False)
