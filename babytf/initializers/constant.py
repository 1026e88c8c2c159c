"""Values that are not drawn: zeros, ones, a constant, the identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import config, ops
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.initializers.base import Initializer


class Zeros(Initializer):
    """All 0.

    Example:
        >>> Zeros()((2,)).numpy().tolist()
        [0.0, 0.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Zeros of this shape."""
        return ops.zeros(shape, dtype=dtype or config.floatx())


class Ones(Initializer):
    """All 1.

    Example:
        >>> Ones()((2,)).numpy().tolist()
        [1.0, 1.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """Ones of this shape."""
        return ops.ones(shape, dtype=dtype or config.floatx())


class Constant(Initializer):
    """All one value.

    Args:
        value: A number, or an array that broadcasts to the shape asked for.

    Example:
        >>> Constant(0.5)((2,)).numpy().tolist()
        [0.5, 0.5]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The value, broadcast to this shape."""
        value = convert(self.value, dtype or config.floatx())
        shape = tuple(shape)
        try:
            fits = np.broadcast_shapes(value.shape, shape) == shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(
                explain(
                    "Constant: the value does not fit the variable.",
                    got=f"value of shape {value.shape}",
                    expected=f"a number, or an array that broadcasts to {shape}",
                    fix="pass a single number, or an array of the variable's shape",
                )
            )
        return ops.broadcast_to(value, shape)


class Identity(Initializer):
    """A matrix with `gain` on the diagonal, 0 elsewhere.

    Args:
        gain: The value on the diagonal.

    Raises:
        ShapeError: If the shape asked for is not a matrix's.

    Example:
        >>> Identity(2.0)((2, 2)).numpy().tolist()
        [[2.0, 0.0], [0.0, 2.0]]
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The scaled identity of this shape."""
        if len(shape) != 2:
            raise ShapeError(
                explain(
                    "Identity makes matrices.",
                    got=f"shape {tuple(shape)}",
                    expected="a shape of two sizes",
                    fix="'zeros' or 'ones'",
                )
            )
        return self.gain * ops.eye(shape[0], shape[1], dtype=dtype or config.floatx())
