r"""Constraints: what a weight is projected onto after each step of the optimizer.

A constraint is any callable that takes the weight and gives the weight to put in its place. Read
`optimizers/base.py` next, whose `apply` calls them.
"""

from __future__ import annotations

from typing import Any

from babytf import config, ops
from babytf.engine import Tensor, convert
from babytf.serialization import Configurable, builtin, deserialize_keras_object, lookup, serialize_keras_object

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


class Constraint(Configurable):
    """Base of the constraints; override `__call__(w)`, which gives the projected weight."""

    def __call__(self, w: Any) -> Any:
        """The weight to put in place of `w`; `w` itself in the base class."""
        return w


def _norms(w: Tensor, axis: Any) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


class MaxNorm(Constraint):
    r"""Limits the norm of each unit's incoming weights: $w \cdot \min(\|w\|, \text{max}) / (\|w\| + \epsilon)$.

    Args:
        max_value: The largest norm.
        axis: Axis or axes over which the norm is taken; 0 for a Dense kernel, `[0, 1, 2]` for a 2-D convolution.

    Example:
        >>> MaxNorm(2.5)([[3.0], [4.0]]).numpy().round(4).tolist()
        [[1.5], [2.0]]
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = max_value
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """The projected weight."""
        w = convert(w)
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (config.epsilon() + norms))


class NonNeg(Constraint):
    r"""No weight below zero: $\max(w, 0)$."""

    def __call__(self, w: Any) -> Tensor:
        """The projected weight."""
        return ops.maximum(w, 0)


class UnitNorm(Constraint):
    r"""Each unit's incoming weights have norm 1: $w / (\|w\| + \epsilon)$.

    Args:
        axis: Axis or axes over which the norm is taken.
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """The projected weight."""
        w = convert(w)
        return w / (config.epsilon() + _norms(w, self.axis))


class MinMaxNorm(Constraint):
    r"""Moves the norm of each unit's incoming weights into an interval.

    $$ w \cdot \frac{r\,\text{clip}(\|w\|, \text{min}, \text{max}) + (1 - r) \|w\|}{\|w\| + \epsilon} $$

    Args:
        min_value: The smallest norm.
        max_value: The largest norm.
        rate: $r$ in (0, 1]: 1 enforces the interval at once, less moves towards it.
        axis: Axis or axes over which the norm is taken.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value = min_value
        self.max_value = max_value
        self.rate = rate
        self.axis = axis

    def __call__(self, w: Any) -> Tensor:
        """The projected weight."""
        w = convert(w)
        norms = _norms(w, self.axis)
        wanted = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (config.epsilon() + norms))


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm

TABLE: dict[str, Any] = {
    "Constraint": Constraint,
    "MaxNorm": MaxNorm,
    "MinMaxNorm": MinMaxNorm,
    "NonNeg": NonNeg,
    "UnitNorm": UnitNorm,
    "constraint": Constraint,
    "max_norm": MaxNorm,
    "min_max_norm": MinMaxNorm,
    "non_neg": NonNeg,
    "unit_norm": UnitNorm,
}

builtin("keras.constraints", *dict.fromkeys(TABLE.values()), **TABLE)


def get(identifier: Any) -> Any:
    """The constraint that a name, a configuration, a class or a constraint itself stands for.

    Args:
        identifier: Name as in Keras, dict from `serialize`, class, callable or `None`.

    Returns:
        A constraint; `None` for `None`.

    Raises:
        ValueError: If the name is unknown.
    """
    return lookup("constraint", identifier, TABLE, "keras.constraints")


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint, as a dict; `deserialize` takes it back."""
    return serialize_keras_object(constraint)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The constraint of a configuration.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes and functions of your own, by name.
    """
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.constraints")
