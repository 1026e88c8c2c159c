"""`Dot`, scalar products between the samples of two tensors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babytf import ops
from babytf.errors import explain
from babytf.layers.merge import Merge, Shape


class Dot(Merge):
    r"""Sum of products of two inputs over one axis of each, sample by sample.

    $$ y_{ij} = \sum_k x_{ik}\, z_{jk} $$

    Args:
        axes: The axis to sum over, counted with the batch; or a pair, one for each input. Not 0, the batch.
        normalize: Whether to divide by the norms along these axes, which makes $y$ the cosine of an angle.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of two shapes, with axes of one size to sum over.

    Output shape:
        The other axes of the first input and then those of the second; `(B, 1)` if there are none.

    Raises:
        TypeError: If `axes` is no integer and no pair.
        ValueError: If it is not a pair of integers.
        ShapeError: If there are not two inputs, or the sizes of the axes differ.

    Example:
        >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
        Tensor([[11.]], shape=(1, 1), dtype=float32)
    """

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axes, (int, list, tuple)):
            raise TypeError(self._bad_axes(axes))
        if not isinstance(axes, int) and (len(axes) != 2 or not all(isinstance(axis, int) for axis in axes)):
            raise ValueError(self._bad_axes(axes))
        self.axes = axes
        self.normalize = normalize

    _two = True

    def _bad_axes(self, axes: Any) -> str:
        return explain(
            f"Dot '{self.name}': bad `axes`.",
            got=f"axes={axes!r}",
            expected="an integer, or a pair of integers",
            fix="axes=(1, 2) sums over axis 1 of the first input and axis 2 of the second",
        )

    def _places(self, shapes: Sequence[Shape]) -> list[int]:
        """The axes to sum over, counted from the front."""
        axes = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        places = [
            axis % len(shape) if -len(shape) <= axis < len(shape) else 0
            for axis, shape in zip(axes, shapes, strict=True)
        ]
        if 0 in places:
            raise self._misfit(list(shapes), f"an axis after the batch for each, with axes={self.axes}")
        return places

    def _common_shape(self, shapes: list[Shape]) -> Shape:
        first, second = self._places(shapes)
        x, z = (list(shape) for shape in shapes)
        sizes, batches = (x.pop(first), z.pop(second)), (x.pop(0), z.pop(0))
        for a, b in (sizes, batches):
            if a is not None and b is not None and a != b:
                raise self._misfit(shapes, f"one size along the axes {first} and {second}")
        rest = x + z
        return (batches[1] if batches[0] is None else batches[0], *(rest or [1]))

    def call(self, inputs: Any) -> Any:
        self._check_list(inputs)
        return self._combine(inputs)

    def _combine(self, inputs: Sequence[Any]) -> Any:
        x, z = inputs
        first, second = self._places([x.shape, z.shape])
        if self.normalize:
            x, z = ops.normalize(x, axis=first), ops.normalize(z, axis=second)
        x, z = ops.moveaxis(x, first, -1), ops.moveaxis(z, second, 1)
        rest = (*x.shape[1:-1], *z.shape[2:])
        x = ops.reshape(x, (x.shape[0], -1, x.shape[-1]))  # (B, I, K)
        z = ops.reshape(z, (z.shape[0], z.shape[1], -1))  # (B, K, J)
        return ops.reshape(x @ z, (x.shape[0], *(rest or (1,))))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """`None`: there are no steps any more."""


def dot(inputs: Any, axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """Scalar products of two inputs: `Dot(axes, **kwargs)(inputs)`.

    Args:
        inputs: A list of two tensors.
        axes: The axis to sum over, or a pair.
        **kwargs: Arguments of the layer.
    """
    return Dot(axes=axes, **kwargs)(inputs)
