"""Nests: tuples, lists, dicts, named tuples and deques inside each other, and what is in them at the leaves.

A leaf is anything else, `None` among it. Dicts go in the order of their sorted keys, except an `OrderedDict`, which
has an order of its own. The engine has a smaller module of its own for its needs, `engine/tree.py`.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from babytf.errors import explain

__all__ = [
    "MAP_TO_NONE",
    "assert_same_paths",
    "assert_same_structure",
    "flatten",
    "flatten_with_path",
    "is_nested",
    "lists_to_tuples",
    "map_shape_structure",
    "map_structure",
    "map_structure_up_to",
    "pack_sequence_as",
    "traverse",
]

Path = tuple[Any, ...]


class MAP_TO_NONE:
    """What a function given to `traverse` returns to put `None` in place of a part."""


def is_nested(structure: Any) -> bool:
    """Whether this is a tuple, a list, a dict, a named tuple or a deque.

    Example:
        >>> is_nested((1, 2)), is_nested("ab")
        (True, False)
    """
    return isinstance(structure, (dict, list, tuple, deque))


def _keys(node: Any) -> list[Any]:
    """The keys of a node, in the order in which its parts are visited."""
    if not isinstance(node, dict):
        return list(range(len(node)))
    if isinstance(node, OrderedDict):
        return list(node)
    try:
        return sorted(node)
    except TypeError:
        raise TypeError(
            explain(
                "the keys of a dict in a nest cannot be put in order.",
                got=repr(list(node))[:80],
                expected="keys of one kind, such as strings",
                fix="use an OrderedDict, which keeps its own order",
            )
        ) from None


def _rebuilt(node: Any, parts: list[Any]) -> Any:
    """A node of the same kind, with other parts, which come in the order of `_keys`."""
    if isinstance(node, dict):
        by_key = dict(zip(_keys(node), parts, strict=True))
        filled = {key: by_key[key] for key in node}
        if isinstance(node, defaultdict):
            return type(node)(node.default_factory, filled)
        return type(node)(filled)
    if isinstance(node, deque):
        return type(node)(parts, node.maxlen)
    return type(node)(*parts) if hasattr(node, "_fields") else type(node)(parts)


def flatten(structure: Any) -> list[Any]:
    """The leaves, depth first.

    Args:
        structure: A nest, or a single leaf.

    Example:
        >>> flatten({"b": 1, "a": (2, [3, None])})
        [2, 3, None, 1]
    """
    return [leaf for _, leaf in flatten_with_path(structure)]


def flatten_with_path(structure: Any) -> list[tuple[Path, Any]]:
    """The leaves, each with the keys and positions that lead to it.

    Args:
        structure: A nest, or a single leaf, whose path is empty.

    Example:
        >>> flatten_with_path([{"a": 7}])
        [((0, 'a'), 7)]
    """
    found: list[tuple[Path, Any]] = []
    _gather((), structure, found)
    return found


def _gather(path: Path, node: Any, found: list[tuple[Path, Any]]) -> None:
    if not is_nested(node):
        found.append((path, node))
        return
    for key in _keys(node):
        _gather((*path, key), node[key], found)


def pack_sequence_as(structure: Any, flat_sequence: Iterable[Any]) -> Any:
    """A nest of the given form, with other leaves: the opposite of `flatten`.

    Args:
        structure: A nest of the form wanted; its leaves do not matter.
        flat_sequence: The leaves, in the order of `flatten`.

    Raises:
        TypeError: If `flat_sequence` cannot be iterated over.
        ValueError: If there are too few or too many leaves.

    Example:
        >>> pack_sequence_as({"b": 0, "a": [0]}, [1, 2])
        {'b': 2, 'a': [1]}
    """
    leaves = list(flat_sequence)
    places = len(flatten(structure))
    if len(leaves) != places:
        raise ValueError(
            explain(
                "the leaves do not fit the structure.",
                got=f"{len(leaves)} leaves",
                expected=f"{places}, for {structure!r}"[:200],
                fix="flatten a nest of the same form",
            )
        )
    supply = iter(leaves)
    return _mapped(lambda _: next(supply), (), (structure,))


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """Apply a function to the leaves of one nest, or of several of the same form.

    Args:
        func: Takes one leaf of each nest.
        *structures: Nests of one form.
        none_is_leaf: Whether the function is called on `None` too; otherwise `None` stays.

    Returns:
        A nest of the form of the first.

    Raises:
        TypeError: If `func` cannot be called.
        ValueError: If the nests differ in form, or there is none.

    Example:
        >>> map_structure(lambda a, b: a + b, (1, [2]), (10, [20]))
        (11, [22])
    """
    _check(func, structures)
    return _mapped(func, (), structures, none_is_leaf=none_is_leaf)


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """Like `map_structure`, but no deeper than a given nest goes.

    Args:
        shallow_structure: The form of the result; its leaves do not matter.
        func: Takes the part of each nest that stands where the shallow one has a leaf.
        *structures: Nests of that form, which may go deeper.

    Raises:
        TypeError: If `func` cannot be called.
        ValueError: If a nest does not have the shallow form, or there is none.

    Example:
        >>> map_structure_up_to([0, [0]], str, [[1, 1], [2]])
        ['[1, 1]', ['2']]
    """
    _check(func, structures)
    return _mapped(lambda _, *parts: func(*parts), (), (shallow_structure, *structures), up_to_first=True)


def _check(func: Any, structures: tuple[Any, ...]) -> None:
    if not callable(func):
        raise TypeError(explain("`func` cannot be called.", got=repr(func)[:80], expected="a function of the leaves"))
    if not structures:
        raise ValueError(explain("there is no structure.", got="a function alone", fix="pass one nest at least"))


def _mapped(
    func: Callable[..., Any],
    path: Path,
    nodes: tuple[Any, ...],
    none_is_leaf: bool = True,
    up_to_first: bool = False,
) -> Any:
    first = nodes[0]
    if not is_nested(first):
        if not up_to_first:
            for other in nodes[1:]:
                if is_nested(other) or (not none_is_leaf and (first is None) != (other is None)):
                    raise _differ(path, first, other)
        return None if first is None and not none_is_leaf else func(*nodes)
    for other in nodes[1:]:
        _check_same(path, first, other)
    parts = [
        _mapped(func, (*path, key), tuple(node[key] for node in nodes), none_is_leaf, up_to_first)
        for key in _keys(first)
    ]
    return _rebuilt(first, parts)


def _kind(node: Any) -> Any:
    """What must be equal for two nodes to be of one form; all dicts are."""
    return dict if isinstance(node, dict) else type(node)


def _check_same(path: Path, a: Any, b: Any) -> None:
    if not is_nested(b) or _kind(a) is not _kind(b) or len(a) != len(b):
        raise _differ(path, a, b)
    if isinstance(a, dict) and a.keys() != b.keys():
        raise _differ(path, a, b)


def _differ(path: Path, a: Any, b: Any) -> ValueError:
    where = "at " + "".join(f"[{key!r}]" for key in path) if path else "at the top"
    return ValueError(
        explain(
            f"the structures don't have the same nested structure: they differ {where}.",
            got=_described(b),
            expected=_described(a),
        )
    )


def _described(node: Any) -> str:
    if not is_nested(node):
        return f"a leaf, {type(node).__name__}"
    inside = f"the keys {list(node)}" if isinstance(node, dict) else f"{len(node)} parts"
    return f"a {type(node).__name__} of {inside}"[:200]


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Check that two nests have one form: the same kinds of containers, of the same lengths and keys.

    All kinds of dict count as one.

    Args:
        a: A nest.
        b: Another.
        check_types: Of no effect, as in Keras; `assert_same_paths` is the looser check.

    Raises:
        ValueError: If they differ.

    Example:
        >>> assert_same_structure([(0, 1)], [(2, 3)])
    """
    if check_types is not None:
        warnings.warn(
            "assert_same_structure: check_types has no effect; assert_same_paths is the looser check.",
            DeprecationWarning,
            stacklevel=2,
        )
    _mapped(lambda *_: None, (), (a, b))


