"""`SimpleRNNCell`, one step of the simplest recurrent layer. `simple_rnn.py` has the layer that runs it over time."""

from __future__ import annotations

from typing import Any

from babytf.layers.recurrent_cell import RecurrentCell


class SimpleRNNCell(RecurrentCell):
    r"""One step of a layer whose output is fed back to it, for `RNN`.

    $$ h' = \phi(x W + h U + b) $$

    Args:
        units: Size of the output; at least 1.
        activation: Name or callable for $\phi$.
        use_bias: Whether to learn $b$.
        kernel_initializer: How $W$ starts.
        recurrent_initializer: How $U$ starts.
        bias_initializer: How $b$ starts.
        kernel_regularizer: Penalty on $W$.
        recurrent_regularizer: Penalty on $U$.
        bias_regularizer: Penalty on $b$.
        kernel_constraint: Function that puts $W$ back into range after each training step.
        recurrent_constraint: The same for $U$.
        bias_constraint: The same for $b$.
        dropout: Fraction of the features of $x$ to drop in training, in [0, 1].
        recurrent_dropout: Fraction of those of $h$.
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, F)`, and the state $h$, `(B, units)`.

    Output shape:
        `(B, units)`, and the new state.

    Raises:
        ValueError: If `units` is not a positive integer, or a rate is not in [0, 1].

    Source:
        Elman (1990), "Finding structure in time".

    Example:
        >>> h, states = SimpleRNNCell(3)(np.ones((2, 4)), [np.zeros((2, 3))])
        >>> h.shape
        (2, 3)
    """

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            activation=activation,
            use_bias=use_bias,
            kernel_initializer=kernel_initializer,
            recurrent_initializer=recurrent_initializer,
            bias_initializer=bias_initializer,
            kernel_regularizer=kernel_regularizer,
            recurrent_regularizer=recurrent_regularizer,
            bias_regularizer=bias_regularizer,
            kernel_constraint=kernel_constraint,
            recurrent_constraint=recurrent_constraint,
            bias_constraint=bias_constraint,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            seed=seed,
            **kwargs,
        )

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        nested = isinstance(states, (list, tuple))
        x, h = self._dropped(inputs, states[0] if nested else states, training)
        z = x @ self.kernel
        if self.bias is not None:
            z = z + self.bias
        h = self.activation(z + h @ self.recurrent_kernel)
        return h, ([h] if nested else h)
