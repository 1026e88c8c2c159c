"""A model's variables to arrays by path, and back.

Reading is in two steps: everything is read and checked, and only then is anything assigned.
"""

from __future__ import annotations

import warnings
from collections.abc import Collection
from typing import Any, Protocol

import numpy as np

from babytf.engine import Variable
from babytf.errors import ShapeError, explain
from babytf.optimizers import Optimizer
from babytf.saving.hdf5 import Dataset
from babytf.saving.walk import entry, walk

Groups = dict[str, tuple[str | None, dict[str, Any]]]


class Reader(Protocol):
    """Arrays by the path of their group: one file, or several that belong together."""

    def group(self, path: str) -> dict[str, Dataset]:
        """The arrays of one group, by name; empty if there is no such group."""
        ...

    def group_paths(self) -> list[str]:
        """The paths of all groups."""
        ...

    def text(self, path: str, name: str) -> str | None:
        """An attribute of a group that is a text; `None` if there is none."""
        ...


class Plan:
    """Which array of a file goes to which variable, all of it checked, none of it read yet."""

    def __init__(self) -> None:
        self.pairs: list[tuple[Variable, Dataset]] = []

    def prepare(self) -> None:
        """What comes before the variables are assigned."""

    def fill(self) -> set[int]:
        """Read each array into the memory of its variable, for a model that nobody has seen yet.

        Returns:
            The ids of the variables that have their values now.
        """
        for variable, data in self.pairs:
            variable.overwrite(data.read_into)
        self.prepare()
        return {id(variable) for variable, _ in self.pairs}


def read_all(plan: Plan) -> None:
    """Read everything, then assign everything: a model is as it was if anything fails.

    Args:
        plan: What goes where.
    """
    values = [data.read() for _, data in plan.pairs]
    plan.prepare()
    for (variable, _), value in zip(plan.pairs, values, strict=True):
        variable.assign(value)


def check_fits(variable: Variable, data: Dataset, who: str) -> None:
    """Refuse an array of another shape, or a fraction for an integer.

    Args:
        variable: Where it is to go.
        data: The array.
        who: What the variable belongs to, for messages.

    Raises:
        ShapeError: If the shape differs.
        ValueError: If the dtype does not fit.
    """
    if data.shape != variable.shape:
        raise ShapeError(
            explain(
                f"{data.path} does not fit '{variable.name}' of {who}.",
                got=f"an array of shape {data.shape}",
                expected=f"shape {variable.shape}",
                fix="make the model with the sizes it was saved with, or pass skip_mismatch=True to load_weights",
            )
        )
    if np.dtype(variable.dtype).kind in "iub" and data.dtype.kind == "f":
        raise ValueError(
            explain(
                f"{data.path} does not fit '{variable.name}' of {who}.",
                got=f"an array of {data.dtype}",
                expected=variable.dtype,
            )
        )


def warn_misfits(misfits: list[str]) -> None:
    """Say what was passed over because of `skip_mismatch`.

    Args:
        misfits: A message for each part.
    """
    if misfits:
        warnings.warn(
            explain(
                f"{len(misfits)} part{'s' if len(misfits) > 1 else ''} of the model did not fit the file and "
                "kept their weights.",
                got=misfits[0].replace("\n", "\n            "),
            ),
            stacklevel=4,
        )


def gather(model: Any, skip: Collection[Any] = ()) -> Groups:
    """The arrays of a model by the path of their group.

    Args:
        model: A model that is built, or not.
        skip: Parts to leave out.

    Returns:
        From paths to the part's name and its arrays.
    """
    groups: Groups = {}
    for path, part in walk(model, skip):
        store: dict[str, Any] = {}
        part.save_own_variables(store)
        name = getattr(part, "name", None)
        groups[entry(path)] = (name if isinstance(name, str) else None, store)
    return groups


def copied(reader: Reader) -> Groups:
    """The arrays of a file by the path of their group, as `gather` gives those of a model.

    Args:
        reader: The file.

    Raises:
        ValueError: If something in it is no plain array.
    """
    groups: Groups = {}
    for path in reader.group_paths():
        if path.rpartition("/")[2] == "vars":
            groups[path] = (reader.text(path, "name"), {key: data.read() for key, data in reader.group(path).items()})
    return groups


