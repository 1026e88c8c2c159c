"""Normalization: to mean 0 and variance 1, by sample or by batch. `attention.py` is its companion.

Rows with gradients derived by hand are in `babytf/engine/primitives/normalization.py`.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from babytf import config
from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.elementary import rsqrt
from babytf.ops.operands import floating, one_axis, to_dtype
from babytf.ops.reduction import var
from babytf.ops.shaping import reshape, transpose


def at_least_single(x: Any) -> Tensor:
    """`x` as a float Tensor, half precision as single: squares of half-precision numbers overflow early."""
    x = floating(x)
    return to_dtype(x, np.dtype("float32")) if x.dtype.itemsize < 4 else x


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any
) -> Tensor:
    r"""$\gamma \, (x - \mu) / \sqrt{\sigma^2 + \epsilon} + \beta$, with mean and variance over some axes.

    Args:
        x: Tensor.
        gamma: Factor, of the shape of those axes; 1 by default.
        beta: Summand, of the shape of those axes; 0 by default.
        axis: One axis, or several.
        epsilon: Added to the variance; `config.epsilon()` by default.
        **kwargs: `rms_scaling`, deprecated in Keras: whether to scale without taking the mean away, and without `beta`.

    Raises:
        TypeError: If another keyword is given.
        ShapeError: If `gamma` or `beta` do not fit the axes.
    """
    rms_scaling = kwargs.pop("rms_scaling", False)
    if kwargs:
        raise TypeError(explain("layer_normalization: unknown argument.", got=", ".join(f"{k}=" for k in kwargs)))
    epsilon = config.epsilon() if epsilon is None else epsilon
    given = floating(x)
    x = at_least_single(given)
    if rms_scaling:
        warnings.warn("rms_scaling=True is deprecated: use rms_normalization.", stacklevel=2)
        axes = _axes(axis, x.ndim)
        y = x * rsqrt(var(x, axes, keepdims=True) + epsilon)
        if gamma is not None:
            y = y * reshape(to_dtype(gamma, x.dtype), [n if i in axes else 1 for i, n in enumerate(x.shape)])
        return to_dtype(y, given.dtype)
    return to_dtype(_normalized_rows(x, gamma, beta, axis, epsilon, True), given.dtype)


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Tensor:
    r"""$x / \sqrt{\overline{x^2} + \epsilon}$ times a scale, the mean square being taken over some axes.

    Args:
        x: Tensor.
        scale: Factor, of the shape of those axes; 1 by default.
        axis: One axis, or several.
        epsilon: Added to the mean square; `config.epsilon()` by default.

    Raises:
        ShapeError: If `scale` does not fit the axes.
    """
    epsilon = config.epsilon() if epsilon is None else epsilon
    given = floating(x)
    return to_dtype(_normalized_rows(at_least_single(given), scale, None, axis, epsilon, False), given.dtype)


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axes = axis if isinstance(axis, (list, tuple)) else (axis,)
    return tuple(sorted(one_axis(a, ndim) for a in axes))


def _normalized_rows(x: Tensor, gamma: Any, beta: Any, axis: Any, epsilon: float, center: bool) -> Tensor:
    """With the axes brought to the end and made one, rows are normalized; then back."""
    axes = _axes(axis, x.ndim)
    order = tuple(i for i in range(x.ndim) if i not in axes) + axes
    moved = transpose(x, order)
    features = math.prod(x.shape[a] for a in axes)
    rows = reshape(moved, (math.prod(moved.shape[: x.ndim - len(axes)]), features))
    statistics = bind("row_statistics", rows, center=center, epsilon=float(epsilon))
    standard = bind("row_standard", rows, statistics)
    factor = _flat(gamma, features, x) if gamma is not None else Tensor.wrap(np.ones((), x.dtype))
    y = bind("row_norm", rows, factor, standard, statistics, center=center)
    if beta is not None:
        y = y + _flat(beta, features, x)
    return transpose(reshape(y, moved.shape), [order.index(i) for i in range(x.ndim)])


def _flat(weight: Any, features: int, x: Tensor) -> Tensor:
    weight = to_dtype(convert(weight), x.dtype)
    if math.prod(weight.shape) != features:
        raise ShapeError(
            explain(
                "a normalization's weight does not fit the axes.",
                got=f"a weight of shape {weight.shape} for {features} features of an input of shape {x.shape}",
                expected="the shape of the axes that are normalized",
            )
        )
    return reshape(weight, (features,))


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: Any, offset: Any = None, scale: Any = None, epsilon: float = 1e-3
) -> Tensor:
    r"""$(x - \mu) / \sqrt{\sigma^2 + \epsilon}$ times a scale plus an offset, by channel.

    Args:
        x: Tensor.
        mean: $\mu$ of each channel.
        variance: $\sigma^2$ of each channel.
        axis: The axis of the channels.
        offset: Added at the end, by channel.
        scale: Factor, by channel.
        epsilon: Added to the variance.

    Raises:
        ShapeError: If a vector has another size than the axis.
    """
    x = floating(x)
    place = one_axis(axis, x.ndim)
    shape = tuple(n if i == place else 1 for i, n in enumerate(x.shape))

    def by_channel(name: str, values: Any) -> Tensor:
        values = to_dtype(convert(values), x.dtype)
        if values.shape != (x.shape[place],):
            raise ShapeError(
                explain(
                    f"batch_normalization: `{name}` does not fit axis {axis}.",
                    got=f"shape {values.shape}, for an input of shape {x.shape}",
                    expected=f"shape ({x.shape[place]},)",
                )
            )
        return values

    factor = rsqrt(by_channel("variance", variance) + epsilon)
    if scale is not None:
        factor = factor * by_channel("scale", scale)
    shift = -by_channel("mean", mean) * factor
    if offset is not None:
        shift = shift + by_channel("offset", offset)
    return x * reshape(factor, shape) + reshape(shift, shape)


def normalize_batch(x: Tensor, axis: int, offset: Any, scale: Any, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """`batch_normalization` by the batch's own mean and variance, which are returned beside the result.

    The gradient goes through them, to `x`; both have one element for each channel.
    """
    place = one_axis(axis, x.ndim)
    order = (*[i for i in range(x.ndim) if i != place], place)
    moved = transpose(x, order)
    channels = x.shape[place]
    rows = reshape(moved, (x.size // max(channels, 1), channels))
    moments = bind("channel_moments", rows)
    mean, variance = moments[0], moments[1]
    gamma = Tensor.wrap(np.ones((channels,), x.dtype)) if scale is None else to_dtype(scale, x.dtype)
    beta = Tensor.wrap(np.zeros((channels,), x.dtype)) if offset is None else to_dtype(offset, x.dtype)
    inverse = rsqrt(variance + epsilon)
    factor = inverse * gamma
    y = bind("channel_norm", rows, gamma, beta, mean, inverse, factor, beta - mean * factor)
    y = transpose(reshape(y, moved.shape), [order.index(i) for i in range(x.ndim)])
    return y, mean, variance
