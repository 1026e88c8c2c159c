r"""Order along an axis. Equal elements keep their order, so that results are the same everywhere.

Next: `activation.py`.
"""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive
from babytf.engine.tensor import Tensor, bind


def _sort_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int) -> tuple[Tensor]:
    # y = x[order], so x's gradient is g read through the inverse permutation, which sorts `order`.
    order = bind("argsort", x, axis=axis)
    return (bind("take_along_axis", g, bind("argsort", order, axis=axis), axis=axis),)


primitive(
    "sort",
    source="np.copyto({out}, {x})\n{out}.sort(axis={axis}, kind='stable')",
    infer=lambda x, axis: Spec(x.shape, x.dtype),
    inputs="x",
    vjp=_sort_vjp,
    latex=r"\operatorname{{sort}} {x}",
    domain=(-3.0, 3.0),
    symbol="sorted",
)
primitive(
    "argsort",
    source="np.copyto({out}, np.argsort({x}, axis={axis}, kind='stable'), casting='unsafe')",
    infer=lambda x, axis: Spec(x.shape, "int32"),
    inputs="x",
    latex=r"\operatorname{{argsort}} {x}",
    domain=(-3.0, 3.0),
    symbol="order",
)
primitive(
    "top_k_indices",
    source="kernels.top_k_indices({x}, {k}, {out})",
    infer=lambda x, k: Spec((*x.shape[:-1], k), "int32"),
    inputs="x",
    latex=r"\operatorname{{top}}_{{{k}}} {x}",
    domain=(-3.0, 3.0),
    symbol="best",
)
