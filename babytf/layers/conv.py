"""`Conv1D`, `Conv2D`, `Conv3D`: learned filters that move over sequences, images and volumes."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import check
from babytf.engine import convert
from babytf.errors import explain
from babytf.layers.convolution import Convolution
from babytf.ops.convolution import convolve


class _Conv(Convolution):
    """Convolution of any number of spatial axes; the subclasses name the number and have the arguments."""

    steps_or_gaps = True
    filters: int
    groups: int

    def _set_filters(self, filters: Any, groups: Any) -> None:
        self.filters = check.positive_int(self, filters=filters)
        self.groups = check.positive_int(self, groups=groups)
        if self.filters % self.groups:
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': the filters do not fall into equal groups.",
                    got=f"filters={filters}, groups={groups}",
                    expected=f"a multiple of {groups} filters",
                )
            )

    def build_kernels(self, channels: int) -> None:
        if channels % self.groups:
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': the channels do not fall into equal groups.",
                    got=f"{channels} channels, groups={self.groups}",
                    expected=f"a multiple of {self.groups} channels",
                )
            )
        self.kernel = self._kernel("kernel", (*self.kernel_size, channels // self.groups, self.filters))

    def call(self, inputs: Any) -> Any:
        x, w, b = convert(inputs), convert(self.kernel), self.bias
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


class Conv1D(_Conv):
    r"""Convolution over sequences: at each T the same learned filters.

    $$ y_{t,f} = \phi\Big(\sum_{k,c} x_{t s + k d,\, c} \, w_{k,c,f} + b_f\Big) $$

    with steps $s$ (`strides`) and distances $d$ (`dilation_rate`).

    Args:
        filters: Number of filters, the channels of the output; at least 1.
        kernel_size: Size of the window: an integer.
        strides: Step of the window, likewise.
        padding: `"valid"` for none, `"same"` for zeros around so that `ceil(T / strides)` steps result,
            `"causal"` for zeros before only, so that no step sees a later one.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements; above 1 only where `strides` is 1.
        groups: Parts into which channels and filters fall; each filter sees the channels of its own part.
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
        ValueError: If an argument is not what it should be, filters or channels do not fall into equal groups,
            or the window does not fit into the input.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Waibel et al. (1989), "Phoneme recognition using time-delay neural networks".

    Example:
        >>> Conv1D(4, 3, padding="causal")(np.zeros((2, 10, 8), "float32")).shape
        (2, 10, 4)
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
        groups: int = 1,
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
        self._set_filters(filters, groups)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
        )


class Conv2D(_Conv):
    r"""Convolution over images: at each H, W the same learned filters.

    $$ y_{i,j,f} = \phi\Big(\sum_{k,l,c} x_{i s + k d,\, j s + l d,\, c} \, w_{k,l,c,f} + b_f\Big) $$

    with steps $s$ (`strides`) and distances $d$ (`dilation_rate`).

    Args:
        filters: Number of filters, the channels of the output; at least 1.
        kernel_size: Size of the window: an integer, or one for each of the two axes.
        strides: Step of the window, likewise.
        padding: `"valid"` for none, or `"same"` for zeros around, so that `ceil(size / strides)` places result.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements; above 1 only where `strides` is 1.
        groups: Parts into which channels and filters fall; each filter sees the channels of its own part.
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
        ValueError: If an argument is not what it should be, filters or channels do not fall into equal groups,
            or the window does not fit into the input.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        LeCun et al. (1998), "Gradient-based learning applied to document recognition", section II.

    Example:
        >>> Conv2D(4, 3, activation="relu")(np.zeros((2, 28, 28, 1), "float32")).shape
        (2, 26, 26, 4)
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
        groups: int = 1,
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
        self._set_filters(filters, groups)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
        )


class Conv3D(_Conv):
    r"""Convolution over volumes: at each D, H, W the same learned filters.

    $$ y_{i,j,m,f} = \phi\Big(\sum_{k,l,n,c} x_{i s + k d,\, j s + l d,\, m s + n d,\, c} \, w_{k,l,n,c,f} + b_f\Big) $$

    with steps $s$ (`strides`) and distances $d$ (`dilation_rate`).

    Args:
        filters: Number of filters, the channels of the output; at least 1.
        kernel_size: Size of the window: an integer, or one for each of the three axes.
        strides: Step of the window, likewise.
        padding: `"valid"` for none, or `"same"` for zeros around, so that `ceil(size / strides)` places result.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements; above 1 only where `strides` is 1.
        groups: Parts into which channels and filters fall; each filter sees the channels of its own part.
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
        ValueError: If an argument is not what it should be, filters or channels do not fall into equal groups,
            or the window does not fit into the input.
        ShapeError: When called on input with another number of channels than it was built for.

    Source:
        Ji et al. (2013), "3D convolutional neural networks for human action recognition", eq. 2.

    Example:
        >>> Conv3D(4, 3, strides=2)(np.zeros((2, 9, 9, 9, 1), "float32")).shape
        (2, 4, 4, 4, 4)
    """

    rank = 3

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = (1, 1, 1),
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = (1, 1, 1),
        groups: int = 1,
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
        self._set_filters(filters, groups)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_parts(
            activation,
            use_bias,
            (bias_initializer, bias_regularizer, bias_constraint),
            kernel=(kernel_initializer, kernel_regularizer, kernel_constraint),
        )
