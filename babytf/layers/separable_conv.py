"""`SeparableConv1D`, `SeparableConv2D`: filters for each channel, then a mixture of the channels."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import check
from babytf.engine import convert
from babytf.layers.convolution import Convolution
from babytf.ops.convolution import convolve, per_channel


class _SeparableConv(Convolution):
    """Separable convolution of any number of spatial axes; the subclasses have the arguments."""

    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    filters: int
    depth_multiplier: int

    def _set_filters(self, filters: Any, depth_multiplier: Any) -> None:
        self.filters = check.positive_int(self, filters=filters)
        self.depth_multiplier = check.positive_int(self, depth_multiplier=depth_multiplier)

    def build_kernels(self, channels: int) -> None:
        between = channels * self.depth_multiplier
        self.depthwise_kernel = self._kernel(
            "depthwise_kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise"
        )
        self.pointwise_kernel = self._kernel(
            "pointwise_kernel", (*(1,) * self.rank, between, self.filters), "pointwise"
        )

    def call(self, inputs: Any) -> Any:
        ones, b = (1,) * self.rank, self.bias
        depthwise = per_channel(convert(self.depthwise_kernel))
        y = convolve(
            convert(inputs),
            depthwise,
            None,
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
            self,
        )
        mixing = convert(self.pointwise_kernel)
        y = convolve(y, mixing, None if b is None else convert(b), ones, "valid", self.data_format, ones, self)
        return self.activation(y)


class SeparableConv1D(_SeparableConv):
    r"""Separable convolution over sequences: a depthwise convolution, then a mixture of the channels at each step.

    $$ y = \phi\big((x *_{\text{depthwise}} w) \, v + b\big) $$

    Args:
        filters: Number of filters, the channels of the output; at least 1.
        kernel_size: Size of the window: an integer.
        strides: Step of the window, likewise.
        padding: `"valid"` for none, `"same"` for zeros around so that `ceil(T / strides)` steps result,
            `"causal"` for zeros before only, so that no step sees a later one.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements, likewise.
        depth_multiplier: Filters per channel in the first part; at least 1.
        activation: Name or callable for $\phi$. `None` means identity.
        use_bias: Whether to learn $b$.
        depthwise_initializer: How the filters of the channels starts.
        pointwise_initializer: How the mixing weights starts.
        bias_initializer: How $b$ starts.
        depthwise_regularizer: Penalty on the filters of the channels, added to the loss.
        pointwise_regularizer: Penalty on the mixing weights, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        activity_regularizer: Penalty on $y$, averaged over the batch and added to the loss.
        depthwise_constraint: Function that puts the filters of the channels back into range after each training step.
        pointwise_constraint: Function that puts the mixing weights back into range after each training step.
        bias_constraint: The same for $b$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        `(B, T', filters)`, or `(B, filters, T')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Chollet (2017), "Xception: deep learning with depthwise separable convolutions", section 3.

    Example:
        >>> SeparableConv1D(4, 3)(np.zeros((2, 10, 8), "float32")).shape
        (2, 8, 4)
    """

    rank = 1
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same", "causal")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_filters(filters, depth_multiplier)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            pointwise=(pointwise_initializer, pointwise_regularizer, pointwise_constraint),
        )


class SeparableConv2D(_SeparableConv):
    r"""Separable convolution over images: a depthwise convolution, then a mixture of the channels at each place.

    $$ y = \phi\big((x *_{\text{depthwise}} w) \, v + b\big) $$

    Args:
        filters: Number of filters, the channels of the output; at least 1.
        kernel_size: Size of the window: an integer, or one for each of the two axes.
        strides: Step of the window, likewise.
        padding: `"valid"` for none, or `"same"` for zeros around, so that `ceil(size / strides)` places result.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements, likewise.
        depth_multiplier: Filters per channel in the first part; at least 1.
        activation: Name or callable for $\phi$. `None` means identity.
        use_bias: Whether to learn $b$.
        depthwise_initializer: How the filters of the channels starts.
        pointwise_initializer: How the mixing weights starts.
        bias_initializer: How $b$ starts.
        depthwise_regularizer: Penalty on the filters of the channels, added to the loss.
        pointwise_regularizer: Penalty on the mixing weights, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        activity_regularizer: Penalty on $y$, averaged over the batch and added to the loss.
        depthwise_constraint: Function that puts the filters of the channels back into range after each training step.
        pointwise_constraint: Function that puts the mixing weights back into range after each training step.
        bias_constraint: The same for $b$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        `(B, H', W', filters)`, or `(B, filters, H', W')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Chollet (2017), "Xception: deep learning with depthwise separable convolutions", section 3.

    Example:
        >>> SeparableConv2D(4, 3, padding="same")(np.zeros((2, 9, 9, 8), "float32")).shape
        (2, 9, 9, 4)
    """

    rank = 2

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_filters(filters, depth_multiplier)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
            pointwise=(pointwise_initializer, pointwise_regularizer, pointwise_constraint),
        )
