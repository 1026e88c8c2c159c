"""Functional models as plain data and back: layers, their calls, inputs and outputs.

A call is `{"args", "kwargs"}`, in which a KerasTensor is named by layer, number of the call and number of the output.
The older form of Keras 2, `[[layer, call, output, {kwargs}], …]`, is read too.
"""

from __future__ import annotations

from typing import Any

from babytf.engine import tree
from babytf.errors import explain
from babytf.layers.operation import operation_from_config
from babytf.layers.symbolic import KerasTensor, Node
from babytf.models.graph import Graph
from babytf.serialization import deserialize_keras_object, serialize_keras_object

Config = dict[str, Any]

_TENSOR = "__keras_tensor__"


# --- writing


def describe(graph: Graph) -> Config:
    """The graph of a model as plain data: `layers`, `input_layers` and `output_layers`."""
    numbers: dict[Node, int] = {}
    entries = []
    for operation in graph.operations:
        nodes = graph.nodes_of(operation)
        numbers.update({node: i for i, node in enumerate(nodes)})
    for operation in graph.operations:
        entry = serialize_keras_object(operation)
        entry["name"] = operation.name
        entry["inbound_nodes"] = [_node(node, numbers) for node in graph.nodes_of(operation) if not node.is_input]
        entries.append(entry)

    def place(x: KerasTensor) -> list[Any]:
        operation, number, i = _history(x, numbers)
        return [operation.name, number + (1 if _begins_at_one(operation) else 0), i]

    return {
        "layers": entries,
        "input_layers": tree.map_structure(place, graph.input_nest),
        "output_layers": tree.map_structure(place, graph.output_nest),
    }


def _begins_at_one(operation: Any) -> bool:
    """Whether its own making counts as call 0 where the inputs and outputs of a model are named."""
    return hasattr(operation, "_graph")


def _history(x: KerasTensor, numbers: dict[Node, int]) -> tuple[Any, int, int]:
    operation, index, i = x._keras_history  # type: ignore[misc]
    return operation, numbers[operation._inbound_nodes[index]], i


