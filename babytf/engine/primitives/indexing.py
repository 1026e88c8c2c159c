r"""Reading by position, and its transpose, adding at positions: each is the other's gradient.

`getitem` is a view; `take`, `take_along_axis` and `gather` (integer arrays anywhere in a key) copy.
Indices may be negative, as in NumPy; an index out of range raises. Next: `sorting.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import masked
from babytf.engine.primitives.key import Key, Places
from babytf.engine.tensor import Tensor, bind

# --- views


def _add_item(g: Tensor, key: Key, shape: tuple[int, ...]) -> Tensor:
    return bind("pad", g, inner=key, value=0, shape=shape)


primitive(
    "getitem",
    source="{x}[{key}]",
    infer=lambda x, key, shape: Spec(shape, x.dtype),
    inputs="x",
    vjp=lambda g, y, x, key, shape: (_add_item(g, key, x.shape),),
    latex=r"{x}",
    domain=(-3.0, 3.0),
    kind="view",
    rows=lambda x, key, shape: (
        (True,) if key[:1] in ((slice(None),), (Ellipsis,)) and shape[:1] == x.shape[:1] else None
    ),
    symbol="part",
)

# --- an array of indices into one axis


def _take_spec(x: Spec, indices: Spec, axis: int) -> Spec:
    return Spec((*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]), x.dtype)


primitive(
    "take",
    source="kernels.take({x}, {indices}, {axis}, {out})",
    infer=_take_spec,
    vjp=lambda g, y, x, indices, axis: (bind("add_at", g, indices, axis=axis, size=x.shape[axis]), None),
    inputs="x indices",
    latex=r"{x}_{{{indices}}}",
    domain=(-3.0, 3.0),
    rows=lambda x, indices, axis: (False, True) if axis == 0 and indices.ndim else None,
    symbol="rows",
)


def _add_at_spec(x: Spec, indices: Spec, axis: int, size: int) -> Spec:
    return Spec((*x.shape[:axis], size, *x.shape[axis + indices.ndim :]), x.dtype)


primitive(
    "add_at",
    source="kernels.add_at({x}, {indices}, {axis}, {out})",
    infer=_add_at_spec,
    vjp=lambda g, y, x, indices, axis, size: (bind("take", g, indices, axis=axis), None),
    inputs="x indices",
    latex=r"\sum_{{i = {indices}}} {x}",
    domain=(-3.0, 3.0),
    symbol="sums",
)

# --- an index for each element


def _along_spec(x: Spec, indices: Spec, axis: int) -> Spec:
    return Spec(indices.shape, x.dtype)


primitive(
    "take_along_axis",
    source="kernels.take_along_axis({x}, {indices}, {axis}, {out})",
    infer=_along_spec,
    inputs="x indices",
    vjp=lambda g, y, x, indices, axis: (bind("add_along_axis", g, indices, axis=axis, size=x.shape[axis]), None),
    latex=r"{x}_{{{indices}}}",
    domain=(-3.0, 3.0),
    symbol="picked",
)


def _add_along_spec(x: Spec, indices: Spec, axis: int, size: int) -> Spec:
    return Spec((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype)


primitive(
    "add_along_axis",
    source="kernels.add_along_axis({x}, {indices}, {axis}, {out})",
    infer=_add_along_spec,
    inputs="x indices",
    vjp=lambda g, y, x, indices, axis, size: (bind("take_along_axis", g, indices, axis=axis), None),
    latex=r"\sum_{{i = {indices}}} {x}",
    domain=(-3.0, 3.0),
    symbol="sums",
)

# --- keys with integer arrays: a `Places` marks where each array of indices stands


def _gather_spec(x: Spec, *indices: Spec, key: Places, shape: tuple[int, ...]) -> Spec:
    return Spec(shape, x.dtype)


def _gather_vjp(
    g: Tensor, y: Tensor, x: Tensor, *indices: Tensor, key: Places, shape: tuple[int, ...]
) -> tuple[Any, ...]:
    return (bind("scatter_add", g, *indices, key=key, shape=x.shape), *[None for _ in indices])


primitive(
    "gather",
    source="kernels.gather({xs}, {key}, {out})",
    infer=_gather_spec,
    inputs="*xs",
    vjp=_gather_vjp,
    latex=r"{xs}",
    domain=(-3.0, 3.0),
    symbol="picked",
)


def _scatter_vjp(
    g: Tensor, y: Tensor, x: Tensor, *indices: Tensor, key: Places, shape: tuple[int, ...]
) -> tuple[Any, ...]:
    return (bind("gather", g, *indices, key=key, shape=x.shape), *[None for _ in indices])


primitive(
    "scatter_add",
    source="kernels.scatter_add({xs}, {key}, {out})",
    infer=_gather_spec,
    inputs="*xs",
    vjp=_scatter_vjp,
    latex=r"\sum {xs}",
    domain=(-3.0, 3.0),
    symbol="sums",
)


# --- writing into a copy


def _update_spec(x: Spec, updates: Spec, *indices: Spec, key: Places, how: str) -> Spec:
    return Spec(x.shape, x.dtype)


def _update_vjp(
    g: Tensor, y: Tensor, x: Tensor, updates: Tensor, *indices: Tensor, key: Places, how: str
) -> tuple[Any, ...]:
    none = [None for _ in indices]
    if how == "add":
        return (g, bind("gather", g, *indices, key=key, shape=updates.shape), *none)
    if how in ("max", "min"):
        won = bind("gather", y, *indices, key=key, shape=updates.shape) == updates
        part = bind("gather", g, *indices, key=key, shape=updates.shape)
        return (masked(g, y == x), masked(part, won), *none)
    if how == "mul":
        ones = Tensor.wrap(np.ones(x.shape, x.dtype))
        factor = bind("scatter_update", ones, updates, *indices, key=key, how="mul")
        part = bind("gather", g * y, *indices, key=key, shape=updates.shape)
        return (g * factor, part / updates, *none)
    # Of several updates at one place the last one stays: only it has a gradient.
    order = np.arange(updates.size, dtype=np.int64).reshape(updates.shape)
    winner = bind("scatter_update", Tensor.wrap(np.full(x.shape, -1, np.int64)), order, *indices, key=key, how="set")
    stayed = bind("gather", winner, *indices, key=key, shape=updates.shape) == Tensor.wrap(order)
    part = bind("gather", g, *indices, key=key, shape=updates.shape)
    return (masked(g, winner < 0), masked(part, stayed), *none)


primitive(
    "scatter_update",
    source="kernels.scatter_update({xs}, {key}, {how}, {out})",
    infer=_update_spec,
    inputs="*xs",
    vjp=_update_vjp,
    latex=r"{xs}",
    domain=(-3.0, 3.0),
    symbol="updated",
)

# --- one-hot rows


primitive(
    "one_hot",
    source="np.equal({x}, {classes}, out={out})",
    infer=lambda x, classes, dtype: Spec(np.broadcast_shapes(x.shape, classes.shape), dtype),
    inputs="x classes",
    latex=r"[{x} = {classes}]",
    domain=(0.0, 3.0),
    kind="elementwise",
)
