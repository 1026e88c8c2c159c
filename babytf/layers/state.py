"""What a layer owns: variables, sublayers, metrics. Lists them, counts them, reads, sets, saves and loads them.

`tracking.py` is how the layer learns of them; read `layer.py` next, which adds the computation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any, ClassVar

import numpy as np

from babytf.engine import Variable
from babytf.errors import ShapeError, explain
from babytf.layers.tracking import Tracker
from babytf.metrics import Metric
from babytf.random import SeedGenerator

changes = [0]
"""Counts assignments to layers that are built: programs made from a layer look here whether they still hold."""


def distinct(things: Iterable[Any]) -> list[Any]:
    """The things without repetitions, by identity."""
    return list({id(thing): thing for thing in things}.values())


def _same(before: Any, value: Any) -> bool:
    """Whether an attribute was set to what it was."""
    return before is value or (
        type(value) in (bool, int, float, str) and type(before) is type(value) and before == value
    )


class StateTracker(Tracker):
    """A tracker of what makes up a layer."""

    kinds: ClassVar = {
        "trainable variables": lambda x: isinstance(x, Variable) and x.trainable,
        "other variables": lambda x: isinstance(x, Variable),
        "metrics": lambda x: isinstance(x, Metric),
        "layers": lambda x: isinstance(x, LayerState),
        "seed generators": lambda x: isinstance(x, SeedGenerator),
    }


class LayerState:
    """Base of `Layer`: an object that keeps an account of the state it owns."""

    name: str
    built: bool
    _trainable: bool
    _tracker: Tracker

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(getattr(type(self), name, None), property):
            object.__setattr__(self, name, value)
            return
        attributes = self.__dict__
        tracker = attributes.get("_tracker")
        if tracker is None:
            tracker = attributes["_tracker"] = StateTracker()
        before = attributes.get(name, tracker)
        attributes[name] = tracker.track(value)
        if attributes.get("built") and not _same(before, value):
            changes[0] += 1

    def __delattr__(self, name: str) -> None:
        value = getattr(self, name)
        if isinstance(value, Variable):
            self._tracker.forget(value)
        object.__delattr__(self, name)
        changes[0] += 1

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: programs belong to the layer they were recorded from."""
        return {name: value for name, value in self.__dict__.items() if name not in ("_shortcut", "_losses")}

    def __setstate__(self, attributes: dict[str, Any]) -> None:
        """Restore a copied or unpickled layer; its containers go on reporting."""
        self.__dict__.update(attributes, _losses=[])
        for name, value in attributes.items():
            if type(value) in (list, dict, set, tuple):
                self.__dict__[name] = self._tracker.track(value)

    def _owned(self, kind: str) -> list[Any]:
        tracker = self.__dict__.get("_tracker")
        return tracker.owned[kind] if tracker is not None else []

    @property
    def _layers(self) -> list[Any]:
        return self._owned("layers")

    @property
    def _own_variables(self) -> list[Variable]:
        return self._owned("trainable variables") + self._owned("other variables")

    def _all_layers(self) -> list[Any]:
        """This layer and all below it, each once, parents first."""
        found: dict[int, Any] = {}
        waiting = [self]
        while waiting:
            layer = waiting.pop(0)
            if id(layer) not in found:
                found[id(layer)] = layer
                waiting[:0] = layer._layers
        return list(found.values())

    def _gather(self, take: Callable[[Any], list[Any]]) -> list[Any]:
        return distinct(thing for layer in self._all_layers() for thing in take(layer))

    # --- variables

    @property
    def weights(self) -> list[Variable]:
        """All variables of this layer and its sublayers: in each layer the trainable ones first."""
        return self._gather(lambda layer: layer._own_variables)

    @property
    def variables(self) -> list[Variable]:
        """All variables; the state of seed generators is not among them."""
        return self.weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that an optimizer is to change; none if the layer is frozen."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that an optimizer is to leave alone."""
        return [v for v in self.weights if not v.trainable] if self.trainable else self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The same as `trainable_weights`."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The same as `non_trainable_weights`."""
        return self.non_trainable_weights

    @property
    def trainable(self) -> bool:
        """Whether the layer is to be trained. Setting it sets all sublayers too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for variable in self._owned("trainable variables"):
            variable.trainable = self._trainable
        for layer in self._layers:
            layer.trainable = value

    # --- metrics, random state

    @property
    def metrics(self) -> list[Metric]:
        """The metrics that this layer and its sublayers keep."""
        return self._gather(lambda layer: layer._owned("metrics"))

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of all metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    @property
    def seed_generators(self) -> list[SeedGenerator]:
        """The generators of random numbers of this layer and its sublayers."""
        return self._gather(lambda layer: layer._owned("seed generators"))

    # --- values

    def get_weights(self) -> list[np.ndarray]:
        """The values of `weights`, as a list of copies."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Set all weights; either all of them change or, if something does not fit, none.

        Args:
            weights: One array per entry of `self.weights`, of the same shape.

        Raises:
            ShapeError: If their number or the shape of one differs.
        """
        self._assign(self.weights, list(weights), "set_weights")

    def _assign(self, variables: list[Variable], values: list[Any], verb: str) -> None:
        who = f"{type(self).__name__} '{self.name}'"
        if len(values) != len(variables):
            unbuilt = (
                "" if getattr(self, "built", False) else f"; build '{self.name}' first, by calling it or with build()"
            )
            raise ShapeError(
                explain(
                    f"{who}.{verb}: the number of arrays differs from the number of weights.",
                    got=f"{len(values)} arrays",
                    expected=f"{len(variables)}: {', '.join(f'{v.name} {v.shape}' for v in variables) or 'none'}",
                    fix="pass the weights in the order of get_weights()" + unbuilt,
                )
            )
        arrays = [np.asarray(value) for value in values]
        for variable, array in zip(variables, arrays, strict=True):
            if array.shape != variable.shape:
                raise ShapeError(
                    explain(
                        f"{who}.{verb}: weight '{variable.path}' has another shape.",
                        got=f"an array of shape {array.shape}",
                        expected=f"shape {variable.shape}",
                        fix="pass the weights in the order of get_weights(), or make the layer with the same sizes",
                    )
                )
        for variable, array in zip(variables, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """How many numbers the weights hold.

        Raises:
            ValueError: If the layer is not built yet.
        """
        if not self.built:
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}' has no weights yet.",
                    got="count_params() before the layer was built",
                    fix="call it on data first, or build(input_shape)",
                )
            )
        return sum(v.size for v in self.weights)

    # --- files

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put the layer's own variables into a store; override to save more, or in another form.

        Args:
            store: Takes arrays by name; the names are `"0"`, `"1"`, …
        """
        for i, variable in enumerate(self._own_variables):
            store[str(i)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Take the layer's own variables from a store, all or none.

        Args:
            store: Holds arrays under `"0"`, `"1"`, …

        Raises:
            ShapeError: If the number of arrays or the shape of one differs.
        """
        self._assign(self._own_variables, [store[key] for key in sorted(store.keys(), key=_numeric)], "load")


def _numeric(key: str) -> tuple[int, str]:
    return (int(key), "") if key.isdigit() else (1 << 30, key)
