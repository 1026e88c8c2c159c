"""`Run`: the `fit` that is going on, as far as another process has to know it to go on in its place.

The loop itself is in `trainer.py`; how often a backup is made is the callback's affair: `BackupAndRestore`.
"""

from __future__ import annotations

import importlib
from collections import Counter
from typing import Any

import numpy as np

from babytf.data import Epochs, get_random_state, set_random_state
from babytf.engine import Variable
from babytf.errors import explain


def _files() -> Any:
    """The file format; what it needs is slow to import."""
    return importlib.import_module("babytf.saving.backup")


_FIX = "run the program that was interrupted, or delete the backup"


class Run:
    """Where a `fit` is, and everything that its future depends on.

    Args:
        model: The model.
        batches: The training data.
        validation: The validation data, or `None`.
        epoch: The first epoch.

    Attributes:
        epoch: The epoch to go on with, from 0.
        step: How many batches of it are done already.
        logs: The results so far, as callbacks got them.
        stopped: Whether the epoch that ended last is to be the last of all.
        callbacks: All the callbacks, once there are any.
    """

    def __init__(self, model: Any, batches: Epochs, validation: Epochs | None, epoch: int) -> None:
        self.epoch = epoch
        self.step = 0
        self.logs: dict[str, Any] = {}
        self.stopped = False
        self.callbacks: list[Any] = []
        self._model = model
        self._batches = batches
        self._validation = validation
        self._restored: dict[str, Any] | None = None

    # --- what there is

    def _variables(self) -> list[Variable]:
        """Weights, the optimizer's state, and what metrics have summed up."""
        model = self._model
        found = [*model.weights, *(v for metric in model.metrics for v in metric.variables)]
        found += getattr(model.optimizer, "variables", [])
        return list({id(v): v for v in found}.values())

    def _named_callbacks(self) -> dict[str, Any]:
        """The callbacks by their class; the second of a class as `EarlyStopping 2`."""
        seen: Counter[str] = Counter()
        named = {}
        for callback in self.callbacks:
            name = type(callback).__name__
            seen[name] += 1
            named[name if seen[name] == 1 else f"{name} {seen[name]}"] = callback
        return named

    def get_state(self, epoch: int, step: int, logs: dict[str, Any]) -> dict[str, Any]:
        """All of it, as plain values and arrays.

        Args:
            epoch: The epoch to go on with.
            step: How many batches of it are done.
            logs: The results so far.
        """
        states = {name: c.get_state() for name, c in self._named_callbacks().items() if hasattr(c, "get_state")}
        return {
            "epoch": epoch,
            "step": step,
            "logs": dict(logs),
            "stop_training": bool(self._model.stop_training),
            "variables": [np.asarray(v) for v in self._variables()],
            "seeds": [generator.state for generator in self._model.seed_generators],
            "data": self._batches.get_state(step),
            "validation": None if self._validation is None else self._validation.source.get_state(),
            "callbacks": {name: state for name, state in states.items() if state},
            "random": get_random_state(),
        }

    # --- going on from there

    def set_state(self, state: dict[str, Any]) -> None:
        """Go to where `get_state` was called; the next epoch to run is the one it named.

        Args:
            state: What it returned.

        Raises:
            ValueError: If it belongs to another model or other data. Model and random numbers are as they were then.
        """
        try:
            self._check(state)
            self._restore_callbacks(state)
            before = get_random_state()
            try:
                if self._validation is not None:
                    self._validation.source.set_state(state["validation"])
                self._batches.set_state(state["data"])
            except BaseException:
                set_random_state(before)
                raise
        except (KeyError, TypeError, AttributeError, IndexError) as error:
            raise ValueError(
                explain("the backup does not fit this fit.", got=f"{type(error).__name__}: {error}", fix=_FIX)
            ) from error
        self._restored = state
        self.epoch, self.step, self.logs = state["epoch"], state["step"], state["logs"]
        self.stopped = state["stop_training"] and not self.step
        self._restore_numbers(state)

    def epoch_begun(self) -> None:
        """To be called when callbacks have heard that the epoch begins.

        In the middle of an epoch they had heard so before the interruption: what they changed now is taken back.
        """
        state, self._restored = self._restored, None
        if state is not None and state["step"]:
            self._restore_callbacks(state)
            self._restore_numbers(state)

    def epoch_ended(self) -> None:
        """The next one begins at its beginning."""
        self.epoch, self.step, self.logs = self.epoch + 1, 0, {}
        self.stopped = bool(self._model.stop_training)

    # --- files

    def save(self, path: str, epoch: int, step: int, logs: dict[str, Any]) -> None:
        """Write a backup, whole or not at all.

        Args:
            path: Where to.
            epoch: The epoch to go on with.
            step: How many batches of it are done.
            logs: The results so far.

        Raises:
            OSError: If it cannot be written.
        """
        _files().write_backup(path, self.get_state(epoch, step, logs))

    def load(self, path: str) -> dict[str, Any]:
        """Read a backup, for `set_state`.

        Args:
            path: Where from.

        Raises:
            ValueError: If it is damaged, or no backup.
            OSError: If it cannot be read.
        """
        return _files().read_backup(path)

    def _check(self, state: dict[str, Any]) -> None:
        variables, arrays = self._variables(), state["variables"]
        if [a.shape for a in arrays] != [v.shape for v in variables]:
            pairs = zip(arrays, variables, strict=False)
            odd = next((f"{a.shape} for {v.path} {v.shape}" for a, v in pairs if a.shape != v.shape), "")
            raise ValueError(
                explain(
                    "the backup is of another model, optimizer or set of metrics.",
                    got=odd or f"{len(arrays)} arrays",
                    expected=f"arrays for {len(variables)} variables: {', '.join(v.path for v in variables[:4])}, …",
                    fix=_FIX,
                )
            )
        if len(state["seeds"]) != len(self._model.seed_generators) or (state["validation"] is None) != (
            self._validation is None
        ):
            raise ValueError(
                explain(
                    "the backup is of another fit.",
                    got=f"{len(state['seeds'])} seed generators, validation: {state['validation'] is not None}",
                    expected=f"{len(self._model.seed_generators)} seed generators, "
                    f"validation: {self._validation is not None}",
                    fix=_FIX,
                )
            )

    def _restore_callbacks(self, state: dict[str, Any]) -> None:
        named = self._named_callbacks()
        for name, saved in state["callbacks"].items():
            if name in named:
                named[name].set_state(saved)

    def _restore_numbers(self, state: dict[str, Any]) -> None:
        for variable, array in zip(self._variables(), state["variables"], strict=True):
            variable.assign(array)
        for generator, words in zip(self._model.seed_generators, state["seeds"], strict=True):
            generator.state = words
        set_random_state(state["random"])
        self._model.stop_training = state["stop_training"]
