"""Single numbers in a program: plain arithmetic in place of calls of NumPy functions.

Sums of losses, means, Adam's step size: a training step computes some twenty numbers. A call such as
`np.add(count, 1, out=count)` takes several times as long as `count[()] + 1.0` on NumPy's numbers (`count[()]` is the
number in an array without axes), and the bits are the same: sums, products, quotients and square roots are exact but
for one rounding. What libraries round differently (`power`, `exp`) stays a call on arrays without axes, and so does
what would be no faster.

A number that only arithmetic needs is a local name of the program, without memory. `emit.py` writes the statements.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from babytf.engine import fuse
from babytf.engine.graph import Node, Value
from babytf.engine.plan import Plan
from babytf.engine.scalar import NoExpression

_CASTS = {"float32", "float64", "int64"}  # a number that does not fit into an `int32` would be refused
_CALLS = {"sqrt", *_CASTS}
_MEAN = re.compile(r"np\.divide\((\w+), (\d+), out=\1\)$")

Name = Callable[[Value], str]
Read = Callable[[Value], ast.expr]
Named = Callable[[Any], str]


class Arithmetic:
    """Which nodes of a planned graph are written as arithmetic.

    Args:
        plan: The plan.
        wanted: Whether any are.

    Attributes:
        nodes: Their ids.
        numbers: Ids of the values that need no memory.
    """

    def __init__(self, plan: Plan, wanted: bool = True) -> None:
        steps = zip(plan.steps, plan.stretch, strict=True) if wanted else ()
        alone = [step[0] for step, stretch in steps if stretch == 0 and not isinstance(step, fuse.Loop)]
        written = [node for node in alone if _is_arithmetic(node)]
        self.nodes = {id(node) for node in written}
        in_memory = {id(v) for v in plan.graph.outputs}
        for node in plan.graph.nodes:
            if id(node) not in self.nodes:
                in_memory.update(id(v) for v in node.inputs)
        made = [node.output for node in written if id(node.output) not in in_memory]
        self.numbers = {id(value) for value in made if plan.places[id(value)].kind == "buffer"}

    def statement(self, node: Node, name: Name, local: Name, named: Named) -> str:
        """What computes a node.

        Args:
            node: One of `nodes`.
            name: Gives a value's name.
            local: Gives a new one, for a number.
            named: Gives a name to a number that cannot be written as a literal.
        """
        out = node.output
        stored = id(out) not in self.numbers
        text = ast.unparse(formula(node, lambda value: ast.Name(self.read(value, name)), named, stored))
        return f"{name(out)}[()] = {text}" if stored else f"{local(out)} = {text}"

    def read(self, value: Value, name: Name) -> str:
        """How a number is read, as text."""
        return name(value) if id(value) in self.numbers else f"{name(value)}[()]"


def with_short_end(node: Node, text: str) -> str:
    """A node's statements, the last of which may be arithmetic: a mean of all elements is their sum, divided."""
    spec = node.output.spec
    if node.row.name != "mean" or spec.shape or spec.dtype.name not in ("float32", "float64"):
        return text
    return _MEAN.sub(r"\1[()] = \1[()] / \2", text)


def formula(node: Node, read: Read, named: Named, stored: bool = False) -> ast.expr:
    """What a node computes, as an expression that gives a NumPy number of the result's dtype.

    Args:
        node: All its inputs, and its result, are single numbers.
        read: How an input that is no constant is read.
        named: Gives a name to a number that cannot be written as a literal.
        stored: Whether an array takes the result, which gives it its dtype.

    Raises:
        NoExpression: If the node is not to be written so.
    """

    def literal(number: Any, dtype: np.dtype[Any]) -> ast.expr:
        value: Any = np.asarray(number).astype(dtype)[()]
        if not np.isfinite(value):
            return ast.Name(named(value))
        short = float(str(value)) if dtype.kind == "f" else value.item()  # 0.1, not 0.10000000149011612
        return ast.Constant(short if dtype.type(short) == value else value.item())

    given = {id(v): literal(v.payload, v.spec.dtype) if v.kind == "constant" else read(v) for v in node.inputs}
    expression = fuse.formula(node, given, literal, wraps=True)
    if stored and isinstance(expression, ast.Call) and getattr(expression.func, "attr", None) in _CASTS:
        expression = expression.args[0]
    return _Plain(node.output.spec.dtype, named, stored).whole(expression)


def _is_arithmetic(node: Node) -> bool:
    values = [*node.inputs, node.output]
    if any(v.spec.shape for v in values) or node.row.kind not in ("elementwise", "general") or node.row.variadic:
        return False
    if all(v.kind == "constant" for v in node.inputs):
        return False
    try:
        formula(node, lambda value: ast.Name("x"), lambda number: "c")
    except NoExpression:
        return False
    return True


class _Plain(ast.NodeVisitor):
    """Checks that an expression is arithmetic on NumPy's numbers and gives one.

    A literal takes on the dtype of the number it is combined with. Two literals would be Python's numbers instead.
    """

    def __init__(self, dtype: np.dtype[Any], named: Named, stored: bool) -> None:
        self.dtype = dtype
        self.named = named
        self.stored = stored

    def whole(self, expression: ast.expr) -> ast.expr:
        if isinstance(expression, ast.IfExp):  # both of its results have the dtype
            self.visit(expression.test)
            expression.body, expression.orelse = self.branch(expression.body), self.branch(expression.orelse)
        else:
            self.number(expression)
        return expression

    def branch(self, node: ast.expr) -> ast.expr:
        if isinstance(node, ast.Constant) and not self.stored:
            return ast.Name(self.named(self.dtype.type(node.value)))
        self.visit(node)
        return node

    def number(self, expression: ast.expr) -> None:
        if isinstance(expression, ast.Constant):
            raise NoExpression("a literal alone")
        self.visit(expression)

    def together(self, *operands: ast.expr) -> None:
        if all(isinstance(operand, ast.Constant) for operand in operands):
            raise NoExpression("literals alone")
        for operand in operands:
            self.visit(operand)

    def visit_Constant(self, node: ast.Constant) -> None: ...

    def visit_Name(self, node: ast.Name) -> None: ...

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self.together(node.left, node.right)

    def visit_Compare(self, node: ast.Compare) -> None:
        self.together(node.left, *node.comparators)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self.number(node.operand)  # of `not x`, Python's truth value serves as well as NumPy's

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self.number(node.body)
        self.number(node.orelse)

    def visit_Call(self, node: ast.Call) -> None:
        if not isinstance(node.func, ast.Attribute) or node.func.attr not in _CALLS:
            raise NoExpression(ast.dump(node.func))
        self.number(node.args[0])

    def generic_visit(self, node: ast.AST) -> None:
        raise NoExpression(ast.dump(node))
