"""`ReduceLROnPlateau`: a smaller learning rate when it gets no better."""

from __future__ import annotations

import sys
import warnings
from typing import Any

import numpy as np

from babytf import check
from babytf.callbacks import learning_rates
from babytf.callbacks.monitor_callback import MonitorCallback
from babytf.errors import explain

_REMEMBERED = ("best", "wait", "cooldown_counter")


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by a factor when a quantity has not improved for `patience` epochs.

    The history gets the rate that each epoch was run with, as `learning_rate`.

    Args:
        monitor: Name of the quantity, as in `history`.
        factor: What the rate is multiplied by; below 1.
        patience: Epochs without improvement to wait.
        verbose: 1: say when the rate falls.
        mode: `"min"`, `"max"` or `"auto"`: by the metric's own direction.
        min_delta: A change smaller than this is no improvement.
        cooldown: Epochs after a reduction in which none is counted as without improvement.
        min_lr: The rate never falls below this.
        **kwargs: Arguments of old Keras versions; they have no effect, and a warning says so.

    Raises:
        ValueError: If `factor` is 1 or more.

    Example:
        >>> callback = ReduceLROnPlateau(monitor="val_loss", factor=0.2, patience=5, min_lr=0.001)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if check.number(self, factor=factor) >= 1.0:
            raise ValueError(
                explain(
                    "ReduceLROnPlateau: bad `factor`.",
                    got=f"factor={factor!r}",
                    expected="a number below 1",
                    fix="0.1 makes the rate ten times smaller",
                )
            )
        if kwargs:
            warnings.warn(f"ReduceLROnPlateau: {', '.join(kwargs)} has no effect.", UserWarning, stacklevel=2)
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.on_train_begin()

    def get_state(self) -> dict[str, Any]:
        """What it has seen."""
        return {name: getattr(self, name) for name in _REMEMBERED}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to that."""
        self.__dict__.update({name: state[name] for name in _REMEMBERED})

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.best: float | None = None
        self.wait = 0
        self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Whether epochs are not counted as without improvement, so soon after a reduction."""
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = learning_rates.report(self.model, {} if logs is None else logs)
        current = self._current(logs)
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._better(current, self.best):
            self.best, self.wait = current, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and self._reduce(epoch):
                self.cooldown_counter, self.wait = self.cooldown, 0

    def _reduce(self, epoch: int) -> bool:
        """Lower the rates; whether one of them was above the least."""
        reduced = False
        for name, optimizer in learning_rates.optimizers_of(self.model):
            old = float(optimizer.learning_rate)
            if old > np.float32(self.min_lr):
                new = max(old * self.factor, self.min_lr)
                optimizer.learning_rate = new
                reduced = True
                if self.verbose > 0:
                    label = learning_rates.label(name, optimizer)
                    sys.stdout.write(f"\nEpoch {epoch + 1}: ReduceLROnPlateau lowers the {label} to {new}.\n")
        return reduced
