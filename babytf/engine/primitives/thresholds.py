"""How much lies above each of many thresholds, for two kinds of entries at once: the counts behind ROC curves."""

from __future__ import annotations

from babytf.engine.primitive import Spec, primitive


def _sums_spec(x: Spec, positive: Spec, weight: Spec, edges: Spec) -> Spec:
    return Spec((2, edges.size + 1, x.shape[1]), weight.dtype)


primitive(
    "sums_above",
    source="kernels.sums_above({x}, {positive}, {weight}, {edges}, {out})",
    infer=_sums_spec,
    latex=r"\sum_{{{x} > {edges}}} {weight}",
    symbol="sums",
)
