"""Circle loss: samples of one label shall have embeddings that point the same way."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, ops
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.losses.base import Loss
from babytf.losses.weighting import present, shape_error


def circle(
    y_true: Any,
    y_pred: Any,
    ref_labels: Any = None,
    ref_embeddings: Any = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    r"""Circle loss of each sample against all samples, or against reference samples.

    With the distances $d_j = \max(1 - x \cdot x_j, 0)$ from embedding $x$ to those with the same label (+) and
    with another one (-), and the margin $m$,

    $$ \ell = \ln \Bigl( 1 + \sum_{j \in +} e^{-\gamma (d_j + m)_+ (m - d_j)}
       \sum_{j \in -} e^{\gamma (1 + m - d_j)_+ (1 - m - d_j)} \Bigr) $$

    Values that are 0 are masked: they do not count in a mean. That is so for a sample without one of the same label,
    or without one of another.

    Args:
        y_true: Integer labels, `(B,)` or `(B, 1)`.
        y_pred: Embeddings of length 1, `(B, D)`.
        ref_labels: Labels of the reference samples, `(R,)` or `(R, 1)`; those of the batch by default.
        ref_embeddings: Their embeddings, `(R, D)`; those of the batch by default.
        remove_diagonal: Whether not to compare sample $i$ with reference $i$: itself, as a rule.
        gamma: $\gamma$, the scale.
        margin: $m$, how strict the loss is.

    Returns:
        `(B,)`.

    Raises:
        ShapeError: If the shapes do not fit.

    Source:
        Sun et al. (2020), eqs. 6 and 8, written with $d = 1 - s$.

    Example:
        >>> x = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        >>> losses = circle([0, 0, 1], x, gamma=1.0)  # log(1 + exp(-0.4 * 0.4) exp(0.4 * -0.4)) twice, and 0
        >>> [round(loss, 4) for loss in losses.tolist()]
        [0.5459, 0.5459, 0.0]
    """
    y_pred = convert(y_pred)
    labels = _labels(y_true, y_pred, "y_true", "y_pred")
    if (ref_labels is None) != (ref_embeddings is None):
        given, missing = (
            ("ref_labels", "ref_embeddings") if ref_embeddings is None else ("ref_embeddings", "ref_labels")
        )
        raise ValueError(
            explain(
                f"circle: `{given}` came without `{missing}`.",
                got=f"{missing}=None",
                expected="both of the reference samples, or neither",
                fix=f"pass {missing} too",
            )
        )
    references = y_pred if ref_embeddings is None else convert(ref_embeddings, y_pred.dtype)
    others = labels if ref_labels is None else _labels(ref_labels, references, "ref_labels", "ref_embeddings")
    if references.shape[1] != y_pred.shape[1]:
        raise ShapeError(
            explain(
                "circle: the references have another number of features.",
                got=f"y_pred of shape {y_pred.shape}, ref_embeddings of shape {references.shape}",
                expected=f"ref_embeddings of shape (R, {y_pred.shape[1]})",
                fix="embed both with one model",
            )
        )
    distances = ops.maximum(1.0 - ops.matmul(y_pred, ops.transpose(references)), 0.0)  # (B, R)
    positive = ops.equal(ops.expand_dims(labels, 1), ops.expand_dims(others, 0))
    negative = ops.logical_not(positive)
    if remove_diagonal:
        positive = ops.logical_and(positive, np.eye(len(labels), len(others)) == 0)
    towards = -gamma * ops.maximum(margin + distances, 0.0) * (margin - distances)
    away = gamma * ops.maximum(1.0 + margin - distances, 0.0) * (1.0 - margin - distances)
    nothing = float(np.finfo(distances.dtype).min) / 4  # finite, so that its gradient is 0
    values: Any = ops.softplus(
        ops.logsumexp(ops.where(positive, towards, nothing), axis=1)
        + ops.logsumexp(ops.where(negative, away, nothing), axis=1)
    )
    values._keras_mask = ops.greater(values, 0.0)
    return values


def _labels(labels: Any, embeddings: Tensor, labels_name: str, embeddings_name: str) -> Tensor:
    """One integer for each embedding."""
    labels = convert(present("circle", labels))
    shape, rows = labels.shape, embeddings.shape[:1]
    if len(embeddings.shape) != 2 or shape not in (rows, (*rows, 1)):
        error = shape_error(
            "circle",
            shape,
            embeddings.shape,
            f"{embeddings_name} of shape (B, D), {labels_name} of shape (B,): one integer label per embedding",
            "turn one-hot targets into labels: y.argmax(axis=-1)" if len(shape) == 2 and shape[:1] == rows else None,
        )
        raise ShapeError(str(error).replace("y_true", labels_name).replace("y_pred", embeddings_name))
    return ops.cast(ops.reshape(labels, rows), "int32")


class Circle(Loss):
    r"""Circle loss of each sample against the others of the batch.

    With the distances $d_{ij} = \max(1 - x_i \cdot x_j, 0)$ between embeddings, the samples of one label (+) and of
    different ones (-), and the margin $m$,

    $$ \ell_i = \ln \Bigl( 1 + \sum_{j \in +} e^{-\gamma (d_{ij} + m)_+ (m - d_{ij})}
       \sum_{j \in -} e^{\gamma (1 + m - d_{ij})_+ (1 - m - d_{ij})} \Bigr) $$

    The mean is taken over the values above 0. Embeddings are to have length 1: end the model with
    `UnitNormalization`.

    Args:
        gamma: $\gamma$, above 0: the scale.
        margin: $m$, from -1 to 1: how strict the loss is.
        remove_diagonal: Whether not to compare samples with themselves.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `gamma` is not above 0, or `margin` not from -1 to 1.
        ShapeError: If there is not one label for each embedding.

    Source:
        Sun et al. (2020), eqs. 6 and 8, written with $d = 1 - s$.

    Example:
        >>> x = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        >>> round(Circle(gamma=1.0)([0, 0, 1], x).item(), 4)  # log(1 + exp(-0.4 * 0.4) exp(0.4 * -0.4))
        0.5459
    """

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "circle",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.gamma = check.positive(self, gamma=gamma)
        self.margin = check.number(self, margin=margin)
        if not -1 <= self.margin <= 1:
            raise ValueError(
                explain(
                    f"{self._who}: bad `margin`.",
                    got=f"margin={margin!r}",
                    expected="a number from -1 to 1",
                    fix="margin=0.4",
                )
            )
        self.remove_diagonal = check.boolean(self, remove_diagonal=remove_diagonal)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B,), (B, D) -> (B,)
        return circle(y_true, y_pred, remove_diagonal=self.remove_diagonal, gamma=self.gamma, margin=self.margin)

    def convert_target(self, y_true: Any) -> Tensor:
        """Labels stay integers."""
        return convert(y_true)
