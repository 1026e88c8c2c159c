r"""Exponentials normalised along an axis, all shifted by the largest entry so that none overflows.

Next: `crossentropy.py`.
"""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive, same_spec
from babytf.engine.primitives.common import by_rows_beside
from babytf.engine.primitives.reduction import reduced, spread
from babytf.engine.tensor import Tensor, bind


def _one_per_row(x: Spec, axis: int | tuple[int, ...]) -> Spec:
    return Spec(reduced(x.shape, axis, True), x.dtype)


def _softmax_vjp(g: Tensor, y: Tensor, x: Tensor, axis: int) -> tuple[Tensor]:
    gy = g * y
    return (gy - y * _sum(gy, axis),)


def _sum(x: Tensor, axis: int | tuple[int, ...]) -> Tensor:
    return bind("sum", x, axis=axis, keepdims=True, dtype=x.dtype.name)


primitive(
    "softmax",
    source=(
        "np.maximum.reduce({x}, axis={axis}, keepdims=True, out={row})\n"
        "np.subtract({x}, {row}, out={out})\n"
        "np.exp({out}, out={out})\n"
        "np.add.reduce({out}, axis={axis}, keepdims=True, out={row})\n"
        "np.divide({out}, {row}, out={out})"
    ),
    infer=lambda x, axis: Spec(x.shape, x.dtype),
    inputs="x",
    vjp=_softmax_vjp,
    latex=r"\frac{{e^{{{x}}}}}{{\sum e^{{{x}}}}}",
    domain=(-3.0, 3.0),
    scratch={"row": _one_per_row},
    symbol="probabilities",
    rows=by_rows_beside,
)
primitive(
    "log_softmax",
    source=(
        "np.maximum.reduce({x}, axis={axis}, keepdims=True, out={row})\n"
        "np.subtract({x}, {row}, out={out})\n"
        "np.exp({out}, out={t})\n"
        "np.add.reduce({t}, axis={axis}, keepdims=True, out={row})\n"
        "np.log({row}, out={row})\n"
        "np.subtract({out}, {row}, out={out})"
    ),
    infer=lambda x, axis: Spec(x.shape, x.dtype),
    inputs="x",
    vjp=lambda g, y, x, axis: (g - bind("exp", y) * _sum(g, axis),),
    latex=r"{x} - \ln \sum e^{{{x}}}",
    domain=(-3.0, 3.0),
    scratch={"row": _one_per_row, "t": same_spec},
    symbol="log_probabilities",
    rows=by_rows_beside,
)


def _logsumexp_spec(x: Spec, axis: int | tuple[int, ...], keepdims: bool, lowest: float) -> Spec:
    return Spec(reduced(x.shape, axis, keepdims), x.dtype)


def _row_spec(x: Spec, axis: int | tuple[int, ...], keepdims: bool, lowest: float) -> Spec:
    return _one_per_row(x, axis)


def _logsumexp_vjp(
    g: Tensor, y: Tensor, x: Tensor, axis: int | tuple[int, ...], keepdims: bool, lowest: float
) -> tuple[Tensor]:
    y, g = spread(y, x, axis, keepdims), spread(g, x, axis, keepdims)
    return (g * bind("exp", x - y),)


primitive(
    "logsumexp",  # a row of nothing but -inf, or with an inf, must not become inf - inf
    source=(
        "np.maximum.reduce({x}, axis={axis}, keepdims=True, out={row})\n"
        "np.clip({row}, {lowest}, -{lowest}, out={row})\n"
        "np.subtract({x}, {row}, out={t})\n"
        "np.exp({t}, out={t})\n"
        "np.add.reduce({t}, axis={axis}, keepdims={keepdims}, out={out})\n"
        "np.log({out}, out={out})\n"
        "np.add({out}, {row}.reshape({out}.shape), out={out})"
    ),
    infer=_logsumexp_spec,
    inputs="x",
    vjp=_logsumexp_vjp,
    latex=r"\ln \sum e^{{{x}}}",
    domain=(-3.0, 3.0),
    scratch={"row": _row_spec, "t": lambda x, **params: Spec(x.shape, x.dtype)},
    rows=by_rows_beside,
)
