"""Where each array of a graph lives: planned once, so that running allocates nothing.

Every value gets a place: a window on another value, a part of a flat vector, a variable's own memory,
or a buffer. Buffers share memory slots when they are not needed at the same time, and an elementwise
operation writes over an input that nobody needs afterwards. A fused loop counts as one operation; what only it
needs has no place in memory at all. What only a chain needs (`chains.py`) has that of a piece.

In a stretch that goes row by row (`lanes.py`) one thread may be ahead of another. There a memory slot changes hands
only between arrays of which each thread has the same bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine import chains, fuse
from babytf.engine.chains import Chain
from babytf.engine.graph import Graph, Node, Value
from babytf.engine.lanes import Lanes
from babytf.engine.primitive import Spec


class Place:
    """Where one value lives.

    Attributes:
        kind: `"input"`, `"constant"`, `"variable"`, `"buffer"`, `"piece"`, `"view"`, `"part"`, `"in variable"` or
            `"in loop"`.
        slot: Number of the memory slot, for a buffer; for a piece, of the slot with a piece for each thread.
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


Layout = tuple[int, ...] | None
"""Bytes that each thread has in a memory slot; `None` if it is not shared so."""


class Plan:
    """Places for all values of a graph.

    Args:
        graph: The recorded computation.
        fused: Whether elementwise chains become loops.
        threads: How many threads share the work.
        whole: Whether every result is there as a whole: long vectors are not worked on piece by piece.

    Attributes:
        lanes: The stretches that go row by row.
        steps: The nodes in the order in which they run; those of a fused loop together, as a `fuse.Loop`, those of a
            chain as a `chains.Chain`.
        stretch: For each step, the number of its stretch; 0 outside.
        places: `id(value)` to its place.
        slots: Size of each memory slot, in bytes.
        scratch: For each node, the slots of its row's scratch arrays, by name.
        copies: Per node index, the flat vector's inputs that must be copied into it there.
        final: `(variable, value)` pairs that are copied when all nodes have run.
    """

    def __init__(self, graph: Graph, fused: bool = False, threads: int = 1, whole: bool = False) -> None:
        self.graph = graph
        self.fused = fused
        self.threads = threads
        self.places: dict[int, Place] = {}
        self.slots: list[int] = []
        self.scratch: dict[int, dict[str, int]] = {}
        self.final: list[tuple[Any, Value]] = []
        self._shapes: dict[int, np.ndarray] = {}
        self._free: list[int] = []
        self._last: dict[int, tuple[int, Layout]] = {}
        self._read_by_all: dict[int, set[int]] = {}
        self._look_at_views()
        self.lanes = Lanes(graph, threads, self.is_view)
        self.steps: list[list[Node]] = []
        self.stretch: list[int] = []
        for stretch, nodes in self.lanes.groups:
            if fused and stretch >= 0:
                self.steps += fuse.gather(nodes, self.is_whole_vector)
            elif stretch == 0 and not whole:
                self.steps += chains.gather(nodes, self.is_whole_vector)
            else:
                self.steps += [[n] for n in nodes]
            self.stretch += [stretch] * (len(self.steps) - len(self.stretch))
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

    def is_view(self, node: Node) -> bool:
        """Whether a node's result is a window on its input."""
        place = self.places.get(id(node.output))
        return place is not None and place.kind == "view"

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

    # --- what a loop or a chain keeps to itself

    def _place_inside(self) -> None:
        users: dict[int, set[int]] = {id(v): {-1} for v in self.graph.results()}
        for i, step in enumerate(self.steps):
            for node in step:
                for value in node.inputs:
                    users.setdefault(id(value), set()).add(i)
        for i, step in enumerate(self.steps):
            for node in step:
                if isinstance(step, (fuse.Loop, Chain)) and users.get(id(node.output)) == {i}:
                    self.places[id(node.output)] = Place("in loop" if isinstance(step, fuse.Loop) else "piece")

    def stored(self, step: list[Node]) -> list[Value]:
        """The results of a step that need memory of their own."""
        inside = "in loop", "piece"
        return [n.output for n in step if (p := self.places.get(id(n.output))) is None or p.kind not in inside]

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
        step, stretch = self.steps[at], self.stretch[at]
        if stretch and any(
            self._reads(v, variable)
            for other, number in zip(self.steps, self.stretch, strict=True)
            if number == stretch and other is not step
            for n in other
            for v in n.inputs
        ):
            return False  # another thread may still be reading it
        reading = [v for n in step for v in n.inputs if self._reads(v, variable)]
        if not reading:
            return True
        if isinstance(step, Chain) and any(self._reads(v, variable) for n in step.after(node) for v in n.inputs):
            return False
        pointwise = node.row.kind == "elementwise" or isinstance(step, fuse.Loop)
        return pointwise and all(v.kind == "variable" and v.payload is variable for v in reading)

    def _reads(self, value: Value, variable: Any) -> bool:
        root = self.root(value)
        return root.kind == "variable" and root.payload._storage is variable._storage

    # --- buffers

    def _layout(self, value: Value, stretch: int) -> Layout:
        if not self.lanes.is_split(value, stretch):
            return None
        return tuple(spec.nbytes for spec in self.lanes.share(value.spec))

    def _place_buffers(self) -> None:
        late: list[int] = []  # slots that all threads read, until the stretch ends
        for i, (step, stretch) in enumerate(zip(self.steps, self.stretch, strict=True)):
            if i and stretch != self.stretch[i - 1]:
                self._free += late
                late = []
            for out in self.stored(step):
                place = self.places.get(id(out))
                if place is not None and place.kind == "part":
                    self._make_room(self.root(out), stretch)
                elif place is None:
                    slot = self._over_an_input(step, out, i)
                    if slot is None:
                        slot = self._slot(out.spec.nbytes, stretch, self._layout(out, stretch))
                    self.places[id(out)] = Place("buffer", slot)
            if isinstance(step, Chain):
                self._place_pieces(step)
            elif not isinstance(step, fuse.Loop):
                self._place_scratch(step[0], stretch)
            self._release(step, i, late)

    def _place_pieces(self, chain: Chain) -> None:
        """Memory for a piece per thread."""
        inside = {id(n.output) for n in chain if self.places[id(n.output)].kind == "piece"}
        numbers, count = chain.temporaries(inside)
        nbytes = self.threads * chain.piece(self.threads) * chain.dtype.itemsize
        slots = [self._slot(nbytes, 0, None) for _ in range(count)]
        for key, number in numbers.items():
            self.places[key].slot = slots[number]
        self._free.extend(slots)

    def _place_scratch(self, node: Node, stretch: int) -> None:
        if not node.row.scratch:
            return
        taken: dict[str, int] = {}
        for name, specs in self.scratch_specs(node, stretch).items():
            layout = tuple(s.nbytes for s in specs) if stretch > 0 else None
            taken[name] = self._slot(sum(s.nbytes for s in specs), stretch, layout)
        self.scratch[id(node)] = taken
        self._free.extend(taken.values())

    def scratch_specs(self, node: Node, stretch: int) -> dict[str, list[Spec]]:
        """The scratch arrays of a node, by name: one each, or in a stretch one for each thread."""
        row, inputs = node.row, [v.spec for v in node.inputs]
        if stretch <= 0:
            return {name: [make(*inputs, **node.params)] for name, make in row.scratch.items()}
        shares = [
            self.lanes.share(v.spec) if self.lanes.is_split(v, stretch) else [v.spec] * self.threads
            for v in node.inputs
        ]
        return {
            name: [make(*[share[i] for share in shares], **node.params) for i in range(self.threads)]
            for name, make in row.scratch.items()
        }

    def _make_room(self, vector: Value, stretch: int) -> None:
        if id(vector) not in self.places:
            self.places[id(vector)] = Place("buffer", self._slot(vector.spec.nbytes, stretch, None))

    def _slot(self, nbytes: int, stretch: int, layout: Layout) -> int:
        """A memory slot for so many bytes: a free one, or a new one."""

        def fits(slot: int) -> bool:
            before, as_it_was = self._last[slot]
            if stretch and before == stretch and (layout is None or layout != as_it_was):
                return False
            return self.slots[slot] >= nbytes and self.slots[slot] <= 2 * nbytes + 64

        fitting = [s for s in self._free if fits(s)]
        if fitting:
            slot = min(fitting, key=lambda s: (self.slots[s], -self._free.index(s)))
            self._free.remove(slot)
        else:
            self.slots.append(nbytes)
            slot = len(self.slots) - 1
        self._last[slot] = stretch, layout
        return slot

    def _over_an_input(self, step: list[Node], out: Value, i: int) -> int | None:
        """The slot of an input that this elementwise step may write a result over."""
        if isinstance(step, Chain) or (step[0].row.kind != "elementwise" and not isinstance(step, fuse.Loop)):
            return None
        inputs = [v for node in step for v in node.inputs]
        taken = {p.slot for n in step if (p := self.places.get(id(n.output))) is not None and p.kind == "buffer"}
        for value in inputs:
            root = self.root(value)
            place = self.places.get(id(root))
            if place is None or place.kind != "buffer" or self.last_use[id(root)] != i or place.slot in taken:
                continue
            if self._is_read_by_all(root, i):
                continue
            users = [v for v in inputs if self.root(v) is root]
            if all(v.spec == out.spec and self.is_whole(v) for v in users):
                self._last[place.slot] = self.stretch[i], self._layout(out, self.stretch[i])
                return place.slot
        return None

    def _is_read_by_all(self, root: Value, i: int) -> bool:
        """Whether each thread may read all of a memory, in the stretch of this step."""
        stretch = self.stretch[i]
        if not stretch:
            return False
        if stretch not in self._read_by_all:
            self._read_by_all[stretch] = {
                id(self.root(v))
                for step, number in zip(self.steps, self.stretch, strict=True)
                if number == stretch
                for node in step
                for v in node.inputs
                if self.lanes.is_whole(v, stretch)
            }
        return id(root) in self._read_by_all[stretch]

    def _release(self, step: list[Node], i: int, late: list[int]) -> None:
        roots = {id(root): root for root in map(self.root, _values(step))}
        kept = [self.places[id(self.root(v))] for v in self.stored(step)]
        for key, root in roots.items():
            place = self.places.get(key)
            if place is None or place.kind != "buffer" or self.last_use[key] != i:
                continue
            if any(place is not k and place.slot == k.slot for k in kept):
                continue  # an output took it over
            if place.slot in self._free or place.slot in late:
                continue
            if self._is_read_by_all(root, i):
                late.append(place.slot)
            else:
                self._free.append(place.slot)
                if self.stretch[i]:
                    self._last[place.slot] = self.stretch[i], self._layout(root, self.stretch[i])

    @property
    def nbytes(self) -> int:
        """Bytes of all memory slots together."""
        return sum(self.slots)


def _values(step: list[Node]) -> list[Value]:
    return [v for node in step for v in [*node.inputs, node.output]]
