"""`Flatten`, from images to vectors."""

from __future__ import annotations

import math
from typing import Any

from babytf import check, config, ops
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.layers.symbolic import KerasTensor


class Flatten(Layer):
    """Joins all axes but the first into one.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; with the latter the channels are moved to the end
            first, so that both give the same order. `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, ...)`

    Output shape:
        `(B, F)`, F being the product of the other sizes; `(B, 1)` for input of shape `(B,)`.

    Raises:
        ValueError: If `data_format` is something else.

    Example:
        >>> Flatten()(np.zeros((2, 28, 28))).shape
        (2, 784)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        data_format = config.image_data_format() if data_format is None else data_format
        self.data_format = check.one_of(self, ("channels_last", "channels_first"), data_format=data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 1:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))  # (B, C, ...) -> (B, ..., C)
        return ops.reshape(inputs, (inputs.shape[0], math.prod(inputs.shape[1:])))

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes = input_shape[1:]
        return (input_shape[0], None if None in sizes else math.prod(sizes))

    def compute_output_spec(self, inputs: Any) -> Any:
        return KerasTensor(self.compute_output_shape(inputs.shape), inputs.dtype)
