"""What a row does to one element, read off its NumPy source: the source stays the only definition.

`np.multiply({g}, {on}, out={out})` on arrays is `g * on` on their elements. `expression` makes such a Python
expression from all the statements of a row; `fuse.py` puts those of a whole chain into one loop. Rows that say
something not known here (reductions, products, kernels of their own) have no expression.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

from babytf.engine.primitive import Primitive

DTYPES = frozenset(map(np.dtype, ("bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64")))
"""What a fused loop may hold."""

_COMPUTED = frozenset(map(np.dtype, ("int32", "int64", "float32", "float64")))

_BINARY: dict[str, ast.operator] = {
    "add": ast.Add(),
    "subtract": ast.Sub(),
    "multiply": ast.Mult(),
    "divide": ast.Div(),
}
_COMPARE: dict[str, ast.cmpop] = {
    "equal": ast.Eq(),
    "not_equal": ast.NotEq(),
    "less": ast.Lt(),
    "less_equal": ast.LtE(),
    "greater": ast.Gt(),
    "greater_equal": ast.GtE(),
}
_LOGICAL: dict[str, ast.operator] = {
    "logical_and": ast.BitAnd(),
    "logical_or": ast.BitOr(),
    "logical_xor": ast.BitXor(),
}
_EXACT = {"rint", "maximum", "minimum", "sqrt", "absolute", "sign", "floor", "ceil", "trunc"}
_TESTS = {"isnan", "isinf", "isfinite"}
_TWICE = {"square"}
_METHODS = {"clip"}


class NoExpression(Exception):
    """The row, or this use of it, cannot be written for one element."""


class Element:
    """One element of an array, as an expression of known dtype; or a Python number, whose dtype is `None`."""

    __slots__ = ("dtype", "node", "number")

    def __init__(self, node: ast.expr | None, dtype: np.dtype[Any] | None, number: Any = None) -> None:
        self.node = node
        self.dtype = dtype
        self.number = number


class _Source:
    """A row's statements, parsed."""

    def __init__(self, row: Primitive) -> None:
        names = ["out", *row.inputs, *row.scratch, *row.param_names]
        try:
            module = ast.parse(row.source.format(**{n: n for n in names}))
        except SyntaxError:
            module = ast.parse("unknown")
        self.calls = [s.value for s in module.body if isinstance(s, ast.Expr) and isinstance(s.value, ast.Call)]
        self.plain = len(self.calls) == len(module.body) and not row.variadic and row.kind in ("elementwise", "general")
        self.uses: Counter[str] = Counter()
        for call in (c for s in self.calls for c in ast.walk(s) if isinstance(c, ast.Call)):
            name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
            for argument in [*call.args, *[k.value for k in call.keywords]]:
                if isinstance(argument, ast.Name):
                    self.uses[argument.id] += 2 if name in _TWICE else 1
            if name in _METHODS and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
                self.uses[call.func.value.id] += 1


_parsed: dict[str, _Source] = {}


def _source(row: Primitive) -> _Source:
    found = _parsed.get(row.name)
    if found is None:
        found = _parsed[row.name] = _Source(row)
    return found


def passes(row: Primitive) -> int:
    """How many times the row's statements go over memory."""
    return len(_source(row).calls)


def times_used(row: Primitive, name: str) -> int:
    """How often an input occurs in the row's expression."""
    return _source(row).uses[name]


def expression(
    row: Primitive,
    inputs: dict[str, Element],
    dtypes: dict[str, np.dtype[Any]],
    params: dict[str, Any],
    constant: Callable[[Any, np.dtype[Any]], ast.expr],
    wraps: bool = False,
) -> ast.expr:
    """The row's result for one element.

    Args:
        row: The row.
        inputs: What stands for each input.
        dtypes: Dtypes of `out` and of the row's scratch arrays.
        params: The row's parameters.
        constant: Gives the expression of a number of a dtype.
        wraps: Whether sums and products of `int32` stay in that dtype by themselves, as NumPy's do.

    Returns:
        An expression of the dtype of `out`.

    Raises:
        NoExpression: If the row cannot be written so.
    """
    source = _source(row)
    if not source.plain:
        raise NoExpression(row.name)
    known = dict(inputs)
    for name, value in params.items():
        if isinstance(value, (bool, int, float)):
            known[name] = Element(None, None, value)
    translator = _Translator(known, dtypes, constant, wraps)
    for call in source.calls:
        translator.call(call)
    if "out" not in known:
        raise NoExpression(row.name)
    return translator.cast(known["out"], dtypes["out"])


