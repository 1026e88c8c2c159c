"""`Reshape`, the same numbers in another shape."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from babytf import ops
from babytf.errors import ShapeError, explain
from babytf.layers.layer import Layer
from babytf.layers.symbolic import KerasTensor


class Reshape(Layer):
    """Gives each sample another shape.

    Args:
        target_shape: Shape of a sample, without the batch. One size may be -1: it follows from the others.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, ...)`

    Output shape:
        `(B, *target_shape)`

    Raises:
        ValueError: If `target_shape` is not made of integers of at least 0 and at most one -1.
        ShapeError: When called on samples of another number of elements.

    Example:
        >>> Reshape((2, -1))(np.zeros((4, 6))).shape
        (4, 2, 3)
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = self._checked_target(target_shape)
        self._built_from_start()

    def _checked_target(self, target_shape: Any) -> tuple[int, ...]:
        try:
            sizes = tuple(size.__index__() for size in target_shape)
        except (AttributeError, TypeError):
            sizes = (-2,)
        if any(size < -1 for size in sizes) or sizes.count(-1) > 1:
            raise ValueError(
                explain(
                    f"Reshape '{self.name}': bad `target_shape`.",
                    got=f"target_shape={target_shape!r}",
                    expected="integers of at least 0, and at most one -1",
                    fix="for example (28, 28, 1)",
                )
            )
        return sizes

    def call(self, inputs: Any) -> Any:
        return ops.reshape(inputs, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        batch, *sizes = input_shape
        fixed = math.prod(size for size in self.target_shape if size != -1)
        if None in sizes:
            return (batch, *(None if size == -1 else size for size in self.target_shape))
        count = math.prod(sizes)
        if -1 in self.target_shape:
            fits = fixed != 0 and count % fixed == 0
        else:
            fits = fixed == count
        if not fits:
            raise ShapeError(
                explain(
                    f"Reshape '{self.name}' cannot give its input the target shape.",
                    got=f"samples of shape {tuple(sizes)}, {count} elements",
                    expected=f"target_shape={self.target_shape}: "
                    + (f"a multiple of {fixed} elements" if -1 in self.target_shape else f"{fixed} elements"),
                    fix="change target_shape, or the shape of the data",
                )
            )
        return (batch, *(count // fixed if size == -1 else size for size in self.target_shape))

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)
