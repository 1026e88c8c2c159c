"""From a planned graph to the text of a Python module: real NumPy, straight down.

The text declares the arrays, then one function that runs the nodes. What is printed is what runs.
`program.py` executes it.
"""

from __future__ import annotations

import itertools
import keyword
from typing import Any

import numpy as np

from babytf.engine import fuse, threads
from babytf.engine.graph import Graph, Node, Value
from babytf.engine.plan import Plan
from babytf.engine.variable import variable_label

CHUNK = 32768
"""Elements per piece when a chain of elementwise operations runs over a long vector piece by piece."""

RESERVED = (
    "np",
    "kernels",
    "windows",
    "pools",
    "buffer",
    "chunks",
    "check",
    "serial",
    "parallel",
    "parts",
    "together",
    "shared",
    "fused",
)
"""Names that a program's text uses for what is not its own."""

LITERALS = (bool, int, float, str, type(None), type(Ellipsis))


class Source:
    """The emitted text and what its names stand for.

    Attributes:
        text: The module.
        bound: Names the text uses without defining them: variables, constants, generators.
        kernels: Source of each fused loop, by its name in the text.
        calls: `(kernel, names of its arguments)`: the calls of fused loops.
        lines: Line number to layer and statement, for messages.
    """

    def __init__(self, graph: Graph, plan: Plan, checked: bool = False) -> None:
        self.graph = graph
        self.plan = plan
        self.checked = checked
        self.bound: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        self.inputs: list[str] = []
        self.kernels: dict[str, str] = {}
        self.calls: list[tuple[str, list[str]]] = []
        self._names: dict[int, str] = {}
        self._serial = False
        self._loops: list[str] = []
        self._taken: set[str] = set(RESERVED)
        self._declared: list[tuple[str, str]] = []
        self._body: list[tuple[str, str]] = []
        self._views: list[tuple[str, str]] = []
        self.text = self._write()

    # --- names

    def _unique(self, name: str) -> str:
        name = "".join(c if c.isalnum() else "_" for c in name) or "t"
        if name[0].isdigit() or keyword.iskeyword(name):
            name = "_" + name
        if name in self._taken:
            name = self._next(name)
        self._taken.add(name)
        return name

    def _next(self, name: str) -> str:
        return next(n for i in itertools.count(1) if (n := f"{name}_{i}") not in self._taken)

    def name(self, value: Value) -> str:
        """The name of a value in the text; declares it on first use."""
        found = self._names.get(id(value))
        if found is None:
            found = self._names[id(value)] = self._declare(value)
        return found

    def _declare(self, value: Value) -> str:
        if value.kind == "variable":
            return self._target(value.payload)
        if value.kind == "constant":
            return self._constant(value.payload)
        place = self.plan.places[id(value)]
        if place.kind == "in variable":
            return self._target(place.variable)
        if self._still_z(value):
            assert value.node is not None
            return self.name(value.node.inputs[0])
        name = self._unique(self._suggest(value))
        shape, dtype = value.spec.shape, value.spec.dtype.name
        if place.kind == "part":
            assert place.base is not None
            vector = self.name(place.base)
            stop = place.offset + value.spec.size
            self._declared.append((f"{name} = {vector}[{place.offset}:{stop}].reshape({shape})", ""))
        elif place.kind == "view":
            assert value.node is not None
            self._declared.append((f"{name} = {self._fill(value.node, '')}", f"{shape}"))
        else:
            self._declared.append((f"{name} = buffer({place.slot}, {shape}, np.{_numpy_name(dtype)})", ""))
        return name

    def _still_z(self, value: Value) -> bool:
        """Whether this is a layer's `z = x W` with its bias added in the same place."""
        node = value.node
        if node is None or node.row.name != "add" or value.name or node.inputs[0].node is None:
            return False
        z = node.inputs[0]
        place, place_z = self.plan.places[id(value)], self.plan.places[id(z)]
        together = place.kind == place_z.kind == "buffer" and place.slot == place_z.slot and value.spec == z.spec
        return together and z.node is not None and z.node.row.symbol == "z" and z.node.scopes == node.scopes

    def _constant(self, array: np.ndarray) -> str:
        if array.ndim == 0:
            text = str(array.item()) if array.dtype != np.float32 else str(array[()])
            label = "c_" + text.replace("-", "m").replace("+", "").replace(".", "_")
            twin = self.bound.get(label)
            if isinstance(twin, np.ndarray) and twin.dtype == array.dtype and twin.tobytes() == array.tobytes():
                return label
        else:
            label = "const"
        name = self._unique(label)
        self.bound[name] = array
        return name

    def _suggest(self, value: Value) -> str:
        if value.name:
            return value.name
        node = value.node
        assert node is not None
        layers = [label for label, kind in node.scopes if kind != "backward"]
        symbol = node.row.symbol
        if node.row.name == "transpose" and value.spec.ndim == 2:
            return self.name(node.inputs[0]) + "_T"
        if any(kind == "backward" for _, kind in node.scopes):
            symbol = "d_" + symbol
        return f"{layers[-1]}_{symbol}" if layers else symbol

    # --- statements

    def _literal(self, thing: Any) -> str:
        if isinstance(thing, np.dtype):
            return f"np.{_numpy_name(thing.name)}"
        if isinstance(thing, LITERALS) and thing == thing and thing not in (float("inf"), float("-inf")):
            return repr(thing)
        if isinstance(thing, tuple) and type(thing) is not tuple:
            return format(thing, "")  # it knows its own notation
        if isinstance(thing, tuple):
            inner = ", ".join(self._literal(t) for t in thing)
            return f"({inner},)" if len(thing) == 1 else f"({inner})"
        if isinstance(thing, list):
            return "[" + ", ".join(self._literal(t) for t in thing) + "]"
        if isinstance(thing, slice):
            return f"slice({self._literal(thing.start)}, {self._literal(thing.stop)}, {self._literal(thing.step)})"
        for name, known in self.bound.items():
            if known is thing:
                return name
        name = self._unique(type(thing).__name__.lower() if not isinstance(thing, np.ndarray) else "const")
        self.bound[name] = thing
        return name

    def _fill(self, node: Node, out: str, rename: dict[str, str] | None = None) -> str:
        row = node.row
        names = [self.name(v) for v in node.inputs]
        if rename:
            names = [rename.get(n, n) for n in names]
        fields: dict[str, str] = {}
        if row.variadic:
            fields[row.inputs[0]] = "(" + ", ".join(names) + ("," if len(names) == 1 else "") + ")"
        else:
            fields.update(zip(row.inputs, names, strict=True))
        for label, slot in self.plan.scratch.get(id(node), {}).items():
            spec = row.scratch[label](*[v.spec for v in node.inputs], **node.params)
            name = self._unique(f"{row.name}_{label}")
            self._declared.append((f"{name} = buffer({slot}, {spec.shape}, np.{_numpy_name(spec.dtype.name)})", ""))
            fields[label] = name
        for label in row.param_names:
            fields[label] = self._literal(node.params[label])
        return row.source.format(out=out, **fields).strip("\n")

    def _statement(self, node: Node) -> None:
        out = node.output
        if node.row.name == "flat_concat":
            self._concat(node)
            return
        for value in node.inputs:
            self.name(value)
        name = self.name(out)
        if node.row.kind == "view":
            text = f"np.copyto({name}, {self._fill(node, '')})"
        else:
            text = self._fill(node, name)
        if node.row.products is not None:
            self._hold_blas(True)
            if not threads.is_small(node.row.products(*[v.spec for v in node.inputs], **node.params)):
                pieces = self._unique(f"{name}_parts")
                given = ", ".join([*(self.name(v) for v in node.inputs), name])
                self._declared.append((f"{pieces} = parts({given})", "np.matmul, cut for several threads"))
                text = f"together({pieces})"
        shapes = ", ".join(str(v.spec.shape) for v in node.inputs if v.spec.shape)
        note = f"{shapes} -> {out.spec.shape}" if shapes and shapes != str(out.spec.shape) else f"{out.spec.shape}"
        self._add(text, note if out.spec.shape else "")
        if self.checked and out.spec.dtype.kind == "f":
            self._check(node, text.split("\n")[0])

    def _check(self, node: Node, statement: str) -> None:
        layer = ".".join(label for label, kind in node.scopes if kind != "backward")
        self._add(f"check({self.name(node.output)}, {layer!r}, {node.row.name!r}, {statement!r})", "")

    def _hold_blas(self, serial: bool) -> None:
        if serial != self._serial:
            self._add("serial()" if serial else "parallel()", "each product in one BLAS thread" if serial else "")
            self._serial = serial

    def _concat(self, node: Node) -> None:
        offset = 0
        vector = self.name(node.output)
        for value in node.inputs:
            size = value.spec.size
            if not self.plan.lies_in(value, node.output, offset):
                self._add(
                    f"np.copyto({vector}[{offset}:{offset + size}].reshape({value.spec.shape}), {self.name(value)})", ""
                )
            offset += size

    def _add(self, text: str, note: str) -> None:
        lines = text.split("\n")
        for line in lines[:-1]:
            self._body.append((line, ""))
        self._body.append((lines[-1], note))

    def _write(self) -> str:
        graph = self.graph
        for i, value in enumerate(graph.inputs):
            name = self._names[id(value)] = self._unique(value.name or f"input_{i}")
            self.inputs.append(name)
            spec = value.spec
            self._declared.append((f"{name} = np.empty({spec.shape}, np.{_numpy_name(spec.dtype.name)})", "input"))
        for node in graph.nodes:  # variables first, so that they have the plain names
            for value in node.inputs:
                if value.kind == "variable":
                    self.name(value)
        for variable, _ in graph.writes:
            self._target(variable)
        title = ""
        for run in self.plan.steps if self.plan.fused else chains(graph, self.plan):
            if not isinstance(run, fuse.Loop) and all(self.plan.places[id(node.output)].kind == "view" for node in run):
                continue  # declared when first used: it looks at memory that stays where it is
            before, title = title, "; ".join(dict.fromkeys(t for node in run if (t := _title(node))))
            if title and title != before:
                self._body.append((f"# {title}", ""))
            if isinstance(run, fuse.Loop):
                self._loop(run)
            elif len(run) > 1:
                self._chunked(run)
            else:
                self._statement(run[0])
        self._hold_blas(False)
        outputs = ", ".join(f"{self.name(v)}.copy()" for v in graph.outputs)
        ending: list[tuple[str, str]] = []
        if self.plan.final:
            if graph.outputs:
                ending.append((f"results = ({outputs},)", ""))
            for variable, value in self.plan.final:
                target = self._target(variable)
                ending.append((f"np.copyto({target}, {self.name(value)})", ""))
            if graph.outputs:
                ending.append(("return results", ""))
        elif graph.outputs:
            ending.append((f"return ({outputs},)", ""))
        if not graph.outputs:
            ending.append(("return ()", ""))
        return self._layout(ending)

    def _target(self, variable: Any) -> str:
        for name, known in self.variables.items():
            if known is variable:
                return name
        name = self._unique(variable_label(variable))
        self.variables[name] = variable
        return name

    # --- long elementwise chains

    def _chunked(self, run: list[Node]) -> None:
        size = run[0].output.spec.size
        arrays: list[str] = []
        by_slot: dict[tuple[int, np.dtype[Any]], str] = {}
        for node in run:
            for value in [*node.inputs, node.output]:
                place = self.plan.places[id(value)]
                if value.spec.size == size and place.kind == "buffer":
                    # values that take turns in one memory go by one name
                    memory = place.slot, value.spec.dtype
                    self._names.setdefault(id(value), by_slot.get(memory) or self.name(value))
                    by_slot.setdefault(memory, self.name(value))
                name = self.name(value)
                if value.spec.size == size and name not in arrays:
                    arrays.append(name)
        pieces = {name: f"{name}_" for name in arrays}
        loop = self._unique("pieces")
        self._declared.append((f"{loop} = chunks({', '.join(arrays)})", f"{min(CHUNK, size)} elements at a time"))
        update = self._unique("update")
        lines = [f"def {update}(some):", f"    for {', '.join(pieces.values())} in some:"]
        for node in run:
            text = self._fill(node, pieces[self.name(node.output)], pieces)
            lines += ["        " + line for line in text.split("\n")]
        self._loops.append("\n".join(lines))
        self._add(f"shared({update}, {loop})", f"({size},) in pieces that stay in cache, by several threads")
        if self.checked:
            for node in run:
                self._check(node, self._fill(node, self.name(node.output)))

    # --- fused loops

    def _loop(self, loop: fuse.Loop) -> None:
        stored = self.plan.stored(loop)
        kernel = fuse.Kernel(loop, stored, self._memory)
        text = kernel.text(kernel.name)
        name = next((n for n, known in self.kernels.items() if known == text), None) or self._unique(kernel.name)
        self.kernels[name] = text
        arguments = [self._seen_as(value, shape) for value, shape in kernel.arguments]
        self.calls.append((name, arguments))
        results = [self.name(value) for value in stored]
        note = f"{loop.shape or 'scalars'}: {', '.join(results)}"
        self._add(f"{name}({', '.join(arguments)})", note)

    def _memory(self, value: Value) -> Any:
        """What two values have in common that lie in the same place of memory."""
        root = self.plan.root(value)
        place = self.plan.places.get(id(root))
        if place is not None and place.kind == "buffer" and self.plan.is_whole(value):
            return place.slot
        return self.name(value)

    def _seen_as(self, value: Value, shape: tuple[int, ...]) -> str:
        name = self.name(value)
        if shape == value.spec.shape:
            return name
        text = f"{name}.reshape({shape})"
        view = next((n for (n, t) in self._views if t == text), None)
        if view is None:
            view = self._unique(f"{name}_{'flat' if len(shape) == 1 else 'seen'}")
            self._views.append((view, text))
            self._declared.append((f"{view} = {text}", ""))
        return view

    def _layout(self, ending: list[tuple[str, str]]) -> str:
        given = ", ".join(
            f"{n} {v.spec.shape} {v.spec.dtype.name}" for n, v in zip(self.inputs, self.graph.inputs, strict=True)
        )
        lines = [f"# {self.graph.name}: {given}" if given else f"# {self.graph.name}"]
        if self.variables:
            lines.append("#\n# Variables, shared with the model:")
            lines += [f"#   {n:<28} {v.shape} {v.dtype}" for n, v in self.variables.items()]
        scalars = {n: a for n, a in self.bound.items() if isinstance(a, np.ndarray) and a.ndim == 0}
        others = {n: a for n, a in self.bound.items() if n not in scalars}
        if others:
            lines.append("#\n# Given:")
            for n, a in others.items():
                what = f"array {a.shape} {a.dtype.name}" if isinstance(a, np.ndarray) else type(a).__name__
                lines.append(f"#   {n:<28} {what}")
        if scalars:
            lines.append("")
            for n, a in scalars.items():
                text = str(a[()]) if np.isfinite(a) else f"np.{a.item()}".replace("np.-", "-np.")
                lines.append(f"{n} = np.array({text}, np.{_numpy_name(a.dtype.name)})")
        for name, text in self.kernels.items():
            lines += ["", "", "@fused", f"def {name}({text.partition('(')[2]}"]
        lines += ["", ""] if self.kernels else [""]
        lines += [_commented(text, note) for text, note in self._declared]
        for text in self._loops:
            lines += ["", "", text]
        lines += ["", "", f"def {self._function_name()}():"]
        lines += ["    " + _commented(text, note) for text, note in [*self._body, *ending]]
        return "\n".join(lines) + "\n"

    def _function_name(self) -> str:
        name = "".join(c if c.isalnum() else "_" for c in self.graph.name)
        return "run" if name in self._taken or not name.isidentifier() or keyword.iskeyword(name) else name

    @property
    def function_name(self) -> str:
        """The name of the emitted function."""
        return self._function_name()


