r"""Arithmetic and the elementary functions: each output element depends on the inputs at its place.

The statements of a row with several of them never read an input after `out` was first written, so
that `out` may be the very array of an input. Next: `activation.py`.
"""

from __future__ import annotations

import math
from typing import Any

from babytf.engine.primitive import Spec, primitive, same_spec
from babytf.engine.primitives.common import broadcast_spec, masked, number, sum_to, zero_vjp
from babytf.engine.tensor import Tensor, bind

# --- arithmetic of two arrays of one dtype

primitive(
    "add",
    source="np.add({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(g, a.shape), sum_to(g, b.shape)),
    latex=r"{a} + {b}",
    domain=(-3.0, 3.0),
    kind="elementwise",
    symbol="sum",
)
primitive(
    "subtract",
    source="np.subtract({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(g, a.shape), sum_to(-g, b.shape)),
    latex=r"{a} - {b}",
    domain=(-3.0, 3.0),
    kind="elementwise",
    symbol="difference",
)
primitive(
    "multiply",
    source="np.multiply({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(g * b, a.shape), sum_to(g * a, b.shape)),
    latex=r"{a} \, {b}",
    domain=(-3.0, 3.0),
    kind="elementwise",
    symbol="product",
)
primitive(
    "divide",
    source="np.divide({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(g / b, a.shape), sum_to(-g * y / b, b.shape)),
    latex=r"\frac{{{a}}}{{{b}}}",
    domain=(0.5, 3.0),
    kind="elementwise",
    symbol="quotient",
)


def _divide_no_nan(a: Tensor, b: Tensor) -> Tensor:
    return bind("divide_no_nan", a, b)


primitive(
    "divide_no_nan",
    source="{out}.fill(0)\nnp.divide({a}, {b}, out={out}, where=np.not_equal({b}, 0, out={some}))",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(_divide_no_nan(g, b), a.shape), sum_to(_divide_no_nan(-g * y, b), b.shape)),
    latex=r"\frac{{{a}}}{{{b}}} \text{{ or }} 0",
    domain=(0.5, 3.0),
    scratch={"some": lambda a, b: Spec(b.shape, "bool")},
    symbol="quotient",
)


def _power_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    # b a^(b-1) is 0 for b = 0, whatever a is; and ln a counts only where a > 0.
    slope = bind("select", b == 0, number(0, a), b * a ** (b - 1))
    log_a = bind("log", bind("select", a > 0, a, number(1, a)))
    return sum_to(g * slope, a.shape), sum_to(g * y * log_a, b.shape)


primitive(
    "power",
    source="np.power({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=_power_vjp,
    latex=r"{a}^{{{b}}}",
    domain=(0.5, 2.0),
    kind="elementwise",
)
primitive(
    "mod",
    source="np.remainder({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(g, a.shape), sum_to(-g * (a // b), b.shape)),
    latex=r"{a} \bmod {b}",
    domain=(0.5, 3.0),
    kind="elementwise",
)
primitive(
    "floor_divide",
    source="np.floor_divide({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=zero_vjp,
    latex=r"\lfloor {a} / {b} \rfloor",
    domain=(0.5, 3.0),
    kind="elementwise",
    symbol="floor",
)
primitive(
    "maximum",
    source="np.maximum({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(masked(g, a >= b), a.shape), sum_to(masked(g, a < b), b.shape)),
    latex=r"\max({a}, {b})",
    domain=(-3.0, 3.0),
    kind="elementwise",
)
primitive(
    "minimum",
    source="np.minimum({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(masked(g, a <= b), a.shape), sum_to(masked(g, a > b), b.shape)),
    latex=r"\min({a}, {b})",
    domain=(-3.0, 3.0),
    kind="elementwise",
)


