"""Gradients before they are used: one per variable, of its shape, and not too long."""

from __future__ import annotations

import warnings
from typing import Any

from babytf import ops
from babytf.engine import Tensor, Variable, convert
from babytf.errors import ShapeError, explain
from babytf.optimizers.state import Block

Pairs = list[tuple[Tensor, Variable]]


def existing(owner: str, grads: list[Any], variables: list[Variable]) -> Pairs:
    """The pairs of a gradient and its variable that have a gradient; a warning names the others.

    Raises:
        ValueError: If numbers differ, or every gradient is `None`.
        ShapeError: If a gradient does not have its variable's shape.
    """
    if len(variables) != len(grads):
        raise ValueError(
            explain(
                f"{owner}: there must be one gradient per variable.",
                got=f"{len(grads)} gradients, {len(variables)} variables",
                fix="grads = tape.gradient(loss, variables)",
            )
        )
    missing = [v.path for g, v in zip(grads, variables, strict=True) if g is None]
    if len(missing) == len(variables):
        raise ValueError(
            explain(
                f"{owner}: no gradients provided for any variable.",
                got=f"None for {', '.join(missing)}",
                expected="a loss that depends on the trainable variables",
                fix="compute the loss inside the GradientTape, from the model's outputs",
            )
        )
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables {missing} when minimizing the loss: it does not depend on them.",
            stacklevel=4,
        )
    return [(_shaped(owner, g, v), v) for g, v in zip(grads, variables, strict=True) if g is not None]


def _shaped(owner: str, gradient: Any, variable: Variable) -> Tensor:
    g = convert(gradient, variable.dtype)
    if g.shape != variable.shape:
        raise ShapeError(
            explain(
                f"{owner}: the gradient of {variable.path!r} has another shape than the variable.",
                got=g.shape,
                expected=variable.shape,
            )
        )
    return g


def clip_by_value(gradients: list[Tensor], limit: float) -> list[Tensor]:
    """No element beyond `-limit` and `limit`."""
    return [ops.clip(g, -limit, limit) for g in gradients]


def clip_by_norm(blocks: list[Block], gradients: list[Tensor], limit: float) -> list[Tensor]:
    """Each weight's gradient scaled down to a norm of at most `limit`."""
    return [
        block.join([g * _shrink(ops.sum(ops.square(g)), limit) for g in block.split(whole)])
        for block, whole in zip(blocks, gradients, strict=True)
    ]


def clip_by_global_norm(gradients: list[Tensor], limit: float) -> list[Tensor]:
    """All gradients scaled down by one factor, to a norm of at most `limit` all together."""
    total = ops.sum(ops.square(gradients[0]))
    for g in gradients[1:]:
        total = total + ops.sum(ops.square(g))
    factor = _shrink(total, limit)
    return [g * convert(factor, g.dtype) for g in gradients]


def _shrink(square: Tensor, limit: float) -> Tensor:
    """The factor that takes an array, of which the sum of squares is given, to a norm of at most `limit`.

    An infinite norm gives NaN, so that a broken gradient shows everywhere.
    """
    norm = ops.sqrt(square)
    return limit / ops.maximum(norm, limit) + (norm - norm)
