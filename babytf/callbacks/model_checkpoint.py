"""`ModelCheckpoint`: save the model, or its weights, as training goes on."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from babytf import check
from babytf.callbacks.logs import batch_hook
from babytf.callbacks.monitor_callback import MonitorCallback
from babytf.errors import explain

_REMEMBERED = ("best", "_since", "_last")


class ModelCheckpoint(MonitorCallback):
    """Saves the model at the end of epochs, or every so many batches.

    A file appears whole: a reader, or a crash, finds the file from before or the new one.

    Args:
        filepath: Path that ends in `.keras`, or in `.weights.h5` if only weights are saved. It may name the
            epoch (from 1), the batch (from 1) and results: `"{epoch:02d}-{val_loss:.2f}.keras"`.
        monitor: Name of the quantity that says what is best.
        verbose: 1: say when something is saved, and when not.
        save_best_only: Save only when the quantity is better than it ever was.
        save_weights_only: Save the weights and the optimizer's state, without the architecture.
        mode: `"min"`, `"max"` or `"auto"`: by the metric's own direction.
        save_freq: `"epoch"`, or a number: every so many batches, counted across epochs.
        initial_value_threshold: The value to beat first, with `save_best_only`.

    Raises:
        ValueError: If an argument is out of its range.
        KeyError: When saving, if `filepath` names a result that is not there.
        OSError: When saving, if the file cannot be written; the one from before is as it was.

    Example:
        >>> callback = ModelCheckpoint("best.keras", monitor="val_accuracy", mode="max", save_best_only=True)
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = check.boolean(self, save_best_only=save_best_only)
        self.save_weights_only = check.boolean(self, save_weights_only=save_weights_only)
        self.save_freq = save_freq if save_freq == "epoch" else check.positive_int(self, save_freq=save_freq)
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            stem = self.filepath.removesuffix(".weights.h5").removesuffix(".keras").removesuffix(".h5")
            raise ValueError(
                explain(
                    "ModelCheckpoint: bad `filepath`.",
                    got=f"filepath={self.filepath!r}, save_weights_only={save_weights_only}",
                    expected=f"a name that ends in {endings[0]}",
                    fix=f"filepath={stem + endings[0]!r}",
                )
            )
        self._epoch = 0
        self._last = 0
        self._since = 0

    @property
    def _by_batches(self) -> bool:
        return self.save_freq != "epoch"

    def get_state(self) -> dict[str, Any]:
        """The best value so far, and how long ago the last file was written."""
        return {name: getattr(self, name) for name in _REMEMBERED}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to that."""
        self.__dict__.update({name: state[name] for name in _REMEMBERED})

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch, self._last = epoch, 0

    @batch_hook(when="_by_batches")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._since += batch + 1 - self._last
        self._last = batch + 1
        if self._since >= int(self.save_freq):
            self._since = 0
            self._save(self._epoch, batch, dict(logs or {}))

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        path = self._path(epoch, batch, logs)
        if not self._is_wanted(epoch, logs, path):
            return
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            if os.path.isdir(path):
                raise IsADirectoryError(21, "is a directory")
            if self.save_weights_only:
                self.model.save_weights(path, overwrite=True)
            else:
                self.model.save(path, overwrite=True)
        except OSError as error:
            text = f"ModelCheckpoint could not write {path} ({error.strerror or error})."
            fix = "make room or choose another path; a file from before is as it was"
            raise type(error)(error.errno, explain(text, got=f"epoch {epoch + 1}", fix=fix)) from error
        self._say(epoch, f"saved to {path}")

    def _path(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        known = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**known)
        except (KeyError, IndexError, ValueError) as error:
            raise KeyError(
                explain(
                    f"ModelCheckpoint: {self.filepath!r} cannot be filled in: {error}.",
                    got=f"epoch {epoch + 1}",
                    expected=f"among {', '.join(known)}",
                    fix="name what is there, or validate in every epoch",
                )
            ) from None

    def _is_wanted(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        if not self.save_best_only:
            return True
        current = self._current(logs)
        if current is None:
            return True
        if np.ndim(current):
            warnings.warn(
                f"ModelCheckpoint: {self.monitor!r} is no single number, so every model is saved.",
                UserWarning,
                stacklevel=2,
            )
            return True
        best = "none" if self.best is None else f"{self.best:.5f}"
        if not self._better(current, self.best):
            self._say(epoch, f"{self.monitor} is {current:.5f}, no better than {best}")
            return False
        self.best = current
        self._say(epoch, f"{self.monitor} went from {best} to {current:.5f}")
        return True

    def _say(self, epoch: int, text: str) -> None:
        if self.verbose > 0:
            sys.stdout.write(f"\nEpoch {epoch + 1}: {text}.\n")
