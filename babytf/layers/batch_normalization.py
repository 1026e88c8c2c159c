"""`BatchNormalization`: each channel to mean 0 and variance 1. `layer_normalization.py` does each sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, config, constraints, initializers, ops, regularizers
from babytf.errors import ShapeError, explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer
from babytf.layers.layer_normalization import sizes_of
from babytf.ops.normalization import at_least_single, normalize_batch

_CLIPPING = ("rmax", "rmin", "dmax")


class BatchNormalization(Layer):
    r"""Brings each channel to mean 0 and variance 1, then scales and shifts it.

    $$ y = \gamma \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + \beta $$

    In training, $\mu$ and $\sigma^2$ are those of the batch, and moving averages are kept of them:
    $\hat\mu \leftarrow m \hat\mu + (1 - m) \mu$. Otherwise, and where `trainable` is false, the averages are used.

    Args:
        axis: The axis of the channels.
        momentum: $m$, the share of the average that each step keeps.
        epsilon: $\epsilon$, added to the variance.
        center: Whether to learn $\beta$.
        scale: Whether to learn $\gamma$.
        beta_initializer: How $\beta$ starts.
        gamma_initializer: How $\gamma$ starts.
        moving_mean_initializer: How $\hat\mu$ starts.
        moving_variance_initializer: How $\hat\sigma^2$ starts.
        beta_regularizer: Penalty on $\beta$, added to the loss.
        gamma_regularizer: Penalty on $\gamma$, added to the loss.
        beta_constraint: Function that puts $\beta$ back into range after each training step.
        gamma_constraint: The same for $\gamma$.
        renorm: Whether to correct towards the moving statistics in training ("batch renormalization").
        renorm_clipping: Bounds of the correction: a dict of `rmax`, `rmin` (its factor) and `dmax` (its shift).
        renorm_momentum: The momentum of the statistics that the correction is made with.
        synchronized: Must be false: there is one replica.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        Any. A `mask` of the same shape without the last axis leaves steps out of the statistics.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `synchronized` is true, or `renorm_clipping` holds other keys or bounds that cross.
        ShapeError: If a mask does not fit.

    Source:
        Ioffe & Szegedy (2015), "Batch normalization", algorithms 1 and 2; Ioffe (2017), "Batch renormalization",
        algorithm 1.

    Example:
        >>> BatchNormalization()(np.array([[1.0], [3.0]]), training=True).numpy().round(2)
        array([[-1.],
               [ 1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict[str, float] | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(axis, (list, tuple)) and len(axis) == 1:  # older files
            axis = axis[0]
        self.axis = int(axis)
        self.momentum = check.number(self, momentum=momentum)
        self.epsilon = check.non_negative(self, epsilon=epsilon)
        self.center = check.boolean(self, center=center)
        self.scale = check.boolean(self, scale=scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.renorm = check.boolean(self, renorm=renorm)
        self.renorm_clipping = self._checked_clipping(renorm_clipping) if renorm else renorm_clipping
        self.renorm_momentum = check.number(self, renorm_momentum=renorm_momentum)
        if synchronized:
            raise ValueError(
                explain(
                    f"BatchNormalization '{self.name}': there is one replica, so nothing to synchronize.",
                    got="synchronized=True",
                    fix="leave it out",
                )
            )
        self.synchronized = False
        self.supports_masking = True
        self.gamma: Any = None
        self.beta: Any = None

    def _checked_clipping(self, clipping: Any) -> dict[str, float]:
        clipping = dict(clipping or {})
        low, high, shift = clipping.get("rmin"), clipping.get("rmax"), clipping.get("dmax")
        crossed = low is not None and high is not None and high < low
        if set(clipping) - set(_CLIPPING) or crossed or (shift is not None and shift < 0):
            raise ValueError(
                explain(
                    f"BatchNormalization '{self.name}': bad `renorm_clipping`.",
                    got=f"renorm_clipping={clipping!r}",
                    expected="a dict of rmin, rmax (not below rmin) and dmax (not negative)",
                )
            )
        return clipping

    def build(self, input_shape: Any) -> None:
        shape = sizes_of(self, input_shape, self.axis)
        if self.scale:
            self.gamma = self.add_weight(
                name="gamma",
                shape=shape,
                initializer=self.gamma_initializer,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                autocast=False,
            )
        if self.center:
            self.beta = self.add_weight(
                name="beta",
                shape=shape,
                initializer=self.beta_initializer,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                autocast=False,
            )
        self.moving_mean = self._statistic("moving_mean", shape, self.moving_mean_initializer)
        self.moving_variance = self._statistic("moving_variance", shape, self.moving_variance_initializer)
        if self.renorm:
            self.moving_stddev = self._statistic("moving_stddev", shape, self._root_of_variance)
            self.renorm_mean = self._statistic("renorm_mean", shape, self.moving_mean_initializer)
            self.renorm_stddev = self._statistic("renorm_stddev", shape, self._root_of_variance)
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: shape[0]})

    def _statistic(self, name: str, shape: tuple[int, ...], initializer: Any) -> Any:
        return self.add_weight(name=name, shape=shape, initializer=initializer, trainable=False, autocast=False)

    def _root_of_variance(self, shape: Any, dtype: Any = None) -> Any:
        return ops.sqrt(self.moving_variance_initializer(shape, dtype=dtype))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        x = at_least_single(inputs)
        if mask is not None and tuple(mask.shape) != tuple(x.shape[:-1]):
            raise ShapeError(
                explain(
                    f"BatchNormalization '{self.name}': the mask does not fit the input.",
                    got=f"a mask of shape {tuple(mask.shape)} for input of shape {x.shape}",
                    expected="the input's shape without its last axis",
                )
            )
        if not (training and self.trainable):
            y = self._normalized(x, self.moving_mean, self.moving_variance, self.gamma, self.beta)
            return ops.cast(y, self.compute_dtype)
        if mask is None and not self.renorm:
            y, mean, variance = normalize_batch(x, self.axis, self.beta, self.gamma, self.epsilon)
            self._follow(self.moving_mean, mean, self.momentum)
            self._follow(self.moving_variance, variance, self.momentum)
            return ops.cast(y, self.compute_dtype)
        mean, variance = self._moments(x, mask)
        gamma, beta = self.gamma, self.beta
        if self.renorm:
            gamma, beta = self._corrected(mean, variance)
            self._follow_renorm(mean, variance)
        else:
            self._follow(self.moving_mean, mean, self.momentum)
            self._follow(self.moving_variance, variance, self.momentum)
        return ops.cast(self._normalized(x, mean, variance, gamma, beta), self.compute_dtype)

    def _normalized(self, x: Any, mean: Any, variance: Any, gamma: Any, beta: Any) -> Any:
        return ops.batch_normalization(x, mean, variance, self.axis, beta, gamma, self.epsilon)

    def _follow(self, average: Any, value: Any, momentum: float) -> None:
        """One step of a moving average."""
        average.assign(ops.cast(average, value.dtype) * momentum + value * (1.0 - momentum))

    def _moments(self, x: Any, mask: Any) -> tuple[Any, Any]:
        axes = [i for i in range(x.ndim) if i != self.axis % x.ndim]
        if mask is None:
            return ops.moments(x, axes)
        weight = ops.broadcast_to(ops.expand_dims(ops.cast(ops.cast(mask, "bool"), x.dtype), -1), x.shape)
        counted = weight > 0
        total = ops.sum(weight, axes, keepdims=True) + config.epsilon()
        mean = ops.sum(ops.where(counted, x, 0.0), axes, keepdims=True) / total
        apart = ops.where(counted, x - mean, 0.0)
        variance = ops.sum(ops.square(apart), axes, keepdims=True) / total
        return ops.reshape(mean, (-1,)), ops.reshape(variance, (-1,))

    # --- batch renormalization

    def _corrected(self, mean: Any, variance: Any) -> tuple[Any, Any]:
        """Scale and offset in which the correction towards the moving statistics is contained."""
        stddev = ops.sqrt(variance + self.epsilon)
        root = float(np.sqrt(self.epsilon))
        usual = ops.maximum(ops.cast(self.renorm_stddev, mean.dtype), root)
        r, d = stddev / usual, (mean - self.renorm_mean) / usual
        clipping = self.renorm_clipping or {}
        if clipping.get("rmin") is not None:
            r = ops.maximum(r, clipping["rmin"])
        if clipping.get("rmax") is not None:
            r = ops.minimum(r, clipping["rmax"])
        if clipping.get("dmax") is not None:
            d = ops.clip(d, -clipping["dmax"], clipping["dmax"])
        r, d = ops.stop_gradient(r), ops.stop_gradient(d)
        gamma, beta = (r, d) if self.gamma is None else (r * self.gamma, d * self.gamma)
        return gamma, beta if self.beta is None else beta + self.beta

    def _follow_renorm(self, mean: Any, variance: Any) -> None:
        stddev = ops.sqrt(variance + self.epsilon)
        self._follow(self.renorm_mean, mean, self.renorm_momentum)
        self._follow(self.renorm_stddev, stddev, self.renorm_momentum)
        self._follow(self.moving_mean, mean, self.momentum)
        moved = ops.cast(self.moving_stddev, mean.dtype) * self.momentum + stddev * (1.0 - self.momentum)
        self.moving_stddev.assign(moved)
        self.moving_variance.assign(ops.relu(moved * moved - self.epsilon))

    def compute_output_shape(self, input_shape: Any) -> Any:
        sizes_of(self, input_shape, self.axis)
        return input_shape
