"""Which parts of a model own variables, and the path each is stored under.

Paths are those of Keras 3: the attribute that holds a part, and inside lists the class in snake case with a number
(`layers/dense`, `layers/dense_1`), never the part's own name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from babytf.layers import Layer
from babytf.naming import to_snake_case
from babytf.optimizers import Optimizer

_LAYERS_FIRST = {"Sequential": {"_functional", "_input_layer", "_stack"}, "Functional": {"operations", "_operations"}}


def walk(model: Any, skip: Collection[Any] = ()) -> Iterator[tuple[str, Any]]:
    """Every part that owns variables, with its path, each once, at the first path that reaches it.

    Args:
        model: Where to start; its own path is `""`.
        skip: Parts to leave out, with all below them.
    """
    yield from _part(model, "", {id(thing) for thing in skip})


def entry(path: str, key: str = "") -> str:
    """The HDF5 path of a part's variables, or of one of them."""
    return "/".join(piece for piece in (path, "vars", key) if piece)


def _part(part: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    if id(part) in seen:
        return
    seen.add(id(part))
    yield path, part
    children = ((n, getattr(part, n)) for n in part.wraps) if isinstance(part, Optimizer) else _children(part)
    for name, child in children:
        below = f"{path}/{name}" if path else name
        if isinstance(child, (Layer, Optimizer)):
            yield from _part(child, below, seen)
        elif isinstance(child, (list, tuple, dict)):
            yield from _container(child, below, seen, set())


def _container(container: Any, path: str, seen: set[int], inside: set[int]) -> Iterator[tuple[str, Any]]:
    if id(container) in inside:
        return
    inside.add(id(container))
    used: dict[str, int] = {}
    for item in list(container.values()) if isinstance(container, dict) else container:
        if isinstance(item, (Layer, Optimizer)):
            yield from _part(item, f"{path}/{_numbered(to_snake_case(type(item).__name__), used)}", seen)
        elif isinstance(item, (list, tuple, dict)):
            yield from _container(item, f"{path}/{_numbered('container', used)}", seen, inside)


def _numbered(name: str, used: dict[str, int]) -> str:
    used[name] = used.get(name, -1) + 1
    return f"{name}_{used[name]}" if used[name] else name


def _children(part: Any) -> Iterator[tuple[str, Any]]:
    left_out = _plain_attributes()
    for base in type(part).__mro__:
        if base.__module__.startswith("babytf.") and base.__name__ in _LAYERS_FIRST:
            yield "layers", part.layers
            left_out = left_out | _LAYERS_FIRST[base.__name__]
            break
    for name in sorted(dir(part), key=lambda name: "~" + name if name.startswith("_") else name):
        if name.startswith("__") or name in left_out:
            continue
        try:
            child = getattr(part, name)
        except Exception:  # a property that has no value now holds no part
            continue
        yield name, child


@cache
def _plain_attributes() -> frozenset[str]:
    """What every layer has."""
    return frozenset(dir(Layer(name="plain")))
