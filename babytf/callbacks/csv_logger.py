"""`CSVLogger`: results of every epoch, as rows of a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from babytf.callbacks.callback import Callback


class CSVLogger(Callback):
    """Writes a row per epoch to a CSV file: the epoch, counted from 0, then the results by name.

    The first epoch says which columns there are; a result missing later is `NA`. The file is complete after each epoch.

    Args:
        filename: Path of the file.
        separator: What stands between two values.
        append: Add to a file that is there, rather than begin it anew.

    Example:
        >>> callback = CSVLogger("training.csv", separator=";")
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self._begun = False

    def get_state(self) -> dict[str, Any]:
        """The columns, and how long the file is."""
        if not self._begun:
            return {}
        return {"keys": self.keys, "size": os.path.getsize(self.filename) if os.path.exists(self.filename) else 0}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on with the file as it was then: rows written since are taken out."""
        self.keys, self._begun = state["keys"], True
        if os.path.exists(self.filename) and os.path.getsize(self.filename) > state["size"]:
            os.truncate(self.filename, state["size"])

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.keys, self._begun = None, False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]  # for an epoch that is validated later
        self._write({"epoch": epoch, **{key: _cell(logs.get(key, "NA")) for key in self.keys}})

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if not self._begun:
            self._write(None)  # no epoch was run; the file is there all the same

    def _write(self, row: dict[str, Any] | None) -> None:
        import csv  # few programs need it

        kept = self.append or self._begun
        self._begun = True
        with open(self.filename, "a" if kept else "w", encoding="utf-8", newline="") as file:
            if row is not None:
                writer = csv.DictWriter(file, ["epoch", *(self.keys or ())], delimiter=self.sep)
                if file.tell() == 0:
                    writer.writeheader()
                writer.writerow(row)


def _cell(value: Any) -> Any:
    """Several values of one name as one cell."""
    if isinstance(value, str) or not isinstance(value, Iterable) or getattr(value, "shape", None) == ():
        return value
    return f'"[{", ".join(map(str, value))}]"'
