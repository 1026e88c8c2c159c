"""Labels as one-hot rows, and rows of length one."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, ops
from babytf.errors import explain


def to_categorical(x: Any, num_classes: int | None = None) -> Any:
    """Integer labels as rows with a single 1.

    Args:
        x: Labels from 0 to `num_classes - 1`, of any shape; a last axis of size 1 is dropped.
        num_classes: How many classes there are; `None` means the largest label plus one.

    Returns:
        An array with one more axis, of size `num_classes`. A Tensor for a Tensor.

    Raises:
        ValueError: If a label is out of range, or there are no labels to count the classes by.

    Example:
        >>> to_categorical([0, 2])
        array([[1., 0., 0.],
               [0., 0., 1.]])
    """
    num_classes = check.optional_positive_int("to_categorical", num_classes=num_classes)
    labels = np.asarray(x)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels.reshape(labels.shape[:-1])
    if labels.dtype.kind not in "iubf" or (labels.size and (labels != np.floor(labels)).any()):
        raise ValueError(
            explain(
                "to_categorical takes integer labels.", got=f"{labels.dtype} {labels.ravel()[:4]}", fix="round them"
            )
        )
    labels = labels.astype("int64")
    if num_classes is None:
        if labels.size == 0:
            raise ValueError(
                explain("no labels to count the classes by.", got="an empty array", fix="pass num_classes")
            )
        num_classes = int(labels.max()) + 1
    if labels.size and not (0 <= labels.min() and labels.max() < num_classes):
        raise ValueError(
            explain(
                "a label is out of range.",
                got=f"labels from {labels.min()} to {labels.max()}",
                expected=f"0 to {num_classes - 1}",
                fix="pass a larger num_classes" if labels.min() >= 0 else "count classes from 0",
            )
        )
    if ops.is_tensor(x):
        return ops.one_hot(ops.convert_to_tensor(labels), num_classes)
    rows = np.zeros((*labels.shape, num_classes))
    np.put_along_axis(rows, labels[..., None], 1, axis=-1)
    return rows


def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    r"""Divide by the norm along an axis: $x / \lVert x \rVert$; what is all zero stays zero.

    Args:
        x: Array or Tensor.
        axis: The axis along which the norm is taken.
        order: Which norm, 2 for the Euclidean one.

    Returns:
        An array of the same shape; a Tensor for a Tensor.

    Example:
        >>> normalize(np.array([3.0, 4.0]))
        array([0.6, 0.8])
    """
    if ops.is_tensor(x):
        return ops.normalize(x, axis=axis, order=order)
    x = np.asarray(x)
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    return x / np.where(norm == 0, 1, norm)
