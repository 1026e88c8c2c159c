"""`GRUCell`, one step of a gated recurrent unit. `gru.py` has the layer that runs it over time, faster."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import activations, check, ops
from babytf.layers.recurrent_cell import RecurrentCell


class GRUCell(RecurrentCell):
    r"""One step of a gated recurrent unit, for `RNN`.

    $$ (z, r) = \sigma(x W_{zr} + h U_{zr} + b_{zr}), \quad
       \tilde h = \phi(x W_h + b_h + r (h U_h + b'_h)), \quad
       h' = z h + (1 - z) \tilde h $$

    With `reset_after=False`, the gate $r$ is applied before the product: $(r h) U_h$.

    Args:
        units: Size of the output; at least 1.
        activation: Name or callable for $\phi$.
        recurrent_activation: Name or callable for $\sigma$.
        use_bias: Whether to learn biases.
        kernel_initializer: How $W$ starts.
        recurrent_initializer: How $U$ starts.
        bias_initializer: How the biases start.
        kernel_regularizer: Penalty on $W$.
        recurrent_regularizer: Penalty on $U$.
        bias_regularizer: Penalty on the biases.
        kernel_constraint: Function that puts $W$ back into range after each training step.
        recurrent_constraint: The same for $U$.
        bias_constraint: The same for the biases.
        dropout: Fraction of the features of $x$ to drop in training, in [0, 1].
        recurrent_dropout: Fraction of those of $h$.
        reset_after: Whether $r$ is applied after the product with $U_h$; there are two biases then.
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`; and `implementation`: 1 draws for each gate by itself.

    Input shape:
        `(B, F)`, and the state $h$, `(B, units)`.

    Output shape:
        `(B, units)`, and the new state.

    Raises:
        ValueError: If `units` is not a positive integer, or a rate is not in [0, 1].

    Source:
        Cho et al. (2014), section 2.3; `reset_after` as in cuDNN.

    Example:
        >>> h, states = GRUCell(3)(np.ones((2, 4)), [np.zeros((2, 3))])
        >>> h.shape
        (2, 3)
    """

    gates: ClassVar[int] = 3

    def __init__(
        self,
        units: int,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
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
        reset_after: bool = True,
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
        self.reset_after = check.boolean(self, reset_after=reset_after)

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def call(self, inputs: Any, states: Any, training: bool = False) -> Any:
        nested = isinstance(states, (list, tuple))
        h = states[0] if nested else states
        x, seen = self._dropped(inputs, h, training)
        n, u = self.units, self.recurrent_kernel
        of_x = self._products(x, self.kernel)
        if self.bias is not None:
            of_x = of_x + (self.bias[0] if self.reset_after else self.bias)
        x_zr, x_h = of_x[:, : 2 * n], of_x[:, 2 * n :]
        if self.reset_after:
            of_h = self._products(seen, u)
            if self.bias is not None:
                of_h = of_h + self.bias[1]
            z, r = ops.split(self.recurrent_activation(x_zr + of_h[:, : 2 * n]), 2, axis=-1)
            reset = r * of_h[:, 2 * n :]
        else:
            first, last = (seen[:2], seen[2]) if isinstance(seen, list) else (seen, seen)
            z, r = ops.split(self.recurrent_activation(x_zr + self._products(first, u[:, : 2 * n])), 2, axis=-1)
            reset = (r * last) @ u[:, 2 * n :]
        candidate = self.activation(x_h + reset)
        h = z * h + (1 - z) * candidate
        return h, ([h] if nested else h)
