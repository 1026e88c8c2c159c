"""How a step is run on batch after batch: the hot path of `fit`, `evaluate` and `predict`.

A runner runs a step on one batch; `run_epoch` goes through all batches of an epoch. It does as little as it can in
every step: gather the batch, run the program. Results are looked at only when a callback listens.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from babytf.callbacks import CallbackList
from babytf.callbacks.logs import Logs
from babytf.data import Epochs
from babytf.data.arrays import ArraySource
from babytf.engine import Compiled, Program, Tensor, convert, tree
from babytf.models.state import TrainingState


class EagerStep:
    """A step run line by line, for debugging.

    Args:
        step: `train_step`, `test_step` or `predict_step`.
    """

    def __init__(self, step: Any) -> None:
        self.step = step

    def __call__(self, data: Any) -> Any:
        return self.step(tree.map_structure(lambda a: None if a is None else convert(a), data))


class DataRunner:
    """Runs a step on ready batches.

    Args:
        function: A `Compiled` or an `EagerStep`.
    """

    def __init__(self, function: Any) -> None:
        self.run = function

    def read(self, results: Any) -> Any:
        """What the step returned."""
        return results


class GatheringRunner(DataRunner):
    """Runs a step eagerly on rows of arrays: each batch in fresh arrays, which the user may keep.

    Args:
        function: An `EagerStep`.
        source: The arrays.
    """

    def __init__(self, function: Any, source: ArraySource) -> None:
        super().__init__(lambda rows: function(source.gather(rows)))


class ArrayRunner:
    """Runs a compiled step on rows of arrays, gathered straight into the arrays that the program reads.

    Args:
        compiled: The step.
        source: The arrays.
    """

    def __init__(self, compiled: Compiled, source: ArraySource) -> None:
        self.compiled = compiled
        self.source = source
        self.program: Program | None = None
        self._ready: dict[int, tuple[Program, Any, list[tuple[np.ndarray, np.ndarray]]]] = {}

    def run(self, rows: Any) -> Any:
        """Run on some rows; the results are for `read`."""
        contiguous = type(rows) is slice
        size = rows.stop - rows.start if contiguous else len(rows)
        ready = self._ready.get(size)
        if ready is None or ready[0].instance() is not ready[1]:
            ready = self._make_ready(size, rows)
        program, instance, pairs = ready
        if contiguous:
            for array, buffer in pairs:
                buffer[...] = array[rows]
        else:
            for array, buffer in pairs:
                array.take(rows, 0, buffer, "clip")
        self.program = program
        return program.execute(instance)

    def program_for(self, rows: Any) -> Program:
        """The program that runs on so many rows."""
        return self.compiled.program(self.source.gather(rows))

    def _make_ready(self, size: int, rows: Any) -> tuple[Program, Any, list[tuple[np.ndarray, np.ndarray]]]:
        program = self.program_for(rows)
        instance = program.instance()
        arrays = [a for a in self.source.leaves if a is not None]
        ready = self._ready[size] = program, instance, list(zip(arrays, instance.leaves, strict=True))
        return ready

    def read(self, results: Any) -> Any:
        """What the step returned, as Tensors."""
        assert self.program is not None
        return self.program.pack(results)


class StepGuard:
    """Holds Ctrl-C back until the running step is over, so that weights and optimizer stay in step.

    Between steps, in callbacks and while data is read, Ctrl-C acts at once; so does a second one. Only the main
    thread hears of it, and only if the program has no handler of its own.

    Args:
        wanted: Whether to guard at all.
    """

    def __init__(self, wanted: bool = True) -> None:
        self.busy = False
        self.pending = False
        self._wanted = wanted
        self._before: Any = None

    def __enter__(self) -> StepGuard:
        if self._wanted and threading.current_thread() is threading.main_thread():
            import signal  # needed here only

            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._before is not None:
            import signal

            signal.signal(signal.SIGINT, self._before)
            self._before = None

    def _heard(self, number: int, frame: Any) -> None:
        if not self.busy or self.pending:
            raise KeyboardInterrupt
        self.pending = True


STOP = {"train": "stop_training", "test": "stop_evaluating", "predict": "stop_predicting"}


def run_epoch(
    kind: str,
    batches: Epochs,
    runner: Any,
    callbacks: CallbackList,
    state: TrainingState,
    collected: list[Any] | None = None,
    done: int = 0,
) -> tuple[int, Any]:
    """Run a step on every batch of an epoch.

    Args:
        kind: `"train"`, `"test"` or `"predict"`.
        batches: The batches.
        runner: What runs the step on a batch.
        callbacks: Who is told, if they listen.
        state: Where a callback says that it is to stop.
        collected: A list that takes the outputs of every batch, as arrays.
        done: Steps of this epoch that were done before; `batches` goes on after them.

    Returns:
        The number of steps, those done before included, and what the last one returned: `{}` if there was none now.

    Raises:
        KeyboardInterrupt: After the step in which Ctrl-C was pressed.
    """
    begin = getattr(callbacks, f"on_{kind}_batch_begin") if callbacks.listens(f"{kind}_batch_begin") else None
    end = getattr(callbacks, f"on_{kind}_batch_end") if callbacks.listens(f"{kind}_batch_end") else None
    run, per_round, stop = runner.run, state.steps_per_execution, STOP[kind]
    step = told = done
    results: Any = None

    def tell() -> None:
        if end is not None and told < step:
            if collected is None:
                end(step - 1, Logs(lambda: runner.read(results)))
            else:
                end(step - 1, {"outputs": concatenate(collected[told:])})

    with StepGuard(kind == "train" and not state.run_eagerly) as guard:
        for batch in () if done and getattr(state, stop) else batches:
            if begin is not None and step == told:
                begin(step)
            guard.busy = True
            results = run(batch)
            guard.busy = False
            if guard.pending:
                raise KeyboardInterrupt
            if collected is not None:
                collected.append(to_numpy(runner.read(results)))
            step += 1
            if step - told == per_round:
                tell()
                told = step
                if getattr(state, stop):
                    break
        tell()
    return step, runner.read(results) if step > done else {}


def to_numpy(outputs: Any) -> Any:
    """Tensors of a nest as arrays."""
    if type(outputs) is Tensor:
        return outputs.numpy()
    return tree.map_structure(lambda t: None if t is None else np.asarray(t), outputs)


def concatenate(batches: list[Any]) -> Any:
    """The outputs of several batches as one nest, end to end."""
    if len(batches) == 1:
        return batches[0]
    return tree.map_structure(lambda *parts: None if parts[0] is None else np.concatenate(parts), *batches)
