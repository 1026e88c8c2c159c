"""`LayerNormalization`, which brings each sample to mean 0 and variance 1. `rms_normalization.py` keeps the mean."""

from __future__ import annotations

import warnings
from typing import Any

from babytf import check, constraints, initializers, ops, regularizers
from babytf.errors import explain
from babytf.layers.layer import Layer


class LayerNormalization(Layer):
    r"""Brings the given axes of each sample to mean 0 and variance 1, then scales and shifts them.

    $$ y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta $$

    Args:
        axis: Axis, or list of axes, over which mean $\mu$ and variance $\sigma^2$ are taken; $\gamma$ and $\beta$
            have their shape.
        epsilon: $\epsilon$, added to the variance.
        center: Whether to learn $\beta$.
        scale: Whether to learn $\gamma$.
        beta_initializer: How $\beta$ starts.
        gamma_initializer: How $\gamma$ starts.
        beta_regularizer: Penalty on $\beta$, added to the loss.
        gamma_regularizer: Penalty on $\gamma$, added to the loss.
        beta_constraint: Function that puts $\beta$ back into range after each training step.
        gamma_constraint: The same for $\gamma$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …; and `rms_scaling`, deprecated in Keras.

    Input shape:
        Any.

    Output shape:
        That of the input.

    Raises:
        TypeError: If `axis` is neither an integer nor a list of integers.
        ShapeError: If the input has no such axis.

    Source:
        Ba, Kiros & Hinton (2016), "Layer normalization", eq. 3.

    Example:
        >>> LayerNormalization()(np.array([[1.0, 3.0]])).numpy().round(2)
        array([[-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        self.rms_scaling = bool(kwargs.pop("rms_scaling", False))
        super().__init__(**kwargs)
        if self.rms_scaling:
            warnings.warn("rms_scaling=True is deprecated: use RMSNormalization.", stacklevel=2)
        self.axis = axis_argument(self, axis)
        self.epsilon = check.non_negative(self, epsilon=epsilon)
        self.center = check.boolean(self, center=center)
        self.scale = check.boolean(self, scale=scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.supports_masking = True
        self.autocast = False

    def build(self, input_shape: Any) -> None:
        self.axis = sorted(self.axis) if isinstance(self.axis, list) else [self.axis]
        shape = sizes_of(self, input_shape, self.axis)
        self.gamma = self.beta = None
        if self.scale or self.rms_scaling:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center and not self.rms_scaling:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )

    def call(self, inputs: Any) -> Any:
        extra = {"rms_scaling": True} if self.rms_scaling else {}
        y = ops.layer_normalization(inputs, self.gamma, self.beta, self.axis, self.epsilon, **extra)
        return ops.cast(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes_of(self, input_shape, self.axis)
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, with `rms_scaling`, which Keras takes by keyword."""
        return {**super().get_config(), "rms_scaling": self.rms_scaling}


def axis_argument(layer: Layer, axis: Any) -> Any:
    """An `axis` given as an integer, or as a list of integers.

    Raises:
        TypeError: If it is something else.
    """
    several = isinstance(axis, (list, tuple))
    if any(isinstance(a, bool) or not hasattr(a, "__index__") for a in (axis if several else [axis])):
        raise TypeError(
            explain(
                f"{type(layer).__name__} '{layer.name}': bad `axis`.",
                got=f"axis={axis!r}",
                expected="an integer, or a list of integers",
            )
        )
    return [int(a) for a in axis] if several else int(axis)


def sizes_of(layer: Layer, input_shape: Any, axis: Any) -> tuple[int, ...]:
    """The sizes of the axes.

    Raises:
        ValueError: If there is no such axis.
    """
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    for a in axes:
        if not -len(input_shape) <= a < len(input_shape):
            raise ValueError(
                explain(
                    f"{type(layer).__name__} '{layer.name}': the input has no axis {a}.",
                    got=f"axis={axis!r}, input of shape {tuple(input_shape)}",
                    fix="count axes from 0, the batch, or from -1 backwards",
                )
            )
    return tuple(input_shape[a] for a in axes)
