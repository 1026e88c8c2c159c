"""How many threads compute one matrix product.

OpenBLAS's own threads spin while they wait, and for a while after each product. On an idle machine that is
fast; beside any other work it is slow by a factor of ten, as the spinning keeps the work from being done. So BLAS is
held to one thread here. Products of at least `SMALL` multiplications are cut into as many parts as BLAS had threads,
and the parts run in threads of our own, which sleep while they wait. Smaller products are done sooner by one thread.

What is cut, and where, depends on the sizes alone, and is the same eagerly and in programs: both give the same bits.

Nothing is changed if the user has chosen (`OPENBLAS_NUM_THREADS`, `OMP_NUM_THREADS`, or one thread by any other means),
or if NumPy stands on another BLAS.
"""

from __future__ import annotations

import ctypes
import os
import pathlib
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from queue import SimpleQueue

SMALL = 16_000_000
"""Multiplications from which on a product is shared among threads."""

GRAIN = 16
"""Parts begin at multiples of this many rows or columns, as BLAS's kernels work on blocks of them."""

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
    package = pathlib.Path(np.__file__).parent
    found = [
        str(p) for folder in (package.parent / "numpy.libs", package / ".dylibs") for p in folder.glob("*openblas*")
    ]
    if not found:
        try:
            maps = pathlib.Path("/proc/self/maps").read_text()
        except OSError:
            return []
        found = sorted({line.split()[-1] for line in maps.splitlines() if "openblas" in line})
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


def is_small(products: int) -> bool:
    """Whether this many multiplications are too few to share.

    Args:
        products: Multiplications in one matrix product: rows times columns times the length of the sums.
    """
    return products < SMALL


# --- products shared among threads of our own

Part = tuple[np.ndarray, np.ndarray, np.ndarray]


class _Task:
    """A call for another thread to make."""

    __slots__ = ("args", "done", "error", "function")

    def __init__(self, function: Callable[..., Any], args: tuple[Any, ...]) -> None:
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


def _blocks(size: int, count: int) -> int:
    """The length of each of so many parts of `size`, in whole blocks."""
    return -(-size // (count * GRAIN)) * GRAIN


def parts(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> list[Part]:
    """A large product `a @ b -> out`, cut into one part per thread along the longer side of `out`.

    Args:
        a: Shape `(..., M, K)`.
        b: Shape `(..., K, N)`.
        out: Shape `(..., M, N)`.

    Returns:
        `(a, b, out)` of each part, all of them windows on the arrays given.
    """
    count = _pool.usual_threads() if _pool.find() else 1
    rows, columns = out.shape[-2:]
    size = max(rows, columns)
    # The calling thread has a block more: it begins at once, while the others have to wake.
    first = size if count == 1 else min(size, _blocks(size, count) + GRAIN)
    step = _blocks(size - first, count - 1) if first < size else size
    cuts = [slice(0, first), *(slice(at, min(at + step, size)) for at in range(first, size, step))]
    if len(cuts) == 1:
        return [(a, b, out)]
    if rows >= columns:
        return [(a[..., cut, :], b, out[..., cut, :]) for cut in cuts]
    return [(a, b[..., cut], out[..., cut]) for cut in cuts]


def _at_once(function: Callable[..., Any], calls: Sequence[tuple[Any, ...]]) -> None:
    """Call a function with each of the arguments, each in a thread; all here if the threads are taken."""
    if len(calls) == 1 or not _workers.busy.acquire(blocking=False):
        for args in calls:
            function(*args)
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


def together(pieces: list[Part]) -> None:
    """Compute the parts of a product at once, each in a thread.

    Args:
        pieces: What `parts` returned.
    """
    _at_once(np.matmul, pieces)


def count() -> int:
    """How many threads a long computation is shared among."""
    return _pool.usual_threads() if _pool.find() else 1


def stretches(pieces: list[Any]) -> list[list[Any]]:
    """What each of the threads gets of a list of pieces."""
    each = -(-len(pieces) // min(len(pieces), count()))
    return [pieces[at : at + each] for at in range(0, len(pieces), each)]


def shared(function: Callable[[list[Any]], None], pieces: list[Any]) -> None:
    """Have a loop over pieces of long vectors run by several threads, each on a stretch of its own.

    Args:
        function: Called with a list of pieces.
        pieces: All of them.
    """
    _at_once(function, [(some,) for some in stretches(pieces)])


@contextmanager
def held() -> Iterator[None]:
    """One thread per product in this block; as it was before, after it."""
    mine = not _mine.holds
    serial()
    try:
        yield
    finally:
        if mine:
            parallel()
