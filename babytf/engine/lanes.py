"""Which stretches of a program go row by row, so that each thread can do its own rows from beginning to end.

A dense network's forward pass, its loss and most of the way back treat each sample by itself. Instead of sharing
every operation among the threads, and waiting for all of them after each, a thread takes some of the samples
through the whole stretch: it waits once, and what it computed stays in its processor's own cache.
`Lanes` finds such stretches in a graph. `plan.py` keeps the threads out of each other's memory, `emit.py` writes the
stretch as a function of rows.

The rows are those of the first axis, or of one that is some samples long for each sample (as when time is folded into
the batch). A product is cut where `threads.cut` cuts it everywhere, so the bits are those of eager execution.
"""

from __future__ import annotations

from collections.abc import Callable

from babytf.engine import threads
from babytf.engine.graph import Graph, Node, Value
from babytf.engine.primitive import Spec

LEAST = 150.0
"""Microseconds of work, by one thread, from which on a stretch is shared."""

PASSES = 8
"""About how often a kernel of its own goes over its arrays."""

LONG = 65536
"""Elements from which on a vector is no batch of numbers, but weights."""


def taken_by_row(node: Node) -> tuple[bool, ...] | None:
    """For each input of a node that is no product, whether it is taken row by row; `None` if rows are not apart."""
    row, out, specs = node.row, node.output.spec, [v.spec for v in node.inputs]
    if row.rows is not None:
        return row.rows(*specs, **node.params)
    if row.kind == "elementwise":
        return tuple(s.ndim == out.ndim and s.shape[0] == out.shape[0] for s in specs)
    return None


