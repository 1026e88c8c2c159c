"""Which stretches of a long vector of weights each thread updates: those whose gradients it computed.

They are in its processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterable

from babytf.engine import threads
from babytf.engine.graph import Value
from babytf.engine.lanes import Lanes

Span = tuple[int, int]
"""From where to where, in elements."""


def spans_of(size: int, lanes: Lanes, inputs: Iterable[Value]) -> list[list[Span]]:
    """For each thread, the stretches of a long vector that it works on.

    Args:
        size: Elements of the vector.
        lanes: Which gradients several threads compute.
        inputs: What the work reads; gradients may be among it.
    """
    concat = next((v.node for v in inputs if v.node is not None and v.node.row.name == "flat_concat"), None)
    if concat is None or concat.output.spec.size != size:
        return [[(s.start, s.stop)] for s in threads.shares(size, lanes.count)]
    shares: list[list[Span]] = [[] for _ in range(lanes.count)]
    loads = [0] * lanes.count
    offset = 0
    for value in concat.inputs:
        made, end = value.root.node, offset + value.spec.size
        if made is not None and lanes.is_cut(made):
            rows, columns = made.output.spec.shape
            parts = [(offset + s.start * columns, offset + s.stop * columns) for s in threads.shares(rows, lanes.count)]
        else:
            least = loads.index(min(loads))
            parts = [(offset, end) if i == least else (0, 0) for i in range(lanes.count)]
        for i, (start, stop) in enumerate(parts):
            loads[i] += stop - start
            if shares[i] and shares[i][-1][1] == start:
                shares[i][-1] = (shares[i][-1][0], stop)
            elif stop > start:
                shares[i].append((start, stop))
        offset = end
    return shares
