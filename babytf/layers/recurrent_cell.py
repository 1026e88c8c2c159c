"""`RecurrentCell`, what the three built-in cells share: weights, first states, and dropout that stays for a sequence.

`simple_rnn_cell.py` is the shortest cell; `rnn.py` runs one over time.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from babytf import activations, check, constraints, initializers, ops, random, regularizers
from babytf.engine import is_tracing
from babytf.layers.layer import Layer


class RecurrentCell(Layer):
    """One step of a recurrent layer. Base of the built-in cells.

    Args:
        units: Size of the output; at least 1.
        activation: Name or callable for the output.
        use_bias: Whether to learn a bias.
        kernel_initializer: How the weights of the input start.
        recurrent_initializer: How the weights of the last output start.
        bias_initializer: How the bias starts.
        kernel_regularizer: Penalty on the weights of the input.
        recurrent_regularizer: Penalty on the weights of the last output.
        bias_regularizer: Penalty on the bias.
        kernel_constraint: Function that puts the weights of the input back into range after each training step.
        recurrent_constraint: The same for the weights of the last output.
        bias_constraint: The same for the bias.
        dropout: Fraction of the input's features to drop in training, for all steps of a sequence alike.
        recurrent_dropout: The same of the last output.
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`; and for cells with gates `implementation`, 1 to draw for each gate by itself,
            2 (the default) to draw once for all.

    Raises:
        ValueError: If an argument is out of its range.
    """

    gates: ClassVar[int] = 1

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
        implementation = kwargs.pop("implementation", 2) if self.gates > 1 else 2
        super().__init__(**kwargs)
        self.units = check.positive_int(self, units=units)
        self.activation = activations.get(activation)
        self.use_bias = check.boolean(self, use_bias=use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.recurrent_regularizer = regularizers.get(recurrent_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.recurrent_constraint = constraints.get(recurrent_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.dropout = check.fraction(self, dropout=dropout)
        self.recurrent_dropout = check.fraction(self, recurrent_dropout=recurrent_dropout)
        self.implementation = check.one_of(self, (0, 1, 2), implementation=implementation)
        if self.recurrent_dropout and self.gates > 1:
            self.implementation = 1
        self.seed = seed
        self.seed_generator = random.SeedGenerator(seed)
        self.state_size: Any = self.units
        self.output_size = self.units

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.gates * self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(self.units, self.gates * self.units),
            initializer=self.recurrent_initializer,
            regularizer=self.recurrent_regularizer,
            constraint=self.recurrent_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=self._bias_shape(),
                initializer=self._bias_start(),
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _bias_start(self) -> Any:
        return self.bias_initializer

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """Zeros for each state.

        Args:
            batch_size: Number of sequences.
        """
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [ops.zeros((batch_size, size), dtype=self.compute_dtype) for size in sizes]

    def bias_or_zeros(self) -> Any:
        """The bias; zeros of its shape if there is none."""
        return np.zeros(self._bias_shape(), self.compute_dtype) if self.bias is None else self.bias

    # --- dropout

    @property
    def _draws(self) -> int | None:
        """How many masks there are: one per gate, or `None` for a single one that is no list."""
        return self.gates if self.gates > 1 and self.implementation == 1 else None

    def get_dropout_mask(self, step_input: Any) -> Any:
        """What the inputs of all steps are multiplied with in training: drawn once, until `reset_dropout_mask`.

        Args:
            step_input: The input of one step.

        Returns:
            A tensor, or with `implementation=1` a list with one for each gate; `None` if nothing is dropped.
        """
        return self._mask("_dropout_mask", step_input, self.dropout)

    def get_recurrent_dropout_mask(self, step_input: Any) -> Any:
        """The same for the last output.

        Args:
            step_input: The last output.
        """
        return self._mask("_recurrent_dropout_mask", step_input, self.recurrent_dropout)

    def _mask(self, name: str, like: Any, rate: float) -> Any:
        mask = self.__dict__.get(name)
        if mask is None and rate > 0:
            ones = ops.ones_like(like)
            drawn = [random.dropout(ones, rate, seed=self.seed_generator) for _ in range(self._draws or 1)]
            mask = drawn if self._draws else drawn[0]
            if not is_tracing():
                self.__dict__[name] = mask
        return mask

    def draw_masks(self, step_input: Any, state: Any) -> None:
        """Draw the masks of a sequence. `RNN` calls it, and `reset_dropout_mask` when the sequence is over."""
        self.reset_dropout_mask()
        self.reset_recurrent_dropout_mask()
        self.__dict__["_dropout_mask"] = self.get_dropout_mask(step_input)
        self.__dict__["_recurrent_dropout_mask"] = self.get_recurrent_dropout_mask(state)

    def reset_dropout_mask(self) -> None:
        """Forget the mask of the inputs, so that the next sequence gets another."""
        self.__dict__["_dropout_mask"] = None

    def reset_recurrent_dropout_mask(self) -> None:
        """Forget the mask of the last output."""
        self.__dict__["_recurrent_dropout_mask"] = None

    def _dropped(self, inputs: Any, h: Any, training: bool) -> tuple[Any, Any]:
        """The input and the last output as the gates see them: tensors, or lists with one for each gate."""
        if training and 0 < self.dropout < 1:
            inputs = _times(inputs, self.get_dropout_mask(inputs))
        if training and 0 < self.recurrent_dropout < 1:
            h = _times(h, self.get_recurrent_dropout_mask(h))
        return inputs, h

    def _products(self, x: Any, kernel: Any) -> Any:
        """`x` times the weights of all gates, side by side; `x` may differ from gate to gate."""
        if not isinstance(x, list):
            return x @ kernel
        n = self.units
        return ops.concatenate([part @ kernel[:, i * n : (i + 1) * n] for i, part in enumerate(x)], axis=-1)


def _times(x: Any, mask: Any) -> Any:
    return [x * part for part in mask] if isinstance(mask, list) else x * mask
