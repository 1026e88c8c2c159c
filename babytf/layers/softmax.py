"""`Softmax`, scores to probabilities, as a layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from babytf import activations, ops
from babytf.errors import ShapeError, explain
from babytf.layers.layer import Layer


class Softmax(Layer):
    r"""Probabilities of scores along an axis; what is masked gets 0.

    $$ y_i = \frac{e^{x_i}}{\sum_j e^{x_j}} $$

    Args:
        axis: The axis, or several, over which the probabilities add up to 1.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any. A `mask` broadcasts to it.

    Output shape:
        That of the input.

    Raises:
        ShapeError: If a mask does not broadcast to the input.

    Example:
        >>> Softmax()(np.array([[0.0, 0.0, 5.0]]), mask=np.array([[True, True, False]]))
        Tensor([[0.5 0.5 0. ]], shape=(1, 3), dtype=float32)
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any, mask: Any = None) -> Any:
        x = inputs
        if mask is not None:
            self._check_mask(tuple(x.shape), tuple(mask.shape))
            mask = mask if mask.dtype == np.bool_ else mask > 0.5
            x = ops.where(mask, x, -3e4 if x.dtype == np.float16 else -1e9)
        if isinstance(self.axis, int):
            y = activations.softmax(x, axis=self.axis)
        elif len(self.axis) == 1:
            y = activations.softmax(x, axis=self.axis[0])
        else:
            y = ops.exp(x - ops.logsumexp(x, axis=self.axis, keepdims=True))
        return y if mask is None else ops.where(mask, y, 0.0)

    def _check_mask(self, shape: tuple[int, ...], mask: tuple[int, ...]) -> None:
        pairs = zip(reversed(mask), reversed(shape), strict=False)
        if len(mask) > len(shape) or any(m not in (1, size) for m, size in pairs):
            raise ShapeError(
                explain(
                    f"Softmax '{self.name}': the mask does not fit the input.",
                    got=f"a mask of shape {mask} for input of shape {shape}",
                    expected="a mask that broadcasts to the input",
                )
            )

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
