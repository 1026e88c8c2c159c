"""How many threads compute one matrix product, and what they share besides.

OpenBLAS's own threads spin while they wait, and for a while after each product. On an idle machine that is
fast; beside any other work it is slow by a factor of ten, as the spinning keeps that from being done. So BLAS is
held to one thread here. Larger products are cut into as many parts as BLAS had threads (`cut`). The parts of those of
at least `TOGETHER` multiplications run in threads of our own, which sleep while they wait. Smaller ones are done
sooner by one thread, unless they belong to a stretch of a program that goes row by row: then each thread does a share
of the rows from the stretch's beginning to its end (`lanes.py`).

What is cut, and where, depends on the sizes alone, and is the same eagerly and in programs: both give the same bits.

Nothing is changed if the user has chosen (`OPENBLAS_NUM_THREADS`, `OMP_NUM_THREADS`, or one thread by any other means),
or if NumPy stands on another BLAS.
"""

from __future__ import annotations

import ctypes
import math
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from queue import SimpleQueue

LARGE = 16_000_000
"""Multiplications from which on a product of few rows is cut along its longer side."""

TOGETHER = 8_000_000
"""Multiplications from which on the parts of a product run at once."""

ALONE = 8_192
"""Multiplications up to which BLAS uses one thread by itself."""

CUT = 1 << 18
"""Multiplications from which on a product of many rows is cut, so that each thread can go on with its own rows."""

FEWEST = 32
"""Rows that each part of such a product has at least."""

VECTOR = 1 << 18
"""Elements from which on several threads work on a vector; shorter ones stay in one processor's cache."""

_SETTINGS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GOTO_NUM_THREADS", "OPENBLAS_DEFAULT_NUM_THREADS")
_NAMES = ("scipy_openblas_{}_num_threads64_", "openblas_{}_num_threads64_", "openblas_{}_num_threads")


