"""`Permute`, the axes of each sample in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babytf import ops
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.layers.symbolic import KerasTensor


class Permute(Layer):
    """Puts the axes of each sample in another order.

    Args:
        dims: For each axis of the result the axis it comes from, counted from 1 after the batch.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, ...)` with as many axes as `dims`.

    Output shape:
        The same sizes in the new order.

    Raises:
        ValueError: If `dims` is not an order of 1, 2, …

    Example:
        >>> Permute((2, 1))(np.zeros((4, 3, 5))).shape
        (4, 5, 3)
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(dims, (list, tuple)) or sorted(dims) != list(range(1, len(dims) + 1)):
            raise ValueError(
                explain(
                    f"Permute '{self.name}': bad `dims`.",
                    got=f"dims={dims!r}",
                    expected="1, 2, … in some order",
                    fix="(2, 1) exchanges the two axes of a sample",
                )
            )
        self.dims = tuple(dims)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return ops.transpose(inputs, axes=(0, *self.dims))

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)