def _title(node: Node) -> str:
    """The layer a node belongs to, as a comment; the model around all layers is left out."""
    scopes = [(label, kind) for label, kind in node.scopes if kind != "backward"]
    title = " / ".join(f"{label} ({kind})" if kind else label for label, kind in scopes[1:] or scopes)
    if len(scopes) == len(node.scopes):
        return title
    return f"{title}, backward" if title else "backward"


def _commented(text: str, note: str) -> str:
    return f"{text:<72}  # {note}" if note else text


def _numpy_name(dtype: str) -> str:
    return "bool_" if dtype == "bool" else dtype


def chains(graph: Graph, plan: Plan) -> list[list[Node]]:
    """The nodes, with long elementwise chains over one vector gathered to be run piece by piece.

    A chain is a stretch of consecutive elementwise nodes whose results have one shape and are plain
    contiguous arrays of at least two pieces; every input is such an array too, or a scalar. Scalar
    work in between that does not depend on the chain goes before it.
    """
    runs: list[list[Node]] = []
    chain: list[Node] = []

    def close() -> None:
        nonlocal chain
        if len(chain) >= 3:
            runs.append(chain)
        else:
            runs.extend([n] for n in chain)
        chain = []

    for node in graph.nodes:
        if (
            chain
            and _joins(node, chain[0].output.spec.shape, plan)
            and node.output.spec.dtype == chain[0].output.spec.dtype
        ):
            chain.append(node)
            continue
        inside = {id(n.output) for n in chain}
        if chain and node.output.spec.shape == () and not _touches(node, inside, plan, chain):
            runs.append([node])
            continue
        close()
        if _joins(node, node.output.spec.shape, plan):
            chain = [node]
        else:
            runs.append([node])
    close()
    return runs


