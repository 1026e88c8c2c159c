"""`Normalization`, preprocessing that learns mean and variance from data before training, with `adapt`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from babytf import check, config, ops
from babytf.engine import Tensor
from babytf.errors import ShapeError, explain
from babytf.layers.layer import Layer


class Normalization(Layer):
    r"""Shifts and scales features to mean 0 and variance 1.

    $$ y = \frac{x - \mu}{\sigma} $$

    Mean $\mu$ and variance $\sigma^2$ are given, or learned from data by `adapt`.

    Args:
        axis: Axis, or axes, whose places have means of their own; the others are averaged over. `None` for one mean
            of all.
        mean: $\mu$, a number or an array that broadcasts to those axes. Together with `variance`.
        variance: $\sigma^2$, likewise.
        invert: Whether to go back instead: $y = \mu + \sigma x$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        ValueError: If one of `mean` and `variance` is given without the other, or their shapes differ; or the input
            has no
            such axis, or one of unknown size.

    Example:
        >>> layer = Normalization()
        >>> layer.adapt(np.array([[1.0], [3.0]]))
        >>> layer(np.array([[5.0]]))
        Tensor([[3.]], shape=(1, 1), dtype=float32)
    """

    def __init__(self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = () if axis is None else (int(axis),) if isinstance(axis, (int, np.integer)) else tuple(axis)
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            self._refuse("`mean` and `variance` come together, in one shape", mean, variance)
        if mean is not None and np.ndim(mean) > len(self.axis):
            self._refuse(f"they have more axes than `axis` names, {self.axis}", mean, variance)
        self.input_mean, self.input_variance = mean, variance
        self.invert = check.boolean(self, invert=invert)
        self.supports_masking = True

    def _refuse(self, problem: str, mean: Any, variance: Any) -> None:
        raise ValueError(
            explain(
                f"Normalization '{self.name}': {problem}.",
                got=f"mean={mean!r}, variance={variance!r}",
                expected="both of them, or none and a call of adapt()",
            )
        )

    def build(self, input_shape: Any) -> None:
        ndim = len(input_shape)
        if any(not -ndim <= a < ndim or input_shape[a] is None for a in self.axis):
            raise ValueError(
                explain(
                    f"Normalization '{self.name}': the input has no such axis, or its size is not known.",
                    got=f"axis={self.axis}, input of shape {tuple(input_shape)}",
                    expected="axes of known size",
                )
            )
        self._keep = tuple(sorted(a % ndim for a in self.axis))
        self._sizes = tuple(input_shape[a] for a in self._keep)
        if self.input_mean is None:
            self.adapt_mean = self._statistic("mean", self._sizes, "zeros")
            self.adapt_variance = self._statistic("variance", self._sizes, "ones")
            self.count = self.add_weight(name="count", shape=(), dtype="int64", initializer="zeros", trainable=False)
        else:
            self._fixed = tuple(
                np.array(np.broadcast_to(np.asarray(v, self.compute_dtype), self._sizes))
                for v in (self.input_mean, self.input_variance)
            )

    def _statistic(self, name: str, shape: tuple[int, ...], initializer: str) -> Any:
        return self.add_weight(name=name, shape=shape, initializer=initializer, trainable=False)

    @property
    def mean(self) -> Any:
        """The mean, in a shape that broadcasts to the input; `None` before the layer is built."""
        return self._broadcast(0)

    @property
    def variance(self) -> Any:
        """The variance, likewise."""
        return self._broadcast(1)

    def _broadcast(self, which: int) -> Any:
        if not self.built:
            return None
        value = (self.adapt_mean, self.adapt_variance)[which] if self.input_mean is None else self._fixed[which]
        ndim = len(next(iter((self._build_shapes or {}).values())))
        sizes = dict(zip(self._keep, self._sizes, strict=True))
        return ops.reshape(ops.cast(value, self.compute_dtype), tuple(sizes.get(i, 1) for i in range(ndim)))

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data; what was learned before is forgotten.

        Args:
            data: An array, or an iterable of batches (of which the first part counts, where they are tuples).

        Raises:
            ValueError: If there are no data, or mean and variance were given to the layer.
            ShapeError: If the sizes of the axes differ from those the layer was built for.
        """
        if self.input_mean is not None:
            raise ValueError(
                explain(f"Normalization '{self.name}' was given its mean and variance.", got="a call of adapt()")
            )
        total, mean, variance = 0, np.zeros(()), np.zeros(())
        for batch in _batches(self.name, data):
            if not self.built:
                self.build((None, *batch.shape[1:]) if 0 not in [a % batch.ndim for a in self.axis] else batch.shape)
            if tuple(batch.shape[a] for a in self._keep if a < batch.ndim) != self._sizes:
                raise ShapeError(
                    explain(
                        f"Normalization '{self.name}': these data have other sizes than the layer was built for.",
                        got=f"shape {batch.shape}",
                        expected=f"sizes {self._sizes} on axes {self._keep}",
                    )
                )
            axes = tuple(i for i in range(batch.ndim) if i not in self._keep)
            count = int(np.prod([batch.shape[i] for i in axes]))
            wide = batch.astype("float64")
            own_mean, own_variance = wide.mean(axis=axes), wide.var(axis=axes)
            share = count / (total + count)
            # the variance about the common mean: that inside the two parts, and that between them
            variance = variance * (1 - share) + own_variance * share + share * (1 - share) * (own_mean - mean) ** 2
            mean = mean * (1 - share) + own_mean * share
            total += count
        if not total:
            raise ValueError(explain(f"Normalization '{self.name}': adapt() got no data.", got=repr(data)[:100]))
        self.adapt_mean.assign(mean.astype(self.variable_dtype))
        self.adapt_variance.assign(variance.astype(self.variable_dtype))

    def call(self, inputs: Any) -> Any:
        x = ops.cast(inputs, self.compute_dtype)
        deviation = ops.maximum(ops.sqrt(self.variance), config.epsilon())
        return self.mean + x * deviation if self.invert else (x - self.mean) / deviation

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, arrays as lists."""
        lists = {"mean": self.input_mean, "variance": self.input_variance}
        return {
            **Layer.get_config(self),
            **{name: value if value is None else np.asarray(value).tolist() for name, value in lists.items()},
        }


def _batches(name: str, data: Any) -> Iterator[np.ndarray]:
    if isinstance(data, (np.ndarray, Tensor)):
        yield np.asarray(data)
        return
    if not isinstance(data, Iterable) and not hasattr(data, "__getitem__"):
        raise TypeError(
            explain(
                f"Normalization '{name}': adapt() takes an array, or batches of arrays.",
                got=f"{data!r} of type {type(data).__name__}",
            )
        )
    count = len(data) if hasattr(data, "__len__") else None
    batches = data if isinstance(data, Iterable) else (data[i] for i in range(count or 0))
    for batch in batches:
        first = batch[0] if isinstance(batch, (tuple, list)) else batch
        if not hasattr(first, "shape"):
            raise TypeError(
                explain(
                    f"Normalization '{name}': adapt() takes batches that are arrays.",
                    got=f"a batch of type {type(first).__name__}",
                )
            )
        yield np.asarray(first)
