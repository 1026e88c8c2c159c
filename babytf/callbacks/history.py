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

    def get_state(self) -> dict[str, Any]:
        """The results so far."""
        return {"epoch": self.epoch, "history": self.history}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to those."""
        self.epoch, self.history = list(state["epoch"]), {name: list(v) for name, v in state["history"].items()}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        self.model.history = self
