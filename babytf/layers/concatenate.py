"""`Concatenate`, several tensors end to end. Next: `dot.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babytf import ops
from babytf.errors import ShapeError, explain
from babytf.layers.merge import Merge, Shape


class Concatenate(Merge):
    """The inputs, one after the other along an axis.

    Args:
        axis: The axis.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of shapes that are equal but for the axis.

    Output shape:
        The same, with the sum of the sizes along the axis.

    Raises:
        ShapeError: If the input is not a list, or the shapes do not go together.

    Example:
        >>> Concatenate()([np.ones((1, 2)), np.zeros((1, 1))])
        Tensor([[1. 1. 0.]], shape=(1, 3), dtype=float32)
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def _common_shape(self, shapes: list[Shape]) -> Shape:
        axes = len(shapes[0])
        if not -axes <= self.axis < axes:
            raise ShapeError(
                explain(
                    f"{type(self).__name__} '{self.name}': there is no axis {self.axis}.",
                    got=f"inputs of {axes} axes",
                    expected=f"an axis from {-axes} to {axes - 1}",
                )
            )
        place = self.axis % axes
        common = list(shapes[0])
        for shape in shapes[1:]:
            sizes = [(a, b) for i, (a, b) in enumerate(zip(common, shape, strict=False)) if i != place]
            if len(shape) != axes or any(a != b for a, b in sizes if a is not None and b is not None):
                raise self._misfit(shapes, f"shapes that are equal but for axis {place}")
            joined = common[place], shape[place]
            common = [b if a is None else a for a, b in zip(common, shape, strict=True)]
            common[place] = None if joined[0] is None or joined[1] is None else joined[0] + joined[1]
        return tuple(common)

    def call(self, inputs: Any) -> Any:
        self._check_list(inputs)
        return self._combine(inputs)

    def _combine(self, inputs: Sequence[Any]) -> Any:
        return ops.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The masks end to end; all steps of an input without a mask count."""
        if previous_mask is None or all(mask is None for mask in previous_mask):
            return None
        masks = []
        for x, mask in zip(inputs, previous_mask, strict=True):
            if mask is None:
                mask = ops.ones_like(x, dtype="bool")
            elif len(mask.shape) < len(x.shape):
                mask = ops.logical_or(ops.expand_dims(mask, axis=-1), ops.zeros_like(x, dtype="bool"))
            masks.append(mask)
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1, keepdims=False)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """The inputs end to end: `Concatenate(axis, **kwargs)(inputs)`.

    Args:
        inputs: A list of tensors.
        axis: The axis.
        **kwargs: Arguments of the layer.
    """
    return Concatenate(axis=axis, **kwargs)(inputs)
