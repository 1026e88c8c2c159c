"""`History`: what `fit` returns."""

from __future__ import annotations

from typing import Any

from babytf.callbacks.callback import Callback


class History(Callback):
    """Keeps the results of every epoch. `fit` adds one and returns it.

    Attributes:
        history: Lists of Python floats by name, one value per epoch: `loss`, metrics, `val_loss`, …
        epoch: The epochs run, from 0.
        params: `{"verbose", "epochs", "steps"}`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self
