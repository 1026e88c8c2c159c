"""`Cropping1D`, `2D`, `3D`: the edges of sequences, images and volumes cut off."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import check
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.ops.convolution import data_format_or_default


class _Cropping(Layer):
    """Places cut off at both ends of each spatial axis; the subclasses have the arguments."""

    rank: ClassVar[int]
    data_format: str = "channels_last"

    def _set_cropping(self, cropping: Any) -> tuple[tuple[int, int], ...]:
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self._pairs = check.pairs(self, self.rank, cropping=cropping)
        return self._pairs

    @property
    def _first(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def call(self, inputs: Any) -> Any:
        self.compute_output_shape(inputs.shape)
        kept = tuple(
            slice(before, n - after)
            for n, (before, after) in zip(inputs.shape[self._first :], self._pairs, strict=False)
        )
        return inputs[(slice(None),) * self._first + kept]

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = list(input_shape)
        for axis, (before, after) in enumerate(self._pairs, self._first):
            if shape[axis] is None:
                continue
            if shape[axis] <= before + after:
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}': nothing would be left.",
                        got=f"size {shape[axis]} along axis {axis}, cropping {(before, after)}",
                        expected=f"a size above {before + after}",
                    )
                )
            shape[axis] -= before + after
        return tuple(shape)


class Cropping1D(_Cropping):
    """Cuts off the edges of sequences.

    Args:
        cropping: Places cut off: one number for both ends, or `(before, after)`.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, C)`.

    Output shape:
        The same, the spatial sizes smaller by what is cut off.

    Raises:
        ValueError: If `cropping` is something else, or leaves nothing.

    Example:
        >>> Cropping1D(1)(np.ones((2, 5, 3), "float32")).shape
        (2, 3, 3)
    """

    rank = 1

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = self._set_cropping(cropping)[0]


class Cropping2D(_Cropping):
    """Cuts off the edges of images.

    Args:
        cropping: One number, `(height, width)`, or
            `((top, bottom), (left, right))`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        The same, the spatial sizes smaller by what is cut off.

    Raises:
        ValueError: If `cropping` is something else, or leaves nothing.

    Example:
        >>> Cropping2D(1)(np.ones((2, 5, 5, 3), "float32")).shape
        (2, 3, 3, 3)
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_or_default(self, data_format)
        self.cropping = self._set_cropping(cropping)


class Cropping3D(_Cropping):
    """Cuts off the edges of volumes.

    Args:
        cropping: One number, one for each of the three axes, or
            `(before, after)` for each.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        The same, the spatial sizes smaller by what is cut off.

    Raises:
        ValueError: If `cropping` is something else, or leaves nothing.

    Example:
        >>> Cropping3D(1)(np.ones((2, 5, 5, 5, 3), "float32")).shape
        (2, 3, 3, 3, 3)
    """

    rank = 3

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_or_default(self, data_format)
        self.cropping = self._set_cropping(cropping)
