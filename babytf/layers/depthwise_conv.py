"""`DepthwiseConv1D`, `DepthwiseConv2D`: each channel has filters of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import check
from babytf.engine import convert
from babytf.layers.convolution import Convolution
from babytf.ops.convolution import convolve, per_channel


class _DepthwiseConv(Convolution):
    """Depthwise convolution of any number of spatial axes; the subclasses have the arguments."""

    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    depth_multiplier: int

    def _set_multiplier(self, depth_multiplier: Any) -> None:
        self.depth_multiplier = check.positive_int(self, depth_multiplier=depth_multiplier)

    def build_kernels(self, channels: int) -> None:
        self.kernel = self._kernel("kernel", (*self.kernel_size, channels, self.depth_multiplier), "depthwise")

    def _filters(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def call(self, inputs: Any) -> Any:
        x, w, b = convert(inputs), per_channel(convert(self.kernel)), self.bias
        y = convolve(
            x,
            w,
            None if b is None else convert(b),
            self.strides,
            self.padding,
            self.data_format,
            self.dilation_rate,
            self,
        )
        return self.activation(y)


class DepthwiseConv1D(_DepthwiseConv):
    r"""Depthwise convolution over sequences: each channel is convolved with `depth_multiplier` filters of its own.

    $$ y_{t,\, c M + m} = \phi\Big(\sum_{k} x_{t s + k d,\, c} \, w_{k,c,m} + b_{c M + m}\Big) $$

    Args:
        kernel_size: Size of the window: an integer.
        strides: Step of the window, likewise.
        padding: `"valid"` for none, or `"same"` for zeros around, so that `ceil(size / strides)` places result.
        depth_multiplier: Filters per channel, $M$; at least 1.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements, likewise.
        activation: Name or callable for $\phi$. `None` means identity.
        use_bias: Whether to learn $b$.
        depthwise_initializer: How $w$ starts.
        bias_initializer: How $b$ starts.
        depthwise_regularizer: Penalty on $w$, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        activity_regularizer: Penalty on $y$, averaged over the batch and added to the loss.
        depthwise_constraint: Function that puts $w$ back into range after each training step.
        bias_constraint: The same for $b$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, T, C)`, or `(B, C, T)` with `"channels_first"`.

    Output shape:
        `(B, T', C M)`, or `(B, C M, T')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Howard et al. (2017), "MobileNets", eq. 3.

    Example:
        >>> DepthwiseConv1D(3)(np.zeros((2, 10, 8), "float32")).shape
        (2, 8, 8)
    """

    rank = 1

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_multiplier(depth_multiplier)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
        )


class DepthwiseConv2D(_DepthwiseConv):
    r"""Depthwise convolution over images: each channel is convolved with `depth_multiplier` filters of its own.

    $$ y_{i,j,\, c M + m} = \phi\Big(\sum_{k,l} x_{i s + k d,\, j s + l d,\, c} \, w_{k,l,c,m} + b_{c M + m}\Big) $$

    Args:
        kernel_size: Size of the window: an integer, or one for each of the two axes.
        strides: Step of the window, likewise.
        padding: `"valid"` for none, or `"same"` for zeros around, so that `ceil(size / strides)` places result.
        depth_multiplier: Filters per channel, $M$; at least 1.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements, likewise.
        activation: Name or callable for $\phi$. `None` means identity.
        use_bias: Whether to learn $b$.
        depthwise_initializer: How $w$ starts.
        bias_initializer: How $b$ starts.
        depthwise_regularizer: Penalty on $w$, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        activity_regularizer: Penalty on $y$, averaged over the batch and added to the loss.
        depthwise_constraint: Function that puts $w$ back into range after each training step.
        bias_constraint: The same for $b$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        `(B, H', W', C M)`, or `(B, C M, H', W')`.

    Raises:
        ValueError: If an argument is not what it should be, or the window does not fit into the input.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Howard et al. (2017), "MobileNets", eq. 3.

    Example:
        >>> DepthwiseConv2D(3, depth_multiplier=2)(np.zeros((2, 9, 9, 8), "float32")).shape
        (2, 7, 7, 16)
    """

    rank = 2

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = (1, 1),
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = (1, 1),
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_multiplier(depth_multiplier)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            depthwise=(depthwise_initializer, depthwise_regularizer, depthwise_constraint),
        )
