"""What all convolution layers share: their arguments, their weights, their shapes. `conv.py` is the plain one."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import activations, check, constraints, initializers, ops, regularizers
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.ops.convolution import data_format_or_default, padding_pairs


class Convolution(Layer):
    """Base of the convolution layers: what moves over the spatial axes, in which steps, and what comes after it.

    Subclasses say how many spatial axes there are (`rank`), make their kernels in `build_kernels`, and have a `call`.
    """

    rank: ClassVar[int]
    paddings: ClassVar[tuple[str, ...]] = ("valid", "same")
    steps_or_gaps: ClassVar[bool] = False  # whether only one of strides and dilation_rate may be above 1

    def _set_window(self, kernel_size: Any, strides: Any, padding: Any, data_format: Any, dilation_rate: Any) -> None:
        self.kernel_size = check.sizes(self, self.rank, kernel_size=kernel_size)
        self.strides = check.sizes(self, self.rank, strides=strides)
        self.dilation_rate = check.sizes(self, self.rank, dilation_rate=dilation_rate)
        padding = padding.lower() if isinstance(padding, str) else padding
        self.padding = check.one_of(self, self.paddings, padding=padding)
        self.data_format = data_format_or_default(self, data_format)
        if self.padding == "causal" and self.data_format != "channels_last":
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': causal padding goes with channels last.",
                    got=f"padding='causal', data_format={self.data_format!r}",
                    fix="data_format='channels_last'",
                )
            )
        if self.steps_or_gaps and max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': steps and gaps at once are not defined.",
                    got=f"strides={self.strides}, dilation_rate={self.dilation_rate}",
                    expected="1 everywhere in at least one of them",
                )
            )
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _set_parts(
        self, activation: Any, use_bias: Any, bias: tuple[Any, Any, Any], **kernels: tuple[Any, Any, Any]
    ) -> None:
        """The activation, and for the bias and each kernel how it starts, its penalty and its constraint."""
        self.activation = activations.get(activation)
        self.use_bias = check.boolean(self, use_bias=use_bias)
        for name, (initializer, regularizer, constraint) in {**kernels, "bias": bias}.items():
            setattr(self, f"{name}_initializer", initializers.get(initializer))
            setattr(self, f"{name}_regularizer", regularizers.get(regularizer))
            setattr(self, f"{name}_constraint", constraints.get(constraint))

    def _kernel(self, name: str, shape: tuple[int, ...], part: str = "") -> Any:
        part = part or name
        return self.add_weight(
            name=name,
            shape=shape,
            initializer=getattr(self, f"{part}_initializer"),
            regularizer=getattr(self, f"{part}_regularizer"),
            constraint=getattr(self, f"{part}_constraint"),
        )

    @property
    def _channel_axis(self) -> int:
        return -1 if self.data_format == "channels_last" else 1

    def build(self, input_shape: Any) -> None:
        channels = input_shape[self._channel_axis]
        if channels is None:
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}' needs to know the number of channels.",
                    got=f"input of shape {tuple(input_shape)}",
                    fix="give that size of the input, or check data_format",
                )
            )
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={self._channel_axis: channels})
        self.build_kernels(channels)
        self.bias = self._kernel("bias", (self._filters(channels),)) if self.use_bias else None
        if None not in input_shape[1:]:
            self.compute_output_shape(input_shape)  # refuses a window that does not fit

    def build_kernels(self, channels: int) -> None:
        """Make the kernels for so many channels of input."""
        raise NotImplementedError

    def _filters(self, channels: int) -> int:
        return int(self.filters)  # type: ignore[attr-defined]

    def with_bias(self, y: Any) -> Any:
        """The bias, where it was not added yet."""
        if self.bias is None:
            return y
        if self.data_format == "channels_last":
            return y + self.bias
        return y + ops.reshape(self.bias, (1, self.bias.shape[0]) + (1,) * self.rank)

    # --- shapes

    def _places(self, size: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Places that result along each spatial axis; `None` where that is not known."""
        window, steps, gaps = self.kernel_size, self.strides, self.dilation_rate
        found: list[int | None] = []
        for n, k, s, d in zip(size, window, steps, gaps, strict=True):
            if n is None:
                found.append(None)
                continue
            ((low, high),) = padding_pairs(self, self.padding, (n,), (k,), (s,), (d,), self.paddings)
            places = (n + low + high - (k - 1) * d - 1) // s + 1
            if places < 1:
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}': the window is larger than the input.",
                        got=f"spatial size {tuple(size)}, kernel_size={window}, dilation_rate={gaps}",
                        expected="an input at least as large as the window",
                        fix="padding='same', or a smaller kernel_size",
                    )
                )
            found.append(places)
        return tuple(found)

    def compute_output_shape(self, input_shape: Any) -> Any:
        last = self.data_format == "channels_last"
        size = tuple(input_shape[1:-1] if last else input_shape[2:])
        filters = self._filters(input_shape[self._channel_axis])
        places = self._places(size)
        return (input_shape[0], *places, filters) if last else (input_shape[0], filters, *places)
