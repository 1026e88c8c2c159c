r"""Convolution and pooling, over one to three axes. Arrays are `(B, *S, C)`, kernels `(*K, C / groups, F)`.

A convolution $y$ is linear in its input $x$ and in its kernel $w$, so that with an incoming gradient $g$ everything
follows from the one number $\sum g \cdot (x * w)$: its derivative by $g$ is the convolution, by $w$ the kernel's
gradient, by $x$ the input's. Each of the three rows therefore has the other two as its gradient, to any order.
The input's gradient is also what is called a transposed convolution.

The kernels are in `../window_kernels.py` and `../pool_kernels.py`. Next: `random.py`.
"""

from __future__ import annotations

from typing import Any

from babytf.engine import pool_kernels, window_kernels
from babytf.engine.primitive import NAMESPACE, Spec, primitive
from babytf.engine.tensor import Tensor, bind

NAMESPACE["windows"] = window_kernels
NAMESPACE["pools"] = pool_kernels


def _conv_spec(x: Spec, kernel: Spec, strides: Any, padding: Any, dilation: Any, groups: int) -> Spec:
    size = window_kernels.out_size(x.shape[1:-1], kernel.shape[:-2], strides, padding, dilation)
    return Spec((x.shape[0], *size, kernel.shape[-1]), x.dtype)


def _conv_vjp(g: Tensor, y: Tensor, x: Tensor, kernel: Tensor, **params: Any) -> tuple[Tensor, Tensor]:
    return (
        bind("conv_input_gradient", g, kernel, size=x.shape[1:-1], channels=x.shape[-1], **params),
        bind("conv_kernel_gradient", x, g, kernel=kernel.shape[:-2], depth=kernel.shape[-2], **params),
    )


primitive(
    "conv",
    source="windows.conv({x}, {kernel}, None, {out}, {strides}, {padding}, {dilation}, {groups})",
    infer=_conv_spec,
    inputs="x kernel",
    vjp=_conv_vjp,
    latex=r"{x} * {kernel}",
    domain=(-3.0, 3.0),
    symbol="z",
    threaded=True,
)


def _biased_spec(x: Spec, kernel: Spec, bias: Spec, **params: Any) -> Spec:
    return _conv_spec(x, kernel, **params)


def _biased_vjp(
    g: Tensor, y: Tensor, x: Tensor, kernel: Tensor, bias: Tensor, **params: Any
) -> tuple[Tensor, Tensor, Tensor]:
    return *_conv_vjp(g, y, x, kernel, **params), bind("channel_sum", g)


primitive(
    "biased_conv",  # the bias is added while a block of results is in the cache
    source="windows.conv({x}, {kernel}, {bias}, {out}, {strides}, {padding}, {dilation}, {groups})",
    infer=_biased_spec,
    inputs="x kernel bias",
    vjp=_biased_vjp,
    latex=r"{x} * {kernel} + {bias}",
    domain=(-3.0, 3.0),
    symbol="z",
    threaded=True,
)


def _channel_sum_vjp(h: Tensor, y: Tensor, g: Tensor) -> tuple[Tensor]:
    return (bind("broadcast_to", h, shape=g.shape),)


primitive(
    "channel_sum",
    source="windows.channel_sum({g}, {out})",
    infer=lambda g: Spec(g.shape[-1:], g.dtype),
    vjp=_channel_sum_vjp,
    latex=r"\sum {g}",
    domain=(-3.0, 3.0),
    threaded=True,
)


def _input_spec(g: Spec, kernel: Spec, size: Any, channels: int, **params: Any) -> Spec:
    return Spec((g.shape[0], *size, channels), g.dtype)


def _input_vjp(
    h: Tensor, y: Tensor, g: Tensor, kernel: Tensor, size: Any, channels: int, **params: Any
) -> tuple[Tensor, Tensor]:
    return (
        bind("conv", h, kernel, **params),
        bind("conv_kernel_gradient", h, g, kernel=kernel.shape[:-2], depth=kernel.shape[-2], **params),
    )


primitive(
    "conv_input_gradient",
    source="windows.conv_input_gradient({g}, {kernel}, {out}, {strides}, {padding}, {dilation}, {groups})",
    infer=_input_spec,
    inputs="g kernel",
    vjp=_input_vjp,
    latex=r"{g} *^\top {kernel}",
    domain=(-3.0, 3.0),
    symbol="dx",
    threaded=True,
)


