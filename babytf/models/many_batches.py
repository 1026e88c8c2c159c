"""All batches of an `evaluate` or `predict` at once, where their order does not matter, or only for a few sums.

There are two ways, both with the bits of going through the batches in order:

- What treats each sample by itself is done for the rows of several batches at once (`engine/wide.py`), in fewer and
  longer calls; threads share those.
- Else, where a batch is enough to do, each thread goes through some of the batches.

A step that sums up (`evaluate`) is divided (`engine/halves.py`): what has to keep its order is done afterwards, batch
by batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine import Program, threads
from babytf.models.execution import ArrayRunner, to_numpy

ROWS = 512
"""About how many rows several batches have together."""


class Part:
    """What is done with some rows.

    Args:
        program: What threads may run.
        then: What goes on with its results, batch by batch and in their order, if anything does.
        times: How many batches the rows are.
    """

    def __init__(self, program: Program, then: Program | None, times: int = 1) -> None:
        self.program = program
        self.then = then
        self.times = times


Way = tuple[list[Any], dict[int, Part], bool]


class PartRunner(ArrayRunner):
    """Runs parts on their rows; each thread has one.

    Args:
        runner: What runs the whole step.
        parts: Each part, by the number of its rows.
    """

    def __init__(self, runner: ArrayRunner, parts: dict[int, Part]) -> None:
        super().__init__(runner.compiled, runner.source)
        self._parts = parts

    def program_for(self, rows: Any) -> Program:
        return self._parts[size_of(rows)].program


def size_of(rows: Any) -> int:
    """How many rows these are."""
    return rows.stop - rows.start if type(rows) is slice else len(rows)


class ManyBatches:
    """All batches, and how to go through them.

    Args:
        kind: `"test"` or `"predict"`.
        runner: What runs the step on a batch.
        batches: The rows of each batch.

    Attributes:
        worth: Whether one of the ways is open, and saves anything.
    """

    def __init__(self, kind: str, runner: ArrayRunner, batches: list[Any]) -> None:
        self._kind = kind
        self._runner = runner
        self._rows: list[Any] = []
        self._parts: dict[int, Part] = {}
        self._shared = False
        found = (self._several(batches) or self._one_each(batches)) if len(batches) > 1 else None
        self.worth = found is not None
        if found is not None:
            self._rows, self._parts, self._shared = found

    # --- the two ways: rows that go together, what is done with them, whether threads share them

    def _several(self, batches: list[Any]) -> Way | None:
        if any(type(rows) is not slice for rows in batches):
            return None
        program, size = self._runner.program_for(batches[0]), size_of(batches[0])
        full = sum(size_of(rows) == size for rows in batches)
        most = min(program.most_batches(ROWS), full // threads.count())
        if most < 2:
            return None
        times = min(range(most, most // 2, -1), key=lambda n: full % n)  # few are left over
        found = program.wide(times)
        if found is None or (self._kind == "predict") != (found[1] is None):
            return None
        groups = range(0, full - times + 1, times)
        rows = [slice(batches[i].start, batches[i + times - 1].stop) for i in groups]
        rows += batches[len(rows) * times :]
        parts = self._parts_for(rows, {times * size: Part(*found, times)})
        return None if parts is None else (rows, parts, found[0].is_enough)

    def _one_each(self, batches: list[Any]) -> Way | None:
        if threads.count() == 1 or len(batches) < 2 * threads.count():
            return None
        parts = self._parts_for(batches, {})
        if parts is None or not parts[size_of(batches[0])].program.is_independent:
            return None
        return batches, parts, True

    def _parts_for(self, every: list[Any], parts: dict[int, Part]) -> dict[int, Part] | None:
        """With parts for all sizes of rows that have none yet; `None` if there are rows that cannot be divided."""
        for rows in every:
            if (size := size_of(rows)) in parts:
                continue
            program = self._runner.program_for(rows)
            halves = (program, None) if self._kind == "predict" else program.halves()
            if halves is None:
                return None
            parts[size] = Part(*halves)
        return parts

    # --- going through them

    def predict(self) -> list[Any]:
        """The outputs in their order, as arrays."""
        return [to_numpy(part.program.pack(arrays)) for part, arrays in self._run()]

    def test(self) -> Any:
        """What the step returns after the last batch."""
        then: Program | None = None
        results: tuple[np.ndarray, ...] = ()
        for part, arrays in self._run():
            then = part.then
            assert then is not None
            leaves = then.instance().leaves
            for i in range(part.times):
                for leaf, array in zip(leaves, arrays, strict=True):
                    leaf[...] = array if leaf.shape == array.shape else array[i * len(leaf) : (i + 1) * len(leaf)]
                results = then.execute()
        assert then is not None
        return then.pack(results)

    def _run(self) -> list[tuple[Part, tuple[np.ndarray, ...]]]:
        """The results of each part, in order; each thread runs a stretch of them."""
        shares = threads.stretches(self._rows) if self._shared else [self._rows]
        found: list[list[Any]] = [[] for _ in shares]

        def work(some: list[Any], out: list[Any]) -> None:
            runner = PartRunner(self._runner, self._parts)
            out.extend((self._parts[size_of(rows)], runner.run(rows)) for rows in some)

        with threads.one_thread():
            threads.together(work, list(zip(shares, found, strict=True)))
        return [item for out in found for item in out]
