"""`ELU`, a smooth bend instead of a kink, as a layer."""

from __future__ import annotations

from typing import Any

from babytf import activations, check
from babytf.layers.layer import Layer


class ELU(Layer):
    r"""Exponential linear unit.

    $$ y = \begin{cases} x & x > 0 \\ \alpha\,(e^x - 1) & x \le 0 \end{cases} $$

    Args:
        alpha: What it approaches below 0 is $-\alpha$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `alpha` is not a number.

    Source:
        Clevert, Unterthiner & Hochreiter (2016), eq. 15.

    Example:
        >>> ELU()(np.array([[-1.0, 2.0]]))
        Tensor([[-0.63212055  2.        ]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = check.number(self, alpha=alpha)
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any) -> Any:
        return activations.elu(inputs, alpha=self.alpha)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
