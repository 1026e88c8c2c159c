"""What stands between the brackets of `x[…]`, as parameters that print and can be compared."""

from __future__ import annotations

from typing import Any


class Key(tuple[Any, ...]):
    """The slices, integers, `None` and `...` of an index.

    Example:
        >>> Key((slice(None), slice(1, None, 2), None))
        :, 1::2, None
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return ", ".join(_text(part) for part in self) + ("," if len(self) == 1 else "") if self else "()"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __hash__(self) -> int:
        return hash(repr(self))


def _text(part: Any) -> str:
    if part is Ellipsis:
        return "..."
    if not isinstance(part, slice):
        return repr(part)
    start, stop, step = ("" if p is None else str(p) for p in (part.start, part.stop, part.step))
    return f"{start}:{stop}" + (f":{step}" if step else "")


class Places(tuple[Any, ...]):
    """A key in which `ARRAY` stands where the next array of indices goes."""

    __slots__ = ()

    def __hash__(self) -> int:
        return hash(repr(self))
