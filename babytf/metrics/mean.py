"""`Mean` and `Sum` of values, and `MeanMetricWrapper`: the mean of a function of targets and predictions.

Most metrics are a `MeanMetricWrapper` around a function that returns one value per sample.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from babytf import ops
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.losses import Loss, class_of
from babytf.losses.weighting import apply_mask, fits, keras_mask, per_sample, squeeze_or_expand_to_same_rank
from babytf.metrics.base import Metric
from babytf.serialization import deserialize_keras_object, serialize_keras_object


def samplewise(
    who: str, values: Any, sample_weight: Any, reduce_fn: Callable[..., Tensor], dtype: str
) -> tuple[Tensor, Tensor | None]:
    """Weighted values, one per sample, and the weights, one per sample.

    Args:
        who: Name of the metric, for messages.
        values: `(B, ...)`, or a scalar.
        sample_weight: `None`, a scalar, or a shape that broadcasts with the first axes of `values`.
        reduce_fn: What makes one value of a sample's several: `ops.mean` or `ops.sum`.
        dtype: Dtype of the result.

    Raises:
        ShapeError: If the weights do not fit.
    """
    mask = keras_mask(values)
    values = per_sample(who, values, dtype)
    weight = None
    if sample_weight is not None:
        weight = convert(apply_mask(sample_weight, mask, dtype, reduction="sum"), dtype)
        shapes = values.shape, weight.shape
        values, weight = squeeze_or_expand_to_same_rank(values, weight)
        rank = len(weight.shape)
        values = _reduce_from(rank, values, reduce_fn)
        if weight.shape != values.shape:
            if not fits(weight.shape, values.shape) or len(values.shape) < rank:
                raise ShapeError(
                    explain(
                        f"{who}: the sample weights do not fit the values.",
                        got=f"values of shape {shapes[0]}, sample_weight of shape {shapes[1]}",
                        expected=f"weights of shape {shapes[0][:1]}, or that broadcast to {shapes[0]}",
                        fix="pass one weight per sample",
                    )
                )
            weight = ops.broadcast_to(weight, values.shape)
        values = _reduce_from(1, values * weight, reduce_fn)
        weight = _reduce_from(1, weight, reduce_fn)
    return _reduce_from(1, values, reduce_fn), weight


def _reduce_from(axis: int, x: Tensor, reduce_fn: Callable[..., Tensor]) -> Tensor:
    """Reduce this axis and those after it; where they hold one entry there is nothing to do."""
    kept, gone = x.shape[:axis], x.shape[axis:]
    if not gone:
        return x
    if all(size == 1 for size in gone):
        return ops.reshape(x, kept)
    return reduce_fn(x, axis=tuple(range(axis, len(x.shape))))


def _total(x: Tensor) -> Tensor:
    return ops.sum(x) if x.shape else x


class Sum(Metric):
    r"""Sum of values.

    $$ \sum_i w_i v_i $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> Sum()([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]).item()
        4.0
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values.

        Args:
            values: Any shape.
            sample_weight: A scalar, or weights that broadcast with the first axes of `values`.

        Raises:
            ShapeError: If the weights do not fit.
        """
        values, _ = samplewise(self.name, values, sample_weight, ops.sum, self.dtype)
        self.total.assign_add(_total(values))

    def result(self) -> Tensor:
        """The sum."""
        return self.total.value


class Mean(Metric):
    r"""Mean of values over all samples seen.

    $$ \frac{\sum_i w_i v_i}{\sum_i w_i} $$

    and 0 before the first. A sample with several values counts once, with their mean.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> Mean()([1, 3, 5, 7], sample_weight=[1, 1, 0, 0]).item()
        2.0
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None):
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take in values.

        Args:
            values: `(B, ...)`, or a scalar, which counts as one sample.
            sample_weight: A scalar, or weights that broadcast with the first axes of `values`.

        Raises:
            ShapeError: If the weights do not fit.
        """
        values, weight = samplewise(self.name, values, sample_weight, ops.mean, self.dtype)
        self.total.assign_add(_total(values))
        if weight is not None:
            self.count.assign_add(_total(weight))
        else:
            self.count.assign_add(float(values.shape[0] if values.shape else 1))

    def result(self) -> Tensor:
        """The mean."""
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function over all samples seen.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, which returns one value per sample; a scalar counts as one sample.
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        **kwargs: Passed on to `fn`.

    Example:
        >>> MeanMetricWrapper(lambda y_true, y_pred: (y_true - y_pred) ** 2)(np.zeros(2), np.array([1.0, 3.0])).item()
        5.0
    """

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name=name, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        if isinstance(fn, Loss) or class_of(fn) is not None:
            self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take in a batch.

        Args:
            y_true: Targets, `(B, ...)`.
            y_pred: Predictions, `(B, ...)`.
            sample_weight: One weight per sample, or weights that broadcast with the first axes of the values.

        Raises:
            ShapeError: If shapes do not fit.
        """
        values = self.fn(y_true, y_pred, **self._fn_kwargs)
        weight = apply_mask(sample_weight, keras_mask(y_pred), self.dtype, reduction="sum")
        super().update_state(values, sample_weight=weight)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with those passed on to the function."""
        written = super().get_config()
        return written | serialize_keras_object({"fn": self.fn, **self._fn_kwargs}) if "fn" in written else written

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MeanMetricWrapper:
        """Make the metric that `get_config` described."""
        return cls(**(deserialize_keras_object(config, module="keras.metrics") if "fn" in config else config))
