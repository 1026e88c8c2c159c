"""Pooling: the largest element, or the mean, of each window. `convolution.py` has what both share."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check
from babytf.engine.tensor import Tensor, bind, convert
from babytf.ops.convolution import (
    as_given,
    channels_last,
    check_places,
    data_format_or_default,
    padding_pairs,
    spatial,
)
from babytf.ops.operands import floating

Pairs = tuple[tuple[int, int], ...]


def _pool(
    row: str, x: Tensor, window: tuple[int, ...], strides: tuple[int, ...], padding: str, who: Any
) -> tuple[Tensor, Pairs]:
    size, ones = x.shape[1:-1], (1,) * len(window)
    pairs = padding_pairs(who, padding, size, window, strides, ones)
    check_places(who, size, window, ones, pairs)
    return bind(row, x, size=window, strides=strides, padding=pairs), pairs


def largest(
    x: Tensor, window: tuple[int, ...], strides: tuple[int, ...], padding: str, data_format: str, who: Any = "max_pool"
) -> Tensor:
    """The largest element of each window. What `max_pool` and the layers call."""
    y, _ = _pool("max_pool", channels_last(x, data_format), window, strides, padding, who)
    return as_given(y, data_format)


def mean(
    x: Tensor, window: tuple[int, ...], strides: tuple[int, ...], padding: str, data_format: str,
    who: Any = "average_pool",
) -> Tensor:  # fmt: skip
    """The mean of each window; what was padded does not count. What `average_pool` and the layers call."""
    x = channels_last(x, data_format)
    y, pairs = _pool("sum_pool", x, window, strides, padding, who)
    count = np.ones((), x.dtype)
    for n, k, s, (low, high), m in zip(x.shape[1:-1], window, strides, pairs, y.shape[1:-1], strict=True):
        inside = np.pad(np.ones(n), (low, high))
        own = [inside[i * s : i * s + k].sum() for i in range(m)]
        count = np.multiply.outer(count, np.asarray(own, x.dtype))
    if (count == count.flat[0]).all():
        count = np.asarray(count.flat[0])
    else:
        count = count[..., None]
    return as_given(y / Tensor.wrap(count), data_format)


def max_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """The largest element of each window, over one, two or three axes.

    The gradient goes to the first of several that are equally large.

    Args:
        inputs: `(B, *S, C)`, or `(B, C, *S)` with `"channels_first"`.
        pool_size: Size of the window: an integer, or one per spatial axis.
        strides: Step of the window, likewise; the window's size by default.
        padding: `"valid"` for whole windows only, `"same"` for windows over the edges too.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        `(B, *S', C)`, or `(B, C, *S')`.

    Raises:
        ShapeError: If the window is larger than the input.
        ValueError: If an argument is something else.

    Example:
        >>> keras.ops.max_pool(np.array([[[1.0], [3.0], [2.0], [0.0]]]), 2).tolist()
        [[[3.0], [2.0]]]
    """
    x = convert(inputs)
    n = spatial("max_pool", x)
    window = check.sizes("max_pool", n, pool_size=pool_size)
    steps = window if strides is None else check.sizes("max_pool", n, strides=strides)
    return largest(x, window, steps, padding, data_format_or_default("max_pool", data_format))


def average_pool(
    inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None
) -> Tensor:
    """The mean of each window, over one, two or three axes; of windows over the edges, the mean of what is inside.

    Args:
        inputs: `(B, *S, C)`, or `(B, C, *S)` with `"channels_first"`.
        pool_size: Size of the window: an integer, or one per spatial axis.
        strides: Step of the window, likewise; the window's size by default.
        padding: `"valid"` for whole windows only, `"same"` for windows over the edges too.
        data_format: `"channels_last"` or `"channels_first"`; `config.image_data_format()` by default.

    Returns:
        `(B, *S', C)`, or `(B, C, *S')`.

    Raises:
        ShapeError: If the window is larger than the input.
        ValueError: If an argument is something else.

    Example:
        >>> keras.ops.average_pool(np.array([[[1.0], [3.0], [2.0], [0.0]]]), 2).tolist()
        [[[2.0], [1.0]]]
    """
    x = floating(inputs)
    n = spatial("average_pool", x)
    window = check.sizes("average_pool", n, pool_size=pool_size)
    steps = window if strides is None else check.sizes("average_pool", n, strides=strides)
    return mean(x, window, steps, padding, data_format_or_default("average_pool", data_format))
