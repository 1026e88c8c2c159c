"""The graph: what was recorded, as plain data that everything else reads.

A `Value` is an array that will exist; a `Node` makes one from others by a primitive; a `Graph` is the
nodes in the order in which they were recorded, with what comes in, what goes out and which variables
are written at the end. `trace.py` fills one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from babytf.engine.primitive import Primitive, Spec


class Value:
    """An array of a graph.

    Attributes:
        spec: Its shape and dtype.
        kind: `"input"`, `"constant"`, `"variable"` (the value a variable has when the program starts) or `"node"`.
        node: The node that makes it, if a node does.
        payload: A constant's array, or the Variable.
        name: A suggestion for its name in a program.
    """

    __slots__ = ("kind", "name", "node", "payload", "spec")

    def __init__(self, spec: Spec, kind: str, payload: Any = None, name: str = "") -> None:
        self.spec = spec
        self.kind = kind
        self.node: Node | None = None
        self.payload = payload
        self.name = name

    @property
    def root(self) -> Value:
        """The value whose memory this one looks at: itself, unless a view row made it."""
        value = self
        while value.node is not None and value.node.row.kind == "view":
            value = value.node.inputs[0]
        return value

    def __repr__(self) -> str:
        return f"<{self.kind} {self.name or hex(id(self))} {self.spec.shape} {self.spec.dtype.name}>"


class Node:
    """One primitive applied to values."""

    __slots__ = ("inputs", "output", "params", "row", "scopes")

    def __init__(
        self,
        row: Primitive,
        inputs: Sequence[Value],
        params: dict[str, Any],
        output: Value,
        scopes: tuple[tuple[str, str], ...] = (),
    ) -> None:
        self.row = row
        self.inputs = list(inputs)
        self.params = params
        self.output = output
        self.scopes = scopes
        output.node = self

    def __repr__(self) -> str:
        return f"<{self.row.name} {[v.spec.shape for v in self.inputs]} -> {self.output.spec.shape}>"


class Graph:
    """A recorded computation.

    Attributes:
        name: What it is the graph of, for example `"train"`.
        inputs: Values that are given at each run.
        nodes: In the order in which they run.
        outputs: Values that are given back.
        writes: `(variable, value)`: what each changed variable holds afterwards.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.inputs: list[Value] = []
        self.nodes: list[Node] = []
        self.outputs: list[Value] = []
        self.writes: list[tuple[Any, Value]] = []

    def add_like(self, node: Node, values: dict[int, Value], spec: Spec | None = None, params: Any = None) -> None:
        """Add a node like one of another graph.

        Args:
            node: That node.
            values: What stands here for values there, by their `id`; the result is added.
            spec: Of the result, if it is another.
            params: Parameters, if they are others.
        """
        output = Value(spec or node.output.spec, "node", name=node.output.name)
        inputs = [values.get(id(v), v) for v in node.inputs]
        self.nodes.append(Node(node.row, inputs, node.params if params is None else params, output, node.scopes))
        values[id(node.output)] = output

    def results(self) -> list[Value]:
        """Everything that is wanted: outputs and written values."""
        return self.outputs + [value for _, value in self.writes]

    def verify(self) -> None:
        """Check that the graph is sound.

        Raises:
            AssertionError: If a node uses a value before it is made, or a row disagrees about a shape.
        """
        known = {id(v) for v in self.inputs}
        for node in self.nodes:
            for value in node.inputs:
                assert value.kind in ("constant", "variable") or id(value) in known, f"{node} uses {value} too early"
            inferred = node.row.infer(*[v.spec for v in node.inputs], **node.params)
            assert inferred == node.output.spec, f"{node}: {inferred} is not {node.output.spec}"
            assert id(node.output) not in known, f"{node} makes a value twice"
            known.add(id(node.output))
        for value in self.results():
            assert value.kind in ("constant", "variable") or id(value) in known, f"{value} is never made"

    def evaluate(self, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Run the nodes one by one, as eager execution would; variables are read but not written.

        Args:
            arrays: One per input.

        Returns:
            The outputs, then the values to be written.
        """
        known = {id(v): np.asarray(a) for v, a in zip(self.inputs, arrays, strict=True)}

        def get(value: Value) -> Any:
            if value.kind == "constant":
                return value.payload
            if value.kind == "variable":
                return value.payload._array
            return known[id(value)]

        with np.errstate(all="ignore"):
            for node in self.nodes:
                known[id(node.output)] = node.row.run([get(v) for v in node.inputs], node.params)
        return [get(v).copy() for v in self.results()]

    def __str__(self) -> str:
        names: dict[int, str] = {}

        def name(value: Value) -> str:
            if value.kind == "constant":
                return f"const{value.payload.shape}" if value.payload.ndim else repr(value.payload.item())
            if value.kind == "variable":
                return str(value.payload.path)
            return names.setdefault(id(value), f"%{len(names)}")

        lines = [f"graph {self.name}({', '.join(f'{name(v)}: {v.spec}' for v in self.inputs)})"]
        for node in self.nodes:
            params = "".join(f", {k}={v!r}" for k, v in node.params.items())
            call = f"{node.row.name}({', '.join(name(v) for v in node.inputs)}{params})"
            lines.append(f"  {name(node.output)} = {call}  # {node.output.spec.shape}")
        lines += [f"  {variable.path} <- {name(value)}" for variable, value in self.writes]
        lines.append(f"  return {', '.join(name(v) for v in self.outputs)}")
        return "\n".join(lines)


def remap(graph: Graph, replaced: dict[int, Value]) -> None:
    """Use other values in place of some, everywhere.

    Args:
        graph: Changed in place.
        replaced: `id(old value)` to the new one.
    """

    def final(value: Value) -> Value:
        while id(value) in replaced:
            value = replaced[id(value)]
        return value

    for node in graph.nodes:
        node.inputs = [final(v) for v in node.inputs]
    graph.outputs = [final(v) for v in graph.outputs]
    graph.writes = [(variable, final(v)) for variable, v in graph.writes]