class _Translator:
    def __init__(
        self,
        known: dict[str, Element],
        dtypes: dict[str, np.dtype[Any]],
        constant: Callable[[Any, np.dtype[Any]], ast.expr],
        wraps: bool,
    ) -> None:
        self.known = known
        self.dtypes = dtypes
        self.constant = constant
        self.wraps = wraps

    # --- dtypes, made explicit

    def cast(self, element: Element, dtype: np.dtype[Any]) -> ast.expr:
        """An element in another dtype."""
        if element.dtype is None:
            return self.constant(element.number, dtype)
        assert element.node is not None
        if element.dtype == dtype:
            return element.node
        if dtype not in DTYPES or element.dtype not in DTYPES or (element.dtype.kind == "f" and dtype.kind in "iu"):
            raise NoExpression(f"{element.dtype} to {dtype}")
        if dtype.kind == "b":
            return ast.Compare(element.node, [ast.NotEq()], [self.constant(0, element.dtype)])
        return _numpy(dtype.name, element.node)

    def together(self, elements: list[Element]) -> tuple[list[ast.expr], np.dtype[Any]]:
        """Elements that are computed with, in their common dtype."""
        strong = {e.dtype for e in elements if e.dtype is not None}
        if len(strong) > 1:
            strong.discard(np.dtype("bool"))
        if len(strong) != 1:
            raise NoExpression("mixed dtypes")
        (dtype,) = strong
        numbers = [e.number for e in elements if e.dtype is None]
        if dtype not in DTYPES or (dtype.kind != "f" and any(isinstance(n, float) for n in numbers)):
            raise NoExpression(f"{dtype}")
        return [self.cast(e, dtype) for e in elements], dtype

    # --- calls

    def value(self, node: ast.expr) -> Element:
        """What an argument stands for."""
        if isinstance(node, ast.Name) and node.id in self.known:
            return self.known[node.id]
        if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
            return Element(None, None, node.value)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            inner = self.value(node.operand)
            if inner.dtype is None:
                return Element(None, None, -inner.number)
        if isinstance(node, ast.Call):
            return self.call(node)
        raise NoExpression(ast.dump(node))

    def call(self, call: ast.Call) -> Element:
        """One call of the row's source: what it gives, noted under the name of its `out`."""
        if not isinstance(call.func, ast.Attribute) or not isinstance(call.func.value, ast.Name):
            raise NoExpression(ast.dump(call.func))
        module, name = call.func.value.id, call.func.attr
        options = {k.arg: k.value for k in call.keywords}
        arguments = call.args
        target: ast.expr | None = options.get("out")
        if name == "fill" and module in self.dtypes:
            target, result = call.func.value, self.value(arguments[0])
        elif module == "np" and name == "copyto" and set(options) <= {"casting"}:
            target, result = arguments[0], self.value(arguments[1])
        elif module == "kernels" and name == "select":
            target, result = arguments[4], self.select(*[self.value(a) for a in arguments[:3]])
        elif module in self.known and name in _METHODS and set(options) == {"out"}:
            result = self.function(name, [self.known[module], *[self.value(a) for a in arguments]])
        elif module == "np" and set(options) <= {"out", "where"}:
            result = self.function(name, [self.value(a) for a in arguments])
        else:
            raise NoExpression(name)
        if not isinstance(target, ast.Name) or target.id not in self.dtypes:
            raise NoExpression(f"{name} without out")
        dtype = self.dtypes[target.id]
        node = self.cast(result, dtype)
        if "where" in options:
            before = self.known.get(target.id)
            if before is None:
                raise NoExpression("where= over nothing")
            node = ast.IfExp(self.cast(self.value(options["where"]), np.dtype("bool")), node, self.cast(before, dtype))
        element = self.known[target.id] = Element(node, dtype)
        return element

    def select(self, condition: Element, a: Element, b: Element) -> Element:
        """`a` where the condition holds, `b` elsewhere."""
        if condition.dtype != np.dtype("bool") or condition.node is None:
            raise NoExpression("select")
        (one, other), dtype = self.together([a, b])
        return Element(ast.IfExp(condition.node, one, other), dtype)

    def function(self, name: str, elements: list[Element]) -> Element:
        """A NumPy function of elements."""
        if name == "round" and len(elements) == 2 and elements[1].number == 0:
            name, elements = "rint", elements[:1]
        nodes, dtype = self.together(elements)
        boolean = np.dtype("bool")
        if name in _LOGICAL and dtype == boolean:
            return Element(ast.BinOp(nodes[0], _LOGICAL[name], nodes[1]), boolean)
        if name == "logical_not" and dtype == boolean:
            return Element(ast.UnaryOp(ast.Not(), nodes[0]), boolean)
        if name in _COMPARE:
            return Element(ast.Compare(nodes[0], [_COMPARE[name]], [nodes[1]]), boolean)
        if dtype not in _COMPUTED:
            raise NoExpression(f"{name} of {dtype}")
        if dtype.kind == "f":
            if name in _TESTS:
                return Element(_numpy(name, *nodes), boolean)
            if name in _EXACT:
                return Element(_numpy(name, *nodes), dtype)
            if name == "clip":
                return Element(_numpy("minimum", _numpy("maximum", nodes[0], nodes[1]), nodes[2]), dtype)
            if name == "reciprocal":
                return Element(ast.BinOp(self.constant(1, dtype), ast.Div(), nodes[0]), dtype)
        if name == "negative":
            return self.wrapped(ast.UnaryOp(ast.USub(), nodes[0]), dtype)
        if name == "square":
            return self.wrapped(ast.BinOp(nodes[0], ast.Mult(), nodes[0]), dtype)
        if name in _BINARY and (name != "divide" or dtype.kind == "f"):
            return self.wrapped(ast.BinOp(nodes[0], _BINARY[name], nodes[1]), dtype)
        raise NoExpression(f"{name} of {dtype}")

    def wrapped(self, node: ast.expr, dtype: np.dtype[Any]) -> Element:
        """Sums and products of small integers, which a compiler would compute in 64 bits, back in their dtype."""
        wider = dtype == np.dtype("int32") and not self.wraps
        return Element(_numpy(dtype.name, node) if wider else node, dtype)


def _numpy(name: str, *arguments: ast.expr) -> ast.expr:
    name = "bool_" if name == "bool" else name
    return ast.Call(ast.Attribute(ast.Name("np"), name), list(arguments), [])
