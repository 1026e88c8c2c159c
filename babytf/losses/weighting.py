"""Bringing targets, predictions and weights to shapes that fit, and reducing per-sample values.

Losses and metrics share these rules. Read `base.py` next.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import ops
from babytf.engine import Tensor, convert
from babytf.errors import DTypeError, ShapeError, explain

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


def keras_mask(x: Any) -> Any:
    """The mask that travels with a tensor: True where an entry counts; `None` if all do."""
    return getattr(x, "_keras_mask", None)


def squeeze_or_expand_to_same_rank(x1: Tensor, x2: Tensor, expand_rank_1: bool = True) -> tuple[Tensor, Tensor]:
    """Add or drop a last axis of size 1 where one tensor has one axis more than the other.

    Args:
        x1: For example `(B,)`.
        x2: For example `(B, 1)`.
        expand_rank_1: Whether a tensor of one axis gains an axis (then both are `(B, 1)`) in place of the
            other losing its last one.

    Returns:
        Both, of one rank where that was possible, otherwise as they came.
    """
    if len(x1.shape) == len(x2.shape) + 1 and x1.shape[-1] == 1:
        if len(x2.shape) == 1 and expand_rank_1:
            return x1, ops.expand_dims(x2, axis=-1)
        return ops.squeeze(x1, axis=-1), x2
    if len(x2.shape) == len(x1.shape) + 1 and x2.shape[-1] == 1:
        if len(x1.shape) == 1 and expand_rank_1:
            return ops.expand_dims(x1, axis=-1), x2
        return x1, ops.squeeze(x2, axis=-1)
    return x1, x2


def fits(shape_1: tuple[int, ...], shape_2: tuple[int, ...]) -> bool:
    """Whether two shapes broadcast to one."""
    return all(a == b or 1 in (a, b) for a, b in zip(reversed(shape_1), reversed(shape_2), strict=False))


def present(who: str, y_true: Any) -> Any:
    """The target, which must be there.

    Raises:
        ValueError: If it is `None`.
    """
    if y_true is None:
        raise ValueError(
            explain(
                f"{who} has no target to compare with.",
                got="y_true=None",
                expected="one target for each output that has a loss or a metric",
                fix="pass y, or leave this loss or metric out with None",
            )
        )
    return y_true


def pair(who: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Target and prediction as tensors of the prediction's dtype and of one rank.

    Args:
        who: Name of the loss or metric, for messages.
        y_true: `(B, ...)`.
        y_pred: `(B, ...)`.

    Raises:
        ShapeError: If the shapes do not broadcast.
        ValueError: If there is no target.
    """
    y_pred = convert(y_pred)
    y_true = convert(present(who, y_true), y_pred.dtype)
    true_shape, pred_shape = y_true.shape, y_pred.shape
    y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
    if not fits(y_true.shape, y_pred.shape):
        raise shape_error(who, true_shape, pred_shape, f"y_true of shape {pred_shape}")
    return y_true, y_pred


def shape_error(
    who: str, true_shape: tuple[int, ...], pred_shape: tuple[int, ...], expected: str, fix: str | None = None
) -> ShapeError:
    """The error for a target that does not fit the prediction."""
    if fix is None and true_shape[:1] != pred_shape[:1]:
        fix = "give y as many rows as the model's output has"
    return ShapeError(
        explain(
            f"{who}: the target does not fit the prediction.",
            got=f"y_true of shape {true_shape}, y_pred of shape {pred_shape}",
            expected=expected,
            fix=fix or "change the targets, or the number of units of the last layer",
        )
    )


def integer_axis(who: str, axis: Any) -> int:
    """An axis that is one integer.

    Raises:
        ValueError: If it is something else.
    """
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise ValueError(explain(f"{who}: bad `axis`.", got=f"axis={axis!r}", expected="an integer", fix="axis=-1"))
    return int(axis)


