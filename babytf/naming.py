"""Names that layers, metrics and optimizers get when the user gives none: `dense`, `dense_1`, `dense_2`."""

from __future__ import annotations

import re

from babytf.errors import explain

_NOT_IN_NAMES = "/\\\0"

_used: dict[str, int] = {}


def to_snake_case(name: str) -> str:
    """A class name in snake case, as Keras writes it.

    Example:
        >>> to_snake_case("LeakyReLU"), to_snake_case("Conv2D"), to_snake_case("GlobalAveragePooling1D")
        ('leaky_re_lu', 'conv2d', 'global_average_pooling1d')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(kind: str) -> str:
    """The next free name for an object of this kind.

    Args:
        kind: A class name, or a name in snake case.

    Returns:
        The snake-case name, with `_1`, `_2`, … from the second on.
    """
    stem = to_snake_case(kind)
    count = _used.get(stem, 0)
    _used[stem] = count + 1
    return f"{stem}_{count}" if count else stem


def get_uid(prefix: str = "") -> int:
    """Count one up for a prefix, from 1; automatic names count along.

    Args:
        prefix: What is counted, such as `"dense"`.

    Example:
        >>> get_uid("a_prefix"), get_uid("a_prefix")
        (1, 2)
    """
    _used[prefix] = _used.get(prefix, 0) + 1
    return _used[prefix]


def checked_name(owner: str, name: object) -> str:
    """The name a user gave, or the next free one.

    Args:
        owner: Class of the object that is named.
        name: What was given; `None` for an automatic name.

    Raises:
        ValueError: If it is not a string, or one that could lead elsewhere as a path: it has a separator, or is `..`.
    """
    if name is None:
        return auto_name(owner)
    if not isinstance(name, str) or name in (".", "..") or any(letter in name for letter in _NOT_IN_NAMES):
        raise ValueError(
            explain(
                f"{owner}: bad `name`.",
                got=f"name={name!r}",
                expected="a string without '/' and '\\', and not '..'",
                fix="'/' separates the parts of a variable's path; use '_'" if isinstance(name, str) else None,
            )
        )
    return name


def reset_names() -> None:
    """Start counting again: the next automatic name of each kind has no number."""
    _used.clear()
