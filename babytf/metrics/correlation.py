"""How alike targets and predictions run: correlations, and the cosine of the angle between them."""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.engine import Tensor
from babytf.errors import explain
from babytf.losses.weighting import integer_axis, pair
from babytf.metrics.mean import MeanMetricWrapper


def pearson_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Tensor:
    r"""Pearson's correlation coefficient of each sample, in [-1, 1]; NaN where target or prediction is constant.

    $$ \frac{\overline{(y - \bar y)(\hat y - \bar{\hat y})}}{\sigma_y\, \sigma_{\hat y}} $$

    Args:
        y_true: `(B, ..., D)`.
        y_pred: `(B, ..., D)`.
        axis: The axis, or axes, to compare along.

    Returns:
        The shape without these axes.

    Raises:
        ShapeError: If the shapes do not broadcast.
    """
    y_true, y_pred = pair("pearson_correlation", y_true, y_pred)
    y_true, y_pred = (x - ops.mean(x, axis=axis, keepdims=True) for x in (y_true, y_pred))
    covariance = ops.mean(y_true * y_pred, axis=axis)
    spread_true, spread_pred = (ops.sqrt(ops.mean(ops.square(x), axis=axis)) for x in (y_true, y_pred))
    return covariance / spread_true / spread_pred


def concordance_correlation(y_true: Any, y_pred: Any, axis: Any = -1) -> Tensor:
    r"""Lin's concordance correlation coefficient of each sample, in [-1, 1]: 1 where prediction and target are equal.

    $$ \frac{2\,\overline{(y - \bar y)(\hat y - \bar{\hat y})}}
    {\sigma_y^2 + \sigma_{\hat y}^2 + (\bar y - \bar{\hat y})^2 + \epsilon} $$

    Args:
        y_true: `(B, ..., D)`.
        y_pred: `(B, ..., D)`.
        axis: The axis, or axes, to compare along.

    Returns:
        The shape without these axes.

    Raises:
        ShapeError: If the shapes do not broadcast.

    Source:
        Lin (1989), eq. 1.
    """
    y_true, y_pred = pair("concordance_correlation", y_true, y_pred)
    mean_true, mean_pred = (ops.mean(x, axis=axis, keepdims=True) for x in (y_true, y_pred))
    y_true, y_pred = y_true - mean_true, y_pred - mean_pred
    covariance = ops.mean(y_true * y_pred, axis=axis, keepdims=True)
    variances = ops.mean(ops.square(y_true) + ops.square(y_pred), axis=axis, keepdims=True)
    norm = variances + ops.square(mean_true - mean_pred) + config.epsilon()
    return ops.squeeze(2.0 * covariance / norm, axis=axis)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    r"""Cosine of the angle between target and prediction of each sample, in [-1, 1]; 0 if one is zero.

    $$ \frac{y \cdot \hat y}{\max(\|y\|, \epsilon)\, \max(\|\hat y\|, \epsilon)} $$

    Args:
        y_true: `(B, ..., D)`.
        y_pred: `(B, ..., D)`.
        axis: The axis of the vectors.

    Returns:
        The shape without that axis.

    Raises:
        ShapeError: If the shapes do not broadcast.
    """
    y_true, y_pred = pair("cosine_similarity", y_true, y_pred)
    return ops.sum(ops.normalize(y_true, axis=axis) * ops.normalize(y_pred, axis=axis), axis=axis)


def _axes(who: str, axis: Any) -> Any:
    """One axis or several.

    Raises:
        ValueError: If it is something else.
    """
    if isinstance(axis, (tuple, list)) and axis:
        return tuple(integer_axis(who, one) for one in axis)
    if isinstance(axis, (tuple, list)):
        raise ValueError(explain(f"{who}: bad `axis`.", got=f"axis={axis!r}", expected="one or more", fix="axis=-1"))
    return integer_axis(who, axis)


class PearsonCorrelation(MeanMetricWrapper):
    """Mean of Pearson's correlation coefficient.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        axis: The axis, or axes, to compare along.

    Raises:
        ValueError: If `axis` is not made of integers.

    Example:
        >>> round(PearsonCorrelation()([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]).item(), 4)
        0.9967
    """

    _direction = "up"

    def __init__(self, name: str | None = "pearson_correlation", dtype: Any = None, axis: Any = -1):
        super().__init__(pearson_correlation, name=name, dtype=dtype, axis=_axes("PearsonCorrelation", axis))
        self.axis = self._fn_kwargs["axis"]


class ConcordanceCorrelation(MeanMetricWrapper):
    """Mean of Lin's concordance correlation coefficient.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        axis: The axis, or axes, to compare along.

    Raises:
        ValueError: If `axis` is not made of integers.

    Example:
        >>> round(ConcordanceCorrelation()([[0, 1, 0.5], [1, 1, 0.2]], [[0.1, 0.9, 0.5], [1, 0.9, 0.2]]).item(), 4)
        0.9816
    """

    _direction = "up"

    def __init__(self, name: str | None = "concordance_correlation", dtype: Any = None, axis: Any = -1):
        super().__init__(concordance_correlation, name=name, dtype=dtype, axis=_axes("ConcordanceCorrelation", axis))
        self.axis = self._fn_kwargs["axis"]


class CosineSimilarity(MeanMetricWrapper):
    """Mean cosine of the angle between targets and predictions; unlike the loss, more is better.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        axis: The axis of the vectors.

    Raises:
        ValueError: If `axis` is not an integer.

    Example:
        >>> round(CosineSimilarity()([[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]]).item(), 4)
        0.5
    """

    _direction = "up"

    def __init__(self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1):
        super().__init__(cosine_similarity, name=name, dtype=dtype, axis=integer_axis("CosineSimilarity", axis))
        self.axis = self._fn_kwargs["axis"]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `axis` only if it is not the last one: Keras never writes it, but reads it."""
        written = super().get_config()
        if self.axis == -1:
            del written["axis"]
        return written
