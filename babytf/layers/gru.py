"""`GRU`, a gated recurrent unit. `recurrent_layer.py` has what it shares with others."""

from __future__ import annotations

from typing import Any

from babytf import activations, check
from babytf.engine import Tensor, bind
from babytf.engine.primitives import gru as rows
from babytf.layers.gru_cell import GRUCell
from babytf.layers.recurrent_layer import RecurrentLayer


class GRU(RecurrentLayer):
    r"""A gated recurrent unit over a sequence.

    $$ (z, r) = \sigma(x_t W_{zr} + h_{t-1} U_{zr} + b_{zr}), \quad
       \tilde h = \phi(x_t W_h + b_h + r (h_{t-1} U_h + b'_h)), \quad
       h_t = z h_{t-1} + (1 - z) \tilde h $$

    With `reset_after=False`, the gate $r$ is applied before the product: $(r h_{t-1}) U_h$.

    With the default activations all steps are one operation with a gradient of its own; others run step by step.

    Args:
        units: Size of the output; at least 1.
        activation: Name or callable for $\phi$.
        recurrent_activation: Name or callable for $\sigma$.
        use_bias: Whether to learn $b$.
        kernel_initializer: How $W$ starts.
        recurrent_initializer: How $U$ starts.
        bias_initializer: How $b$ starts.
        kernel_regularizer: Penalty on $W$, added to the loss.
        recurrent_regularizer: Penalty on $U$.
        bias_regularizer: Penalty on $b$.
        activity_regularizer: Penalty on the output, averaged over the batch.
        kernel_constraint: Function that puts $W$ back into range after each training step.
        recurrent_constraint: The same for $U$.
        bias_constraint: The same for $b$.
        dropout: Fraction of the input's features to drop in training, for all steps of a sequence alike, in [0, 1].
        recurrent_dropout: Fraction of those of the last output. Slower: the steps are then separate operations.
        seed: Integer that makes the draws repeatable.
        return_sequences: Whether to return the outputs of all steps, and not only the last.
        return_state: Whether to return the last $h$ too.
        go_backwards: Whether to go from the last step to the first; the outputs come in that order.
        stateful: Whether a batch begins with the states that the batch before it ended with.
        unroll: Changes only what masked steps before the first one that counts put out: 0.
        reset_after: Whether $r$ is applied after the product with $U_h$; there are two biases then.
        use_cudnn: `"auto"`, true or false; makes no difference, as there is no GPU.
        **kwargs: Arguments of `Layer`; `zero_output_for_mask`, whether masked steps put out 0 and not what the step
            before did; and `implementation`, 1 to drop for each gate by itself.

    Input shape:
        `(B, T, F)`; the first states as `initial_state`, $h$ of shape `(B, units)`, or a list of it;
        a mask of shape `(B, T)`, false for steps that change nothing.

    Output shape:
        `(B, units)`, or `(B, T, units)` with `return_sequences`; with `return_state`, a tuple of it and the last $h$.

    Raises:
        ValueError: If `units` is not a positive integer, or a rate is not in [0, 1].
        ShapeError: If the input does not have three axes.

    Source:
        Cho et al. (2014), section 2.3; `reset_after` as in cuDNN.

    Example:
        >>> GRU(4, return_sequences=True)(np.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: Any = "auto",
        **kwargs: Any,
    ) -> None:
        cell = GRUCell(
            units,
            activation=activation,
            recurrent_activation=recurrent_activation,
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
            reset_after=reset_after,
            seed=seed,
            name="gru_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
            implementation=kwargs.pop("implementation", 2),
        )
        super().__init__(
            cell,
            return_sequences=return_sequences,
            return_state=return_state,
            go_backwards=go_backwards,
            stateful=stateful,
            unroll=unroll,
            activity_regularizer=activity_regularizer,
            **kwargs,
        )
        self.use_cudnn = check.one_of(self, ("auto", True, False), use_cudnn=use_cudnn)

    reset_after = property(lambda self: self.cell.reset_after, doc="The cell's `reset_after`.")
    recurrent_activation = property(lambda self: self.cell.recurrent_activation, doc="The cell's.")

    def _is_plain(self) -> bool:
        return super()._is_plain() and self.cell.recurrent_activation is activations.sigmoid

    def _over_time(self, inputs: tuple[Tensor, ...], sequences: bool) -> tuple[Tensor | None, list[Tensor]]:
        steps = inputs[0].shape[0]
        states = bind("gru_states", *inputs, reset_after=self.cell.reset_after)
        if sequences:
            seen = rows.seen(states, inputs, 1, steps, self.cell.reset_after)
            return seen, [seen[-1]]
        return None, [rows.seen(states, inputs, steps, 1, self.cell.reset_after)[0]]
