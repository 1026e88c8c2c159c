"""`Merge`, base of the layers that make one tensor of several: shapes and masks. Next: `elementwise_merge.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from babytf import ops
from babytf.errors import ShapeError, explain
from babytf.layers.layer import Layer
from babytf.layers.symbolic import KerasTensor, is_shape

Shape = tuple[int | None, ...]


class Merge(Layer):
    """A layer with a list of inputs of shapes that broadcast. Tensors with fewer axes get new ones after the batch.

    Args:
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    _two: ClassVar[bool] = False
    """Whether it takes exactly two inputs."""

    def _combine(self, inputs: Sequence[Any]) -> Any:
        """The merged tensor; the inputs have equally many axes."""
        raise NotImplementedError

    def build(self, input_shape: Any) -> None:
        """Check that the shapes go together.

        Args:
            input_shape: A list of shapes.

        Raises:
            ShapeError: If it is not a list, or the shapes do not broadcast.
        """
        self._common_shape(self._shapes(input_shape))

    def _shapes(self, input_shape: Any) -> list[Shape]:
        shapes = [] if is_shape(input_shape) or not isinstance(input_shape, (list, tuple)) else list(input_shape)
        if (len(shapes) == 2) if self._two else shapes:
            return [tuple(shape) for shape in shapes]
        what = "a list of 2 inputs" if self._two else "a list of inputs"
        raise ShapeError(
            explain(
                f"{type(self).__name__} '{self.name}' takes {what}.",
                got=f"{len(shapes)} inputs, of shapes {shapes}" if shapes else f"one input, of shape {input_shape}",
                expected=what,
                fix="layer([x, y])",
            )
        )

    def _common_shape(self, shapes: list[Shape]) -> Shape:
        """The shape that all broadcast to, counting axes from the last."""
        batches = {shape[0] for shape in shapes if shape} - {None}
        common: list[int | None] = list(shapes[0][1:])
        for shape in shapes[1:]:
            other = list(shape[1:])
            longer, shorter = (common, other) if len(common) >= len(other) else (other, common)
            front = longer[: len(longer) - len(shorter)]
            pairs = list(zip(longer[len(front) :], shorter, strict=True))
            if len(batches) > 1 or any(None not in pair and 1 not in pair and pair[0] != pair[1] for pair in pairs):
                raise self._misfit(shapes, "shapes that are equal, or 1, axis by axis")
            common = front + [None if None in (a, b) else b if a == 1 else a for a, b in pairs]
        return (next(iter(batches), None), *common)

    def _misfit(self, shapes: list[Shape], expected: str) -> ShapeError:
        return ShapeError(
            explain(
                f"{type(self).__name__} '{self.name}': the shapes of the inputs do not go together.",
                got=", ".join(map(str, shapes)),
                expected=expected,
                fix="bring them to one shape first, with Dense or Reshape for example",
            )
        )

    def _check_list(self, inputs: Any) -> None:
        self._shapes([tuple(x.shape) for x in inputs] if isinstance(inputs, (list, tuple)) else tuple(inputs.shape))

    def call(self, inputs: Any) -> Any:
        self._check_list(inputs)
        axes = max(len(x.shape) for x in inputs)
        return self._combine([_with_axes(x, axes) for x in inputs])

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self._common_shape(self._shapes(input_shape))

    def compute_output_spec(self, inputs: Any) -> Any:
        self._check_list(inputs)
        return KerasTensor(self.compute_output_shape([x.shape for x in inputs]), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """A step counts if it does in any of the inputs; no mask if one of them has none."""
        if previous_mask is None or any(mask is None for mask in previous_mask):
            return None
        found = previous_mask[0]
        for mask in previous_mask[1:]:
            found = ops.logical_or(found, mask)
        return found


def _with_axes(x: Any, axes: int) -> Any:
    """New axes after the batch, until there are enough."""
    for _ in range(axes - len(x.shape)):
        x = ops.expand_dims(x, 1)
    return x
