"""Which stretches of a long vector of weights each thread updates, and which follow which gradient.

A thread has the stretches of the gradients that it computed, as they are in its processor's cache; and it can begin
with a gradient's stretch while others are still being computed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from babytf.engine import threads
from babytf.engine.graph import Node, Value
from babytf.engine.lanes import Lanes

Span = tuple[int, int]
"""From where to where, in elements."""

LITTLE = 100.0
"""Microseconds of work up to which a gradient is computed along with another."""


def concat_of(values: Iterable[Value]) -> Node | None:
    """The node that joins gradients to the vector among some values, if it is there."""
    return next((v.node for v in values if v.node is not None and v.node.row.name == "flat_concat"), None)


def spans_of(size: int, lanes: Lanes, inputs: Iterable[Value]) -> list[list[Span]]:
    """For each thread, the stretches of a long vector that it works on.

    Args:
        size: Elements of the vector.
        lanes: Which gradients several threads compute.
        inputs: What the work reads; gradients may be among it.
    """
    concat = concat_of(inputs)
    if concat is None or concat.output.spec.size != size:
        return [[(s.start, s.stop)] for s in threads.shares(size, lanes.count)]
    shares: list[list[Span]] = [[] for _ in range(lanes.count)]
    loads = [0] * lanes.count
    for value, offset in _gradients(concat):
        made = value.root.node
        if made is not None and lanes.is_cut(made):
            parts = _parts(made, offset, lanes.count)
        else:
            least = loads.index(min(loads))
            parts = [(offset, offset + value.spec.size) if i == least else (0, 0) for i in range(lanes.count)]
        for i, (start, stop) in enumerate(parts):
            loads[i] += stop - start
            if shares[i] and shares[i][-1][1] == start:
                shares[i][-1] = (shares[i][-1][0], stop)
            elif stop > start:
                shares[i].append((start, stop))
    return shares


class Gradient:
    """Gradients that lie side by side in the flat vector, and are computed together.

    Args:
        product: A product of which each thread computes a part; `None` if there is none.
        spans: Where its parts lie.
        others: Small gradients behind the last part, computed with it; or the one that there is.
    """

    def __init__(self, product: Node | None, spans: list[Span], others: list[Node]) -> None:
        self.product = product
        self.spans = spans
        self.others = others

    @property
    def size(self) -> int:
        """How many elements they have."""
        return sum(stop - start for start, stop in self.spans)


def gradients_of(concat: Node, nodes: list[Node], lanes: Lanes) -> tuple[list[Gradient], list[Span]]:
    """The gradients in a flat vector, the largest products first.

    Args:
        concat: What joins them.
        nodes: Those that are computed together.
        lanes: Which of them several threads compute.

    Returns:
        The gradients, and where those lie that are there already.
    """
    found: list[Gradient] = []
    there: list[Span] = []
    pending = {id(node) for node in nodes}
    for value, offset in _gradients(concat):
        made, end = value.root.node, offset + value.spec.size
        last = found[-1] if found and found[-1].product and found[-1].spans[-1][1] == offset else None
        if made is None or id(made) not in pending:
            if there and there[-1][1] == offset:
                there[-1] = there[-1][0], end
            else:
                there.append((offset, end))
        elif lanes.is_cut(made):
            found.append(Gradient(made, _parts(made, offset, lanes.count), []))
        elif last is not None and lanes.work([made]) < LITTLE:
            last.others.append(made)
            last.spans[-1] = last.spans[-1][0], end
        else:
            found.append(Gradient(None, [(offset, end)], [made]))
    return sorted(found, key=lambda g: (g.product is None, -g.size)), there


def shared_spans(spans: list[Span], count: int) -> list[list[Span]]:
    """Some stretches, divided among so many threads if they are long."""
    if sum(stop - start for start, stop in spans) < threads.VECTOR:
        return [spans]
    cuts = [[(start + s.start, start + s.stop) for s in threads.shares(stop - start, count)] for start, stop in spans]
    return [[cut[i] for cut in cuts] for i in range(count)]


def _gradients(concat: Node) -> Iterator[tuple[Value, int]]:
    """The parts of a flat vector, and where each begins."""
    offset = 0
    for value in concat.inputs:
        yield value, offset
        offset += value.spec.size


def _parts(product: Node, offset: int, count: int) -> list[Span]:
    """Where the parts of a product lie."""
    rows, columns = product.output.spec.shape
    return [(offset + s.start * columns, offset + s.stop * columns) for s in threads.shares(rows, count)]
