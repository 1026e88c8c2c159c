"""`Masking`, which tells the layers after it which steps of a sequence do not count."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.layers.layer import Layer
from babytf.layers.symbolic import attach_mask


class Masking(Layer):
    """Masks the steps whose features all have one value, and sets them to 0.

    Args:
        mask_value: The value that stands for "no data".
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, ..., F)`

    Output shape:
        That of the input, with a mask of the shape without the last axis.

    Example:
        >>> y = Masking()(np.array([[[1.0, 2.0], [0.0, 0.0]]]))
        >>> y._keras_mask.numpy().tolist()
        [[True, False]]
    """

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any) -> Any:
        counts = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return attach_mask(ops.where(counts, inputs, 0), ops.squeeze(counts, axis=-1))

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """The steps that have another value somewhere."""
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
