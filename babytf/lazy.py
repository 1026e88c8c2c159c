"""Names that a package has from the start, and imports when they are first used. It keeps `import babytf` fast.

A package lists its modules and their names in one table; `later` does the rest. For type checkers and editors it also
imports them under `TYPE_CHECKING`; a test holds the two and `__all__` to the same names. What a table says is fixed in
our own source: no name that a user or a file gives is ever imported.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, NamedTuple


class Later(NamedTuple):
    """Something of the library that is imported when it is first asked for.

    Attributes:
        module: The module that defines it.
        name: Its name there; the module itself is meant if empty.
    """

    module: str
    name: str

    def get(self) -> Any:
        """The class, function or module itself."""
        module = importlib.import_module(self.module)
        return getattr(module, self.name) if self.name else module


class Package(ModuleType):
    """A package some of whose names are imported when they are first used."""

    _later: dict[str, Later]

    def __getattr__(self, name: str) -> Any:
        found = self._later.get(name)
        if found is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        value = self.__dict__[name] = found.get()
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        # The import of `losses/hinge.py` would put the module in the place of the function `losses.hinge`.
        if isinstance(value, ModuleType) and name in self._later and self._later[name].name:
            return
        super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *self._later})


def later(package: str, modules: Mapping[str, str], aliases: Mapping[str, str] | None = None) -> dict[str, Later]:
    """Give a package names that are imported when they are first used.

    Args:
        package: The package's `__name__`.
        modules: From modules of the package to the names they define, separated by spaces, such as
            `{"relu": "LeakyReLU ReLU"}`. No names stand for the module itself. A module of another package has its
            full name.
        aliases: From further names to names of the table.

    Returns:
        From each name to what it stands for.
    """
    table = {}
    for module, names in modules.items():
        path = module if module.startswith("babytf.") else f"{package}.{module}"
        for name in names.split():
            table[name] = Later(path, name)
        if not names:
            table[module] = Later(path, "")
    table.update({alias: table[name] for alias, name in (aliases or {}).items()})
    this = sys.modules[package]
    this.__dict__["_later"] = table
    this.__class__ = Package
    return table


class Table(Mapping[str, Any]):
    """A dictionary that imports what is later when it is looked up.

    Args:
        entries: From names to objects; a `Later` stands for what it will be.
    """

    def __init__(self, entries: Mapping[str, Any]) -> None:
        self.entries = dict(entries)

    def __getitem__(self, name: str) -> Any:
        entry = self.entries[name]
        if isinstance(entry, Later):
            entry = self.entries[name] = entry.get()
        return entry

    def __contains__(self, name: object) -> bool:
        return name in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)
