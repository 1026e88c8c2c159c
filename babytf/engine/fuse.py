"""Elementwise chains as one loop each: which nodes go together, and the loop's text.

Run as NumPy statements, an optimizer's update goes over its vectors a dozen times; as one compiled loop, once.
`gather` picks stretches of nodes that look at the same place of arrays of one shape; `Kernel` writes the loop, from the
expressions that `scalar.py` reads off the rows. `jit.py` compiles it, if Numba is installed.

Loops hold only what every machine rounds alike: sums, products, quotients, square roots, comparisons. So a program
with loops gives the numbers of the program without. `exp` and its kin stay with NumPy, which also computes many
at a time where a compiled loop would call a function for each element.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from babytf.engine import scalar, threads
from babytf.engine.graph import Node, Value

MOST_AHEAD = 4
"""Nodes that a chain may be moved behind, so that it goes on."""

MOST_LOOPS = 3
WIDEST = 60
SHORT = 6


class Loop(list[Node]):
    """Nodes that become one fused loop: scalar ones first, then those of one shape.

    Attributes:
        shape: Of the arrays; `()` if there are only scalars.
    """

    def __init__(self, nodes: Sequence[Node]) -> None:
        super().__init__(nodes)
        self.shape = next((n.output.spec.shape for n in nodes if n.output.spec.shape), ())
        self.made = {id(n.output) for n in nodes}
        self.masks = {m for n in nodes if n.output.spec.shape for m in _masks(n, self.shape)}

    def feeds(self, node: Node) -> bool:
        """Whether a node needs a result of this loop."""
        return any(id(v) in self.made for v in node.inputs)

    def takes(self, node: Node) -> bool:
        """Whether a node goes on where this loop ends; if so, it is added."""
        shape = node.output.spec.shape
        related = self.feeds(node) or node.scopes == self[-1].scopes
        if shape != self.shape and (not related or (shape and self.shape)):
            return False
        if shape:
            masks = set(_masks(node, shape)) | self.masks
            if len(_merge(shape, masks)) > MOST_LOOPS:
                return False
            self.masks, self.shape = masks, shape
        self.append(node)
        self.made.add(id(node.output))
        return True

    def scalars(self) -> list[Node]:
        """The nodes that make one number."""
        return [n for n in self if not n.output.spec.shape]

    def arrays(self) -> Loop:
        """A loop of the other nodes."""
        return Loop([n for n in self if n.output.spec.shape])

    def steps(self) -> list[list[Node]]:
        """This loop as a step of a program; or its nodes, each a step, if one call saves no other.

        Where several threads run the loop, each over a stretch of its vectors, the numbers are computed before.
        """
        if len(self.shape) == 1 and self.shape[0] >= threads.VECTOR and self.scalars():
            return Loop(self.scalars()).steps() + self.arrays().steps()
        passes = sum(scalar.passes(n.row) for n in self if bool(n.output.spec.shape) == bool(self.shape))
        return [self] if passes > 1 or len(self) > 2 else [[n] for n in self]


def gather(nodes: Sequence[Node], contiguous: Callable[[Value], bool]) -> list[list[Node]]:
    """The nodes in an order in which they can run, those of a loop together.

    A node that has nothing to do with a loop goes before it, if the loop goes on behind the node.

    Args:
        nodes: In the order in which they were recorded.
        contiguous: Whether a value lies in memory in plain order.

    Returns:
        Lists of one node each, and a `Loop` for each chain.
    """
    steps: list[list[Node]] = []
    todo = deque(nodes)
    while todo:
        node = todo.popleft()
        if not _fits(node, contiguous):
            steps.append([node])
            continue
        loop = Loop([node])
        waiting: list[Node] = []
        while todo:
            node = todo.popleft()
            if _fits(node, contiguous) and loop.takes(node):
                steps.extend([n] for n in waiting)
                waiting = []
                continue
            waiting.append(node)
            if loop.feeds(node) and loop.shape and not loop.arrays().feeds(node):
                steps.extend(Loop(loop.scalars()).steps())  # only they are needed: let them go first
                loop = loop.arrays()
            if loop.feeds(node) or node.row.products is not None or len(waiting) > MOST_AHEAD:
                break
        todo.extendleft(reversed(waiting))
        steps.extend(loop.steps())
    return steps


def _fits(node: Node, contiguous: Callable[[Value], bool]) -> bool:
    """Whether a node may be part of a loop."""
    spec = node.output.spec
    if node.row.kind not in ("elementwise", "general") or spec.size == 0:
        return False
    if any(v.spec.dtype not in scalar.DTYPES for v in [node.output, *node.inputs]):
        return False
    if any(v.spec.shape and not contiguous(v) for v in node.inputs):
        return False
    try:
        if np.broadcast_shapes(*[v.spec.shape for v in node.inputs]) != spec.shape:
            return False
        formula(node, {}, lambda value, dtype: ast.Constant(value))
    except (ValueError, scalar.NoExpression):
        return False
    return len(_merge(spec.shape, set(_masks(node, spec.shape)))) <= MOST_LOOPS


def formula(
    node: Node,
    given: dict[int, ast.expr],
    constant: Callable[[Any, np.dtype[Any]], ast.expr],
    wraps: bool = False,
) -> ast.expr:
    """What a node computes for one element.

    Args:
        node: The node.
        given: `id(input)` to what stands for it; its name in the row by default.
        constant: Gives the expression of a number of a dtype.
        wraps: Whether sums of small integers stay in their dtype by themselves.

    Raises:
        NoExpression: If there is no such expression.
    """
    inputs = {
        name: scalar.Element(given.get(id(v), ast.Name(name)), v.spec.dtype)
        for name, v in zip(node.row.inputs, node.inputs, strict=True)
    }
    specs = [v.spec for v in node.inputs]
    dtypes = {name: make(*specs, **node.params).dtype for name, make in node.row.scratch.items()}
    dtypes["out"] = node.output.spec.dtype
    return scalar.expression(node.row, inputs, dtypes, node.params, constant, wraps)


# --- loops over shapes

Mask = tuple[bool, ...]


def _masks(node: Node, shape: tuple[int, ...]) -> list[Mask]:
    return [_mask(v.spec.shape, shape) for v in [node.output, *node.inputs] if v.spec.shape]


def _mask(own: tuple[int, ...], shape: tuple[int, ...]) -> Mask:
    """For each axis of a shape, whether an array goes along it or is repeated."""
    return tuple(n == m for n, m in zip((1,) * (len(shape) - len(own)) + own, shape, strict=True))


def _merge(shape: tuple[int, ...], masks: set[Mask]) -> list[tuple[int, list[int]]]:
    """The loops: size and axes of each; neighbouring axes are one if all arrays treat them alike."""
    loops: list[tuple[int, list[int]]] = []
    last: list[bool] | None = None
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        along = [mask[axis] for mask in sorted(masks)]
        if loops and along == last:
            loops[-1] = (loops[-1][0] * size, [*loops[-1][1], axis])
        else:
            loops.append((size, [axis]))
        last = along
    return loops or [(1, [0])]


# --- the text


def _is_short(number: np.ndarray) -> bool:
    """Whether a number is written into the formula, like 0.9; the counts of a batch and their shares are passed.

    So another batch size needs no new kernel.
    """
    value = number.item()
    return len(str(number[()])) <= SHORT and (abs(value) <= 2 or value % 1 != 0)


def _identifier(name: str) -> str:
    name = re.sub(r"\W", "_", name)
    return "_" + name if name[:1].isdigit() or keyword.iskeyword(name) else name


_INDICES = "ijk"


class Kernel:
    """The text of one loop, written once for all layers that compute the same.

    Attributes:
        name: What it is called, if no other kernel has the name.
        head: Parameters, as text.
        body: Its lines.
        arguments: `(value, shape)`: what it is called with, and the shape in which it looks at it.
        stored: Values that it leaves in memory.
    """

    def __init__(self, nodes: list[Node], stored: list[Value], memory: Callable[[Value], Any]) -> None:
        self.nodes = nodes
        self.stored = stored
        self.arguments: list[tuple[Value, tuple[int, ...]]] = []
        self._memory = memory
        self._labels = {label for n in nodes for label, kind in n.scopes if kind != "backward"}
        self._taken = {"np", "range", *_INDICES}
        self._parameters: dict[Any, str] = {}
        self._constants: dict[tuple[str, str], tuple[str, str]] = {}
        shape = next((n.output.spec.shape for n in nodes if n.output.spec.shape), ())
        self._shape = shape
        self._loops = _merge(shape, {m for n in nodes if n.output.spec.shape for m in _masks(n, shape)})
        self.name = self._name()
        self.body = self._write()
        self.head = ", ".join(self._parameters.values())

    def text(self, name: str) -> str:
        """The function's source.

        Args:
            name: What to call it.
        """
        return "\n".join([f"def {name}({self.head}):", *["    " + line for line in self.body]])

    # --- names

    def _name(self) -> str:
        if len(self.nodes) <= 3:
            return "_".join(n.row.name for n in self.nodes)
        labels = [label for label, kind in self.nodes[-1].scopes if kind != "backward"]
        label = re.sub(r"_\d+$", "", labels[-1]) if labels else self.nodes[-1].row.name
        backward = any(kind == "backward" for _, kind in self.nodes[-1].scopes)
        return _identifier(f"{label}_{'gradient' if backward else 'update'}")

    def _unique(self, name: str) -> str:
        name = _identifier(name)
        number = 1
        while (found := name if number == 1 else f"{name}_{number}") in self._taken:
            number += 1
        self._taken.add(found)
        return found

    def _short(self, value: Value) -> str:
        """A value's name without its layer's, which differs from layer to layer."""
        name = value.name or (value.node.row.symbol if value.node is not None else "given")
        new, name = ("new_", name[4:]) if name.startswith("new_") else ("", name)
        own = {label for label, kind in value.node.scopes if kind != "backward"} if value.node is not None else set()
        for label in sorted(own | self._labels, key=len, reverse=True):
            if name.startswith(label + "_") and len(name) > len(label) + 1:
                name = name[len(label) + 1 :]
                break
        return new + re.sub(r"_\d+$", "", name)

    def _constant(self, value: Any, dtype: np.dtype[Any]) -> ast.expr:
        number = np.asarray(value).astype(dtype)[()]
        key = dtype.name, number.tobytes().hex()
        if dtype.kind == "b":
            return ast.Constant(bool(number))
        if key not in self._constants:
            text = str(number)
            label = text.replace("-", "m").replace("+", "").replace(".", "_")
            label = label[:-2] if label.endswith("_0") else label
            literal = text if np.isfinite(number) else f"np.{text}".replace("np.-", "-np.")
            self._constants[key] = self._unique(f"c_{label}"), f"np.{dtype.name}({literal})"
        return ast.Name(self._constants[key][0])

    def _parameter(self, value: Value) -> str:
        key = self._memory(value)
        if key not in self._parameters:
            self._parameters[key] = self._unique(self._short(value))
            self.arguments.append((value, self._seen_as(value)))
        return self._parameters[key]

    # --- shapes

    def _seen_as(self, value: Value) -> tuple[int, ...]:
        if not value.spec.shape:
            return ()
        mask = _mask(value.spec.shape, self._shape)
        return tuple(size for size, axes in self._loops if mask[axes[0]]) or (1,)

    def _at(self, value: Value) -> str:
        """A parameter at the loops' place."""
        if not value.spec.shape:
            return f"{self._parameter(value)}[()]"
        mask = _mask(value.spec.shape, self._shape)
        indices = [i for i, (_, axes) in zip(_INDICES, self._loops, strict=False) if mask[axes[0]]]
        return f"{self._parameter(value)}[{', '.join(indices) or '0'}]"

    # --- lines

    def _write(self) -> list[str]:
        made = {id(n.output): n for n in self.nodes}
        kept = {id(v) for v in self.stored}
        users: dict[int, list[tuple[Node, str]]] = {}
        for node in self.nodes:
            for name, value in zip(node.row.inputs, node.inputs, strict=True):
                users.setdefault(id(value), []).append((node, name))
        given: dict[int, ast.expr] = {}
        before: list[str] = []
        inside: list[str] = []

        def refer(value: Value, in_loop: bool) -> None:
            if id(value) in given or id(value) in made:
                return
            if value.kind == "constant" and value.spec.shape == () and _is_short(value.payload):
                given[id(value)] = self._constant(value.payload, value.spec.dtype)
            elif value.spec.shape == () and (in_loop or any(u.output.spec.shape for u, _ in users[id(value)])):
                place = self._at(value)
                local = self._unique(f"{self._short(value)}_now")
                before.append(f"{local} = {place}")
                given[id(value)] = ast.Name(local)
            else:
                given[id(value)] = ast.Name(self._at(value))

        results: dict[int, str] = {}
        for node in sorted(self.nodes, key=lambda n: bool(n.output.spec.shape)):
            out, in_loop = node.output, bool(node.output.spec.shape)
            for value in node.inputs:
                refer(value, in_loop)
            result = formula(node, given, self._constant)
            text = ast.unparse(result)
            used = users.get(id(out), [])
            once = len(used) == 1 and scalar.times_used(used[0][0].row, used[0][1]) == 1
            near = once and bool(used[0][0].output.spec.shape) == in_loop
            if near and id(out) not in kept and len(text) <= WIDEST:
                given[id(out)] = result
                continue
            if id(out) in kept and not used and sum(bool(v.spec.shape) == in_loop for v in self.stored) == 1:
                results[id(out)] = text  # the only one: all has been read when it is written
                continue
            local = self._unique(self._short(out))
            (inside if in_loop else before).append(f"{local} = {text}")
            given[id(out)] = ast.Name(local)
            results[id(out)] = local
        for value in self.stored:
            line = f"{self._at(value)} = {results[id(value)]}"
            (inside if value.spec.shape else before).append(line)
        lines = [f"{name} = {text}" for name, text in sorted(self._constants.values())] + before
        if inside:
            full = next(self._parameter(v) for v in self.stored if v.spec.shape)
            for depth in range(len(self._loops)):
                bound = f"{full}.size" if len(self._loops) == 1 else f"{full}.shape[{depth}]"
                lines.append("    " * depth + f"for {_INDICES[depth]} in range({bound}):")
            lines += ["    " * len(self._loops) + line for line in inside]
        return lines
