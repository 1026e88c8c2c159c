"""`Embedding`, a learned vector for each of so many integers."""

from __future__ import annotations

import warnings
from typing import Any

from babytf import check, constraints, initializers, ops, regularizers
from babytf.errors import explain
from babytf.layers.layer import Layer


class Embedding(Layer):
    r"""A learned vector for each integer.

    $$ y_{…} = E_{x_{…}} $$

    Args:
        input_dim: How many integers there are: they go from 0 to `input_dim - 1`.
        output_dim: Length of the vectors.
        embeddings_initializer: How $E$ starts.
        embeddings_regularizer: Penalty on $E$, added to the loss.
        embeddings_constraint: Function that puts $E$ back into range after each training step.
        mask_zero: Whether 0 stands for "no data", and layers after this one skip such steps.
        weights: First value of $E$, `(input_dim, output_dim)`, alone or in a list.
        lora_rank: Must be `None`: low-rank adaptation is not available.
        lora_alpha: Must be `None`, likewise.
        quantization_config: Must be `None`: quantized weights are not available.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, ...)`, integers.

    Output shape:
        `(B, ..., output_dim)`, and with `mask_zero` a mask of the shape of the input.

    Raises:
        ValueError: If `input_dim` or `output_dim` is not a positive integer.
        NotImplementedError: If `lora_rank`, `lora_alpha` or `quantization_config` is given.
        IndexError: When called on an integer that is out of range.

    Source:
        Bengio et al. (2003), "A neural probabilistic language model", section 2.

    Example:
        >>> Embedding(10, 4)(np.array([[1, 2, 3]])).shape
        (1, 3, 4)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        lora_rank: int | None = None,
        lora_alpha: float | None = None,
        quantization_config: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("input_length", None) is not None:
            warnings.warn("Embedding: `input_length` does nothing any more; leave it out.", stacklevel=2)
        super().__init__(**kwargs)
        self.input_dim = check.positive_int(self, input_dim=input_dim)
        self.output_dim = check.positive_int(self, output_dim=output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = check.boolean(self, mask_zero=mask_zero)
        self._refuse("low-rank adaptation", lora_rank=lora_rank, lora_alpha=lora_alpha)
        self._refuse("quantization", quantization_config=quantization_config)
        self.lora_rank = self.lora_alpha = self.quantization_config = None
        self.supports_masking = self.mask_zero
        self.autocast = False
        if weights is not None:
            self.build()
            self.set_weights(weights if isinstance(weights, list) and len(weights) == 1 else [weights])

    _left_out_when_none = ("lora_rank", "lora_alpha")

    def _refuse(self, what: str, **arguments: Any) -> None:
        for name, value in arguments.items():
            if value is not None:
                raise NotImplementedError(
                    explain(
                        f"Embedding '{self.name}': {what} is not available.",
                        got=f"{name}={value!r}",
                        expected=f"{name}=None",
                        fix=f"leave `{name}` out",
                    )
                )

    def get_config(self) -> dict[str, Any]:
        """The arguments, without the values of the weights."""
        config = super().get_config()
        config.pop("weights", None)
        return config

    def build(self, input_shape: Any = None) -> None:
        if self.built:
            return
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, inputs: Any) -> Any:
        indices = inputs if inputs.dtype.kind in "iu" else ops.cast(inputs, "int32")
        return ops.cast(ops.take(self.embeddings, indices, axis=0), self.compute_dtype)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """With `mask_zero`, false where the input is 0."""
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape, self.output_dim)