class Restore(Plan):
    """The arrays of a file, checked against the variables of a model.

    Args:
        model: The model; it is not changed yet.
        reader: The file.
        skip: Parts to leave as they are.
        skip_mismatch: Whether to pass over, with a warning, a part that does not fit.

    Raises:
        ValueError: If an array is missing, is no plain array, or has another shape than its variable.
    """

    def __init__(self, model: Any, reader: Reader, skip: Collection[Any] = (), skip_mismatch: bool = False) -> None:
        super().__init__()
        self._model = model
        self._optimizer: Any = getattr(model, "optimizer", None)
        self._own_ways: list[tuple[Any, str, dict[str, np.ndarray[Any, Any]]]] = []
        misfits: list[str] = []
        for path, part in walk(model, skip):
            group = reader.group(entry(path))
            try:
                self._plan(part, path, group)
            except ValueError as error:
                if not skip_mismatch:
                    raise
                misfits.append(f"{entry(path)}: {error}")
        warn_misfits(misfits)

    def _plan(self, part: Any, path: str, group: dict[str, Dataset]) -> None:
        variables = _default_variables(part)
        if variables is None:
            store = {key: data.read() for key, data in group.items()}
            self._own_ways.append((part, path, store))
            return
        if isinstance(part, Optimizer):
            if len(group) > len(variables) and part is self._optimizer:
                part.build(self._model.trainable_variables)  # it had not begun: now it has its state, all zero
                variables = list(part.variables)
            if len(group) == len(variables) - 1 and variables[1].name == "learning_rate" and "1" in group:
                if group["1"].shape != ():  # Keras 2 does not save the rate among the state
                    del variables[1]
            if not group or not self._fits_optimizer(part, variables, group):
                return
            variables = variables[: len(group)]
        elif len(group) != len(variables):
            raise _miscount(part, path, variables, group)
        self.pairs += [(v, self._find(part, path, str(i), v, group)) for i, v in enumerate(variables)]

    @staticmethod
    def _fits_optimizer(part: Any, variables: list[Variable], group: dict[str, Dataset]) -> bool:
        """Whether there is state to take: an optimizer that had not begun when it was saved has none."""
        if len(group) == len(variables):
            return True
        if all(data.shape == () for data in group.values()) and len(group) <= 2:
            return True
        warnings.warn(
            explain(
                f"the state of optimizer '{part.name}' was not loaded; it starts afresh.",
                got=f"{len(group)} arrays in the file",
                expected=f"{len(variables)} arrays: {', '.join(v.path for v in variables[:4])}, …",
                fix="compile the model with the same optimizer and settings as it was saved with",
            ),
            stacklevel=2,
        )
        return False

    @staticmethod
    def _find(part: Any, path: str, key: str, variable: Variable, group: dict[str, Dataset]) -> Dataset:
        who = f"{type(part).__name__} '{part.name}'"
        if key not in group:
            raise ValueError(
                explain(
                    f"{entry(path, key)} is missing: it is '{variable.name}' of {who}.",
                    got=", ".join(sorted(group)) or "no arrays there",
                    expected=f"an array of shape {variable.shape}",
                )
            )
        check_fits(variable, group[key], who)
        return group[key]

    def prepare(self) -> None:
        """Let the parts that load in a way of their own do so; if one fails, put back what was there."""
        backup = [(v, v.numpy()) for part, _, _ in self._own_ways for v in getattr(part, "variables", ())]
        try:
            for part, path, store in self._own_ways:
                try:
                    part.load_own_variables(store)
                except (KeyError, IndexError, AttributeError) as error:
                    raise ValueError(
                        explain(
                            f"{type(part).__name__} '{part.name}' could not load its variables.",
                            got=f"{entry(path)} with {', '.join(sorted(store)) or 'no arrays'}",
                            expected=f"what its load_own_variables reads ({type(error).__name__}: {error})",
                        )
                    ) from error
        except BaseException:
            for variable, value in backup:
                variable.assign(value)
            raise


def _default_variables(part: Any) -> list[Variable] | None:
    """The variables of a part that saves and loads them in the common way; `None` if it has a way of its own."""
    for method in (type(part).save_own_variables, type(part).load_own_variables):
        if not method.__module__.startswith("babytf."):
            return None
    return list(part.variables if isinstance(part, Optimizer) else part._own_variables)


def _miscount(part: Any, path: str, variables: list[Variable], group: dict[str, Dataset]) -> ValueError:
    expected = ", ".join(f"{v.name} {v.shape}" for v in variables) or "none"
    built = getattr(part, "built", True)
    return ValueError(
        explain(
            f"{entry(path)} does not fit {type(part).__name__} '{part.name}': the number of arrays differs.",
            got=", ".join(f"{key} {data.shape}" for key, data in sorted(group.items())) or "no arrays there",
            expected=f"{len(variables)}: {expected}",
            fix="load into the model that was saved, or pass skip_mismatch=True to load_weights"
            if built
            else f"build '{part.name}' before loading; a layer whose parts are made late needs build_from_config",
        )
    )
