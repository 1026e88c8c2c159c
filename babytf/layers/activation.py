"""`Activation`, an activation function as a layer of its own."""

from __future__ import annotations

from typing import Any

from babytf import activations
from babytf.layers.layer import Layer


class Activation(Layer):
    r"""Elementwise function as a layer.

    $$ y = \phi(x) $$

    Args:
        activation: Name or callable for $\phi$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If the name is unknown.

    Example:
        >>> Activation("relu")(np.array([[-1.0, 2.0]]))
        Tensor([[0. 2.]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any) -> Any:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
