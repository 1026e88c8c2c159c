"""A graph for several batches at once: fewer and longer calls, with the bits of one batch after the other.

Where a model treats each sample by itself, the rows of several batches can go through it together. Only a matrix
product may round differently with more rows; so the products stay those of one batch, and NumPy makes them in one call.
"""

from __future__ import annotations

from typing import Any

from babytf.engine import threads
from babytf.engine.graph import Graph, Node, Value
from babytf.engine.lanes import taken_by_row
from babytf.engine.primitive import PRIMITIVES, Primitive, Spec


def rows_of(graph: Graph) -> set[int]:
    """The `id` of each value whose rows are those of the samples, or some for each, made of their own sample only.

    Args:
        graph: Each of its inputs has a row for each sample; otherwise no value is found.
    """
    batch = _batch(graph)
    found = {id(v) for v in graph.inputs} if batch else set[int]()
    for node in graph.nodes:
        if any(id(v) in found for v in node.inputs) and _by_row(node, found, batch):
            found.add(id(node.output))
    return found


def coupled(graph: Graph) -> set[int]:
    """The `id` of each result that depends on samples, but not row by row."""
    rows = rows_of(graph)
    depend = {id(v) for v in graph.inputs}
    for node in graph.nodes:
        if any(id(v) in depend for v in node.inputs):
            depend.add(id(node.output))
    return depend - rows


def widened(graph: Graph, times: int) -> Graph | None:
    """The graph for so many batches at once.

    Args:
        graph: It writes nothing, and none of its results is `coupled`. Left as it is.
        times: How many batches, of as many samples as those it was recorded for.

    Returns:
        A graph whose inputs are the rows of all batches, one behind the other, and so are its outputs that have rows.
        `None` if an operation cannot be told to take more rows, or takes them in ways of its own.
    """
    rows = rows_of(graph)
    if graph.writes or not rows:
        return None
    wide = Graph(f"{graph.name}_of_{times}")
    values = {id(v): Value(_wide(v.spec, times), "input", name=v.name) for v in graph.inputs}
    wide.inputs = list(values.values())
    for node in graph.nodes:
        if id(node.output) not in rows:
            if any(id(v) in rows for v in node.inputs):
                return None
            wide.add_like(node, values)
        elif node.row.products is not None:
            if not _add_product(wide, node, times, values):
                return None
        else:
            spec = _wide(node.output.spec, times)
            params = _params(node, [values.get(id(v), v).spec for v in node.inputs], spec, times)
            if params is None:
                return None
            wide.add_like(node, values, spec, params)
    wide.outputs = [values.get(id(v), v) for v in graph.outputs]
    return wide


def _batch(graph: Graph) -> int:
    """The number of samples, or 0 if an input has none."""
    sizes = {v.spec.shape[0] if v.spec.shape else 0 for v in graph.inputs}
    return sizes.pop() if len(sizes) == 1 else 0


def _wide(spec: Spec, times: int) -> Spec:
    return Spec((times * spec.shape[0], *spec.shape[1:]), spec.dtype)


def _by_row(node: Node, rows: set[int], batch: int) -> bool:
    """Whether each row of a node's result is made of the same row of those inputs that have rows."""
    row, out = node.row, node.output.spec
    if row.kind == "effect" or row.threaded or not out.shape or out.shape[0] == 0 or out.shape[0] % batch:
        return False
    if row.products is None:
        split = taken_by_row(node)
    else:
        split = (True, False) if all(v.spec.ndim == 2 for v in node.inputs) else None
    return split is not None and all(by == (id(v) in rows) for by, v in zip(split, node.inputs, strict=True))


def _params(node: Node, specs: list[Spec], expected: Spec, times: int) -> dict[str, Any] | None:
    """A node's parameters for so many times the rows: a shape among them begins with their number."""
    candidates = [node.params]
    if isinstance(shape := node.params.get("shape"), tuple) and shape:
        candidates.append({**node.params, "shape": (times * shape[0], *shape[1:])})
    for params in candidates:
        try:
            if node.row.infer(*specs, **params) == expected:
                return params
        except (ValueError, TypeError, IndexError):
            continue
    return None


def _add_product(wide: Graph, node: Node, times: int, values: dict[int, Value]) -> bool:
    """As many products as there are for the batches alone, in one call."""
    (a, b), out = (v.spec for v in node.inputs), node.output.spec
    count = threads.count()
    cut = threads.cut(a.shape, b.shape, count)
    if cut not in (None, 0) or (cut == 0 and a.shape[0] % count):
        return False
    each = a.shape[0] // (1 if cut is None else count)
    parts = times * a.shape[0] // each

    def add(row: Primitive, inputs: list[Value], params: dict[str, Any], shape: tuple[int, ...]) -> Value:
        output = Value(Spec(shape, out.dtype), "node")
        wide.nodes.append(Node(row, inputs, params, output, node.scopes))
        return output

    def reshaped(value: Value, shape: tuple[int, ...]) -> Value:
        return add(PRIMITIVES["reshape"], [value], {"shape": shape}, shape)

    rows, factor = (values.get(id(v), v) for v in node.inputs)
    several = reshaped(rows, (parts, each, a.shape[1]))
    products = add(node.row, [several, factor], node.params, (parts, each, out.shape[1]))
    products.name = node.output.name
    values[id(node.output)] = reshaped(products, _wide(out, times).shape)
    return True
