"""From the recorded graph to a cleaner one that computes the same bits.

Each pass takes a `Graph` and changes it in place. None of them changes a result: what would round
differently is not done here.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.graph import Graph, Node, Value, remap
from babytf.engine.primitive import PRIMITIVES, Spec
from babytf.engine.reorder import pool_before_relu


def clean(graph: Graph) -> None:
    """All passes, in order."""
    remove_unused(graph)
    drop_broadcasts(graph)
    simplify(graph)
    count_tests(graph)
    share_common(graph)
    pool_before_relu(graph)
    remove_unused(graph)


def remove_unused(graph: Graph) -> None:
    """Drop nodes that nothing wanted depends on. Random draws stay, so that their sequence does."""
    needed = {id(v) for v in graph.results()}
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if id(node.output) in needed or node.row.kind == "effect":
            needed.update(id(v) for v in node.inputs)
            kept.append(node)
    graph.nodes = kept[::-1]


def is_constant(value: Value, number: float) -> bool:
    """Whether a value is a constant scalar of this number."""
    return value.kind == "constant" and value.spec.shape == () and value.payload == number


def simplify(graph: Graph) -> None:
    """Skip operations that do nothing: `x * 1`, `x / 1`, a cast or reshape to what it is already.

    Where a variable is to hold the result, and the input is another variable, that one's value is copied instead: it
    may change first.
    """
    replaced: dict[int, Value] = {}
    held = {id(value.root) for _, value in graph.writes}

    def final(value: Value) -> Value:
        while id(value) in replaced:
            value = replaced[id(value)]
        return value

    kept = []
    for node in graph.nodes:
        node.inputs = [final(v) for v in node.inputs]
        same = _stands_for(node)
        if same is None:
            kept.append(node)
            continue
        if id(node.output) in held and same.root.kind in ("variable", "input"):
            kept.append(Node(PRIMITIVES["copy"], [same], {}, node.output, node.scopes))
            continue
        if node.output.name and not same.name:
            same.name = node.output.name
        replaced[id(node.output)] = same
    graph.nodes = kept
    remap(graph, replaced)


def _stands_for(node: Node) -> Value | None:
    """The input that a node passes on unchanged, if it does."""
    x, name, spec = node.inputs[0] if node.inputs else None, node.row.name, node.output.spec
    if x is None:
        return None
    if name in ("cast", "reshape", "broadcast_to", "sum_to") and x.spec == spec:
        return x
    if name == "transpose" and tuple(node.params.get("axes") or ()) == tuple(range(x.spec.ndim)) != ():
        return x
    if name in ("add", "subtract") and is_constant(node.inputs[1], 0) and x.spec == spec and x.spec.dtype.kind != "f":
        return x
    if name in ("multiply", "divide") and len(node.inputs) == 2:
        if is_constant(node.inputs[1], 1) and x.spec == spec:
            return x
        if name == "multiply" and is_constant(x, 1) and node.inputs[1].spec == spec:
            return node.inputs[1]
    if name == "reshape" and x.node is not None and x.node.row.name == "reshape":
        if x.node.inputs[0].spec == spec:
            return x.node.inputs[0]
        node.inputs = [x.node.inputs[0]]
    if name == "transpose" and x.node is not None and x.node.row.name == "transpose":
        inner, outer = x.node.params.get("axes"), node.params.get("axes")
        if inner and outer and [inner[i] for i in outer] == list(range(len(outer))):
            return x.node.inputs[0]
    return None


EXACT = {"float32": 2**24, "float64": 2**53}
"""Up to where each float is a whole number's own, so that counting does not round."""


def count_tests(graph: Graph) -> None:
    """Count what is true without making an array of ones and zeros first."""
    for node in graph.nodes:
        cast = node.inputs[0].node if node.row.name in ("sum", "mean") else None
        if cast is None or cast.row.name != "cast" or cast.inputs[0].spec.dtype.kind != "b":
            continue
        name = node.output.spec.dtype.name
        if cast.output.spec.dtype.name == name and cast.output.spec.size <= EXACT.get(name, 0):
            node.inputs = [cast.inputs[0]]


def drop_broadcasts(graph: Graph) -> None:
    """Let an elementwise operation broadcast by itself, in place of a repeated array as its input."""
    for node in graph.nodes:
        if node.row.kind != "elementwise" or len(node.inputs) < 2:
            continue
        for i, value in enumerate(node.inputs):
            plain = _before_broadcast(value)
            inputs = [*node.inputs[:i], plain, *node.inputs[i + 1 :]]
            if plain is not value and _gives(node, inputs):
                node.inputs = inputs


def _gives(node: Node, inputs: list[Value]) -> bool:
    """Whether a node gives the same shape for other inputs."""
    shape = node.output.spec.shape
    if np.broadcast_shapes(*[v.spec.shape for v in inputs]) != shape:
        return False
    return node.row.infer(*[v.spec for v in inputs], **node.params).shape == shape


def _before_broadcast(value: Value) -> Value:
    """The smaller array that a value repeats, if it does."""
    if value.node is not None and value.node.row.name == "broadcast_to":
        return value.node.inputs[0]
    if value.kind == "constant" and value.spec.size and value.spec.shape:
        first = value.payload.reshape(-1)[0]
        if (value.payload == first).all():
            return Value(Spec((), value.spec.dtype), "constant", np.asarray(first))
    return value


def share_common(graph: Graph) -> None:
    """Compute what occurs twice only once."""
    replaced: dict[int, Value] = {}
    constants: dict[Any, Value] = {}
    seen: dict[Any, Value] = {}
    written = {id(value) for _, value in graph.writes}

    def final(value: Value) -> Value:
        value = replaced.get(id(value), value)
        if value.kind == "constant" and value.spec.shape == ():
            return constants.setdefault((value.spec.dtype, value.payload.tobytes()), value)
        return value

    kept = []
    for node in graph.nodes:
        node.inputs = [final(v) for v in node.inputs]
        key = None if node.row.kind == "effect" else _key(node)
        earlier = seen.get(key) if key is not None else None
        if earlier is not None and id(node.output) not in written:
            if node.output.name and not earlier.name:
                earlier.name = node.output.name
            replaced[id(node.output)] = earlier
            continue
        if key is not None:
            seen[key] = node.output
        kept.append(node)
    graph.nodes = kept
    remap(graph, replaced)


def _key(node: Node) -> Any:
    key = (node.row.name, tuple(id(v) for v in node.inputs), freeze(node.params))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def freeze(thing: Any) -> Any:
    """A hashable twin of a parameter; what is neither plain data nor hashable stays as it is."""
    if isinstance(thing, dict):
        return tuple((k, freeze(thing[k])) for k in sorted(thing))
    if isinstance(thing, (list, tuple)):
        return type(thing).__name__, *[freeze(item) for item in thing]
    if isinstance(thing, slice):
        return "slice", freeze(thing.start), freeze(thing.stop), freeze(thing.step)
    if isinstance(thing, (bool, int, float)):
        return type(thing).__name__, thing
    return thing
