"""`MultiHeadAttention`: each step of a sequence looks at others, several ways at once.

`einsum_dense.py` has the projections, `babytf/ops/attention.py` the arithmetic; `grouped_query_attention.py` shares
keys
among heads.
"""

from __future__ import annotations

import math
from string import ascii_lowercase
from typing import Any

import numpy as np

from babytf import check, constraints, initializers, ops, regularizers
from babytf.engine.tensor import bind
from babytf.errors import ShapeError, explain
from babytf.layers.dropout import Dropout
from babytf.layers.einsum_dense import EinsumDense
from babytf.layers.layer import Layer
from babytf.layers.softmax import Softmax
from babytf.layers.symbolic import KerasTensor
from babytf.ops.attention import attend, attention_weights, causal_mask, masked_bias, refuse_flash


class MultiHeadAttention(Layer):
    r"""Sums of projected values, weighted by how well their projected keys fit a projected query; several at once.

    $$ y = \Big[ \operatorname{softmax}\Big( \frac{(q W^Q_h) (k W^K_h)^\top}{\sqrt{d}} \Big) \, v W^V_h \Big]_h W^O $$

    Call it as `layer(query, value, key=None)`; the key is the value if it is left out. Further arguments of the call:
    `attention_mask`, of shape `(B, T, S)` or `(B, heads, T, S)`, true where a query may look; `query_mask`,
    `value_mask`, `key_mask`, of shape `(B, T)` or `(B, S)`, which come with masked inputs by themselves;
    `use_causal_mask`, so that no step sees a later one; and `return_attention_scores`, for the weights beside the
    output.

    Args:
        num_heads: How many ways at once.
        key_dim: Size $d$ of each head's queries and keys.
        value_dim: Size of each head's values; `key_dim` by default.
        dropout: Fraction of the weights to drop in training, in [0, 1].
        use_bias: Whether the projections learn a bias.
        output_shape: Size, or sizes, of the output's last axes; that of the query by default.
        attention_axes: Axes to attend over; all but the batch and the features by default.
        sliding_window: Only look at steps nearer than this.
        flash_attention: Must not be true: that is a kernel of graphics processors.
        kernel_initializer: How the projections start.
        bias_initializer: How their biases start.
        kernel_regularizer: Penalty on the projections' kernels.
        bias_regularizer: Penalty on their biases.
        activity_regularizer: Penalty on what the projections, and the layer, give.
        kernel_constraint: Function that puts the kernels back into range after each training step.
        bias_constraint: The same for the biases.
        use_gate: Whether to multiply what the heads give with a gate, the sigmoid of another projection of the query.
        seed: Integer that makes the dropout repeatable.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Query `(B, T, F)`, value and key `(B, S, F)`; more axes where `attention_axes` says so.

    Output shape:
        `(B, T, F)`, or with `output_shape` in place of `F`; the weights `(B, heads, T, S)`.

    Raises:
        ValueError: If an argument is not of its kind.
        NotImplementedError: If `flash_attention` is true.
        ShapeError: If value and key differ in length.

    Source:
        Vaswani et al. (2017), "Attention is all you need", section 3.2.2.

    Example:
        >>> x = np.zeros((2, 5, 8), "float32")
        >>> y, weights = MultiHeadAttention(num_heads=2, key_dim=4)(x, x, return_attention_scores=True)
        >>> y.shape, weights.shape
        ((2, 5, 8), (2, 2, 5, 5))
    """

    def __init__(
        self,
        num_heads: int,
        key_dim: int,
        value_dim: int | None = None,
        dropout: float = 0.0,
        use_bias: bool = True,
        output_shape: Any = None,
        attention_axes: Any = None,
        sliding_window: int | None = None,
        flash_attention: bool | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        use_gate: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.num_heads = check.positive_int(self, num_heads=num_heads)
        self.key_dim = check.positive_int(self, key_dim=key_dim)
        self.value_dim = check.optional_positive_int(self, value_dim=value_dim) or self.key_dim
        self.dropout = check.fraction(self, dropout=dropout)
        self.use_bias = check.boolean(self, use_bias=use_bias)
        self.output_shape = self._integers("output_shape", output_shape, positive=True)
        self.attention_axes: Any = self._integers("attention_axes", attention_axes)
        self.sliding_window = check.optional_positive_int(self, sliding_window=sliding_window)
        refuse_flash(f"{type(self).__name__} '{self.name}'", flash_attention)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.use_gate = check.boolean(self, use_gate=use_gate)
        self.seed = seed
        self.supports_masking = True

    # Keras does not write it; a layer with it cannot be made here.
    flash_attention = None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments; `flash_attention` is a matter of the machine and not among them, as in Keras."""
        config = super().get_config()
        config.pop("flash_attention", None)
        config.setdefault("activity_regularizer", None)
        return config

    def _integers(self, name: str, value: Any, positive: bool = False) -> tuple[int, ...] | None:
        if value is None or (positive and not value):
            return None
        try:
            numbers = tuple(value) if isinstance(value, (list, tuple)) else (value,)
            if not numbers or any(isinstance(n, bool) or (positive and n < 1) for n in numbers):
                raise TypeError
            return tuple(n.__index__() for n in numbers)
        except (TypeError, AttributeError):
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': bad `{name}`.",
                    got=f"{name}={value!r}",
                    expected="an integer, or a list of integers" + (", of at least 1" if positive else ""),
                )
            ) from None

    # --- weights

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        self._check_lengths(value_shape, key_shape)
        self._query_dense = self._projection("query", query_shape, self.num_heads, self.key_dim)
        self._key_dense = self._projection("key", key_shape, self._heads_of_keys(), self.key_dim)
        if self.use_gate:
            self._gate_dense = self._projection(
                "gate", query_shape, self.num_heads, self.value_dim, activation="sigmoid"
            )
        self._value_dense = self._projection("value", value_shape, self._heads_of_keys(), self.value_dim)
        rank = len(value_shape) + 1
        if self.attention_axes is None:
            self.attention_axes = tuple(range(1, rank - 2))
        else:
            self.attention_axes = tuple(a if a >= 0 else rank - 1 + a for a in self.attention_axes)
        scores_rank = rank - 1 + len(self.attention_axes)
        self._softmax = Softmax(
            axis=tuple(range(scores_rank - len(self.attention_axes), scores_rank)), dtype=self.dtype_policy
        )
        self._dropout_layer = Dropout(self.dropout, dtype=self.dtype_policy, seed=self.seed)
        self._output_dense = self._joining(query_shape)

    def _projection(self, name: str, shape: Any, heads: int, size: int, activation: Any = None) -> EinsumDense:
        """Features to heads: `(B, …, F) -> (B, …, heads, size)`."""
        free = ascii_lowercase[: len(shape) - 1]
        f, h, d = list(ascii_lowercase[len(shape) - 1 : len(shape) + 2])
        layer = EinsumDense(
            f"{free}{f},{f}{h}{d}->{free}{h}{d}",
            output_shape=(*(None,) * (len(shape) - 2), heads, size),
            bias_axes=h + d if self.use_bias else None,
            activation=activation,
            name=name,
            **self._shared_arguments(),
        )
        layer.build(shape)
        return layer

    def _joining(self, query_shape: Any) -> EinsumDense:
        """Heads back to features: `(B, …, heads, value_dim) -> (B, …, F)`."""
        free = ascii_lowercase[: len(query_shape) - 1]
        sizes = self.output_shape or (query_shape[-1],)
        h, d, *out = list(ascii_lowercase[len(free) : len(free) + 2 + len(sizes)])
        letters = "".join(out)
        layer = EinsumDense(
            f"{free}{h}{d},{h}{d}{letters}->{free}{letters}",
            output_shape=(*(None,) * (len(free) - 1), *sizes),
            bias_axes=letters if self.use_bias else None,
            name="attention_output",
            **self._shared_arguments(),
        )
        layer.build((*query_shape[:-1], self.num_heads, self.value_dim))
        return layer

    def _shared_arguments(self) -> dict[str, Any]:
        def again(initializer: Any) -> Any:
            is_object = hasattr(type(initializer), "from_config")
            return type(initializer).from_config(initializer.get_config()) if is_object else initializer

        return {
            "kernel_initializer": again(self.kernel_initializer),
            "bias_initializer": again(self.bias_initializer),
            "kernel_regularizer": self.kernel_regularizer,
            "bias_regularizer": self.bias_regularizer,
            "activity_regularizer": self.activity_regularizer,
            "kernel_constraint": self.kernel_constraint,
            "bias_constraint": self.bias_constraint,
            "dtype": self.dtype_policy,
        }

    def _heads_of_keys(self) -> int:
        """How many heads of keys and values there are."""
        return self.num_heads

    def _shared(self, x: Any) -> Any:
        """Keys or values with a head for each head of queries."""
        return x

    def _check_lengths(self, value_shape: Any, key_shape: Any) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ShapeError(
                explain(
                    f"{type(self).__name__} '{self.name}': value and key differ in length.",
                    got=f"value {tuple(value_shape)}, key {tuple(key_shape)}",
                    expected="equal sizes on all axes but the last",
                )
            )

    @property
    def query_dense(self) -> EinsumDense:
        """The projection of queries."""
        return self._query_dense

    @property
    def key_dense(self) -> EinsumDense:
        """The projection of keys."""
        return self._key_dense

    @property
    def value_dense(self) -> EinsumDense:
        """The projection of values."""
        return self._value_dense

    @property
    def output_dense(self) -> EinsumDense:
        """The projection of what the heads give."""
        return self._output_dense

    # --- call

    def call(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        key = value if key is None else key
        mask = self._compute_attention_mask(
            query, value, query_mask, value_mask, key_mask, attention_mask, use_causal_mask
        )
        gate = self._gate_dense(query) if self.use_gate else None
        q, k, v = self._query_dense(query), self._shared(self._key_dense(key)), self._shared(self._value_dense(value))
        heads, weights = self._compute_attention(q, k, v, mask, training, return_attention_scores)
        if gate is not None:
            heads = heads * gate
        y = self._output_dense(heads)
        return (y, weights) if return_attention_scores else y

    def _compute_attention_mask(
        self,
        query: Any,
        value: Any,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """All masks in one, of shape `(B or 1, T or 1, S)` or that of `attention_mask`; `None` if there is none."""
        masks = [
            mask if axis is None else ops.expand_dims(mask, axis)
            for mask, axis in ((query_mask, -1), (value_mask, -2), (key_mask, -2), (attention_mask, None))
            if mask is not None
        ]
        masks = [ops.cast(mask, "bool") for mask in masks]
        queries, keys = query.shape[1], value.shape[1]
        if use_causal_mask:
            masks.append(causal_mask(queries, keys)[None])
        if self.sliding_window is not None:
            apart = np.abs(np.arange(queries)[:, None] - np.arange(keys))
            masks.append((apart < self.sliding_window)[None])
        total = None
        for mask in masks:
            total = mask if total is None else ops.logical_and(total, mask)
        return total

    def _compute_attention(
        self,
        query: Any,
        key: Any,
        value: Any,
        attention_mask: Any = None,
        training: bool | None = None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> tuple[Any, Any]:
        """What the heads give, and their weights if they were kept. Override it for another kind of attention."""
        if use_causal_mask:
            causal = causal_mask(query.shape[1], value.shape[1])[None]
            attention_mask = (
                causal if attention_mask is None else ops.logical_and(ops.cast(attention_mask, "bool"), causal)
            )
        query = query * (1.0 / math.sqrt(self.key_dim))
        axes = self.attention_axes
        plain = query.ndim == 4
        mask = attention_mask
        if mask is not None:
            mask = ops.cast(mask, "bool")
            for _ in range(query.ndim - 1 + len(axes) - mask.ndim):
                mask = ops.expand_dims(mask, -2 * len(axes) - 1)
        if plain and self.dropout == 0 and not return_attention_scores:
            return attend(query, key, value, masked_bias(query.dtype, mask, None, None)), None
        q, k, v = (x if plain else self._as_sequence(x) for x in (query, key, value))
        shape = self._scores_shape(query.shape, key.shape)
        bias = None
        if mask is not None:
            if not plain:
                mask = ops.reshape(ops.broadcast_to(mask, shape), (*q.shape[:1], q.shape[2], q.shape[1], k.shape[1]))
            bias = ops.where(mask, np.zeros((), q.dtype), np.asarray(-3e4 if q.dtype == np.float16 else -1e9, q.dtype))
        weights = attention_weights(q, k, bias)
        if mask is not None:  # a query that may look nowhere gets nothing, as from the layer Softmax
            weights = ops.where(mask, weights, np.zeros((), q.dtype))
        used = self._dropout_layer(weights, training=training) if self.dropout > 0 else weights
        heads = bind("head_mix", used, v)
        if not plain:
            heads, weights = self._as_before(heads, query.shape, value.shape[-1]), ops.reshape(weights, shape)
        return heads, weights

    def _batch_axes(self, rank: int) -> list[int]:
        return [i for i in range(rank - 2) if i not in self.attention_axes]

    def _as_sequence(self, x: Any) -> Any:
        """Axes that are attended over as one, all others as a batch: `(B, T, heads, size)`."""
        order = [*self._batch_axes(x.ndim), *self.attention_axes, x.ndim - 2, x.ndim - 1]
        count = math.prod(x.shape[i] for i in self.attention_axes)
        return ops.reshape(ops.transpose(x, order), (-1, count, *x.shape[-2:]))

    def _as_before(self, x: Any, query_shape: Any, size: int) -> Any:
        rank = len(query_shape)
        order = [*self._batch_axes(rank), *self.attention_axes, rank - 2, rank - 1]
        shape = [query_shape[i] for i in order[:-1]] + [size]
        return ops.transpose(ops.reshape(x, shape), [order.index(i) for i in range(rank)])

    def _scores_shape(self, query_shape: Any, key_shape: Any) -> tuple[int, ...]:
        batch = [query_shape[i] for i in self._batch_axes(len(query_shape))]
        looking = [query_shape[i] for i in self.attention_axes]
        looked_at = [key_shape[i] for i in self.attention_axes]
        return (*batch, query_shape[-2], *looking, *looked_at)

    # --- shapes

    def compute_output_shape(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> Any:
        self._check_lengths(value_shape, value_shape if key_shape is None else key_shape)
        return (*query_shape[:-1], *(self.output_shape or query_shape[-1:]))

    def compute_output_spec(
        self,
        query: Any,
        value: Any,
        key: Any = None,
        query_mask: Any = None,
        value_mask: Any = None,
        key_mask: Any = None,
        attention_mask: Any = None,
        return_attention_scores: bool = False,
        training: bool | None = None,
        use_causal_mask: bool = False,
    ) -> Any:
        """Shape and dtype of the output, and of the weights if they are asked for."""
        shape = self.compute_output_shape(query.shape, value.shape, None if key is None else key.shape)
        y = KerasTensor(shape, self.compute_dtype)
        if not return_attention_scores:
            return y
        heads = (*query.shape[:-1], self.num_heads, self.key_dim)
        keys = (*value.shape[:-1], self.num_heads, self.key_dim)
        return y, KerasTensor(self._scores_shape(heads, keys), self.compute_dtype)
