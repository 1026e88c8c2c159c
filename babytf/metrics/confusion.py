r"""True and false positives and negatives at one or many thresholds.

Most metrics of binary classification are made of these counts:

| | $\hat y > \tau$ | $\hat y \le \tau$ |
| --- | --- | --- |
| $y = 1$ | true positives | false negatives |
| $y = 0$ | false positives | true negatives |

`confusion_counts.py` and `precision_recall.py` use this first; `auc.py` most.
"""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from babytf import check, config, ops
from babytf.engine import Tensor, Variable, bind, convert
from babytf.errors import ShapeError, explain
from babytf.losses.weighting import fits, present, shape_error, squeeze_or_expand_to_same_rank
from babytf.metrics.base import Metric

CELLS = ("true_positives", "false_positives", "true_negatives", "false_negatives")

LOWEST = -1e10
"""Stands in the place of scores that are not among the k largest."""


class Thresholds:
    r"""The thresholds of a metric, in any order, and what scores are compared with.

    Evenly spaced thresholds $i / (T - 1)$ are compared as $\hat y (T - 1) > i$, which rounds as Keras does. Predictions
    then count as lying in [0, 1]: none is above the last threshold, and all are above the first if that is negative.

    Args:
        values: The thresholds.
        even: Whether they are evenly spaced from 0 to 1, the ends perhaps moved outwards a little; found out by
            default.
    """

    def __init__(self, values: list[float], even: bool | None = None):
        self.values = values
        size = len(values)
        spacing = np.arange(size, dtype="float32") / max(size - 1, 1)
        self.even = (size >= 3 and np.allclose(values, spacing, atol=config.epsilon())) if even is None else even
        self.scale = float(size - 1) if self.even else None
        edges = np.arange(size, dtype=config.floatx()) if self.even else np.array(values, config.floatx())
        if self.even:
            edges[0] = -np.inf if values[0] < 0 else 0
            edges[-1] = np.inf
        self.order = np.argsort(edges, kind="stable")
        self.edges = edges[self.order]
        self.sorted = bool((self.order == np.arange(size)).all())

    def __len__(self) -> int:
        return len(self.values)


def parse_thresholds(owner: Any, thresholds: Any, default: float = 0.5) -> list[float]:
    """The `thresholds` argument as a list.

    Raises:
        ValueError: If one is not a number in [0, 1], or there is none.
    """
    if thresholds is None:
        return [default]
    several = isinstance(thresholds, (list, tuple)) or np.ndim(thresholds) > 0
    many: list[Any] = list(thresholds) if several else [thresholds]
    wrong = [t for t in many if isinstance(t, bool) or not isinstance(t, numbers.Real) or not 0 <= float(t) <= 1]
    if wrong or not many:
        raise ValueError(
            explain(
                f"{type(owner).__name__} '{owner.name}': bad `thresholds`.",
                got=f"thresholds={thresholds!r}" + (f", with {wrong[0]!r}" if wrong and len(many) > 1 else ""),
                expected="a number in [0, 1], or a list of them",
                fix="for logits, put a sigmoid behind the last layer" if wrong else "thresholds=0.5",
            )
        )
    return many


def optional_class_id(owner: Any, class_id: Any) -> int | None:
    """The `class_id` argument.

    Raises:
        ValueError: If it is neither `None` nor an integer of at least 0.
    """
    return None if class_id is None else check.non_negative_int(owner, class_id=class_id)


def update_cells(
    metric: Metric,
    cells: dict[str, Variable],
    y_true: Any,
    y_pred: Any,
    thresholds: Thresholds,
    sample_weight: Any = None,
    *,
    top_k: int | None = None,
    class_id: int | None = None,
    multi_label: bool = False,
    label_weights: Any = None,
) -> None:
    """Add a batch's counts to variables.

    Args:
        metric: The metric, for messages.
        cells: From names among `CELLS` to variables of shape `(T,)`, with `multi_label` `(T, L)`.
        y_true: Targets, 0 or not, `(B, ...)`.
        y_pred: Scores, `(B, ...)`.
        thresholds: The thresholds.
        sample_weight: `None`, a scalar, one weight per sample, or weights that broadcast to the scores.
        top_k: How many of the last axis's scores stay as they are; the others lie below every threshold.
        class_id: The one index of the last axis to look at.
        multi_label: Whether to count each column of `(B, L)` by itself.
        label_weights: One weight per entry of the last axis.

    Raises:
        ShapeError: If targets, scores and weights do not fit.
        ValueError: If `top_k` or `class_id` is more than there are classes.
    """
    dtype = next(iter(cells.values())).dtype
    y_true, y_pred = convert(present(metric.name, y_true)), convert(y_pred)
    shapes = y_true.shape, y_pred.shape
    y_pred, y_true = squeeze_or_expand_to_same_rank(ops.cast(y_pred, dtype), y_true)
    if y_true.shape != y_pred.shape:
        raise shape_error(metric.name, *shapes, f"y_true of shape {shapes[1]}: one target for each score")
    positive = y_true if y_true.dtype.kind == "b" else ops.not_equal(y_true, 0)
    weight = _weights(metric.name, sample_weight, y_pred.shape, dtype, class_id)
    if top_k is not None:
        _check_classes(metric, y_pred.shape, top_k=top_k)
        _, best = ops.top_k(y_pred, top_k)
        chosen = ops.any(ops.one_hot(best, y_pred.shape[-1], dtype="bool"), axis=-2)
        y_pred = ops.where(chosen, y_pred, LOWEST)
    if class_id is not None:
        _check_classes(metric, y_pred.shape, class_id=class_id)
        positive, y_pred = (x[..., class_id : class_id + 1] for x in (positive, y_pred))
    if label_weights is not None:
        label_weights = _label_weights(metric.name, label_weights, y_pred.shape, dtype)
        weight = label_weights if weight is None else weight * label_weights
    if thresholds.scale is not None:
        y_pred = y_pred * thresholds.scale
    count = _at_one if len(thresholds) == 1 and not multi_label else _at_many
    found = count(positive, y_pred, weight, thresholds, tuple(cells), multi_label)
    for name, variable in cells.items():
        variable.assign_add(found[name])


