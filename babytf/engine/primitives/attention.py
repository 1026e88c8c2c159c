r"""Attention over heads, as products that BLAS does where the heads lie.

With queries $q$, keys $k$ and values $v$ of shape `(B, T, H, D)`, and for each head

$$ p = \operatorname{softmax}(q k^\top + b), \qquad y = p v $$

the gradient of the scores is $p \, (g v^\top - g y)$. `attention_parts` computes $y$, and keeps the exponentials and one
over their sums, of which $p$ is the product. `attention` hands $y$ on, and sends its gradient to $q$, $k$, $v$ and $b$
directly, in one pass that does not leave the cache. `head_scores`, `head_mix` and `head_mix_back` are the steps one by one;
linear in each factor, they are each other's gradients.
"""

from __future__ import annotations

import math

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import sum_to
from babytf.engine.primitives.key import Key
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


# --- the whole, in one pass


def _sections(vector: Tensor, *shapes: tuple[int, ...]) -> list[Tensor]:
    """Windows of these shapes, one behind the other in a vector."""
    found, start = [], 0
    for shape in shapes:
        stop = start + math.prod(shape)
        part = bind("getitem", vector, key=Key((slice(start, stop),)), shape=(stop - start,))
        found.append(bind("reshape", part, shape=shape))
        start = stop
    return found


def parts(packed: Tensor, q: Spec, k: Spec, v: Spec) -> list[Tensor]:
    """Exponentials `(B, H, T, S)`, one over their sums `(B, H, T, 1)`, and the context `(B, T, H, D)`."""
    shape = _scores_spec(q, k).shape
    return _sections(packed, shape, (*shape[:3], 1), (*q.shape[:3], v.shape[3]))


def _heads_last(x: Tensor) -> Tensor:
    """Numbers of each row, `(B, H, T, 1)`, as `(B, T, H, 1)`; and back."""
    return bind("transpose", x, axes=(0, 2, 1, 3))


def _packed_spec(q: Spec, k: Spec, v: Spec, bias: Spec) -> Spec:
    scores = _scores_spec(q, k)
    return Spec((scores.size + math.prod(scores.shape[:3]) * (1 + v.shape[3]),), q.dtype)


def _parts_vjp(g: Tensor, y: Tensor, q: Tensor, k: Tensor, v: Tensor, bias: Tensor) -> tuple[Tensor | None, ...]:
    e, inverse, context = parts(y, q, k, v)
    to_e, to_inverse, to_context = parts(g, q, k, v)
    scaled = to_context * _heads_last(inverse)
    along = _heads_last(_total(scaled * context)) + to_inverse * (inverse * inverse)
    d = e * (to_e + bind("head_scores", scaled, v) - along)
    return bind("head_mix", d, k), bind("head_mix_back", d, q), bind("head_mix_back", e, scaled), _to_bias(d, bias)


primitive(
    "attention_parts",
    source="attention_kernels.attend({q}, {k}, {v}, {bias}, {out})",
    infer=_packed_spec,
    vjp=_parts_vjp,
    latex=r"e^{{{q} {k}^\top + {bias}}}, \; \operatorname{{softmax}}({q} {k}^\top + {bias}) {v}",
    domain=(-1.0, 1.0),
    symbol="attention",
    products=_one_thread,
)


def _attention_vjp(
    g: Tensor, y: Tensor, context: Tensor, q: Tensor, k: Tensor, v: Tensor, bias: Tensor, e: Tensor, inverse: Tensor
) -> tuple[Tensor | None, ...]:
    packed = bind("attention_gradient", g, context, q, k, v, e, inverse)
    to_bias = None
    if bias.ndim:
        to_bias = sum_to(e * inverse * (bind("head_scores", g, v) - _heads_last(_total(g * context))), bias.shape)
    return None, *_sections(packed, q.shape, k.shape, v.shape), to_bias, None, None


primitive(
    "attention",
    source="{context}",
    infer=lambda context, q, k, v, bias, e, inverse: Spec(context.shape, context.dtype),
    vjp=_attention_vjp,
    latex=r"\operatorname{{softmax}}({q} {k}^\top + {bias}) {v}",
    domain=(-1.0, 1.0),
    kind="view",
    symbol="context",
)


def _gradient_spec(g: Spec, context: Spec, q: Spec, k: Spec, v: Spec, e: Spec, inverse: Spec) -> Spec:
    return Spec((q.size + k.size + v.size,), g.dtype)


def _gradient_vjp(
    h: Tensor, y: Tensor, g: Tensor, context: Tensor, q: Tensor, k: Tensor, v: Tensor, e: Tensor, inverse: Tensor
) -> tuple[Tensor, ...]:
    # With p = e inverse and d = g v - g context: to_q = (p d) k, to_k = (p d)' q, to_v = p' g.
    from_q, from_k, from_v = _sections(h, q.shape, k.shape, v.shape)
    p = e * inverse
    d = bind("head_scores", g, v) - _heads_last(_total(g * context))
    pd = p * d
    to_pd = bind("head_scores", from_q, k) + bind("head_scores", q, from_k)
    to_p = to_pd * d + bind("head_scores", g, from_v)
    to_d = to_pd * p
    along = -_heads_last(_total(to_d))
    return (
        bind("head_mix", to_d, v) + along * context + bind("head_mix", p, from_v),
        along * g,
        bind("head_mix", pd, from_k),
        bind("head_mix_back", pd, from_q),
        bind("head_mix_back", to_d, g),
        to_p * inverse,
        _total(to_p * e),
    )


primitive(
    "attention_gradient",
    source="attention_kernels.attend_gradient({g}, {context}, {q}, {k}, {v}, {e}, {inverse}, {out})",
    infer=_gradient_spec,
    vjp=_gradient_vjp,
    latex=r"p \, ({g} {v}^\top - {g} {context}), \quad p = {e} \, {inverse}",
    domain=(0.5, 1.0),
    symbol="attention",
    products=_one_thread,
)
