"""`Dropout`, noise for training that keeps units from relying on one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babytf import check, random
from babytf.errors import explain
from babytf.layers.layer import Layer


class Dropout(Layer):
    r"""In training, sets a fraction of the inputs to 0 and scales the others up; otherwise does nothing.

    $$ y_i = \frac{m_i x_i}{1 - p}, \qquad m_i \sim \mathrm{Bernoulli}(1 - p) $$

    Args:
        rate: Fraction $p$ of the inputs to drop, in [0, 1].
        noise_shape: Shape of $m$, which is then repeated along the axes of size 1; `None` for a size means that of
            the input. `(None, 1, None)` drops a feature in all steps of a sequence at once.
        seed: Integer that makes the draws repeatable.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `rate` is not in [0, 1], or `noise_shape` not a sequence of positive integers and `None`.

    Source:
        Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting", section 4;
        scaled in training ("inverted") rather than at prediction.

    Example:
        >>> Dropout(0.5)(np.array([[1.0, 2.0]]), training=False)
        Tensor([[1. 2.]], shape=(1, 2), dtype=float32)
    """

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rate = check.fraction(self, rate=rate)
        self.noise_shape = self._checked_noise_shape(noise_shape)
        self.seed = seed
        if rate > 0:
            self.seed_generator = random.SeedGenerator(seed)
        self.supports_masking = True
        self._built_from_start()

    def _checked_noise_shape(self, noise_shape: Any) -> tuple[int | None, ...] | None:
        if noise_shape is None:
            return None
        try:
            if isinstance(noise_shape, str):
                raise TypeError
            return tuple(None if n is None else check.positive_int(self, noise_shape=n) for n in noise_shape)
        except TypeError:
            raise ValueError(
                explain(
                    f"Dropout '{self.name}': bad `noise_shape`.",
                    got=f"noise_shape={noise_shape!r}",
                    expected="a sequence of positive integers and None",
                    fix="for example (None, 1, None)",
                )
            ) from None

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        return random.dropout(inputs, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
