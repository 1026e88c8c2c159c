"""Draws whose width follows from how many values feed an output: Glorot, He, LeCun."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from babytf import check, config, random
from babytf.engine import Tensor
from babytf.errors import explain
from babytf.initializers.base import RandomInitializer


def compute_fans(
    shape: Iterable[int], input_axes: Iterable[int] | None = None, output_axes: Iterable[int] | None = None
) -> tuple[int, int]:
    """How many values feed one output of a weight (fan in), and how many outputs one input feeds (fan out).

    A matrix `(F, units)` has fans `(F, units)`; a convolution kernel `(H, W, C, filters)` has
    `(H * W * C, H * W * filters)`; a vector has its size twice, a scalar 1 and 1.

    Args:
        shape: The weight's shape.
        input_axes: Axes counted as inputs; with `output_axes`, in place of the rule above.
        output_axes: Axes counted as outputs.

    Example:
        >>> compute_fans((3, 3, 2, 5))
        (18, 45)
    """
    shape = tuple(int(size) for size in shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        size = shape[0] if shape else 1
        return size, size
    receptive_field = math.prod(shape[:-2])
    return shape[-2] * receptive_field, shape[-1] * receptive_field


# A standard normal, truncated at two standard deviations, has this standard deviation.
_TRUNCATED_STDDEV = 0.87962566103423978


class VarianceScaling(RandomInitializer):
    r"""Draws with mean 0 and variance $\text{scale} / n$, so that signals keep their size from layer to layer.

    Args:
        scale: Above 0.
        mode: What $n$ is: `"fan_in"`, `"fan_out"`, or `"fan_avg"` (their mean).
        distribution: `"truncated_normal"` (also written `"normal"`), `"untruncated_normal"` or
            `"uniform"` (from $\pm\sqrt{3\,\text{scale}/n}$).
        seed: An integer, a `SeedGenerator`, or `None`.
        input_axes: Axes of the weight counted as inputs; see `compute_fans`.
        output_axes: Axes counted as outputs.

    Raises:
        ValueError: If `scale` is not positive, or `mode` or `distribution` is unknown.

    Source:
        Glorot & Bengio (2010); He, Zhang, Ren & Sun (2015).

    Example:
        >>> VarianceScaling(seed=1)((4, 2)).shape
        (4, 2)
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ) -> None:
        super().__init__(seed=seed)
        if not check.number(self, scale=scale) > 0:
            raise ValueError(
                explain(
                    f"{type(self).__name__}: bad `scale`.",
                    got=f"scale={scale!r}",
                    expected="a number above 0",
                    fix="scale=1.0",
                )
            )
        if isinstance(distribution, str):
            distribution = distribution.lower()
        if distribution == "normal":
            distribution = "truncated_normal"
        self.scale = scale
        self.mode = check.one_of(self, ("fan_in", "fan_out", "fan_avg"), mode=mode)
        options = ("truncated_normal", "untruncated_normal", "uniform")
        self.distribution = check.one_of(self, options, distribution=distribution)
        self.input_axes = input_axes
        self.output_axes = output_axes

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The draw."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        stddev = math.sqrt(self.scale / max(1.0, n))
        dtype = dtype or config.floatx()
        if self.distribution == "truncated_normal":
            return random.truncated_normal(shape, 0.0, stddev / _TRUNCATED_STDDEV, dtype=dtype, seed=self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, stddev, dtype=dtype, seed=self.seed)
        limit = math.sqrt(3.0) * stddev
        return random.uniform(shape, -limit, limit, dtype=dtype, seed=self.seed)


class GlorotUniform(VarianceScaling):
    r"""Evenly from $\pm\sqrt{6 / (\text{fan}_{in} + \text{fan}_{out})}$; what Dense starts with.

    Args:
        seed: An integer, a `SeedGenerator`, or `None`.
        input_axes: Axes of the weight counted as inputs.
        output_axes: Axes counted as outputs.

    Source:
        Glorot & Bengio (2010), eq. 16.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, input_axes, output_axes)


class GlorotNormal(VarianceScaling):
    r"""Truncated normal of variance $2 / (\text{fan}_{in} + \text{fan}_{out})$.

    Args:
        seed: An integer, a `SeedGenerator`, or `None`.
        input_axes: Axes of the weight counted as inputs.
        output_axes: Axes counted as outputs.

    Source:
        Glorot & Bengio (2010), eq. 12.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, input_axes, output_axes)


class HeUniform(VarianceScaling):
    r"""Evenly from $\pm\sqrt{6 / \text{fan}_{in}}$; made for relu.

    Args:
        seed: An integer, a `SeedGenerator`, or `None`.
        input_axes: Axes of the weight counted as inputs.
        output_axes: Axes counted as outputs.

    Source:
        He, Zhang, Ren & Sun (2015), eq. 10.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(2.0, "fan_in", "uniform", seed, input_axes, output_axes)


class HeNormal(VarianceScaling):
    r"""Truncated normal of variance $2 / \text{fan}_{in}$; made for relu.

    Args:
        seed: An integer, a `SeedGenerator`, or `None`.
        input_axes: Axes of the weight counted as inputs.
        output_axes: Axes counted as outputs.

    Source:
        He, Zhang, Ren & Sun (2015), eq. 10.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(2.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)


class LecunUniform(VarianceScaling):
    r"""Evenly from $\pm\sqrt{3 / \text{fan}_{in}}$.

    Args:
        seed: An integer, a `SeedGenerator`, or `None`.
        input_axes: Axes of the weight counted as inputs.
        output_axes: Axes counted as outputs.

    Source:
        LeCun, Bottou, Orr & Müller (1998), section 4.6.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_in", "uniform", seed, input_axes, output_axes)


class LecunNormal(VarianceScaling):
    r"""Truncated normal of variance $1 / \text{fan}_{in}$; made for selu.

    Args:
        seed: An integer, a `SeedGenerator`, or `None`.
        input_axes: Axes of the weight counted as inputs.
        output_axes: Axes counted as outputs.

    Source:
        LeCun, Bottou, Orr & Müller (1998), section 4.6.
    """

    def __init__(self, seed: Any = None, input_axes: Any = None, output_axes: Any = None) -> None:
        super().__init__(1.0, "fan_in", "truncated_normal", seed, input_axes, output_axes)
