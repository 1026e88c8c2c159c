r"""Running sums and products along one axis, and the recurrence their gradients need.

Next: `shape.py`.
"""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive
from babytf.engine.tensor import Tensor, bind


def _along(x: Spec, axis: int) -> Spec:
    return Spec(x.shape, x.dtype)


def _part(x: Tensor, axis: int, part: slice) -> Tensor:
    return x[(slice(None),) * axis + (part,)]


def _reversed(x: Tensor, axis: int) -> Tensor:
    return _part(x, axis, slice(None, None, -1))


primitive(
    "cumsum",
    source="np.add.accumulate({x}, axis={axis}, out={out})",
    infer=_along,
    inputs="x",
    vjp=lambda g, y, x, axis: (_reversed(bind("cumsum", _reversed(g, axis), axis=axis), axis),),
    latex=r"\sum_{{j \le i}} {x}_j",
    domain=(-3.0, 3.0),
)


def _before(x: Tensor, axis: int, first: float) -> Tensor:
    """Each element's predecessor along the axis; `first` for the first one."""
    head, rest = _part(x, axis, slice(0, 1)), _part(x, axis, slice(None, -1))
    return bind("concatenate", head * 0.0 + first, rest, axis=axis)


def _cumprod_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int) -> tuple[Tensor]:
    # dy_k/dx_i = (product before i) times (product from i+1 to k), for k >= i. With
    # r_i = g_i + x_{i+1} r_{i+1} this needs no division, so that zeros are welcome.
    after = _reversed(_before(_reversed(x, axis), axis, 0.0), axis)
    r = _reversed(bind("recurrence", _reversed(after, axis), _reversed(g, axis), axis=axis), axis)
    return (_before(y, axis, 1.0) * r,)


primitive(
    "cumprod",
    source="np.multiply.accumulate({x}, axis={axis}, out={out})",
    infer=_along,
    inputs="x",
    vjp=_cumprod_vjp,
    latex=r"\prod_{{j \le i}} {x}_j",
    domain=(-2.0, 2.0),
)


def _recurrence_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    after = _reversed(_before(_reversed(a, axis), axis, 0.0), axis)
    s = _reversed(bind("recurrence", _reversed(after, axis), _reversed(g, axis), axis=axis), axis)
    return s * _before(y, axis, 0.0), s


primitive(
    "recurrence",
    source="kernels.recurrence({a}, {b}, {axis}, {out})",
    infer=lambda a, b, axis: Spec(b.shape, b.dtype),
    inputs="a b",
    vjp=_recurrence_vjp,
    latex=r"h_i = {a}_i h_{{i-1}} + {b}_i",
    domain=(-1.5, 1.5),
)
