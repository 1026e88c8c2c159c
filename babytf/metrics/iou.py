r"""Intersection over union, the measure of segmentation.

With counts $C_{ij}$ of entries of class $i$ predicted as class $j$, the intersection over union of class $c$ is

$$ \frac{C_{cc}}{\sum_j C_{cj} + \sum_i C_{ic} - C_{cc} + \epsilon} $$

and the metrics are means of it over classes that occurred, as target or prediction.

| metric | targets | predictions | classes |
| --- | --- | --- | --- |
| `IoU` | labels or scores | labels or scores | those asked for |
| `MeanIoU` | labels or scores | labels or scores | all |
| `BinaryIoU` | 0 or 1 | scores, with a threshold | 0, 1 or both |
| `OneHotIoU` | one-hot | scores or labels | those asked for |
| `OneHotMeanIoU` | one-hot | scores or labels | all |
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from babytf import check, config, ops
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.losses.weighting import integer_axis, present, shape_error
from babytf.metrics.base import Metric


class IoU(Metric):
    """Mean intersection over union of some classes.

    Args:
        num_classes: How many classes there are; entries with other labels do not count.
        target_class_ids: The classes to take the mean of, from 0 to `num_classes - 1`.
        name: Name of the metric.
        dtype: Dtype of the counts: `"int32"` by default, so that fractions of sample weights are cut off.
        ignore_class: A label whose entries do not count.
        sparse_y_true: Whether targets are labels; otherwise scores or one-hot vectors along `axis`.
        sparse_y_pred: Whether predictions are labels; otherwise scores along `axis`.
        axis: The axis of scores and one-hot vectors.

    Raises:
        ValueError: If a class is out of range.

    Example:
        >>> round(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]).item(), 4)
        0.3333
    """

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        super().__init__(name=name, dtype=dtype or "int32")
        self.num_classes = check.positive_int(self, num_classes=num_classes)
        self.target_class_ids = _class_ids(self, target_class_ids)
        if ignore_class is not None:
            integer = isinstance(ignore_class, (int, np.integer)) and not isinstance(ignore_class, bool)
            ignore_class = int(ignore_class) if integer else check.non_negative_int(self, ignore_class=ignore_class)
        self.ignore_class = ignore_class
        self.sparse_y_true = check.boolean(self, sparse_y_true=sparse_y_true)
        self.sparse_y_pred = check.boolean(self, sparse_y_pred=sparse_y_pred)
        self.axis = integer_axis(self.name, axis)
        shape = (self.num_classes, self.num_classes)
        self.total_cm = self.add_variable(shape, "zeros", dtype=self.dtype, name="total_confusion_matrix")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets: labels of any shape, or `(..., C)`.
            y_pred: Predictions: labels of any shape, or `(..., C)`.
            sample_weight: A weight for each label, or one for all.

        Raises:
            ShapeError: If there are not as many targets, predictions and weights.
        """
        y_true, y_pred = convert(present(self.name, y_true)), convert(y_pred)
        shapes = y_true.shape, y_pred.shape
        labels = self._labels(y_true, self.sparse_y_true)
        found = self._labels(y_pred, self.sparse_y_pred)
        if labels.size != found.size:
            raise shape_error(self.name, *shapes, "as many targets as predictions")
        size = self.num_classes
        # Labels out of range go to two rows and columns more, C and -1, of which nobody reads.
        labels, found = ops.clip(labels, -1, size), ops.clip(found, -1, size)
        weight = self._weight(sample_weight, labels.shape)
        counts = ops.scatter(ops.stack([labels, found], axis=1), weight, (size + 2, size + 2))[:size, :size]
        if self.ignore_class is not None and 0 <= self.ignore_class < size:
            counts = counts * (np.arange(size) != self.ignore_class).astype(self.dtype)[:, None]
        self.total_cm.assign_add(counts)

    def _labels(self, x: Tensor, sparse: bool) -> Tensor:
        """The labels, `(N,)`."""
        if not sparse:
            x = ops.argmax(x, axis=self.axis)
        return ops.reshape(ops.cast(x, "int32"), (-1,))

    def _weight(self, sample_weight: Any, shape: tuple[int, ...]) -> Tensor:
        if sample_weight is None:
            return ops.ones(shape, dtype=self.dtype)
        weight = convert(sample_weight)
        if weight.dtype.kind == "f" and np.dtype(self.dtype).kind == "i":
            warnings.warn(
                f"{self.name} counts in {self.dtype}, so the fractions of its sample weights are cut off: "
                "pass dtype='float32' to keep them.",
                stacklevel=3,
            )
        given = weight.shape
        weight = ops.reshape(ops.cast(weight, self.dtype), (-1,))
        if weight.size not in (1, shape[0]):
            raise ShapeError(
                explain(
                    f"{self.name}: the sample weights do not fit the labels.",
                    got=f"{shape[0]} labels, sample_weight of shape {given}",
                    expected="one weight for each label, or one for all",
                    fix="repeat each sample's weight for each of its labels",
                )
            )
        return ops.broadcast_to(weight, shape)

    def result(self) -> Tensor:
        """The mean, 0 if none of the classes occurred."""
        counts = self.total_cm.value
        hits = ops.diagonal(counts)
        union = ops.sum(counts, axis=0) + ops.sum(counts, axis=1) - hits
        hits, union = (ops.cast(x, "float32") for x in (hits, union))
        if self.target_class_ids != list(range(self.num_classes)):
            hits, union = (ops.take(x, self.target_class_ids) for x in (hits, union))
        epsilon = config.epsilon()
        occurred = ops.greater(union, 1e-9)
        shares = ops.where(occurred, hits / (union + epsilon), 0.0)
        return ops.sum(shares) / (ops.sum(ops.cast(occurred, "float32")) + epsilon)


