r"""Initializers: the values a variable starts with.

An initializer is any callable `(shape, dtype) -> array`. The random ones take `seed`: an integer makes every
call give the same values; a `SeedGenerator` gives fresh values on each call; `None` draws an integer
when the initializer is made, so that `set_random_seed` makes a whole program repeatable.
Read `layers/layer.py` next, whose `add_weight` calls them.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from babytf import check, config, ops, random
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.naming import to_snake_case
from babytf.serialization import Configurable, builtin, deserialize_keras_object, lookup, serialize_keras_object


class Initializer(Configurable):
    """Base of the initializers; override `__call__(shape, dtype)`.

    Example:
        >>> class Twos(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return ops.full(shape, 2.0, dtype=dtype)
        >>> Twos()((3,)).numpy().tolist()
        [2.0, 2.0, 2.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values for a variable of this shape and dtype (`None`: `floatx()`)."""
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} has no `__call__(shape, dtype)`.",
                expected="an initializer that overrides it",
                fix="def __call__(self, shape, dtype=None): return ops.zeros(shape, dtype)",
            )
        )

    def clone(self) -> Initializer:
        """A new initializer of the same configuration."""
        return type(self).from_config(self.get_config())


class Zeros(Initializer):
    """All 0.

    Example:
        >>> Zeros()((2,)).numpy().tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Zeros of this shape."""
        return ops.zeros(shape, dtype=dtype or config.floatx())


class Ones(Initializer):
    """All 1.

    Example:
        >>> Ones()((2,)).numpy().tolist()
        [1.0, 1.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Ones of this shape."""
        return ops.ones(shape, dtype=dtype or config.floatx())


class Constant(Initializer):
    """All one value.

    Args:
        value: A number, or an array that broadcasts to the shape asked for.

    Example:
        >>> Constant(0.5)((2,)).numpy().tolist()
        [0.5, 0.5]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The value, broadcast to this shape."""
        value = convert(self.value, dtype or config.floatx())
        shape = tuple(shape)
        try:
            fits = np.broadcast_shapes(value.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(
                explain(
                    "Constant: the value does not fit the variable.",
                    got=f"value of shape {value.shape}",
                    expected=f"a number, or an array that broadcasts to {shape}",
                    fix="pass a single number, or an array of the variable's shape",
                )
            )
        return ops.broadcast_to(value, shape)


class Identity(Initializer):
    """A matrix with `gain` on the diagonal, 0 elsewhere.

    Args:
        gain: The value on the diagonal.

    Raises:
        ShapeError: If the shape asked for is not a matrix's.

    Example:
        >>> Identity(2.0)((2, 2)).numpy().tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The scaled identity of this shape."""
        if len(shape) != 2:
            raise ShapeError(
                explain(
                    "Identity makes matrices.",
                    got=f"shape {tuple(shape)}",
                    expected="a shape of two sizes",
                    fix="'zeros' or 'ones'",
                )
            )
        return self.gain * ops.eye(shape[0], shape[1], dtype=dtype or config.floatx())


class RandomInitializer(Initializer):
    """What the random initializers share: the seed.

    Args:
        seed: An integer, a `SeedGenerator`, or `None` to draw an integer now.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        is_integer = isinstance(seed, numbers.Integral) and not isinstance(seed, bool)
        if not (seed is None or is_integer or isinstance(seed, random.SeedGenerator)):
            raise ValueError(
                explain(
                    f"{type(self).__name__}: bad `seed`.",
                    got=f"seed={seed!r}",
                    expected="an integer, a SeedGenerator or None",
                    fix="seed=42",
                )
            )
        self._given_seed = seed
        self.seed = random.make_default_seed() if seed is None else seed

    def get_config(self) -> dict[str, Any]:
        """The arguments; `seed` as it was given, so `None` stays `None`."""
        return {**super().get_config(), "seed": serialize_keras_object(self._given_seed)}


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


constant = Constant
identity = IdentityInitializer = Identity
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_CLASSES = (
    Initializer,
    Zeros,
    Ones,
    Constant,
    Identity,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
)
TABLE: dict[str, Callable[..., Any]] = {
    **{c.__name__: c for c in _CLASSES},
    **{to_snake_case(c.__name__): c for c in _CLASSES},
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
    "normal": RandomNormal,
    "one": Ones,
    "uniform": RandomUniform,
    "zero": Zeros,
}

builtin("keras.random", random.SeedGenerator)
builtin("keras.initializers", *dict.fromkeys(TABLE.values()), **TABLE)


def get(identifier: Any) -> Any:
    """The initializer that a name, a configuration, a class or an initializer itself stands for.

    Args:
        identifier: Name as in Keras, dict from `serialize`, class, callable, an array of the very values, or `None`.

    Returns:
        An initializer; `None` for `None`.

    Raises:
        ValueError: If the name is unknown.
    """
    if isinstance(identifier, (np.ndarray, np.generic, Tensor)):
        return _given_values(convert(identifier))
    return lookup("initializer", identifier, TABLE, "keras.initializers")


def _given_values(values: Tensor) -> Callable[..., Tensor]:
    def initialize(shape: Any, dtype: Any = None) -> Tensor:
        if tuple(shape) != values.shape:
            raise ShapeError(
                explain(
                    "the array given as initializer does not have the variable's shape.",
                    got=f"an array of shape {values.shape}",
                    expected=f"shape {tuple(shape)}",
                )
            )
        return convert(values, dtype or config.floatx())

    return initialize


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer, as a dict; `deserialize` takes it back."""
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer of a configuration.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes and functions of your own, by name.
    """
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.initializers")
