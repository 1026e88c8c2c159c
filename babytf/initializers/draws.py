"""Draws from a normal or an even distribution of a given width, and orthogonal matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from babytf import config, random
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.initializers.base import RandomInitializer


class RandomNormal(RandomInitializer):
    r"""Draws from $N(\text{mean}, \text{stddev}^2)$.

    Args:
        mean: The mean.
        stddev: The standard deviation.
        seed: An integer, a `SeedGenerator`, or `None`.

    Example:
        >>> RandomNormal(seed=1)((2, 3)).shape
        (2, 3)
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed=seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The draw."""
        return random.normal(shape, self.mean, self.stddev, dtype=dtype or config.floatx(), seed=self.seed)


class TruncatedNormal(RandomInitializer):
    r"""Draws from $N(\text{mean}, \text{stddev}^2)$, values beyond two standard deviations being drawn again.

    Args:
        mean: The mean.
        stddev: The standard deviation before truncation (after it, 0.8796 of that).
        seed: An integer, a `SeedGenerator`, or `None`.
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed=seed)
        self.mean = mean
        self.stddev = stddev

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The draw."""
        return random.truncated_normal(shape, self.mean, self.stddev, dtype=dtype or config.floatx(), seed=self.seed)


class RandomUniform(RandomInitializer):
    """Draws evenly from [minval, maxval).

    Args:
        minval: The lower end.
        maxval: The upper end.
        seed: An integer, a `SeedGenerator`, or `None`.
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed=seed)
        self.minval = minval
        self.maxval = maxval

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The draw."""
        return random.uniform(shape, self.minval, self.maxval, dtype=dtype or config.floatx(), seed=self.seed)


class Orthogonal(RandomInitializer):
    r"""A matrix with orthonormal rows or columns, times `gain`: $Q$ of the QR decomposition of a normal draw.

    A weight of more than two axes is drawn as a matrix, its last axis the columns.

    Args:
        gain: Factor.
        seed: An integer, a `SeedGenerator`, or `None`.

    Raises:
        ShapeError: If the shape asked for has fewer than two axes.

    Source:
        Saxe, McClelland & Ganguli (2014), section 3.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed=seed)
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The draw."""
        if len(shape) < 2:
            raise ShapeError(
                explain(
                    "Orthogonal makes matrices.",
                    got=f"shape {tuple(shape)}",
                    expected="a shape of at least two sizes",
                    fix="'glorot_uniform', or another initializer for vectors",
                )
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = (max(rows, columns), min(rows, columns))
        q, r = np.linalg.qr(random.normal(tall, dtype="float64", seed=self.seed).numpy())
        q *= np.sign(np.diag(r))  # makes the decomposition unique, and so the draw even over all rotations
        if rows < columns:
            q = q.T
        return convert((self.gain * q).reshape(shape), dtype or config.floatx())
