"""From a planned graph to the text of a Python module: real NumPy, straight down.

The text declares the arrays, then one function that runs the nodes. What is printed is what runs.
`program.py` executes it.
"""

from __future__ import annotations

import itertools
import keyword
from typing import Any

import numpy as np

from babytf.engine import arithmetic, fuse, threads
from babytf.engine.graph import Graph, Node, Value
from babytf.engine.lanes import Lanes
from babytf.engine.plan import Plan
from babytf.engine.variable import variable_label

CHUNK = 65536
"""Elements per piece when a chain of elementwise operations runs over a long vector piece by piece."""

CHUNK_SHARED = 131072
"""The same where several threads do so: shorter pieces have them wait for each other's turn in the interpreter."""

WORTH_SHARING = 262144
"""Elements from which on several threads do so; shorter vectors stay in one processor's cache."""

ROW = 64, 16384
"""How long a row of zeros may be that stands for the number."""

RESERVED = (
    "np",
    "kernels",
    "attention_kernels",
    "normalization_kernels",
    "row_blocks",
    "windows",
    "pools",
    "buffer",
    "buffers",
    "pieces",
    "rows",
    "beside",
    "call",
    "check",
    "serial",
    "parallel",
    "parts",
    "multiply",
    "shared",
    "fused",
    "results",
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
        self._arithmetic = arithmetic.Arithmetic(plan, wanted=not checked)
        self._names: dict[int, str] = {}
        self._serial = False
        self._stretch = 0
        self._multiplies = False
        self._by_row: dict[str, None] = {}
        self._zeros: dict[tuple[int, str], str] = {}
        self._loops: list[str] = []
        self._taken: set[str] = set(RESERVED)
        self._declared: list[tuple[str, str]] = []
        self._late: list[tuple[str, str]] = []
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

    def _constant(self, given: Any) -> str:
        """The name of an array, or of a NumPy number."""
        if given.shape:
            label = "const"
        else:
            text = str(given.item()) if given.dtype != np.float32 else str(given[()])
            label = "c_" + text.replace("-", "m").replace("+", "").replace(".", "_")
            twin: Any = self.bound.get(label)
            if type(twin) is type(given) and twin.dtype == given.dtype and twin.tobytes() == given.tobytes():
                return label
        name = self._unique(label)
        self.bound[name] = given
        return name

    def _local(self, value: Value) -> str:
        """A name in the program's function, for a value without memory."""
        name = self._names[id(value)] = self._unique(self._suggest(value))
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

    def _fill(self, node: Node, out: str) -> str:
        row = node.row
        names = [self.name(v) for v in node.inputs]
        fields: dict[str, str] = {}
        if row.variadic:
            fields[row.inputs[0]] = "(" + ", ".join(names) + ("," if len(names) == 1 else "") + ")"
        else:
            fields.update(zip(row.inputs, names, strict=True))
        taken = self.plan.scratch.get(id(node), {})
        for label, specs in self.plan.scratch_specs(node, self._stretch).items() if taken else ():
            name = self._unique(f"{row.name}_{label}")
            shape, dtype = specs[0].shape, _numpy_name(specs[0].dtype.name)
            if self._stretch:
                shapes = ", ".join(str(spec.shape) for spec in specs)
                self._declared.append((f"{name} = buffers({taken[label]}, ({shapes},), np.{dtype})", "one per thread"))
                self._by_row[name] = None
            else:
                self._declared.append((f"{name} = buffer({taken[label]}, {shape}, np.{dtype})", ""))
            fields[label] = name
        for label in row.param_names:
            fields[label] = self._literal(node.params[label])
        return row.source.format(out=out, **fields).strip("\n")

    def _statement(self, node: Node) -> None:
        out = node.output
        if node.row.name == "flat_concat":
            self._concat(node)
            return
        if id(node) in self._arithmetic.nodes:
            self._add(self._arithmetic.statement(node, self.name, self._local, self._constant), "")
            return
        for value in node.inputs:
            self.name(value)
        name = self.name(out)
        if self._stretch:
            self._note_rows(node)
        if node.row.name == "reshape":
            target = self._view(out, node.inputs[0].spec.shape, "as_before")
            text = f"np.copyto({target}, {self.name(node.inputs[0])})"
            if self._stretch:
                self._by_row[target] = None
        elif node.row.kind == "view":
            text = f"np.copyto({name}, {self._fill(node, '')})"
        else:
            text = arithmetic.with_short_end(node, self._fill(node, name))
        if node.row.name == "relu":
            text = self._beside_zeros(text, out)
        if node.row.products is not None:
            if node.row.products(*[v.spec for v in node.inputs], **node.params) > threads.ALONE:
                self._hold_blas(True)
            a, b = (v.spec.shape for v in node.inputs)
            if not self._stretch and threads.cut(a, b, threads.count()) is not None:
                pieces = self._parts(node)
                text = f"multiply({pieces})"
        elif node.row.blas and sum(v.spec.size for v in node.inputs) > threads.ALONE:
            self._hold_blas(True)
        shapes = ", ".join(str(v.spec.shape) for v in node.inputs if v.spec.shape)
        note = f"{shapes} -> {out.spec.shape}" if shapes and shapes != str(out.spec.shape) else f"{out.spec.shape}"
        self._add(text, note if out.spec.shape else "")
        if self.checked and out.spec.dtype.kind == "f":
            self._check(node, text.split("\n")[0])

    def _beside_zeros(self, text: str, value: Value) -> str:
        """`relu` with a row of zeros in place of one number: NumPy then compares several numbers at a time."""
        shape = value.spec.shape
        if len(shape) < 2 or not ROW[0] <= shape[-1] <= ROW[1]:
            return text
        key = shape[-1], _numpy_name(value.spec.dtype.name)
        if key not in self._zeros:
            self._zeros[key] = self._unique(f"zeros_{shape[-1]}")
            self._declared.append((f"{self._zeros[key]} = np.zeros({key[0]}, np.{key[1]})", ""))
        return text.replace(", 0, ", f", {self._zeros[key]}, ")

    def _check(self, node: Node, statement: str) -> None:
        layer = ".".join(label for label, kind in node.scopes if kind != "backward")
        self._add(f"check({self.name(node.output)}, {layer!r}, {node.row.name!r}, {statement!r})", "")

    def _note_rows(self, node: Node) -> None:
        """Have the arrays that each thread has rows of handed to the stretch's function."""
        for value in [*node.inputs, node.output]:
            if self.plan.lanes.is_split(value, self._stretch):
                self._by_row[self.name(value)] = None

    def _hold_blas(self, serial: bool) -> None:
        if self._stretch:
            self._multiplies = self._multiplies or serial
        elif serial != self._serial:
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
        self._run(list(zip(self.plan.steps, self.plan.stretch, strict=True)))
        self._hold_blas(False)
        outputs = ", ".join(f"{self.name(v)}.copy()" for v in graph.outputs)
        ending: list[tuple[str, str]] = []
        if self.plan.final:
            if graph.outputs:
                ending.append((f"results = ({outputs},)", ""))
            for variable, value in self.plan.final:
                target = self._target(variable)
                number = "" if value.spec.shape else self._arithmetic.read(value, self.name)
                ending.append(
                    (f"{target}[()] = {number}" if number else f"np.copyto({target}, {self.name(value)})", "")
                )
            if graph.outputs:
                ending.append(("return results", ""))
        elif graph.outputs:
            ending.append((f"return ({outputs},)", ""))
        if not graph.outputs:
            ending.append(("return ()", ""))
        return self._layout(ending)

    def _run(self, steps: list[tuple[list[Node], int]]) -> None:
        """The statements of all steps; those of a stretch go into a function of their own."""
        for stretch, group in itertools.groupby(steps, key=lambda step: step[1]):
            runs = [step for step, _ in group]
            if stretch > 0:
                self._rows(stretch, runs)
            elif stretch < 0:
                self._gradients([run[0] for run in runs])
            else:
                self._straight(runs if self.plan.fused else chains([n for run in runs for n in run], self.plan))

    def _straight(self, runs: list[list[Node]]) -> None:
        title = ""
        for run in runs:
            if not isinstance(run, fuse.Loop) and all(self.plan.is_view(node) for node in run):
                if self._stretch:
                    self.name(run[0].output)
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

    def _gradients(self, nodes: list[Node]) -> None:
        """Gradients of weights: of the large products each thread does a part, of the rest some whole."""
        self._hold_blas(True)
        lanes = self.plan.lanes
        parts = [self._parts(node) for node in nodes if lanes.is_cut(node)]
        whole = [self._whole(some) for some in lanes.balanced([n for n in nodes if not lanes.is_cut(n)])]
        name = self._unique("gradients")
        functions = f"({', '.join(whole)},), " if set(whole) != {"None"} else "(), "
        self._late.append((_wrapped(f"{name} = beside({functions}", parts, ")"), ""))
        self._body.append(("# gradients of weights", ""))
        self._add(f"shared(call, {name})", ", ".join(self.name(node.output) for node in nodes))

    def _whole(self, nodes: list[Node]) -> str:
        """A function with some nodes' statements; its name, or `None` if there are none."""
        if not nodes:
            return "None"
        outside, self._body = self._body, []
        for node in nodes:
            self._statement(node)
        body, self._body = self._body, outside
        return self._function("some_gradients", [], [_commented(*line) for line in body])

    def _function(self, name: str, arguments: list[str], lines: list[str]) -> str:
        """Write a function in front of the program; its name."""
        name = self._unique(name)
        self._loops.append("\n".join([_wrapped(f"def {name}(", arguments, "):"), *["    " + line for line in lines]]))
        return name

    def _parts(self, node: Node) -> str:
        """The name of a product's parts."""
        pieces = self._unique(f"{self.name(node.output)}_parts")
        given = ", ".join([*(self.name(v) for v in node.inputs), self.name(node.output)])
        self._declared.append((f"{pieces} = parts({given})", "np.matmul, cut for several threads"))
        return pieces

    # --- stretches that go row by row

    def _rows(self, stretch: int, runs: list[list[Node]]) -> None:
        """A function that takes some of the samples through a stretch, and its call by all threads."""
        outside, self._body = self._body, []
        self._stretch, self._by_row, self._multiplies = stretch, {}, False
        self._straight(runs)
        body, self._body = self._body, outside
        self._stretch = 0
        arrays = list(self._by_row)
        name = self._function("samples", arrays, [_commented(*line) for line in body])
        lanes = self.plan.lanes
        shares = self._unique(f"{name}_shares")
        self._late.append((_wrapped(f"{shares} = rows({lanes.batch}, {lanes.count}, (", arrays, ",))"), ""))
        if self._multiplies:
            self._hold_blas(True)
        self._add(f"shared({name}, {shares})", f"{lanes.batch} samples, shared among {lanes.count} threads")

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
        lines = [line for node in run for line in self._fill(node, self.name(node.output)).split("\n")]
        update = self._function("update", arrays, lines)
        most = CHUNK if self.plan.threads == 1 or size < WORTH_SHARING else CHUNK_SHARED
        shares = self._shares(update, size, arrays, [v for n in run for v in n.inputs], most)
        self._add(f"shared({update}, {shares})", f"({size},) piece by piece")
        if self.checked:
            for node in run:
                self._check(node, self._fill(node, self.name(node.output)))

    def _shares(self, name: str, size: int, arguments: list[str], inputs: list[Value], most: int | None = None) -> str:
        """Declare the stretches of long vectors that each thread works on, and return the declaration's name."""
        spans = spans_of(size, self.plan.lanes, inputs) if size >= WORTH_SHARING else [[(0, size)]]
        shares = self._unique(f"{name}_shares")
        longest = f", {most}" if most is not None else ""
        self._late.append((_wrapped(f"{shares} = pieces({spans}, {size}, (", arguments, f",){longest})"), ""))
        return shares

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
        if self._stretch:
            for value, text in zip([v for v, _ in kernel.arguments], arguments, strict=True):
                if self.plan.lanes.is_split(value, self._stretch):
                    self._by_row[text] = None
        size = loop.shape[0] if len(loop.shape) == 1 else 0
        if size >= WORTH_SHARING and self.plan.threads > 1 and not self._stretch:
            shares = self._shares(name, size, arguments, [v for n in loop for v in n.inputs])
            self._add(f"shared({name}, {shares})", note)
        else:
            self._add(f"{name}({', '.join(arguments)})", note)

    def _memory(self, value: Value) -> Any:
        """What two values have in common that lie in the same place of memory."""
        root = self.plan.root(value)
        place = self.plan.places.get(id(root))
        if place is not None and place.kind == "buffer" and self.plan.is_whole(value):
            return place.slot
        return self.name(value)

    def _seen_as(self, value: Value, shape: tuple[int, ...]) -> str:
        return self.name(value) if shape == value.spec.shape else self._view(value, shape)

    def _view(self, value: Value, shape: tuple[int, ...], what: str = "") -> str:
        """The name of a value seen in another shape."""
        name = self.name(value)
        text = f"{name}.reshape({shape})"
        view = next((n for (n, t) in self._views if t == text), None)
        if view is None:
            view = self._unique(f"{name}_{what or ('flat' if len(shape) == 1 else 'seen')}")
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
        numbers = (np.ndarray, np.generic)
        scalars: dict[str, Any] = {n: a for n, a in self.bound.items() if isinstance(a, numbers) and not a.shape}
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
                dtype = f"np.{_numpy_name(a.dtype.name)}"
                lines.append(
                    f"{n} = " + (f"np.array({text}, {dtype})" if type(a) is np.ndarray else f"{dtype}({text})")
                )
        for name, text in self.kernels.items():
            lines += ["", "", "@fused", f"def {name}({text.partition('(')[2]}"]
        lines += ["", ""] if self.kernels else [""]
        lines += [_commented(text, note) for text, note in self._declared]
        for text in self._loops:
            lines += ["", "", text]
        if self._late:
            lines += ["", "", *[_commented(text, note) for text, note in self._late]]
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


def _wrapped(start: str, names: list[str], end: str) -> str:
    """A call with many arguments, over as many lines as it needs."""
    text = start + ", ".join(names) + end
    if len(text) <= 100:
        return text
    lines, line = [start], "   "
    for name in names:
        if len(line) + len(name) > 96:
            lines.append(line)
            line = "   "
        line += f" {name},"
    return "\n".join([*lines, line, end.lstrip(",")])


def spans_of(size: int, lanes: Lanes, inputs: list[Value]) -> list[list[tuple[int, int]]]:
    """For each thread, the stretches of a long vector that it works on.

    Where gradients lie in the vector, a thread has those that it computed: they are in its processor's cache.
    """
    count = lanes.count
    concat = next((v.node for v in inputs if v.node is not None and v.node.row.name == "flat_concat"), None)
    if concat is None or concat.output.spec.size != size:
        return [[(s.start, s.stop)] for s in threads.shares(size, count)]
    shares: list[list[tuple[int, int]]] = [[] for _ in range(count)]
    loads = [0] * count
    offset = 0
    for value in concat.inputs:
        made = value.root.node
        if made is not None and lanes.is_cut(made):
            rows, columns = made.output.spec.shape
            cuts = [(offset + s.start * columns, offset + s.stop * columns) for s in threads.shares(rows, count)]
        else:
            cuts = [
                (offset, offset + value.spec.size) if i == loads.index(min(loads)) else (0, 0) for i in range(count)
            ]
        for i, (start, stop) in enumerate(cuts):
            loads[i] += stop - start
            if shares[i] and shares[i][-1][1] == start:
                shares[i][-1] = (shares[i][-1][0], stop)
            elif stop > start:
                shares[i].append((start, stop))
        offset += value.spec.size
    return shares


def _numpy_name(dtype: str) -> str:
    return "bool_" if dtype == "bool" else dtype


def chains(nodes: list[Node], plan: Plan) -> list[list[Node]]:
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

    for node in nodes:
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
