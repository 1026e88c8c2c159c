"""`Conv1DTranspose`, `Conv2DTranspose`, `Conv3DTranspose`: from few places to many, the way a gradient goes."""

from __future__ import annotations

from typing import Any

from babytf import check
from babytf.engine import convert
from babytf.layers.convolution import Convolution
from babytf.ops.convolution import convolve_transposed, transposed_size


class _ConvTranspose(Convolution):
    """Transposed convolution of any number of spatial axes; the subclasses have the arguments."""

    steps_or_gaps = True
    filters: int
    output_padding: Any

    def _set_filters(self, filters: Any) -> None:
        self.filters = check.positive_int(self, filters=filters)

    def _set_output_padding(self, output_padding: Any) -> None:
        extra = check.output_padding(self, self.rank, output_padding, self.strides)
        self.output_padding = None if output_padding is None else extra

    @property
    def _extra(self) -> tuple[int | None, ...]:
        return (None,) * self.rank if self.output_padding is None else self.output_padding

    def build_kernels(self, channels: int) -> None:
        self.kernel = self._kernel("kernel", (*self.kernel_size, self.filters, channels))

    def call(self, inputs: Any) -> Any:
        y = convolve_transposed(
            convert(inputs),
            convert(self.kernel),
            self.strides,
            self.padding,
            self._extra,
            self.data_format,
            self.dilation_rate,
            self,
        )
        return self.activation(self.with_bias(y))

    def _places(self, size: tuple[int | None, ...]) -> tuple[int | None, ...]:
        asked = zip(size, self.kernel_size, self.strides, self.dilation_rate, self._extra, strict=True)
        return tuple(None if n is None else transposed_size(n, k, s, d, self.padding, e) for n, k, s, d, e in asked)


class Conv1DTranspose(_ConvTranspose):
    r"""Transposed convolution over sequences: each step of the input adds a window of values to the output.

    It is the gradient of `Conv1D` with respect to its input: what that makes of the larger, this makes of the smaller.

    Args:
        filters: Number of filters, the channels of the output; at least 1.
        kernel_size: Size of the window: an integer.
        strides: Step of the window in the output, likewise.
        padding: `"valid"` for all that the windows reach, or `"same"` for `size * strides` places along each axis.
        output_padding: Places more at the end, below `strides`; `None` for what the padding asks for.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements; above 1 only where `strides` is 1.
        activation: Name or callable for $\phi$. `None` means identity.
        use_bias: Whether to learn $b$.
        kernel_initializer: How $w$ starts.
        bias_initializer: How $b$ starts.
        kernel_regularizer: Penalty on $w$, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        activity_regularizer: Penalty on $y$, averaged over the batch and added to the loss.
        kernel_constraint: Function that puts $w$ back into range after each training step.
        bias_constraint: The same for $b$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        `(B, T', filters)`, or `(B, filters, T')`.

    Raises:
        ValueError: If an argument is not what it should be.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning", section 4.

    Example:
        >>> Conv1DTranspose(4, 3, strides=2, padding="same")(np.zeros((2, 5, 8), "float32")).shape
        (2, 10, 4)
    """

    rank = 1

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_filters(filters)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
        )
        self._set_output_padding(output_padding)


class Conv2DTranspose(_ConvTranspose):
    r"""Transposed convolution over images: each place of the input adds a window of values to the output.

    It is the gradient of `Conv2D` with respect to its input: what that makes of the larger, this makes of the smaller.

    Args:
        filters: Number of filters, the channels of the output; at least 1.
        kernel_size: Size of the window: an integer, or one for each of the two axes.
        strides: Step of the window in the output, likewise.
        padding: `"valid"` for all that the windows reach, or `"same"` for `size * strides` places along each axis.
        output_padding: Places more at the end, below `strides`; `None` for what the padding asks for.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements; above 1 only where `strides` is 1.
        activation: Name or callable for $\phi$. `None` means identity.
        use_bias: Whether to learn $b$.
        kernel_initializer: How $w$ starts.
        bias_initializer: How $b$ starts.
        kernel_regularizer: Penalty on $w$, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        activity_regularizer: Penalty on $y$, averaged over the batch and added to the loss.
        kernel_constraint: Function that puts $w$ back into range after each training step.
        bias_constraint: The same for $b$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        `(B, H', W', filters)`, or `(B, filters, H', W')`.

    Raises:
        ValueError: If an argument is not what it should be.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning", section 4.

    Example:
        >>> Conv2DTranspose(4, 3, strides=2, padding="same")(np.zeros((2, 7, 7, 8), "float32")).shape
        (2, 14, 14, 4)
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_filters(filters)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
        )
        self._set_output_padding(output_padding)


class Conv3DTranspose(_ConvTranspose):
    r"""Transposed convolution over volumes: each place of the input adds a window of values to the output.

    It is the gradient of `Conv3D` with respect to its input: what that makes of the larger, this makes of the smaller.

    Args:
        filters: Number of filters, the channels of the output; at least 1.
        kernel_size: Size of the window: an integer, or one for each of the three axes.
        strides: Step of the window in the output, likewise.
        padding: `"valid"` for all that the windows reach, or `"same"` for `size * strides` places along each axis.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        output_padding: Places more at the end, below `strides`; `None` for what the padding asks for.
        dilation_rate: Distance of the window's elements; above 1 only where `strides` is 1.
        activation: Name or callable for $\phi$. `None` means identity.
        use_bias: Whether to learn $b$.
        kernel_initializer: How $w$ starts.
        bias_initializer: How $b$ starts.
        kernel_regularizer: Penalty on $w$, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        activity_regularizer: Penalty on $y$, averaged over the batch and added to the loss.
        kernel_constraint: Function that puts $w$ back into range after each training step.
        bias_constraint: The same for $b$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        `(B, D', H', W', filters)`, or `(B, filters, D', H', W')`.

    Raises:
        ValueError: If an argument is not what it should be.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning", section 4.

    Example:
        >>> Conv3DTranspose(4, 2, strides=2)(np.zeros((2, 3, 3, 3, 8), "float32")).shape
        (2, 6, 6, 6, 4)
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: Any = None,
        dilation_rate: Any = (1, 1, 1),
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_filters(filters)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
        )
        self._set_output_padding(output_padding)
