"""`class_weight`: a weight per class, as a weight per sample."""

from __future__ import annotations

import numbers
from typing import Any

import numpy as np

from babytf import config
from babytf.errors import explain


def class_weight_to_sample_weights(y: np.ndarray, class_weight: dict[int, float]) -> np.ndarray:
    """The weight of each sample's class.

    Args:
        y: Integer classes of shape `(B,)` or `(B, 1)`, or one-hot rows `(B, C)`.
        class_weight: Weight by class; a class that is not in it weighs 1.

    Returns:
        `(B,)`, of dtype `floatx`.

    Example:
        >>> class_weight_to_sample_weights(np.array([0, 1, 2]), {1: 5.0})
        array([1., 5., 1.], dtype=float32)
    """
    classes = np.asarray(y)
    if classes.ndim > 1:
        classes = classes.argmax(axis=-1) if classes.shape[-1] != 1 else classes[..., 0]
    if classes.ndim != 1:
        raise ValueError(
            explain(
                "`class_weight` takes one class per sample.",
                got=f"y of shape {np.shape(y)}",
                expected="y of shape (B,), (B, 1) or one-hot (B, C)",
                fix="pass sample_weight, with the shape of the per-sample losses",
            )
        )
    present, where = np.unique(np.round(classes).astype("int64"), return_inverse=True)
    weights = np.array([class_weight.get(int(c), 1.0) for c in present], dtype=config.floatx())
    return weights[where.reshape(-1)]


def check_class_weight(class_weight: Any) -> None:
    """Refuse what is no `{class: weight}`."""
    if class_weight is None:
        return
    if isinstance(class_weight, dict) and all(
        isinstance(k, numbers.Real) and isinstance(v, numbers.Real) for k, v in class_weight.items()
    ):
        return
    raise ValueError(
        explain(
            "`class_weight` maps class numbers to weights.",
            got=f"class_weight={class_weight!r}",
            expected="a dict such as {0: 1.0, 1: 5.0}",
            fix="dict(enumerate(weights)) makes one from a list",
        )
    )
