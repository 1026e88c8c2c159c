"""`PyDataset`: batches by index, prepared by several workers if asked."""

from __future__ import annotations

import collections
import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from babytf.data.iterables import standard_batch
from babytf.data.source import Source
from babytf.errors import explain


class PyDataset:
    """A data set that makes its batches on demand.

    A subclass writes `__getitem__(index)`, which returns a whole batch `(x, y)`, and `__len__`, the number of
    batches. An endless one overrides the property `num_batches` to return `None`.

    Args:
        workers: How many batches are prepared at the same time. 1: in the training thread, just in time.
        use_multiprocessing: Workers are processes rather than threads. The data set must be picklable.
        max_queue_size: How many batches may wait, ready, at most.

    Example:
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 10
        ...
        ...     def __getitem__(self, index):
        ...         x = np.full((4, 1), index, "float32")
        ...         return x, x**2
        >>> len(Squares(workers=2))
        10
    """

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size

    def _setting(self, name: str, default: Any) -> Any:
        if name not in self.__dict__:
            self.__dict__[name] = default
            warnings.warn(
                f"{type(self).__name__}.__init__ should call super().__init__(**kwargs); kwargs may hold workers, "
                "use_multiprocessing and max_queue_size. The defaults are used.",
                UserWarning,
                stacklevel=3,
            )
        return self.__dict__[name]

    @property
    def workers(self) -> int:
        """How many batches are prepared at the same time."""
        return self._setting("_workers", 1)

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = value

    @property
    def use_multiprocessing(self) -> bool:
        """Whether workers are processes."""
        return self._setting("_use_multiprocessing", False)

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = value

    @property
    def max_queue_size(self) -> int:
        """How many batches may wait, ready."""
        return self._setting("_max_queue_size", 10)

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = value

    def __getitem__(self, index: int) -> Any:
        """Make one batch.

        Args:
            index: Which one, from 0.
        """
        raise NotImplementedError(f"{type(self).__name__} has to define __getitem__(index), which returns (x, y)")

    def __iter__(self) -> Iterator[Any]:
        """One pass, without workers."""
        total = self.num_batches
        for index in itertools.count() if total is None else range(total):
            yield self[index]

    @property
    def num_batches(self) -> int | None:
        """Batches of one pass, or `None` if it is endless."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(f"{type(self).__name__} has to define __len__, the number of batches")

    def on_epoch_begin(self) -> None:
        """An epoch starts."""

    def on_epoch_end(self) -> None:
        """An epoch has ended: the place to shuffle, or to draw new samples."""

    def get_state(self) -> dict[str, Any]:
        """What changes from epoch to epoch, for a `fit` that is interrupted to go on exactly.

        By default the attributes that are numbers, orders (one-dimensional integer arrays, lists of integers) or
        random generators. Override both methods if there is more.

        Returns:
            Plain values and arrays by name.
        """
        return plain_state(self)

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to what `get_state` returned.

        Args:
            state: That.
        """
        set_plain_state(self, state)


class PyDatasetSource(Source):
    """A `PyDataset`, or an object like one, as training data.

    Args:
        dataset: The data set.
        shuffle: Whether batches come in a new order every pass. An endless one keeps its own.
        class_weight: Weight by class, for batches that bring no weights.
    """

    def __init__(self, dataset: Any, shuffle: bool | str = False, class_weight: dict[int, float] | None = None) -> None:
        self.dataset = dataset
        self.shuffle = bool(shuffle)
        self.class_weight = class_weight
        self.workers = int(getattr(dataset, "workers", 1))
        self.use_multiprocessing = bool(getattr(dataset, "use_multiprocessing", False))
        self.max_queue_size = int(getattr(dataset, "max_queue_size", 10))

    @property
    def num_batches(self) -> int | None:  # type: ignore[override]
        """Batches of one pass; asked anew every time, since an epoch's end may change it."""
        return self.dataset.num_batches if hasattr(self.dataset, "num_batches") else len(self.dataset)

    def draw_order(self) -> np.ndarray | None:
        """The batches in random order, if they are to change places."""
        total = self.num_batches
        if not self.shuffle or total is None:
            return None
        import random  # seldom needed

        indices = list(range(total))
        random.shuffle(indices)
        return np.array(indices)

    def batches(self, order: np.ndarray | None = None, start: int = 0) -> Iterator[Any]:
        """One pass.

        Args:
            order: What `draw_order` gave.
            start: How many batches to leave out; they are not made.
        """
        total = self.num_batches
        if order is not None:
            indices: Any = order[start:].tolist()
        else:
            indices = itertools.count(start) if total is None else range(start, total)
        if self.workers > 1 or (self.workers > 0 and self.use_multiprocessing):
            made = in_parallel(self.dataset, indices, self.workers, self.use_multiprocessing, self.max_queue_size)
        else:
            made = (self.dataset[i] for i in indices)
        for batch in made:
            yield self._standard(batch)

    def _standard(self, batch: Any) -> Any:
        if hasattr(batch, "__array__"):
            batch = (batch,)
        return standard_batch(batch, self.class_weight, f"{type(self.dataset).__name__}.__getitem__")

    def peek(self) -> Any:
        """Batch 0."""
        if self.num_batches == 0:
            raise ValueError(
                explain(
                    "there is no data.",
                    got=f"{type(self.dataset).__name__} of length 0",
                    expected="at least one batch",
                    fix="check its __len__: the number of batches, rounded up",
                )
            )
        return self._standard(self.dataset[0])

    def on_epoch_begin(self) -> None:
        """Tell the data set."""
        getattr(self.dataset, "on_epoch_begin", _nothing)()

    def on_epoch_end(self) -> None:
        """Tell the data set."""
        getattr(self.dataset, "on_epoch_end", _nothing)()

    def get_state(self) -> dict[str, Any]:
        """The state of the data set."""
        dataset = self.dataset
        return {"dataset": dataset.get_state() if hasattr(dataset, "get_state") else plain_state(dataset)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Hand it to the data set.

        Args:
            state: What `get_state` returned.
        """
        if "dataset" not in state:
            raise ValueError(
                explain(
                    "the state is of other data.",
                    got="that of arrays or of an iterable",
                    expected=f"that of a {type(self.dataset).__name__}",
                    fix="pass to fit what the interrupted fit was given",
                )
            )
        if hasattr(self.dataset, "set_state"):
            self.dataset.set_state(state["dataset"])
        else:
            set_plain_state(self.dataset, state["dataset"])


_SETTINGS = ("_workers", "_use_multiprocessing", "_max_queue_size")


def plain_state(thing: Any) -> dict[str, Any]:
    """The attributes of an object that are numbers, orders or random generators.

    Args:
        thing: An object with attributes of its own.
    """
    found: dict[str, Any] = {}
    for name, value in getattr(thing, "__dict__", {}).items():
        if name in _SETTINGS:
            continue
        if isinstance(value, np.random.Generator):
            found[name] = value.bit_generator.state
        elif isinstance(value, np.random.RandomState):
            found[name] = value.get_state(legacy=False)
        elif isinstance(value, (bool, int, float, np.number)) or _is_order(value):
            found[name] = value
    return found


def _is_order(value: Any) -> bool:
    if isinstance(value, np.ndarray):
        return value.ndim == 1 and value.dtype.kind in "iu"
    return type(value) is list and all(type(item) is int for item in value)


def set_plain_state(thing: Any, state: dict[str, Any]) -> None:
    """Set the attributes that `plain_state` found; arrays and lists keep their identity where their length allows.

    Args:
        thing: The object.
        state: What `plain_state` returned.
    """
    for name, value in state.items():
        now = getattr(thing, name, None)
        if isinstance(now, np.random.Generator):
            now.bit_generator.state = value
        elif isinstance(now, np.random.RandomState):
            now.set_state(value)
        elif isinstance(now, np.ndarray) and now.shape == np.shape(value) and now.flags.writeable:
            now[...] = value
        elif type(now) is list:
            now[:] = value
        else:
            setattr(thing, name, value)


def _nothing() -> None:
    pass


def in_parallel(dataset: Any, indices: Any, workers: int, processes: bool, ahead: int) -> Iterator[Any]:
    """Batches in the order of `indices`, up to `ahead` of them prepared by workers before they are asked for.

    Args:
        dataset: What is indexed.
        indices: Which batches, in which order; may be endless.
        workers: How many work at a time.
        processes: Whether they are processes. Each gets its own copy of the data set when the pass begins.
        ahead: How many batches may be under way or waiting.
    """
    from concurrent import futures  # costs milliseconds that no other data needs

    if processes:
        pool: Any = futures.ProcessPoolExecutor(workers, initializer=_keep, initargs=(dataset,))
        make: Any = _make
    else:
        pool, make = futures.ThreadPoolExecutor(workers, "babytf_data"), dataset.__getitem__
    under_way: collections.deque[Any] = collections.deque()
    try:
        for index in indices:
            under_way.append(pool.submit(make, index))
            if len(under_way) >= max(1, ahead):
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


_kept: Any = None
"""In a worker process: the data set it makes batches of."""


def _keep(dataset: Any) -> None:
    global _kept
    _kept = dataset


def _make(index: int) -> Any:
    return _kept[index]
