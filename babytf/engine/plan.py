"""Where each array of a graph lives: planned once, so that running allocates nothing.

Every value gets a place: a window on another value, a part of a flat vector, a variable's own memory,
or a buffer. Buffers share memory slots when they are not needed at the same time, and an elementwise
operation writes over an input that nobody needs afterwards. A fused loop counts as one operation; what only it
needs has no place in memory at all.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine import fuse
from babytf.engine.graph import Graph, Node, Value


class Place:
    """Where one value lives.

    Attributes:
        kind: `"input"`, `"constant"`, `"variable"`, `"buffer"`, `"view"`, `"part"`, `"in variable"` or `"in loop"`.
        slot: Number of the memory slot, for a buffer.
        base: The flat vector, for a part.
        offset: Where a part begins in it, in elements.
        variable: The variable whose memory a result is written into.
    """

    __slots__ = ("base", "kind", "offset", "slot", "variable")

    def __init__(self, kind: str, slot: int = -1, base: Value | None = None, offset: int = 0, variable: Any = None):
        self.kind = kind
        self.slot = slot
        self.base = base
        self.offset = offset
        self.variable = variable


class Plan:
    """Places for all values of a graph.

    Args:
        graph: The recorded computation.
        fused: Whether elementwise chains become loops.

    Attributes:
        steps: The nodes in the order in which they run; those of a fused loop together, as a `fuse.Loop`.
        places: `id(value)` to its place.
        slots: Size of each memory slot, in bytes.
        scratch: For each node, the slots of its row's scratch arrays, by name.
        copies: Per node index, the flat vector's inputs that must be copied into it there.
        final: `(variable, value)` pairs that are copied when all nodes have run.
    """

    def __init__(self, graph: Graph, fused: bool = False) -> None:
        self.graph = graph
        self.fused = fused
        self.places: dict[int, Place] = {}
        self.slots: list[int] = []
        self.scratch: dict[int, dict[str, int]] = {}
        self.final: list[tuple[Any, Value]] = []
        self._shapes: dict[int, np.ndarray] = {}
        self._free: list[int] = []
        self._look_at_views()
        self.steps = fuse.gather(graph, self.is_whole_vector) if fused else [[node] for node in graph.nodes]
        self._place_inside()
        self._place_parts()
        self._measure_lives()
        self._place_writes()
        self._place_buffers()

    # --- what looks at what

    def _look_at_views(self) -> None:
        """Run the view rows on stand-in arrays: some reshapes are copies, depending on the strides."""
        for value in self.graph.inputs:
            self._shapes[id(value)] = np.empty(value.spec.shape, value.spec.dtype)
            self.places[id(value)] = Place("input")
        for node in self.graph.nodes:
            for value in node.inputs:
                self._external(value)
            out = node.output
            if node.row.kind == "view":
                looked = node.row.run([self._shapes[id(v)] for v in node.inputs], node.params)
                if np.may_share_memory(looked, self._shapes[id(node.inputs[0])]) or looked.size == 0:
                    self._shapes[id(out)] = looked
                    self.places[id(out)] = Place("view")
                    continue
            self._shapes[id(out)] = np.empty(out.spec.shape, out.spec.dtype)
        for value in self.graph.results():
            self._external(value)

    def _external(self, value: Value) -> None:
        if value.kind in ("constant", "variable") and id(value) not in self._shapes:
            self._shapes[id(value)] = value.payload if value.kind == "constant" else value.payload._array
            self.places[id(value)] = Place(value.kind)

    def root(self, value: Value) -> Value:
        """The value whose memory this one uses."""
        while True:
            place = self.places.get(id(value))
            if place is not None and place.kind == "view":
                assert value.node is not None
                value = value.node.inputs[0]
            elif place is not None and place.kind == "part":
                assert place.base is not None
                value = place.base
            else:
                return value

    def lies_in(self, value: Value, vector: Value, offset: int) -> bool:
        """Whether a value was computed in its part of a flat vector, which begins at `offset`."""
        while (place := self.places.get(id(value))) is not None and place.kind == "view":
            assert value.node is not None
            value = value.node.inputs[0]
        return place is not None and place.kind == "part" and place.base is vector and place.offset == offset

    def is_whole(self, value: Value) -> bool:
        """Whether a value covers all of its root's memory in plain order."""
        array = self._shapes[id(value)]
        return array.flags.c_contiguous and array.size == self._shapes[id(self.root(value))].size

    def is_whole_vector(self, value: Value) -> bool:
        """Whether a value is a scalar, or lies in memory in plain order."""
        return value.spec.shape == () or self._shapes[id(value)].flags.c_contiguous

    # --- what a loop keeps to itself

    def _place_inside(self) -> None:
        users: dict[int, set[int]] = {id(v): {-1} for v in self.graph.results()}
        for i, step in enumerate(self.steps):
            for node in step:
                for value in node.inputs:
                    users.setdefault(id(value), set()).add(i)
        for i, step in enumerate(self.steps):
            for node in step:
                if isinstance(step, fuse.Loop) and users.get(id(node.output)) == {i}:
                    self.places[id(node.output)] = Place("in loop")

    def stored(self, step: list[Node]) -> list[Value]:
        """The results of a step that need memory."""
        return [n.output for n in step if (p := self.places.get(id(n.output))) is None or p.kind != "in loop"]

    # --- gradients go straight into the flat vector

    def _place_parts(self) -> None:
        for node in self.graph.nodes:
            if node.row.name != "flat_concat":
                continue
            offset = 0
            for value in node.inputs:
                size, root = value.spec.size, self.root(value)
                if (
                    root.kind == "node"
                    and id(root) not in self.places
                    and root.spec.dtype == node.output.spec.dtype
                    and self.is_whole(value)
                    and root.spec.size == size
                ):
                    self.places[id(root)] = Place("part", base=node.output, offset=offset)
                offset += size

    # --- how long each array is needed

    def _measure_lives(self) -> None:
        end = len(self.steps)
        self.last_use: dict[int, int] = {}
        for i, step in enumerate(self.steps):
            for value in _values(step):
                self.last_use[id(self.root(value))] = i
        for value in self.graph.results():
            self.last_use[id(self.root(value))] = end

    # --- results that can be computed in a variable's own memory

    def _place_writes(self) -> None:
        claimed: set[int] = set()
        for variable, value in self.graph.writes:
            storage = id(variable._storage)
            if storage not in claimed and self._fits_in_place(variable, value):
                self.places[id(value)] = Place("in variable", variable=variable)
            else:
                self.final.append((variable, value))
            claimed.add(storage)

    def _fits_in_place(self, variable: Any, value: Value) -> bool:
        node = value.node
        if node is None or id(value) in self.places or value.spec.shape != variable.shape:
            return False
        if value.spec.dtype != variable._array.dtype:
            return False
        at = next(i for i, step in enumerate(self.steps) if node in step)
        if any(self._reads(v, variable) for step in self.steps[at + 1 :] for n in step for v in n.inputs):
            return False
        if any(self._reads(v, variable) for v in self.graph.results()):
            return False
        step = self.steps[at]
        reading = [v for n in step for v in n.inputs if self._reads(v, variable)]
        if not reading:
            return True
        pointwise = node.row.kind == "elementwise" or isinstance(step, fuse.Loop)
        return pointwise and all(v.kind == "variable" and v.payload is variable for v in reading)

    def _reads(self, value: Value, variable: Any) -> bool:
        root = self.root(value)
        return root.kind == "variable" and root.payload._storage is variable._storage

    # --- buffers

    def _place_buffers(self) -> None:
        for i, step in enumerate(self.steps):
            for out in self.stored(step):
                place = self.places.get(id(out))
                if place is not None and place.kind == "part":
                    self._make_room(self.root(out), i)
                elif place is None:
                    slot = self._over_an_input(step, out, i)
                    self.places[id(out)] = Place("buffer", self._slot(out.spec.nbytes) if slot is None else slot)
            if not isinstance(step, fuse.Loop):
                self._place_scratch(step[0])
            self._release(step, i)

    def _place_scratch(self, node: Node) -> None:
        if node.row.scratch:
            specs = [v.spec for v in node.inputs]
            taken = {n: self._slot(f(*specs, **node.params).nbytes) for n, f in node.row.scratch.items()}
            self.scratch[id(node)] = taken
            self._free.extend(taken.values())

    def _make_room(self, vector: Value, i: int) -> None:
        if id(vector) not in self.places:
            self.places[id(vector)] = Place("buffer", self._slot(vector.spec.nbytes))

    def _slot(self, nbytes: int) -> int:
        fitting = [s for s in self._free if self.slots[s] >= nbytes and self.slots[s] <= 2 * nbytes + 64]
        if fitting:
            best = min(fitting, key=lambda s: (self.slots[s], -self._free.index(s)))
            self._free.remove(best)
            return best
        self.slots.append(nbytes)
        return len(self.slots) - 1

    def _over_an_input(self, step: list[Node], out: Value, i: int) -> int | None:
        """The slot of an input that this elementwise step may write a result over."""
        if step[0].row.kind != "elementwise" and not isinstance(step, fuse.Loop):
            return None
        inputs = [v for node in step for v in node.inputs]
        taken = {p.slot for n in step if (p := self.places.get(id(n.output))) is not None and p.kind == "buffer"}
        for value in inputs:
            root = self.root(value)
            place = self.places.get(id(root))
            if place is None or place.kind != "buffer" or self.last_use[id(root)] != i or place.slot in taken:
                continue
            users = [v for v in inputs if self.root(v) is root]
            if all(v.spec == out.spec and self.is_whole(v) for v in users):
                return place.slot
        return None

    def _release(self, step: list[Node], i: int) -> None:
        roots = {id(self.root(v)) for v in _values(step)}
        kept = [self.places[id(self.root(v))] for v in self.stored(step)]
        for key in roots:
            place = self.places.get(key)
            if place is None or place.kind != "buffer" or self.last_use[key] != i:
                continue
            if any(place is not k and place.slot == k.slot for k in kept):
                continue  # an output took it over
            if place.slot not in self._free:
                self._free.append(place.slot)

    @property
    def nbytes(self) -> int:
        """Bytes of all memory slots together."""
        return sum(self.slots)


def _values(step: list[Node]) -> list[Value]:
    return [v for node in step for v in [*node.inputs, node.output]]
