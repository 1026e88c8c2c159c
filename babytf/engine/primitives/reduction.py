r"""Rows that take axes away: sums, extremes, products, searches for the largest.

`axis` is one non-negative integer, a tuple of them, or `None` for all. Next: `cumulative.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import by_rows_beside
from babytf.engine.tensor import Tensor, bind

Axis = int | tuple[int, ...] | None


def axes_of(axis: Axis, ndim: int) -> tuple[int, ...]:
    """The axes taken away, as a tuple."""
    return tuple(range(ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis


def reduced(shape: tuple[int, ...], axis: Axis, keepdims: bool) -> tuple[int, ...]:
    """The shape without the axes, or with size 1 in their place."""
    axes = axes_of(axis, len(shape))
    if keepdims:
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def spread(g: Tensor, x: Any, axis: Axis, keepdims: bool) -> Tensor:
    """A reduction's result (or its gradient), with size 1 in place of the axes taken away."""
    return g if keepdims else bind("reshape", g, shape=reduced(x.shape, axis, True))


def _spec(x: Spec, axis: Axis, keepdims: bool) -> Spec:
    return Spec(reduced(x.shape, axis, keepdims), x.dtype)


def _spec_as(x: Spec, axis: Axis, keepdims: bool, dtype: str, **params: Any) -> Spec:
    return Spec(reduced(x.shape, axis, keepdims), dtype)


def _back(g: Tensor, x: Tensor, axis: Axis, keepdims: bool) -> Tensor | None:
    """The gradient of a sum: the same number for each element added."""
    if x.dtype.kind != "f":
        return None
    g = bind("broadcast_to", spread(g, x, axis, keepdims), shape=x.shape)
    return g if g.dtype == x.dtype else bind("cast", g, dtype=x.dtype.name)


primitive(
    "sum",
    source="np.add.reduce({x}, axis={axis}, keepdims={keepdims}, out={out})",
    infer=_spec_as,
    inputs="x",
    vjp=lambda g, y, x, axis, keepdims, dtype: (_back(g, x, axis, keepdims),),
    latex=r"\sum {x}",
    domain=(-3.0, 3.0),
    symbol="total",
    rows=by_rows_beside,
)


def _mean_vjp(
    g: Tensor, y: Tensor, x: Tensor, axis: Axis, keepdims: bool, dtype: str, count: int
) -> tuple[Tensor | None]:
    return (_back(g / count, x, axis, keepdims),)


primitive(
    "mean",
    source=("np.add.reduce({x}, axis={axis}, keepdims={keepdims}, out={out})\nnp.divide({out}, {count}, out={out})"),
    infer=_spec_as,
    inputs="x",
    vjp=_mean_vjp,
    latex=r"\frac{{1}}{{{count}}} \sum {x}",
    domain=(-3.0, 3.0),
    rows=by_rows_beside,
)


def _extreme_vjp(g: Tensor, y: Tensor, x: Tensor, axis: Axis, keepdims: bool) -> tuple[Tensor]:
    # Equal extremes share the gradient evenly.
    best = bind("cast", x == spread(y, x, axis, keepdims), dtype=x.dtype.name)
    ties = bind("sum", best, axis=axis, keepdims=True, dtype=x.dtype.name)
    return (best * (spread(g, x, axis, keepdims) / ties),)


for _name, _ufunc in (("max", "maximum"), ("min", "minimum")):
    primitive(
        _name,
        source=f"np.{_ufunc}.reduce({{x}}, axis={{axis}}, keepdims={{keepdims}}, out={{out}})",
        infer=_spec,
        inputs="x",
        vjp=_extreme_vjp,
        latex=rf"\{_name} {{x}}",
        domain=(-3.0, 3.0),
        rows=by_rows_beside,
    )


def _product_vjp(g: Tensor, y: Tensor, x: Tensor, axis: Axis, keepdims: bool, dtype: str) -> tuple[Tensor]:
    # The product of all the others, without a division, so that zeros are welcome:
    # (product of those before) times (product of those after), along one flat axis.
    axes = axes_of(axis, x.ndim)
    kept = tuple(i for i in range(x.ndim) if i not in axes)
    order = kept + axes
    count = math.prod(x.shape[i] for i in axes)
    flat = bind("transpose", x, axes=order)
    moved = flat.shape
    flat = bind("reshape", flat, shape=(*[x.shape[i] for i in kept], count))
    others = exclusive_product(flat, False) * exclusive_product(flat, True)
    others = bind("reshape", others, shape=moved)
    others = bind("transpose", others, axes=tuple(order.index(i) for i in range(x.ndim)))
    return (spread(g, x, axis, keepdims) * others,)


def exclusive_product(x: Tensor, reverse: bool) -> Tensor:
    """Along the last axis, the product of the elements before each one (after it, if reversed)."""
    ones = Tensor.wrap(np.ones((*x.shape[:-1], 1), x.dtype))
    body = x[..., 1:] if reverse else x[..., :-1]
    pair = (body, ones) if reverse else (ones, body)
    shifted = bind("concatenate", *pair, axis=x.ndim - 1)
    if reverse:
        return bind("cumprod", shifted[..., ::-1], axis=x.ndim - 1)[..., ::-1]
    return bind("cumprod", shifted, axis=x.ndim - 1)


primitive(
    "prod",
    source="np.multiply.reduce({x}, axis={axis}, keepdims={keepdims}, out={out})",
    infer=_spec_as,
    inputs="x",
    vjp=_product_vjp,
    latex=r"\prod {x}",
    domain=(-2.0, 2.0),
    symbol="product",
)

# --- without gradients

for _name, _ufunc in (("all", "logical_and"), ("any", "logical_or")):
    primitive(
        _name,
        source=f"np.{_ufunc}.reduce({{x}}, axis={{axis}}, keepdims={{keepdims}}, out={{out}})",
        infer=lambda x, axis, keepdims: Spec(reduced(x.shape, axis, keepdims), "bool"),
        inputs="x",
        latex=rf"\operatorname{{{{{_name}}}}} {{x}}",
        domain=(-3.0, 3.0),
    )

for _name in ("argmax", "argmin"):
    primitive(
        _name,
        source=f"np.copyto({{out}}, {{x}}.{_name}({{axis}}, keepdims={{keepdims}}), casting='unsafe')",
        infer=lambda x, axis, keepdims: Spec(reduced(x.shape, axis, keepdims), "int32"),
        inputs="x",
        latex=rf"\operatorname{{{{{_name}}}}} {{x}}",
        domain=(-3.0, 3.0),
        rows=by_rows_beside,
        symbol="index",
    )

primitive(
    "hits",
    source="np.equal({scores}.argmax(-1), {labels}, out={out})",
    infer=lambda scores, labels: Spec(np.broadcast_shapes(scores.shape[:-1], labels.shape), "bool"),
    inputs="scores labels",
    latex=r"[\operatorname{{argmax}} {scores} = {labels}]",
    domain=(-3.0, 3.0),
    rows=lambda scores, labels: (True, True) if scores.shape[:-1] == labels.shape else None,
)
