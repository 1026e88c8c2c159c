"""Elementwise chains over long vectors: each piece goes through all of a chain while it is in the cache.

Without this, an optimizer's update would send its vectors through memory a dozen times. What only the chain needs is
never as long as the vector: it takes one piece of memory per thread. With Numba, chains are loops instead (`fuse.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from babytf.engine import threads
from babytf.engine.graph import Node, Value

PIECE = 65536
"""Elements of a piece; shorter ones cost more calls."""

PIECE_SHARED = 131072
"""The same where several threads work on a vector: with short calls they wait for each other's turn."""

FEWEST = 2
"""Operations from which on a chain is worth its function."""


class Chain(list[Node]):
    """Nodes that run together, piece by piece. All their results have one shape, `(size,)`, and one dtype.

    Attributes:
        size: Elements of each vector.
        dtype: Of each result.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        super().__init__(nodes)
        self.size = nodes[0].output.spec.size
        self.dtype = nodes[0].output.spec.dtype

    def piece(self, count: int) -> int:
        """Elements of a piece, with so many threads."""
        return PIECE if count == 1 or self.size < threads.VECTOR else PIECE_SHARED

    def goes_on_with(self, node: Node) -> bool:
        """Whether a node works on the same vectors."""
        return bool(node.output.spec == self[0].output.spec)

    def feeds(self, node: Node) -> bool:
        """Whether a node needs a result of this chain."""
        made = {id(n.output) for n in self}
        return any(id(v) in made for v in node.inputs)

    def after(self, node: Node) -> list[Node]:
        """The nodes behind one of these."""
        return self[self.index(node) + 1 :]

    def temporaries(self, inside: set[int]) -> tuple[dict[int, int], int]:
        """Which results take turns in which memory.

        Args:
            inside: The `id` of each result that only this chain needs.

        Returns:
            The number of its memory for each such result, by `id`; and how many are needed.
        """
        last = {id(v): i for i, node in enumerate(self) for v in node.inputs}
        numbers: dict[int, int] = {}
        free: list[int] = []
        count = 0
        for i, node in enumerate(self):
            for key in {id(v) for v in node.inputs}:
                if key in numbers and last[key] == i:
                    free.append(numbers[key])  # a result may lie over what it is made of
            if id(node.output) not in inside:
                continue
            if not free:
                free.append(count)
                count += 1
            numbers[id(node.output)] = free.pop()
        return numbers, count


def gather(nodes: Sequence[Node], contiguous: Callable[[Value], bool]) -> list[list[Node]]:
    """The nodes in an order in which they can run, those of a chain together.

    Scalar work in between that does not need the chain goes before it.

    Args:
        nodes: In the order in which they were recorded.
        contiguous: Whether a value is a scalar, or lies in memory in plain order.

    Returns:
        Lists of one node each, and a `Chain` for each chain.
    """
    steps: list[list[Node]] = []
    chain: Chain | None = None

    def close() -> None:
        if chain is not None:
            steps.extend([chain] if len(chain) >= FEWEST else [[n] for n in chain])

    for node in nodes:
        fits = _fits(node, contiguous)
        if chain is not None:
            if fits and chain.goes_on_with(node):
                chain.append(node)
                continue
            if node.output.spec.shape == () and node.row.kind != "effect" and not chain.feeds(node):
                steps.append([node])
                continue
        close()
        chain = Chain([node]) if fits else None
        if chain is None:
            steps.append([node])
    close()
    return steps


def _fits(node: Node, contiguous: Callable[[Value], bool]) -> bool:
    """Whether a node may be part of a chain: every input is a number, or a vector whose pieces have as many bytes."""
    out = node.output.spec
    if node.row.kind != "elementwise" or node.row.scratch or out.ndim != 1 or out.size < 2 * PIECE:
        return False
    return all(
        v.spec.shape == ()
        or (v.spec.shape == out.shape and v.spec.dtype.itemsize == out.dtype.itemsize and contiguous(v))
        for v in node.inputs
    )
