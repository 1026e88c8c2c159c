"""Which stretches of a long vector of weights each thread updates: those whose gradients it computed.

They are in its processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from babytf.engine import threads
from babytf.engine.graph import Node, Value
from babytf.engine.lanes import Lanes

Span = tuple[int, int]
"""From where to where, in elements."""


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
