"""How well predicted distributions match: Kullback-Leibler and Poisson. Crossentropies are in `crossentropy.py`."""

from __future__ import annotations

from typing import Any

from babytf.losses import kl_divergence, poisson
from babytf.metrics.mean import MeanMetricWrapper


class KLDivergence(MeanMetricWrapper):
    r"""Mean Kullback-Leibler divergence of predictions from targets, both clipped to $[\epsilon, 1]$.

    $$ \sum_c y_c \ln\frac{y_c}{\hat y_c} $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> round(KLDivergence()([[0, 1], [0, 0]], [[0.6, 0.4], [0.4, 0.6]]).item(), 4)
        0.4581
    """

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None):
        super().__init__(kl_divergence, name=name, dtype=dtype)


class Poisson(MeanMetricWrapper):
    r"""Mean negative log-likelihood of counts under a Poisson distribution, up to a constant.

    $$ \tfrac{1}{D}\sum_d (\hat y_d - y_d \ln(\hat y_d + \epsilon)) $$

    Args:
        name: Name of the metric.
        dtype: Dtype to accumulate in; `floatx()` by default.

    Example:
        >>> round(Poisson()([[0, 1], [0, 0]], [[1, 1], [0, 0]]).item(), 4)
        0.5
    """

    def __init__(self, name: str | None = "poisson", dtype: Any = None):
        super().__init__(poisson, name=name, dtype=dtype)
