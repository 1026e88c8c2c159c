"""`StackedRNNCells`, several cells that work as one: each gets the output of the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babytf import ops
from babytf.engine import tree
from babytf.errors import explain
from babytf.layers.layer import Layer


class StackedRNNCells(Layer):
    """Several cells as one, for `RNN`: in each step, each gets the output of the one before.

    Args:
        cells: List of cells.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, F)`, and a list with the states of each cell.

    Output shape:
        That of the last cell, and a list with the new states of each.

    Raises:
        ValueError: If one of them is no cell.

    Example:
        >>> from babytf.layers import RNN, GRUCell
        >>> RNN(StackedRNNCells([GRUCell(4), GRUCell(3)]))(np.ones((2, 5, 6))).shape
        (2, 3)
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            for name in ("call", "state_size"):
                if not hasattr(cell, name):
                    raise ValueError(
                        explain(
                            f"StackedRNNCells '{self.name}': a cell has no `{name}`.",
                            got=repr(cell),
                            expected="cells, with call(inputs, states) and state_size",
                            fix="pass cells such as [LSTMCell(32), LSTMCell(32)]",
                        )
                    )
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """The sizes of the states, cell by cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> Any:
        """The size of the output: that of the last cell."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: int | None = None) -> list[Any]:
        """The first states, cell by cell.

        Args:
            batch_size: Number of sequences.
        """
        return [self._first(cell, batch_size) for cell in self.cells]

    def _first(self, cell: Any, batch_size: int | None) -> Any:
        if hasattr(cell, "get_initial_state"):
            return cell.get_initial_state(batch_size=batch_size)
        return tree.map_structure(lambda n: ops.zeros((batch_size, n), dtype=self.compute_dtype), cell.state_size)

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer) and not cell.built:
                cell.build(input_shape)
            input_shape = (input_shape[0], _output_size(cell))

    def call(self, inputs: Any, states: Any, training: bool = False, **kwargs: Any) -> Any:
        new_states = []
        for cell, state in zip(self.cells, states, strict=True):
            nested = isinstance(state, (list, tuple))
            keywords = dict(kwargs)
            if isinstance(cell, Layer) and cell.__dict__["_signature"].takes_training:
                keywords["training"] = training
            call = cell if callable(cell) else cell.call
            inputs, new = call(inputs, list(state) if nested else [state], **keywords)
            new_states.append(new if nested else new[0] if isinstance(new, (list, tuple)) else new)
        return inputs, new_states


def _output_size(cell: Any) -> Any:
    size = getattr(cell, "output_size", None)
    return tree.flatten(cell.state_size)[0] if size is None else size