def assert_same_paths(a: Any, b: Any) -> None:
    """Check that the same keys and positions lead to the leaves of two nests, whatever their containers are.

    Args:
        a: A nest.
        b: Another.

    Raises:
        ValueError: If they differ.

    Example:
        >>> assert_same_paths([0, 1], (2, 3))
    """
    ours, theirs = ({path: None for path, _ in flatten_with_path(tree)} for tree in (a, b))
    if ours.keys() != theirs.keys():
        raise ValueError(
            explain(
                "`a` and `b` don't have the same paths.",
                got=f"only in a: {[p for p in ours if p not in theirs]}, only in b: "
                f"{[p for p in theirs if p not in ours]}",
                expected="the same keys and positions in both",
            )
        )


def lists_to_tuples(structure: Any) -> Any:
    """The same nest with tuples in place of lists.

    Args:
        structure: A nest.

    Example:
        >>> lists_to_tuples([1, {"a": [2]}])
        (1, {'a': (2,)})
    """
    return traverse(lambda node: tuple(node) if isinstance(node, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """Apply a function to the shapes in a nest: a tuple or list of nothing but integers and `None` is a leaf.

    Args:
        func: Takes a shape.
        structure: A nest of shapes.

    Example:
        >>> map_shape_structure(len, {"a": (2, 3), "b": [(4,), ()]})
        {'a': 2, 'b': [1, 0]}
    """
    if not callable(func):
        raise TypeError(explain("`func` cannot be called.", got=repr(func)[:80], expected="a function of a shape"))
    is_shape = isinstance(structure, (list, tuple)) and all(n is None or isinstance(n, int) for n in structure)
    if is_shape or not is_nested(structure):
        return func(structure)
    return _rebuilt(structure, [map_shape_structure(func, structure[key]) for key in _keys(structure)])


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Call a function on a nest and on every part of it, and put what it returns in place of the part.

    Args:
        func: Takes a part; returns `None` to leave it, `MAP_TO_NONE` to make it `None`.
        structure: A nest.
        top_down: Whether a part comes before those inside it, which are not visited if it is replaced.

    Raises:
        TypeError: If `func` cannot be called.

    Example:
        >>> traverse(lambda node: sum(node) if isinstance(node, tuple) else None, [(1, 2), 3])
        [3, 3]
    """
    if not callable(func):
        raise TypeError(explain("`func` cannot be called.", got=repr(func)[:80], expected="a function of a part"))
    node = structure
    if top_down:
        found = func(node)
        if found is None:
            return _inside(func, node, top_down)
    else:
        node = _inside(func, node, top_down)
        found = func(node)
        if found is None:
            return node
    return None if found is MAP_TO_NONE else found


def _inside(func: Callable[[Any], Any], node: Any, top_down: bool) -> Any:
    if not is_nested(node):
        return node
    return _rebuilt(node, [traverse(func, node[key], top_down) for key in _keys(node)])
