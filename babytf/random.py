"""Random draws, as `keras.random` has them.

The argument `seed` of every draw is

- an integer: the same numbers at each call,
- a `SeedGenerator`: the next numbers of its stream,
- `None`: the next numbers of the program's own stream, which `set_seed` restarts.

The numbers are NumPy's (SFC64), so they differ from those that Keras draws from the same seed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check
from babytf.engine.dtypes import standardize
from babytf.engine.primitive import PRIMITIVES
from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.arithmetic import add, multiply
from babytf.ops.operands import floating, one_axis, static_shape, to_dtype
from babytf.ops.reduction import argmax
from babytf.ops.shaping import broadcast_to


class SeedGenerator:
    """A stream of random numbers, which goes on with each draw.

    Args:
        seed: Where the stream begins; drawn itself if `None`.
        name: A name for it.

    Raises:
        ValueError: If `seed` is neither an integer nor `None`.

    Example:
        >>> seeds = SeedGenerator(seed=42)
        >>> a, b = normal((2, 3), seed=seeds), normal((2, 3), seed=seeds)
    """

    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, (int, np.integer))):
            raise ValueError(
                explain("SeedGenerator: bad `seed`.", got=f"seed={seed!r}", expected="an integer, or None")
            )
        self.name = name or "seed_generator"
        self.seed = None if seed is None else int(seed)
        self._started_at = make_default_seed() if seed is None else int(seed)
        self._generator: np.random.Generator | None = None

    @property
    def generator(self) -> np.random.Generator:
        """NumPy's generator, which the draws advance."""
        if self._generator is None:
            self._generator = _new_generator(self._started_at)
        return self._generator

    @property
    def state(self) -> np.ndarray:
        """Where the stream stands, as six unsigned integers; assign it to go back there."""
        found = self.generator.bit_generator.state
        words = found["state"]["state"].tolist()
        return np.array([*words, found["has_uint32"], found["uinteger"]], np.uint64)

    @state.setter
    def state(self, value: Any) -> None:
        words = np.asarray(value, np.uint64)
        if words.shape != (6,):
            raise ShapeError(explain("SeedGenerator.state has six numbers.", got=f"shape {words.shape}"))
        bits = self.generator.bit_generator
        bits.state = {
            "bit_generator": "SFC64",
            "state": {"state": words[:4].copy()},
            "has_uint32": int(words[4]),
            "uinteger": int(words[5]),
        }

    def restart(self, seed: int) -> None:
        """Begin again, from another seed; recorded programs that draw from this stream follow."""
        self._started_at = int(seed)
        if self._generator is not None:
            self._generator.bit_generator.state = _new_generator(self._started_at).bit_generator.state

    def next(self, ordered: bool = True) -> Tensor:
        """Two numbers (uint32) of the stream, to seed something else with.

        Args:
            ordered: As in Keras; the numbers are random either way.
        """
        return bind("random_integers", generator=self.generator, low=0, high=2**32, shape=(2,), dtype="uint32")

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs: the seed and the name."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        """A stream that begins where the described one began."""
        return cls(**config)


def _new_generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(seed % 2**64))


class _DefaultSeeds:
    """Where seeds come from that nobody gave."""

    def __init__(self) -> None:
        self.generator: np.random.Generator | None = None

    def restart(self, seed: int | None) -> None:
        self.generator = np.random.Generator(np.random.SFC64(None if seed is None else [seed % 2**64, 1]))

    def draw(self) -> int:
        if self.generator is None:
            self.restart(None)
        assert self.generator is not None
        return int(self.generator.integers(1, 10**9))


_default_seeds = _DefaultSeeds()


def make_default_seed() -> int:
    """A seed for something that was given none; repeatable after `set_seed`."""
    return _default_seeds.draw()


class _GlobalStream(SeedGenerator):
    """The program's own stream; it picks its seed when it is first drawn from."""

    def __init__(self) -> None:
        self.name = "global_seed_generator"
        self.seed = None
        self._generator = None

    @property
    def generator(self) -> np.random.Generator:
        if self._generator is None:
            self._generator = _new_generator(make_default_seed())
        return self._generator

    def restart(self, seed: int) -> None:
        state = _new_generator(seed).bit_generator.state
        self.generator.bit_generator.state = state


global_rng = _GlobalStream()
"""The stream that draws with `seed=None` come from."""


def set_seed(seed: int) -> None:
    """Restart the program's own stream, and that of the seeds nobody gives.

    Args:
        seed: An integer.
    """
    check.number("set_seed", seed=seed)
    global_rng.restart(int(seed))
    _default_seeds.restart(int(seed))  # last: making the stream draws one of these seeds


def get_state() -> dict[str, Any]:
    """Where the program's own stream stands, and that of the seeds nobody gives; for `set_state`."""
    stream, seeds = global_rng._generator, _default_seeds.generator
    return {
        "stream": None if stream is None else stream.bit_generator.state,
        "seeds": None if seeds is None else seeds.bit_generator.state,
    }


