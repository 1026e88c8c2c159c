r"""Attention over heads, as products that BLAS does where the heads lie.

With queries $q$, keys $k$ and values $v$ of shape `(B, T, H, D)`, and for each head

$$ p = \operatorname{softmax}(q k^\top + b), \qquad y = p v $$

the gradient of the scores is $p \, (g v^\top - g y)$. The weights $p$ are never made: the exponentials
(`attention_exponentials`), and one over their sums (`attention_inverse`), are kept instead, so that what is divided are
the shorter rows of $y$ and $g$. `attention` hands $y$ on, and sends its gradient to $q$, $k$, $v$ and $b$ directly.
`head_scores`, `head_mix` and `head_mix_back` are linear in each factor, and each other's gradients. All go sample by
sample.
"""

from __future__ import annotations

from babytf.engine import attention_kernels
from babytf.engine.primitive import NAMESPACE, Spec, primitive
from babytf.engine.primitives.common import sum_to
from babytf.engine.tensor import Tensor, bind

NAMESPACE["attention_kernels"] = attention_kernels


def _by_sample(*specs: Spec) -> tuple[bool, ...]:
    """All inputs are taken sample by sample, but for a bias that is the same for all."""
    batch = specs[0].shape[0]
    return tuple(s.ndim > 0 and s.shape[0] == batch for s in specs)


def _scores_spec(q: Spec, k: Spec) -> Spec:
    return Spec((q.shape[0], q.shape[2], q.shape[1], k.shape[1]), q.dtype)


primitive(
    "head_scores",
    source="attention_kernels.scores({q}, {k}, {out})",
    infer=_scores_spec,
    vjp=lambda g, y, q, k: (bind("head_mix", g, k), bind("head_mix_back", g, q)),
    latex=r"{q} {k}^\top",
    domain=(-1.0, 1.0),
    symbol="scores",
    rows=_by_sample,
    blas=True,
)


def _mix_spec(p: Spec, v: Spec) -> Spec:
    return Spec((p.shape[0], p.shape[2], p.shape[1], v.shape[3]), p.dtype)


primitive(
    "head_mix",
    source="attention_kernels.mix({p}, {v}, {out})",
    infer=_mix_spec,
    vjp=lambda g, y, p, v: (bind("head_scores", g, v), bind("head_mix_back", p, g)),
    latex=r"{p} {v}",
    domain=(-1.0, 1.0),
    symbol="mixed",
    rows=_by_sample,
    blas=True,
)


def _mix_back_spec(p: Spec, g: Spec) -> Spec:
    return Spec((p.shape[0], p.shape[3], p.shape[1], g.shape[3]), p.dtype)


primitive(
    "head_mix_back",
    source="attention_kernels.mix_back({p}, {g}, {out})",
    infer=_mix_back_spec,
    vjp=lambda h, y, p, g: (bind("head_scores", g, h), bind("head_mix", p, h)),
    latex=r"{p}^\top {g}",
    domain=(-1.0, 1.0),
    symbol="mixed",
    rows=_by_sample,
    blas=True,
)


def _total(x: Tensor) -> Tensor:
    """The sum over the keys, or features, which are the last axis."""
    return bind("sum", x, axis=3, keepdims=True, dtype=x.dtype.name)


def by_query(x: Tensor) -> Tensor:
    """A number for each row, `(B, H, T, 1)`, as `(B, T, H, 1)`; and back."""
    return bind("transpose", x, axes=(0, 2, 1, 3))


def _exponentials_vjp(g: Tensor, y: Tensor, q: Tensor, k: Tensor, bias: Tensor) -> tuple[Tensor | None, ...]:
    d = g * y  # what a row was shifted by is made up for by its inverse sum
    return bind("head_mix", d, k), bind("head_mix_back", d, q), sum_to(d, bias.shape) if bias.ndim else None


primitive(
    "attention_exponentials",
    source="attention_kernels.exponentials({q}, {k}, {bias}, {out})",
    infer=lambda q, k, bias: _scores_spec(q, k),
    vjp=_exponentials_vjp,
    latex=r"e^{{{q} {k}^\top + {bias}}}",
    domain=(-1.0, 1.0),
    symbol="exponentials",
    rows=_by_sample,
    blas=True,
)
primitive(
    "attention_inverse",
    source="attention_kernels.inverse_sums({e}, {out})",
    infer=lambda e: Spec((*e.shape[:3], 1), e.dtype),
    vjp=lambda g, y, e: (bind("broadcast_to", -g * (y * y), shape=e.shape),),
    latex=r"\frac{{1}}{{\sum {e}}}",
    domain=(0.5, 2.0),
    symbol="inverse",
    rows=_by_sample,
    blas=True,
)


def _context_spec(e: Spec, inverse: Spec, v: Spec) -> Spec:
    return _mix_spec(e, v)


def _context_vjp(g: Tensor, y: Tensor, e: Tensor, inverse: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    scaled = g * by_query(inverse)
    to_inverse = _total(bind("head_scores", g, v) * e)
    return bind("head_scores", scaled, v), to_inverse, bind("head_mix_back", e, scaled)


primitive(
    "attention_context",
    source="attention_kernels.context({e}, {inverse}, {v}, {out})",
    infer=_context_spec,
    vjp=_context_vjp,
    latex=r"{e} {v} \, {inverse}",
    domain=(0.5, 2.0),
    symbol="context",
    rows=_by_sample,
    blas=True,
)


def _attention_vjp(
    g: Tensor, y: Tensor, context: Tensor, q: Tensor, k: Tensor, v: Tensor, bias: Tensor, e: Tensor, inverse: Tensor
) -> tuple[Tensor | None, ...]:
    scaled = g * by_query(inverse)
    d = bind("attention_scores_gradient", scaled, context, v, e)
    to_bias = sum_to(d, bias.shape) if bias.ndim else None
    mixed = bind("head_mix", d, k), bind("head_mix_back", d, q), bind("head_mix_back", e, scaled)
    return None, *mixed, to_bias, None, None


primitive(
    "attention",
    source="{context}",
    infer=lambda context, q, k, v, bias, e, inverse: Spec(context.shape, context.dtype),
    vjp=_attention_vjp,
    latex=r"\operatorname{{softmax}}({q} {k}^\top + {bias}) {v}",
    domain=(-1.0, 1.0),
    kind="view",
    symbol="context",
    rows=_by_sample,
)


def _gradient_vjp(
    h: Tensor, y: Tensor, g: Tensor, context: Tensor, v: Tensor, e: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    d = bind("head_scores", g, v) - by_query(_total(g * context))
    to_d = h * e
    along = -by_query(_total(to_d))
    return bind("head_mix", to_d, v) + along * context, along * g, bind("head_mix_back", to_d, g), h * d


primitive(
    "attention_scores_gradient",
    source="attention_kernels.scores_gradient({g}, {context}, {v}, {e}, {out})",
    infer=lambda g, context, v, e: Spec(e.shape, e.dtype),
    vjp=_gradient_vjp,
    latex=r"{e} \, ({g} {v}^\top - {g} {context})",
    domain=(0.5, 1.0),
    symbol="scores",
    rows=_by_sample,
    blas=True,
)
