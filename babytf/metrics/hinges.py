"""Hinges as metrics: how far predictions are from the right side of a margin of 1."""

from __future__ import annotations

from typing import Any

from babytf.losses import categorical_hinge, hinge, squared_hinge
from babytf.metrics.mean import MeanMetricWrapper


class Hinge(MeanMetricWrapper):
    r"""Mean hinge of targets -1 or 1; targets 0 or 1 count as -1 or 1.

    $$ \max(0, 1 - y \hat y) $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> round(Hinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).item(), 4)
        1.3
    """

    def __init__(self, name: str | None = "hinge", dtype: Any = None):
        super().__init__(hinge, name=name, dtype=dtype)


class SquaredHinge(MeanMetricWrapper):
    r"""Mean squared hinge of targets -1 or 1; targets 0 or 1 count as -1 or 1.

    $$ \max(0, 1 - y \hat y)^2 $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> round(SquaredHinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).item(), 4)
        1.86
    """

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None):
        super().__init__(squared_hinge, name=name, dtype=dtype)


class CategoricalHinge(MeanMetricWrapper):
    r"""Mean hinge between the score of the target's class and the best of the others; targets one-hot.

    $$ \max(0, 1 + \max_c (1 - y_c) \hat y_c - \sum_c y_c \hat y_c) $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> round(CategoricalHinge()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).item(), 4)
        1.4
    """

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None):
        super().__init__(categorical_hinge, name=name, dtype=dtype)
