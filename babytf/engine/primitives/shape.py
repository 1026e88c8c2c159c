"""Rows that move values about without computing: reshape, transpose, join, pad.

Views cost nothing; `reshape` of an array whose elements are not in order is a copy, as in NumPy.
Next: `linear_algebra.py`.
"""

from __future__ import annotations

from typing import Any

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import all_by_rows, by_rows_beside, sum_to
from babytf.engine.primitives.key import Key
from babytf.engine.tensor import Tensor, bind

primitive(
    "reshape",
    source="{x}.reshape({shape})",
    infer=lambda x, shape: Spec(shape, x.dtype),
    inputs="x",
    vjp=lambda g, y, x, shape: (bind("reshape", g, shape=x.shape),),
    latex=r"{x}",
    domain=(-3.0, 3.0),
    kind="view",
    rows=all_by_rows,
)


def _transpose_vjp(g: Tensor, y: Tensor, x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor]:
    back = [0] * len(axes)
    for i, axis in enumerate(axes):
        back[axis] = i
    return (bind("transpose", g, axes=tuple(back)),)


primitive(
    "transpose",
    source="{x}.transpose({axes})",
    infer=lambda x, axes: Spec([x.shape[i] for i in axes], x.dtype),
    inputs="x",
    vjp=_transpose_vjp,
    latex=r"{x}^\top",
    domain=(-3.0, 3.0),
    kind="view",
    rows=lambda x, axes: (True,) if axes and axes[0] == 0 else None,
)
primitive(
    "broadcast_to",
    source="np.broadcast_to({x}, {shape})",
    infer=lambda x, shape: Spec(shape, x.dtype),
    inputs="x",
    vjp=lambda g, y, x, shape: (sum_to(g, x.shape),),
    latex=r"{x}",
    domain=(-3.0, 3.0),
    kind="view",
    rows=lambda x, shape: (True,) if x.ndim == len(shape) and x.shape[0] == shape[0] else None,
)


def _concatenate_spec(*xs: Spec, axis: int) -> Spec:
    shape = list(xs[0].shape)
    shape[axis] = sum(x.shape[axis] for x in xs)
    return Spec(shape, xs[0].dtype)


def _concatenate_vjp(g: Tensor, y: Tensor, *xs: Tensor, axis: int) -> tuple[Tensor, ...]:
    parts, start = [], 0
    for x in xs:
        stop = start + x.shape[axis]
        parts.append(g[(slice(None),) * axis + (slice(start, stop),)])
        start = stop
    return tuple(parts)


primitive(
    "concatenate",
    source="np.concatenate({xs}, axis={axis}, out={out})",
    infer=_concatenate_spec,
    inputs="*xs",
    vjp=_concatenate_vjp,
    latex=r"[{xs}]",
    domain=(-3.0, 3.0),
    rows=by_rows_beside,
    symbol="joined",
)


def _pad_spec(x: Spec, inner: Key, value: float, shape: tuple[int, ...]) -> Spec:
    return Spec(shape, x.dtype)


def _pad_vjp(g: Tensor, y: Tensor, x: Tensor, inner: Key, value: float, shape: tuple[int, ...]) -> tuple[Any]:
    return (bind("getitem", g, key=inner, shape=x.shape),)


primitive(
    "pad",
    source="np.copyto({out}, {value})\n{out}[{inner}] = {x}",
    infer=_pad_spec,
    inputs="x",
    vjp=_pad_vjp,
    latex=r"{x}",
    domain=(-3.0, 3.0),
    symbol="padded",
)
