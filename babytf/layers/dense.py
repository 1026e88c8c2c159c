"""`Dense`, the affine map with learned weights. `layer.py` has what all layers share."""

from __future__ import annotations

from typing import Any

from babytf import activations, check, constraints, initializers, regularizers
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer


class Dense(Layer):
    r"""Affine map of the last axis, then an activation.

    $$ y = \phi(x W + b) $$

    Args:
        units: Size of the output's last axis; at least 1.
        activation: Name or callable for $\phi$. `None` means identity.
        use_bias: Whether to learn $b$.
        kernel_initializer: How $W$ starts.
        bias_initializer: How $b$ starts.
        kernel_regularizer: Penalty on $W$, added to the loss.
        bias_regularizer: Penalty on $b$, added to the loss.
        activity_regularizer: Penalty on $y$, averaged over the batch and added to the loss.
        kernel_constraint: Function that puts $W$ back into range after each training step.
        bias_constraint: The same for $b$.
        lora_rank: Must be `None`: low-rank adaptation is not available.
        lora_alpha: Must be `None`, likewise.
        quantization_config: Must be `None`: quantized weights are not available.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, `trainable`, …

    Input shape:
        `(B, ..., F)`

    Output shape:
        `(B, ..., units)`, in the layer's dtype.

    Raises:
        ValueError: If `units` is not a positive integer.
        NotImplementedError: If `lora_rank`, `lora_alpha` or `quantization_config` is given.
        ShapeError: When called on input with another number of features than it was built for.

    Source:
        Default initializer: Glorot & Bengio (2010), eq. 16.

    Example:
        >>> Dense(3)(np.zeros((2, 5), "float32")).shape
        (2, 3)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = check.positive_int(self, units=units)
        self.activation = activations.get(activation)
        self.use_bias = check.boolean(self, use_bias=use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self._refuse("low-rank adaptation", lora_rank=lora_rank, lora_alpha=lora_alpha)
        self._refuse("quantization", quantization_config=quantization_config)
        self.lora_rank = self.lora_alpha = self.quantization_config = None
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    _left_out_when_none = ("activity_regularizer", "lora_rank", "lora_alpha")

    def _refuse(self, what: str, **arguments: Any) -> None:
        for name, value in arguments.items():
            if value is not None:
                raise NotImplementedError(
                    explain(
                        f"Dense '{self.name}': {what} is not available.",
                        got=f"{name}={value!r}",
                        expected=f"{name}=None",
                        fix=f"leave `{name}` out",
                    )
                )

    def build(self, input_shape: Any) -> None:
        features = input_shape[-1]
        self.kernel = self.add_weight(
            name="kernel",
            shape=(features, self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Any) -> Any:
        y = inputs @ self.kernel  # (B, ..., F) -> (B, ..., units)
        if self.bias is not None:
            y = y + self.bias
        return self.activation(y)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], self.units)
