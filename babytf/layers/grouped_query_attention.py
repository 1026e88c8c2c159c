"""`GroupedQueryAttention`: `multi_head_attention.py` with fewer heads of keys and values than of queries."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.errors import ShapeError, explain
from babytf.layers.multi_head_attention import MultiHeadAttention


class GroupedQueryAttention(MultiHeadAttention):
    r"""`MultiHeadAttention` in which several heads of queries share one head of keys and values.

    Called like `MultiHeadAttention`. Keras names it `GroupQueryAttention`, which stands for the same class.

    Args:
        head_dim: Size of each head.
        num_query_heads: How many heads of queries.
        num_key_value_heads: How many heads of keys and values; it divides `num_query_heads`.
        dropout: Fraction of the weights to drop in training, in [0, 1].
        use_bias: Whether the projections learn a bias.
        sliding_window: Only look at steps nearer than this.
        flash_attention: Must not be true: that is a kernel of graphics processors.
        kernel_initializer: How the projections start.
        bias_initializer: How their biases start.
        kernel_regularizer: Penalty on the projections' kernels.
        bias_regularizer: Penalty on their biases.
        activity_regularizer: Penalty on what the projections give.
        kernel_constraint: Function that puts the kernels back into range after each training step.
        bias_constraint: The same for the biases.
        use_gate: Whether to multiply what the heads give with a gate, the sigmoid of another projection of the query.
        seed: Integer that makes the dropout repeatable.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Query `(B, T, F)`, value and key `(B, S, F)`.

    Output shape:
        `(B, T, F)`; the weights `(B, query heads, T, S)`.

    Raises:
        ValueError: If an argument is not of its kind, or the numbers of heads do not divide.
        NotImplementedError: If `flash_attention` is true.
        ShapeError: If value and key differ in length, or query and value in features.

    Source:
        Ainslie et al. (2023), "GQA: training generalized multi-query transformer models from multi-head checkpoints",
        section 2.2.

    Example:
        >>> x = np.zeros((2, 5, 8), "float32")
        >>> GroupedQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)(x, x).shape
        (2, 5, 8)
    """

    def __init__(
        self,
        head_dim: int,
        num_query_heads: int,
        num_key_value_heads: int,
        dropout: float = 0.0,
        use_bias: bool = True,
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
        super().__init__(
            num_heads=num_query_heads,
            key_dim=head_dim,
            dropout=dropout,
            use_bias=use_bias,
            sliding_window=sliding_window,
            flash_attention=flash_attention,
            kernel_initializer=kernel_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            bias_regularizer=bias_regularizer,
            activity_regularizer=activity_regularizer,
            kernel_constraint=kernel_constraint,
            bias_constraint=bias_constraint,
            use_gate=use_gate,
            seed=seed,
            **kwargs,
        )
        self.head_dim = self.key_dim
        self.num_query_heads = self.num_heads
        self.num_key_value_heads = check.positive_int(self, num_key_value_heads=num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                explain(
                    f"GroupedQueryAttention '{self.name}': heads of queries cannot share keys evenly.",
                    got=f"num_query_heads={num_query_heads}, num_key_value_heads={num_key_value_heads}",
                    expected="a number of query heads that is a multiple of the other",
                )
            )
        self.num_repeats = self.num_query_heads // self.num_key_value_heads

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        config = super().get_config()
        for name in ("num_heads", "key_dim", "value_dim", "output_shape", "attention_axes"):
            config.pop(name, None)
        return config

    def _heads_of_keys(self) -> int:
        return self.num_key_value_heads

    def _shared(self, x: Any) -> Any:
        return x if self.num_repeats == 1 else ops.repeat(x, self.num_repeats, axis=2)

    def compute_output_shape(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> Any:
        if query_shape[-1] != value_shape[-1]:
            raise ShapeError(
                explain(
                    f"GroupedQueryAttention '{self.name}': query and value differ in features.",
                    got=f"query {tuple(query_shape)}, value {tuple(value_shape)}",
                    expected="one size on the last axis",
                )
            )
        return super().compute_output_shape(query_shape, value_shape, key_shape)
