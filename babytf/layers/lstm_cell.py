"""`LSTMCell`, one step of long short-term memory. `lstm.py` has the layer that runs it over time, faster."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import activations, check, ops
from babytf.layers.recurrent_cell import RecurrentCell


class LSTMCell(RecurrentCell):
    r"""One step of long short-term memory, for `RNN`.

    $$ (i, f, \tilde c, o) = (\sigma, \sigma, \phi, \sigma)(x W + h U + b), \quad
       c' = f c + i \tilde c, \quad h' = o \, \phi(c') $$

    Args:
        units: Size of the output; at least 1.
        activation: Name or callable for $\phi$.
        recurrent_activation: Name or callable for $\sigma$.
        use_bias: Whether to learn $b$.
        kernel_initializer: How $W$ starts.
        recurrent_initializer: How $U$ starts.
        bias_initializer: How $b$ starts.
        unit_forget_bias: Whether the part of $b$ that belongs to $f$ starts at 1.
        kernel_regularizer: Penalty on $W$.
        recurrent_regularizer: Penalty on $U$.
        bias_regularizer: Penalty on $b$.
        kernel_constraint: Function that puts $W$ back into range after each training step.
        recurrent_constraint: The same for $U$.
        bias_constraint: The same for $b$.
        dropout: Fraction of the features of $x$ to drop in training, in [0, 1].
        recurrent_dropout: Fraction of those of $h$.
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`; and `implementation`: 1 draws for each gate by itself.

    Input shape:
        `(B, F)`, and the states $h$ and $c$, `(B, units)` each.

    Output shape:
        `(B, units)`, and the new states.

    Raises:
        ValueError: If `units` is not a positive integer, or a rate is not in [0, 1].

    Source:
        Hochreiter & Schmidhuber (1997); with forget gates, Gers, Schmidhuber & Cummins (2000).

    Example:
        >>> h, states = LSTMCell(3)(np.ones((2, 4)), [np.zeros((2, 3)), np.zeros((2, 3))])
        >>> h.shape, len(states)
        ((2, 3), 2)
    """

    gates: ClassVar[int] = 4

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
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
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = check.boolean(self, unit_forget_bias=unit_forget_bias)
        self.state_size = [self.units, self.units]

    def _bias_start(self) -> Any:
        return self._with_forget_ones if self.unit_forget_bias else self.bias_initializer

    def _with_forget_ones(self, shape: Any, dtype: Any = None) -> Any:
        start, n = self.bias_initializer, self.units
        return ops.concatenate([start((n,), dtype), ops.ones((n,), dtype), start((2 * n,), dtype)])

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        h, c = states
        x, h = self._dropped(inputs, h, training)
        z = self._products(x, self.kernel)
        if self.bias is not None:
            z = z + self.bias
        z = z + self._products(h, self.recurrent_kernel)
        i, f, candidate, o = ops.split(z, 4, axis=-1)
        c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * self.activation(candidate)
        h = self.recurrent_activation(o) * self.activation(c)
        return h, [h, c]
