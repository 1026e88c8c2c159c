"""`Lambda`, any function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from babytf.errors import explain
from babytf.layers.layer import Layer
from babytf.layers.symbolic import is_shape, map_shapes
from babytf.serialization import CustomObjectScope, safety, serialize_keras_object


class Lambda(Layer):
    """Wraps a function of tensors as a layer.

    Good for a line of arithmetic without weights. What has weights, or is to be saved, is better written as a
    subclass of `Layer`: a file refers to a function by its name, so a `lambda` cannot be saved, and a `Lambda` of a
    function with a name is loaded only with `safe_mode=False`, if the function is registered or passed.

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

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None, safe_mode: bool | None = None
    ) -> Lambda:
        """Make a layer from what `get_config` returned.

        Args:
            config: The constructor's arguments.
            custom_objects: From names to functions of your own.
            safe_mode: Whether to refuse a function that is described and not there. `None` does within a load, unless
                that was told not to; called by yourself, it takes functions by name.

        Raises:
            ValueError: If the function is refused, or stored as code, for which you did not pass your own.
            TypeError: If there is no function of that name.
        """
        with CustomObjectScope(custom_objects), safety(safe_mode) as safe:
            if safe:
                _refuse_described(config)
            return super().from_config(config)

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


def _refuse_described(config: dict[str, Any]) -> None:
    for argument in ("function", "output_shape", "mask"):
        value = config.get(argument)
        if callable(value) or (argument != "function" and not isinstance(value, dict)):
            continue
        described = value if isinstance(value, dict) else {"config": value}
        name = described.get("config")
        code = described.get("class_name") == "__lambda__" or not isinstance(name, str)
        how = "stored as code, which is never run" if code else f"named {str(name)[:80]!r}"
        raise ValueError(
            explain(
                f"Lambda {config.get('name')!r} holds a function of a file, which is refused in safe mode.",
                got=f"`{argument}` {how}",
                expected="layers that are classes of the library or your own",
                fix="if you know the file: safe_mode=False, and your function registered or in custom_objects"
                + (f", {{{config.get('name')!r}: your_function}}" if code else ""),
            )
        )
