"""`RNN`, which runs a cell over the steps of a sequence. `lstm_cell.py` has a cell; `lstm.py` a faster layer of it."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, Variable, tree
from babytf.errors import ShapeError, explain
from babytf.layers.layer import Layer
from babytf.layers.recurrent_cell import RecurrentCell
from babytf.layers.stacked_rnn_cells import StackedRNNCells
from babytf.layers.tracking import not_tracking


class RNN(Layer):
    r"""Runs a cell over the steps of a sequence.

    $$ (y_t, s_t) = \mathrm{cell}(x_t, s_{t-1}), \qquad t = 1, …, T $$

    Args:
        cell: A layer with `call(inputs_of_a_step, states) -> (output, new_states)` and an attribute `state_size`: the
            size of its state, or a list of sizes. `output_size` and `get_initial_state(batch_size)` are used if
            they are there. A list of cells is stacked.
        return_sequences: Whether to return the outputs of all steps, and not only the last.
        return_state: Whether to return the last states too.
        go_backwards: Whether to go from the last step to the first; the outputs come in that order.
        stateful: Whether a batch begins with the states that the batch before it ended with.
        unroll: For masked steps before the first one that counts, gives 0 and not the first state. Speed is the same.
        zero_output_for_mask: Whether masked steps put out 0, and not what the step before did.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, ...)`; the states as `initial_state`, a list; a mask of shape `(B, T)`, false for steps that change
        nothing.

    Output shape:
        `(B, output_size)`, or `(B, T, output_size)` with `return_sequences`; with `return_state`, a tuple of it and
        each of the states.

    Raises:
        ValueError: If the cell has no `call` or no `state_size`, or `stateful` is used without a known batch size.
        ShapeError: If a stateful layer gets a batch of another size.

    Source:
        Elman (1990); Werbos (1990), "Backpropagation through time".

    Example:
        >>> class Sum(Layer):
        ...     state_size = 2
        ...     def call(self, x, states):
        ...         total = x + states[0]
        ...         return total, [total]
        >>> RNN(Sum())(np.ones((1, 5, 2)))
        Tensor([[5. 5.]], shape=(1, 2), dtype=float32)
    """

    def __init__(
        self,
        cell: Any,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        zero_output_for_mask: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cell = self._checked_cell(StackedRNNCells(cell) if isinstance(cell, (list, tuple)) else cell)
        self.return_sequences = check.boolean(self, return_sequences=return_sequences)
        self.return_state = check.boolean(self, return_state=return_state)
        self.go_backwards = check.boolean(self, go_backwards=go_backwards)
        self.stateful = check.boolean(self, stateful=stateful)
        self.unroll = check.boolean(self, unroll=unroll)
        self.zero_output_for_mask = check.boolean(self, zero_output_for_mask=zero_output_for_mask)
        self.supports_masking = True
        size = self.cell.state_size
        self.single_state = isinstance(size, int)
        self.state_size = [size] if self.single_state else list(size)
        self.states: list[Any] | None = None

    def _checked_cell(self, cell: Any) -> Any:
        for name, wanted in (("call", "a call(inputs, states)"), ("state_size", "a size, or a list of sizes")):
            if not hasattr(cell, name):
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}': the cell has no `{name}`.",
                        got=f"cell={cell!r}",
                        expected=f"`{name}`: {wanted}",
                        fix="pass a cell such as LSTMCell(32), or a layer of your own that has it",
                    )
                )
        if not isinstance(cell.state_size, (int, list, tuple)):
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': bad `state_size` of its cell.",
                    got=f"state_size={cell.state_size!r}",
                    expected="an integer, or a list of integers",
                )
            )
        return cell

    # --- shapes

    @property
    def _output_size(self) -> Any:
        size = getattr(self.cell, "output_size", None)
        return tree.flatten(self.state_size)[0] if size is None else size

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        batch, length = sequences_shape[:2]
        shape = (batch, length, self._output_size) if self.return_sequences else (batch, self._output_size)
        if not self.return_state:
            return shape
        return (shape, *tree.map_structure(lambda size: (batch, size), list(self.state_size)))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the sequence, if the output is one; none for the states."""
        mask = tree.flatten(previous_mask)[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        mask = mask if self.return_sequences else None
        return [mask, *[None for _ in self.state_size]] if self.return_state else mask

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        batch = sequences_shape[0]
        if isinstance(self.cell, Layer) and not self.cell.built:
            self.cell.build((batch, *sequences_shape[2:]))
        if self.stateful and self.states is None:
            if batch is None:
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}': stateful=True needs the number of sequences in a batch.",
                        got=f"input of shape {tuple(sequences_shape)}",
                        expected="a definite batch size",
                        fix="give the model's input one: Input(batch_shape=(32, …))",
                    )
                )
            with not_tracking():
                self.states = [
                    tree.map_structure(lambda x: Variable(x, trainable=False, name="rnn_state"), state)
                    for state in self.get_initial_state(batch)
                ]

    # --- states

    def get_initial_state(self, batch_size: int | None) -> list[Any]:
        """The states before the first step: what the cell says, or zeros.

        Args:
            batch_size: Number of sequences.
        """
        if hasattr(self.cell, "get_initial_state"):
            states = self.cell.get_initial_state(batch_size=batch_size)
            return list(states) if isinstance(states, (list, tuple)) else [states]
        return [ops.zeros((batch_size, size), dtype=self._cell_dtype) for size in self.state_size]

    @property
    def _cell_dtype(self) -> str:
        return str(getattr(self.cell, "compute_dtype", self.compute_dtype))

    def reset_state(self) -> None:
        """Set the states that a stateful layer keeps to 0."""
        for variable in tree.flatten(self.states) if self.states is not None else []:
            variable.assign(ops.zeros(variable.shape, variable.dtype))

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    def _first_states(self, sequences: Any, given: Any) -> list[Any]:
        if given is None:
            given = self.states if self.stateful else self.get_initial_state(sequences.shape[0])
        if self.stateful and self.states is not None:
            batch = tree.flatten(self.states)[0].shape[0]
            if batch != sequences.shape[0]:
                raise ShapeError(
                    explain(
                        f"{type(self).__name__} '{self.name}' keeps the states of {batch} sequences.",
                        got=f"a batch of {sequences.shape[0]}",
                        expected=f"batches of {batch}, as it is stateful",
                        fix=f"pass whole batches: batch_size={batch}, and a number of samples that it divides",
                    )
                )
        states = list(given) if isinstance(given, (list, tuple)) else [given]
        if len(states) != len(self.state_size):
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': wrong number of states.",
                    got=f"initial_state with {len(states)} tensors",
                    expected=f"{len(self.state_size)}, of sizes {list(self.state_size)}",
                )
            )
        return [tree.map_structure(lambda x: ops.cast(x, self._cell_dtype), state) for state in states]

    # --- computation

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool = False) -> Any:
        if isinstance(mask, (list, tuple)):
            mask = mask[0]
        states = self._first_states(sequences, initial_state)
        if training:
            _draw_masks(self.cell, sequences[:, 0], states)
        try:
            last, outputs, states = self.inner_loop(sequences, states, mask, training)
        finally:
            _forget_masks(self.cell)
        if self.stateful:
            for variable, value in zip(tree.flatten(self.states), tree.flatten(list(states)), strict=True):
                variable.assign(ops.cast(value, variable.dtype))
        output = ops.cast(outputs if self.return_sequences else last, self.compute_dtype)
        if not self.return_state:
            return output
        return (output, *[tree.map_structure(lambda x: ops.cast(x, self.compute_dtype), s) for s in states])

    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """All steps, one after the other.

        Args:
            sequences: `(B, T, ...)`.
            initial_state: List of states.
            mask: `(B, T)`, or `None`.
            training: Whether the cell is training.

        Returns:
            The last output, the outputs of all steps (`None` if they are not returned), and the list of last states.
        """
        keywords = {}
        if isinstance(self.cell, Layer) and self.cell.__dict__["_signature"].takes_training:
            keywords["training"] = training
        states: Any = list(initial_state)
        order = range(sequences.shape[1])
        outputs: list[Tensor] = []
        output: Any = None
        call = self.cell if callable(self.cell) else self.cell.call
        for t in reversed(order) if self.go_backwards else order:
            new, new_states = call(sequences[:, t], states, **keywords)
            new_states = list(new_states) if isinstance(new_states, (list, tuple)) else [new_states]
            if mask is None:
                output, states = new, new_states
            else:
                counts = ops.cast(mask[:, t], "bool")
                output = _where(counts, new, self._while_masked(output, new, states))
                states = tree.map_structure(lambda a, b, c=counts: _where(c, a, b), new_states, states)
            outputs.append(output)
        return output, ops.stack(outputs, axis=1) if self.return_sequences else None, states

    def _while_masked(self, output: Any, new: Any, states: Any) -> Any:
        """What a masked step puts out."""
        if self.unroll:
            return ops.zeros_like(new) if output is None else output
        if self.zero_output_for_mask:
            return ops.zeros_like(new)
        before = states[0]
        return states[-1][0] if isinstance(before, (list, tuple)) else before


def _where(counts: Any, a: Any, b: Any) -> Any:
    return ops.where(ops.reshape(counts, (counts.shape[0],) + (1,) * (a.ndim - 1)), a, b)


def _draw_masks(cell: Any, x: Any, states: Any) -> None:
    """Let the cells draw what they drop for the whole sequence."""
    if isinstance(cell, RecurrentCell):
        cell.draw_masks(x, states[0] if isinstance(states, (list, tuple)) else states)
    elif isinstance(cell, StackedRNNCells):
        for inner, state in zip(cell.cells, states, strict=True):
            _draw_masks(inner, x, state)
            x = ops.zeros((x.shape[0], tree.flatten(_output_size(inner))[0]), x.dtype)


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    return cell.state_size if size is None else size


def _forget_masks(cell: Any) -> None:
    for inner in cell.cells if isinstance(cell, StackedRNNCells) else [cell]:
        if isinstance(inner, RecurrentCell):
            inner.reset_dropout_mask()
            inner.reset_recurrent_dropout_mask()
        elif isinstance(inner, StackedRNNCells):
            _forget_masks(inner)
