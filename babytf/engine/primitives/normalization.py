r"""Normalization with gradients derived by hand.

By rows, as layer normalization needs it: with $\hat x = (x - \mu) / s$, $s = \sqrt{\sigma^2 + \epsilon}$, $y = \gamma \hat x$ and
$a = g \gamma$,

$$ \frac{\partial \ell}{\partial x} = \frac{1}{s} \left( a - \overline{a} - \hat x \, \overline{a \hat x} \right) $$

(bars are means over the row). `row_norm` is given $\hat x$ and $1/s$ beside the $x$ they were made of, and sends its
gradient to $x$ directly, in one pass through the cache. By columns, as batch normalization needs it, `channel_norm`
does the same with $\mu$ and $1/s$ of the batch, which `channel_moments` finds. Next: `attention.py`.
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

# --- each column by the statistics of the batch


def _moments_spec(x: Spec) -> Spec:
    return Spec((2, x.shape[1]), x.dtype)


def _row_of(x: Tensor, i: int) -> Tensor:
    return bind("getitem", x, key=Key((i,)), shape=x.shape[1:])


def _moments_vjp(g: Tensor, y: Tensor, x: Tensor) -> tuple[Tensor]:
    to_mean, to_variance, mean = _row_of(g, 0), _row_of(g, 1), _row_of(y, 0)
    return ((to_mean + (x - mean) * (to_variance * 2.0)) / x.shape[0],)


primitive(
    "channel_moments",
    source="normalization_kernels.channel_moments({x}, {out})",
    infer=_moments_spec,
    vjp=_moments_vjp,
    latex=r"\mu({x}), \sigma^2({x})",
    domain=(-3.0, 3.0),
    symbol="moments",
    products=_one_thread,
)


def _channel_norm_spec(x: Spec, gamma: Spec, beta: Spec, mean: Spec, inverse: Spec, factor: Spec, shift: Spec) -> Spec:
    return Spec(x.shape, x.dtype)


def _channel_norm_vjp(
    g: Tensor,
    y: Tensor,
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    mean: Tensor,
    inverse: Tensor,
    factor: Tensor,
    shift: Tensor,
) -> tuple[Tensor | None, ...]:
    packed = bind("channel_norm_gradient", g, x, gamma, mean, inverse)
    to_x, to_gamma, to_beta = _three(packed, x.shape)
    return to_x, to_gamma, to_beta, None, None, None, None


def _three(packed: Tensor, shape: tuple[int, int]) -> list[Tensor]:
    size, channels = shape[0] * shape[1], shape[1]
    cuts = ((0, size, shape), (size, size + channels, (channels,)), (size + channels, size + 2 * channels, (channels,)))
    return [
        bind("reshape", bind("getitem", packed, key=Key((slice(a, b),)), shape=(b - a,)), shape=of) for a, b, of in cuts
    ]


primitive(
    "channel_norm",
    source="normalization_kernels.affine_columns({x}, {factor}, {shift}, {out})",
    infer=_channel_norm_spec,
    vjp=_channel_norm_vjp,
    latex=r"{x} \, {factor} + {shift}",
    domain=(0.5, 2.0),
    symbol="normalized",
    products=_one_thread,
)


def _channel_gradient_spec(g: Spec, x: Spec, gamma: Spec, mean: Spec, inverse: Spec) -> Spec:
    return Spec((x.size + 2 * x.shape[1],), x.dtype)


def _channel_gradient_vjp(
    h: Tensor, y: Tensor, g: Tensor, x: Tensor, gamma: Tensor, mean: Tensor, inverse: Tensor
) -> tuple[Tensor, ...]:
    # to_x = f (g - mean(g) - s mean(g s)) with s = (x - mean) inverse, f = gamma inverse; to_gamma = sum(g s);
    # to_beta = sum(g)
    h_x, h_gamma, h_beta = _three(h, x.shape)
    count = x.shape[0]
    centered = x - mean
    s = centered * inverse
    along, total = _columns_sum(g * s), _columns_sum(g)
    inner = g - total / count - s * (along / count)
    u = h_x * (gamma * inverse)
    u_along = _columns_sum(u * s)
    to_g = u - _columns_sum(u) / count - s * (u_along / count) + h_gamma * s + h_beta
    to_s = g * (h_gamma - u_along / count) - u * (along / count)
    to_factor = _columns_sum(h_x * inner)
    to_inverse = to_factor * gamma + _columns_sum(to_s * centered)
    return to_g, to_s * inverse, to_factor * inverse, -_columns_sum(to_s) * inverse, to_inverse


def _columns_sum(x: Tensor) -> Tensor:
    return bind("sum", x, axis=0, keepdims=False, dtype=x.dtype.name)


primitive(
    "channel_norm_gradient",
    source="normalization_kernels.channel_norm_gradient({g}, {x}, {gamma}, {mean}, {inverse}, {out})",
    infer=_channel_gradient_spec,
    vjp=_channel_gradient_vjp,
    latex=r"{gamma} {inverse} \, ({g} - \overline{{{g}}} - {x} \, \overline{{{g} {x}}})",
    domain=(0.5, 2.0),
    symbol="grad",
    products=_one_thread,
)
