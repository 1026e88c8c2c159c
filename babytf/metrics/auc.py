"""The area under a curve that a threshold draws: ROC, precision over recall, or their gains."""

from __future__ import annotations

from typing import Any

from babytf import check, config, ops
from babytf.engine import Tensor, Variable, convert
from babytf.errors import ShapeError, explain
from babytf.limits import claim
from babytf.metrics.base import Metric
from babytf.metrics.confusion import CELLS, Thresholds, parse_thresholds, update_cells

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATION_METHODS = ("interpolation", "majoring", "minoring")


class AUC(Metric):
    r"""Approximate area under a curve, from counts at many thresholds $\tau_1 < \dots < \tau_T$.

    $$ \sum_{t<T} (x_t - x_{t+1})\, h_t $$

    | `curve` | $x$ | $y$ |
    | --- | --- | --- |
    | `"ROC"` | FP / (FP + TN) | TP / (TP + FN) |
    | `"PR"` | TP / (TP + FN) | TP / (TP + FP) |
    | `"PRGAIN"` | recall gain $\max(0, 1 - \frac{P}{N}\frac{FN}{TP})$ | precision gain $1 - \frac{P}{N}\frac{FP}{TP}$ |

    with $P = TP + FN$ and $N = TN + FP$. The heights $h_t$ are $(y_t + y_{t+1}) / 2$ for `"interpolation"`,
    $\max(y_t, y_{t+1})$ for `"majoring"` and $\min(y_t, y_{t+1})$ for `"minoring"`; only PR with `"interpolation"`
    interpolates the counts instead of the ratios, as precision is no straight line between two thresholds.

    Args:
        num_thresholds: How many thresholds, evenly spaced from 0 to 1; at least 2.
        curve: `"ROC"`, `"PR"` or `"PRGAIN"`.
        summation_method: `"interpolation"`, `"majoring"` or `"minoring"`.
        name: Name of the metric.
        dtype: Dtype of the metric; counts are kept in `floatx()`.
        thresholds: Thresholds of your own, in [0, 1], in place of `num_thresholds`; one below 0 and one above 1 are
            added.
        multi_label: Whether targets are `(B, L)` with an area for each label, of which the result is the mean;
            otherwise all entries are taken together.
        num_labels: L, for variables before the first batch; only with `multi_label`.
        label_weights: One weight for each label: in the mean over labels, or, without `multi_label`, of the counts.
        from_logits: Whether predictions are logits, to be put through a sigmoid.

    Raises:
        ValueError: If an argument is out of its range, or `num_labels` is given without `multi_label`.

    Source:
        Interpolated PR curve: Davis & Goadrich (2006). Gains: Flach & Kull (2015).

    Example:
        >>> AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]).item()
        0.75
    """

    _direction = "up"

    true_positives: Variable
    false_positives: Variable
    true_negatives: Variable
    false_negatives: Variable

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ):
        super().__init__(name=name, dtype=dtype)
        self._own = None if thresholds is None else sorted(parse_thresholds(self, thresholds))
        if self._own is None:
            size = _at_least_two(self, num_thresholds)
            claim(f"AUC '{self.name}'", (size,))
            inner = [i / (size - 1) for i in range(1, size - 1)]
        else:
            inner = [float(t) for t in self._own]
        self.num_thresholds = len(inner) + 2
        even = self._own is None or Thresholds([0.0, *inner, 1.0]).even
        self._thresholds = Thresholds([-config.epsilon(), *inner, 1 + config.epsilon()], even=even)
        self.curve = check.one_of(self, CURVES, curve=curve.upper() if isinstance(curve, str) else curve)
        self.summation_method = check.one_of(
            self,
            SUMMATION_METHODS,
            summation_method=summation_method.lower() if isinstance(summation_method, str) else summation_method,
        )
        self.multi_label = check.boolean(self, multi_label=multi_label)
        self.num_labels = check.optional_positive_int(self, num_labels=num_labels)
        self.label_weights = None if label_weights is None else convert(label_weights, self.dtype)
        self.from_logits = check.boolean(self, from_logits=from_logits)
        self._built = False
        if num_labels is not None and not multi_label:
            raise ValueError(
                explain(
                    f"AUC '{self.name}': `num_labels` belongs to `multi_label`.",
                    got=f"num_labels={num_labels}, multi_label=False",
                    expected="num_labels only with multi_label=True",
                    fix="multi_label=True, or leave num_labels out",
                )
            )
        if not multi_label:
            self._build((self.num_thresholds,))
        elif num_labels is not None:
            self._build((self.num_thresholds, num_labels))

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, in ascending order; the outermost ones lie just outside [0, 1]."""
        return list(self._thresholds.values)

    def _build(self, shape: tuple[int, ...]) -> None:
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", name="false_positives")
        self.true_negatives = self.add_variable(shape, "zeros", name="true_negatives")
        self.false_negatives = self.add_variable(shape, "zeros", name="false_negatives")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Take in a batch.

        Args:
            y_true: Targets, 0 or 1, `(B, ...)`; `(B, L)` with `multi_label`.
            y_pred: Scores in [0, 1], or logits, shaped as the targets.
            sample_weight: One weight per sample, or weights that broadcast to the scores.

        Raises:
            ShapeError: If shapes do not fit.
        """
        y_pred = convert(y_pred)
        if self.multi_label:
            self._check_labels(y_pred.shape)
            if not self._built:
                self._build((self.num_thresholds, y_pred.shape[1]))
        if self.from_logits:
            y_pred = ops.sigmoid(y_pred)
        update_cells(
            self,
            {name: getattr(self, name) for name in CELLS},
            y_true,
            y_pred,
            self._thresholds,
            sample_weight,
            multi_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )

    def _check_labels(self, shape: tuple[int, ...]) -> None:
        labels = self.true_positives.shape[1] if self._built else None
        weights = self.label_weights
        wanted = labels if labels is not None or weights is None else weights.size
        if len(shape) != 2 or wanted not in (None, shape[1]) or (weights is not None and weights.size != shape[1]):
            raise ShapeError(
                explain(
                    f"AUC '{self.name}': with multi_label=True, predictions have one column for each label.",
                    got=f"y_pred of shape {shape}"
                    + (f", label_weights of shape {weights.shape}" if weights is not None else ""),
                    expected=f"y_pred of shape (B, {wanted or 'L'})",
                    fix="multi_label=False, to take all entries together"
                    if len(shape) != 2
                    else f"num_labels={shape[1]}, and as many label_weights",
                )
            )

    def result(self) -> Tensor:
        """The area; with `multi_label`, the weighted mean over labels."""
        if self.curve == "PR" and self.summation_method == "interpolation":
            parts = self._interpolated()
        else:
            x, y = self._curve()
            (low, high), (left, right) = _neighbours(x), _neighbours(y)
            if self.summation_method == "interpolation":
                heights = (left + right) * 0.5
            elif self.summation_method == "minoring":
                heights = ops.minimum(left, right)
            else:
                heights = ops.maximum(left, right)
            parts = (low - high) * heights
        if not self.multi_label:
            return ops.sum(parts)
        areas = ops.sum(parts, axis=0)
        if self.label_weights is None:
            return ops.mean(areas)
        return ops.divide_no_nan(ops.sum(areas * self.label_weights), ops.sum(self.label_weights))

    def _curve(self) -> tuple[Tensor, Tensor]:
        """`x` and `y` at each threshold."""
        tp, fp, tn, fn = (getattr(self, name).value for name in CELLS)
        if self.curve == "ROC":
            return ops.divide_no_nan(fp, fp + tn), ops.divide_no_nan(tp, tp + fn)
        if self.curve == "PR":
            return ops.divide_no_nan(tp, tp + fn), ops.divide_no_nan(tp, tp + fp)
        odds = ops.divide_no_nan(tp + fn, tn + fp)
        nothing = ops.equal(tp, 0.0)
        recall_gain = ops.maximum(1.0 - odds * ops.divide_no_nan(fn, tp), 0.0)
        precision_gain = 1.0 - odds * ops.divide_no_nan(fp, tp)
        return ops.where(nothing, 0.0, recall_gain), ops.where(nothing, 1.0, precision_gain)

    def _interpolated(self) -> Tensor:
        r"""Areas under precision over recall between thresholds, with true positives linear in all positives $p$.

        $$ \frac{s}{P}\left(\Delta TP + c \ln\frac{p_t}{p_{t+1}}\right), \quad s = \frac{\Delta TP}{\Delta p},
        \quad c = TP_{t+1} - s\, p_{t+1} $$
        """
        tp, fp, _, fn = (getattr(self, name).value for name in CELLS)
        (tp_low, tp_high), (p_low, p_high) = _neighbours(tp), _neighbours(tp + fp)
        more = tp_low - tp_high
        slope = ops.divide_no_nan(more, ops.maximum(p_low - p_high, 0.0))
        intercept = tp_high - slope * p_high
        both = ops.logical_and(p_low > 0.0, p_high > 0.0)
        ratio = ops.where(both, ops.divide_no_nan(p_low, ops.maximum(p_high, 0.0)), 1.0)
        positives = ops.maximum(tp_high + fn[1:], 0.0)
        return ops.divide_no_nan(slope * (more + intercept * ops.log(ratio)), positives)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `thresholds` only if they were given, without the two that were added."""
        written = super().get_config()
        if self._own is None:
            del written["thresholds"]
        else:
            written["thresholds"] = self.thresholds[1:-1]
        return written


def _at_least_two(auc: AUC, num_thresholds: Any) -> int:
    size = check.positive_int(auc, num_thresholds=num_thresholds)
    if size == 1:
        raise ValueError(
            explain(
                f"AUC '{auc.name}': bad `num_thresholds`.",
                got="num_thresholds=1",
                expected="an integer of at least 2",
                fix="num_thresholds=200",
            )
        )
    return size


def _neighbours(x: Tensor) -> tuple[Tensor, Tensor]:
    """The values at all thresholds but the last, and at all but the first."""
    return x[:-1], x[1:]
