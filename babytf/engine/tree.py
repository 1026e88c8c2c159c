"""Nests of tuples, lists and dicts: take the leaves out, put others in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def flatten(tree: Any) -> list[Any]:
    """The leaves, depth first; dicts in the order of their sorted keys. `None` is a leaf.

    Example:
        >>> flatten({"b": 1, "a": (2, [3, None])})
        [2, 3, None, 1]
    """
    leaves: list[Any] = []
    _gather(tree, leaves)
    return leaves


def _gather(tree: Any, leaves: list[Any]) -> None:
    kind = type(tree)
    if kind is dict or isinstance(tree, dict):
        for key in sorted(tree):
            _gather(tree[key], leaves)
    elif kind is tuple or kind is list or isinstance(tree, (tuple, list)):
        for item in tree:
            _gather(item, leaves)
    else:
        leaves.append(tree)


def unflatten(like: Any, leaves: Any) -> Any:
    """A nest shaped as `like`, with other leaves.

    Example:
        >>> unflatten({"a": 0, "b": [0]}, [1, 2])
        {'a': 1, 'b': [2]}
    """
    return _fill(like, iter(leaves))


def _fill(like: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(like, dict):
        filled = {key: _fill(like[key], leaves) for key in sorted(like)}
        return type(like)((key, filled[key]) for key in like)
    if isinstance(like, (tuple, list)):
        items = [_fill(item, leaves) for item in like]
        return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)
    return next(leaves)


def map_structure(function: Callable[..., Any], *trees: Any) -> Any:
    """Apply a function to the leaves of nests of one structure.

    Example:
        >>> map_structure(lambda a, b: a + b, (1, [2]), (10, [20]))
        (11, [22])
    """
    columns = [flatten(t) for t in trees]
    return unflatten(trees[0], [function(*row) for row in zip(*columns, strict=True)])
