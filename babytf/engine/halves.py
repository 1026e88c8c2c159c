"""A graph in two halves: what no earlier run has a say in, and what brings the variables up to date.

`evaluate` sums up losses and metrics over the batches, so each run reads what the one before has written, and the
order in which floats are added must stay. But that is the end of the step only. All that comes before (the model, the
loss, how many predictions are right) can be done for several batches at once: it is the first half. The second takes
its results, batch by batch. Together they do the same operations on the same numbers as the whole graph.
"""

from __future__ import annotations

from collections.abc import Collection

from babytf.engine.graph import Graph, Node, Value

MOST = 65_536
"""Bytes that the first half hands to the second at most: they are kept for all batches."""


def halves(graph: Graph, late: Collection[int] = ()) -> tuple[Graph, Graph] | None:
    """The two halves of a graph that writes variables.

    Args:
        graph: Left as it is.
        late: The `id` of results that belong to the second half at any rate.

    Returns:
        The first half, which has the graph's inputs and writes nothing, and the second, whose inputs are the first's
        outputs. `None` if there is nothing to divide, or too much to hand over.
    """
    written = {id(variable._storage) for variable, _ in graph.writes}
    results = {id(value) for _, value in graph.writes}
    late = set(late)
    for node in graph.nodes:
        if id(node.output) in results or any(id(v) in late or _reads(v, written) for v in node.inputs):
            late.add(id(node.output))
    used = [v for n in graph.nodes if id(n.output) in late for v in n.inputs] + graph.results()
    handed = {id(v): v for v in used if v.kind in ("node", "input") and id(v) not in late}
    if not written or not handed or sum(v.spec.nbytes for v in handed.values()) > MOST:
        return None

    first = Graph(f"{graph.name}_batch")
    values = {id(v): Value(v.spec, "input", name=v.name) for v in graph.inputs}
    first.inputs = [values[id(v)] for v in graph.inputs]
    _copy([n for n in graph.nodes if id(n.output) not in late], first, values)
    first.outputs = [values[i] for i in handed]

    second = Graph(f"{graph.name}_totals")
    values = {i: Value(v.spec, "input", name=v.name or "of_batch") for i, v in handed.items()}
    second.inputs = list(values.values())
    _copy([n for n in graph.nodes if id(n.output) in late], second, values)
    second.outputs = [values.get(id(v), v) for v in graph.outputs]
    second.writes = [(variable, values.get(id(v), v)) for variable, v in graph.writes]
    if any(value.root.kind == "input" for _, value in second.writes):
        return None  # a variable would hold on to an array that the next run overwrites
    return first, second


def _reads(value: Value, written: set[int]) -> bool:
    return value.kind == "variable" and id(value.payload._storage) in written


def _copy(nodes: list[Node], graph: Graph, values: dict[int, Value]) -> None:
    """Nodes like these in another graph, on other values."""
    for node in nodes:
        graph.add_like(node, values)
