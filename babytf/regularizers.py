r"""Regularizers: a penalty on a tensor, added to the loss.

A regularizer is any callable that takes a tensor and gives a scalar. Read `layers/layer.py` next, which adds
the penalties of a layer's weights to its `losses`.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.serialization import Configurable, builtin, deserialize_keras_object, lookup, serialize_keras_object

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


class Regularizer(Configurable):
    """Base of the regularizers; override `__call__(x)`, which gives a scalar.

    Example:
        >>> class Square(Regularizer):
        ...     def __call__(self, x):
        ...         return ops.sum(ops.square(x))
        >>> float(Square()([1.0, 2.0]))
        5.0
    """

    def __call__(self, x: Any) -> Any:
        """The penalty of `x`; 0 in the base class."""
        return 0.0


def _factor(owner: Regularizer, name: str, value: Any) -> float:
    """A finite number of at least 0."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value) or value < 0:
        raise ValueError(
            explain(
                f"{type(owner).__name__}: bad `{name}`.",
                got=f"{name}={value!r}",
                expected="a finite number of at least 0",
                fix=f"{name}=0.01",
            )
        )
    return float(value)


class L1(Regularizer):
    r"""$\lambda \sum_i |x_i|$: pulls every value towards 0 by the same step, so that many become exactly 0.

    Args:
        l1: $\lambda$, at least 0.

    Raises:
        ValueError: If `l1` is negative or not finite.

    Example:
        >>> float(L1(0.5)([1.0, -2.0]))
        1.5
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = _factor(self, "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Any) -> Tensor:
        """The penalty of `x`, a scalar of its dtype."""
        return self.l1 * ops.sum(ops.abs(x))


class L2(Regularizer):
    r"""$\lambda \sum_i x_i^2$: pulls every value towards 0 in proportion to its size.

    Args:
        l2: $\lambda$, at least 0.

    Raises:
        ValueError: If `l2` is negative or not finite.

    Example:
        >>> float(L2(0.5)([1.0, -2.0]))
        2.5
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = _factor(self, "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """The penalty of `x`, a scalar of its dtype."""
        return self.l2 * ops.sum(ops.square(x))


class L1L2(Regularizer):
    r"""$\lambda_1 \sum_i |x_i| + \lambda_2 \sum_i x_i^2$.

    Args:
        l1: $\lambda_1$, at least 0.
        l2: $\lambda_2$, at least 0.

    Raises:
        ValueError: If a factor is negative or not finite.

    Example:
        >>> float(L1L2(l1=1.0, l2=0.5)([1.0, -2.0]))
        5.5
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1 = _factor(self, "l1", 0.0 if l1 is None else l1)
        self.l2 = _factor(self, "l2", 0.0 if l2 is None else l2)

    def __call__(self, x: Any) -> Tensor:
        """The penalty of `x`, a scalar of its dtype."""
        x = convert(x)
        penalty = ops.zeros((), dtype=str(x.dtype))
        if self.l1:
            penalty = penalty + self.l1 * ops.sum(ops.abs(x))
        if self.l2:
            penalty = penalty + self.l2 * ops.sum(ops.square(x))
        return penalty


class OrthogonalRegularizer(Regularizer):
    r"""Pulls the rows of a matrix, or its columns, towards right angles to each other.

    $$ \lambda \cdot \frac{2}{n (n - 1)} \sum_{i < j} |\hat x_i \cdot \hat x_j|, \qquad
    \hat x_i = \frac{x_i}{\lVert x_i \rVert} $$

    the mean over all pairs of the $n$ rows; a single row has no pair, and no penalty.

    Args:
        factor: $\lambda$, at least 0.
        mode: `"rows"` or `"columns"`.

    Raises:
        ValueError: If `factor` is negative or not finite, or `mode` unknown.
        ShapeError: If it is called with something that is no matrix.

    Example:
        >>> round(float(OrthogonalRegularizer(0.5)([[1.0, 0.0], [3.0, 4.0]])), 4)
        0.3
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = _factor(self, "factor", factor)
        self.mode = check.one_of(self, ("rows", "columns"), mode=mode)

    def __call__(self, inputs: Any) -> Tensor:
        """The penalty of the matrix, a scalar of its dtype."""
        x = convert(inputs)
        if x.ndim != 2:
            raise ShapeError(
                explain(
                    "OrthogonalRegularizer takes matrices.",
                    got=f"shape {x.shape}",
                    expected="a tensor of two axes",
                    fix="use 'l2' for other weights",
                )
            )
        if self.mode == "columns":
            x = ops.transpose(x)
        n = x.shape[0]
        if n < 2:
            return ops.zeros((), dtype=str(x.dtype))
        x = ops.normalize(x, axis=1)
        angles = ops.matmul(x, ops.transpose(x)) * (1.0 - ops.eye(n, dtype=str(x.dtype)))
        return self.factor * 0.5 * ops.sum(ops.abs(angles)) / (n * (n - 1) / 2)


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

TABLE: dict[str, Any] = {
    "L1": L1,
    "L2": L2,
    "L1L2": L1L2,
    "OrthogonalRegularizer": OrthogonalRegularizer,
    "Regularizer": Regularizer,
    "l1": L1,
    "l2": L2,
    "l1_l2": L1L2,
    "l1l2": L1L2,
    "orthogonal_regularizer": OrthogonalRegularizer,
    "regularizer": Regularizer,
}

builtin("keras.regularizers", *dict.fromkeys(TABLE.values()), **TABLE)


def get(identifier: Any) -> Any:
    """The regularizer that a name, a configuration, a class or a regularizer itself stands for.

    Args:
        identifier: Name as in Keras, dict from `serialize`, class, callable or `None`.

    Returns:
        A regularizer; `None` for `None`.

    Raises:
        ValueError: If the name is unknown.
    """
    return lookup("regularizer", identifier, TABLE, "keras.regularizers")


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer, as a dict; `deserialize` takes it back."""
    return serialize_keras_object(regularizer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The regularizer of a configuration.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes and functions of your own, by name.
    """
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.regularizers")
