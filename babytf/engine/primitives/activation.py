r"""The nonlinearities of neural networks that deserve a row of their own. Next: `softmax.py`.

Those that are plain combinations of other rows (silu, gelu, softsign) are written in `babytf/ops/activation.py`.
"""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive, same_spec
from babytf.engine.primitives.common import masked, number
from babytf.engine.tensor import Tensor, bind

primitive(
    "relu",
    source="np.maximum({x}, 0, out={out})",
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x: (bind("relu_gradient", g, y),),
    latex=r"\max(0, {x})",
    domain=(-3.0, 3.0),
    kind="elementwise",
    symbol="a",
)


def _mask_spec(g: Spec, y: Spec) -> Spec:
    return Spec(g.shape, "bool")


def _gradient_spec(g: Spec, y: Spec) -> Spec:
    return Spec(g.shape, g.dtype)


primitive(
    "relu_gradient",
    source="np.greater({y}, 0, out={on})\nnp.multiply({g}, {on}, out={out})",
    infer=_gradient_spec,
    vjp=lambda h, out, g, y: (bind("relu_gradient", h, y), None),
    latex=r"{g} \, [{y} > 0]",
    domain=(-3.0, 3.0),
    kind="elementwise",
    scratch={"on": _mask_spec},
    symbol="grad",
)
primitive(
    "relu6",
    source="np.clip({x}, 0, 6, out={out})",
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x: (masked(g, bind("logical_and", y > 0, y < 6)),),
    latex=r"\min(6, \max(0, {x}))",
    domain=(-3.0, 9.0),
    kind="elementwise",
    symbol="a",
)
primitive(
    "leaky_relu",
    source=(
        "np.minimum({x}, 0, out={t})\n"
        "np.multiply({t}, {negative_slope}, out={t})\n"
        "np.maximum({x}, 0, out={out})\n"
        "np.add({out}, {t}, out={out})"
    ),
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x, negative_slope: (g * bind("select", x > 0, number(1, x), number(negative_slope, x)),),
    latex=r"\max(0, {x}) + {negative_slope} \min(0, {x})",
    domain=(-3.0, 3.0),
    kind="elementwise",
    scratch={"t": same_spec},
    symbol="a",
)


def _elu_vjp(g: Tensor, y: Tensor, x: Tensor, alpha: float) -> tuple[Tensor]:
    return (g * bind("select", x > 0, number(1, x), y + alpha),)


primitive(
    "elu",
    source=(
        "np.minimum({x}, 0, out={t})\n"
        "np.expm1({t}, out={t})\n"
        "np.multiply({t}, {alpha}, out={t})\n"
        "np.maximum({x}, 0, out={out})\n"
        "np.add({out}, {t}, out={out})"
    ),
    infer=same_spec,
    inputs="x",
    vjp=_elu_vjp,
    latex=r"\max(0, {x}) + {alpha} (e^{{\min(0, {x})}} - 1)",
    domain=(-3.0, 3.0),
    kind="elementwise",
    scratch={"t": same_spec},
    symbol="a",
)
primitive(
    "sigmoid",  # e^-x may overflow to infinity, whose reciprocal is the right 0
    source=(
        "np.negative({x}, out={out})\n"
        "np.exp({out}, out={out})\n"
        "np.add({out}, 1, out={out})\n"
        "np.reciprocal({out}, out={out})"
    ),
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x: (g * (y * (1.0 - y)),),
    latex=r"\frac{{1}}{{1 + e^{{-{x}}}}}",
    domain=(-3.0, 3.0),
    kind="elementwise",
    symbol="a",
)
primitive(
    "softplus",  # ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|), where nothing overflows
    source=(
        "np.absolute({x}, out={t})\n"
        "np.negative({t}, out={t})\n"
        "np.exp({t}, out={t})\n"
        "np.log1p({t}, out={t})\n"
        "np.maximum({x}, 0, out={out})\n"
        "np.add({out}, {t}, out={out})"
    ),
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x: (g * bind("sigmoid", x),),
    latex=r"\ln(1 + e^{{{x}}})",
    domain=(-3.0, 3.0),
    kind="elementwise",
    scratch={"t": same_spec},
    symbol="a",
)
