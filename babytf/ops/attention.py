r"""Attention: sums of values, weighted by how well their keys fit a query. `normalization.py` is its companion.

The arithmetic is in the rows of `babytf/engine/primitives/attention.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.comparison import where
from babytf.ops.operands import to_dtype, together
from babytf.ops.shaping import repeat


def dot_product_attention(
    query: Any,
    key: Any,
    value: Any,
    bias: Any = None,
    mask: Any = None,
    scale: float | None = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Tensor:
    r"""$\operatorname{softmax}(s \, q k^\top + b) \, v$ for each head.

    Args:
        query: Shape `(B, T, N, H)`.
        key: Shape `(B, S, K, H)`; `N` is a multiple of `K`, and heads of queries share keys if it is not `K` itself.
        value: Shape `(B, S, K, H)`.
        bias: Added to the scores; broadcasts to `(B, N, T, S)`.
        mask: True where a query may see a key; broadcasts to `(B, N, T, S)`.
        scale: The factor $s$; $1 / \sqrt H$ by default.
        is_causal: Whether query `t` sees keys up to `t` only.
        flash_attention: Must not be true: that is a kernel of graphics processors. What is computed here never
            keeps more than the weights in memory.
        attn_logits_soft_cap: Must be `None`, as in Keras on any other processor than a TPU.

    Returns:
        Shape `(B, T, N, H)`.

    Raises:
        NotImplementedError: If `flash_attention` is true, or `attn_logits_soft_cap` given.
        ShapeError: If an array is not 4-D, or the shapes do not fit each other.
    """
    refuse_flash("dot_product_attention", flash_attention)
    if attn_logits_soft_cap is not None:
        raise NotImplementedError(
            explain(
                "dot_product_attention: `attn_logits_soft_cap` is for TPUs alone.",
                got=f"attn_logits_soft_cap={attn_logits_soft_cap!r}",
                fix="leave it out",
            )
        )
    q, k, v = together(query, key, value)
    heads = q.shape[2] if q.ndim == 4 else 0
    fits = q.ndim == k.ndim == v.ndim == 4 and k.shape[:3] == v.shape[:3] and q.shape[0] == k.shape[0]
    if not fits or q.shape[3] != k.shape[3] or heads % k.shape[2]:
        raise ShapeError(
            explain(
                "dot_product_attention: the shapes do not fit.",
                got=f"query {q.shape}, key {k.shape}, value {v.shape}",
                expected="(B, T, N, H), (B, S, K, H), (B, S, K, H) with N a multiple of K",
            )
        )
    if heads != k.shape[2]:
        k, v = (repeat(x, heads // k.shape[2], axis=2) for x in (k, v))
    scale = 1.0 / math.sqrt(q.shape[3]) if scale is None else scale
    added = masked_bias(q.dtype, mask, causal_mask(q.shape[1], k.shape[1]) if is_causal else None, bias)
    return attend(q * float(scale), k, v, added)


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Attention of queries that are scaled already, shape `(B, T, H, D)`, with one head of keys for each."""
    bias = no_bias(q) if bias is None else bias
    e = bind("attention_exponentials", q, k, bias)
    inverse = bind("attention_inverse", e)
    context = bind("attention_context", e, inverse, v)
    return bind("attention", context, q, k, v, bias, e, inverse)


def attention_weights(q: Tensor, k: Tensor, bias: Tensor | None) -> Tensor:
    """The weights alone, shape `(B, H, T, S)`; `bind("head_mix", weights, v)` applies them."""
    e = bind("attention_exponentials", q, k, no_bias(q) if bias is None else bias)
    return e * bind("attention_inverse", e)


def no_bias(like: Tensor) -> Tensor:
    """Stands for nothing to add to scores."""
    return Tensor.wrap(np.zeros((), like.dtype))


def causal_mask(queries: int, keys: int) -> np.ndarray:
    """True where the key is not later than the query; shape `(T, S)`."""
    return np.tri(queries, keys, dtype=bool)


def masked_bias(dtype: Any, mask: Any, causal: np.ndarray | None, bias: Any) -> Tensor | None:
    """What masks and a bias add to the scores, of shape `(B or 1, H or 1, T or 1, S)`; `None` if nothing."""
    lowest = float(-0.7 * np.finfo(dtype).max)  # far from overflow when scores are added
    total = None if bias is None else _four_axes(to_dtype(bias, dtype))
    if causal is not None and mask is None:
        shut = Tensor.wrap(np.where(causal, 0, lowest).astype(dtype)[None, None])
        return shut if total is None else where(causal, total, lowest)
    if mask is None:
        return total
    allowed = to_dtype(convert(mask), np.dtype("bool"))
    if causal is not None:
        allowed = bind("logical_and", allowed, causal)
    open_ = Tensor.wrap(np.zeros((), dtype)) if total is None else total
    return _four_axes(where(allowed, open_, Tensor.wrap(np.asarray(lowest, dtype))))


def _four_axes(x: Tensor) -> Tensor:
    return x if x.ndim >= 4 else bind("reshape", x, shape=(1,) * (4 - x.ndim) + x.shape)


def refuse_flash(who: str, flash_attention: Any) -> None:
    """Refuse a request for the kernel of graphics processors.

    Raises:
        NotImplementedError: If it is asked for.
    """
    if flash_attention:
        raise NotImplementedError(
            explain(
                f"{who}: flash attention is a kernel of graphics processors.",
                got=f"flash_attention={flash_attention!r}",
                expected="None or False",
                fix="leave it out: the numbers are the same",
            )
        )
