"""`ActivityRegularization`, a penalty on what goes through."""

from __future__ import annotations

from typing import Any

from babytf import regularizers
from babytf.layers.layer import Layer


class ActivityRegularization(Layer):
    r"""Adds a penalty on its input to the loss, and changes nothing else.

    $$ \frac{1}{B} \sum_i \left( l_1 |x_i| + l_2\, x_i^2 \right) $$

    Args:
        l1: Factor of the absolute values.
        l2: Factor of the squares.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Example:
        >>> layer = ActivityRegularization(l2=0.1)
        >>> _ = layer(np.array([[1.0, 2.0]]))
        >>> round(float(layer.losses[0]), 6)
        0.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1 = l1
        self.l2 = l2
        self.supports_masking = True
        self._built_from_start()

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return config

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
