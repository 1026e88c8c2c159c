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
        self._parts: dict[int, Part] = {}
        self._rows = batches
        self._count = threads.count()
        self.worth = len(batches) > 1 and (self._take_several(batches) or self._take_one_each(batches))

    # --- the two ways

    def _take_several(self, batches: list[Any]) -> bool:
        if any(type(rows) is not slice for rows in batches):
            return False
        program, size = self._runner.program_for(batches[0]), size_of(batches[0])
        full = sum(size_of(rows) == size for rows in batches)
        most = min(program.most_batches(ROWS), full // self._count)
        if most < 2:
            return False
        times = min(range(most, most // 2, -1), key=lambda n: full % n)  # few are left over
        found = program.wide(times)
        if found is None or (self._kind == "predict") != (found[1] is None):
            return False
        groups = range(0, full - times + 1, times)
        self._rows = [slice(batches[i].start, batches[i + times - 1].stop) for i in groups]
        self._rows += batches[len(self._rows) * times :]
        self._parts[times * size] = Part(*found, times)
        if not found[0].is_enough:
            self._count = 1
        return self._find_parts()

    def _take_one_each(self, batches: list[Any]) -> bool:
        self._rows, self._count = batches, threads.count()
        if self._count == 1 or len(batches) < 2 * self._count:
            return False
        self._parts.clear()
        return self._find_parts() and self._parts[size_of(batches[0])].program.is_independent

    def _find_parts(self) -> bool:
        """Find what is done with rows that there is no part for yet; whether that can be."""
        for rows in self._rows:
            if (size := size_of(rows)) in self._parts:
                continue
            program = self._runner.program_for(rows)
            halves = (program, None) if self._kind == "predict" else program.halves()
            if halves is None:
                return False
            self._parts[size] = Part(*halves)
        return True

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
                    leaf[...] = array if part.times == 1 or leaf.shape == array.shape else _some(array, i, len(leaf))
                results = then.execute()
        assert then is not None
        return then.pack(results)

    def _run(self) -> list[tuple[Part, tuple[np.ndarray, ...]]]:
        """The results of each part, in order; each thread runs a stretch of them."""
        rows = self._rows
        shares = [rows[s] for s in threads.shares(len(rows), self._count)]
        found: list[list[Any]] = [[] for _ in shares]

        def work(some: list[Any], out: list[Any]) -> None:
            runner = PartRunner(self._runner, self._parts)
            out.extend((self._parts[size_of(rows)], runner.run(rows)) for rows in some)

        with threads.one_thread():
            threads.together(work, list(zip(shares, found, strict=True)))
        return [item for out in found for item in out]


def _some(array: np.ndarray, i: int, size: int) -> np.ndarray:
    """The rows of one of several batches."""
    return array[i * size : (i + 1) * size]
