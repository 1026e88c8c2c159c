"""`LearningRateSchedule`: a learning rate that depends on the step. Subclass it for a rule of your own."""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.engine import Tensor
from babytf.errors import explain
from babytf.serialization import Configurable


class LearningRateSchedule(Configurable):
    """Base of the schedules; override `__call__(step)`.

    The step is a scalar integer tensor, counted from 0 and one per batch; write the rule with `babytf.ops` or NumPy
    functions, so that one recorded training step serves every value of it.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __init__(self, start):
        ...         self.start = start
        ...     def __call__(self, step):
        ...         return self.start * 0.5 ** step
        >>> float(Halving(0.8)(2))
        0.2
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step.

        Args:
            step: Number of batches before this one, a scalar integer tensor.
        """
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} has no `__call__(step)`.",
                expected="a schedule that overrides it",
                fix="def __call__(self, step): return 0.1 / (1.0 + 0.01 * step)",
            )
        )


def scalar(x: Any) -> Tensor:
    """A step or a number as a tensor of `floatx()`, in which the schedules compute."""
    return ops.cast(x, config.floatx())
