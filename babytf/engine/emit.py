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
from babytf.engine.chains import Chain
from babytf.engine.emit_names import Names, numpy_name
from babytf.engine.graph import Graph, Node, Value
from babytf.engine.plan import Plan
from babytf.engine.spans import spans_of

ROW = 64, 16384
"""How long a row of zeros may be that stands for the number."""


class Update:
    """A function that works on pieces of long vectors, in a program's text.

    Args:
        function: Its name.
        arguments: Names of what it is called with; the vectors among them are cut.
        size: Elements of each vector.
        inputs: The values that it reads.
        longest: Elements that a piece has at most, if there is a limit.
    """

    def __init__(
        self, function: str, arguments: list[str], size: int, inputs: list[Value], longest: int | None = None
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.size = size
        self.inputs = inputs
        self.longest = longest


class Source(Names):
    """The emitted text and what its names stand for.

    Attributes:
        text: The module.
        bound: Names the text uses without defining them: variables, constants, generators.
        kernels: Source of each fused loop, by its name in the text.
        calls: `(kernel, names of its arguments)`: the calls of fused loops.
        lines: Line number to layer and statement, for messages.
    """

    def __init__(self, graph: Graph, plan: Plan, checked: bool = False) -> None:
        super().__init__(plan)
        self.graph = graph
        self.checked = checked
        self.inputs: list[str] = []
        self.kernels: dict[str, str] = {}
        self.calls: list[tuple[str, list[str]]] = []
        self._arithmetic = arithmetic.Arithmetic(plan, wanted=not checked)
        self._serial = False
        self._multiplies = False
        self._zeros: dict[tuple[int, str], str] = {}
        self._loops: list[str] = []
        self._late: list[tuple[str, str]] = []
        self._body: list[tuple[str, str]] = []
        self.text = self._write()

    # --- statements

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
            if not self._stretch and threads.cut(a, b, self.plan.threads) is not None:
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
        key = shape[-1], numpy_name(value.spec.dtype.name)
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
            self._declared.append((f"{name} = np.empty({spec.shape}, np.{numpy_name(spec.dtype.name)})", "input"))
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
                self._straight(runs)

    def _straight(self, runs: list[list[Node]]) -> None:
        title = ""
        for run in runs:
            if len(run) == 1 and (self.plan.is_view(run[0]) or self._is_there(run[0])):
                if self._stretch:
                    self.name(run[0].output)
                continue  # declared when first used: it looks at memory that stays where it is
            before, title = title, "; ".join(dict.fromkeys(t for node in run if (t := _title(node))))
            if title and title != before:
                self._body.append((f"# {title}", ""))
            if isinstance(run, fuse.Loop):
                self._loop(run)
            elif isinstance(run, Chain):
                self._chain(run)
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

    # --- long elementwise chains

    def _chain(self, chain: Chain) -> None:
        update = self._pieces(chain)
        self._add(f"shared({update.function}, {self._shares(update)})", f"({chain.size},) piece by piece")

    def _pieces(self, chain: Chain) -> Update:
        """A function that takes a piece of the vectors through a chain."""
        arrays: list[str] = []
        by_slot: dict[int, str] = {}
        piece = chain.piece(self.plan.threads)
        for node in chain:
            for value in [*node.inputs, node.output]:
                place = self.plan.places[id(value)]
                if place.kind == "piece":  # those that take turns in one memory go by one name
                    if place.slot not in by_slot:
                        by_slot[place.slot] = self._piece(value, place.slot, piece)
                    self._names[id(value)] = by_slot[place.slot]
                name = self.name(value)
                if value.spec.size == chain.size and name not in arrays:
                    arrays.append(name)
        lines = [line for node in chain for line in self._fill(node, self.name(node.output)).split("\n")]
        function = self._function("update", arrays, lines)
        inputs = [v for n in chain for v in n.inputs]
        return Update(function, arrays, chain.size, inputs, piece)

    def _piece(self, value: Value, slot: int, size: int) -> str:
        """Declare a piece of memory for each thread, and return its name."""
        name = self._unique(self._suggest(value))
        shapes = ", ".join([f"({size},)"] * self.plan.threads)
        text = f"{name} = buffers({slot}, ({shapes},), np.{numpy_name(value.spec.dtype.name)})"
        self._declared.append((text, "a piece per thread"))
        return name

    def _shares(self, update: Update) -> str:
        """Declare the stretches of long vectors that each thread works on, and return the declaration's name."""
        shared = update.size >= threads.VECTOR
        spans = spans_of(update.size, self.plan.lanes, update.inputs) if shared else [[(0, update.size)]]
        shares = self._unique(f"{update.function}_shares")
        limit = f", {update.longest}" if update.longest else ""
        start, ending = f"{shares} = pieces({spans}, {update.size}, (", f",){limit})"
        self._late.append((_wrapped(start, update.arguments, ending), ""))
        return shares

    def _is_there(self, node: Node) -> bool:
        """Whether a node only joins gradients that are computed where they lie in the flat vector."""
        if node.row.name != "flat_concat":
            return False
        offsets = itertools.accumulate((v.spec.size for v in node.inputs), initial=0)
        return all(self.plan.lies_in(v, node.output, at) for v, at in zip(node.inputs, offsets, strict=False))

    # --- fused loops

    def _loop(self, loop: fuse.Loop) -> None:
        update = self._kernel(loop)
        note = f"{loop.shape or 'scalars'}: {', '.join(self.name(value) for value in self.plan.stored(loop))}"
        if update.size >= threads.VECTOR and self.plan.threads > 1 and not self._stretch:
            self._add(f"shared({update.function}, {self._shares(update)})", note)
        else:
            self._add(f"{update.function}({', '.join(update.arguments)})", note)

    def _kernel(self, loop: fuse.Loop) -> Update:
        """A loop's kernel, and its arguments."""
        stored = self.plan.stored(loop)
        kernel = fuse.Kernel(loop, stored, self._memory)
        text = kernel.text(kernel.name)
        name = next((n for n, known in self.kernels.items() if known == text), None) or self._unique(kernel.name)
        self.kernels[name] = text
        arguments = [self._seen_as(value, shape) for value, shape in kernel.arguments]
        self.calls.append((name, arguments))
        if self._stretch:
            for value, text in zip([v for v, _ in kernel.arguments], arguments, strict=True):
                if self.plan.lanes.is_split(value, self._stretch):
                    self._by_row[text] = None
        size = loop.shape[0] if len(loop.shape) == 1 else 0
        return Update(name, arguments, size, [v for n in loop for v in n.inputs])

    def _memory(self, value: Value) -> Any:
        """What two values have in common that lie in the same place of memory."""
        root = self.plan.root(value)
        place = self.plan.places.get(id(root))
        if place is not None and place.kind == "buffer" and self.plan.is_whole(value):
            return place.slot
        return self.name(value)

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
                dtype = f"np.{numpy_name(a.dtype.name)}"
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
