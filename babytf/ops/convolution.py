"""Convolution in all its forms: plain, depthwise, separable, transposed. Next: `pooling.py`.

Arrays of `"channels_first"` are turned to have their channels last, and the result is turned back.
"""

from __future__ import annotations

from typing import Any

from babytf import check, config
from babytf.engine.tensor import Tensor, bind
from babytf.errors import ShapeError, explain
from babytf.ops.operands import floating_pair
from babytf.ops.shaping import pad, reshape, transpose

LETTERS = {1: "T", 2: "H, W", 3: "D, H, W"}


def data_format_or_default(who: Any, data_format: Any) -> str:
    """`"channels_last"` or `"channels_first"`, that of the configuration for `None`."""
    data_format = config.image_data_format() if data_format is None else data_format
    return str(check.one_of(who, ("channels_last", "channels_first"), data_format=data_format))


def channels_last(x: Tensor, data_format: str) -> Tensor:
    """`(B, *S, C)` of an array that may be `(B, C, *S)`."""
    return x if data_format == "channels_last" else transpose(x, (0, *range(2, x.ndim), 1))


def as_given(y: Tensor, data_format: str) -> Tensor:
    """The way back."""
    return y if data_format == "channels_last" else transpose(y, (0, y.ndim - 1, *range(1, y.ndim - 1)))


def spatial(who: Any, x: Tensor) -> int:
    """How many spatial axes an array has.

    Raises:
        ShapeError: If it is not one, two or three.
    """
    if x.ndim - 2 not in LETTERS:
        raise ShapeError(
            explain(
                f"{who} works on one, two or three spatial axes.",
                got=f"an array of shape {x.shape}",
                expected="(B, T, C), (B, H, W, C) or (B, D, H, W, C)",
                fix="x[None] adds a missing batch axis, x[..., None] missing channels",
            )
        )
    return x.ndim - 2


