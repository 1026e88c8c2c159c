r"""F-scores: precision and recall in one number."""

from __future__ import annotations

from typing import Any

from babytf import check, config, ops
from babytf.engine import Tensor, Variable, convert
from babytf.errors import ShapeError, explain
from babytf.losses.weighting import present, shape_error
from babytf.metrics.base import Metric

AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    r"""Weighted harmonic mean of precision $p$ and recall $r$, for each class.

    $$ (1 + \beta^2) \frac{p\,r}{\beta^2 p + r + \epsilon}, \quad
    p = \frac{TP}{TP + FP + \epsilon}, \quad r = \frac{TP}{TP + FN + \epsilon} $$

    Args:
        average: `None` for one score per class; `"micro"` for the score of the counts of all classes together;
            `"macro"` for the mean over classes; `"weighted"` for the mean weighted by how often a class is a target.
        beta: $\beta$, above 0: how much more recall counts than precision.
        threshold: Scores above it are positive predictions, in (0, 1]; `None` for the largest score of each sample.
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Raises:
        ValueError: If an argument is not in its range.

    Source:
        Van Rijsbergen (1979), chapter 7, with $\beta^2 = 1 / \alpha - 1$.

    Example:
        >>> score = FBetaScore(beta=2.0, threshold=0.5, average="macro")
        >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
        >>> round(score([[1, 1, 1], [1, 0, 0], [1, 1, 0]], y_pred).item(), 4)
        0.709
    """

    _direction = "up"

    true_positives: Variable
    false_positives: Variable
    false_negatives: Variable
    intermediate_weights: Variable

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ):
        super().__init__(name=name, dtype=dtype)
        self.average = check.one_of(self, AVERAGES, average=average)
        self.beta = check.number(self, beta=beta)
        self.threshold = None if threshold is None else check.fraction(self, threshold=threshold)
        for what, value in (("beta", self.beta), ("threshold", self.threshold)):
            if value is not None and value <= 0:
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}': bad `{what}`.",
                        got=f"{what}={value}",
                        expected="a number above 0",
                        fix="beta=1.0" if what == "beta" else "threshold=0.5, or None for the largest score",
                    )
                )
        self.axis = None if average == "micro" else 0
        self._built = False

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        for name in ("true_positives", "false_positives", "false_negatives", "intermediate_weights"):
            setattr(self, name, self.add_variable(shape, "zeros", dtype=self.dtype, name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets, 0 or 1, `(B, C)`.
            y_pred: Scores, `(B, C)`.
            sample_weight: One weight per sample.

        Raises:
            ShapeError: If shapes do not fit.
        """
        y_true, y_pred = convert(present(self.name, y_true), self.dtype), convert(y_pred, self.dtype)
        if len(y_pred.shape) != 2 or y_true.shape != y_pred.shape:
            wanted = f"y_true of shape {y_pred.shape}" if len(y_pred.shape) == 2 else "both of shape (B, C)"
            raise shape_error(self.name, y_true.shape, y_pred.shape, f"{wanted}: a column for each class")
        if not self._built:
            self._build(y_pred.shape[1])
        elif self.axis is not None and self.true_positives.shape != y_pred.shape[1:]:
            classes = self.true_positives.shape[0]
            raise shape_error(self.name, y_true.shape, y_pred.shape, f"{classes} classes, as in the first batch")
        if self.threshold is None:
            best = ops.greater_equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
            predicted = ops.logical_and(best, ops.greater(ops.abs(y_pred), 1e-9))
        else:
            predicted = ops.greater(y_pred, self.threshold)
        predicted = ops.cast(predicted, self.dtype)
        weight = None if sample_weight is None else self._weight(sample_weight, y_pred.shape)
        hits = predicted * y_true
        for variable, values in (
            (self.true_positives, hits),
            (self.false_positives, predicted - hits),
            (self.false_negatives, y_true - hits),
            (self.intermediate_weights, y_true),
        ):
            variable.assign_add(ops.sum(values if weight is None else values * weight, axis=self.axis))

    def _weight(self, sample_weight: Any, shape: tuple[int, ...]) -> Tensor:
        weight = convert(sample_weight, self.dtype)
        if weight.size == 1:
            return ops.reshape(weight, (1, 1))
        if weight.shape not in ((shape[0],), (shape[0], 1)):
            raise ShapeError(
                explain(
                    f"{self.name}: the sample weights do not fit the predictions.",
                    got=f"predictions of shape {shape}, sample_weight of shape {weight.shape}",
                    expected=f"weights of shape {shape[:1]}",
                    fix="pass one weight per sample",
                )
            )
        return ops.reshape(weight, (-1, 1))

    def result(self) -> Tensor:
        """The score: `(C,)` without `average`, otherwise a scalar; 0 before the first batch."""
        if not self._built:
            return ops.zeros((), dtype=self.dtype)
        epsilon, square = config.epsilon(), self.beta**2
        precision = self.true_positives / (self.true_positives + self.false_positives + epsilon)
        recall = self.true_positives / (self.true_positives + self.false_negatives + epsilon)
        score = precision * recall / (square * precision + recall + epsilon) * (1 + square)
        if self.average == "weighted":
            return ops.sum(score * (self.intermediate_weights / (ops.sum(self.intermediate_weights) + epsilon)))
        return score if self.average != "macro" else ops.mean(score)


class F1Score(FBetaScore):
    r"""Harmonic mean of precision and recall, for each class: `FBetaScore` with $\beta = 1$.

    $$ \frac{2 p r}{p + r + \epsilon} $$

    Args:
        average: `None` for one score per class; `"micro"` for the score of the counts of all classes together;
            `"macro"` for the mean over classes; `"weighted"` for the mean weighted by how often a class is a target.
        threshold: Scores above it are positive predictions, in (0, 1]; `None` for the largest score of each sample.
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Raises:
        ValueError: If an argument is not in its range.

    Example:
        >>> round(F1Score(threshold=0.5, average="micro")([[1, 0], [1, 1]], [[0.9, 0.7], [0.2, 0.6]]).item(), 4)
        0.6667
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ):
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)
