"""`SimpleRNN`, the simplest recurrent layer. `recurrent_layer.py` has what it shares with others."""

from __future__ import annotations

from typing import Any

from babytf.engine import Tensor, bind
from babytf.engine.primitives import simple_rnn as rows
from babytf.layers.recurrent_layer import RecurrentLayer
from babytf.layers.simple_rnn_cell import SimpleRNNCell


class SimpleRNN(RecurrentLayer):
    r"""A layer whose output is fed back to it, over a sequence.

    $$ h_t = \phi(x_t W + h_{t-1} U + b) $$

    With the default activations all steps are one operation with a gradient of its own; others run step by step.

    Args:
        units: Size of the output; at least 1.
        activation: Name or callable for $\phi$.
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
        return_sequences: Whether to return the outputs of all steps, and not only the last.
        return_state: Whether to return the last $h$ too.
        go_backwards: Whether to go from the last step to the first; the outputs come in that order.
        stateful: Whether a batch begins with the states that the batch before it ended with.
        unroll: Changes only what masked steps before the first one that counts put out: 0.
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`; `zero_output_for_mask`, whether masked steps put out 0 and not what the step
            before did.

    Input shape:
        `(B, T, F)`; the first states as `initial_state`, $h$ of shape `(B, units)`, or a list of it;
        a mask of shape `(B, T)`, false for steps that change nothing.

    Output shape:
        `(B, units)`, or `(B, T, units)` with `return_sequences`; with `return_state`, a tuple of it and the last $h$.

    Raises:
        ValueError: If `units` is not a positive integer, or a rate is not in [0, 1].
        ShapeError: If the input does not have three axes.

    Source:
        Elman (1990), "Finding structure in time".

    Example:
        >>> SimpleRNN(4, return_sequences=True)(np.ones((2, 5, 3))).shape
        (2, 5, 4)
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
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = SimpleRNNCell(
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
            name="simple_rnn_cell",
            dtype=kwargs.get("dtype"),
            trainable=kwargs.get("trainable", True),
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

    def _over_time(self, inputs: tuple[Tensor, ...], sequences: bool) -> tuple[Tensor | None, list[Tensor]]:
        steps = inputs[0].shape[0]
        states = bind("simple_rnn_states", *inputs)
        if sequences:
            seen = rows.seen(states, inputs, 1, steps)
            return seen, [seen[-1]]
        return None, [rows.seen(states, inputs, steps, 1)[0]]
