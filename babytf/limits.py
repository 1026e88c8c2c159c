"""How large a model a configuration may ask for, looked at before memory is taken.

What comes from a file may hold as many numbers as the file does; what comes from a configuration alone, half of the
memory there is.
"""

from __future__ import annotations

import contextlib
import functools
import math
import os
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from babytf.errors import explain

try:
    import resource
except ImportError:  # Windows has none
    resource = None  # type: ignore[assignment]

SPARE_NUMBERS = 1 << 22
BYTES_PER_NUMBER = 4
USUAL_MEMORY = 16 << 30  # where the system does not say

_GROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


class Loading:
    """A model that is being made from a configuration, which bounds its weights.

    Args:
        most: How many numbers its weights may have.
        from_file: Whether a file is to fill them: then they start blank.
    """

    def __init__(self, most: int, from_file: bool) -> None:
        self.most, self.from_file = most, from_file
        self.left = most + (SPARE_NUMBERS if from_file else 0)
        self.blank: list[Any] = []

    def finish(self, filled: set[int]) -> None:
        """Run the initializers of the weights that the file had no values for.

        Args:
            filled: The ids of the variables that have their values.
        """
        for variable in self.blank:
            if id(variable) not in filled:
                variable.assign(variable.initializer(variable.shape, dtype=variable.dtype))


_LOADING: ContextVar[Loading | None] = ContextVar("the load", default=None)


@contextlib.contextmanager
def loading(stored: int) -> Iterator[Loading]:
    """While this lasts, weights beyond what the file holds are refused before memory is taken for them.

    Args:
        stored: How many numbers the file holds.
    """
    token = _LOADING.set(Loading(stored, from_file=True))
    try:
        yield _LOADING.get()  # type: ignore[misc]
    finally:
        _LOADING.reset(token)


@contextlib.contextmanager
def declaring() -> Iterator[None]:
    """While this lasts, weights that together take more than half of the memory are refused.

    Within a load from a file nothing changes: the file bounds them.
    """
    if _LOADING.get() is not None:
        yield
        return
    token = _LOADING.set(Loading(memory() // 2 // BYTES_PER_NUMBER, from_file=False))
    try:
        yield
    finally:
        _LOADING.reset(token)


def claim(owner: str, shape: tuple[int, ...]) -> Loading | None:
    """Called before a weight is made.

    Args:
        owner: Whose weight it is, for messages.
        shape: Its shape.

    Returns:
        The load from a file that it is made for, which keeps a list of weights that start blank; `None` if there is
        none.

    Raises:
        ValueError: If a file's configuration asks for more weights than the file holds, a configuration alone for
            more than half of the memory, or a program for one that is larger than all of it.
    """
    load, numbers = _LOADING.get(), math.prod(shape)
    if load is None:
        most = memory() // BYTES_PER_NUMBER
        if numbers > most:
            raise _too_large(f"{owner} is larger than the memory.", shape, most, "look at its sizes: one is too large")
        return None
    load.left -= numbers
    if load.left < 0 and load.from_file:
        raise ValueError(
            explain(
                f"{owner} is larger than the file it comes from.",
                got=f"a weight of shape {shape}",
                expected=f"at most the {load.most} numbers that are stored",
                fix="the configuration and the weights do not belong together: get the file again",
            )
        )
    if load.left < 0:
        fix = "if its sizes are right, make the model in code, which is not bounded so"
        raise _too_large(f"with {owner}, the model takes more than half of the memory.", shape, load.most, fix)
    return load if load.from_file else None


def _too_large(problem: str, shape: tuple[int, ...], most: int, fix: str) -> ValueError:
    size = math.prod(shape) * BYTES_PER_NUMBER
    got = f"a weight of shape {shape}: {_gigabytes(size)}"
    return ValueError(explain(problem, got=got, expected=f"at most {_gigabytes(most * BYTES_PER_NUMBER)}", fix=fix))


def _gigabytes(size: int) -> str:
    tenths = size * 10 // 10**9
    return f"{tenths // 10:,}.{tenths % 10} GB" if tenths < 10**12 else "far more GB than there are"


@functools.cache
def memory() -> int:
    """The bytes of memory of this machine, or those that this process may have, if these are fewer."""
    found = []
    with contextlib.suppress(AttributeError, ValueError, OSError):  # not on Windows
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    if resource is not None:
        found += [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    for path in _GROUP_LIMITS:  # of a container
        with contextlib.suppress(OSError, ValueError), open(path, encoding="ascii") as file:
            found.append(int(file.read(32)))
    return min((size for size in found if size > 0), default=USUAL_MEMORY)