class Lanes:
    """The stretches of a graph that go row by row.

    Args:
        graph: The recorded computation.
        count: The number of threads.
        is_view: Whether a node's result is a window on its input, so that nothing has to be computed.

    Attributes:
        batch: The number of samples.
        count: The number of threads.
        groups: `(stretch, nodes)`: the nodes in an order in which they can run. Stretches that go row by row have
            positive numbers; those of gradients of weights, which do not need each other, negative ones; 0 stands for
            the others.
    """

    def __init__(self, graph: Graph, count: int, is_view: Callable[[Node], bool]) -> None:
        shape = graph.inputs[0].spec.shape if graph.inputs else ()
        self.batch = shape[0] if shape else 0
        self.count = count
        self.groups: list[tuple[int, list[Node]]] = [(0, graph.nodes)]
        self._is_view = is_view
        self._edges = threads.shares(self.batch, count)
        self._split: dict[int, set[int]] = {}
        self._whole: dict[int, set[int]] = {}
        if count > 1 and self.batch >= 2 * count:
            self._find(graph)

    def is_split(self, value: Value, stretch: int) -> bool:
        """Whether each thread has rows of its own of a value, in a stretch."""
        return id(value) in self._split.get(stretch, ())

    def is_whole(self, value: Value, stretch: int) -> bool:
        """Whether each thread may read all of a value, in a stretch."""
        return stretch < 0 or id(value) in self._whole.get(stretch, ())

    def rows(self, size: int) -> list[slice]:
        """The rows of each thread, of an array of so many."""
        times = size // self.batch
        return [slice(s.start * times, s.stop * times) for s in self._edges]

    def share(self, spec: Spec) -> list[Spec]:
        """What each thread has of an array."""
        return [Spec((s.stop - s.start, *spec.shape[1:]), spec.dtype) for s in self.rows(spec.shape[0])]

    # --- what can be done row by row

    def _fits(self, spec: Spec) -> bool:
        """Whether an array's first axis has the samples' rows."""
        return spec.ndim > 0 and spec.shape[0] >= self.batch and spec.shape[0] % self.batch == 0

    def _inputs(self, node: Node) -> tuple[bool, ...] | None:
        """For each input, whether it is taken row by row; `None` if the node must see all samples."""
        row, out, specs = node.row, node.output.spec, [v.spec for v in node.inputs]
        if not self._fits(out) or row.kind == "effect" or (out.ndim == 1 and out.size >= LONG):
            return None
        split = taken_by_row(node) if row.products is None else self._product(out, *specs)
        if split is None or not any(split):
            return None
        taken = [v for v, by_row in zip(node.inputs, split, strict=True) if by_row]
        return split if all(self._fits(v.spec) and self._goes_along(v) for v in taken) else None

    def _goes_along(self, value: Value) -> bool:
        """Whether a value's rows are rows of the memory that it looks at, too."""
        while (node := value.node) is not None and self._is_view(node):
            split = node.row.rows(*[v.spec for v in node.inputs], **node.params) if node.row.rows else None
            if not split or not split[0] or not self._fits(node.inputs[0].spec):
                return False
            value = node.inputs[0]
        return True

    def _product(self, out: Spec, a: Spec, b: Spec) -> tuple[bool, ...] | None:
        if out.ndim > 2:  # each matrix is a product of its own
            return tuple(s.ndim == out.ndim and s.shape[0] == out.shape[0] for s in (a, b))
        if threads.cut(a.shape, b.shape, self.count) != 0 or threads.shares(a.shape[0], self.count) != self.rows(
            a.shape[0]
        ):
            return None
        return True, False

    # --- stretches

    def _find(self, graph: Graph) -> None:
        apart: set[int] = set()
        users: dict[int, list[Node]] = {}
        for node in graph.nodes:
            for value in node.inputs:
                users.setdefault(id(value), []).append(node)
        while True:
            stretches = self._stretches(graph, apart, users)
            work: dict[int, float] = {}
            for node in graph.nodes:
                stretch = stretches[id(node)]
                work[stretch] = work.get(stretch, 0.0) + self._work(node)
            little = {s for s, cost in work.items() if s % 2 and cost < LEAST}
            if not little:
                break
            apart.update(id(n) for n in graph.nodes if stretches[id(n)] in little)
        self.groups = []
        for stretch in sorted(set(stretches.values())):
            nodes = [n for n in graph.nodes if stretches[id(n)] == stretch]
            self.groups += [(stretch, nodes)] if stretch % 2 else self._between(nodes, stretch, users)
        for stretch, nodes in self.groups:
            for node in nodes if stretch > 0 else ():
                for value, by_row in zip(node.inputs, self._inputs(node) or (), strict=True):
                    (self._split if by_row else self._whole).setdefault(stretch, set()).add(id(value))
                self._split.setdefault(stretch, set()).add(id(node.output))

    def _between(self, nodes: list[Node], stretch: int, users: dict[int, list[Node]]) -> list[tuple[int, list[Node]]]:
        """The nodes between two stretches, with those gathered that only make gradients of weights.

        They do not need each other: each thread computes its part of the products, and some of the others whole.
        """

        def only_joined(value: Value) -> bool:
            found = users.get(id(value), [])
            return bool(found) and all(
                n.row.name == "flat_concat" or (self._is_view(n) and only_joined(n.output)) for n in found
            )

        gradients = [n for n in nodes if n.row.kind in ("general", "elementwise") and only_joined(n.output)]
        gradients = [n for n in gradients if n.row.name != "flat_concat" and not n.row.threaded]
        if self.work(gradients) < LEAST:
            return [(0, nodes)]
        gathered = {id(n) for n in gradients}
        made = {id(n.output) for n in gradients}
        before: list[Node] = []
        after: list[Node] = []
        for node in nodes:
            if any(id(v) in made for v in node.inputs):
                made.add(id(node.output))
                after.append(node)
            elif id(node) not in gathered:
                before.append(node)
        before, after = self._with_its_update(before, after, users)
        return [(0, before), (-stretch - 1, gradients), (0, after)]

    def _with_its_update(
        self, before: list[Node], after: list[Node], users: dict[int, list[Node]]
    ) -> tuple[list[Node], list[Node]]:
        """The same nodes; long vectors that only those after the gradients need, such as a decayed momentum, are there.

        So they are part of the same chain, in front of its first node.
        """

        def is_long(node: Node) -> bool:
            out = node.output.spec
            return node.row.kind == "elementwise" and out.ndim == 1 and out.size >= LONG

        late = {id(node) for node in after}
        at = next((i for i, node in enumerate(after) if is_long(node)), 0)
        moved: list[Node] = []
        for node in reversed(before):
            if is_long(node) and (needing := users.get(id(node.output))) and all(id(n) in late for n in needing):
                late.add(id(node))
                moved.insert(0, node)
        return [node for node in before if id(node) not in late], [*after[:at], *moved, *after[at:]]

    def is_cut(self, node: Node) -> bool:
        """Whether a node is a product of which each thread computes some rows."""
        if node.row.products is None or node.output.spec.ndim != 2:
            return False
        a, b = (v.spec.shape for v in node.inputs)
        return threads.cut(a, b, self.count) == 0

    def balanced(self, nodes: list[Node]) -> list[list[Node]]:
        """Nodes that do not need each other, divided among the threads by their work."""
        shares: list[list[Node]] = [[] for _ in range(self.count)]
        loads = [0.0] * self.count
        for node in sorted(nodes, key=self._work, reverse=True):
            i = loads.index(min(loads))
            loads[i] += self._work(node)
            shares[i].append(node)
        return shares

    def _stretches(self, graph: Graph, apart: set[int], users: dict[int, list[Node]]) -> dict[int, int]:
        """When each node runs: odd numbers are stretches that go row by row, even ones lie between them."""
        when: dict[int, int] = {}
        made: dict[int, int] = {}
        seen: dict[tuple[int, int], bool] = {}
        drawn = 0
        for node in graph.nodes:
            split = None if id(node) in apart else self._inputs(node)
            before = [made.get(id(v), 0) for v in node.inputs]
            latest = max(before, default=0)
            if split is None or (self._is_view(node) and latest % 2 == 0):
                now = latest + latest % 2
            else:
                now = max(p + 1 - p % 2 if s else p + 1 + p % 2 for p, s in zip(before, split, strict=True))
                taken = [((now, id(v)), by_row) for v, by_row in zip(node.inputs, split, strict=True)]
                known = {**dict(taken), **seen}
                if any(known[key] != by_row for key, by_row in taken):
                    now += 1  # the same array by rows and as a whole: only all threads together can do that
                else:
                    seen.update(taken)
            if node.row.kind == "effect":
                drawn = now = max(now, drawn)  # random draws keep their order
            when[id(node)] = made[id(node.output)] = now
        self._delay(graph, when, users)
        return when

    def _delay(self, graph: Graph, when: dict[int, int], users: dict[int, list[Node]]) -> None:
        """Leave what only a later part needs to that part, where it was recorded."""
        last = max(when.values(), default=0)
        for node in reversed(graph.nodes):
            now = when[id(node)]
            if now % 2 == 0 and node.row.kind not in ("effect", "view"):
                needed = min((when[id(n)] for n in users.get(id(node.output), ())), default=last)
                when[id(node)] = max(now, needed - needed % 2)

    def work(self, nodes: list[Node]) -> float:
        """Roughly how long nodes take in one thread, in microseconds."""
        return sum(self._work(n) for n in nodes)

    def _work(self, node: Node) -> float:
        """Roughly how long a node takes in one thread, in microseconds."""
        if self._is_view(node):
            return 0.0
        out = node.output.spec
        if node.row.products is not None:
            return out.size * node.inputs[0].spec.shape[-1] / 45_000
        largest = max([out.size, *[v.spec.size for v in node.inputs]])
        passes = node.row.source.count("\n") + 1 + (PASSES if "kernels" in node.row.source else 0)
        return passes * largest / 4_000
