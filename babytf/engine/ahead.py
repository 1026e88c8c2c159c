"""How a loop over time uses several threads, in one of two ways.

Where a step is long, each thread runs the loop for samples of its own. Where it is short, that does not pay: threads
that make many short calls wait for one another, as Python runs one of them at a time. Then one thread runs the loop,
and another computes, in large pieces, what the loop will use and what does not depend on the order of the steps.

Such calls are made in the order in which they were given, one at a time, whoever makes them; so the results are the
same, to the bit, with and without a second thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from babytf.engine import threads

LONG = 8192
"""Elements of a state from which on each thread runs the loop for samples of its own."""

LONG_COMPILED = LONG // 4
"""The same for a loop with no more than two calls in a step."""

WORTH = 1 << 16
"""Elements of a state, over all steps, from which on another thread works ahead of the loop."""

AT_ONCE = 32768
"""Elements of a state, over some steps, that are computed at once: few enough to stay in the cache."""


def steps_at_once(steps: int, size: int) -> int:
    """How many steps that is, for states of `size` elements."""
    return max(1, min(steps, AT_ONCE // max(size, 1)))


def stretches(steps: int, at_once: int) -> list[slice]:
    """All steps, so many at once."""
    return [slice(t, min(t + at_once, steps)) for t in range(0, steps, at_once)]


def growing(steps: int, at_once: int) -> list[slice]:
    """All steps, few at first, so that a loop over them can begin soon; then more, up to so many at once."""
    found, start, length = [], 0, max(1, at_once // 4)
    while start < steps:
        found.append(slice(start, min(start + length, steps)))
        start, length = start + length, min(length + max(1, length // 4), at_once)
    return found


class Ahead:
    """Calls in order, made by a helping thread, or by the one that cannot wait for it."""

    def __init__(self) -> None:
        self._calls: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        self._given = self._done = 0
        self._turn = threading.Lock()
        self._news = threading.Semaphore(0)
        self._over = False

    def give(self, function: Callable[..., Any], *args: Any) -> int:
        """Add a call; its number is what `need` takes."""
        self._calls.append((function, args))
        self._given += 1
        self._news.release()
        return self._given

    def need(self, number: int) -> None:
        """Come back when that call, and all before it, have been made: make them here if nobody else does."""
        while self._done < number:
            self._next()

    def finish(self) -> None:
        """Come back when all calls have been made; no more will be given."""
        try:
            self.need(self._given)
        finally:
            self._over = True
            self._news.release()

    def help(self) -> None:
        """Make calls as they come, until no more will be given."""
        while True:
            self._news.acquire()
            if self._over:
                return
            self._next()

    def _next(self) -> None:
        with self._turn:
            if self._calls:
                function, args = self._calls.popleft()
                try:
                    function(*args)
                finally:
                    self._done += 1


@contextmanager
def ahead(worth: bool) -> Iterator[Ahead]:
    """Calls given in this block are made by another thread if that is worth it, and all of them by the block's end."""
    calls = Ahead()
    if not worth:
        yield calls
        calls.finish()
        return
    with threads.beside(calls.help):
        try:
            yield calls
        finally:
            calls.finish()


def run(loop: Callable[[Ahead, slice], None], steps: int, batch: int, units: int) -> None:
    """Run a loop over time with what helps it.

    Args:
        loop: Takes what it can give calls to, and the samples for which it runs.
        steps: How many there are.
        batch: Number of samples.
        units: Elements of one sample's state.
    """
    alone = len(shares(batch, units, LONG)) == 1

    def with_help(mine: slice) -> None:
        with ahead(alone and steps * batch * units >= WORTH) as calls:
            loop(calls, mine)

    for_samples(with_help, batch, units)


def for_samples(loop: Callable[[slice], None], batch: int, units: int, least: int = LONG) -> None:
    """Run a loop over time, by each thread for samples of its own where its steps are long; arguments as for `run`."""
    threads.together(loop, [(mine,) for mine in shares(batch, units, least)])


def shares(batch: int, units: int, least: int) -> list[slice]:
    """The samples for which each thread runs a loop over time: all, for one thread, if states are less than `least`."""
    count = threads.count() if batch * units >= least else 1
    return threads.shares(batch, count if batch >= 2 * count else 1)
