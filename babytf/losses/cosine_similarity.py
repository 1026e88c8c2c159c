"""Cosine similarity: -1 where prediction and target point the same way, whatever their lengths."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.engine import Tensor
from babytf.losses.base import Loss
from babytf.losses.weighting import integer_axis, pair


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    r"""Minus the cosine of the angle between target and prediction, over an axis.

    $$ \ell = -\frac{\sum_f y_f \hat y_f}{\lVert y \rVert \, \lVert \hat y \rVert} $$

    From -1, the same direction, to 1, the opposite one. A vector of length 0 gives 0.

    Args:
        y_true: Targets, `(B, ..., F)`.
        y_pred: Predictions, `(B, ..., F)`.
        axis: The axis of the vectors.

    Returns:
        `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast, or there is no such axis.
        ValueError: If `axis` is not an integer.

    Example:
        >>> cosine_similarity([[0.0, 2.0], [1.0, 0.0]], [[0.0, 5.0], [0.0, 1.0]]).tolist()
        [-1.0, -0.0]
    """
    y_true, y_pred = pair("cosine_similarity", y_true, y_pred)
    axis = integer_axis("cosine_similarity", axis)
    return -ops.sum(ops.normalize(y_true, axis=axis) * ops.normalize(y_pred, axis=axis), axis=axis)


class CosineSimilarity(Loss):
    r"""Minus the cosine of the angle between target and prediction.

    $$ \ell_i = -\frac{\sum_f y_{if} \hat y_{if}}{\lVert y_i \rVert \, \lVert \hat y_i \rVert} $$

    From -1, the same direction, to 1, the opposite one. A vector of length 0 gives 0.

    Args:
        axis: The axis of the vectors.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `axis` is not an integer.
        ShapeError: If the shapes of a call do not broadcast.

    Example:
        >>> CosineSimilarity()([[0.0, 2.0], [1.0, 0.0]], [[0.0, 5.0], [0.0, 1.0]]).item()  # (-1 + 0) / 2
        -0.5
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.axis = integer_axis(self._who, axis)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:  # (B, ..., F), (B, ..., F) -> (B, ...)
        return cosine_similarity(y_true, y_pred, self.axis)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `axis`, which Keras never writes, where it is not -1."""
        written = super().get_config()
        if self.axis == -1:
            written.pop("axis", None)
        return written
