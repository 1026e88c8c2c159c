"""How a loop over time, whose steps need one another, uses several threads.

Python runs one thread at a time, so threads that make many short calls wait for one another. Hence what does not depend
on the order of the steps is computed before the loop, in large pieces, by all threads. The loop itself is run by each
thread for samples of its own where its steps are long, or compiled; else by one.

Pieces depend on sizes alone, so the results of these are the same, to the bit, whatever the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable

from babytf.engine import threads

LONG = 8192
"""Elements of a state from which on each thread runs the loop for samples of its own."""

WORTH = 1 << 16
"""Elements of a state, over all steps, from which on several threads do what comes before the loop."""

AT_ONCE = 32768
"""Elements of a state, over some steps, that are computed at once: few enough to stay in the cache."""


def steps_at_once(steps: int, size: int) -> int:
    """How many steps that is, for states of `size` elements."""
    return max(1, min(steps, AT_ONCE // max(size, 1)))


def stretches(steps: int, at_once: int) -> list[slice]:
    """All steps, so many at once."""
    return [slice(t, min(t + at_once, steps)) for t in range(0, steps, at_once)]


def before(write: Callable[[list[slice]], None], steps: int, size: int) -> None:
    """Do what comes before a loop.

    Args:
        write: Writes what the loop needs in some stretches of steps.
        steps: How many there are.
        size: Elements of a state.
    """
    pieces = stretches(steps, steps_at_once(steps, size))
    if steps * size >= WORTH:
        threads.divided(write, pieces)
    else:
        write(pieces)


def for_samples(loop: Callable[[slice], None], batch: int, units: int, least: int = LONG) -> None:
    """Run a loop, by each thread for samples of its own if states have `least` elements.

    Args:
        loop: Takes the samples for which it runs.
        batch: Their number.
        units: Elements of one sample's state.
        least: See above.
    """
    threads.together(loop, [(mine,) for mine in shares(batch, units, least)])


def shares(batch: int, units: int, least: int) -> list[slice]:
    """The samples of each thread: all, for one thread, if states are less than `least`."""
    count = threads.count() if batch * units >= least else 1
    return threads.shares(batch, count if batch >= 2 * count else 1)
