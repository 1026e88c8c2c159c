"""`Identity`, the layer that changes nothing."""

from __future__ import annotations

from typing import Any

from babytf.engine import tree
from babytf.layers.layer import Layer
from babytf.layers.symbolic import KerasTensor


class Identity(Layer):
    """Returns its input: a place-holder, where a layer is wanted and nothing is to happen.

    Args:
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any, also nests of tensors.

    Output shape:
        That of the input.

    Example:
        >>> Identity()(np.array([[1.0, 2.0]]))
        Tensor([[1. 2.]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def compute_output_spec(self, inputs: Any) -> Any:
        return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype), inputs)
