"""The graph of a functional model: the calls between its inputs and its outputs, put in order and run.

KerasTensors know the `Node` that made them, and nodes the KerasTensors they took; `Graph` walks from the outputs back.
Depth, the longest way to an output, gives the order, as in Keras: layers, weights and files follow it. No walk is
recursive, so a model may be as deep as memory allows. Next: `functional.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from babytf.engine import tree
from babytf.errors import explain
from babytf.layers import Input, InputLayer, Layer
from babytf.layers.symbolic import KerasTensor, Node

Call = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]


class Graph:
    """What lies between inputs and outputs.

    Args:
        owner: Name of the model, for messages.
        inputs: KerasTensor of an `Input`, or a nest of them.
        outputs: KerasTensor, or a nest of them.

    Attributes:
        inputs: The inputs, flat.
        outputs: The outputs, flat.
        input_nest: The inputs as they were given.
        output_nest: The outputs as they were given.
        operations: Layers and operations, those farthest from the outputs first.
        nodes: The calls, in the order in which they are run.

    Raises:
        ValueError: If an output does not follow from the inputs, or two layers have one name.
    """

    def __init__(self, owner: str, inputs: Any, outputs: Any) -> None:
        self.owner = owner
        self.input_nest, self.output_nest = inputs, outputs
        self.inputs: list[KerasTensor] = tree.flatten(inputs)
        self.outputs: list[KerasTensor] = tree.flatten(outputs)
        found, first_seen = calls_between(owner, self.inputs, self.outputs)
        node_depth, operation_depth = _depths(found)
        for x in self.inputs:  # one that no output needs is a part of the model too
            operation = node_of(x).operation
            if operation not in operation_depth:
                operation_depth[operation] = node_depth[node_of(x)] = 0
                first_seen[operation] = -1
        self.depth = node_depth
        self.nodes: list[Node] = sorted(node_depth, key=lambda node: -node_depth[node])
        self.operations: list[Any] = sorted(operation_depth, key=lambda op: (-operation_depth[op], first_seen[op]))
        self._check_connected()
        self._check_names()
        self._steps = [node for node in self.nodes if not node.is_input]

    @property
    def layers(self) -> list[Layer]:
        """The operations that are layers."""
        return [operation for operation in self.operations if isinstance(operation, Layer)]

    def nodes_of(self, operation: Any) -> list[Node]:
        """The calls of an operation that belong to the graph, in the order in which they were made."""
        return [node for node in operation._inbound_nodes if node in self.depth]

    # --- checks

    def _check_connected(self) -> None:
        given = {id(x) for x in self.inputs}
        for node in self.nodes:
            missing = next((x for x in node.output_tensors if node.is_input and id(x) not in given), None)
            if missing is None:
                continue
            name = node.operation.name
            user = next(n.operation.name for n in self.nodes if any(x is missing for x in n.input_tensors))
            raise ValueError(
                explain(
                    f"the graph of model '{self.owner}' is disconnected: an output needs an input that is not given.",
                    got=f"'{user}' uses '{name}' of shape {missing.shape}; inputs "
                    + ", ".join(repr(node_of(x).operation.name) for x in self.inputs),
                    expected="every Input that the outputs are made of",
                    fix=f"add the KerasTensor '{name}' to the inputs",
                )
            )

    def _check_names(self) -> None:
        seen: set[str] = set()
        for operation in self.operations:
            if operation.name in seen:
                both = [type(other).__name__ for other in self.operations if other.name == operation.name]
                raise ValueError(
                    explain(
                        f"two layers of model '{self.owner}' have the name '{operation.name}'.",
                        got=" and ".join(both),
                        expected="names that differ: files and get_layer() go by them",
                        fix="pass another name=… to one of them, or call one layer twice to share its weights",
                    )
                )
            seen.add(operation.name)

    # --- running

    def run(self, inputs: Sequence[Any], call: Call) -> Any:
        """Compute the outputs.

        Args:
            inputs: Values of the inputs, flat.
            call: Called with an operation and the arguments of each of its calls.

        Returns:
            The outputs, nested as they were given.
        """
        values = {id(x): value for x, value in zip(self.inputs, inputs, strict=True)}
        for node in self._steps:
            args, kwargs = filled(node, values)
            outputs = call(node.operation, args, kwargs)
            for x, value in zip(tree.flatten(node.outputs), tree.flatten(outputs), strict=False):
                values[id(x)] = value
        return tree.unflatten(self.output_nest, [values[id(x)] for x in self.outputs])


def filled(node: Node, values: dict[int, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of a call, with values for its KerasTensors."""
    args, kwargs = node.arguments
    if not kwargs and len(args) == 1 and isinstance(args[0], KerasTensor):
        return (values[id(args[0])],), kwargs
    return tree.map_structure(lambda x: values[id(x)] if isinstance(x, KerasTensor) else x, (args, kwargs))