def set_state(state: dict[str, Any]) -> None:
    """Go back to what `get_state` returned; recorded programs follow.

    Args:
        state: That. A stream that had not begun then is left as it is.
    """
    if state["stream"] is not None:
        global_rng.generator.bit_generator.state = state["stream"]
    if state["seeds"] is not None:
        if _default_seeds.generator is None:
            _default_seeds.restart(None)
        assert _default_seeds.generator is not None
        _default_seeds.generator.bit_generator.state = state["seeds"]


def _draw(name: str, seed: Any, *inputs: Any, **params: Any) -> Tensor:
    """Draw from the stream; for an integer seed, the same numbers each time: a constant."""
    if seed is None:
        generator = global_rng.generator
    elif isinstance(seed, SeedGenerator):
        generator = seed.generator
    elif isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        generator = _new_generator(int(seed))
        known = [convert(x) for x in inputs]
        if not any(x.is_traced for x in known):
            return _constant(name, generator, known, params)
        generator = _Repeating(int(seed))  # type: ignore[assignment]
    else:
        raise ValueError(explain("bad `seed`.", got=f"seed={seed!r}", expected="an integer, a SeedGenerator or None"))
    return bind(name, *inputs, generator=generator, **params)


def _constant(name: str, generator: Any, inputs: list[Tensor], params: dict[str, Any]) -> Tensor:
    return Tensor.wrap(PRIMITIVES[name].run([x.concrete() for x in inputs], {"generator": generator, **params}))


class _Repeating:
    """Stands for a generator in a recorded program: each draw begins at the seed again."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __getattr__(self, method: str) -> Any:
        return getattr(_new_generator(self.seed), method)


def _float(dtype: Any) -> np.dtype:
    found = standardize(dtype)
    if found.kind != "f":
        raise ValueError(
            explain("this draw gives floats.", got=f"dtype={found.name!r}", expected="float16, float32 or float64")
        )
    return found


def _noise(name: str, shape: Any, dtype: Any, seed: Any) -> Tensor:
    """Standard draws; NumPy makes them in float32 and float64."""
    wanted = _float(dtype)
    drawn = wanted if wanted.itemsize > 2 else np.dtype("float32")
    return to_dtype(_draw(name, seed, shape=static_shape(shape), dtype=drawn.name), wanted)


def _moved(x: Tensor, scale: Any, shift: Any) -> Tensor:
    """`x * scale + shift`, leaving out what changes nothing."""
    if not (isinstance(scale, (int, float)) and scale == 1):
        x = multiply(x, to_dtype(scale, x.dtype))
    if not (isinstance(shift, (int, float)) and shift == 0):
        x = add(x, to_dtype(shift, x.dtype))
    return x


def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers equally likely anywhere in `[minval, maxval)`.

    Args:
        shape: Shape of the result.
        minval: Lower bound, included.
        maxval: Upper bound, not included.
        dtype: `floatx()` by default; for an integer dtype, integers are drawn.
        seed: Integer, `SeedGenerator` or `None`.
    """
    if dtype is not None and standardize(dtype).kind in "iu":
        return randint(shape, minval, maxval, dtype, seed)
    return _moved(_noise("random_uniform", shape, dtype, seed), maxval - minval, minval)


def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers.

    Args:
        shape: Shape of the result.
        mean: Their mean.
        stddev: Their standard deviation.
        dtype: `floatx()` by default.
        seed: Integer, `SeedGenerator` or `None`.
    """
    return _moved(_noise("random_normal", shape, dtype, seed), stddev, mean)


def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers, none of them further than two standard deviations from the mean.

    Args:
        shape: Shape of the result.
        mean: Mean of the whole distribution.
        stddev: Standard deviation of the whole distribution; what is left has 0.88 of it.
        dtype: `floatx()` by default.
        seed: Integer, `SeedGenerator` or `None`.
    """
    return _moved(_noise("random_truncated_normal", shape, dtype, seed), stddev, mean)


