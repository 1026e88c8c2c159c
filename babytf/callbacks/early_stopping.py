"""`EarlyStopping`: stop when it gets no better."""

from __future__ import annotations

import sys
from typing import Any

from babytf.callbacks.monitor_callback import MonitorCallback

_REMEMBERED = ("wait", "stopped_epoch", "best", "best_weights", "best_epoch")


class EarlyStopping(MonitorCallback):
    """Ends `fit` when a quantity has not improved for `patience` epochs.

    Args:
        monitor: Name of the quantity, as in `history`.
        min_delta: A change smaller than this is no improvement.
        patience: Epochs without improvement to wait.
        verbose: 1: say when it stops.
        mode: `"min"`, `"max"` or `"auto"`.
        baseline: Improvements count only beyond this value.
        restore_best_weights: Go back to the weights of the best epoch. The optimizer keeps its last state.
        start_from_epoch: Epochs to leave alone at first.

    Example:
        >>> callback = EarlyStopping(monitor="val_loss", patience=3, restore_best_weights=True)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_weights: Any = None
        self.best_epoch = 0

    def get_state(self) -> dict[str, Any]:
        """What it has seen, and the best weights."""
        return {name: getattr(self, name) for name in _REMEMBERED}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to that."""
        self.__dict__.update({name: state[name] for name in _REMEMBERED})

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        current = self._current(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self.best_weights, self.best_epoch = self.model.get_weights(), epoch
        self.wait += 1
        if self._better(current, self.best):
            self.best, self.best_epoch = current, epoch
            if self.restore_best_weights:
                self.best_weights = self.model.get_weights()
            if self._better(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            sys.stdout.write(f"Epoch {self.stopped_epoch + 1}: early stopping\n")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                sys.stdout.write(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.\n")
            self.model.set_weights(self.best_weights)
