"""Piecewise constant decay: a list of rates, and the steps at which they change."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, convert
from babytf.errors import explain
from babytf.optimizers.schedules.learning_rate_schedule import LearningRateSchedule, scalar


class PiecewiseConstantDecay(LearningRateSchedule):
    r"""One rate up to a step, another up to the next, and so on.

    $$ \eta_t = v_i \quad\text{for}\quad b_{i-1} < t \le b_i $$

    Args:
        boundaries: $b_0 < b_1 < \dots$: the last step of each rate but the last.
        values: $v_0, v_1, \dots$: the rates, one more than boundaries.
        name: Its name.

    Raises:
        ValueError: If there is not one value more than boundaries, or boundaries do not rise.

    Example:
        >>> schedule = PiecewiseConstantDecay([10, 20], [0.5, 0.2, 0.1])
        >>> [round(float(schedule(t)), 4) for t in (0, 10, 11, 20, 21)]
        [0.5, 0.5, 0.2, 0.2, 0.1]
    """

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        self.name = name
        self.boundaries = [check.number(self, boundaries=b) for b in boundaries]
        self.values = [check.number(self, values=v) for v in values]
        if len(self.boundaries) != len(self.values) - 1:
            raise ValueError(
                explain(
                    f"PiecewiseConstantDecay '{name}': there must be one value more than boundaries.",
                    got=f"{len(self.boundaries)} boundaries, {len(self.values)} values",
                    expected=f"{len(self.boundaries) + 1} values",
                    fix="PiecewiseConstantDecay(boundaries=[1000, 2000], values=[0.1, 0.05, 0.01])",
                )
            )
        if any(b >= after for b, after in itertools.pairwise(self.boundaries)):
            raise ValueError(
                explain(
                    f"PiecewiseConstantDecay '{name}': boundaries must rise.",
                    got=f"boundaries={self.boundaries}",
                    fix="put them, and the values, in the order of steps",
                )
            )

    def __call__(self, step: Any) -> Tensor:
        """The rate at a step, as a scalar of `floatx()`."""
        step = convert(step)
        rate = scalar(self.values[-1])
        for boundary, value in zip(reversed(self.boundaries), reversed(self.values[:-1]), strict=True):
            rate = ops.where(step <= boundary, value, rate)
        return rate
