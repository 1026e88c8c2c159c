"""`AlphaDropout`, dropout that keeps mean and variance, for networks of SELU units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babytf import ops, random
from babytf.layers.dropout import Dropout

_FLOOR = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
"""What SELU approaches far below 0."""


class AlphaDropout(Dropout):
    r"""In training, sets a fraction of the inputs to SELU's lower limit $\alpha'$, then restores mean and variance.

    $$ y_i = a\,(m_i x_i + (1 - m_i)\,\alpha') + b, \quad a = \left((1 - p)(1 + p\,\alpha'^2)\right)^{-1/2},
    \quad b = -a\, p\, \alpha' $$

    Args:
        rate: Fraction $p$ of the inputs, in [0, 1).
        noise_shape: Shape of $m$, which is then repeated along the axes of size 1; `None` for a size means that of
            the input.
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `rate` is not in [0, 1], or `noise_shape` not a sequence of positive integers and `None`.

    Source:
        Klambauer et al. (2017), "Self-normalizing neural networks", section 2, new dropout technique.

    Example:
        >>> AlphaDropout(0.5)(np.array([[1.0, 2.0]]), training=False)
        Tensor([[1. 2.]], shape=(1, 2), dtype=float32)
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, noise_shape, seed, **kwargs)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        shape = self.noise_shape or (None,) * len(inputs.shape)
        sizes = tuple(own if size is None else size for size, own in zip(shape, inputs.shape, strict=True))
        p = self.rate
        keep = ops.cast(random.uniform(sizes, seed=self.seed_generator) >= p, inputs.dtype)
        a = ((1 - p) * (1 + p * _FLOOR**2)) ** -0.5
        return a * (inputs * keep + _FLOOR * (1 - keep)) - a * _FLOOR * p
