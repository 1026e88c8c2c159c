"""What callbacks are told: names and Python floats; computed late for those who seldom look."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

Hook = TypeVar("Hook", bound=Callable[..., Any])


def to_floats(logs: Mapping[str, Any] | None) -> dict[str, Any]:
    """Logs as callbacks get them: flat, sorted by name, Python floats where possible.

    Example:
        >>> to_floats({"loss": np.float32(0.5), "more": {"acc": 1}})
        {'acc': 1.0, 'loss': 0.5}
    """
    flat: dict[str, Any] = {}
    for name, value in sorted((logs or {}).items()):
        if isinstance(value, Mapping):
            flat.update(to_floats(value))
        else:
            try:
                flat[name] = float(value)
            except (TypeError, ValueError):
                flat[name] = value
    return dict(sorted(flat.items()))


class Logs(Mapping[str, Any]):
    """The logs of a batch, read when somebody looks at them, while the batch is the last one run.

    Args:
        read: Gives them.
    """

    __slots__ = ("_floats", "_read")

    def __init__(self, read: Callable[[], Mapping[str, Any] | None]) -> None:
        self._read = read
        self._floats: dict[str, Any] | None = None

    def floats(self) -> dict[str, Any]:
        """All of them, as a dict that stays."""
        if self._floats is None:
            self._floats = to_floats(self._read())
        return self._floats

    def __getitem__(self, name: str) -> Any:
        return self.floats()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.floats())

    def __len__(self) -> int:
        return len(self.floats())


def batch_hook(when: str | None = None) -> Callable[[Hook], Hook]:
    """Mark a method for batches that takes `Logs` as well as a dict, so that a batch costs nothing it does not need.

    Args:
        when: Name of an attribute; while it is false, the method is not called at all.
    """

    def mark(hook: Hook) -> Hook:
        hook.__dict__.update(reads_late=True, when=when)
        return hook

    return mark