def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Integers equally likely in `[minval, maxval)`.

    Args:
        shape: Shape of the result.
        minval: Lower bound, included.
        maxval: Upper bound, not included.
        dtype: An integer dtype.
        seed: Integer, `SeedGenerator` or `None`.

    Raises:
        ValueError: If `dtype` is no integer dtype.
    """
    found = standardize(dtype)
    if found.kind not in "iu":
        raise ValueError(explain("randint: bad `dtype`.", got=f"dtype={found.name!r}", expected="an integer dtype"))
    return _draw(
        "random_integers", seed, low=int(minval), high=int(maxval), shape=static_shape(shape), dtype=found.name
    )


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Classes drawn in proportion to `softmax(logits)`.

    Args:
        logits: Tensor `(B, K)`.
        num_samples: How many for each row.
        dtype: An integer dtype.
        seed: Integer, `SeedGenerator` or `None`.

    Returns:
        Tensor `(B, num_samples)`.

    Raises:
        ShapeError: If the logits have not two axes.
    """
    logits = floating(logits)
    if logits.ndim != 2:
        raise ShapeError(explain("categorical takes logits of two axes.", got=f"shape {logits.shape}"))
    rows, classes = logits.shape
    drawn = _noise("random_uniform", (rows, int(num_samples), classes), logits.dtype, seed)
    tiny = float(np.finfo(logits.dtype).tiny)
    gumbel = -bind("log", -bind("log", drawn * (1.0 - 2 * tiny) + tiny))  # the largest wins as softmax says
    scores = bind("reshape", logits, shape=(rows, 1, classes)) + gumbel
    return to_dtype(argmax(scores, axis=-1), standardize(dtype))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """The parts of `x` along an axis, in random order.

    Args:
        x: Tensor.
        axis: The axis.
        seed: Integer, `SeedGenerator` or `None`.
    """
    x = convert(x)
    axis = one_axis(axis, x.ndim)
    order = _draw("random_permutation", seed, shape=(x.shape[axis],), dtype="int64")
    return bind("take", x, order, axis=axis)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    r"""Numbers distributed as $\Gamma(\alpha, 1)$; no gradient flows to `alpha`.

    Args:
        shape: Shape of the result.
        alpha: Number, or Tensor that broadcasts to the shape; above 0.
        dtype: `floatx()` by default.
        seed: Integer, `SeedGenerator` or `None`.
    """
    wanted, shape = _float(dtype), static_shape(shape)
    return _draw("random_gamma", seed, _parameter(alpha, shape), shape=shape, dtype=wanted.name)


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    r"""Numbers in (0, 1) distributed as $\mathrm{Beta}(\alpha, \beta)$.

    Args:
        shape: Shape of the result.
        alpha: Number, or Tensor that broadcasts to the shape; above 0.
        beta: Likewise.
        dtype: `floatx()` by default.
        seed: Integer, `SeedGenerator` or `None`.
    """
    if isinstance(seed, (int, np.integer)):
        seed = SeedGenerator(int(seed))
    a = gamma(shape, alpha, "float64", seed)
    b = gamma(shape, beta, "float64", seed)
    return to_dtype(a / (a + b), _float(dtype))


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Tensor:
    """How many of `counts` trials succeed.

    Args:
        shape: Shape of the result.
        counts: Number of trials, number or Tensor that broadcasts to the shape.
        probabilities: Of success, from 0 to 1, likewise.
        dtype: `floatx()` by default.
        seed: Integer, `SeedGenerator` or `None`.
    """
    wanted, shape = standardize(dtype), static_shape(shape)
    trials = to_dtype(_parameter(counts, shape), np.dtype("int64"))
    return _draw("random_binomial", seed, trials, _parameter(probabilities, shape), shape=shape, dtype=wanted.name)


def _parameter(x: Any, shape: tuple[int, ...]) -> Tensor:
    return broadcast_to(to_dtype(x, np.dtype("float64")), shape)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Tensor:
    """Elements set to 0 with probability `rate`, the others scaled by `1 / (1 - rate)`.

    Args:
        inputs: Tensor.
        rate: Fraction to drop, in [0, 1].
        noise_shape: Shape of the mask, which broadcasts: size 1 drops along a whole axis; `None` entries
            are the input's sizes.
        seed: Integer, `SeedGenerator` or `None`.

    Raises:
        ValueError: If `rate` is outside of [0, 1].
        ShapeError: If `noise_shape` does not broadcast to the input.
    """
    x = floating(inputs)
    rate = check.fraction("dropout", rate=rate)
    if rate == 0:
        return x
    if rate == 1:
        return Tensor.wrap(np.zeros(x.shape, x.dtype))
    shape = x.shape
    if noise_shape is not None:
        if len(noise_shape) > x.ndim:
            raise ShapeError(explain("dropout: `noise_shape` has too many axes.", got=f"{noise_shape} for {x.shape}"))
        given = (None,) * (x.ndim - len(noise_shape)) + tuple(noise_shape)
        shape = tuple(n if m is None else int(m) for n, m in zip(x.shape, given, strict=True))
        if any(m not in (1, n) for n, m in zip(x.shape, shape, strict=True)):
            raise ShapeError(
                explain("dropout: `noise_shape` does not fit.", got=f"noise_shape={noise_shape}, input {x.shape}")
            )
    mask = _draw("dropout_mask", seed, shape=shape, dtype=x.dtype.name, keep=1.0 - float(rate))
    return bind("multiply", x, mask)


__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "dropout",
    "gamma",
    "normal",
    "randint",
    "shuffle",
    "truncated_normal",
    "uniform",
]