def _node(node: Node, numbers: dict[Node, int]) -> Config:
    def leaf(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return serialize_keras_object(x)
        operation, number, i = _history(x, numbers)
        config = {"shape": x.shape, "dtype": x.dtype, "keras_history": [operation.name, number, i]}
        return {"class_name": _TENSOR, "config": config}

    args, kwargs = node.arguments
    return {"args": tree.map_structure(leaf, args), "kwargs": tree.map_structure(leaf, kwargs)}


# --- reading


def is_functional(config: Any) -> bool:
    """Whether this is the configuration of a functional model."""
    return isinstance(config, dict) and {"name", "layers", "input_layers", "output_layers"} <= config.keys()


def restore(config: Config) -> tuple[Any, Any]:
    """The inputs and outputs of the model that a configuration describes; its layers are made and called.

    Args:
        config: What `describe` returned.

    Raises:
        ValueError: If a call refers to a layer or call that does not exist, or calls depend on one another in a circle.
    """
    return _Reader(config).read()


class _Reader:
    """Makes layers, and calls them as soon as what they take is there."""

    def __init__(self, config: Config) -> None:
        self.owner = str(config.get("name"))
        self.config = config
        self.made: dict[str, Any] = {}
        self.calls: dict[str, list[Any]] = {}
        self.older: set[str] = set()
        self.waiting: dict[tuple[str, int], list[str]] = {}

    def _bad(self, problem: str, got: Any) -> ValueError:
        return ValueError(
            explain(
                f"the configuration of model '{self.owner}' {problem}.",
                got=repr(got)[:200],
                fix="get the file again; it is damaged, or was not written by Keras",
            )
        )

    def read(self) -> tuple[Any, Any]:
        layers = self.config["layers"]
        if not isinstance(layers, (list, tuple)):
            raise self._bad("has no list of layers", layers)
        for entry in layers:
            self._make(entry)
        ready = list(self.made)
        while ready:
            name = ready.pop(0)
            ready += self._call(name)
        stuck = [name for name, calls in self.calls.items() if calls]
        if stuck:
            raise self._bad("has calls that depend on one another in a circle, or on calls that are not there", stuck)
        return self._nest(self.config["input_layers"]), self._nest(self.config["output_layers"])

    def _make(self, entry: Any) -> None:
        if not isinstance(entry, dict) or "class_name" not in entry:
            raise self._bad("has a layer that is none", entry)
        inner = entry.get("config")
        name = entry.get("name", inner.get("name") if isinstance(inner, dict) else None)
        calls = entry.get("inbound_nodes", [])
        if not isinstance(name, str) or name in self.made or not isinstance(calls, (list, tuple)):
            raise self._bad("has a layer without a name of its own, or without calls", entry)
        operation = operation_from_config(entry)
        operation = deserialize_keras_object(entry) if operation is None else operation
        if not callable(operation) or not hasattr(operation, "_inbound_nodes"):
            raise self._bad("has a layer that is none", entry)
        self.made[name] = operation
        self.calls[name] = list(reversed(calls))  # the next one is the last
        if any(isinstance(call, (list, tuple)) for call in calls):
            self.older.add(name)

    def _call(self, name: str) -> list[str]:
        """Make the calls of a layer whose arguments are there; returns the layers that waited for them."""
        calls, operation = self.calls[name], self.made[name]
        woken: list[str] = []
        while calls:
            try:
                args, kwargs = self._arguments(calls[-1])
            except _NotYet as missing:
                self.waiting.setdefault((missing.layer, missing.call), []).append(name)
                break
            calls.pop()
            operation(*args, **kwargs)
            woken += self.waiting.pop((name, len(operation._inbound_nodes) - 1), [])
        return woken

    def _arguments(self, call: Any) -> tuple[list[Any], dict[str, Any]]:
        if isinstance(call, dict) and "args" in call and "kwargs" in call:
            args, kwargs = self._value(call["args"]), self._value(call["kwargs"])
        elif isinstance(call, (list, tuple)):
            tensors = [self._tensor(self._older_place(place)) for place in call]
            args = [tensors[0] if len(tensors) == 1 else tensors]
            kwargs = {}
            for place in call:
                extra = place[3] if len(place) > 3 else {}
                if not isinstance(extra, dict):
                    raise self._bad("has a call that is none", call)
                kwargs.update({key: self._older_value(value) for key, value in extra.items()})
        else:
            raise self._bad("has a call that is none", call)
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            raise self._bad("has a call that is none", call)
        return args, kwargs

    def _value(self, value: Any) -> Any:
        """An argument of a call: KerasTensors where they are named, other objects made."""
        if isinstance(value, dict):
            if value.get("class_name") == _TENSOR:
                inner = value.get("config")
                return self._tensor(inner.get("keras_history") if isinstance(inner, dict) else inner)
            if "class_name" in value and "config" in value:
                return deserialize_keras_object(value)
            return {key: self._value(item) for key, item in value.items()}
        return [self._value(item) for item in value] if isinstance(value, (list, tuple)) else value

    def _older_place(self, place: Any) -> Any:
        """The place of a tensor, in the older form: there every model counts its own making as call 0."""
        if not isinstance(place, (list, tuple)) or len(place) < 3 or place[0] not in self.made:
            raise self._bad("names a tensor that is not there", place)
        layer = self.made[place[0]]
        is_model = hasattr(layer, "layers") and isinstance(place[1], int) and place[1] > 0
        return [place[0], place[1] - 1 if is_model else place[1], place[2]]

    def _older_value(self, value: Any) -> Any:
        named = (
            isinstance(value, (list, tuple)) and len(value) == 3 and isinstance(value[0], str) and value[0] in self.made
        )
        if named and all(isinstance(number, int) for number in value[1:]):
            return self._tensor(self._older_place(value))
        return self._value(value)

    def _tensor(self, place: Any) -> KerasTensor:
        if not isinstance(place, (list, tuple)) or len(place) != 3 or place[0] not in self.made:
            raise self._bad("names a tensor that is not there", place)
        name, call, i = place
        nodes = self.made[name]._inbound_nodes
        if not isinstance(call, int) or not isinstance(i, int) or call < 0 or i < 0:
            raise self._bad("names a tensor that is not there", place)
        if call >= len(nodes):
            raise _NotYet(name, call)
        if i >= len(nodes[call].output_tensors):
            raise self._bad("names a tensor that is not there", place)
        return nodes[call].output_tensors[i]

    def _nest(self, places: Any) -> Any:
        """The nest of KerasTensors that `input_layers` or `output_layers` stands for."""
        if isinstance(places, dict):
            return {key: self._nest(place) for key, place in places.items()}
        if not isinstance(places, (list, tuple)):
            raise self._bad("names a tensor that is not there", places)
        if len(places) == 3 and isinstance(places[0], str):
            name, call, i = places
            layer = self.made.get(name)
            older = name in self.older and hasattr(layer, "layers")
            if isinstance(call, int) and call > 0 and layer is not None and (_begins_at_one(layer) or older):
                call -= 1
            try:
                return self._tensor([name, call, i])
            except _NotYet:
                raise self._bad("names a tensor that is not there", places) from None
        return [self._nest(place) for place in places]


class _NotYet(Exception):
    """A call that has to be made first."""

    def __init__(self, layer: str, call: int) -> None:
        self.layer, self.call = layer, call
