"""`BackupAndRestore`: go on exactly where an interrupted `fit` stopped."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from typing import Any

from babytf import check
from babytf.callbacks.callback import Callback
from babytf.callbacks.logs import batch_hook
from babytf.errors import explain

LATEST, PREVIOUS, NEXT = "latest.backup", "previous.backup", "next.backup"
OF_KERAS = ("latest.weights.h5", "training_metadata.json")


class BackupAndRestore(Callback):
    """Backs up a running `fit`, and lets the next one go on from there.

    A program that is killed and started again ends with the same numbers, bit for bit, as if it had not been: weights,
    the optimizer's state, sums of metrics, the order of the samples and the place in it, all random streams
    (NumPy's global one, Python's, this library's, those of layers), the history and the state of other callbacks are
    part of the backup. The program has to make the same model and pass the same data; seed it, with
    `utils.set_random_seed`, if it may be killed before the first backup.

    What is beyond it: a generator is brought to its place by taking batches from it; a `PyDataset` with several
    workers prepares batches ahead, so random numbers drawn there repeat only from streams of its own; callbacks of your
    own keep what they return from `get_state`, data sets likewise.

    Args:
        backup_dir: Directory for the backup, and for nothing else.
        save_freq: `"epoch"`: at the end of every epoch. A number: every so many batches. False: never.
        double_checkpoint: Keep the backup before the last as well, for the case that the last is damaged.
        delete_checkpoint: Delete the backup when `fit` has ended.

    Raises:
        ValueError: If an argument is out of its range; in `fit`, if the backup is damaged or of another model.

    Example:
        >>> import tempfile
        >>> from babytf import Sequential, layers
        >>> model = Sequential([layers.Input((1,)), layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> data = np.ones((4, 1)), np.ones((4, 1))
        >>> history = model.fit(*data, verbose=0, callbacks=[BackupAndRestore(tempfile.mkdtemp())])
    """

    comes_last = True

    def __init__(
        self,
        backup_dir: Any,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        if not backup_dir:
            raise ValueError(
                explain("BackupAndRestore: bad `backup_dir`.", got=repr(backup_dir), expected="a directory")
            )
        if save_freq != "epoch" and save_freq is not False:
            save_freq = check.positive_int(self, save_freq=save_freq)
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = check.boolean(self, double_checkpoint=double_checkpoint)
        self.delete_checkpoint = check.boolean(self, delete_checkpoint=delete_checkpoint)
        self._epoch = 0
        self._last = 0
        self._since = 0

    @property
    def _by_batches(self) -> bool:
        return self.save_freq not in ("epoch", False)

    def get_state(self) -> dict[str, Any]:
        """How long ago the backup before this one was made."""
        return {"last": self._last, "since": self._since}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on counting from there."""
        self._last, self._since = state["last"], state["since"]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._last = self._since = 0
        run = self._run()
        found = self._find(run)
        if found is not None:
            path, state = found
            try:
                run.set_state(state)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from error

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._epoch, self._last = epoch, 0

    @batch_hook(when="_by_batches")
    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._since += batch + 1 - self._last
        self._last = batch + 1
        if self._since >= int(self.save_freq):
            self._since = 0
            self._save(self._epoch, batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._last = 0
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0, logs)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if not self.delete_checkpoint:
            return
        for name in self._names():
            if name in (LATEST, PREVIOUS, NEXT) or _is_rest(name):
                os.unlink(os.path.join(self.backup_dir, name))
        if os.path.isdir(self.backup_dir) and not self._names():
            os.rmdir(self.backup_dir)

    # --- files

    def _run(self) -> Any:
        run = getattr(getattr(self.model, "_training", None), "run", None)
        if run is None:
            raise RuntimeError(
                explain("BackupAndRestore works within fit.", fix="pass it to fit: callbacks=[BackupAndRestore(…)]")
            )
        return run

    def _names(self) -> list[str]:
        return sorted(os.listdir(self.backup_dir)) if os.path.isdir(self.backup_dir) else []

    def _find(self, run: Any) -> tuple[str, dict[str, Any]] | None:
        """The newest backup that is whole; `None` if there is none at all."""
        names = self._names()
        kept = [os.path.join(self.backup_dir, name) for name in (LATEST, PREVIOUS) if name in names]
        for path in kept:
            try:
                return path, run.load(path)
            except (ValueError, OSError) as error:
                if path == kept[-1]:
                    fix = "delete it to begin anew; double_checkpoint=True keeps the one before as well"
                    raise ValueError(explain(f"{path} cannot be used.", got=error, fix=fix)) from error
                warnings.warn(f"{path} is damaged, so {PREVIOUS} is used: {error}", UserWarning, stacklevel=2)
        if any(name in names for name in OF_KERAS):
            raise ValueError(
                explain(
                    f"{self.backup_dir} holds a backup of another library.",
                    got=", ".join(name for name in OF_KERAS if name in names),
                    expected=LATEST,
                    fix="use a directory of its own, or load those weights with model.load_weights",
                )
            )
        return None

    def _save(self, epoch: int, step: int, logs: Mapping[str, Any] | None) -> None:
        run = self._run()
        latest, following = (os.path.join(self.backup_dir, name) for name in (LATEST, NEXT))
        path = following if self.double_checkpoint else latest
        try:
            os.makedirs(self.backup_dir, exist_ok=True)
            run.save(path, epoch, step, dict(logs or {}))
            if self.double_checkpoint:
                if os.path.exists(latest):
                    os.replace(latest, os.path.join(self.backup_dir, PREVIOUS))
                os.replace(following, latest)
        except OSError as error:
            text = f"the backup could not be written ({error.strerror}); the one before it is as it was."
            fix = "make room, and run the program again: it goes on from there"
            raise OSError(error.errno, explain(text, got=path, fix=fix)) from error


def _is_rest(name: str) -> bool:
    """Whether a file was left by a process killed while it wrote."""
    return name.startswith((f".{LATEST}.", f".{NEXT}.")) and name.endswith(".part")
