r"""Activations: what a layer does to its weighted sum, element by element (or, for softmax, row by row).

Each is a plain function of a tensor, written with `babytf.ops`; any function of one tensor that you write
yourself is an activation too. Names and defaults are Keras's. Read `layers/dense.py` next to see one used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from babytf import ops
from babytf.engine import Tensor
from babytf.errors import unknown_name
from babytf.ops.symbolic import convert
from babytf.serialization import (
    builtin,
    custom_object_scope,
    deserialize_keras_object,
    lookup,
    serialize_argument,
)

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def linear(x: Any) -> Any:
    """The identity, $y = x$: the input itself, untouched."""
    return x


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    r"""Rectified linear unit.

    $$ y = \begin{cases} \min(x, \text{max}) & x > \theta \\ \text{slope}\,(x - \theta) & x \le \theta \end{cases} $$

    With the defaults this is $\max(x, 0)$.

    Args:
        x: Tensor.
        negative_slope: Slope below the threshold.
        max_value: Where to saturate; `None` for no limit.
        threshold: $\theta$, the value at and below which the unit is off.

    Returns:
        A tensor of `x`'s shape and dtype.

    Example:
        >>> relu([-2.0, 3.0]).numpy().tolist()
        [0.0, 3.0]
    """
    x = convert(x)
    if negative_slope and max_value is None and not threshold:
        return ops.leaky_relu(x, negative_slope=negative_slope)
    if threshold:
        y = ops.where(x > threshold, x, ops.zeros_like(x))
    else:
        y = ops.relu(x)
    if max_value is not None:
        y = ops.clip(y, 0.0, max_value)
    if negative_slope:
        y = y - negative_slope * ops.relu(threshold - x if threshold else -x)
    return y


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    r"""$y = x$ for $x > 0$, and $\text{slope} \cdot x$ below."""
    return ops.leaky_relu(x, negative_slope=negative_slope)


def relu6(x: Any) -> Tensor:
    r"""$y = \min(\max(x, 0), 6)$."""
    return ops.relu6(x)


def sigmoid(x: Any) -> Tensor:
    r"""$y = 1 / (1 + e^{-x})$, in (0, 1)."""
    return ops.sigmoid(x)


def tanh(x: Any) -> Tensor:
    r"""$y = \tanh x$, in (-1, 1)."""
    return ops.tanh(x)


def softmax(x: Any, axis: int = -1) -> Tensor:
    r"""Turns scores into probabilities that sum to 1 along `axis`: $y_i = e^{x_i} / \sum_j e^{x_j}$.

    Args:
        x: Tensor of at least one axis.
        axis: The axis of the classes.
    """
    return ops.softmax(x, axis=axis)


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    r"""$y_i = x_i - \ln \sum_j e^{x_j}$ along `axis`."""
    return ops.log_softmax(x, axis=axis)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    r"""$y = x$ for $x > 0$, and $\alpha (e^x - 1)$ below.

    Source:
        Clevert, Unterthiner & Hochreiter (2015), eq. 15.
    """
    return ops.elu(x, alpha=alpha)


def selu(x: Any) -> Tensor:
    r"""$y = \lambda\,\text{elu}_\alpha(x)$ with $\lambda = 1.0507…$, $\alpha = 1.6732…$.

    The constants are such that layers with `lecun_normal` kernels keep their outputs at mean 0 and variance 1.

    Source:
        Klambauer, Unterthiner, Mayr & Hochreiter (2017), eq. 2 and 14.
    """
    return ops.selu(x)


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    r"""$y = x$ for $x > 0$, and $\alpha (e^{x/\alpha} - 1)$ below.

    Source:
        Barron (2017), eq. 2.
    """
    x = convert(x)
    return ops.where(x > 0, x, alpha * ops.expm1(ops.minimum(x, 0.0) / alpha))


def gelu(x: Any, approximate: bool = False) -> Tensor:
    r"""Gaussian error linear unit, $y = x\,\Phi(x)$ with $\Phi$ the normal distribution function.

    Args:
        x: Tensor.
        approximate: Use $\tfrac{x}{2} (1 + \tanh(\sqrt{2/\pi} (x + 0.044715 x^3)))$ instead of the error function.

    Source:
        Hendrycks & Gimpel (2016), section 2.
    """
    return ops.gelu(x, approximate=approximate)


def softplus(x: Any) -> Tensor:
    r"""$y = \ln(1 + e^x)$, a smooth relu."""
    return ops.softplus(x)


def softsign(x: Any) -> Tensor:
    r"""$y = x / (1 + |x|)$, in (-1, 1)."""
    return ops.softsign(x)


def silu(x: Any) -> Tensor:
    r"""$y = x\,\sigma(x)$; also called swish."""
    return ops.silu(x)


def mish(x: Any) -> Tensor:
    r"""$y = x \tanh(\ln(1 + e^x))$.

    Source:
        Misra (2019), eq. 1.
    """
    x = convert(x)
    return x * ops.tanh(ops.softplus(x))


def exponential(x: Any) -> Tensor:
    r"""$y = e^x$."""
    return ops.exp(x)


def log_sigmoid(x: Any) -> Tensor:
    r"""$y = \ln \sigma(x) = -\ln(1 + e^{-x})$."""
    return ops.log_sigmoid(x)


def hard_sigmoid(x: Any) -> Tensor:
    r"""$y = \min(\max(x + 3, 0), 6) / 6$: straight lines in place of the sigmoid."""
    return ops.relu6(convert(x) + 3.0) / 6.0


def hard_silu(x: Any) -> Tensor:
    r"""$y = x \min(\max(x + 3, 0), 6) / 6$; also called hard swish."""
    x = convert(x)
    return x * hard_sigmoid(x)


def hard_tanh(x: Any) -> Tensor:
    r"""$y = \min(\max(x, -1), 1)$."""
    return ops.clip(x, -1.0, 1.0)


def tanh_shrink(x: Any) -> Tensor:
    r"""$y = x - \tanh x$."""
    x = convert(x)
    return x - ops.tanh(x)


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    r"""$y = x$ where $|x| > \text{threshold}$, else 0."""
    x = convert(x)
    return ops.where(ops.abs(x) > threshold, x, ops.zeros_like(x))


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    r"""$y = \text{sign}(x) \max(|x| - \text{threshold}, 0)$."""
    x = convert(x)
    return ops.where(x > threshold, x - threshold, ops.where(x < -threshold, x + threshold, ops.zeros_like(x)))


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """`x` where it is above `threshold`, `default_value` elsewhere."""
    x = convert(x)
    return ops.where(x > threshold, x, ops.full_like(x, default_value))


def squareplus(x: Any, b: float = 4) -> Tensor:
    r"""$y = (x + \sqrt{x^2 + b}) / 2$."""
    x = convert(x)
    return (x + ops.sqrt(ops.square(x) + b)) / 2


def sparse_plus(x: Any) -> Tensor:
    r"""$y = 0$ for $x \le -1$, $(x + 1)^2 / 4$ between, $x$ for $x \ge 1$."""
    x = convert(x)
    return ops.where(x >= 1.0, x, ops.square(ops.clip(x, -1.0, 1.0) + 1.0) / 4.0)


def sparse_sigmoid(x: Any) -> Tensor:
    r"""$y = (\min(\max(x, -1), 1) + 1) / 2$."""
    return (ops.clip(x, -1.0, 1.0) + 1.0) / 2.0


def glu(x: Any, axis: int = -1) -> Tensor:
    r"""Gated linear unit: the first half along `axis` times the sigmoid of the second half.

    Args:
        x: Tensor whose size along `axis` is even.
        axis: The axis to split.
    """
    value, gate = ops.split(convert(x), 2, axis=axis)
    return value * ops.sigmoid(gate)


def sparsemax(x: Any, axis: int = -1) -> Tensor:
    r"""Like softmax, but small entries become exactly 0. Computed as Keras 3 does.

    $$ y_i = \max(x_i - \tau, 0), \qquad \tau = \frac{\sum_{j \le k} s_j - 1}{k}, \qquad s_j = \sum_{i \le j} x_{(i)} $$

    with $x_{(1)} \ge x_{(2)} \ge …$ and $k$ the largest $j$ for which $1 + j x_{(j)} > s_j$. The paper has $s_k$ where
    Keras sums all $s_j$, so the entries sum to 1 only where $k = 1$; a model trained with Keras needs Keras's form.

    Args:
        x: Tensor of at least one axis.
        axis: The axis of the classes.

    Source:
        Martins & Astudillo (2016), algorithm 1; Keras 3.15 for $\tau$.
    """
    x = ops.moveaxis(convert(x), axis, -1)
    ordered = -ops.sort(-x, axis=-1)
    s = ops.cumsum(ordered, axis=-1)
    rank = ops.arange(1, x.shape[-1] + 1, dtype=str(x.dtype))
    kept = ops.cast(ordered - (s - 1.0) / rank > 0, str(x.dtype))
    tau = (ops.sum(kept * s, axis=-1, keepdims=True) - 1.0) / ops.sum(kept, axis=-1, keepdims=True)
    return ops.moveaxis(ops.relu(x - tau), -1, axis)


swish = silu
hard_swish = hard_silu

_FUNCTIONS: tuple[Callable[..., Any], ...] = (
    linear,
    relu,
    leaky_relu,
    relu6,
    sigmoid,
    tanh,
    softmax,
    log_softmax,
    elu,
    selu,
    celu,
    gelu,
    softplus,
    softsign,
    silu,
    mish,
    exponential,
    log_sigmoid,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    tanh_shrink,
    hard_shrink,
    soft_shrink,
    threshold,
    squareplus,
    sparse_plus,
    sparse_sigmoid,
    glu,
    sparsemax,
)
TABLE: dict[str, Callable[..., Any]] = {f.__name__: f for f in _FUNCTIONS} | {"swish": silu, "hard_swish": hard_silu}

builtin("keras.activations", *_FUNCTIONS, **TABLE)


def get(identifier: Any) -> Callable[..., Any]:
    """The activation that a name, a configuration or a callable stands for.

    Args:
        identifier: Name as in Keras, dict from `serialize`, or a callable (a function of one tensor, or a layer).

    Returns:
        A callable; `linear` for `None`.

    Raises:
        ValueError: If the name is unknown.
    """
    found = linear if identifier is None else lookup("activation", identifier, TABLE, "keras.activations")
    if not callable(found):
        raise unknown_name("activation", identifier, TABLE)
    return found


def serialize(activation: Any) -> Any:
    """The name of a function of this module; a dict for one of your own, or for a layer.

    Example:
        >>> serialize(relu)
        'relu'
    """
    return serialize_argument(activation)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The activation of a configuration.

    Args:
        config: What `serialize` gave.
        custom_objects: Functions of your own, by name.
    """
    if isinstance(config, str):
        with custom_object_scope(custom_objects):
            return get(config)
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.activations")
