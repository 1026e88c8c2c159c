"""Batches from a generator, or from any object that can be iterated over: a loader, a list-like of your own."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from babytf.data.checks import number_of_samples
from babytf.data.class_weight import class_weight_to_sample_weights
from babytf.data.convert import to_arrays
from babytf.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from babytf.data.random_state import get_random_state, set_random_state
from babytf.data.source import Source
from babytf.errors import explain


class IterableSource(Source):
    """Ready batches: `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Args:
        iterable: A generator or iterator, which is used up; or an object whose `__iter__` starts a new pass.
        class_weight: Weight by class, for batches that bring no weights.
    """

    def __init__(self, iterable: Iterable[Any], class_weight: dict[int, float] | None = None) -> None:
        self.iterable = iterable
        self.class_weight = class_weight
        self.repeats = iter(iterable) is not iterable if isinstance(iterable, Iterator) else True
        self._ahead: Iterator[Any] | None = None
        self._taken = 0
        self._before: dict[str, Any] | None = None
        try:
            self.num_batches = len(iterable) if self.repeats else None  # type: ignore[arg-type]
        except TypeError:
            self.num_batches = None

    def _open(self) -> Iterator[Any]:
        """A new pass over a repeatable one, from here on; a generator's own iterator."""
        self._before = get_random_state() if self.repeats else None
        return iter(self.iterable)

    def batches(self, order: Any = None, start: int = 0) -> Iterator[Any]:
        """One pass; over a generator, whatever is left of it.

        Args:
            order: `None`.
            start: How many batches to leave out, here and now; a generator has done so in `set_state`.
        """
        ahead, self._ahead = self._ahead, None
        batches = self._open() if ahead is None else ahead
        if self.repeats:
            for _ in itertools.islice(batches, start):
                pass
        return self._standard(batches)

    def _standard(self, batches: Iterator[Any]) -> Iterator[Any]:
        for batch in batches:
            self._taken += 1
            yield standard_batch(batch, self.class_weight, f"the {type(self.iterable).__name__}")

    def get_state(self) -> dict[str, Any]:
        """For a generator, how many batches it has given; else the random numbers that its pass began with."""
        if self.repeats:
            return {"before": self._before, "begun": self._ahead is None}
        return {"taken": self._taken}

    def set_state(self, state: dict[str, Any]) -> None:
        """Take as many batches from a generator; begin a pass anew with the same random numbers.

        Args:
            state: What `get_state` returned.
        """
        if ("begun" if self.repeats else "taken") not in state:
            raise ValueError(
                explain(
                    "the state is of other data.",
                    got="that of arrays, of a data set or of another kind of iterable",
                    expected=f"that of a {type(self.iterable).__name__}",
                    fix="pass to fit what the interrupted fit was given",
                )
            )
        if not self.repeats:
            ahead, self._ahead = self._ahead, None
            for _ in itertools.islice(iter(self.iterable) if ahead is None else ahead, state["taken"]):
                self._taken += 1
            self._ahead = ahead if not self._taken else None
        elif state["begun"]:
            self._ahead = None
            if state["before"] is not None:
                set_random_state(state["before"])

    def peek(self) -> Any:
        """The first batch; the next pass begins with it all the same."""
        found = self._open() if self._ahead is None else self._ahead
        first = next(found, None)
        if first is None:
            raise ValueError(
                explain(
                    "there is no data.",
                    got=f"a {type(self.iterable).__name__} that yields no batch",
                    expected="at least one batch (x, y)",
                    fix="a generator can be used once only: make a new one for each fit, evaluate or predict",
                )
            )
        self._ahead = itertools.chain([first], found)
        return standard_batch(first, self.class_weight, f"the {type(self.iterable).__name__}")


def standard_batch(batch: Any, class_weight: dict[int, float] | None, who: str) -> Any:
    """A batch as a training step takes it: arrays of one length, of dtypes that layers compute with.

    Args:
        batch: What the data yielded.
        class_weight: Weight by class, or `None`.
        who: What to call the data in an error.
    """
    if not isinstance(batch, (tuple, list, dict)) or (isinstance(batch, (tuple, list)) and not 1 <= len(batch) <= 3):
        parts = f" of {len(batch)} parts" if isinstance(batch, (tuple, list)) else ""
        raise ValueError(
            explain(
                f"{who} yields no batch.",
                got=f"a {type(batch).__name__}{parts}",
                expected="a tuple (x,), (x, y) or (x, y, sample_weight) of arrays",
                fix="yield (x,) with a comma for inputs alone",
            )
        )
    x, y, sample_weight = unpack_x_y_sample_weight(batch)
    x, y, sample_weight = to_arrays(x, "x"), to_arrays(y, "y"), to_arrays(sample_weight, "sample_weight")
    if class_weight is not None and y is not None:
        if sample_weight is not None:
            raise both_weights(f"{who} yields sample weights, and class_weight was given")
        sample_weight = class_weight_to_sample_weights(y, class_weight)
    number_of_samples(x, y, sample_weight)
    return pack_x_y_sample_weight(x, y, sample_weight)


def both_weights(got: str) -> ValueError:
    """The error for `class_weight` together with `sample_weight`."""
    return ValueError(
        explain(
            "`class_weight` and `sample_weight` exclude each other.",
            got=got,
            expected="one of them",
            fix="multiply the class weights into sample_weight",
        )
    )