class _Pool:
    """The one thread pool of OpenBLAS, shared by all threads of the program."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.found: bool | None = None
        self.set: Callable[[int], None] = lambda n: None
        self.get: Callable[[], int] = lambda: 1
        self.usual = 1
        self.holders = 0

    def find(self) -> bool:
        """Look for OpenBLAS, once."""
        if self.found is None:
            self.found = False
            if not any(os.environ.get(s) for s in _SETTINGS) and (os.cpu_count() or 1) > 1:
                for path in _libraries():
                    if self._take(path):
                        break
        return self.found

    def usual_threads(self) -> int:
        """The number of threads BLAS has where nobody holds it to one."""
        with self.lock:
            return self.usual if self.holders else self.get()

    def _take(self, path: str) -> bool:
        try:
            library = ctypes.CDLL(path)
        except OSError:
            return False
        for name in _NAMES:
            if hasattr(library, name.format("set")) and hasattr(library, name.format("get")):
                self.set = getattr(library, name.format("set"))
                self.get = getattr(library, name.format("get"))
                self.found = True
                return True
        return False


_pool = _Pool()


class _Mine(threading.local):
    holds = False


_mine = _Mine()


def _libraries() -> list[str]:
    """Files of the OpenBLAS that NumPy brings or has loaded."""
    package = os.path.dirname(np.__file__)
    found = []
    for folder in (os.path.join(os.path.dirname(package), "numpy.libs"), os.path.join(package, ".dylibs")):
        if os.path.isdir(folder):
            found += [os.path.join(folder, name) for name in os.listdir(folder) if "openblas" in name]
    if not found:
        try:
            with open("/proc/self/maps", encoding="utf-8", errors="replace") as maps:
                found = sorted({line.split()[-1] for line in maps if "openblas" in line})
        except OSError:
            return []
    return found


def serial() -> None:
    """From here on, one thread per product, until `parallel()`."""
    if _mine.holds or not _pool.find():
        return
    with _pool.lock:
        if _pool.holders == 0:
            _pool.usual = _pool.get()
            if _pool.usual > 1:
                _pool.set(1)
        _pool.holders += 1
        _mine.holds = True


def parallel() -> None:
    """Back to the usual number of threads."""
    if not _mine.holds:
        return
    with _pool.lock:
        _pool.holders -= 1
        _mine.holds = False
        if _pool.holders == 0 and _pool.usual > 1:
            _pool.set(_pool.usual)


@contextmanager
def one_thread() -> Iterator[None]:
    """In this block, one thread per product; afterwards as before."""
    held = _mine.holds
    serial()
    try:
        yield
    finally:
        if not held:
            parallel()


def count() -> int:
    """Among how many threads work is shared."""
    return _pool.usual_threads() if _pool.find() else 1


def shares(size: int, count: int) -> list[slice]:
    """The stretches into which an axis of so many places is cut: equal ones, as far as that goes."""
    return [slice(size * i // count, size * (i + 1) // count) for i in range(count)]


def cut(a: Sequence[int], b: Sequence[int], count: int) -> int | None:
    """Along which axis of its result a product is cut.

    Args:
        a: Shape `(..., M, K)`.
        b: Shape `(..., K, N)`.
        count: The number of threads.

    Returns:
        0 (the first of several matrices, or the rows of one), -2 or -1; `None` if it stays in one piece.
    """
    rows, columns = a[-2], b[-1]
    products = rows * a[-1] * columns
    several = len(a) > 2 or len(b) > 2
    if count == 1 or rows * columns == 0:
        return None
    if several:
        outer = np.broadcast_shapes(tuple(a[:-2]), tuple(b[:-2]))
        if outer[0] >= count:
            return 0 if products * math.prod(outer) >= CUT else None
    elif rows >= FEWEST * count and products >= CUT:
        return 0
    if products < LARGE:
        return None
    return -2 if rows >= columns else -1


# --- products shared among threads of our own

Part = tuple[np.ndarray, np.ndarray, np.ndarray]


class _Task:
    """A call for another thread to make."""

    __slots__ = ("args", "done", "error", "function")

    def __init__(self, function: Callable[..., Any], args: Sequence[Any]) -> None:
        self.function = function
        self.args = args
        self.error: BaseException | None = None
        self.done = threading.Lock()
        self.done.acquire()

    def run(self) -> None:
        try:
            self.function(*self.args)
        except BaseException as error:
            self.error = error
        finally:
            self.done.release()

    def wait(self) -> None:
        self.done.acquire()
        if self.error is not None:
            raise self.error


class _Workers:
    """Threads that sleep until they are handed a task."""

    def __init__(self) -> None:
        self.busy = threading.Lock()
        self.queues: list[SimpleQueue[_Task]] = []

    def at_least(self, count: int) -> None:
        from queue import SimpleQueue  # needed with the first large product

        while len(self.queues) < count:
            queue: SimpleQueue[_Task] = SimpleQueue()
            threading.Thread(target=_work, args=(queue,), name="babytf-worker", daemon=True).start()
            self.queues.append(queue)


_workers = _Workers()


def _work(queue: SimpleQueue[_Task]) -> None:
    with np.errstate(all="ignore"):
        while True:
            queue.get().run()


def _forget() -> None:
    """In the child of a fork: threads do not come along."""
    _workers.__init__()  # type: ignore[misc]
    _pool.lock, _pool.holders, _mine.holds = threading.Lock(), 0, False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def parts(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Part]:
    """A product `a @ b -> out`, cut into one part per thread, or whole: see `cut`.

    Args:
        a: Shape `(..., M, K)`.
        b: Shape `(..., K, N)`.
        out: Shape `(..., M, N)`.

    Returns:
        `(a, b, out)` of each part, all of them windows on the arrays given.
    """
    number = count()
    axis = cut(a.shape, b.shape, number)
    if axis is None:
        return [(a, b, out)]
    if axis == -1:
        return [(a, b[..., s], out[..., s]) for s in shares(out.shape[-1], number)]
    if axis == -2 or out.ndim == 2:
        return [(a[..., s, :], b, out[..., s, :]) for s in shares(out.shape[-2], number)]

    def window(x: np.ndarray, s: slice) -> np.ndarray:
        return x[s] if x.ndim == out.ndim and x.shape[0] > 1 else x

    return [(window(a, s), window(b, s), out[s]) for s in shares(out.shape[0], number)]


def together(function: Callable[..., Any], calls: Sequence[Sequence[Any]]) -> None:
    """Call a function with each of the arguments at once, each in a thread; all here if the threads are taken.

    Args:
        function: What to call.
        calls: The arguments of each call.
    """
    if len(calls) == 1 or not _workers.busy.acquire(blocking=False):
        _in_turn(function, calls)
        return
    try:
        _workers.at_least(len(calls) - 1)
        tasks = [_Task(function, args) for args in calls[1:]]
        for queue, task in zip(_workers.queues, tasks, strict=False):
            queue.put(task)
        try:
            function(*calls[0])
        finally:
            for task in tasks:
                task.wait()
    finally:
        _workers.busy.release()


@contextmanager
def beside(function: Callable[..., Any], *args: Any) -> Iterator[bool]:
    """While this block runs, another thread calls a function; nobody does if the threads are taken.

    Args:
        function: What to call. The block's end waits for it.
        *args: With what.

    Yields:
        Whether it is being called.
    """
    if count() == 1 or not _workers.busy.acquire(blocking=False):
        yield False
        return
    try:
        _workers.at_least(1)
        task = _Task(function, args)
        _workers.queues[0].put(task)
        try:
            yield True
        finally:
            task.wait()
    finally:
        _workers.busy.release()


def shared(function: Callable[..., Any], shares: Sequence[Sequence[Sequence[Any]]]) -> None:
    """Have a function called by several threads, each with arguments of its own, one after the other.

    Args:
        function: What to call.
        shares: For each thread, the arguments of its calls.
    """
    together(_in_turn, [(function, calls) for calls in shares])


def _in_turn(function: Callable[..., Any], calls: Sequence[Sequence[Any]]) -> None:
    for args in calls:
        function(*args)


def multiply(pieces: Sequence[Part]) -> None:
    """Compute the parts of a product: at once if they are large, else one by one.

    Args:
        pieces: What `parts` returned.
    """
    if sum(out.size * a.shape[-1] for a, _, out in pieces) >= TOGETHER:
        together(np.matmul, pieces)
    else:
        _in_turn(np.matmul, pieces)


def stretches(pieces: list[Any]) -> list[list[Any]]:
    """What each thread gets of some pieces of work."""
    return [pieces[s] for s in shares(len(pieces), max(1, min(count(), len(pieces))))]


def divided(work: Callable[[list[Any]], Any], pieces: list[Any]) -> None:
    """Have pieces of work done by several threads, each with a stretch of them.

    Args:
        work: Called with some of the pieces.
        pieces: All of them.
    """
    together(work, [(some,) for some in stretches(pieces)])
