"""The primitive: one row that holds everything known about an operation, and the table of rows.

A row's `source` is the only definition of what it computes: the function that runs eagerly, the
line in an emitted program and the text shown to a learner are made from the same template.
The rows themselves are in `primitives/`; `tensor.py` shows how one is called.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from babytf.engine import threads

_FIELD = re.compile(r"\{(\w+)\}")

KINDS = ("elementwise", "general", "view", "effect")


class Spec:
    """Shape and dtype of an array that need not exist yet.

    Args:
        shape: Tuple of integers.
        dtype: Anything `np.dtype` takes.

    Example:
        >>> Spec((2, 3), "float32")
        Spec((2, 3), float32)
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Sequence[int], dtype: Any) -> None:
        self.shape = tuple(shape)
        self.dtype = np.dtype(dtype)

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return int(math.prod(self.shape))

    @property
    def nbytes(self) -> int:
        return int(self.size * self.dtype.itemsize)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Spec) and self.shape == other.shape and self.dtype == other.dtype

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))

    def __repr__(self) -> str:
        return f"Spec({self.shape}, {self.dtype.name})"


class Primitive:
    """One row of the table. Made by `primitive`, called by `bind`."""

    __slots__ = (
        "_function",
        "blas",
        "domain",
        "infer",
        "inputs",
        "kind",
        "latex",
        "name",
        "param_names",
        "products",
        "rows",
        "scratch",
        "source",
        "symbol",
        "threaded",
        "variadic",
        "vjp",
    )

    def __init__(
        self,
        name: str,
        source: str,
        infer: Callable[..., Spec],
        vjp: Callable[..., tuple[Any, ...]] | None,
        latex: str,
        domain: tuple[float, float] | None,
        kind: str,
        inputs: tuple[str, ...],
        scratch: dict[str, Callable[..., Spec]],
        symbol: str,
        products: Callable[..., int] | None,
        rows: Callable[..., tuple[bool, ...] | None] | None,
        blas: bool,
        threaded: bool,
    ) -> None:
        self.name = name
        self.source = source
        self.infer = infer
        self.vjp = vjp
        self.latex = latex
        self.domain = domain
        self.kind = kind
        self.variadic = len(inputs) == 1 and inputs[0].startswith("*")
        self.inputs = tuple(n.lstrip("*") for n in inputs)
        self.scratch = scratch
        self.symbol = symbol
        self.products = products
        self.rows = rows
        self.blas = blas
        self.threaded = threaded
        fields = dict.fromkeys(_FIELD.findall(source.replace("{{", "").replace("}}", "")))
        self.param_names = tuple(f for f in fields if f != "out" and f not in self.inputs and f not in scratch)
        self._function: Callable[..., Any] | None = None

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"

    @property
    def function(self) -> Callable[..., Any]:
        """The template as a Python function `(out, *inputs, *scratch, *params)`, made when first needed."""
        if self._function is None:
            names = ["out", *self.inputs, *self.scratch, *self.param_names]
            body = self.source.format(**{n: n for n in names}).strip("\n").split("\n")
            if self.kind == "view":
                body[-1] = "return " + body[-1]
            text = f"def {self.name}({', '.join(names)}):\n" + "\n".join("    " + line for line in body)
            namespace: dict[str, Any] = dict(NAMESPACE)
            exec(compile(text, f"<primitive {self.name}>", "exec"), namespace)
            self._function = namespace[self.name]
        return self._function

    def run(self, arrays: Sequence[np.ndarray], params: dict[str, Any]) -> np.ndarray:
        """Compute the operation on arrays, into a new array (a view, for a view row)."""
        args: Sequence[Any] = (tuple(arrays),) if self.variadic else arrays
        values = [params[n] for n in self.param_names]
        if self.kind == "view":
            return np.asarray(self.function(None, *args, *values))  # x[0] of a vector is no array yet
        spec = self.infer(*arrays, **params)
        out = np.empty(spec.shape, spec.dtype)
        extra = [self.scratch[n](*arrays, **params) for n in self.scratch]
        args = [*args, *[np.empty(s.shape, s.dtype) for s in extra], *values]
        if self.products is None and not self.blas:
            self.function(out, *args)
            return out
        threads.serial()
        try:
            if self.products is None:
                self.function(out, *args)
            else:
                a, b = arrays
                threads.multiply(threads.parts(a, b, out))
        finally:
            threads.parallel()
        return out


