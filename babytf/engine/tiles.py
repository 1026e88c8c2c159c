"""The innermost part of a matrix product, for loops that Numba compiles.

A compiler finds vector instructions for one row at a time; so it loads and stores the sums of a row again and again.
Here the sums of a tile, four rows by 16 columns, stay in registers from the first product to the last.

`add_four_rows` and `add_one_row` say in Python what is computed. In a compiled loop the same names mean what `compiled`
returns: the same, written in LLVM's vectors.
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call"

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

COLUMNS = 16
"""Columns of a tile: one vector of AVX-512, two of AVX2, four of SSE and NEON."""


def panels(w: np.ndarray) -> np.ndarray:
    """Matrices `(N, K, columns)` as tiles use them: `(N, P, K, 16)`, 16 columns after 16 columns.

    The last 16 begin where they end with the matrix, and so may have some in common with those before; if there are
    less than 16 in all, zeros follow.
    """
    columns = w.shape[-1]
    starts = [min(start, max(columns - COLUMNS, 0)) for start in range(0, columns, COLUMNS)]
    found = np.zeros((*w.shape[:-2], len(starts), w.shape[-2], COLUMNS), w.dtype)
    for n, start in enumerate(starts):
        part = w[..., start : start + COLUMNS]
        found[..., n, :, : part.shape[-1]] = part
    return found


def add_four_rows(x, x_at, w, out, out_at, columns, kept):
    """`out += x @ w`, for four rows and 16 columns.

    Args:
        x: `(…, K)`, seen as a vector, like `out`.
        x_at: Place of the first row's first element.
        w: `(K, 16)`.
        out: `(…, columns)`.
        out_at: Place of the tile's first element.
        columns: Of `out`.
        kept: So many columns of the tile stay as they are.
    """
    _add_rows(4, x.reshape(-1), x_at, w, out.reshape(-1), out_at, columns, kept)


def add_one_row(x, x_at, w, out, out_at, columns, kept):
    """The same for one row."""
    _add_rows(1, x.reshape(-1), x_at, w, out.reshape(-1), out_at, columns, kept)


def _add_rows(rows, x, x_at, w, out, out_at, columns, kept):
    for r in range(rows):
        for k in range(len(w)):
            for j in range(kept, COLUMNS):
                out[out_at + r * columns + j] += x[x_at + r * len(w) + k] * w[k, j]


def compiled() -> dict[str, Any]:
    """What the two names mean in a loop that Numba compiles."""
    return {"add_four_rows": _intrinsic(4), "add_one_row": _intrinsic(1)}


def _intrinsic(rows: int) -> Any:
    types = importlib.import_module("numba").types
    place = types.intp

    def add_rows(typing, x, x_at, w, out, out_at, columns, kept):
        def write(context, builder, signature, args):
            x, w, out = (context.make_array(signature.args[n])(context, builder, args[n]) for n in (0, 2, 3))
            inner = builder.extract_value(w.shape, 0)
            x, w, out = builder.gep(x.data, [args[1]]), w.data, builder.gep(out.data, [args[4]])
            _Tile(builder, rows, inner).write(x, w, out, columns=args[5], kept=args[6])
            return context.get_dummy_value()

        return types.void(x, place, w, out, place, place, place), write

    return importlib.import_module("numba.extending").intrinsic(add_rows)


class _Tile:
    """LLVM's code: load the sums, add to them in a loop over `inner`, store them."""

    def __init__(self, builder: Any, rows: int, inner: Any) -> None:
        self.ir = importlib.import_module("llvmlite.ir")
        self.builder, self.rows, self.inner = builder, rows, inner
        self.vector = self.ir.VectorType(self.ir.FloatType(), COLUMNS)
        self.lanes = self.ir.VectorType(inner.type, COLUMNS)

    def write(self, x: Any, w: Any, out: Any, columns: Any, kept: Any) -> None:
        """Write it, for `x`, `w` and `out` from the places pointed to."""
        builder, word = self.builder, self.inner.type
        xs = [builder.gep(x, [builder.mul(self.inner, word(r))]) for r in range(self.rows)]
        outs = [builder.gep(out, [builder.mul(columns, word(r))]) for r in range(self.rows)]
        sums = [builder.load(self._as_vector(pointer), align=4) for pointer in outs]
        before, loop, end = builder.block, builder.append_basic_block(), builder.append_basic_block()
        builder.cbranch(builder.icmp_signed(">", self.inner, word(0)), loop, end)

        builder.position_at_end(loop)
        k, *so_far = [builder.phi(t) for t in (word, *[self.vector] * self.rows)]
        w_k = builder.load(self._as_vector(builder.gep(w, [builder.mul(k, word(COLUMNS))])), align=4)
        multiply_add = self._multiply_add()
        more = [
            builder.call(multiply_add, [self._everywhere(builder.load(builder.gep(row, [k])), self.vector), w_k, total])
            for row, total in zip(xs, so_far, strict=True)
        ]
        after = builder.add(k, word(1))
        for phi, first, next_one in zip((k, *so_far), (word(0), *sums), (after, *more), strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(next_one, loop)
        builder.cbranch(builder.icmp_signed("<", after, self.inner), loop, end)

        builder.position_at_end(end)
        totals = [builder.phi(self.vector) for _ in outs]
        for phi, first, last in zip(totals, sums, more, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(last, loop)
        changed = builder.icmp_signed(">=", self.lanes(list(range(COLUMNS))), self._everywhere(kept, self.lanes))
        for first, total, pointer in zip(sums, totals, outs, strict=True):
            builder.store(builder.select(changed, total, first), self._as_vector(pointer), align=4)

    def _as_vector(self, pointer: Any) -> Any:
        return self.builder.bitcast(pointer, self.vector.as_pointer())

    def _everywhere(self, number: Any, kind: Any) -> Any:
        """A vector of one number."""
        ir, none = self.ir, self.ir.Constant(kind, self.ir.Undefined)
        first = self.builder.insert_element(none, number, ir.IntType(32)(0))
        return self.builder.shuffle_vector(first, none, ir.VectorType(ir.IntType(32), COLUMNS)([0] * COLUMNS))

    def _multiply_add(self) -> Any:
        """`a * b + c`, rounded once where the processor can, in any case for all elements alike."""
        kind = self.ir.FunctionType(self.vector, [self.vector] * 3)
        insert = importlib.import_module("numba.core.cgutils").get_or_insert_function
        return insert(self.builder.module, kind, f"llvm.fmuladd.v{COLUMNS}f32")
