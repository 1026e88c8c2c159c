"""Operations put behind others that leave them less to do, where the results stay the same.

The largest of a window is found before `relu` as well as after it, and there are fewer numbers afterwards:
`max_pool(relu(z)) = relu(max_pool(z))`. Backwards, the gradient of `relu` is then taken before it is spread over
the windows. Where a window has nothing above 0, another of its elements may be the largest, but what it gets is 0.
So only the sign of a zero can differ. `passes.py` has what comes before.
"""

from __future__ import annotations

from babytf.engine.graph import Graph, Node, Value
from babytf.engine.primitive import PRIMITIVES, Spec


def pool_before_relu(graph: Graph) -> None:
    """Take `relu` of the largest element of each window, in place of the largest of many."""
    users: dict[int, list[Node]] = {}
    for node in graph.nodes:
        for value in node.inputs:
            users.setdefault(id(value), []).append(node)
    kept = {id(value) for value in graph.results()}
    for pool in [node for node in graph.nodes if node.row.name == "max_pool"]:
        activated = pool.inputs[0]
        relu = activated.node
        if relu is None or relu.row.name != "relu" or id(activated) in kept:
            continue
        others = [node for node in users[id(activated)] if node is not pool]
        back = _backward(pool, activated, others, users, kept)
        if others and back is None:
            continue
        _exchange(graph, pool, relu, back)


def _backward(
    pool: Node, activated: Value, others: list[Node], users: dict[int, list[Node]], kept: set[int]
) -> tuple[Node, Node] | None:
    """The gradients of the pooling and of `relu`, if they follow each other and nothing else uses what is between."""
    if [node.row.name for node in others] != ["max_pool_gradient", "relu_gradient"]:
        return None
    spread, gate = others
    between = spread.output
    fits = spread.inputs[1] is activated and gate.inputs[1] is activated and gate.inputs[0] is between
    alone = users.get(id(between)) == [gate] and id(between) not in kept
    return (spread, gate) if fits and alone and spread.params == pool.params else None


def _exchange(graph: Graph, pool: Node, relu: Node, back: tuple[Node, Node] | None) -> None:
    before, result = relu.inputs[0], pool.output
    pooled = Value(Spec(result.spec.shape, result.spec.dtype), "node")
    new = {
        id(pool): [
            Node(pool.row, [before], pool.params, pooled, pool.scopes),
            Node(relu.row, [pooled], relu.params, result, relu.scopes),
        ],
        id(relu): [],
    }
    if back is not None:
        spread, gate = back
        gated = Value(Spec(result.spec.shape, gate.output.spec.dtype), "node")
        new[id(spread)] = []
        new[id(gate)] = [
            Node(PRIMITIVES["relu_gradient"], [spread.inputs[0], result], gate.params, gated, gate.scopes),
            Node(spread.row, [gated, before], spread.params, gate.output, spread.scopes),
        ]
    graph.nodes = [n for node in graph.nodes for n in new.get(id(node), [node])]
