"""`UpSampling1D`, `2D`, `3D`: each place repeated, or the places between filled in."""

from __future__ import annotations

import functools
from typing import Any, ClassVar

import numpy as np

from babytf import check, ops
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.ops.convolution import data_format_or_default

INTERPOLATIONS = ("bicubic", "bilinear", "lanczos3", "lanczos5", "nearest")


def _triangle(x: np.ndarray) -> np.ndarray:
    return np.maximum(0, 1 - x)


def _cubic(x: np.ndarray) -> np.ndarray:
    near = ((1.5 * x - 2.5) * x) * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _lanczos(x: np.ndarray, radius: int) -> np.ndarray:
    return np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0)


WEIGHTS = {
    "bilinear": _triangle,
    "bicubic": _cubic,
    "lanczos3": lambda x: _lanczos(x, 3),
    "lanczos5": lambda x: _lanczos(x, 5),
}


@functools.lru_cache(256)
def interpolation_matrix(kind: str, n: int, times: int) -> np.ndarray:
    """How much each of `n` places counts in each of `n * times`, `(n times, n)`; rows add up to 1.

    The places are the middles of cells; beyond the edges there is nothing.
    """
    at = (np.arange(n * times) + 0.5) / times - 0.5
    weights = WEIGHTS[kind](np.abs(at[:, None] - np.arange(n)))
    return weights / weights.sum(axis=1, keepdims=True)


class _UpSampling(Layer):
    """More places along each spatial axis; the subclasses have the arguments."""

    rank: ClassVar[int]
    data_format: str = "channels_last"

    @property
    def _times(self) -> tuple[int, ...]:
        return self.size if isinstance(self.size, tuple) else (self.size,)  # type: ignore[attr-defined]

    @property
    def _first(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def call(self, inputs: Any) -> Any:
        for axis, times in enumerate(self._times, self._first):
            if times > 1:
                inputs = ops.repeat(inputs, times, axis=axis)
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = list(input_shape)
        for axis, times in enumerate(self._times, self._first):
            shape[axis] = None if shape[axis] is None else shape[axis] * times
        return tuple(shape)


class UpSampling1D(_UpSampling):
    """Makes sequences larger: each step is repeated.

    Args:
        size: How many times as long: an integer.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, C)`.

    Output shape:
        The same, the spatial sizes `size` times as large.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> UpSampling1D(2)(np.ones((2, 3, 3), "float32")).shape
        (2, 6, 3)
    """

    rank = 1

    def __init__(self, size: Any = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = check.positive_int(self, size=size)
        self.input_spec = InputSpec(ndim=self.rank + 2)


class UpSampling2D(_UpSampling):
    """Makes images larger: each place is repeated, or the places between are interpolated.

    Args:
        size: How many times as large: an integer, or one for each of the two axes.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        interpolation: `"nearest"` repeats; `"bilinear"`, `"bicubic"`, `"lanczos3"`, `"lanczos5"` weigh places around.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        The same, the spatial sizes `size` times as large.

    Raises:
        ValueError: If an argument is something else.

    Source:
        Keys (1981), "Cubic convolution interpolation for digital image processing", eq. 15; Duchon (1979), "Lanczos
        filtering in one and two dimensions".

    Example:
        >>> UpSampling2D(2)(np.ones((2, 3, 3, 3), "float32")).shape
        (2, 6, 6, 3)
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_or_default(self, data_format)
        self.size = check.sizes(self, self.rank, size=size)
        kind = interpolation.lower() if isinstance(interpolation, str) else interpolation
        self.interpolation = check.one_of(self, INTERPOLATIONS, interpolation=kind)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        height, width = (
            interpolation_matrix(self.interpolation, inputs.shape[axis], times).astype(inputs.dtype)
            for axis, times in enumerate(self.size, self._first)
        )
        axes = "bhwc->biwc", "biwc->bijc"
        if self.data_format == "channels_first":
            axes = "bchw->bciw", "bciw->bcij"
        rows, columns = ("ih," + axes[0], "jw," + axes[1])
        return ops.einsum(columns, width, ops.einsum(rows, height, inputs))


class UpSampling3D(_UpSampling):
    """Makes volumes larger: each place is repeated.

    Args:
        size: How many times as large: an integer, or one for each of the three axes.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        The same, the spatial sizes `size` times as large.

    Raises:
        ValueError: If an argument is something else.

    Example:
        >>> UpSampling3D(2)(np.ones((2, 3, 3, 3, 3), "float32")).shape
        (2, 6, 6, 6, 3)
    """

    rank = 3

    def __init__(self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_or_default(self, data_format)
        self.size = check.sizes(self, self.rank, size=size)
        self.input_spec = InputSpec(ndim=self.rank + 2)
