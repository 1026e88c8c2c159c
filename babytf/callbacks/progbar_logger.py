"""`ProgbarLogger`: the progress that `verbose` asks for."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from babytf.callbacks.callback import Callback
from babytf.callbacks.logs import batch_hook
from babytf.callbacks.progbar import Progbar

SECONDS_BETWEEN_DRAWINGS = 0.1


class ProgbarLogger(Callback):
    """Shows loss and metrics while `fit`, `evaluate` or `predict` runs. Validation within `fit` is silent.

    It looks at the clock in every step, and at numbers only when it draws.
    """

    def __init__(self) -> None:
        super().__init__()
        self.verbose = 1
        self.epochs = 1
        self.target: int | None = None
        self.progbar: Progbar | None = None
        self._seen = 0
        self._next = 0.0
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs", 1)
        self.target = params.get("steps")

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._in_fit = True

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._in_fit = False
        self.close()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.verbose and self.epochs > 1:
            sys.stdout.write(f"Epoch {epoch + 1}/{self.epochs}\n")
        self._open()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._finish(logs)

    @batch_hook()
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._seen = batch + 1
        if time.perf_counter() >= self._next:
            self._show(logs)

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        if not self._in_fit:
            self._open()

    @batch_hook()
    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        if not self._in_fit:
            self._seen = batch + 1
            if time.perf_counter() >= self._next:
                self._show(logs)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._open()

    def on_predict_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._seen = batch + 1
        if time.perf_counter() >= self._next:
            self._show(None)

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        self._finish(None)

    def close(self) -> None:
        """Leave the screen in order."""
        if self.progbar is not None:
            self.progbar.close()
            self.progbar = None
        self._in_fit = False

    def _open(self) -> None:
        self._seen = 0
        self._next = 0.0
        self.progbar = Progbar(self.target, verbose=self.verbose, interval=0.0, stateless_metrics=())

    def _show(self, logs: Mapping[str, Any] | None) -> None:
        self._next = time.perf_counter() + SECONDS_BETWEEN_DRAWINGS
        if self.verbose == 1 and self.progbar is not None and self.progbar.due():
            self.progbar.update(self._seen, _pairs(logs), finalize=False)

    def _finish(self, logs: Mapping[str, Any] | None) -> None:
        if self.progbar is None:
            return
        if self.target is None:
            self.target = self.progbar.target = self._seen  # the first epoch has counted it
        self.progbar.update(self._seen, _pairs(logs), finalize=True)
        self.progbar = None


def _pairs(logs: Mapping[str, Any] | None) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in sorted((logs or {}).items()):
        if isinstance(value, Mapping):
            pairs.extend(_pairs(value))
        else:
            try:
                pairs.append((name, float(value)))
            except (TypeError, ValueError):
                pairs.append((name, value))
    return pairs
