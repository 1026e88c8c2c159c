"""Polynomial decay: down to an end rate, along a line or another power."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, scalar


class PolynomialDecay(LearningRateSchedule):
    r"""From one rate to another in $D$ steps; the end rate stays from then on.

    $$ \eta_t = (\eta_0 - \eta_1)\left(1 - \frac{\min(t, D)}{D}\right)^p + \eta_1 $$

    With `cycle` the decay starts again: $D$ becomes $D \lceil t / D \rceil$, the next multiple of $D$, and $t$ has no
    bound.

    Args:
        initial_learning_rate: $\eta_0$, the rate at step 0.
        decay_steps: $D$, above 0.
        end_learning_rate: $\eta_1$.
        power: $p$; 1 for a line.
        cycle: Whether to start again after $D$ steps.
        name: Its name.

    Raises:
        ValueError: If `decay_steps` is not above 0.

    Example:
        >>> schedule = PolynomialDecay(0.9, decay_steps=10, end_learning_rate=0.1)
        >>> [round(float(schedule(t)), 4) for t in (0, 5, 10, 99)]
        [0.9, 0.5, 0.1, 0.1]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.name = name
        self.initial_learning_rate = check.number(self, initial_learning_rate=initial_learning_rate)
        self.decay_steps = check.positive(self, decay_steps=decay_steps)
        self.end_learning_rate = check.number(self, end_learning_rate=end_learning_rate)
        self.power = check.number(self, power=power)
        self.cycle = check.boolean(self, cycle=cycle)

    def __call__(self, step: Any) -> Tensor:
        """The rate at a step, as a scalar of `floatx()`."""
        t, steps = scalar(step), scalar(self.decay_steps)
        if self.cycle:
            steps = steps * ops.where(ops.equal(t, 0), 1.0, ops.ceil(t / steps))
        else:
            t = ops.minimum(t, steps)
        span = scalar(self.initial_learning_rate) - self.end_learning_rate
        return span * (1 - t / steps) ** self.power + self.end_learning_rate
