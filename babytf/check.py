"""Checks of arguments, one line each where they are used.

Each takes the object that asks (for its name in the message) and one keyword, the argument itself,
and returns the accepted value: `self.units = check.positive_int(self, units=units)`.
"""

from __future__ import annotations

import numbers
from typing import Any

from babytf.errors import explain


def _one(named: dict[str, Any]) -> tuple[str, Any]:
    ((name, value),) = named.items()
    return name, value


def _who(owner: Any) -> str:
    if isinstance(owner, str):
        return owner
    name = getattr(owner, "name", None)
    return type(owner).__name__ + (f" '{name}'" if isinstance(name, str) else "")


def _refuse(owner: Any, name: str, value: Any, expected: str, fix: str | None = None) -> ValueError:
    return ValueError(
        explain(
            f"{_who(owner)}: bad `{name}`.", got=f"{name}={value!r}", expected=expected, fix=fix or f"pass {expected}"
        )
    )


def positive_int(owner: Any, **named: Any) -> int:
    """An integer of at least 1 (NumPy integers too, booleans not)."""
    name, value = _one(named)
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 1:
        raise _refuse(owner, name, value, "a positive integer")
    return int(value)


def optional_positive_int(owner: Any, **named: Any) -> int | None:
    """`None`, or an integer of at least 1."""
    ((_, value),) = named.items()
    return None if value is None else positive_int(owner, **named)


def non_negative_int(owner: Any, **named: Any) -> int:
    """An integer of at least 0."""
    name, value = _one(named)
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 0:
        raise _refuse(owner, name, value, "an integer of at least 0")
    return int(value)


def boolean(owner: Any, **named: Any) -> bool:
    """True or False."""
    name, value = _one(named)
    if not isinstance(value, bool) and type(value).__name__ not in ("bool", "bool_"):
        raise _refuse(owner, name, value, "True or False")
    return bool(value)


def number(owner: Any, **named: Any) -> float:
    """A real number that is not NaN."""
    name, value = _one(named)
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or value != value:
        raise _refuse(owner, name, value, "a number")
    return value  # type: ignore[return-value]


def non_negative(owner: Any, **named: Any) -> float:
    """A number of at least 0."""
    name, value = _one(named)
    if number(owner, **named) < 0:
        raise _refuse(owner, name, value, "a number of at least 0")
    return value


def positive(owner: Any, **named: Any) -> float:
    """A number above 0."""
    name, value = _one(named)
    if not number(owner, **named) > 0:
        raise _refuse(owner, name, value, "a number above 0")
    return value


def fraction(owner: Any, **named: Any) -> float:
    """A number in [0, 1]."""
    name, value = _one(named)
    if not 0 <= number(owner, **named) <= 1:
        raise _refuse(owner, name, value, "a number from 0 to 1")
    return value


def one_of(owner: Any, options: tuple[Any, ...], **named: Any) -> Any:
    """One of the options."""
    name, value = _one(named)
    if value not in options:
        raise _refuse(owner, name, value, "one of " + ", ".join(repr(o) for o in options))
    return value


def sizes(owner: Any, count: int, **named: Any) -> tuple[int, ...]:
    """One positive integer for each spatial axis, or one for all of them."""
    name, value = _one(named)
    given = value if isinstance(value, (tuple, list)) else (value,) * count
    fine = len(given) == count and all(
        isinstance(n, numbers.Integral) and not isinstance(n, bool) and int(n) > 0 for n in given
    )
    if not fine:
        raise _refuse(
            owner, name, value, f"a positive integer, or {count} of them" if count > 1 else "a positive integer"
        )
    return tuple(int(n) for n in given)


def output_padding(owner: Any, count: int, value: Any, strides: tuple[int, ...]) -> tuple[int | None, ...]:
    """`None`, or for each spatial axis an integer from 0 to below the stride."""
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    fine = len(given) == count and all(
        n is None or (isinstance(n, numbers.Integral) and not isinstance(n, bool) and 0 <= int(n) < s)
        for n, s in zip(given, strides, strict=False)
    )
    if not fine:
        raise _refuse(owner, "output_padding", value, f"None, or integers of at least 0 and below strides={strides}")
    return tuple(None if n is None else int(n) for n in given)


def pairs(owner: Any, count: int, **named: Any) -> tuple[tuple[int, int], ...]:
    """What is at both ends of each spatial axis: one integer, one for each, or pairs."""
    name, value = _one(named)
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,) * count
    if count == 1 and isinstance(value, (tuple, list)):
        given = (given,)
    ends = [tuple(e) if isinstance(e, (tuple, list)) else (e, e) for e in given]
    fine = len(ends) == count and all(
        len(e) == 2 and all(isinstance(n, numbers.Integral) and not isinstance(n, bool) and int(n) >= 0 for n in e)
        for e in ends
    )
    if not fine:
        raise _refuse(owner, name, value, "integers of at least 0: one, or (before, after) for each axis")
    return tuple((int(a), int(b)) for a, b in ends)
