"""Inverse time decay: the rate falls as one over the steps."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, scalar


class InverseTimeDecay(LearningRateSchedule):
    r"""The rate falls fast at first, then ever more slowly.

    $$ \eta_t = \frac{\eta_0}{1 + \gamma\,t / D} $$

    With `staircase`, $t / D$ is rounded down.

    Args:
        initial_learning_rate: $\eta_0$, the rate at step 0.
        decay_steps: $D$, above 0.
        decay_rate: $\gamma$.
        staircase: Whether the rate changes only every $D$ steps.
        name: Its name.

    Raises:
        ValueError: If `decay_steps` is not above 0.

    Example:
        >>> schedule = InverseTimeDecay(0.8, decay_steps=10, decay_rate=1.0)
        >>> [round(float(schedule(t)), 4) for t in (0, 10, 30)]
        [0.8, 0.4, 0.2]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.name = name
        self.initial_learning_rate = check.number(self, initial_learning_rate=initial_learning_rate)
        self.decay_steps = check.positive(self, decay_steps=decay_steps)
        self.decay_rate = check.number(self, decay_rate=decay_rate)
        self.staircase = check.boolean(self, staircase=staircase)

    def __call__(self, step: Any) -> Tensor:
        """The rate at a step, as a scalar of `floatx()`."""
        p = scalar(step) / self.decay_steps
        if self.staircase:
            p = ops.floor(p)
        return self.initial_learning_rate / (1 + self.decay_rate * p)
