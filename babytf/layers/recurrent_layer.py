"""`RecurrentLayer`, what `SimpleRNN`, `LSTM` and `GRU` share: a built-in cell, and all steps of it as one operation.

The operations are in `babytf/engine/primitives/`: `lstm.py`, `gru.py`, `simple_rnn.py`.
"""

from __future__ import annotations

from typing import Any

from babytf import activations, ops
from babytf.engine import Tensor, bind
from babytf.engine.primitives.recurrence import MASK
from babytf.layers.input_spec import InputSpec
from babytf.layers.rnn import RNN


def _of_cell(name: str) -> property:
    return property(lambda self: getattr(self.cell, name), doc=f"The cell's `{name}`.")


class RecurrentLayer(RNN):
    """An `RNN` with a built-in cell. With the default activations all steps are one operation."""

    units = _of_cell("units")
    activation = _of_cell("activation")
    use_bias = _of_cell("use_bias")
    kernel_initializer = _of_cell("kernel_initializer")
    recurrent_initializer = _of_cell("recurrent_initializer")
    bias_initializer = _of_cell("bias_initializer")
    kernel_regularizer = _of_cell("kernel_regularizer")
    recurrent_regularizer = _of_cell("recurrent_regularizer")
    bias_regularizer = _of_cell("bias_regularizer")
    kernel_constraint = _of_cell("kernel_constraint")
    recurrent_constraint = _of_cell("recurrent_constraint")
    bias_constraint = _of_cell("bias_constraint")
    dropout = _of_cell("dropout")
    recurrent_dropout = _of_cell("recurrent_dropout")
    seed = _of_cell("seed")
    implementation = _of_cell("implementation")

    def __init__(self, cell: Any, **kwargs: Any) -> None:
        super().__init__(cell, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    _left_out_when_none: tuple[str, ...] = ()

    def get_config(self) -> dict[str, Any]:
        """The arguments; what a cell is made from, and not the cell."""
        config = super().get_config()
        for name in ("cell", "use_cudnn"):
            config.pop(name, None)
        return config

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """All steps as one operation, where it has the cell's activations and dropout; else one after the other."""
        cell = self.cell
        dropped = training and 0 < cell.dropout < 1
        if (
            not self._is_plain()
            or (training and 0 < cell.recurrent_dropout < 1)
            or (dropped and cell.implementation == 1)
            or (self.unroll and mask is not None)
            or sequences.shape[1] == 0
        ):
            return super().inner_loop(sequences, initial_state, mask, training)
        if dropped:
            sequences = sequences * ops.expand_dims(cell.get_dropout_mask(sequences[:, 0]), 1)
        x = ops.transpose(sequences, (1, 0, 2))  # (T, B, F): each step is one block of memory
        steps = MASK if mask is None else ops.transpose(ops.cast(mask, "bool"), (1, 0))
        if self.go_backwards:
            x, steps = x[::-1], (steps if mask is None else steps[::-1])
        weights = [cell.kernel, cell.recurrent_kernel, cell.bias_or_zeros()]
        inputs = (bind("copy", x), *[ops.convert_to_tensor(w, x.dtype) for w in weights], *initial_state, steps)
        outputs, states = self._over_time(inputs, self.return_sequences)
        last = states[0]
        if mask is not None and self.zero_output_for_mask:
            last = ops.where(ops.expand_dims(steps[-1], -1), last, 0)
            outputs = None if outputs is None else ops.where(ops.expand_dims(steps, -1), outputs, 0)
        return last, None if outputs is None else ops.transpose(outputs, (1, 0, 2)), states

    def _is_plain(self) -> bool:
        return self.cell.activation is activations.tanh

    def _over_time(self, inputs: tuple[Tensor, ...], sequences: bool) -> tuple[Tensor | None, list[Tensor]]:
        """The outputs of all steps, if they are wanted, `(T, B, U)`, and the last states."""
        raise NotImplementedError
