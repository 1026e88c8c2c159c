"""`AdditiveAttention`, which scores by a sum where `attention.py` scores by a product."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.layers.attention import Attention


class AdditiveAttention(Attention):
    r"""Sums of values, weighted by $\operatorname{softmax}(\sum w \tanh(q + k))$, the sum being over the features.

    It is called like `Attention`.

    Args:
        use_scale: Whether to learn $w$, a number for each feature; all are 1 otherwise.
        dropout: Fraction of the weights to drop in training, in [0, 1].
        **kwargs: `seed`, an integer that makes the dropout repeatable; and arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of query `(B, T, F)`, value `(B, S, V)` and, if given, key `(B, S, F)`.

    Output shape:
        `(B, T, V)`; the weights `(B, T, S)`.

    Raises:
        ValueError: If the input is not a list of two or three.

    Source:
        Bahdanau, Cho & Bengio (2015), "Neural machine translation by jointly learning to align and translate",
        appendix A.1.2.

    Example:
        >>> query, value = np.zeros((2, 3, 4), "float32"), np.zeros((2, 5, 4), "float32")
        >>> AdditiveAttention()([query, value]).shape
        (2, 3, 4)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check_list(input_shape, "inputs")
        self.scale = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(input_shape[0][-1],), initializer="glorot_uniform")

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        both = ops.tanh(ops.expand_dims(query, -2) + ops.expand_dims(key, -3))  # (B, T, S, F)
        return ops.sum(both if self.scale is None else both * self.scale, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; there is one way to score, so `score_mode` is not among them."""
        config = super().get_config()
        config.pop("score_mode", None)
        return config
