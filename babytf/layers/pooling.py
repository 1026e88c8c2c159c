"""Pooling layers: the largest value, or the mean, of each window."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import check
from babytf.engine import convert
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.ops import pooling
from babytf.ops.convolution import data_format_or_default, padding_pairs


class _Pooling(Layer):
    """A window that moves over the spatial axes; the subclasses say what it gives, and have the arguments."""

    rank: ClassVar[int]
    _pool: ClassVar[Any]

    def _set_window(self, pool_size: Any, strides: Any, padding: Any, data_format: Any) -> None:
        self.pool_size = check.sizes(self, self.rank, pool_size=pool_size)
        self.strides = self.pool_size if strides is None else check.sizes(self, self.rank, strides=strides)
        padding = padding.lower() if isinstance(padding, str) else padding
        self.padding = check.one_of(self, ("valid", "same"), padding=padding)
        self.data_format = data_format_or_default(self, data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        pool = type(self)._pool
        return pool(convert(inputs), self.pool_size, self.strides, self.padding, self.data_format, self)

    def compute_output_shape(self, input_shape: Any) -> Any:
        last = self.data_format == "channels_last"
        size = tuple(input_shape[1:-1] if last else input_shape[2:])
        found: list[int | None] = []
        for n, k, s in zip(size, self.pool_size, self.strides, strict=True):
            if n is None:
                found.append(None)
                continue
            ((low, high),) = padding_pairs(self, self.padding, (n,), (k,), (s,), (1,))
            found.append((n + low + high - k) // s + 1)
            if n + low + high < k:
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}': the window is larger than the input.",
                        got=f"spatial size {size}, pool_size={self.pool_size}",
                        expected="an input at least as large as the window",
                        fix="padding='same', or a smaller pool_size",
                    )
                )
        if last:
            return (input_shape[0], *found, input_shape[-1])
        return (input_shape[0], input_shape[1], *found)


class MaxPooling1D(_Pooling):
    r"""The largest value of each window that moves over sequences, for each channel.

    $$ y_{i,c} = \max_{k} \, x_{i s + k,\, c} $$

    Args:
        pool_size: Size of the window: an integer.
        strides: Step of the window, likewise; `pool_size` by default.
        padding: `"valid"` for whole windows only, `"same"` for windows over the edges too.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        name: Name of the layer.
        **kwargs: Arguments of `Layer`: `dtype`, `trainable`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        `(B, T', C)`, or `(B, C, T')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.

    Example:
        >>> MaxPooling1D(2)(np.zeros((2, 6, 4), "float32")).shape
        (2, 3, 4)
    """

    rank = 1
    _pool = staticmethod(pooling.largest)

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._set_window(pool_size, strides, padding, data_format)


class MaxPooling2D(_Pooling):
    r"""The largest value of each window that moves over images, for each channel.

    $$ y_{i,c} = \max_{k} \, x_{i s + k,\, c} $$

    Args:
        pool_size: Size of the window: an integer, or one for each of the two axes.
        strides: Step of the window, likewise; `pool_size` by default.
        padding: `"valid"` for whole windows only, `"same"` for windows over the edges too.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        name: Name of the layer.
        **kwargs: Arguments of `Layer`: `dtype`, `trainable`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        `(B, H', W', C)`, or `(B, C, H', W')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.

    Example:
        >>> MaxPooling2D(2)(np.zeros((2, 6, 6, 4), "float32")).shape
        (2, 3, 3, 4)
    """

    rank = 2
    _pool = staticmethod(pooling.largest)

    def __init__(
        self,
        pool_size: Any = (2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._set_window(pool_size, strides, padding, data_format)


class MaxPooling3D(_Pooling):
    r"""The largest value of each window that moves over volumes, for each channel.

    $$ y_{i,c} = \max_{k} \, x_{i s + k,\, c} $$

    Args:
        pool_size: Size of the window: an integer, or one for each of the three axes.
        strides: Step of the window, likewise; `pool_size` by default.
        padding: `"valid"` for whole windows only, `"same"` for windows over the edges too.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        name: Name of the layer.
        **kwargs: Arguments of `Layer`: `dtype`, `trainable`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        `(B, D', H', W', C)`, or `(B, C, D', H', W')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.

    Example:
        >>> MaxPooling3D(2)(np.zeros((2, 6, 6, 6, 4), "float32")).shape
        (2, 3, 3, 3, 4)
    """

    rank = 3
    _pool = staticmethod(pooling.largest)

    def __init__(
        self,
        pool_size: Any = (2, 2, 2),
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._set_window(pool_size, strides, padding, data_format)


class AveragePooling1D(_Pooling):
    r"""The mean of each window that moves over sequences, for each channel.

    $$ y_{i,c} = \operatorname{mean}_{k} \, x_{i s + k,\, c} $$

    Args:
        pool_size: Size of the window: an integer.
        strides: Step of the window, likewise; `pool_size` by default.
        padding: `"valid"` for whole windows only, `"same"` for windows over the edges too;
            they give the mean of what is inside.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        name: Name of the layer.
        **kwargs: Arguments of `Layer`: `dtype`, `trainable`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        `(B, T', C)`, or `(B, C, T')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.

    Example:
        >>> AveragePooling1D(2)(np.zeros((2, 6, 4), "float32")).shape
        (2, 3, 4)
    """

    rank = 1
    _pool = staticmethod(pooling.mean)

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._set_window(pool_size, strides, padding, data_format)


class AveragePooling2D(_Pooling):
    r"""The mean of each window that moves over images, for each channel.

    $$ y_{i,c} = \operatorname{mean}_{k} \, x_{i s + k,\, c} $$

    Args:
        pool_size: Size of the window: an integer, or one for each of the two axes.
        strides: Step of the window, likewise; `pool_size` by default.
        padding: `"valid"` for whole windows only, `"same"` for windows over the edges too;
            they give the mean of what is inside.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        name: Name of the layer.
        **kwargs: Arguments of `Layer`: `dtype`, `trainable`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        `(B, H', W', C)`, or `(B, C, H', W')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.

    Example:
        >>> AveragePooling2D(2)(np.zeros((2, 6, 6, 4), "float32")).shape
        (2, 3, 3, 4)
    """

    rank = 2
    _pool = staticmethod(pooling.mean)

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._set_window(pool_size, strides, padding, data_format)


class AveragePooling3D(_Pooling):
    r"""The mean of each window that moves over volumes, for each channel.

    $$ y_{i,c} = \operatorname{mean}_{k} \, x_{i s + k,\, c} $$

    Args:
        pool_size: Size of the window: an integer, or one for each of the three axes.
        strides: Step of the window, likewise; `pool_size` by default.
        padding: `"valid"` for whole windows only, `"same"` for windows over the edges too;
            they give the mean of what is inside.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        name: Name of the layer.
        **kwargs: Arguments of `Layer`: `dtype`, `trainable`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        `(B, D', H', W', C)`, or `(B, C, D', H', W')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.

    Example:
        >>> AveragePooling3D(2)(np.zeros((2, 6, 6, 6, 4), "float32")).shape
        (2, 3, 3, 3, 4)
    """

    rank = 3
    _pool = staticmethod(pooling.mean)

    def __init__(
        self,
        pool_size: Any,
        strides: Any = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self._set_window(pool_size, strides, padding, data_format)
