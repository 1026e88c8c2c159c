"""Cosine decay that starts again and again."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, scalar


class CosineDecayRestarts(LearningRateSchedule):
    r"""`CosineDecay` in periods, each longer and lower than the one before by given factors.

    Period $i$, from 0, lasts $D\,T^i$ steps. At the fraction $f$ of it

    $$ \eta_t = \eta_0\left((1 - \alpha)\,M^i\,\frac{1 + \cos(\pi f)}{2} + \alpha\right) $$

    where $i = \lfloor \log_T(1 - (1 - T)\,t / D) \rfloor$ and
    $f = \left(\frac{t}{D} - \frac{1 - T^i}{1 - T}\right) / T^i$; for $T = 1$, $i = \lfloor t / D \rfloor$ and
    $f = t / D - i$.

    Args:
        initial_learning_rate: $\eta_0$, the rate at step 0.
        first_decay_steps: $D$, above 0: steps of the first period.
        t_mul: $T$, above 0: factor from period to period on the number of steps.
        m_mul: $M$: factor from period to period on the rate at the start.
        alpha: $\alpha$: the lowest rate, as a fraction of $\eta_0$.
        name: Its name.

    Raises:
        ValueError: If `first_decay_steps` or `t_mul` is not above 0.

    Source:
        Loshchilov & Hutter (2017), section 3.

    Example:
        >>> schedule = CosineDecayRestarts(0.8, first_decay_steps=10, m_mul=0.5)
        >>> [round(float(schedule(t)), 4) for t in (0, 5, 10, 20, 30)]
        [0.8, 0.4, 0.4, 0.2, 0.2]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.name = name
        self.initial_learning_rate = check.number(self, initial_learning_rate=initial_learning_rate)
        self.first_decay_steps = check.positive(self, first_decay_steps=first_decay_steps)
        self.t_mul = check.positive(self, t_mul=t_mul)
        self.m_mul = check.number(self, m_mul=m_mul)
        self.alpha = check.number(self, alpha=alpha)

    def __call__(self, step: Any) -> Tensor:
        """The rate at a step, as a scalar of `floatx()`."""
        fraction = scalar(step) / self.first_decay_steps
        if self.t_mul == 1:
            period = ops.floor(fraction)
            fraction = fraction - period
        else:
            growth = scalar(self.t_mul)
            period = ops.floor(ops.log(1 - fraction * (1 - growth)) / ops.log(growth))
            length = growth**period
            fraction = (fraction - (1 - length) / (1 - growth)) / length
        cosine = 0.5 * self.m_mul**period * (1 + ops.cos(np.pi * fraction))
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)
