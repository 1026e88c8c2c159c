"""The nonlinearities of neural networks. Next: `crossentropy.py`."""

from __future__ import annotations

import math
from typing import Any

from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.arithmetic import absolute, clip, maximum, minimum, square
from babytf.ops.comparison import where
from babytf.ops.elementary import erf, sqrt, tanh
from babytf.ops.operands import floating, one_axis, some_axes
from babytf.ops.shaping import split


def relu(x: Any) -> Tensor:
    r"""$\max(0, x)$."""
    return bind("relu", convert(x))


def relu6(x: Any) -> Tensor:
    r"""$\min(6, \max(0, x))$."""
    return bind("relu6", convert(x))


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """`x`, and `negative_slope * x` where `x` is negative."""
    return bind("leaky_relu", floating(x), negative_slope=float(negative_slope))


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x`, and `alpha * (exp(x) - 1)` where `x` is negative."""
    return bind("elu", floating(x), alpha=float(alpha))


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """`x`, and `alpha * (exp(x / alpha) - 1)` where `x` is negative."""
    x = floating(x)
    return maximum(x, 0) + minimum(bind("elu", x / float(alpha), alpha=1.0) * float(alpha), 0)


# Klambauer et al. (2017), eq. 14: the fixed point of mean 0 and variance 1.
_SELU_ALPHA = 1.6732632423543772848170429916717
_SELU_SCALE = 1.0507009873554804934193349852946


def selu(x: Any) -> Tensor:
    r"""$\lambda \cdot \mathrm{elu}(x, \alpha)$, with $\lambda \approx 1.0507$, $\alpha \approx 1.6733$."""
    return _SELU_SCALE * elu(x, _SELU_ALPHA)


def gelu(x: Any, approximate: bool = True) -> Tensor:
    r"""$x \, \Phi(x)$, with the normal distribution's $\Phi$.

    Args:
        x: Tensor.
        approximate: Whether to take $\Phi(x) \approx \tfrac12 (1 + \tanh(\sqrt{2/\pi}\,(x + 0.044715 x^3)))$.
    """
    x = floating(x)
    if approximate:
        return x * 0.5 * (1.0 + tanh(math.sqrt(2.0 / math.pi) * x * (1.0 + 0.044715 * square(x))))
    return x * 0.5 * (1.0 + erf(x * math.sqrt(0.5)))


def sigmoid(x: Any) -> Tensor:
    r"""$1 / (1 + e^{-x})$."""
    return bind("sigmoid", floating(x))


def log_sigmoid(x: Any) -> Tensor:
    r"""$\ln(1 / (1 + e^{-x}))$, without overflow."""
    return -bind("softplus", -floating(x))


def silu(x: Any) -> Tensor:
    """`x * sigmoid(x)`."""
    x = floating(x)
    return x * bind("sigmoid", x)


def swish(x: Any) -> Tensor:
    """`x * sigmoid(x)`: another name of `silu`."""
    return silu(x)


def hard_sigmoid(x: Any) -> Tensor:
    """`relu6(x + 3) / 6`."""
    return bind("relu6", floating(x) + 3.0) / 6.0


def hard_silu(x: Any) -> Tensor:
    """`x * hard_sigmoid(x)`."""
    x = floating(x)
    return x * hard_sigmoid(x)


def hard_swish(x: Any) -> Tensor:
    """`x * hard_sigmoid(x)`: another name of `hard_silu`."""
    return hard_silu(x)


def hard_tanh(x: Any) -> Tensor:
    """`x`, held between -1 and 1."""
    return clip(floating(x), -1.0, 1.0)


def softplus(x: Any) -> Tensor:
    r"""$\ln(1 + e^x)$, without overflow."""
    return bind("softplus", floating(x))


def softsign(x: Any) -> Tensor:
    """`x / (1 + |x|)`."""
    x = floating(x)
    return x / (absolute(x) + 1.0)


def squareplus(x: Any, b: float = 4) -> Tensor:
    """`(x + sqrt(x^2 + b)) / 2`."""
    x = floating(x)
    return (x + sqrt(square(x) + float(b))) * 0.5


def sparse_plus(x: Any) -> Tensor:
    """0 up to -1, `x` from 1 on, and `(x + 1)^2 / 4` between."""
    x = floating(x)
    return where(x <= -1, 0.0, where(x < 1, square(x + 1.0) * 0.25, x))


def sparse_sigmoid(x: Any) -> Tensor:
    """0 up to -1, 1 from 1 on, and `(x + 1) / 2` between."""
    return (hard_tanh(x) + 1.0) * 0.5


def tanh_shrink(x: Any) -> Tensor:
    """`x - tanh(x)`."""
    x = floating(x)
    return x - tanh(x)


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x`, and 0 where `|x| <= threshold`."""
    x = floating(x)
    return where(absolute(x) > threshold, x, 0.0)


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """`x` moved towards 0 by `threshold`, and 0 where it is nearer than that."""
    x = floating(x)
    return maximum(x - float(threshold), 0) + minimum(x + float(threshold), 0)


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` where it is above the threshold, `default_value` elsewhere."""
    x = convert(x)
    return where(x > threshold, x, default_value)


def glu(x: Any, axis: int = -1) -> Tensor:
    """The first half of `x` times the sigmoid of the second half, along an axis of even size."""
    x = floating(x)
    if x.shape[one_axis(axis, x.ndim)] % 2:
        raise ShapeError(explain("glu halves an axis of even size.", got=f"shape {x.shape}, axis={axis}"))
    a, b = split(x, 2, axis)
    return a * bind("sigmoid", b)


def softmax(x: Any, axis: Any = -1) -> Tensor:
    """Positive numbers that add up to 1, in proportion to `exp(x)`.

    Args:
        x: Tensor.
        axis: Along which axis, or axes together; `None` for all.
    """
    x = floating(x)
    return bind("softmax", x, axis=_normalised(axis, x))


def log_softmax(x: Any, axis: Any = -1) -> Tensor:
    """The logarithm of `softmax(x)`, exact where that is tiny.

    Args:
        x: Tensor.
        axis: Along which axis, or axes together; `None` for all.
    """
    x = floating(x)
    return bind("log_softmax", x, axis=_normalised(axis, x))


def _normalised(axis: Any, x: Tensor) -> int | tuple[int, ...]:
    found = some_axes(axis, x.ndim)
    if found is not None:
        return found
    return 0 if x.ndim == 1 else tuple(range(x.ndim))
