"""`ReLU` and `LeakyReLU`, straight lines with a bend, as layers. Next: `prelu.py`, whose slope is learned."""

from __future__ import annotations

import warnings
from typing import Any

from babytf import activations, check
from babytf.layers.layer import Layer


class ReLU(Layer):
    r"""Rectified linear unit.

    $$ y = \begin{cases} \min(x, \text{max}) & x > \theta \\ \text{slope}\,(x - \theta) & x \le \theta \end{cases} $$

    With the defaults this is $\max(x, 0)$.

    Args:
        max_value: Where to saturate, at least 0; `None` for no limit.
        negative_slope: Slope below the threshold, at least 0.
        threshold: $\theta$, at least 0: where the line begins.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If an argument is negative.

    Example:
        >>> ReLU(max_value=1.0)(np.array([[-2.0, 0.5, 3.0]]))
        Tensor([[0.  0.5 1. ]], shape=(1, 3), dtype=float32)
    """

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else check.non_negative(self, max_value=max_value)
        self.negative_slope = check.non_negative(self, negative_slope=negative_slope)
        self.threshold = check.non_negative(self, threshold=threshold)
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any) -> Any:
        return activations.relu(
            inputs, negative_slope=self.negative_slope, max_value=self.max_value, threshold=self.threshold
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class LeakyReLU(Layer):
    r"""Rectified linear unit that keeps a little of what is negative.

    $$ y = \begin{cases} x & x > 0 \\ \text{slope} \cdot x & x \le 0 \end{cases} $$

    Args:
        negative_slope: Slope below 0, at least 0.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …; `alpha`, the older name of `negative_slope`.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `negative_slope` is negative.

    Example:
        >>> LeakyReLU()(np.array([[-1.0, 2.0]]))
        Tensor([[-0.3  2. ]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            warnings.warn("LeakyReLU: `alpha` is the older name of `negative_slope`.", stacklevel=2)
            negative_slope = kwargs.pop("alpha")
        super().__init__(**kwargs)
        self.negative_slope = check.non_negative(self, negative_slope=negative_slope)
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any) -> Any:
        return activations.leaky_relu(inputs, negative_slope=self.negative_slope)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