def node_of(x: KerasTensor) -> Node:
    """The call that made a KerasTensor.

    Raises:
        ValueError: If none did.
    """
    if x._keras_history is None:
        raise ValueError(
            explain(
                "this KerasTensor comes from no layer.",
                got=repr(x),
                expected="Input(…), or what a layer returned",
                fix="begin with Input(shape)",
            )
        )
    operation, index, _ = x._keras_history
    return operation._inbound_nodes[index]


def calls_between(
    owner: str, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]
) -> tuple[list[Node], dict[Any, int]]:
    """The calls that outputs follow from, back to the inputs or to the beginning.

    Args:
        owner: Name of the model, for messages.
        inputs: Where to stop.
        outputs: Where to start.

    Returns:
        The calls, each after those it depends on; and for each operation its turn in the walk.

    Raises:
        ValueError: If a call depends on itself.
    """
    stops = {id(x) for x in inputs if not node_of(x).is_input}
    found: list[Node] = []
    first_seen: dict[Any, int] = {}
    finished: set[Node] = set()
    begun: set[Node] = set()
    for output in outputs:
        waiting: list[tuple[Node | None, list[KerasTensor]]] = [(None, [output])]
        while waiting:
            current, rest = waiting[-1]
            if not rest:
                waiting.pop()
                if current is not None:
                    finished.add(current)
                    begun.discard(current)
                    found.append(current)
                continue
            x = rest.pop(0)
            node = node_of(x)
            if node in finished:
                continue
            if id(x) in stops:
                finished.add(node)
                continue
            if node in begun:
                raise ValueError(
                    explain(
                        f"the graph of model '{owner}' has a cycle.",
                        got=f"'{node.operation.name}' depends on its own output {x!r}",
                        expected="calls that lead from inputs to outputs",
                    )
                )
            first_seen.setdefault(node.operation, len(first_seen))
            begun.add(node)
            waiting.append((node, node.input_tensors[:]))
    return found, first_seen


def _depths(nodes: list[Node]) -> tuple[dict[Node, int], dict[Any, int]]:
    """Calls to the number of calls between them and the outputs, on the longest way; the same for operations.

    A shared layer has the depth of its deepest call.
    """
    inside = set(nodes)
    of_node: dict[Node, int] = {}
    of_operation: dict[Any, int] = {}
    for node in reversed(nodes):
        depth = max(of_node.get(node, 0), of_operation.get(node.operation, 0))
        of_node[node] = of_operation[node.operation] = depth
        for x in node.input_tensors:
            parent = node_of(x)
            if parent in inside:
                of_node[parent] = max(depth + 1, of_node.get(parent, 0))
    return of_node, of_operation


def cut_out(owner: str, inputs: Any, outputs: Any) -> tuple[Any, Any]:
    """A part of a graph with inputs of its own.

    The layers are the same, called once more; what comes from inside of another model becomes an `Input`.

    Args:
        owner: Name of the model, for messages.
        inputs: Nest of KerasTensors, of which some are made by layers.
        outputs: Nest of KerasTensors.

    Returns:
        Inputs and outputs for a `Graph`.
    """
    nodes, _ = calls_between(owner, tree.flatten(inputs), tree.flatten(outputs))
    copies: dict[int, KerasTensor] = {}
    for x in tree.flatten(inputs):
        if not node_of(x).is_input:
            copies[id(x)] = Input(batch_shape=x.shape, dtype=x.dtype, name=f"{x.name}CLONE")
    for node in nodes:
        if isinstance(node.operation, InputLayer):
            continue
        args, kwargs = tree.map_structure(lambda x: copies.get(id(x), x), node.arguments)
        results = tree.map_structure(_like, node.outputs)
        Node(node.operation, args, kwargs, results)
        for old, new in zip(tree.flatten(node.outputs), tree.flatten(results), strict=True):
            copies.setdefault(id(old), new)
    return tuple(tree.map_structure(lambda x: copies.get(id(x), x), nest) for nest in (inputs, outputs))


def _like(x: Any) -> Any:
    return KerasTensor(x.shape, x.dtype) if isinstance(x, KerasTensor) else x
