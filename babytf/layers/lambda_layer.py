"""`Lambda`, any function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from babytf.errors import explain
from babytf.layers.layer import Layer
from babytf.layers.symbolic import is_shape, map_shapes
from babytf.serialization import serialize_keras_object


class Lambda(Layer):
    """Wraps a function of tensors as a layer.

    Good for a line of arithmetic without weights. What has weights, or is to be saved, is better written as a
    subclass of `Layer`: a file refers to a function by its name, so a `lambda` cannot be saved.

    Args:
        function: Takes the input; also `mask` and `training`, if it has parameters of these names.
        output_shape: Shape of a sample of the output, or a function from the input's shape to the output's (both with
            the batch). Found by recording the function, if left out.
        mask: The output's mask, or a function `(inputs, mask)` that gives it.
        arguments: Further keyword arguments for the function.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        What the function takes.

    Output shape:
        What the function gives.

    Raises:
        TypeError: If `function` is not callable.

    Example:
        >>> Lambda(lambda x: x**2)(np.array([[3.0]]))
        Tensor([[9.]], shape=(1, 1), dtype=float32)
    """

    def __init__(
        self,
        function: Callable[..., Any],
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(function):
            raise TypeError(
                explain(
                    f"Lambda '{self.name}': bad `function`.",
                    got=f"function={function!r}",
                    expected="a function of a tensor",
                    fix="Lambda(lambda x: x * 2)",
                )
            )
        self.function = function
        self.output_shape = tuple(output_shape) if is_shape(output_shape) else output_shape
        self.mask = mask
        self.arguments = arguments or {}
        self.supports_masking = mask is not None
        parameters = inspect.signature(function).parameters
        self._extra = [name for name in ("mask", "training") if name in parameters]

    _left_out_when_none = ("activity_regularizer", "output_shape", "mask")

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        if isinstance(config["function"], str):  # Keras reads a name as a string here, not as a function
            config["function"] = serialize_keras_object(self.function)
        return config

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        extra = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: extra[name] for name in self._extra})

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        if self.output_shape is None:
            return self._infer_output_spec(*args, **kwargs)
        return super().compute_output_spec(*args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        if self.output_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self.output_shape):
            return self.output_shape(input_shape)
        first = input_shape
        while not is_shape(first):
            first = next(iter(first.values() if isinstance(first, dict) else first))
        return map_shapes(lambda shape: (first[0], *shape), self.output_shape)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.mask(inputs, previous_mask) if callable(self.mask) else self.mask
