"""Rows whose result is true or false, and `select`, which chooses by one. Next: `reduction.py`."""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import broadcast_shapes, number, sum_to
from babytf.engine.tensor import Tensor, bind


def _test_of_two(a: Spec, b: Spec) -> Spec:
    return Spec(broadcast_shapes(a.shape, b.shape), "bool")


def _test_of_one(x: Spec) -> Spec:
    return Spec(x.shape, "bool")


for _name, _sign in (
    ("equal", "="),
    ("not_equal", r"\ne"),
    ("less", "<"),
    ("less_equal", r"\le"),
    ("greater", ">"),
    ("greater_equal", r"\ge"),
    ("logical_and", r"\land"),
    ("logical_or", r"\lor"),
    ("logical_xor", r"\oplus"),
):
    primitive(
        _name,
        source=f"np.{_name}({{a}}, {{b}}, out={{out}})",
        infer=_test_of_two,
        latex=f"{{a}} {_sign} {{b}}",
        domain=(-3.0, 3.0),
        kind="elementwise",
    )

for _name, _formula in (
    ("logical_not", r"\lnot {x}"),
    ("isnan", r"{x} \text{{ is NaN}}"),
    ("isinf", r"|{x}| = \infty"),
    ("isfinite", r"|{x}| < \infty"),
):
    primitive(
        _name,
        source=f"np.{_name}({{x}}, out={{out}})",
        infer=_test_of_one,
        latex=_formula,
        domain=(-3.0, 3.0),
        kind="elementwise",
    )

# --- bits


def _bits_spec(a: Spec, b: Spec) -> Spec:
    return Spec(broadcast_shapes(a.shape, b.shape), a.dtype)


for _name, _sign in (("bitwise_and", r"\mathbin{{\&}}"), ("bitwise_or", r"\mathbin{{|}}"), ("bitwise_xor", r"\oplus")):
    primitive(
        _name,
        source=f"np.{_name}({{a}}, {{b}}, out={{out}})",
        infer=_bits_spec,
        latex=f"{{a}} {_sign} {{b}}",
        kind="elementwise",
    )

primitive(
    "invert",
    source="np.invert({x}, out={out})",
    infer=lambda x: Spec(x.shape, x.dtype),
    latex=r"\lnot {x}",
    kind="elementwise",
)

# --- choosing


def _select_spec(condition: Spec, a: Spec, b: Spec) -> Spec:
    return Spec(broadcast_shapes(condition.shape, a.shape, b.shape), a.dtype)


def _select_bits(condition: Spec, a: Spec, b: Spec) -> Spec:
    return Spec(broadcast_shapes(condition.shape, a.shape, b.shape), f"int{8 * a.dtype.itemsize}")


def _select_vjp(g: Tensor, y: Tensor, condition: Tensor, a: Tensor, b: Tensor) -> tuple[None, Tensor, Tensor]:
    zero = number(0, g)
    ga, gb = bind("select", condition, g, zero), bind("select", condition, zero, g)
    return None, sum_to(ga, a.shape), sum_to(gb, b.shape)


primitive(
    "select",
    source="kernels.select({condition}, {a}, {b}, {mask}, {out})",
    infer=_select_spec,
    vjp=_select_vjp,
    latex=r"\begin{{cases}} {a} & {condition} \\ {b} & \text{{else}} \end{{cases}}",
    domain=(-3.0, 3.0),
    kind="elementwise",
    scratch={"mask": _select_bits},
)