class MeanIoU(IoU):
    """Mean intersection over union of all classes.

    Args:
        num_classes: How many classes there are; entries with other labels do not count.
        name: Name of the metric.
        dtype: Dtype of the counts: `"int32"` by default, so that fractions of sample weights are cut off.
        ignore_class: A label whose entries do not count.
        sparse_y_true: Whether targets are labels; otherwise scores or one-hot vectors along `axis`.
        sparse_y_pred: Whether predictions are labels; otherwise scores along `axis`.
        axis: The axis of scores and one-hot vectors.

    Raises:
        ValueError: If `num_classes` is not a positive integer.

    Example:
        >>> round(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1]).item(), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ):
        every = range(check.positive_int(type(self).__name__, num_classes=num_classes))
        super().__init__(num_classes, every, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)


class BinaryIoU(IoU):
    """Mean intersection over union of classes 0 and 1, predictions being above a threshold or not.

    Args:
        target_class_ids: The classes to take the mean of: `[0]`, `[1]` or both.
        threshold: Scores of at least this much are predictions of class 1.
        name: Name of the metric.
        dtype: Dtype of the counts: `"int32"` by default, so that fractions of sample weights are cut off.

    Raises:
        ValueError: If a class is neither 0 nor 1, or the threshold no number.

    Example:
        >>> round(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]).item(), 4)
        0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ):
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = check.number(self, threshold=threshold)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets, 0 or 1, of any shape.
            y_pred: Scores, of any shape.
            sample_weight: A weight for each score, or one for all.

        Raises:
            ShapeError: If there are not as many targets, predictions and weights.
        """
        super().update_state(y_true, ops.greater_equal(convert(y_pred, "float32"), self.threshold), sample_weight)


class OneHotIoU(IoU):
    """Mean intersection over union of some classes; targets one-hot.

    Args:
        num_classes: How many classes there are.
        target_class_ids: The classes to take the mean of, from 0 to `num_classes - 1`.
        name: Name of the metric.
        dtype: Dtype of the counts: `"int32"` by default, so that fractions of sample weights are cut off.
        ignore_class: A label whose entries do not count.
        sparse_y_pred: Whether predictions are labels; otherwise scores along `axis`.
        axis: The axis of scores and one-hot vectors.

    Raises:
        ValueError: If a class is out of range.

    Example:
        >>> round(OneHotIoU(3, [0, 2])(np.eye(3)[[2, 0, 1, 0]], np.eye(3)[[2, 0, 0, 1]]).item(), 4)
        0.6667
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)


class OneHotMeanIoU(MeanIoU):
    """Mean intersection over union of all classes; targets one-hot.

    Args:
        num_classes: How many classes there are.
        name: Name of the metric.
        dtype: Dtype of the counts: `"int32"` by default, so that fractions of sample weights are cut off.
        ignore_class: A label whose entries do not count.
        sparse_y_pred: Whether predictions are labels; otherwise scores along `axis`.
        axis: The axis of scores and one-hot vectors.

    Raises:
        ValueError: If `num_classes` is not a positive integer.

    Example:
        >>> round(OneHotMeanIoU(3)(np.eye(3)[[2, 0, 1, 0]], np.eye(3)[[2, 0, 0, 1]]).item(), 4)
        0.4444
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ):
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)


def _class_ids(metric: IoU, target_class_ids: Any) -> list[int]:
    size = metric.num_classes
    given = list(target_class_ids) if np.iterable(target_class_ids) else [target_class_ids]
    wrong = [c for c in given if not isinstance(c, (int, np.integer)) or isinstance(c, bool) or not 0 <= c < size]
    if wrong or not given or not np.iterable(target_class_ids):
        raise ValueError(
            explain(
                f"{type(metric).__name__} '{metric.name}': bad `target_class_ids`.",
                got=f"target_class_ids={target_class_ids!r}, num_classes={size}",
                expected=f"a list of integers from 0 to {size - 1}",
                fix=f"num_classes={max(wrong) + 1}"
                if wrong and all(isinstance(c, int) and c >= size for c in wrong)
                else "target_class_ids=[0]",
            )
        )
    return [int(c) for c in given]
