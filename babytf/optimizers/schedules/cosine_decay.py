"""Cosine decay: half a cosine from the top to the bottom, after a warm-up if asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, scalar


class CosineDecay(LearningRateSchedule):
    r"""Half a cosine from the full rate down to a fraction $\alpha$ of it, in $D$ steps.

    $$ \eta_t = \eta_0\left((1 - \alpha)\,\frac{1 + \cos(\pi \min(t, D) / D)}{2} + \alpha\right) $$

    With a target $\eta_1$ for warm-up, the rate first goes from $\eta_0$ to $\eta_1$ along a line, in $W$ steps; then
    the formula holds with $\eta_1$ in the place of $\eta_0$ and $t - W$ in that of $t$.

    Args:
        initial_learning_rate: $\eta_0$, the rate at step 0.
        decay_steps: $D$, above 0.
        alpha: $\alpha$.
        name: Its name.
        warmup_target: $\eta_1$; `None` for no warm-up.
        warmup_steps: $W$, at least 0.

    Raises:
        ValueError: If `decay_steps` is not above 0, or `warmup_steps` is below 0.

    Source:
        Loshchilov & Hutter (2017), eq. 5; warm-up: Goyal et al. (2017), section 2.2.

    Example:
        >>> schedule = CosineDecay(0.0, decay_steps=10, warmup_target=0.8, warmup_steps=4)
        >>> [round(float(schedule(t)), 4) for t in (0, 2, 4, 9, 14)]
        [0.0, 0.4, 0.8, 0.4, 0.0]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.name = name
        self.initial_learning_rate = check.number(self, initial_learning_rate=initial_learning_rate)
        self.decay_steps = check.positive(self, decay_steps=decay_steps)
        self.alpha = check.number(self, alpha=alpha)
        self.warmup_target = None if warmup_target is None else check.number(self, warmup_target=warmup_target)
        self.warmup_steps = check.non_negative(self, warmup_steps=warmup_steps)

    def __call__(self, step: Any) -> Tensor:
        """The rate at a step, as a scalar of `floatx()`."""
        t = scalar(step)
        if self.warmup_target is None:
            return self._decayed(t, self.initial_learning_rate)
        decayed = self._decayed(t - self.warmup_steps, self.warmup_target)
        if not self.warmup_steps:
            return decayed
        rise = scalar(self.warmup_target) - self.initial_learning_rate
        rising = rise * (t / self.warmup_steps) + self.initial_learning_rate
        return ops.where(t < self.warmup_steps, rising, decayed)

    def _decayed(self, t: Tensor, top: float) -> Tensor:
        cosine = 0.5 * (1 + ops.cos(np.pi * (ops.minimum(t, self.decay_steps) / self.decay_steps)))
        return top * ((1 - self.alpha) * cosine + self.alpha)
