"""`Rescaling`, from the range of the data to the range a network likes."""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.layers.layer import Layer


class Rescaling(Layer):
    r"""Multiplies by a number and adds another, in training and prediction alike.

    $$ y = s\,x + o $$

    Integers become floats of the layer's dtype first. `Rescaling(1 / 255)` takes pixels from 0…255 to 0…1.

    Args:
        scale: $s$; a number, or an array that broadcasts against the input. With the image data format
            `"channels_first"`, an array of C values belongs to the channels.
        offset: $o$, likewise a number or array.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> Rescaling(0.5, offset=-1.0)(np.array([[0, 4]]))
        Tensor([[-1.  1.]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = scale
        self.offset = offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        dtype = self.compute_dtype
        scale, offset = ops.convert_to_tensor(self.scale, dtype), ops.convert_to_tensor(self.offset, dtype)
        if scale.shape and config.image_data_format() == "channels_first":
            scale = ops.reshape(scale, scale.shape + (1,) * (3 - len(scale.shape)))  # (C,) -> (C, 1, 1)
        scaled = ops.cast(inputs, dtype) * scale
        return scaled if isinstance(self.offset, (int, float)) and self.offset == 0 else scaled + offset

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
