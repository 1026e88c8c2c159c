"""Which names a configuration may use, and what they stand for.

Two tables: the library's own classes and functions, closed once babytf is imported, and the objects
a user registered or passed. A name that is in neither stands for nothing: no module is imported and no
attribute looked up because of what a file says. Entries of the first table may be `Later`: the module they are in,
fixed in our own source, is imported when they are first asked for. Read `serialization.py` next.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from babytf.errors import explain
from babytf.lazy import Later

T = TypeVar("T")

_BUILTIN: dict[tuple[str, str], Any] = {}
_BY_NAME: dict[str, list[tuple[str, Any]]] = {}
_PUBLIC_NAME: dict[Any, tuple[str, str]] = {}

_REGISTERED: dict[str, Any] = {}
_REGISTERED_NAME: dict[Any, str] = {}
_SCOPED: ContextVar[dict[str, Any]] = ContextVar("custom objects of the scope")


def builtin(module: str, *objects: Any, **aliases: Any) -> None:
    """Enter classes and functions of the library into the table that configurations are read with.

    Args:
        module: The public module they are known under, such as `"keras.layers"`.
        objects: Classes or functions, entered under their own names. The first entry of an object is the name
            it is written with.
        aliases: Further names, accepted when reading; and all names of what is `Later`.
    """
    for name, thing in [*((thing.__name__, thing) for thing in objects), *aliases.items()]:
        if (module, name) not in _BUILTIN:
            _BUILTIN[module, name] = thing
            _BY_NAME.setdefault(name, []).append((module, thing))
        _PUBLIC_NAME.setdefault(thing, (module, name))


def public_name(thing: Any) -> tuple[str, str] | None:
    """The module and name a class or function of the library is written with; `None` if it is not of the library."""
    found = _PUBLIC_NAME.get(thing)
    if found is None:
        entry = Later(getattr(thing, "__module__", ""), getattr(thing, "__name__", ""))
        if entry in _PUBLIC_NAME and getattr(sys.modules.get(entry.module), entry.name, None) is thing:
            found = _PUBLIC_NAME[thing] = _PUBLIC_NAME[entry]
    return found


def _identity(entry: Any) -> Any:
    return entry if isinstance(entry, Later) else id(entry)


def _thing(entry: Any) -> Any:
    return entry.get() if isinstance(entry, Later) else entry


def find_builtin(module: str | None, name: str) -> Any:
    """The library's class or function of that name; `None` if there is none.

    A module inside Keras (`keras.src.…`, as some writers leave it) is only a hint: where one name is in several
    families, as `MeanSquaredError` is, the family that occurs in the module's path decides.
    """
    if module is not None:
        found = _BUILTIN.get((module, name))
        if found is not None:
            return _thing(found)
    entries = _BY_NAME.get(name, [])
    if len({_identity(entry) for _, entry in entries}) > 1:
        parts = (module or "").split(".")
        entries = [(family, entry) for family, entry in entries if family.rpartition(".")[2] in parts]
    return _thing(entries[0][1]) if len({_identity(entry) for _, entry in entries}) == 1 else None


def builtin_names(module: str | None = None) -> Iterable[str]:
    """All names in the library's table, or those of one module."""
    return {name for family, name in _BUILTIN if module is None or family == module}


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """Make a class or function of your own known, so that files may refer to it by name.

    Args:
        package: The first part of the name it is stored under, `"package>name"`.
        name: The second part; its own name if `None`.

    Returns:
        A decorator, which returns what it is given.

    Raises:
        ValueError: If a class has no `get_config`, or the name is not a plain one.

    Example:
        >>> @register_keras_serializable("mine")
        ... def double(x):
        ...     return 2 * x
        >>> get_registered_name(double)
        'mine>double'
    """

    def decorate(thing: T) -> T:
        own_name = name if name is not None else getattr(thing, "__name__", None)
        if not isinstance(own_name, str) or not isinstance(package, str):
            raise ValueError(
                explain(
                    "a class or function needs a name to be registered.",
                    got=f"package={package!r}, {thing!r}",
                    fix="write @register_keras_serializable() with the parentheses",
                )
            )
        if isinstance(thing, type) and not hasattr(thing, "get_config"):
            raise ValueError(
                explain(
                    f"{own_name} cannot be registered: it has no get_config().",
                    got=repr(thing),
                    expected="a function, or a class with get_config()",
                    fix="add get_config(self), which returns the constructor's arguments as a dict",
                )
            )
        registered = f"{package}>{own_name}"
        _REGISTERED[registered] = thing
        _REGISTERED_NAME[thing] = registered
        return thing

    return decorate


def get_registered_name(obj: Any) -> str:
    """The name an object was registered under; its own `__name__` if it was not."""
    return _REGISTERED_NAME.get(obj) or obj.__name__


def get_registered_object(
    name: str | None, custom_objects: dict[str, Any] | None = None, module_objects: dict[str, Any] | None = None
) -> Any:
    """The object a name stands for: in the scope, registered, in `custom_objects`, or in `module_objects`.

    Args:
        name: The name, `"package>name"` if it was registered.
        custom_objects: Names known for this look-up alone.
        module_objects: Names looked up last.

    Returns:
        The class or function; `None` if the name is unknown.
    """
    for table in (_SCOPED.get({}), _REGISTERED, custom_objects, module_objects):
        if table and name in table:
            return table[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The live table of everything registered; entries may be added and removed."""
    return _REGISTERED


def known_custom_names() -> list[str]:
    """The names registered, and those of the scope."""
    return [*_SCOPED.get({}), *_REGISTERED]


class CustomObjectScope:
    """Names that are known while the scope lasts.

    Args:
        custom_objects: From names to classes or functions.

    Example:
        >>> with CustomObjectScope({"double": lambda x: 2 * x}):
        ...     get_registered_object("double")(4)
        8
    """

    def __init__(self, custom_objects: dict[str, Any] | None) -> None:
        self.custom_objects = dict(custom_objects or {})
        self._tokens: list[Any] = []

    def __enter__(self) -> CustomObjectScope:
        self._tokens.append(_SCOPED.set({**_SCOPED.get({}), **self.custom_objects}))
        return self

    def __exit__(self, *exc_info: object) -> None:
        _SCOPED.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


@contextmanager
def setting(variable: ContextVar[T], value: T) -> Iterator[None]:
    """Set a context variable for the length of a `with` block."""
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)
