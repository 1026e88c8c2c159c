r"""Attention over heads, as products that BLAS does where the heads lie.

With queries $q$, keys $k$ and values $v$ of shape `(B, T, H, D)`, and for each head

$$ p = \operatorname{softmax}(q k^\top + b), \qquad y = p v $$

the gradient of the scores is $p \, (d - \sum p \, d)$ with $d = g v^\top$. `attention` is given the weights $p$ beside
what they were made of, and sends its gradient to $q$, $k$, $v$ and $b$ directly, through one row that never
leaves the cache between these steps. All rows are linear in their factors, so their gradients are each other.
"""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import sum_to
from babytf.engine.tensor import Tensor, bind


def _one_thread(*specs: Spec) -> int:
    """They share themselves among threads, with BLAS held to one for each."""
    return 1


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
    products=_one_thread,
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
    products=_one_thread,
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
    products=_one_thread,
)


def _total(x: Tensor) -> Tensor:
    """The sum over the keys, which are the last axis."""
    return bind("sum", x, axis=3, keepdims=True, dtype=x.dtype.name)


def _weights_spec(q: Spec, k: Spec, bias: Spec) -> Spec:
    return _scores_spec(q, k)


def _row_spec(q: Spec, k: Spec, bias: Spec) -> Spec:
    return Spec((*_scores_spec(q, k).shape[:3], 1), q.dtype)


def _weights_vjp(g: Tensor, y: Tensor, q: Tensor, k: Tensor, bias: Tensor) -> tuple[Tensor | None, ...]:
    gy = g * y
    d = gy - y * _total(gy)
    return bind("head_mix", d, k), bind("head_mix_back", d, q), _to_bias(d, bias)


def _to_bias(d: Tensor, bias: Tensor) -> Tensor | None:
    return sum_to(d, bias.shape) if bias.ndim else None


primitive(
    "attention_weights",
    source="attention_kernels.weights({q}, {k}, {bias}, {row}, {out})",
    infer=_weights_spec,
    vjp=_weights_vjp,
    latex=r"\operatorname{{softmax}}({q} {k}^\top + {bias})",
    domain=(-1.0, 1.0),
    scratch={"row": _row_spec},
    symbol="weights",
    products=_one_thread,
)


def _attention_spec(q: Spec, k: Spec, v: Spec, bias: Spec, p: Spec) -> Spec:
    return _mix_spec(p, v)


def _attention_vjp(
    g: Tensor, y: Tensor, q: Tensor, k: Tensor, v: Tensor, bias: Tensor, p: Tensor
) -> tuple[Tensor | None, ...]:
    d = bind("attention_scores_gradient", g, p, v)
    return bind("head_mix", d, k), bind("head_mix_back", d, q), bind("head_mix_back", p, g), _to_bias(d, bias), None


primitive(
    "attention",
    source="attention_kernels.mix({p}, {v}, {out})",
    infer=_attention_spec,
    inputs="q k v bias p",
    vjp=_attention_vjp,
    latex=r"{p} {v}",
    domain=(-1.0, 1.0),
    symbol="context",
    products=_one_thread,
)


def _gradient_spec(g: Spec, p: Spec, v: Spec) -> Spec:
    return Spec(p.shape, p.dtype)


def _gradient_row(g: Spec, p: Spec, v: Spec) -> Spec:
    return Spec((*p.shape[:3], 1), p.dtype)


def _gradient_vjp(h: Tensor, y: Tensor, g: Tensor, p: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    d = bind("head_scores", g, v)
    hp = h * p
    total = _total(hp)
    to_d = hp - p * total
    to_p = h * (d - _total(p * d)) - d * total
    return bind("head_mix", to_d, v), to_p, bind("head_mix_back", to_d, g)


primitive(
    "attention_scores_gradient",
    source="attention_kernels.scores_gradient({g}, {p}, {v}, {row}, {out})",
    infer=_gradient_spec,
    vjp=_gradient_vjp,
    latex=r"{p} \, ({g} {v}^\top - \sum {p} \, {g} {v}^\top)",
    domain=(-1.0, 1.0),
    scratch={"row": _gradient_row},
    symbol="scores",
    products=_one_thread,
)
