r"""Normalization with gradients derived by hand.

By rows, as layer normalization needs it: with $\hat x = (x - \mu) / s$, $s = \sqrt{\sigma^2 + \epsilon}$, $y = \gamma
\hat x$ and
$a = g \gamma$,

$$ \frac{\partial \ell}{\partial x} = \frac{1}{s} \left( a - \overline{a} - \hat x \, \overline{a \hat x} \right) $$

(bars are means over the row). `row_norm` is given $\hat x$, $\mu$ and $1/s$ beside the $x$ they were made of, and
sends its
gradient to $x$ directly, in one pass through the cache. By columns, as batch normalization needs it, `channel_norm`
does the same with $\mu$ and $1/s$ of the batch, which `channel_moments` finds. Next: `attention.py`.
"""

from __future__ import annotations

from babytf.engine import normalization_kernels, row_blocks
from babytf.engine.primitive import NAMESPACE, Spec, primitive
from babytf.engine.primitives.common import sum_to
from babytf.engine.primitives.key import Key
from babytf.engine.tensor import Tensor, bind

NAMESPACE.update(normalization_kernels=normalization_kernels, row_blocks=row_blocks)

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
    blas=True,
)
primitive(
    "column_dot",
    source="row_blocks.column_dot({a}, {b}, {out})",
    infer=lambda a, b: _columns(a),
    vjp=lambda g, y, a, b: (b * g, a * g),
    latex=r"\sum_i {a}_i \, {b}_i",
    domain=(-3.0, 3.0),
    symbol="total",
    blas=True,
)

# --- each row by its own statistics


def _mean(x: Tensor) -> Tensor:
    return bind("mean", x, axis=1, keepdims=True, dtype=x.dtype.name, count=x.shape[1])


def _statistics_spec(x: Spec, center: bool, epsilon: float) -> Spec:
    return Spec((x.shape[0], 2), x.dtype)


def _two(statistics: Tensor) -> tuple[Tensor, Tensor]:
    """The means and the inverses, `(N, 1)` each."""
    shape = (statistics.shape[0], 1)
    first, second = (Key((slice(None), slice(i, i + 1))) for i in (0, 1))
    return bind("getitem", statistics, key=first, shape=shape), bind("getitem", statistics, key=second, shape=shape)


def _statistics_vjp(g: Tensor, y: Tensor, x: Tensor, center: bool, epsilon: float) -> tuple[Tensor]:
    (to_mean, to_inverse), (mean, inverse) = _two(g), _two(y)
    along = to_inverse * (inverse * inverse * inverse) * (x - mean)
    return ((to_mean - along if center else -along) / x.shape[1],)


primitive(
    "row_statistics",
    source="normalization_kernels.row_statistics({x}, {center}, {epsilon}, {out})",
    infer=_statistics_spec,
    inputs="x",
    vjp=_statistics_vjp,
    latex=r"\mu({x}), \frac{{1}}{{\sqrt{{\sigma^2({x}) + {epsilon}}}}}",
    domain=(-3.0, 3.0),
    symbol="statistics",
    rows=lambda x, center, epsilon: (True,),
    blas=True,
)


def _standard_vjp(g: Tensor, y: Tensor, x: Tensor, statistics: Tensor) -> tuple[Tensor, Tensor]:
    mean, inverse = _two(statistics)
    to_x = g * inverse
    along = g * (x - mean)
    both = (bind("sum", t, axis=1, keepdims=True, dtype=t.dtype.name) for t in (-to_x, along))
    return to_x, bind("concatenate", *both, axis=1)


primitive(
    "row_standard",
    source="np.subtract({x}, {statistics}[:, :1], out={out})\nnp.multiply({out}, {statistics}[:, 1:], out={out})",
    infer=lambda x, statistics: Spec(x.shape, x.dtype),
    vjp=_standard_vjp,
    latex=r"\frac{{{x} - \mu}}{{\sqrt{{\sigma^2 + \epsilon}}}}",
    domain=(-3.0, 3.0),
    symbol="standard",
    rows=lambda x, statistics: (True, True),
)


def _project(a: Tensor, standard: Tensor, center: bool) -> Tensor:
    """`a` without its part along the standardized row (and without its mean)."""
    rest = a - standard * _mean(a * standard)
    return rest - _mean(a) if center else rest


def _row_norm_spec(x: Spec, gamma: Spec, standard: Spec, statistics: Spec, center: bool) -> Spec:
    return Spec(x.shape, x.dtype)


def _row_norm_vjp(
    g: Tensor, y: Tensor, x: Tensor, gamma: Tensor, standard: Tensor, statistics: Tensor, center: bool
) -> tuple[Tensor | None, ...]:
    to_gamma = bind("column_dot", g, standard) if gamma.ndim else None
    return bind("row_norm_gradient", g, gamma, standard, statistics, center=center), to_gamma, None, None


primitive(
    "row_norm",
    source="np.multiply({standard}, {gamma}, out={out})",
    infer=_row_norm_spec,
    inputs="x gamma standard statistics",
    vjp=_row_norm_vjp,
    latex=r"{gamma} \, {standard}",
    domain=(0.5, 2.0),
    symbol="normalized",
    rows=lambda x, gamma, standard, statistics, center: (True, False, True, True),
)


def _gradient_spec(g: Spec, gamma: Spec, standard: Spec, statistics: Spec, center: bool) -> Spec:
    return Spec(g.shape, g.dtype)


def _row_norm_gradient_vjp(
    h: Tensor, y: Tensor, g: Tensor, gamma: Tensor, standard: Tensor, statistics: Tensor, center: bool
) -> tuple[Tensor, ...]:
    # the projection is symmetric: what it does to `a` on the way there, it does to `u` on the way back
    _, inverse = _two(statistics)
    a, u = g * gamma, h * inverse
    to_a = _project(u, standard, center)
    to_standard = -(u * _mean(a * standard) + a * _mean(u * standard))
    to_inverse = bind("sum", h * _project(a, standard, center), axis=1, keepdims=True, dtype=h.dtype.name)
    to_statistics = bind("concatenate", to_inverse * 0.0, to_inverse, axis=1)
    return to_a * gamma, sum_to(to_a * g, gamma.shape), to_standard, to_statistics


primitive(
    "row_norm_gradient",
    source="normalization_kernels.row_norm_gradient({g}, {gamma}, {standard}, {statistics}, {center}, {out})",
    infer=_gradient_spec,
    inputs="g gamma standard statistics",
    vjp=_row_norm_gradient_vjp,
    latex=(
        r"\frac{{1}}{{s}} \, ({g} {gamma} - \overline{{{g} {gamma}}} "
        r"- {standard} \, \overline{{{g} {gamma} {standard}}})"
    ),
    domain=(0.5, 2.0),
    symbol="grad",
    rows=lambda g, gamma, standard, statistics, center: (True, False, True, True),
    blas=True,
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
    blas=True,
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


def _three(packed: Tensor, shape: tuple[int, ...]) -> list[Tensor]:
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
    blas=True,
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
    blas=True,
)