PRIMITIVES: dict[str, Primitive] = {}

NAMESPACE: dict[str, Any] = {"np": np}
"""The modules a row's source may name; `kernels` is added by the rows that use it."""


def primitive(
    name: str,
    source: str,
    infer: Callable[..., Spec],
    vjp: Callable[..., tuple[Any, ...]] | None = None,
    latex: str = "",
    domain: tuple[float, float] | None = None,
    *,
    kind: str = "general",
    inputs: str | tuple[str, ...] = "",
    scratch: dict[str, Callable[..., Spec]] | None = None,
    symbol: str | None = None,
    products: Callable[..., int] | None = None,
    rows: Callable[..., tuple[bool, ...] | None] | None = None,
    blas: bool = False,
    threaded: bool = False,
) -> Primitive:
    r"""Add a row to the table.

    Args:
        name: The operation's name, a Python identifier.
        source: `str.format` template of NumPy statements. Fields: the inputs' names, `{out}` for
            the destination (an array of the inferred shape and dtype, never read before it is
            written), names of `scratch` arrays, and parameters by name. A view row has a single
            expression instead, whose value shares memory with the first input.
        infer: `infer(*specs, **params) -> Spec`: the result's shape and dtype. Looks at `.shape`,
            `.dtype` and `.ndim` only, so arrays serve as specs too.
        vjp: `vjp(g, y, *inputs, **params) -> tuple`: for the incoming gradient `g` and the result
            `y`, one Tensor (or `None` for zero) per input, computed with other primitives.
            `None` stands for "has no gradient".
        latex: Template of the formula, with the inputs' names as fields.
        domain: Interval from which tests draw inputs.
        kind: `"elementwise"` (each output element depends on the input elements at its place;
            the destination may be an input), `"general"`, `"view"`, or `"effect"` (never removed,
            merged or moved: random draws).
        inputs: The inputs' names, separated by spaces; `"*xs"` for any number of inputs, shown to
            the template as one tuple. Taken from `infer`'s positional parameters by default.
        scratch: Arrays the statements need besides `out`: name to `spec(*specs, **params)`.
        symbol: What a result is called in emitted programs; the row's name by default.
        products: `products(*specs, **params)`: multiplications in each matrix product, for an operation
            that is `np.matmul`: large ones are shared among threads, see `threads.py`.
        rows: `rows(*specs, **params)`: for an operation that can be done row by row, counted along the first axis:
            for each input, whether rows `i` to `j` of it are enough for rows `i` to `j` of the result (or all of it is
            needed). The same statements must give the same bits. `None` if it cannot. Elementwise rows need not say.
        blas: Whether the statements multiply matrices within, so that BLAS is to be held to one thread.
        threaded: Whether they share their work among threads by themselves.

    Returns:
        The row.

    Raises:
        ValueError: If the name is taken, or the kind unknown.
    """
    if name in PRIMITIVES:
        raise ValueError(f"there is a primitive {name!r} already")
    if kind not in KINDS:
        raise ValueError(f"primitive {name!r}: kind {kind!r} is not one of {KINDS}")
    if isinstance(inputs, str):
        inputs = tuple(inputs.split())
    if not inputs:
        inputs = infer.__code__.co_varnames[: infer.__code__.co_argcount]
    row = Primitive(
        name,
        source,
        infer,
        vjp,
        latex,
        domain,
        kind,
        inputs,
        scratch or {},
        symbol or name,
        products,
        rows,
        blas,
        threaded,
    )
    PRIMITIVES[name] = row
    return row


def same_spec(x: Spec, **params: Any) -> Spec:
    """The result looks like the first input."""
    return Spec(x.shape, x.dtype)
