"""`RepeatVector`, one vector as a sequence of equal ones."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer


class RepeatVector(Layer):
    """Repeats each sample.

    Args:
        n: How often; at least 1.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, F)`

    Output shape:
        `(B, n, F)`

    Raises:
        TypeError: If `n` is not an integer.
        ValueError: If it is less than 1.

    Example:
        >>> RepeatVector(2)(np.array([[1.0, 2.0]])).numpy().tolist()
        [[[1.0, 2.0], [1.0, 2.0]]]
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(n, int) or isinstance(n, bool):
            raise TypeError(explain(f"RepeatVector '{self.name}': bad `n`.", got=f"n={n!r}", expected="an integer"))
        self.n = check.positive_int(self, n=n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return ops.repeat(ops.expand_dims(inputs, 1), self.n, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.n, input_shape[1])
