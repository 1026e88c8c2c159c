r"""Connectionist temporal classification, its gradient derived by hand. The sums are in `../ctc_kernels.py`.

Let $\pi$ range over the alignments of a label, with probability $\prod_t p_{t \pi_t}$ each. Then

$$ \ell = -\ln \sum_\pi \prod_t p_{t \pi_t}, \quad
   \frac{\partial \ell}{\partial \ln p_{tk}} = -\gamma_{tk} = -P(\pi_t = k), \quad
   \frac{\partial \gamma_{tk}}{\partial \ln p_{uj}} = \operatorname{Cov}([\pi_t = k], [\pi_u = j]). $$

Through `log_softmax` the gradient becomes $p - \gamma$.
"""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive
from babytf.engine.tensor import Tensor, bind

_INPUTS = "log_p labels label_lengths lengths"


def _loss_spec(log_p: Spec, labels: Spec, label_lengths: Spec, lengths: Spec, blank: int) -> Spec:
    return Spec(log_p.shape[:1], log_p.dtype)


def _loss_vjp(
    g: Tensor, y: Tensor, log_p: Tensor, labels: Tensor, label_lengths: Tensor, lengths: Tensor, blank: int
) -> tuple[Tensor, None, None, None]:
    gamma = bind("ctc_alignment", log_p, labels, label_lengths, lengths, blank=blank)
    return -bind("reshape", g, shape=(*g.shape, 1, 1)) * gamma, None, None, None


primitive(
    "ctc",
    source="kernels.ctc_loss({log_p}, {labels}, {label_lengths}, {lengths}, {blank}, {out})",
    infer=_loss_spec,
    inputs=_INPUTS,
    vjp=_loss_vjp,
    latex=r"-\ln \sum_{{\pi \to {labels}}} e^{{\sum_t {log_p}_{{t \pi_t}}}}",
    domain=(-3.0, 0.0),
    symbol="loss",
)


def _alignment_spec(log_p: Spec, labels: Spec, label_lengths: Spec, lengths: Spec, blank: int) -> Spec:
    return Spec(log_p.shape, log_p.dtype)


def _alignment_vjp(
    g: Tensor, y: Tensor, log_p: Tensor, labels: Tensor, label_lengths: Tensor, lengths: Tensor, blank: int
) -> tuple[Tensor, None, None, None]:
    # a covariance is symmetric
    return bind("ctc_covariance", g, log_p, labels, label_lengths, lengths, blank=blank), None, None, None


primitive(
    "ctc_alignment",
    source="kernels.ctc_alignment({log_p}, {labels}, {label_lengths}, {lengths}, {blank}, {out})",
    infer=_alignment_spec,
    inputs=_INPUTS,
    vjp=_alignment_vjp,
    latex=r"P(\pi_t = k \mid \pi \to {labels})",
    domain=(-3.0, 0.0),
    symbol="alignment",
)


def _covariance_spec(v: Spec, log_p: Spec, labels: Spec, label_lengths: Spec, lengths: Spec, blank: int) -> Spec:
    return Spec(log_p.shape, log_p.dtype)


primitive(
    "ctc_covariance",
    source="kernels.ctc_covariance({v}, {log_p}, {labels}, {label_lengths}, {lengths}, {blank}, {out})",
    infer=_covariance_spec,
    inputs="v " + _INPUTS,
    latex=r"\operatorname{{Cov}}([\pi_t = k], \sum_u {v}_{{u \pi_u}})",
    domain=(-3.0, 0.0),
)
