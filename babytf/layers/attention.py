"""`Attention` of one head without projections. `additive_attention.py` scores otherwise."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, ops, random
from babytf.errors import explain
from babytf.layers.layer import Layer
from babytf.layers.symbolic import KerasTensor, is_shape
from babytf.ops.attention import causal_mask


class Attention(Layer):
    r"""Sums of values, weighted by how well their keys fit a query.

    $$ y = \operatorname{softmax}(s \, q k^\top) \, v $$

    Call it on a list, `[query, value]` or `[query, value, key]`; the key is the value if it is left out. Further
    arguments of
    the call: `mask`, a list of masks of query and value; `return_attention_scores`, for the weights beside the
    output; `use_causal_mask`, so that no step sees a later one.

    Args:
        use_scale: Whether to learn the factor $s$; it is 1 otherwise.
        score_mode: `"dot"`, as above, or `"concat"`: $c \sum \tanh(s (q + k))$ with a learned $c$.
        dropout: Fraction of the weights to drop in training, in [0, 1].
        seed: Integer that makes the dropout repeatable.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of query `(B, T, F)`, value `(B, S, V)` and, if given, key `(B, S, F)`.

    Output shape:
        `(B, T, V)`; the weights `(B, T, S)`.

    Raises:
        ValueError: If `score_mode` is unknown, or the input is not a list of two or three.

    Source:
        Luong, Pham & Manning (2015), "Effective approaches to attention-based neural machine translation", eq. 8.

    Example:
        >>> query, value = np.zeros((2, 3, 4), "float32"), np.zeros((2, 5, 4), "float32")
        >>> Attention()([query, value]).shape
        (2, 3, 4)
    """

    def __init__(
        self,
        use_scale: bool = False,
        score_mode: str = "dot",
        dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_scale = check.boolean(self, use_scale=use_scale)
        self.score_mode = check.one_of(self, ("dot", "concat"), score_mode=score_mode)
        self.dropout = check.fraction(self, dropout=dropout)
        self.seed = seed
        if self.dropout > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self._check_list(input_shape, "inputs")
        self.scale = self.concat_score_weight = None
        if self.use_scale:
            self.scale = self.add_weight(name="scale", shape=(), initializer="ones")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight(name="concat_score_weight", shape=(), initializer="ones")

    def _check_list(self, given: Any, what: str) -> None:
        if not isinstance(given, (list, tuple)) or is_shape(given) or len(given) not in (2, 3):
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}' takes a list of two or three {what}.",
                    got=repr(given)[:200],
                    expected="[query, value] or [query, value, key]",
                )
            )

    def _calculate_scores(self, query: Any, key: Any) -> Any:
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.swapaxes(key, -2, -1))
            return scores if self.scale is None else scores * self.scale
        both = ops.expand_dims(query, -2) + ops.expand_dims(key, -3)  # (B, T, S, F)
        both = both if self.scale is None else both * self.scale
        return self.concat_score_weight * ops.sum(ops.tanh(both), axis=-1)

    def _apply_scores(
        self, scores: Any, value: Any, scores_mask: Any = None, training: bool | None = False
    ) -> tuple[Any, Any]:
        if scores_mask is not None:
            mask = ops.cast(scores_mask, "bool")
            mask = ops.expand_dims(mask, -2) if mask.ndim == 2 else mask
            lowest = 65504.0 if scores.dtype == np.float16 else 1e9
            scores = ops.where(mask, scores, scores - lowest)
        weights = ops.softmax(scores, axis=-1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        return ops.matmul(weights, value), weights

    def _calculate_score_mask(self, scores: Any, v_mask: Any, use_causal_mask: bool) -> Any:
        if not use_causal_mask:
            return v_mask
        causal = causal_mask(scores.shape[-2], scores.shape[-1])[None]
        return causal if v_mask is None else ops.logical_and(ops.expand_dims(ops.cast(v_mask, "bool"), -2), causal)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        training: bool | None = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        self._check_list(inputs, "inputs")
        if mask is not None:
            self._check_list(mask, "masks")
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        q_mask, v_mask = mask[:2] if mask is not None else (None, None)
        scores = self._calculate_scores(query, key)
        scores_mask = self._calculate_score_mask(scores, v_mask, use_causal_mask)
        y, weights = self._apply_scores(scores, value, scores_mask, training)
        if q_mask is not None:
            y = ops.where(ops.expand_dims(ops.cast(q_mask, "bool"), -1), y, 0.0)
        return (y, weights) if return_attention_scores else y

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The mask of the query."""
        return previous_mask[0] if isinstance(previous_mask, (list, tuple)) else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        self._check_list(input_shape, "shapes")
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(
        self,
        inputs: Any,
        mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Shape and dtype of the output, and of the weights if they are asked for."""
        self._check_list(inputs, "inputs")
        y = KerasTensor(self.compute_output_shape([x.shape for x in inputs]), self.compute_dtype)
        if not return_attention_scores:
            return y
        return y, KerasTensor((*inputs[0].shape[:-1], inputs[-1].shape[-2]), self.compute_dtype)
