r"""Crossentropies from logits, with their gradients $p - y$ derived by hand.

The categorical rows are given `log_probabilities`, which is `log_softmax(logits)`, beside the logits:
loss and gradient then share one exponential. The gradient goes to `logits` directly, as

$$ \ell = -\sum_k y_k \ln p_k, \quad \frac{\partial \ell}{\partial z_k} = p_k \sum_j y_j - y_k. $$

Next: `probability_crossentropy.py`.
"""

from __future__ import annotations

from typing import Any

from babytf.engine.primitive import Spec, primitive
from babytf.engine.primitives.common import all_by_rows, broadcast_spec, by_rows_beside, sum_to
from babytf.engine.primitives.reduction import reduced, spread
from babytf.engine.tensor import Tensor, bind

# --- classes given by number: logits (..., K), labels (...)


def _pick_vjp(g: Tensor, y: Tensor, x: Tensor, labels: Tensor) -> tuple[Tensor, None]:
    column = (*labels.shape, 1)
    along = bind("reshape", labels, shape=column)
    g = bind("reshape", g, shape=column)
    return bind("add_along_axis", g, along, axis=x.ndim - 1, size=x.shape[-1]), None


def _places(*specs: Spec) -> Spec:
    return Spec(specs[-1].shape, "int64")


primitive(
    "pick",
    source="kernels.pick({x}, {labels}, {places}, {out})",
    infer=lambda x, labels: Spec(labels.shape, x.dtype),
    vjp=_pick_vjp,
    latex=r"{x}_{{{labels}}}",
    domain=(-3.0, 3.0),
    symbol="picked",
    scratch={"places": _places},
    rows=all_by_rows,
)


def _per_sample(logits: Spec, log_probabilities: Spec, labels: Spec) -> Spec:
    return Spec(logits.shape[:-1], logits.dtype)


def _sparse_vjp(
    g: Tensor, y: Tensor, logits: Tensor, log_probabilities: Tensor, labels: Tensor
) -> tuple[Tensor, None, None]:
    return bind("sparse_crossentropy_gradient", g, log_probabilities, labels), None, None


primitive(
    "sparse_crossentropy",
    source="kernels.pick({log_probabilities}, {labels}, {places}, {out})\nnp.negative({out}, out={out})",
    infer=_per_sample,
    inputs="logits log_probabilities labels",
    vjp=_sparse_vjp,
    latex=r"-{log_probabilities}_{{{labels}}}",
    domain=(-3.0, 3.0),
    symbol="loss",
    scratch={"places": _places},
    rows=all_by_rows,
)


def _like_logits(g: Spec, log_probabilities: Spec, labels: Spec) -> Spec:
    return Spec(log_probabilities.shape, log_probabilities.dtype)


def _sparse_gradient_vjp(
    h: Tensor, y: Tensor, g: Tensor, log_probabilities: Tensor, labels: Tensor
) -> tuple[Tensor, Tensor, None]:
    # y = g (p - onehot): linear in g; through p its slope is g p.
    p = bind("exp", log_probabilities)
    labels = bind("reshape", labels, shape=(*labels.shape, 1))
    along = h.ndim - 1
    total = bind("sum", h * p, axis=along, keepdims=False, dtype=h.dtype.name)
    picked = bind("take_along_axis", h, labels, axis=along)
    g_column = bind("reshape", g, shape=(*g.shape, 1))
    return total - bind("reshape", picked, shape=g.shape), h * g_column * p, None


primitive(
    "sparse_crossentropy_gradient",
    source=(
        "np.exp({log_probabilities}, out={out})\n"
        "kernels.subtract_one({out}, {labels}, {places})\n"
        "np.multiply({out}, {g}[..., None], out={out})"
    ),
    infer=_like_logits,
    inputs="g log_probabilities labels",
    vjp=_sparse_gradient_vjp,
    latex=r"{g} (e^{{{log_probabilities}}} - \mathbf{{1}}_{{{labels}}})",
    domain=(-3.0, 3.0),
    symbol="grad",
    scratch={"places": _places},
    rows=all_by_rows,
)

# --- classes given by probabilities: logits and target (..., K)


def _categorical_spec(logits: Spec, log_probabilities: Spec, target: Spec, axis: int) -> Spec:
    return Spec(reduced(logits.shape, axis, False), logits.dtype)


def _categorical_vjp(
    g: Tensor, y: Tensor, logits: Tensor, log_probabilities: Tensor, target: Tensor, axis: int
) -> tuple[Tensor, None, Tensor]:
    g = spread(g, logits, axis, False)
    p = bind("exp", log_probabilities)
    total = bind("sum", target, axis=axis, keepdims=True, dtype=target.dtype.name)
    return g * (p * total - target), None, -g * log_probabilities


primitive(
    "categorical_crossentropy",
    source=(
        "np.multiply({target}, {log_probabilities}, out={t})\n"
        "np.add.reduce({t}, axis={axis}, out={out})\n"
        "np.negative({out}, out={out})"
    ),
    infer=_categorical_spec,
    inputs="logits log_probabilities target",
    vjp=_categorical_vjp,
    latex=r"-\sum {target} \, {log_probabilities}",
    domain=(-3.0, 3.0),
    scratch={"t": lambda logits, log_probabilities, target, axis: Spec(logits.shape, logits.dtype)},
    symbol="loss",
    rows=by_rows_beside,
)

# --- two classes: logits and target of one shape


def _binary_vjp(g: Tensor, y: Tensor, logits: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    return (
        sum_to(g * (bind("sigmoid", logits) - target), logits.shape),
        sum_to(-g * logits, target.shape),
    )


def _scratch(logits: Spec, target: Spec, **params: Any) -> Spec:
    return broadcast_spec(logits, target)


primitive(
    "binary_crossentropy",  # ln(1 + e^x) - x y = max(x, 0) + ln(1 + e^-|x|) - x y
    source=(
        "np.multiply({logits}, {target}, out={xy})\n"
        "np.absolute({logits}, out={t})\n"
        "np.negative({t}, out={t})\n"
        "np.exp({t}, out={t})\n"
        "np.log1p({t}, out={t})\n"
        "np.maximum({logits}, 0, out={out})\n"
        "np.subtract({out}, {xy}, out={out})\n"
        "np.add({out}, {t}, out={out})"
    ),
    infer=lambda logits, target: broadcast_spec(logits, target),
    inputs="logits target",
    vjp=_binary_vjp,
    latex=r"\ln(1 + e^{{{logits}}}) - {logits} \, {target}",
    domain=(-3.0, 3.0),
    kind="elementwise",
    scratch={"xy": _scratch, "t": _scratch},
    symbol="loss",
)