def _kernel_spec(x: Spec, g: Spec, kernel: Any, depth: int, **params: Any) -> Spec:
    return Spec((*kernel, depth, g.shape[-1]), x.dtype)


def _kernel_vjp(
    h: Tensor, y: Tensor, x: Tensor, g: Tensor, kernel: Any, depth: int, **params: Any
) -> tuple[Tensor, Tensor]:
    return (
        bind("conv_input_gradient", g, h, size=x.shape[1:-1], channels=x.shape[-1], **params),
        bind("conv", x, h, **params),
    )


primitive(
    "conv_kernel_gradient",
    source="windows.conv_kernel_gradient({x}, {g}, {out}, {strides}, {padding}, {dilation}, {groups})",
    infer=_kernel_spec,
    inputs="x g",
    vjp=_kernel_vjp,
    latex=r"{x} \star {g}",
    domain=(-3.0, 3.0),
    symbol="dw",
    threaded=True,
)

# --- pooling: the largest of each window, or the sum


def _pool_spec(x: Spec, size: Any, strides: Any, padding: Any) -> Spec:
    return Spec((x.shape[0], *pool_kernels.pooled_size(x.shape[1:-1], size, strides, padding), x.shape[-1]), x.dtype)


def _second_spec(g: Spec, x: Spec, **params: Any) -> Spec:
    return Spec(x.shape, g.dtype)


primitive(
    "max_pool",
    source="pools.max_pool({x}, {out}, {size}, {strides}, {padding})",
    infer=_pool_spec,
    inputs="x",
    vjp=lambda g, y, x, **params: (bind("max_pool_gradient", g, x, **params),),
    latex=r"\max_{{\text{{window}}}} {x}",
    domain=(-3.0, 3.0),
    symbol="pooled",
    threaded=True,
)
primitive(
    "max_pool_gradient",  # to the first of several that are the largest
    source="pools.max_pool_gradient({g}, {x}, {out}, {size}, {strides}, {padding})",
    infer=_second_spec,
    inputs="g x",
    vjp=lambda h, y, g, x, **params: (bind("max_pool_pick", h, x, **params), None),
    latex=r"{g} \, [{x} = \max]",
    domain=(-3.0, 3.0),
    symbol="grad",
)


def _pick_spec(h: Spec, x: Spec, **params: Any) -> Spec:
    return Spec(_pool_spec(x, **params).shape, h.dtype)


primitive(
    "max_pool_pick",
    source="pools.max_pool_pick({h}, {x}, {out}, {size}, {strides}, {padding})",
    infer=_pick_spec,
    inputs="h x",
    vjp=lambda g, y, h, x, **params: (bind("max_pool_gradient", g, x, **params), None),
    latex=r"{h} \text{{ where }} {x} = \max",
    domain=(-3.0, 3.0),
    symbol="picked",
    threaded=True,
)


def _sum_pool_vjp(g: Tensor, y: Tensor, x: Tensor, **params: Any) -> tuple[Tensor]:
    return (bind("sum_pool_gradient", g, inputs=x.shape[1:-1], **params),)


primitive(
    "sum_pool",
    source="pools.sum_pool({x}, {out}, {size}, {strides}, {padding})",
    infer=_pool_spec,
    inputs="x",
    vjp=_sum_pool_vjp,
    latex=r"\sum_{{\text{{window}}}} {x}",
    domain=(-3.0, 3.0),
    symbol="pooled",
    threaded=True,
)


def _sum_pool_gradient_spec(g: Spec, inputs: Any, size: Any, strides: Any, padding: Any) -> Spec:
    return Spec((g.shape[0], *inputs, g.shape[-1]), g.dtype)


primitive(
    "sum_pool_gradient",
    source="pools.sum_pool_gradient({g}, {out}, {size}, {strides}, {padding})",
    infer=_sum_pool_gradient_spec,
    inputs="g",
    vjp=lambda h, y, g, inputs, **params: (bind("sum_pool", h, **params),),
    latex=r"{g} \text{{ to each of its window}}",
    domain=(-3.0, 3.0),
    symbol="grad",
    threaded=True,
)
