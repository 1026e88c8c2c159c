"""`PReLU`, a rectified linear unit whose slope is learned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babytf import activations, constraints, initializers, regularizers
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer


class PReLU(Layer):
    r"""Rectified linear unit with a slope to be learned for each element.

    $$ y = \max(x, 0) - \alpha \max(-x, 0) $$

    Args:
        alpha_initializer: How $\alpha$ starts.
        alpha_regularizer: Penalty on $\alpha$.
        alpha_constraint: Constraint on $\alpha$.
        shared_axes: Axes, counted from 1 after the batch, along which all elements share one slope.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, ...)`, all sizes but the batch known where axes are not shared.

    Output shape:
        That of the input.

    Raises:
        ValueError: If there is no such axis.

    Source:
        He et al. (2015), "Delving deep into rectifiers", eq. 1.

    Example:
        >>> PReLU(alpha_initializer="ones")(np.array([[-1.0, 2.0]]))
        Tensor([[-1.  2.]], shape=(1, 2), dtype=float32)
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if axes is None else list(axes)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if not 1 <= axis <= len(shape):
                raise ValueError(
                    explain(
                        f"PReLU '{self.name}': there is no axis {axis} to share a slope along.",
                        got=f"shared_axes={self.shared_axes} for input of shape {tuple(input_shape)}",
                        expected=f"axes from 1 to {len(shape)}",
                    )
                )
            shape[axis - 1] = 1
        self.alpha = self.add_weight(
            name="alpha",
            shape=shape,
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )
        shared = self.shared_axes
        own = {i: size for i, size in enumerate(input_shape) if i and shared and i not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=own)

    def call(self, inputs: Any) -> Any:
        return activations.relu(inputs) - self.alpha * activations.relu(-inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape
