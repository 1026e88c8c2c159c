"""How a layer notices what is assigned to it: variables, layers, metrics and seed generators, also inside containers.

A list, dict or set that is assigned to a layer becomes one that reports what is put into it later.
Read `state.py` next, which keeps the reports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ClassVar

_tracking: ContextVar[bool] = ContextVar("whether assignments are noted", default=True)


@contextmanager
def not_tracking() -> Iterator[None]:
    """In this block, what is assigned to a layer does not become part of its state.

    For what belongs to training and not to the model: compiled losses and metrics.
    """
    token = _tracking.set(False)
    try:
        yield
    finally:
        _tracking.reset(token)


class Tracker:
    """The things of each kind that a layer owns, in the order in which they came.

    Attributes:
        kinds: From a kind's name to the test for it; the first that holds counts.
        owned: From a kind's name to the things.
        locked_by: The message for attempts to add to it; `None` while it is open.
    """

    kinds: ClassVar[dict[str, Callable[[Any], bool]]] = {}

    def __init__(self) -> None:
        self.owned: dict[str, list[Any]] = {kind: [] for kind in self.kinds}
        self.locked_by: str | None = None
        self._ids: set[int] = set()

    def __getstate__(self) -> tuple[Any, ...]:
        return self.owned, self.locked_by

    def __setstate__(self, saved: tuple[Any, ...]) -> None:
        self.owned, self.locked_by = saved
        self._ids = {id(thing) for things in self.owned.values() for thing in things}

    def track(self, value: Any) -> Any:
        """Note a value that is assigned, and what it contains.

        Returns:
            The value, or for a container one that goes on reporting.

        Raises:
            ValueError: If it would be new state and the tracker is locked.
        """
        if isinstance(value, (str, int, float, type(None))) or not _tracking.get():
            return value
        for kind, belongs in self.kinds.items():
            if belongs(value):
                self.add(kind, value)
                return value
        if isinstance(value, tuple):
            items = [self.track(item) for item in value]
            return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
        for plain, tracked in ((list, TrackedList), (dict, TrackedDict), (set, TrackedSet)):
            if type(value) in (plain, tracked):
                return tracked(value, self)
        return value

    def add(self, kind: str, value: Any) -> None:
        """Note one thing of a kind; twice is once.

        Raises:
            ValueError: If the tracker is locked.
        """
        if id(value) in self._ids:
            return
        if self.locked_by is not None:
            raise ValueError(self.locked_by)
        self._ids.add(id(value))
        self.owned[kind].append(value)

    def forget(self, value: Any) -> None:
        """The opposite of `add`; what was not noted is ignored."""
        if id(value) in self._ids:
            self._ids.remove(id(value))
            for things in self.owned.values():
                things[:] = [thing for thing in things if thing is not value]


class TrackedList(list):
    """A list whose items a layer owns."""

    def __init__(self, values: Iterable[Any] = (), tracker: Tracker | None = None) -> None:
        self._tracker = tracker
        super().__init__(self._track(v) for v in values)

    def _track(self, value: Any) -> Any:
        return value if self._tracker is None else self._tracker.track(value)

    def _forget(self, *values: Any) -> None:
        if self._tracker is not None:
            for value in values:
                self._tracker.forget(value)

    def append(self, value: Any) -> None:
        super().append(self._track(value))

    def insert(self, index: Any, value: Any) -> None:
        super().insert(index, self._track(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._track(v) for v in values])

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._forget(*self[index])
            super().__setitem__(index, [self._track(v) for v in value])
        else:
            self._forget(self[index])
            super().__setitem__(index, self._track(value))

    def __delitem__(self, index: Any) -> None:
        gone = self[index]
        self._forget(*gone if isinstance(index, slice) else [gone])
        super().__delitem__(index)

    def remove(self, value: Any) -> None:
        super().remove(value)
        self._forget(value)

    def pop(self, index: Any = -1) -> Any:
        value = super().pop(index)
        self._forget(value)
        return value

    def clear(self) -> None:
        self._forget(*self)
        super().clear()

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return list, (list(self),)


class TrackedDict(dict):
    """A dict whose values a layer owns."""

    def __init__(self, values: Any = (), tracker: Tracker | None = None) -> None:
        self._tracker = tracker
        super().__init__({k: self._track(v) for k, v in dict(values).items()})

    def _track(self, value: Any) -> Any:
        return value if self._tracker is None else self._tracker.track(value)

    def _forget(self, value: Any) -> None:
        if self._tracker is not None:
            self._tracker.forget(value)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._track(value))

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __ior__(self, other: Any) -> TrackedDict:  # type: ignore[misc]
        self.update(other)
        return self

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def __delitem__(self, key: Any) -> None:
        self._forget(self[key])
        super().__delitem__(key)

    def pop(self, key: Any, *default: Any) -> Any:
        value = super().pop(key, *default)
        self._forget(value)
        return value

    def popitem(self) -> tuple[Any, Any]:
        key, value = super().popitem()
        self._forget(value)
        return key, value

    def clear(self) -> None:
        for value in self.values():
            self._forget(value)
        super().clear()

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return dict, (dict(self),)


class TrackedSet(set):
    """A set whose members a layer owns."""

    def __init__(self, values: Iterable[Any] = (), tracker: Tracker | None = None) -> None:
        self._tracker = tracker
        super().__init__(self._track(v) for v in values)

    def _track(self, value: Any) -> Any:
        return value if self._tracker is None else self._tracker.track(value)

    def _forget(self, value: Any) -> None:
        if self._tracker is not None:
            self._tracker.forget(value)

    def add(self, value: Any) -> None:
        super().add(self._track(value))

    def update(self, *others: Iterable[Any]) -> None:
        for values in others:
            super().update([self._track(v) for v in values])

    def remove(self, value: Any) -> None:
        super().remove(value)
        self._forget(value)

    def discard(self, value: Any) -> None:
        if value in self:
            self.remove(value)

    def pop(self) -> Any:
        value = super().pop()
        self._forget(value)
        return value

    def clear(self) -> None:
        for value in self:
            self._forget(value)
        super().clear()

    def __reduce_ex__(self, protocol: Any) -> tuple:
        return set, (set(self),)
