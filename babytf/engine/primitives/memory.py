"""Many arrays side by side in one vector: what a `FlatGroup` gathers its gradients with."""

from __future__ import annotations

from typing import Any

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.key import Key
from babytf.engine.tensor import Tensor, bind


def _flat_spec(*xs: Spec) -> Spec:
    return Spec((sum(x.size for x in xs),), xs[0].dtype)


def _flat_vjp(g: Tensor, y: Tensor, *xs: Tensor) -> tuple[Any, ...]:
    parts, offset = [], 0
    for x in xs:
        part = bind("getitem", g, key=Key((slice(offset, offset + x.size),)), shape=(x.size,))
        parts.append(bind("reshape", part, shape=x.shape))
        offset += x.size
    return tuple(parts)


primitive(
    "flat_concat",
    source="np.concatenate([x.reshape(-1) for x in {xs}], out={out})",
    infer=_flat_spec,
    inputs="*xs",
    vjp=_flat_vjp,
    latex=r"[{xs}]",
    domain=(-3.0, 3.0),
    symbol="vector",
)
