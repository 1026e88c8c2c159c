"""`GaussianNoise` and `GaussianDropout`: noise for training, added or multiplied. Next: `alpha_dropout.py`."""

from __future__ import annotations

import math
from typing import Any

from babytf import check, random
from babytf.layers.layer import Layer


class GaussianNoise(Layer):
    r"""In training, adds noise; otherwise does nothing.

    $$ y_i = x_i + \sigma n_i, \qquad n_i \sim \mathcal{N}(0, 1) $$

    Args:
        stddev: Standard deviation $\sigma$ of the noise, in [0, 1].
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `stddev` is not in [0, 1].

    Example:
        >>> GaussianNoise(0.1)(np.array([[1.0, 2.0]]), training=False)
        Tensor([[1. 2.]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.stddev = check.fraction(self, stddev=stddev)
        self.seed = seed
        if stddev > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.stddev == 0:
            return inputs
        return inputs + random.normal(
            inputs.shape, stddev=self.stddev, dtype=self.compute_dtype, seed=self.seed_generator
        )

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class GaussianDropout(Layer):
    r"""In training, multiplies with noise around 1, of the spread that dropout would have; otherwise does nothing.

    $$ y_i = x_i\, n_i, \qquad n_i \sim \mathcal{N}\left(1, \tfrac{p}{1 - p}\right) $$

    Args:
        rate: $p$, in [0, 1): the fraction that `Dropout` would drop.
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `rate` is not in [0, 1].

    Source:
        Srivastava et al. (2014), section 10.

    Example:
        >>> GaussianDropout(0.5)(np.array([[1.0, 2.0]]), training=False)
        Tensor([[1. 2.]], shape=(1, 2), dtype=float32)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = check.fraction(self, rate=rate)
        self.seed = seed
        if rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True
        self._built_from_start()

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        spread = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(inputs.shape, 1.0, spread, dtype=self.compute_dtype, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