def _arctan2_vjp(g: Tensor, y: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    slope = g / (a * a + b * b)
    return sum_to(slope * b, a.shape), sum_to(-slope * a, b.shape)


primitive(
    "arctan2",
    source="np.arctan2({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=_arctan2_vjp,
    latex=r"\operatorname{{atan2}}({a}, {b})",
    domain=(0.5, 3.0),
    kind="elementwise",
    symbol="angle",
)
primitive(
    "logaddexp",
    source="np.logaddexp({a}, {b}, out={out})",
    infer=broadcast_spec,
    vjp=lambda g, y, a, b: (sum_to(g * _exp(a - y), a.shape), sum_to(g * _exp(b - y), b.shape)),
    latex=r"\ln(e^{{{a}}} + e^{{{b}}})",
    domain=(-3.0, 3.0),
    kind="elementwise",
)


def _exp(x: Tensor) -> Tensor:
    return bind("exp", x)


def _clip_spec(x: Spec, low: Spec, high: Spec) -> Spec:
    return broadcast_spec(Spec(broadcast_spec(x, low).shape, x.dtype), high)


def _clip_vjp(g: Tensor, y: Tensor, x: Tensor, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    inside = bind("logical_and", x >= low, x <= high)
    return (
        sum_to(masked(g, inside), x.shape),
        sum_to(masked(g, bind("logical_and", x < low, low <= high)), low.shape),
        sum_to(masked(g, bind("logical_or", x > high, low > high)), high.shape),
    )


primitive(
    "clip",
    source="{x}.clip({low}, {high}, out={out})",
    infer=_clip_spec,
    vjp=_clip_vjp,
    latex=r"\operatorname{{clip}}({x}, {low}, {high})",
    domain=(-3.0, 3.0),
    kind="elementwise",
    symbol="clipped",
)

# --- functions of one array


def _unary(name: str, ufunc: str, vjp: Any, latex: str, domain: tuple[float, float], symbol: str | None = None) -> None:
    """A row whose whole source is one NumPy ufunc."""
    primitive(
        name,
        source=f"np.{ufunc}({{x}}, out={{out}})",
        infer=same_spec,
        inputs="x",
        vjp=vjp,
        latex=latex,
        domain=domain,
        kind="elementwise",
        symbol=symbol,
    )


_unary("negative", "negative", lambda g, y, x: (-g,), r"-{x}", (-3.0, 3.0))
_unary("absolute", "absolute", lambda g, y, x: (g * bind("sign", x),), r"|{x}|", (-3.0, 3.0), "size")
_unary("sign", "sign", zero_vjp, r"\operatorname{{sgn}}({x})", (-3.0, 3.0))
_unary("square", "square", lambda g, y, x: (g * (x * 2.0),), r"{x}^2", (-3.0, 3.0))
_unary("reciprocal", "reciprocal", lambda g, y, x: (-g * (y * y),), r"\frac{{1}}{{{x}}}", (0.5, 3.0))
_unary("sqrt", "sqrt", lambda g, y, x: (g * 0.5 / y,), r"\sqrt{{{x}}}", (0.5, 3.0))
_unary("cbrt", "cbrt", lambda g, y, x: (g / (y * y * 3.0),), r"\sqrt[3]{{{x}}}", (0.5, 3.0))
_unary("exp", "exp", lambda g, y, x: (g * y,), r"e^{{{x}}}", (-3.0, 3.0))
_unary("exp2", "exp2", lambda g, y, x: (g * y * math.log(2.0),), r"2^{{{x}}}", (-3.0, 3.0))
_unary("expm1", "expm1", lambda g, y, x: (g * (y + 1.0),), r"e^{{{x}}} - 1", (-3.0, 3.0))
_unary("log", "log", lambda g, y, x: (g / x,), r"\ln {x}", (0.5, 3.0))
_unary("log1p", "log1p", lambda g, y, x: (g / (x + 1.0),), r"\ln(1 + {x})", (-0.5, 3.0))
_unary("log2", "log2", lambda g, y, x: (g / (x * math.log(2.0)),), r"\log_2 {x}", (0.5, 3.0))
_unary("log10", "log10", lambda g, y, x: (g / (x * math.log(10.0)),), r"\log_{{10}} {x}", (0.5, 3.0))
_unary("sin", "sin", lambda g, y, x: (g * bind("cos", x),), r"\sin {x}", (-3.0, 3.0))
_unary("cos", "cos", lambda g, y, x: (-g * bind("sin", x),), r"\cos {x}", (-3.0, 3.0))
_unary("tan", "tan", lambda g, y, x: (g * (y * y + 1.0),), r"\tan {x}", (-1.2, 1.2))
_unary("arcsin", "arcsin", lambda g, y, x: (g / bind("sqrt", 1.0 - x * x),), r"\arcsin {x}", (-0.9, 0.9))
_unary("arccos", "arccos", lambda g, y, x: (-g / bind("sqrt", 1.0 - x * x),), r"\arccos {x}", (-0.9, 0.9))
_unary("arctan", "arctan", lambda g, y, x: (g / (x * x + 1.0),), r"\arctan {x}", (-3.0, 3.0))
_unary("sinh", "sinh", lambda g, y, x: (g * bind("cosh", x),), r"\sinh {x}", (-3.0, 3.0))
_unary("cosh", "cosh", lambda g, y, x: (g * bind("sinh", x),), r"\cosh {x}", (-3.0, 3.0))
_unary("tanh", "tanh", lambda g, y, x: (g * (1.0 - y * y),), r"\tanh({x})", (-3.0, 3.0))
_unary(
    "arcsinh", "arcsinh", lambda g, y, x: (g / bind("sqrt", x * x + 1.0),), r"\operatorname{{arsinh}} {x}", (-3.0, 3.0)
)
_unary(
    "arccosh", "arccosh", lambda g, y, x: (g / bind("sqrt", x * x - 1.0),), r"\operatorname{{arcosh}} {x}", (1.5, 3.0)
)
_unary("arctanh", "arctanh", lambda g, y, x: (g / (1.0 - x * x),), r"\operatorname{{artanh}} {x}", (-0.9, 0.9))
_unary("floor", "floor", zero_vjp, r"\lfloor {x} \rfloor", (-3.0, 3.0))
_unary("ceil", "ceil", zero_vjp, r"\lceil {x} \rceil", (-3.0, 3.0))
_unary("trunc", "trunc", zero_vjp, r"\operatorname{{trunc}} {x}", (-3.0, 3.0))

primitive(
    "rsqrt",
    source="np.sqrt({x}, out={out})\nnp.reciprocal({out}, out={out})",
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x: (g * -0.5 * (y * y * y),),
    latex=r"\frac{{1}}{{\sqrt{{{x}}}}}",
    domain=(0.5, 3.0),
    kind="elementwise",
)
primitive(
    "round",
    source="np.round({x}, {decimals}, out={out})",
    infer=same_spec,
    inputs="x",
    vjp=zero_vjp,
    latex=r"\operatorname{{round}}({x})",
    domain=(-3.0, 3.0),
    kind="elementwise",
    symbol="rounded",
)
primitive(
    "erf",
    source="kernels.erf({x}, {out})",
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x: (g * bind("exp", -(x * x)) * (2.0 / math.sqrt(math.pi)),),
    latex=r"\operatorname{{erf}}({x})",
    domain=(-3.0, 3.0),
    kind="elementwise",
)
primitive(
    "nan_to_num",
    source="np.copyto({out}, np.nan_to_num({x}, nan={nan}, posinf={posinf}, neginf={neginf}))",
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x, **params: (masked(g, bind("isfinite", x)),),
    latex=r"\operatorname{{finite}}({x})",
    domain=(-3.0, 3.0),
    kind="elementwise",
    symbol="finite",
)

# --- the same values, in another dtype or in another place


def _cast_vjp(g: Tensor, y: Tensor, x: Tensor, dtype: str) -> tuple[Tensor | None]:
    return (bind("cast", g, dtype=x.dtype.name) if x.dtype.kind == "f" and g.dtype.kind == "f" else None,)


def _cast_spec(x: Spec, dtype: str) -> Spec:
    return Spec(x.shape, dtype)


primitive(
    "cast",
    source="np.copyto({out}, {x}, casting='unsafe')",
    infer=_cast_spec,
    inputs="x",
    vjp=_cast_vjp,
    latex=r"{x}",
    domain=(-3.0, 3.0),
    kind="elementwise",
)
primitive(
    "copy",
    source="np.copyto({out}, {x})",
    infer=same_spec,
    inputs="x",
    vjp=lambda g, y, x: (g,),
    latex=r"{x}",
    domain=(-3.0, 3.0),
    kind="elementwise",
)
primitive(
    "stop_gradient",
    source="{x}",
    infer=same_spec,
    inputs="x",
    vjp=zero_vjp,
    latex=r"\operatorname{{const}}({x})",
    domain=(-3.0, 3.0),
    kind="view",
)
