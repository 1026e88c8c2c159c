"""Crossentropies, one value per sample, from logits or from probabilities. Next: `numpy_protocol.py`.

Probabilities are held within `[epsilon, 1 - epsilon]` before the logarithm, as in Keras.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import config
from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.arithmetic import clip
from babytf.ops.elementary import log
from babytf.ops.operands import floating, one_axis, to_dtype
from babytf.ops.reduction import sum
from babytf.ops.shaping import moveaxis, reshape


def _same_shape(name: str, target: Tensor, output: Tensor) -> None:
    if target.shape != output.shape:
        raise ShapeError(
            explain(
                f"{name}: target and output differ in shape.",
                got=f"target of shape {target.shape}, output of shape {output.shape}",
                expected="the same shape",
                fix="integer labels go with sparse_categorical_crossentropy"
                if name.startswith("cat") and target.ndim < output.ndim
                else "reshape one of them",
            )
        )


def _clipped(p: Tensor) -> Tensor:
    epsilon = config.epsilon()
    return clip(p, epsilon, 1.0 - epsilon)


def _needs_axes(name: str, output: Tensor) -> None:
    if output.ndim < 1:
        raise ShapeError(explain(f"{name}: the output is a scalar.", expected="at least one axis"))


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    r"""$-y \ln p - (1 - y) \ln(1 - p)$, for each element.

    Args:
        target: What is true, from 0 to 1.
        output: Probabilities $p$, or their logits; same shape.
        from_logits: Whether `output` holds logits.

    Raises:
        ShapeError: If the shapes differ.
    """
    output = floating(output)
    target = to_dtype(target, output.dtype)
    _same_shape("binary_crossentropy", target, output)
    if from_logits:
        return bind("binary_crossentropy", output, target)
    p = _clipped(output)
    q = 1.0 - p
    return bind("two_class_crossentropy", output, p, q, log(p), log(q), target)


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    r"""$-\sum_k y_k \ln p_k$, for each sample.

    Args:
        target: Probabilities of the classes, such as one-hot rows.
        output: Predicted probabilities $p$, or their logits; same shape.
        from_logits: Whether `output` holds logits.
        axis: The axis of the classes.

    Raises:
        ShapeError: If the shapes differ.
    """
    output = floating(output)
    target = to_dtype(target, output.dtype)
    _same_shape("categorical_crossentropy", target, output)
    _needs_axes("categorical_crossentropy", output)
    axis = one_axis(axis, output.ndim)
    if from_logits:
        log_p = bind("log_softmax", output, axis=axis)
        return bind("categorical_crossentropy", output, log_p, target, axis=axis)
    total = sum(output, axis, keepdims=True)
    shares = output / total
    clipped = _clipped(shares)
    return bind("shares_crossentropy", output, total, shares, clipped, log(clipped), target, axis=axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Tensor:
    r"""$-\ln p_k$ of the true class $k$, for each sample.

    Args:
        target: Classes as integers, of the output's shape without the axis of the classes (or with size 1 there).
        output: Predicted probabilities $p$, or their logits.
        from_logits: Whether `output` holds logits.
        axis: The axis of the classes.

    Raises:
        ShapeError: If the shapes do not fit.
        ValueError: If a label is out of range.
    """
    output, target = floating(output), convert(target)
    if target.dtype.kind != "i":
        target = to_dtype(target, np.dtype("int32"))
    _needs_axes("sparse_categorical_crossentropy", output)
    axis = one_axis(axis, output.ndim)
    if axis != output.ndim - 1:
        output = moveaxis(output, axis, -1)
    if target.ndim == output.ndim and target.shape[-1] == 1:
        target = reshape(target, target.shape[:-1])
    if target.shape != output.shape[:-1]:
        raise ShapeError(
            explain(
                "sparse_categorical_crossentropy: target and output do not fit.",
                got=f"target of shape {target.shape}, output of shape {output.shape}",
                expected=f"target of shape {output.shape[:-1]}, holding integers",
                fix="one-hot targets go with categorical_crossentropy"
                if target.shape == output.shape
                else "give one integer label per sample",
            )
        )
    if from_logits:
        log_p = bind("log_softmax", output, axis=output.ndim - 1)
        return bind("sparse_crossentropy", output, log_p, target)
    total = sum(output, -1)
    share = bind("pick", output, target) / total
    return bind("share_crossentropy", output, total, share, _clipped(share), target)