def apply_mask(sample_weight: Any, mask: Any, dtype: Any, reduction: str | None) -> Any:
    """Fold a mask into the sample weights.

    For the mean reductions the entries that count weigh `total / valid`, so that a mean over all entries
    is a mean over the valid ones.

    Args:
        sample_weight: Weights or `None`.
        mask: True where an entry counts, or `None`.
        dtype: Dtype of the result.
        reduction: How the loss will be reduced.

    Returns:
        Weights, or `None` if both are.
    """
    if mask is None:
        return sample_weight
    mask = convert(mask)
    weight = ops.cast(mask, dtype)
    if reduction in ("mean", "sum_over_batch_size"):
        valid = ops.sum(weight)
        each = ops.divide_no_nan(convert(float(mask.size), dtype), valid)
        weight = ops.where(ops.cast(mask, "bool"), each, convert(0.0, dtype))
    if sample_weight is None:
        return weight
    weight, sample_weight = squeeze_or_expand_to_same_rank(weight, convert(sample_weight, dtype))
    return sample_weight * weight


def reduce_weighted_values(
    values: Any,
    sample_weight: Any = None,
    mask: Any = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: Any = None,
    who: str = "loss",
) -> Tensor:
    """Weight per-sample values and reduce them.

    Args:
        values: `(B, ...)`, one or more per sample, or a scalar.
        sample_weight: Weights that broadcast with `values`, `(B,)` as a rule; or `None`.
        mask: True where a value counts; or `None`.
        reduction: `"sum"`; `"sum_over_batch_size"` and `"mean"`, the sum divided by the number of values;
            `"mean_with_sample_weight"`, the sum divided by the sum of the weights; `"none"` or `None`.
        dtype: Dtype of the result.
        who: Name of the loss, for messages.

    Raises:
        ShapeError: If the weights do not fit the values.
    """
    values = convert(values, dtype)
    if sample_weight is not None:
        sample_weight = convert(sample_weight, values.dtype)
    sample_weight = apply_mask(sample_weight, mask, values.dtype, reduction)
    if sample_weight is not None:
        value_shape, weight_shape = values.shape, sample_weight.shape
        values, sample_weight = squeeze_or_expand_to_same_rank(values, sample_weight)
        if not fits(values.shape, sample_weight.shape):
            raise _weights_do_not_fit(who, value_shape, weight_shape)
        values = values * sample_weight
    if reduction in (None, "none") or values.shape in ((), (0,)):
        return values
    if reduction == "sum" or values.size == 0:
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and sample_weight is not None:
        return ops.divide_no_nan(ops.sum(values), ops.sum(sample_weight))
    return ops.mean(values)


def _weights_do_not_fit(who: str, value_shape: tuple[int, ...], weight_shape: tuple[int, ...]) -> ShapeError:
    if len(value_shape) > 1 and weight_shape == value_shape[:1]:
        fix = f"reshape the weights to {(*weight_shape, *(1,) * (len(value_shape) - 1))}"
    elif value_shape[:1] != weight_shape[:1]:
        fix = "return one value per sample from the loss (reduce axis -1, not axis 0), and pass one weight per sample"
    else:
        fix = "pass one weight per sample"
    return ShapeError(
        explain(
            f"{who}: the sample weights do not fit the loss values.",
            got=f"loss values of shape {value_shape}, sample_weight of shape {weight_shape}",
            expected=f"weights that broadcast to {value_shape}",
            fix=fix,
        )
    )


def per_sample(who: str, values: Any, dtype: Any) -> Tensor:
    """What a loss or metric function returned, as a tensor.

    Raises:
        TypeError: If it is not numeric: nothing was returned, or a tuple of several things.
    """
    try:
        if values is None:
            raise TypeError("nothing was returned")
        return convert(values, dtype)
    except (TypeError, ValueError) as error:
        if not isinstance(error, DTypeError) and not isinstance(values, (tuple, list, dict, str, type(None))):
            raise
        shown = "None" if values is None else f"a {type(values).__name__}"
        raise TypeError(
            explain(
                f"{who} did not return per-sample values.",
                got=shown,
                expected="a tensor of shape (B,): one value for each sample",
                fix="`return ops.mean(…, axis=-1)` at the end of the function",
            )
        ) from error
