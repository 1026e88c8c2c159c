r"""Normalization with gradients derived by hand.

By rows, as layer normalization needs it: with $\hat x = (x - \mu) / s$, $s = \sqrt{\sigma^2 + \epsilon}$, $y = \gamma \hat x$ and
$a = g \gamma$,

$$ \frac{\partial \ell}{\partial x} = \frac{1}{s} \left( a - \overline{a} - \hat x \, \overline{a \hat x} \right) $$

(bars are means over the row). `row_norm` is given $\hat x$ and $1/s$ beside the $x$ they were made of, and sends its
gradient to $x$ directly, in one pass through the cache. Next: `attention.py`.
"""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import sum_to
from babytf.engine.primitives.key import Key
from babytf.engine.tensor import Tensor, bind


def _one_thread(*specs: Spec, **params: object) -> int:
    """They share themselves among threads, with BLAS held to one for each."""
    return 1


# --- sums over rows, as products with ones


def _columns(x: Spec) -> Spec:
    return Spec(x.shape[1:], x.dtype)


primitive(
    "column_sums",
    source="row_blocks.column_sums({x}, {out})",
    infer=_columns,
    vjp=lambda g, y, x: (bind("broadcast_to", g, shape=x.shape),),
    latex=r"\sum_i {x}_i",
    domain=(-3.0, 3.0),
    symbol="total",
    products=_one_thread,
)
primitive(
    "column_dot",
    source="row_blocks.column_dot({a}, {b}, {out})",
    infer=lambda a, b: _columns(a),
    vjp=lambda g, y, a, b: (b * g, a * g),
    latex=r"\sum_i {a}_i \, {b}_i",
    domain=(-3.0, 3.0),
    symbol="total",
    products=_one_thread,
)

# --- each row by its own statistics


def _mean(x: Tensor) -> Tensor:
    return bind("mean", x, axis=1, keepdims=True, dtype=x.dtype.name, count=x.shape[1])


def _packed_spec(x: Spec, center: bool, epsilon: float) -> Spec:
    return Spec((x.size + x.shape[0],), x.dtype)


def unpack(packed: Tensor, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The standardized rows `(N, F)`, and what each was multiplied with, `(N, 1)`."""
    size = shape[0] * shape[1]
    standard = bind("getitem", packed, key=Key((slice(0, size),)), shape=(size,))
    inverse = bind("getitem", packed, key=Key((slice(size, size + shape[0]),)), shape=(shape[0],))
    return bind("reshape", standard, shape=shape), bind("reshape", inverse, shape=(shape[0], 1))


def _standardize_vjp(g: Tensor, y: Tensor, x: Tensor, center: bool, epsilon: float) -> tuple[Tensor]:
    g_standard, g_inverse = unpack(g, x.shape)
    standard, inverse = unpack(y, x.shape)
    through = _project(g_standard, standard, center) * inverse
    return (through - g_inverse * (inverse * inverse) * standard / x.shape[1],)


def _project(a: Tensor, standard: Tensor, center: bool) -> Tensor:
    """`a` without its part along the standardized row (and without its mean)."""
    rest = a - standard * _mean(a * standard)
    return rest - _mean(a) if center else rest


primitive(
    "standardize_rows",
    source="normalization_kernels.standardize_rows({x}, {center}, {epsilon}, {out})",
    infer=_packed_spec,
    inputs="x",
    vjp=_standardize_vjp,
    latex=r"\frac{{{x} - \mu}}{{\sqrt{{\sigma^2 + {epsilon}}}}}",
    domain=(-3.0, 3.0),
    symbol="standardized",
    products=_one_thread,
)


def _row_norm_spec(x: Spec, gamma: Spec, standard: Spec, inverse: Spec, center: bool) -> Spec:
    return Spec(x.shape, x.dtype)


def _row_norm_vjp(
    g: Tensor, y: Tensor, x: Tensor, gamma: Tensor, standard: Tensor, inverse: Tensor, center: bool
) -> tuple[Tensor | None, ...]:
    to_gamma = bind("column_dot", g, standard) if gamma.ndim else None
    return bind("row_norm_gradient", g, gamma, standard, inverse, center=center), to_gamma, None, None


primitive(
    "row_norm",
    source="np.multiply({standard}, {gamma}, out={out})",
    infer=_row_norm_spec,
    inputs="x gamma standard inverse",
    vjp=_row_norm_vjp,
    latex=r"{gamma} \, {standard}",
    domain=(0.5, 2.0),
    symbol="normalized",
)


def _gradient_spec(g: Spec, gamma: Spec, standard: Spec, inverse: Spec, center: bool) -> Spec:
    return Spec(g.shape, g.dtype)


def _row_norm_gradient_vjp(
    h: Tensor, y: Tensor, g: Tensor, gamma: Tensor, standard: Tensor, inverse: Tensor, center: bool
) -> tuple[Tensor, ...]:
    # y = u-weighted projection of a, which is symmetric; see the module's text for the names
    a, u = g * gamma, h * inverse
    to_a = _project(u, standard, center)
    to_standard = -(u * _mean(a * standard) + a * _mean(u * standard))
    to_inverse = bind("sum", h * _project(a, standard, center), axis=1, keepdims=True, dtype=h.dtype.name)
    return to_a * gamma, sum_to(to_a * g, gamma.shape), to_standard, to_inverse


primitive(
    "row_norm_gradient",
    source="normalization_kernels.row_norm_gradient({g}, {gamma}, {standard}, {inverse}, {center}, {out})",
    infer=_gradient_spec,
    inputs="g gamma standard inverse",
    vjp=_row_norm_gradient_vjp,
    latex=r"{inverse} \, ({g} {gamma} - \overline{{{g} {gamma}}} - {standard} \, \overline{{{g} {gamma} {standard}}})",
    domain=(0.5, 2.0),
    symbol="grad",
    products=_one_thread,
)
