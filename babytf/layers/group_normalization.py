"""`GroupNormalization`, between `layer_normalization.py` (one group) and normalizing each channel by itself."""

from __future__ import annotations

from typing import Any

from babytf import check, constraints, initializers, ops, regularizers
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.layers.layer_normalization import sizes_of
from babytf.ops.normalization import at_least_single


class GroupNormalization(Layer):
    r"""Brings groups of channels of each sample to mean 0 and variance 1, then scales and shifts each channel.

    $$ y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta $$

    Mean $\mu$ and variance $\sigma^2$ are those of a sample's group, over all axes but the batch.

    Args:
        groups: How many groups the channels make; -1 for as many as there are channels.
        axis: The axis of the channels.
        epsilon: $\epsilon$, added to the variance.
        center: Whether to learn $\beta$.
        scale: Whether to learn $\gamma$.
        beta_initializer: How $\beta$ starts.
        gamma_initializer: How $\gamma$ starts.
        beta_regularizer: Penalty on $\beta$, added to the loss.
        gamma_regularizer: Penalty on $\gamma$, added to the loss.
        beta_constraint: Function that puts $\beta$ back into range after each training step.
        gamma_constraint: The same for $\gamma$.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, ..., C)`, or with the channels on another axis.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `groups` is neither positive nor -1, or does not divide the number of channels.

    Source:
        Wu & He (2018), "Group normalization", eq. 7.

    Example:
        >>> GroupNormalization(groups=2)(np.array([[1.0, 3.0, 2.0, 2.0]])).numpy().round(2)
        array([[-1.,  1.,  0.,  0.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
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
        super().__init__(**kwargs)
        self.groups = -1 if groups == -1 else check.positive_int(self, groups=groups)
        self.axis = int(axis)
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
        (channels,) = sizes_of(self, input_shape, self.axis)
        if channels is None:
            raise ValueError(
                explain(
                    f"GroupNormalization '{self.name}' needs to know the number of channels.",
                    got=f"input of shape {tuple(input_shape)}, axis={self.axis}",
                    fix="give the model's input a definite size there",
                )
            )
        self.groups = channels if self.groups == -1 else self.groups
        if channels % self.groups:
            raise ValueError(
                explain(
                    f"GroupNormalization '{self.name}': the channels do not make equal groups.",
                    got=f"{channels} channels, groups={self.groups}",
                    expected="a number of groups that divides the number of channels",
                )
            )
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=(channels,),
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=(channels,),
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any) -> Any:
        x = at_least_single(inputs)
        place = self.axis % x.ndim
        channels, rest = x.shape[place], [i for i in range(1, x.ndim) if i != place]
        first = ops.transpose(x, (0, place, *rest))  # (B, C, ...): a group lies in one stretch
        rows = ops.reshape(first, (x.shape[0] * self.groups, first.size // max(x.shape[0] * self.groups, 1)))
        y = ops.layer_normalization(rows, epsilon=self.epsilon)
        order = (0, place, *rest)
        y = ops.transpose(ops.reshape(y, first.shape), [order.index(i) for i in range(x.ndim)])
        shape = tuple(channels if i == place else 1 for i in range(x.ndim))
        if self.gamma is not None:
            y = y * ops.reshape(ops.cast(self.gamma, x.dtype), shape)
        if self.beta is not None:
            y = y + ops.reshape(ops.cast(self.beta, x.dtype), shape)
        return ops.cast(y, self.compute_dtype)

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes_of(self, input_shape, self.axis)
        return input_shape
