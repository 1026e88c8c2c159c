r"""The matrix product, on which most of the time goes, and the diagonal.

Everything else of linear algebra (`dot`, `tensordot`, `einsum`, `outer`, …) is brought to a matrix product
in `babytf/ops/linear_algebra.py`. Next: `indexing.py`.
"""

from __future__ import annotations

import numpy as np

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import broadcast_shapes, sum_to
from babytf.engine.primitives.key import Key
from babytf.engine.tensor import Tensor, bind
from babytf.errors import ShapeError, explain


def _matmul_spec(a: Spec, b: Spec) -> Spec:
    if a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            explain(
                "matmul: the last axis of the first array must fit the second last of the second.",
                got=f"{a.shape} @ {b.shape}",
                expected=f"{a.shape[-1]} in place of {b.shape[-2]} on axis -2 of the second",
                fix="transpose or reshape one of them",
            )
        )
    if a.ndim == 2 and b.ndim == 2:
        return Spec((a.shape[0], b.shape[1]), a.dtype)
    return Spec((*broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1]), a.dtype)


def swap_last(x: Tensor) -> Tensor:
    """The transposed matrix (of each matrix in the batch)."""
    n = x.ndim
    return bind("transpose", x, axes=(*range(n - 2), n - 1, n - 2))


def _matmul_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    return (
        sum_to(bind("matmul", g, swap_last(b)), a.shape),
        sum_to(bind("matmul", swap_last(a), g), b.shape),
    )


primitive(
    "matmul",
    source="np.matmul({a}, {b}, out={out})",
    infer=_matmul_spec,
    vjp=_matmul_vjp,
    latex=r"{a} {b}",
    domain=(-3.0, 3.0),
    symbol="z",
    products=lambda a, b: a.shape[-2] * a.shape[-1] * b.shape[-1],
)


def _diagonal_length(rows: int, columns: int, offset: int) -> int:
    return max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))


def _diagonal_spec(x: Spec, offset: int) -> Spec:
    return Spec((*x.shape[:-2], _diagonal_length(x.shape[-2], x.shape[-1], offset)), x.dtype)


def _diagonal_vjp(g: Tensor, y: Tensor, x: Tensor, offset: int) -> tuple[Tensor]:
    # Spread g over the rows it came from, then keep only the diagonal's columns.
    rows, columns = x.shape[-2:]
    start = max(0, -offset)
    shape = (*x.shape[:-2], rows)
    inner = Key((*[slice(0, n) for n in x.shape[:-2]], slice(start, start + g.shape[-1])))
    by_row = bind("reshape", bind("pad", g, inner=inner, value=0, shape=shape), shape=(*shape, 1))
    return (by_row * Tensor.wrap(np.eye(rows, columns, offset, g.dtype)),)


primitive(
    "diagonal",
    source="{x}.diagonal({offset}, -2, -1)",
    infer=_diagonal_spec,
    inputs="x",
    vjp=_diagonal_vjp,
    latex=r"\operatorname{{diag}}({x})",
    domain=(-3.0, 3.0),
    kind="view",
)
