"""Recording: run a Python function once with tensors that have no values, and keep what it did.

`Trace` is what `bind` talks to while a recording is on. `Compiled` turns a function into programs, one
for each signature of its arguments. Next: `passes.py` cleans the graph, `plan.py` and `emit.py` make it run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from babytf.engine import passes, tree
from babytf.engine.graph import Graph, Node, Value
from babytf.engine.operators import NUMPY_FUNCTIONS
from babytf.engine.primitive import Primitive, Spec
from babytf.engine.program import Program
from babytf.engine.tensor import Tensor, bind, eager, state
from babytf.engine.variable import Variable, variable_label
from babytf.errors import TracingError, explain


class Trace:
    """A recording in progress.

    Args:
        name: What is recorded, for example `"train"`.
    """

    def __init__(self, name: str) -> None:
        self.graph = Graph(name)
        self._symbols: dict[int, Tensor] = {}
        self._constants: dict[int, tuple[Tensor, Value]] = {}
        self._current: dict[int, Value] = {}
        self._parts: dict[int, tuple[Tensor, int, int]] = {}
        self._stale: set[int] = set()
        self._writes: dict[int, tuple[Variable, Value]] = {}
        self._initial: dict[int, Value] = {}
        self._own: set[int] = set()

    def input(self, spec: Spec, name: str) -> Tensor:
        """A tensor whose value is given at each run."""
        value = Value(spec, "input", name=name)
        self.graph.inputs.append(value)
        return self._symbol(value)

    def _symbol(self, value: Value) -> Tensor:
        found = self._symbols.get(id(value))
        if found is None:
            found = self._symbols[id(value)] = Tensor.symbol(value)
            self._own.add(id(value))
        return found

    def lift(self, tensor: Tensor) -> Value:
        """The graph's value for a tensor: its own, or a constant.

        Raises:
            TracingError: If the tensor belongs to another recording.
        """
        if tensor._node is not None:
            if id(tensor._node) not in self._own:
                raise TracingError(
                    explain(
                        "a tensor of a recording that has ended is used again.",
                        got=f"{tensor!r}",
                        expected="tensors made in the same call, constants, or Variables",
                        fix="keep values from one step to the next in a Variable (add_weight, assign)",
                    )
                )
            return tensor._node
        found = self._constants.get(id(tensor))
        if found is None:
            array = tensor.numpy()
            found = tensor, Value(Spec(array.shape, array.dtype), "constant", array)
            self._constants[id(tensor)] = found
        return found[1]

    def record(self, row: Primitive, tensors: list[Tensor], params: dict[str, Any]) -> Tensor:
        """Add a node; what depends on constants alone is computed at once."""
        if row.kind != "effect" and all(t._array is not None for t in tensors):
            with np.errstate(all="ignore"):
                return Tensor.wrap(row.run([t.concrete() for t in tensors], params))
        values = [self.lift(t) for t in tensors]
        spec = row.infer(*[v.spec for v in values], **params)
        node = Node(row, values, params, Value(spec, "node"), state.scopes)
        self.graph.nodes.append(node)
        return self._symbol(node.output)

    # --- variables

    def read(self, variable: Variable) -> Tensor:
        """The value a variable has at this point of the recording."""
        key = id(variable)
        if key in self._stale:
            assert variable.group is not None
            self._stale.discard(key)
            parts = variable.group.concat([self.read(v) for v in variable.group.members])
            self._current[key] = self.lift(parts)
        if key in self._parts:
            vector, offset, size = self._parts.pop(key)
            part = NUMPY_FUNCTIONS["getitem"](vector, slice(offset, offset + size))
            self._current[key] = self.lift(NUMPY_FUNCTIONS[np.reshape](part, variable.shape))
        value = self._current.get(key)
        if value is None:
            value = self._initial.get(key)
            if value is None:
                spec = Spec(variable.shape, variable.dtype)
                value = self._initial[key] = Value(spec, "variable", variable, name=variable_label(variable))
        return self._symbol(value)

    def write(self, variable: Variable, tensor: Tensor) -> None:
        """The variable holds this from here on."""
        root = self.lift(tensor).root
        if root.kind in ("variable", "input"):
            tensor = bind("copy", tensor)
        value = self.lift(tensor)
        key = id(variable)
        self._stale.discard(key)
        self._parts.pop(key, None)
        self._current[key] = value
        self._writes.pop(key, None)
        group = variable.group
        if group is not None and variable is group.vector:
            for member, (offset, size) in zip(group.members, group.spans, strict=True):
                self._writes.pop(id(member), None)
                self._current.pop(id(member), None)
                self._parts[id(member)] = (self._symbol(value) if value.node else tensor, offset, size)
        elif group is not None:
            self._stale.add(id(group.vector))
        self._writes[key] = (variable, value)
        if not value.name:
            value.name = "new_" + variable_label(variable)

    def name_gradient(self, tensor: Tensor, source: Any) -> None:
        """Let programs call a tensor `<source>_grad`."""
        label = variable_label(source) if isinstance(source, Variable) else source._node.name if source._node else ""
        if tensor._node is not None and label and not tensor._node.name:
            tensor._node.name = label + "_grad"

    def finish(self, outputs: Sequence[Tensor]) -> Graph:
        """The graph, once the function has returned."""
        self.graph.outputs = [self.lift(t) for t in outputs]
        self.graph.writes = list(self._writes.values())
        return self.graph


MOST_PROGRAMS = 64
"""Programs that one function keeps: with ever new shapes, the oldest go."""


class Compiled:
    """A function that is recorded once per signature of its arguments and then runs as a program.

    The arguments are nests (tuple, list, dict) of arrays, Tensors, and static values such as `None`,
    numbers, strings and booleans. The signature is the structure, the arrays' shapes and dtypes, and
    the static values.

    Args:
        function: Called with Tensors in place of arrays. May read and assign variables.
        name: What the program is called.
        input_names: Names for the arrays, in order, in the emitted source.
        fuse: Whether elementwise chains become compiled loops, if Numba is installed: see `Program`.

    Example:
        >>> double = Compiled(lambda x: x * 2, "double")
        >>> double(np.ones(3, "float32"))
        Tensor([2. 2. 2.], shape=(3,), dtype=float32)
        >>> print(double.program(np.ones(3, "float32")).source.splitlines()[-1])
            return (product.copy(),)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        name: str,
        input_names: Sequence[str] = ("x", "y", "sample_weight"),
        fuse: bool | str = False,
    ) -> None:
        self.function = function
        self.fuse = fuse
        self.name = name
        self.input_names = tuple(input_names)
        self.programs: dict[Any, Program] = {}

    def __call__(self, *args: Any) -> Any:
        program = self.programs.get(signature(args)) or self.program(*args)
        return program(*args)

    def program(self, *args: Any) -> Program:
        """The program for arguments like these."""
        key = signature(args)
        program = self.programs.get(key)
        if program is None:
            if len(self.programs) >= MOST_PROGRAMS:
                self.programs.pop(next(iter(self.programs)))
            program = self.programs[key] = self._record(args)
        return program

    def _record(self, args: tuple[Any, ...]) -> Program:
        leaves = tree.flatten(args)
        trace = Trace(self.name)
        taken: dict[str, int] = {}
        symbols = []
        for leaf in leaves:
            if is_array(leaf):
                name = self.input_names[min(len(trace.graph.inputs), len(self.input_names) - 1)]
                taken[name] = taken.get(name, 0) + 1
                label = name if taken[name] == 1 else f"{name}_{taken[name] - 1}"
                symbols.append(trace.input(Spec(leaf.shape, np.dtype(leaf.dtype).newbyteorder("=")), label))
            else:
                symbols.append(leaf)
        with eager():
            state.trace = trace
            outputs = self.function(*tree.unflatten(args, symbols))
            flat = tree.flatten(outputs)
            tensors = [t.value if isinstance(t, Variable) else t for t in flat]
        graph = trace.finish([t for t in tensors if isinstance(t, Tensor)])
        passes.clean(graph)
        graph.verify()
        constants = [None if isinstance(t, Tensor) else t for t in tensors]
        which = [isinstance(t, Tensor) for t in tensors]
        return Program(graph, args, (outputs, which, constants), self.fuse)


def is_array(leaf: Any) -> bool:
    """Whether a leaf of the arguments is data (and not a static value)."""
    return isinstance(leaf, (np.ndarray, Tensor, Variable))


def signature(tree_: Any) -> Any:
    """What a program depends on: structure, shapes, dtypes, static values; hashable."""
    if isinstance(tree_, (np.ndarray, Tensor)):
        return tree_.shape, tree_.dtype
    if isinstance(tree_, (tuple, list)):
        return type(tree_), *[signature(item) for item in tree_]
    if isinstance(tree_, dict):
        return dict, *[(key, signature(tree_[key])) for key in sorted(tree_)]
    if isinstance(tree_, Variable):
        return tree_.shape, np.dtype(tree_.dtype)
    return type(tree_), tree_