def padding_pairs(
    who: Any, padding: str, size: tuple[int, ...], window: tuple[int, ...], strides: tuple[int, ...],
    dilation: tuple[int, ...], options: tuple[str, ...] = ("valid", "same"),
) -> tuple[tuple[int, int], ...]:  # fmt: skip
    """What is added before and after each spatial axis.

    `"same"` adds as little as gives `ceil(size / stride)` results, the odd one after; `"causal"` all of it before.
    """
    padding = check.one_of(who, options, padding=padding.lower() if isinstance(padding, str) else padding)
    if padding == "valid":
        return ((0, 0),) * len(size)
    if padding == "causal":
        return tuple(((k - 1) * d, 0) for k, d in zip(window, dilation, strict=True))
    missing = [
        max(0, ((n - 1) // s) * s + (k - 1) * d + 1 - n)
        for n, k, s, d in zip(size, window, strides, dilation, strict=True)
    ]
    return tuple((m // 2, m - m // 2) for m in missing)


def check_places(
    who: Any, size: tuple[int, ...], window: tuple[int, ...], dilation: tuple[int, ...], pairs: Any
) -> None:
    """Refuse a window that is larger than what it moves over.

    Raises:
        ShapeError: Naming both.
    """
    reach = tuple((k - 1) * d + 1 for k, d in zip(window, dilation, strict=True))
    if any(n + low + high < r for n, r, (low, high) in zip(size, reach, pairs, strict=True)):
        raise ShapeError(
            explain(
                f"{check._who(who)}: the window is larger than the input.",
                got=f"spatial size {size}, a window that reaches over {reach}",
                expected="an input at least as large as the window",
                fix="padding='same', a smaller window, or fewer layers that shrink the input",
            )
        )


def _check_channels(who: str, x: Tensor, kernel: Tensor) -> int:
    """The number of groups, from the sizes."""
    n = spatial(who, x)
    if kernel.ndim != n + 2:
        raise ShapeError(
            explain(
                f"{who}: the kernel does not fit the input.",
                got=f"an input with {n} spatial axes, a kernel of shape {kernel.shape}",
                expected=f"a kernel of {n + 2} axes",
            )
        )
    channels, depth, filters = x.shape[-1], kernel.shape[-2], kernel.shape[-1]
    groups = channels // depth if depth else 0
    if not groups or groups * depth != channels or filters % groups:
        raise ShapeError(
            explain(
                f"{who}: channels, kernel and filters do not go together.",
                got=f"{channels} channels, a kernel of shape {kernel.shape}",
                expected=f"{depth} channels, or {depth} times a divisor of {filters}",
                fix="check data_format, and the last two sizes of the kernel: channels per group, filters",
            )
        )
    return groups


def convolve(
    x: Tensor, kernel: Tensor, bias: Tensor | None, strides: tuple[int, ...], padding: str, data_format: str,
    dilation: tuple[int, ...], who: Any = "conv",
) -> Tensor:  # fmt: skip
    """The convolution of Tensors of one dtype, and a bias if there is one. What `conv` and the layers call."""
    x = channels_last(x, data_format)
    groups = _check_channels(check._who(who), x, kernel)
    size, window = x.shape[1:-1], kernel.shape[:-2]
    options = ("valid", "same", "causal") if len(size) == 1 else ("valid", "same")
    pairs = padding_pairs(who, padding, size, window, strides, dilation, options)
    check_places(who, size, window, dilation, pairs)
    params = {"strides": strides, "padding": pairs, "dilation": dilation, "groups": groups}
    y = bind("conv", x, kernel, **params) if bias is None else bind("biased_conv", x, kernel, bias, **params)
    return as_given(y, data_format)


def conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    r"""Convolution over one, two or three axes; as everywhere in this field, the kernel is not flipped.

    $$ y_{b,i,f} = \sum_{t,c} x_{b,\, i s + t d,\, c} \, w_{t,c,f} $$

    With fewer channels in the kernel than in the input, both fall into groups that do not mix.

    Args:
        inputs: `(B, *S, C)`, or `(B, C, *S)` with `"channels_first"`.
        kernel: `(*K, C / groups, F)`.
        strides: Step of the window: an integer, or one per spatial axis.
        padding: `"valid"` for none, `"same"` for zeros around, so that `ceil(S / strides)` places result.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements: an integer, or one per spatial axis.

    Returns:
        `(B, *S', F)`, or `(B, F, *S')`.

    Raises:
        ShapeError: If sizes do not go together.
        ValueError: If an argument is something else.

    Example:
        >>> keras.ops.conv(np.ones((1, 4, 1)), np.ones((3, 1, 1))).tolist()
        [[[3.0], [3.0]]]
    """
    x, w = floating_pair(inputs, kernel)
    n = spatial("conv", x)
    steps, gaps = check.sizes("conv", n, strides=strides), check.sizes("conv", n, dilation_rate=dilation_rate)
    return convolve(x, w, None, steps, padding, data_format_or_default("conv", data_format), gaps)


def depthwise_conv(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """Convolution in which each channel has filters of its own.

    Args:
        inputs: `(B, *S, C)`, or `(B, C, *S)` with `"channels_first"`.
        kernel: `(*K, C, M)`: M filters for each channel.
        strides: Step of the window: an integer, or one per spatial axis.
        padding: `"valid"` or `"same"`, as in `conv`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements: an integer, or one per spatial axis.

    Returns:
        `(B, *S', C M)`, or `(B, C M, *S')`; the filters of a channel lie together.

    Raises:
        ShapeError: If sizes do not go together.
        ValueError: If an argument is something else.
    """
    x, w = floating_pair(inputs, kernel)
    n = spatial("depthwise_conv", x)
    steps = check.sizes("depthwise_conv", n, strides=strides)
    gaps = check.sizes("depthwise_conv", n, dilation_rate=dilation_rate)
    data_format = data_format_or_default("depthwise_conv", data_format)
    return convolve(x, per_channel(w), None, steps, padding, data_format, gaps, "depthwise_conv")


def per_channel(kernel: Tensor) -> Tensor:
    """A depthwise kernel `(*K, C, M)` as that of a convolution in C groups, `(*K, 1, C M)`."""
    *window, channels, each = kernel.shape
    return reshape(kernel, (*window, 1, channels * each))


def separable_conv(
    inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1, padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """A depthwise convolution, then one of single places, which mixes the channels.

    Args:
        inputs: `(B, *S, C)`, or `(B, C, *S)` with `"channels_first"`.
        depthwise_kernel: `(*K, C, M)`.
        pointwise_kernel: `(1, …, C M, F)`.
        strides: Step of the window: an integer, or one per spatial axis.
        padding: `"valid"` or `"same"`, as in `conv`.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements: an integer, or one per spatial axis.

    Returns:
        `(B, *S', F)`, or `(B, F, *S')`.

    Raises:
        ShapeError: If sizes do not go together.
        ValueError: If an argument is something else.
    """
    between = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(between, pointwise_kernel, 1, "valid", data_format, 1)


# --- transposed


def transposed_size(n: int, window: int, stride: int, dilation: int, padding: str, extra: int | None) -> int:
    """Places that a transposed convolution makes of `n`, along one axis."""
    reach = (window - 1) * dilation + 1
    if padding == "valid":
        return (n - 1) * stride + reach + (max(stride - reach, 0) if extra is None else extra)
    return n * stride if extra is None else (n - 1) * stride + reach % 2 + extra


def _cropped(window: int, stride: int, dilation: int, padding: str, extra: int | None) -> int:
    """Places that are cut off in front."""
    if padding == "valid":
        return 0
    reach = (window - 1) * dilation + 1
    kept = stride + reach - 2 if extra is None else reach + reach % 2 - 2 + extra
    return reach - 1 - min((kept + 1) // 2, reach - 1)


def convolve_transposed(
    x: Tensor, kernel: Tensor, strides: tuple[int, ...], padding: str, extra: tuple[int | None, ...],
    data_format: str, dilation: tuple[int, ...], who: Any = "conv_transpose",
) -> Tensor:  # fmt: skip
    """The transposed convolution of Tensors of one dtype. What `conv_transpose` and the layers call."""
    x = channels_last(x, data_format)
    n, window = spatial(check._who(who), x), kernel.shape[:-2]
    padding = check.one_of(who, ("valid", "same"), padding=padding.lower() if isinstance(padding, str) else padding)
    if kernel.ndim != n + 2 or kernel.shape[-1] != x.shape[-1]:
        raise ShapeError(
            explain(
                f"{check._who(who)}: the kernel does not fit the input.",
                got=f"{x.shape[-1]} channels over {n} spatial axes, a kernel of shape {kernel.shape}",
                expected=f"{n + 2} axes, the last two: filters, channels",
            )
        )
    asked = list(zip(x.shape[1:-1], window, strides, dilation, extra, strict=True))
    size = [transposed_size(m, k, s, d, padding, e) for m, k, s, d, e in asked]
    before = [_cropped(k, s, d, padding, e) for _, k, s, d, e in asked]
    # It is the gradient of a convolution that has `size` places and gives those of x: `over` must be padded there.
    over = [(m - 1) * s + (k - 1) * d + 1 - n - b for (m, k, s, d, _), n, b in zip(asked, size, before, strict=True)]
    reached = tuple(n + min(o, 0) for n, o in zip(size, over, strict=True))
    y = bind(
        "conv_input_gradient",
        x,
        kernel,
        size=reached,
        channels=kernel.shape[-2],
        strides=strides,
        padding=tuple((b, max(o, 0)) for b, o in zip(before, over, strict=True)),
        dilation=dilation,
        groups=1,
    )
    if reached != tuple(size):  # places that no window reaches
        y = pad(y, ((0, 0), *((0, n - r) for n, r in zip(size, reached, strict=True)), (0, 0)))
    return as_given(y, data_format)


def conv_transpose(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Tensor:  # fmt: skip
    """Transposed convolution: the gradient of a convolution with respect to its input, which makes larger.

    Args:
        inputs: `(B, *S, C)`, or `(B, C, *S)` with `"channels_first"`.
        kernel: `(*K, F, C)`: the filters come first.
        strides: Step of the window: an integer, or one per spatial axis.
        padding: `"valid"`, or `"same"` for `S * strides` places.
        output_padding: Places more at the end, below `strides`: an integer, one per spatial axis,
            or `None` for as many as the padding asks for.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.
        dilation_rate: Distance of the window's elements: an integer, or one per spatial axis.

    Returns:
        `(B, *S', F)`, or `(B, F, *S')`.

    Raises:
        ShapeError: If sizes do not go together.
        ValueError: If an argument is something else.

    Source:
        Dumoulin & Visin (2016), "A guide to convolution arithmetic for deep learning", section 4.
    """
    x, w = floating_pair(inputs, kernel)
    n = spatial("conv_transpose", x)
    steps = check.sizes("conv_transpose", n, strides=strides)
    gaps = check.sizes("conv_transpose", n, dilation_rate=dilation_rate)
    extra = check.output_padding("conv_transpose", n, output_padding, steps)
    return convolve_transposed(x, w, steps, padding, extra, data_format_or_default("conv_transpose", data_format), gaps)
