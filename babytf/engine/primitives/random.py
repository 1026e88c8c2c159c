r"""Random draws, straight into their place. `generator` is a `np.random.Generator`, which each draw advances.

Draws are never removed, merged or moved, so that a recorded program and the eager run see the same
numbers. What is made of them (scaling, choosing) is written in `babytf/random.py`.
"""

from __future__ import annotations

from typing import Any

from babytf.engine.primitive import Spec, primitive


def _drawn(*inputs: Any, shape: tuple[int, ...], dtype: str, **params: Any) -> Spec:
    return Spec(shape, dtype)


def _draw(name: str, source: str, latex: str, symbol: str | None = None, inputs: str = "") -> None:
    primitive(
        name,
        source=source,
        infer=_drawn,
        vjp=lambda g, y, *inputs, **params: (None,) * len(inputs),
        latex=latex,
        kind="effect",
        symbol=symbol or "noise",
        inputs=inputs,
    )


_draw("random_uniform", "{generator}.random(out={out}, dtype={dtype})", r"\mathcal{{U}}(0, 1)")
_draw("random_normal", "{generator}.standard_normal(out={out}, dtype={dtype})", r"\mathcal{{N}}(0, 1)")
_draw(
    "random_truncated_normal",
    "kernels.truncated_normal({generator}, {out})",
    r"\mathcal{{N}}(0, 1) \text{{ within }} \pm 2",
)
_draw(
    "random_integers",
    "{out}[...] = {generator}.integers({low}, {high}, {shape}, dtype={dtype})",
    r"\mathcal{{U}}\{{{low}, \dots, {high} - 1\}}",
    symbol="drawn",
)
_draw(
    "random_permutation",
    "{out}[...] = {generator}.permutation({shape}[0])",
    r"\text{{a permutation}}",
    symbol="order",
)
_draw(
    "random_gamma",
    "{out}[...] = {generator}.standard_gamma({alpha}, {shape})",
    r"\Gamma({alpha}, 1)",
    inputs="alpha",
)
_draw(
    "random_binomial",
    "{out}[...] = {generator}.binomial({counts}, {probabilities}, {shape})",
    r"\operatorname{{B}}({counts}, {probabilities})",
    inputs="counts probabilities",
    symbol="drawn",
)
_draw(
    "dropout_mask",  # 1 / keep where an element is kept, 0 where it is dropped
    "np.multiply(kernels.kept({generator}, {keep}, {shape}), 1 / {keep}, out={out})",
    r"[\mathcal{{U}} < {keep}] / {keep}",
    symbol="mask",
)
