"""What things are called in a program's text: values, constants, variables, and rows filled with those names.

A value is declared where its name is first asked for. `emit.py` writes the statements.
"""

from __future__ import annotations

import itertools
import keyword
from typing import Any

import numpy as np

from babytf.engine.graph import Node, Value
from babytf.engine.plan import Plan
from babytf.engine.variable import variable_label

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


class Names:
    """Names for what a planned graph works on.

    Args:
        plan: Where each value lives.

    Attributes:
        plan: The same.
        bound: Names the text uses without defining them: constants, generators.
        variables: Names of variables.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.bound: dict[str, Any] = {}
        self.variables: dict[str, Any] = {}
        self._names: dict[int, str] = {}
        self._taken: set[str] = set(RESERVED)
        self._declared: list[tuple[str, str]] = []
        self._views: list[tuple[str, str]] = []
        self._stretch = 0
        self._by_row: dict[str, None] = {}

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
            self._declared.append((f"{name} = buffer({place.slot}, {shape}, np.{numpy_name(dtype)})", ""))
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

    def _target(self, variable: Any) -> str:
        for name, known in self.variables.items():
            if known is variable:
                return name
        name = self._unique(variable_label(variable))
        self.variables[name] = variable
        return name

    # --- other shapes

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

    # --- rows

    def _literal(self, thing: Any) -> str:
        if isinstance(thing, np.dtype):
            return f"np.{numpy_name(thing.name)}"
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
            shape, dtype = specs[0].shape, numpy_name(specs[0].dtype.name)
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


def numpy_name(dtype: str) -> str:
    """How NumPy calls a dtype."""
    return "bool_" if dtype == "bool" else dtype
