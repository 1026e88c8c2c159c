"""`ZeroPadding1D`, `2D`, `3D`: zeros around sequences, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import check, ops
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.ops.convolution import data_format_or_default


class _ZeroPadding(Layer):
    """Zeros before and after each spatial axis; the subclasses have the arguments."""

    rank: ClassVar[int]

    def _set_padding(self, padding: Any, data_format: Any) -> tuple[tuple[int, int], ...]:
        self.data_format = data_format_or_default(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._pairs = check.pairs(self, self.rank, padding=padding)
        return self._pairs

    def call(self, inputs: Any) -> Any:
        last = self.data_format == "channels_last"
        none = (0, 0)
        return ops.pad(inputs, (none, *self._pairs, none) if last else (none, none, *self._pairs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        first = 1 if self.data_format == "channels_last" else 2
        shape = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, first):
            shape[axis] = None if shape[axis] is None else shape[axis] + before + after
        return tuple(shape)


class ZeroPadding1D(_ZeroPadding):
    """Puts zeros around sequences.

    Args:
        padding: Zeros before and after: one number for both, or `(before, after)`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        The same, the spatial sizes larger by what is added.

    Raises:
        ValueError: If `padding` is something else.

    Example:
        >>> ZeroPadding1D(1)(np.ones((2, 4, 3), "float32")).shape
        (2, 6, 3)
    """

    rank = 1

    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = self._set_padding(padding, data_format)[0]


class ZeroPadding2D(_ZeroPadding):
    """Puts zeros around images.

    Args:
        padding: One number, `(height, width)`, or
            `((top, bottom), (left, right))`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        The same, the spatial sizes larger by what is added.

    Raises:
        ValueError: If `padding` is something else.

    Example:
        >>> ZeroPadding2D(1)(np.ones((2, 4, 4, 3), "float32")).shape
        (2, 6, 6, 3)
    """

    rank = 2

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = self._set_padding(padding, data_format)


class ZeroPadding3D(_ZeroPadding):
    """Puts zeros around volumes.

    Args:
        padding: One number, one for each of the three axes, or
            `(before, after)` for each.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        The same, the spatial sizes larger by what is added.

    Raises:
        ValueError: If `padding` is something else.

    Example:
        >>> ZeroPadding3D(1)(np.ones((2, 4, 4, 4, 3), "float32")).shape
        (2, 6, 6, 6, 3)
    """

    rank = 3

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding = self._set_padding(padding, data_format)
