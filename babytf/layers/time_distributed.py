"""`TimeDistributed`, which applies a layer to each step of a sequence by itself."""

from __future__ import annotations

from typing import Any

from babytf import ops
from babytf.errors import ShapeError, explain
from babytf.layers.symbolic import KerasTensor
from babytf.layers.wrapper import Wrapper


class TimeDistributed(Wrapper):
    r"""Applies a layer to each step of a sequence, with the same weights.

    $$ y_t = \mathrm{layer}(x_t), \qquad t = 1, …, T $$

    Args:
        layer: The layer.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        `(B, T, ...)`; a mask begins with `(B, T)`.

    Output shape:
        `(B, T, ...)`: that of the layer for a step, with the steps as second axis.

    Raises:
        ValueError: If `layer` is no layer.
        ShapeError: If the input has fewer than three axes, or the mask does not fit it.

    Example:
        >>> from babytf.layers import Dense
        >>> TimeDistributed(Dense(4))(np.ones((2, 5, 3))).shape
        (2, 5, 4)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def _step_shape(self, input_shape: Any) -> tuple[Any, ...]:
        if len(input_shape) < 3:
            raise ShapeError(
                explain(
                    f"TimeDistributed '{self.name}' takes sequences.",
                    got=f"input of shape {tuple(input_shape)}",
                    expected="at least three axes: (B, T, ...)",
                    fix="leave TimeDistributed out, or add an axis of steps",
                )
            )
        return (input_shape[0], *input_shape[2:])

    def build(self, input_shape: Any = None) -> None:
        super().build(self._step_shape(input_shape))

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = self.layer.compute_output_shape(self._step_shape(input_shape))
        return (shape[0], input_shape[1], *shape[1:])

    def compute_output_spec(self, inputs: Any, **kwargs: Any) -> Any:
        """Shape and dtype of the output, as a KerasTensor."""
        return KerasTensor(self.compute_output_shape(inputs.shape), self.compute_dtype)

    def call(self, inputs: Any, training: Any = None, mask: Any = None) -> Any:
        if mask is not None and tuple(mask.shape[:2]) != tuple(inputs.shape[:2]):
            raise ShapeError(
                explain(
                    f"TimeDistributed '{self.name}': the mask does not fit the input.",
                    got=f"a mask of shape {tuple(mask.shape)} for input of shape {tuple(inputs.shape)}",
                    expected=f"a mask whose shape begins with {tuple(inputs.shape[:2])}",
                )
            )
        signature = self.layer.__dict__["_signature"]
        outputs = []
        for t in range(inputs.shape[1]):
            keywords: dict[str, Any] = {}
            if signature.takes_mask and mask is not None:
                keywords["mask"] = mask[:, t]
            if signature.takes_training:
                keywords["training"] = training
            outputs.append(self.layer(inputs[:, t], **keywords))
        return ops.stack(outputs, axis=1)
