"""Adaptive pooling: as many windows as are asked for, each as large as it has to be."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import numpy as np

from babytf import check, ops
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.ops.convolution import data_format_or_default


@functools.lru_cache(256)
def windows(n: int, count: int) -> tuple[tuple[int, int], ...]:
    """First place and end of each window: those that together cover all, of sizes that differ by one at most."""
    return tuple((i * n // count, -(-(i + 1) * n // count)) for i in range(count))


@functools.lru_cache(256)
def _means(n: int, count: int) -> np.ndarray:
    """How much each place counts in the mean of each window, `(count, n)`."""
    weights = np.zeros((count, n))
    for i, (first, end) in enumerate(windows(n, count)):
        weights[i, first:end] = 1 / (end - first)
    return weights


@functools.lru_cache(256)
def _members(n: int, count: int) -> np.ndarray:
    """The places of each window, `(count, largest window)`; shorter ones repeat their last."""
    found = windows(n, count)
    longest = max(end - first for first, end in found)
    return np.array([[min(first + k, end - 1) for k in range(longest)] for first, end in found])


class _AdaptivePooling(Layer):
    """A given number of windows along each spatial axis."""

    rank: ClassVar[int]

    def _set_size(self, output_size: Any, data_format: Any) -> None:
        self.output_size = check.sizes(self, self.rank, output_size=output_size)
        self.data_format = data_format_or_default(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _first(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = list(input_shape)
        shape[self._first : self._first + self.rank] = self.output_size
        return tuple(shape)


class _AdaptiveAverage(_AdaptivePooling):
    def call(self, inputs: Any) -> Any:
        for axis, count in enumerate(self.output_size, self._first):
            weights = _means(inputs.shape[axis], count).astype(inputs.dtype)
            inputs = ops.moveaxis(ops.tensordot(weights, inputs, ((1,), (axis,))), 0, axis)
        return inputs


class _AdaptiveMax(_AdaptivePooling):
    def call(self, inputs: Any) -> Any:
        for axis, count in enumerate(self.output_size, self._first):
            inputs = ops.max(ops.take(inputs, _members(inputs.shape[axis], count), axis=axis), axis=axis + 1)
        return inputs


class AdaptiveAveragePooling1D(_AdaptiveAverage):
    """The mean of each of `output_size` windows that together cover sequences of any size.

    Args:
        output_size: Number of windows: an integer.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        The same, with `output_size` for the spatial sizes.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> AdaptiveAveragePooling1D(3)(np.ones((2, 7, 4), "float32")).shape
        (2, 3, 4)
    """

    rank = 1

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_size(output_size, data_format)


class AdaptiveAveragePooling2D(_AdaptiveAverage):
    """The mean of each of `output_size` windows that together cover images of any size.

    Args:
        output_size: Number of windows: an integer, or one for each of the two axes.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        The same, with `output_size` for the spatial sizes.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> AdaptiveAveragePooling2D(3)(np.ones((2, 7, 7, 4), "float32")).shape
        (2, 3, 3, 4)
    """

    rank = 2

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_size(output_size, data_format)


class AdaptiveAveragePooling3D(_AdaptiveAverage):
    """The mean of each of `output_size` windows that together cover volumes of any size.

    Args:
        output_size: Number of windows: an integer, or one for each of the three axes.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        The same, with `output_size` for the spatial sizes.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> AdaptiveAveragePooling3D(3)(np.ones((2, 7, 7, 7, 4), "float32")).shape
        (2, 3, 3, 3, 4)
    """

    rank = 3

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_size(output_size, data_format)


class AdaptiveMaxPooling1D(_AdaptiveMax):
    """The largest value of each of `output_size` windows that together cover sequences of any size.

    Args:
        output_size: Number of windows: an integer.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        The same, with `output_size` for the spatial sizes.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> AdaptiveMaxPooling1D(3)(np.ones((2, 7, 4), "float32")).shape
        (2, 3, 4)
    """

    rank = 1

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_size(output_size, data_format)


class AdaptiveMaxPooling2D(_AdaptiveMax):
    """The largest value of each of `output_size` windows that together cover images of any size.

    Args:
        output_size: Number of windows: an integer, or one for each of the two axes.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        The same, with `output_size` for the spatial sizes.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> AdaptiveMaxPooling2D(3)(np.ones((2, 7, 7, 4), "float32")).shape
        (2, 3, 3, 4)
    """

    rank = 2

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_size(output_size, data_format)


class AdaptiveMaxPooling3D(_AdaptiveMax):
    """The largest value of each of `output_size` windows that together cover volumes of any size.

    Args:
        output_size: Number of windows: an integer, or one for each of the three axes.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        The same, with `output_size` for the spatial sizes.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> AdaptiveMaxPooling3D(3)(np.ones((2, 7, 7, 7, 4), "float32")).shape
        (2, 3, 3, 3, 4)
    """

    rank = 3

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._set_size(output_size, data_format)
