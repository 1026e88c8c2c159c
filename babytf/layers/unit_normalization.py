"""`UnitNormalization`, which gives each sample length 1."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.layers.layer import Layer
from babytf.layers.layer_normalization import axis_argument, sizes_of


class UnitNormalization(Layer):
    r"""Divides each sample by its length along the given axes.

    $$ y = \frac{x}{\sqrt{\sum x^2}} $$

    Args:
        axis: Axis, or list of axes, along which the length is taken.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input. A vector of zeros stays one.

    Raises:
        TypeError: If `axis` is neither an integer nor a list of integers.
        ValueError: If the input has no such axis.

    Example:
        >>> UnitNormalization()(np.array([[3.0, 4.0]]))
        Tensor([[0.6 0.8]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis_argument(self, axis)
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any) -> Any:
        return ops.normalize(inputs, axis=self.axis, order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes_of(self, input_shape, self.axis)
        return input_shape
