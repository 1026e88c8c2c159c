r"""Crossentropies from probabilities, held within $[\epsilon, 1 - \epsilon]$, with gradients derived by hand.

A row is given what the forward pass made on the way, beside the probabilities $p$ that it was made of: loss and
gradient then share it. The gradient goes to $p$ directly. Where classes share $t = \sum_k p_k$, with $q = p / t$,

$$ \ell = -\sum_k y_k \ln q_k, \quad
   \frac{\partial \ell}{\partial p_k} = \frac{1}{t} \Bigl( \sum_j u_j q_j - u_k \Bigr), \quad u = y / q $$

and $u_k = 0$ where $q_k$ was clipped. Next: `random.py`.
"""

from __future__ import annotations

from typing import Any

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import all_by_rows, by_rows_beside, masked
from babytf.engine.primitives.reduction import reduced, spread
from babytf.engine.tensor import Tensor, bind

# --- classes given by number: x (..., K); the sum, the label's share of it, that share clipped, and labels (...)


def _share_vjp(
    g: Tensor, y: Tensor, x: Tensor, total: Tensor, share: Tensor, clipped: Tensor, labels: Tensor
) -> tuple[Tensor, None, None, None, None]:
    inside = masked(total, share == clipped) / total  # 1 or 0; NaN if the sum is 0 or infinite
    others = g * inside / total
    own = others - others / clipped
    return bind("all_but_label", others, own, labels, size=x.shape[-1]), None, None, None, None


primitive(
    "share_crossentropy",
    source="np.log({clipped}, out={out})\nnp.negative({out}, out={out})",
    infer=lambda x, total, share, clipped, labels: Spec(clipped.shape, clipped.dtype),
    inputs="x total share clipped labels",
    vjp=_share_vjp,
    latex=r"-\ln {clipped}",
    domain=(0.1, 0.9),
    symbol="loss",
    rows=all_by_rows,
)


def _all_but_label_vjp(
    h: Tensor, y: Tensor, others: Tensor, own: Tensor, labels: Tensor, size: int
) -> tuple[Tensor, Tensor, None]:
    picked = bind("pick", h, labels)
    total = bind("sum", h, axis=h.ndim - 1, keepdims=False, dtype=h.dtype.name)
    return total - picked, picked, None


primitive(
    "all_but_label",
    source="{out}[...] = {others}[..., None]\nkernels.put({own}, {labels}, {places}, {out})",
    infer=lambda others, own, labels, size: Spec((*labels.shape, size), others.dtype),
    inputs="others own labels",
    vjp=_all_but_label_vjp,
    latex=r"{others} + ({own} - {others}) \mathbf{{1}}_{{{labels}}}",
    domain=(-3.0, 3.0),
    symbol="grad",
    scratch={"places": lambda others, own, labels, size: Spec(labels.shape, "int64")},
    rows=all_by_rows,
)

# --- classes given by probabilities: all (..., K) but the sum


def _shares_vjp(
    g: Tensor,
    y: Tensor,
    x: Tensor,
    total: Tensor,
    shares: Tensor,
    clipped: Tensor,
    log_shares: Tensor,
    target: Tensor,
    axis: int,
) -> tuple[Tensor | None, ...]:
    g = spread(g, x, axis, False)
    u = masked(target, shares == clipped) / clipped
    each = bind("sum", u * shares, axis=axis, keepdims=True, dtype=x.dtype.name)
    return (each - u) * (g / total), None, None, None, None, -g * log_shares


def _shares_spec(x: Spec, *specs: Spec, axis: int) -> Spec:
    return Spec(reduced(x.shape, axis, False), x.dtype)


primitive(
    "shares_crossentropy",
    source=(
        "np.multiply({target}, {log_shares}, out={t})\n"
        "np.add.reduce({t}, axis={axis}, out={out})\n"
        "np.negative({out}, out={out})"
    ),
    infer=_shares_spec,
    inputs="x total shares clipped log_shares target",
    vjp=_shares_vjp,
    latex=r"-\sum {target} \, {log_shares}",
    domain=(0.1, 0.9),
    scratch={"t": lambda x, *specs, axis: Spec(x.shape, x.dtype)},
    symbol="loss",
    rows=by_rows_beside,
)

# --- two classes: p is x clipped, q is 1 - p; all of one shape


def _two_vjp(
    g: Tensor, y: Tensor, x: Tensor, p: Tensor, q: Tensor, log_p: Tensor, log_q: Tensor, target: Tensor
) -> tuple[Tensor | None, ...]:
    slope = (p - target) / (p * q)
    return masked(g * slope, x == p), None, None, None, None, g * (log_q - log_p)


def _like_x(x: Spec, *specs: Spec, **params: Any) -> Spec:
    return Spec(x.shape, x.dtype)


primitive(
    "two_class_crossentropy",
    source=(
        "np.subtract(1, {target}, out={t})\n"
        "np.multiply({t}, {log_q}, out={t})\n"
        "np.multiply({target}, {log_p}, out={out})\n"
        "np.add({out}, {t}, out={out})\n"
        "np.negative({out}, out={out})"
    ),
    infer=_like_x,
    inputs="x p q log_p log_q target",
    vjp=_two_vjp,
    latex=r"-{target} \, {log_p} - (1 - {target}) \, {log_q}",
    domain=(0.1, 0.9),
    kind="elementwise",
    scratch={"t": _like_x},
    symbol="loss",
)
