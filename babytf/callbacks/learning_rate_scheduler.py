"""`LearningRateScheduler`: a learning rate for every epoch."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from babytf.callbacks import learning_rates
from babytf.callbacks.callback import Callback
from babytf.engine import Tensor
from babytf.errors import explain


class LearningRateScheduler(Callback):
    """Sets the learning rate at the start of each epoch; the history gets it as `learning_rate`.

    For a rate that changes from step to step, give the optimizer one of `optimizers.schedules`.

    Args:
        schedule: `f(epoch, learning_rate)`, which returns the new rate, a float; epochs count from 0. The older
            form `f(epoch)` works too.
        verbose: 1: say what is set.

    Raises:
        ValueError: In `fit`, if the function returns no float.

    Example:
        >>> callback = LearningRateScheduler(lambda epoch, rate: rate if epoch < 10 else rate * 0.9)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, optimizer in learning_rates.optimizers_of(self.model):
            arguments = (epoch, float(optimizer.learning_rate))[: _number_of_arguments(self.schedule)]
            rate = self.schedule(*arguments)
            if not isinstance(rate, (float, np.floating)) and not _is_float_scalar(rate):
                raise ValueError(
                    explain(
                        "LearningRateScheduler: the schedule returns no learning rate.",
                        got=f"{rate!r} for epoch {epoch}",
                        expected="a float",
                        fix="return float(…)",
                    )
                )
            optimizer.learning_rate = float(rate)
            if self.verbose > 0:
                label = learning_rates.label(name, optimizer)
                sys.stdout.write(f"\nEpoch {epoch + 1}: LearningRateScheduler sets the {label} to {float(rate)}.\n")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        learning_rates.report(self.model, {} if logs is None else logs)


def _number_of_arguments(schedule: Callable[..., Any]) -> int:
    """2, or 1 for a function of the epoch alone."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return 1
    except ValueError:  # a builtin that does not say
        return 2
    return 2


def _is_float_scalar(rate: Any) -> bool:
    return isinstance(rate, (np.ndarray, Tensor)) and rate.shape == () and rate.dtype.kind == "f"