def _joins(node: Node, shape: tuple[int, ...], plan: Plan) -> bool:
    out = node.output
    if node.row.kind != "elementwise" or node.row.scratch or out.spec.shape != shape or len(shape) != 1:
        return False
    if out.spec.size < 2 * CHUNK:
        return False
    # pieces of equal byte ranges: values that take turns in one memory slot stay out of each other's way
    return all(
        v.spec.shape == ()
        or (v.spec.shape == shape and v.spec.dtype.itemsize == out.spec.dtype.itemsize and plan.is_whole_vector(v))
        for v in node.inputs
    )


def _touches(node: Node, inside: set[int], plan: Plan, chain: list[Node]) -> bool:
    if any(id(v) in inside or id(plan.root(v)) in inside for v in node.inputs):
        return True
    if node.row.kind == "effect":
        return True
    # moving it forward must not write over something the chain still reads
    place = plan.places[id(node.output)]
    if place.kind in ("in variable", "part"):
        storage = getattr(place.variable, "_storage", None)
        return any(
            (r := plan.root(v)).kind == "variable" and r.payload._storage is storage for n in chain for v in n.inputs
        )
    return any(
        (p := plan.places.get(id(plan.root(v)))) is not None and p.kind == "buffer" and p.slot == place.slot
        for n in chain
        for v in [*n.inputs, n.output]
    )
