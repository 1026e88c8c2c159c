"""Global pooling: one value per channel, the largest or the mean of all places."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import check, ops
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.ops.convolution import data_format_or_default


class _GlobalPooling(Layer):
    """What is common to all of them: axes and shapes."""

    rank: ClassVar[int]

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format_or_default(self, data_format)
        self.keepdims = check.boolean(self, keepdims=keepdims)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _axes(self) -> tuple[int, ...]:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))

    def compute_output_shape(self, input_shape: Any) -> Any:
        kept = (1,) * self.rank if self.keepdims else ()
        if self.data_format == "channels_last":
            return (input_shape[0], *kept, input_shape[-1])
        return (input_shape[0], input_shape[1], *kept)


class _GlobalAverage(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.mean(inputs, axis=self._axes, keepdims=self.keepdims)


class _GlobalMax(_GlobalPooling):
    def call(self, inputs: Any) -> Any:
        return ops.max(inputs, axis=self._axes, keepdims=self.keepdims)


class GlobalAveragePooling1D(_GlobalAverage):
    r"""The mean of each channel over all steps of sequences.

    $$ y_c = \operatorname{mean}_{i} \, x_{i,c} $$

    Steps that a mask excludes do not count.

    Args:
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        keepdims: Whether the axes that were reduced stay, with size 1.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        `(B, C)`; with `keepdims` as many axes as the input.

    Raises:
        ValueError: If `data_format` or `keepdims` is something else.

    Example:
        >>> GlobalAveragePooling1D()(np.ones((2, 5, 3), "float32")).shape
        (2, 3)
    """

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        if mask is None:
            return super().call(inputs)
        (axis,) = self._axes
        counted = ops.expand_dims(ops.cast(mask, inputs.dtype), 2 if axis == 1 else 1)
        total = ops.sum(inputs * counted, axis=axis, keepdims=self.keepdims)
        return total / ops.sum(counted, axis=axis, keepdims=self.keepdims)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """No steps are left that a mask could exclude."""
        return None


class GlobalAveragePooling2D(_GlobalAverage):
    r"""The mean of each channel over all places of images.

    $$ y_c = \operatorname{mean}_{i} \, x_{i,c} $$

    Args:
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        keepdims: Whether the axes that were reduced stay, with size 1.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        `(B, C)`; with `keepdims` as many axes as the input.

    Raises:
        ValueError: If `data_format` or `keepdims` is something else.

    Example:
        >>> GlobalAveragePooling2D()(np.ones((2, 5, 5, 3), "float32")).shape
        (2, 3)
    """

    rank = 2

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)


class GlobalAveragePooling3D(_GlobalAverage):
    r"""The mean of each channel over all places of volumes.

    $$ y_c = \operatorname{mean}_{i} \, x_{i,c} $$

    Args:
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        keepdims: Whether the axes that were reduced stay, with size 1.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        `(B, C)`; with `keepdims` as many axes as the input.

    Raises:
        ValueError: If `data_format` or `keepdims` is something else.

    Example:
        >>> GlobalAveragePooling3D()(np.ones((2, 5, 5, 5, 3), "float32")).shape
        (2, 3)
    """

    rank = 3

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)


class GlobalMaxPooling1D(_GlobalMax):
    r"""The largest value of each channel over all steps of sequences.

    $$ y_c = \max_{i} \, x_{i,c} $$

    Args:
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        keepdims: Whether the axes that were reduced stay, with size 1.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        `(B, C)`; with `keepdims` as many axes as the input.

    Raises:
        ValueError: If `data_format` or `keepdims` is something else.

    Example:
        >>> GlobalMaxPooling1D()(np.ones((2, 5, 3), "float32")).shape
        (2, 3)
    """

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)


class GlobalMaxPooling2D(_GlobalMax):
    r"""The largest value of each channel over all places of images.

    $$ y_c = \max_{i} \, x_{i,c} $$

    Args:
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        keepdims: Whether the axes that were reduced stay, with size 1.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        `(B, C)`; with `keepdims` as many axes as the input.

    Raises:
        ValueError: If `data_format` or `keepdims` is something else.

    Example:
        >>> GlobalMaxPooling2D()(np.ones((2, 5, 5, 3), "float32")).shape
        (2, 3)
    """

    rank = 2

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)


class GlobalMaxPooling3D(_GlobalMax):
    r"""The largest value of each channel over all places of volumes.

    $$ y_c = \max_{i} \, x_{i,c} $$

    Args:
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        keepdims: Whether the axes that were reduced stay, with size 1.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        `(B, C)`; with `keepdims` as many axes as the input.

    Raises:
        ValueError: If `data_format` or `keepdims` is something else.

    Example:
        >>> GlobalMaxPooling3D()(np.ones((2, 5, 5, 5, 3), "float32")).shape
        (2, 3)
    """

    rank = 3

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
