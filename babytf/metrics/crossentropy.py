"""Crossentropies as metrics: the mean over all samples seen, where the loss is that of a batch."""

from __future__ import annotations

from typing import Any

from babytf import check
from babytf.losses import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from babytf.losses.weighting import integer_axis
from babytf.metrics.mean import MeanMetricWrapper


class BinaryCrossentropy(MeanMetricWrapper):
    """Mean binary crossentropy of 0-or-1 targets.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        from_logits: Whether predictions are logits.
        label_smoothing: Fraction in [0, 1] by which targets are drawn towards 1/2.

    Raises:
        ValueError: If `label_smoothing` is not in [0, 1].

    Example:
        >>> round(BinaryCrossentropy()([[0.0, 1.0], [0.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]]).item(), 5)
        0.81492
    """

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ):
        super().__init__(
            binary_crossentropy, name=name, dtype=dtype, from_logits=from_logits, label_smoothing=label_smoothing
        )
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self.label_smoothing = check.fraction(self, label_smoothing=label_smoothing)


class CategoricalCrossentropy(MeanMetricWrapper):
    """Mean categorical crossentropy of one-hot targets.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        from_logits: Whether predictions are logits.
        label_smoothing: Fraction in [0, 1] by which targets are drawn towards 1/C.
        axis: The axis of the classes.

    Raises:
        ValueError: If `label_smoothing` is not in [0, 1], or `axis` is not an integer.

    Example:
        >>> round(CategoricalCrossentropy()([[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]).item(), 5)
        1.17694
    """

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ):
        super().__init__(
            categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self.label_smoothing = check.fraction(self, label_smoothing=label_smoothing)
        self.axis = integer_axis(self.name, axis)


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """Mean categorical crossentropy of integer labels.

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.
        from_logits: Whether predictions are logits.
        ignore_class: A label whose entries have value 0; with sample weights they do not count in the mean either.
        axis: The axis of the classes.

    Raises:
        ValueError: If `axis` is not an integer.

    Example:
        >>> round(SparseCategoricalCrossentropy()([1, 2], [[0.05, 0.95, 0], [0.1, 0.8, 0.1]]).item(), 5)
        1.17694
    """

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ):
        super().__init__(
            sparse_categorical_crossentropy,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self.ignore_class = ignore_class
        self.axis = integer_axis(self.name, axis)