def _at_one(
    positive: Tensor, scores: Tensor, weight: Tensor | None, thresholds: Thresholds, wanted: tuple[str, ...], _: bool
) -> dict[str, Tensor]:
    """The cells `wanted` of one threshold, `(1,)` each."""
    dtype = scores.dtype
    above = ops.cast(ops.greater(scores, Tensor.wrap(thresholds.edges)), dtype)
    yes = ops.cast(positive, dtype)
    one: Any = 1.0
    if weight is not None:
        one = ops.broadcast_to(weight, scores.shape)
        yes = yes * one
    found = {}
    for name in wanted:
        predicted = above if "positives" in name else 1.0 - above
        actual = yes if name in ("true_positives", "false_negatives") else one - yes
        found[name] = ops.matmul(ops.reshape(predicted, (1, -1)), ops.reshape(actual, (-1,)))
    return found


def _at_many(
    positive: Tensor,
    scores: Tensor,
    weight: Tensor | None,
    thresholds: Thresholds,
    wanted: tuple[str, ...],
    multi_label: bool,
) -> dict[str, Tensor]:
    """The cells `wanted` of many thresholds, `(T,)` each, or `(T, L)`."""
    size = len(thresholds)
    columns = scores.shape[-1] if multi_label else 1
    if weight is None:
        weight = ops.ones((1, 1), dtype=scores.dtype)
    elif multi_label:
        weight = ops.broadcast_to(weight, scores.shape)
    else:
        weight = ops.reshape(ops.broadcast_to(weight, scores.shape), (-1, 1))
    scores, positive = (ops.reshape(x, (-1, columns)) for x in (scores, positive))
    sums = bind("sums_above", scores, positive, weight, Tensor.wrap(thresholds.edges))  # (2, T + 1, L)
    if not multi_label:
        sums = sums[..., 0]
    above = sums[:, :size]
    if not thresholds.sorted:
        above = ops.take(above, np.argsort(thresholds.order), axis=1)
    found = {"true_positives": above[1], "false_positives": above[0]}
    if "true_negatives" in wanted or "false_negatives" in wanted:
        below = sums[:, size:] - above
        found |= {"false_negatives": below[1], "true_negatives": below[0]}
    return found


def _weights(who: str, sample_weight: Any, shape: tuple[int, ...], dtype: str, class_id: int | None) -> Tensor | None:
    """Weights with as many axes as the scores."""
    if sample_weight is None:
        return None
    weight = convert(sample_weight, dtype)
    given = weight.shape
    if weight.size == 1:
        return ops.reshape(weight, (1,) * len(shape))
    if len(given) == len(shape) - 1:
        weight = ops.expand_dims(weight, axis=-1)
    elif len(given) == len(shape) + 1 and given[-1] == 1:
        weight = ops.squeeze(weight, axis=-1)
    fitting = len(weight.shape) == len(shape) and fits(weight.shape, shape)
    if not fitting or any(n != m and n != 1 for n, m in zip(weight.shape, shape, strict=True)):
        raise ShapeError(
            explain(
                f"{who}: the sample weights do not fit the predictions.",
                got=f"predictions of shape {shape}, sample_weight of shape {given}",
                expected=f"weights of shape {shape[:1]}, or that broadcast to {shape}",
                fix="pass one weight per sample"
                if len(shape) < 3
                else f"reshape the weights to {(*given, *(1,) * (len(shape) - len(given)))}",
            )
        )
    if class_id is not None and weight.shape[-1] > 1:
        weight = weight[..., class_id : class_id + 1]
    return weight


def _label_weights(who: str, label_weights: Any, shape: tuple[int, ...], dtype: str) -> Tensor:
    weights = convert(label_weights, dtype)
    if len(weights.shape) != 1 or weights.size not in (1, shape[-1]):
        raise ShapeError(
            explain(
                f"{who}: the label weights do not fit the predictions.",
                got=f"label_weights of shape {weights.shape}, y_pred of shape {shape}",
                expected=f"label_weights of shape {shape[-1:]}: one for each label",
                fix="pass as many label_weights as the last layer has units",
            )
        )
    return weights


def _check_classes(metric: Metric, shape: tuple[int, ...], **named: int) -> None:
    """Whether the scores have enough classes for `top_k` or `class_id`."""
    ((name, value),) = named.items()
    most = shape[-1] - (name == "class_id") if len(shape) > 1 else None
    if most is None or value > most:
        raise ValueError(
            explain(
                f"{type(metric).__name__} '{metric.name}': there are not enough classes for {name}={value}.",
                got=f"{name}={value} for predictions of shape {shape}",
                expected="scores of shape (B, C)" if most is None else f"at most {most}",
                fix=f"leave {name} out" if most is None else f"pass a smaller {name}",
            )
        )
