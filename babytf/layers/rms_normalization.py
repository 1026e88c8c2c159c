"""`RMSNormalization`, which scales each sample to mean square 1. `layer_normalization.py` takes the mean away too."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.layers.layer import Layer
from babytf.layers.layer_normalization import axis_argument, sizes_of


class RMSNormalization(Layer):
    r"""Scales the given axes of each sample to mean square 1, then by a learned factor.

    $$ y = \gamma \, \frac{x}{\sqrt{\overline{x^2} + \epsilon}} $$

    Args:
        axis: Axis, or list of axes, over which the mean is taken; $\gamma$ has their shape.
        epsilon: $\epsilon$, added to the mean square.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        TypeError: If `axis` is neither an integer nor a list of integers.
        ValueError: If the input has no such axis.

    Source:
        Zhang & Sennrich (2019), "Root mean square layer normalization", eq. 4.

    Example:
        >>> RMSNormalization()(np.array([[3.0, 4.0]])).numpy().round(2)
        array([[0.85, 1.13]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis_argument(self, axis)
        self.epsilon = check.non_negative(self, epsilon=epsilon)

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        self.scale = self.add_weight(name="scale", shape=sizes_of(self, input_shape, self.axis), initializer="ones")

    def call(self, inputs: Any) -> Any:
        return ops.rms_normalization(inputs, scale=self.scale, axis=self.axis, epsilon=self.epsilon)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes_of(self, input_shape, self.axis)
        return input_shape
