"""`Sequential`, a stack of layers: the output of each is the input of the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from babytf import ops
from babytf.errors import ShapeError, TracingError, explain
from babytf.layers.input_layer import InputLayer
from babytf.layers.input_spec import check_inputs
from babytf.layers.layer import Layer
from babytf.layers.state import changes
from babytf.layers.symbolic import KerasTensor, attach_mask, is_shape, standardize_shape
from babytf.limits import declaring
from babytf.models.model import Model
from babytf.serialization import deserialize_keras_object, serialize_keras_object


class Sequential(Model):
    """A model that is a chain of layers, each with one input and one output.

    With an `Input` first it is built at once. Without, it is built by the first data it sees, or by `build`.

    Args:
        layers: The layers; or add them one by one with `add`.
        trainable: Whether its weights are to be trained.
        name: Name; `sequential`, `sequential_1`, … by default.

    Input shape:
        That of the first layer.

    Output shape:
        That of the last.

    Raises:
        ValueError: If something is not a layer, two layers have one name, or there are two inputs.

    Example:
        >>> model = Sequential([Input((784,)), Dense(64, activation="relu"), Dense(10)])
        >>> model.count_params(), model.output_shape
        (50890, (None, 10))
    """

    def __init__(self, layers: Sequence[Any] | None = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(trainable=trainable, name=name)
        self.__dict__["_stack"] = []
        self._output: KerasTensor | None = None
        if layers:
            for layer in layers:
                self.add(layer, rebuild=False)
            self._rebuild()

    # --- the stack

    @property
    def _layers(self) -> list[Any]:
        return self.__dict__.get("_stack", [])

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input."""
        return self._layers[1:] if self._input_layer is not None else self._layers[:]

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError(
            explain("Sequential.layers cannot be assigned: it lists the layers.", fix="use add() and pop()")
        )

    @property
    def _input_layer(self) -> InputLayer | None:
        return self._layers[0] if self._layers and isinstance(self._layers[0], InputLayer) else None

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Put a layer on top.

        Args:
            layer: A layer, or `Input(…)`.
            rebuild: Whether to build it at once, if the input's shape is known.

        Raises:
            ValueError: If it is not a layer, has the name of another, or is a second input.
        """
        shape = getattr(layer, "_input_shape_arg", None)
        if not self._layers and shape is not None:
            self.add(InputLayer(batch_shape=shape), rebuild=False)
        if isinstance(layer, KerasTensor) and layer._keras_history and isinstance(layer._keras_history[0], InputLayer):
            layer = layer._keras_history[0]
        if not isinstance(layer, Layer):
            raise ValueError(
                explain(
                    f"Sequential '{self.name}' takes layers only.",
                    got=f"{layer!r} of type {type(layer).__name__}",
                    expected="a layer, or Input(…)",
                    fix="make an instance: Dense(10), and not Dense" if isinstance(layer, type) else _fix(layer),
                )
            )
        if any(other.name == layer.name and other is not layer for other in self._layers):
            raise ValueError(
                explain(
                    f"Sequential '{self.name}' has a layer named '{layer.name}' already.",
                    got=repr(layer),
                    expected="a name that is not among " + ", ".join(other.name for other in self._layers),
                    fix="pass another name=…",
                )
            )
        if isinstance(layer, InputLayer) and self._input_layer is not None:
            raise ValueError(
                explain(
                    f"Sequential '{self.name}' has an input already.",
                    got=f"a second input, of shape {layer.batch_shape}",
                    expected=f"only that of shape {self._input_layer.batch_shape}",
                    fix="make a new model for other data",
                )
            )
        self._layers.append(layer)
        self._changed()
        if rebuild:
            self._rebuild()

    def pop(self, rebuild: bool = True) -> Layer:
        """Take the last layer off.

        Args:
            rebuild: Whether to build what is left at once.

        Returns:
            The layer.

        Raises:
            IndexError: If there is none.
        """
        if not self._layers:
            raise IndexError(explain(f"Sequential '{self.name}' has no layers to pop."))
        layer = self._layers.pop()
        self._changed()
        if rebuild and self._layers:
            self._rebuild()
        return layer

    def _changed(self) -> None:
        changes[0] += 1
        self.built = False
        self._output = None

    def _rebuild(self) -> None:
        first = self._layers[0]
        shape = first.batch_shape if isinstance(first, InputLayer) else getattr(first, "input_shape", None)
        if len(self._layers) > 1 and is_shape(shape):
            self.build(shape)

    def _lock_state(self) -> None:
        """Nothing: layers may still be added."""

    # --- build, call

    def build(self, input_shape: Any = None) -> None:
        """Make the weights of all layers.

        Args:
            input_shape: Shape of the input, the batch included, `None` where a size is not known.

        Raises:
            ValueError: If there are no layers, or the shape is not that of the `Input`.
        """
        if not self._layers:
            raise ValueError(
                explain(
                    f"Sequential '{self.name}' has no layers to build.",
                    got="an empty model",
                    fix="add(Dense(10)) first",
                )
            )
        if not is_shape(input_shape):
            return  # several inputs: the first layer is built when it is called
        shape = standardize_shape(input_shape)
        if self._input_layer is None:
            self._layers.insert(0, InputLayer(batch_shape=shape, dtype=self._layers[0].compute_dtype))
        elif not _agree(self._input_layer.batch_shape, shape):
            raise ValueError(
                explain(
                    f"Sequential '{self.name}' is for another input shape.",
                    got=f"build({shape})",
                    expected=f"{self._input_layer.batch_shape}, the shape of its Input",
                    fix="make a new model for other data",
                )
            )
        x = self._layers[0].output
        for layer in self._layers[1:]:
            self._check_one_input(layer)
            try:
                x = layer(x)
            except (NotImplementedError, TracingError):
                return  # a layer that needs to see values: the rest is built by the first data
        self._output = x

    def _check_one_input(self, layer: Layer) -> None:
        signature = layer._signature
        if len(signature.required) > 1 or not (signature.first or signature.takes_any_position):
            raise ValueError(
                explain(
                    f"Sequential '{self.name}': {type(layer).__name__} '{layer.name}' does not take one input.",
                    got=f"call({', '.join(['self', *signature.names])})",
                    expected="a call() with one required argument, the input",
                    fix="subclass Model, and pass the arguments in its call()",
                )
            )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        x = inputs if self._input_layer is None else self._as_input(inputs, self._input_layer)
        for layer in self.layers:
            kwargs = {"mask": mask} if layer._signature.takes_mask and mask is not None else {}
            x = layer(x, **kwargs) if training is None else layer(x, training=training, **kwargs)
            mask = None  # from here on it travels with the tensor
        return x

    def _as_input(self, x: Any, expected: InputLayer) -> Any:
        """The input in the shape and dtype of the `Input`; a last axis of size 1 may be missing, or be too many."""
        shape = getattr(x, "shape", None)
        if shape is None:
            return x
        wanted = expected.batch_shape
        if len(shape) == len(wanted) - 1 and wanted[-1] == 1:
            x = ops.expand_dims(x, -1)
        elif len(shape) == len(wanted) + 1 and shape[-1] == 1:
            x = ops.squeeze(x, -1)
        if not _agree((None, *wanted[1:]), x.shape):
            first = self.layers[0] if self.layers else expected
            if first.input_spec is not None:
                check_inputs(first, first.input_spec, x)
            raise ShapeError(
                explain(
                    f"Sequential '{self.name}' was built for other input; its first layer is "
                    f"{type(first).__name__} '{first.name}'.",
                    got=f"input of shape {tuple(shape)}, {x.dtype}",
                    expected=f"shape {wanted}",
                    fix="reshape the data, or make a new model for it",
                )
            )
        if x.dtype == expected.dtype:
            return x
        return attach_mask(ops.cast(x, expected.dtype), getattr(x, "_keras_mask", None))

    @property
    def input_dtype(self) -> str:
        """The dtype that inputs are cast to: that of the `Input`."""
        return self._input_layer.dtype if self._input_layer is not None else super().input_dtype

    # --- shapes

    def compute_output_spec(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        x = inputs
        for layer in self.layers:
            x = layer.compute_output_spec(x)
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        shape = input_shape
        for layer in self.layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def _known(self, what: str) -> KerasTensor:
        if self._output is None:
            raise AttributeError(
                explain(
                    f"Sequential '{self.name}' has no {what} yet.",
                    got="a model that was not built for a definite shape",
                    fix="begin it with Input(…), call it on data, or build(input_shape)",
                )
            )
        return self._output

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """Shape of the input, the batch included.

        Raises:
            AttributeError: If it is not known yet.
        """
        self._known("input shape")
        return self._layers[0].batch_shape

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """Shape of the output, the batch included.

        Raises:
            AttributeError: If it is not known yet.
        """
        return self._known("output shape").shape

    @property
    def inputs(self) -> list[KerasTensor]:
        """The input, as a list of one KerasTensor.

        Raises:
            AttributeError: If its shape is not known yet.
        """
        self._known("inputs")
        return [self._layers[0].output]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The output, as a list of one KerasTensor.

        Raises:
            AttributeError: If its shape is not known yet.
        """
        return [self._known("outputs")]

    # --- configuration

    def get_config(self) -> dict[str, Any]:
        """Name and layers, the input among them."""
        config = {name: value for name, value in super().get_config().items() if name in ("name", "trainable", "dtype")}
        config["layers"] = [serialize_keras_object(layer) for layer in self._layers]
        if self._output is not None:
            config["build_input_shape"] = self._layers[0].batch_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Sequential:
        """Make the model that `get_config` described.

        Args:
            config: What `get_config` returned.
            custom_objects: From names to classes or functions of your own.

        Raises:
            ValueError: If it does not describe a Sequential.
        """
        if not isinstance(config, dict) or "name" not in config or "layers" not in config:
            raise ValueError(
                explain(
                    "this is not the configuration of a Sequential.",
                    got=f"keys {sorted(config)}" if isinstance(config, dict) else repr(config),
                    expected="a dict with 'name' and 'layers'",
                )
            )
        with declaring():
            model = cls(name=config["name"])
            for layer in config["layers"]:
                model.add(deserialize_keras_object(layer, custom_objects=custom_objects), rebuild=False)
            if model._layers:
                model._rebuild()
            shape = config.get("build_input_shape")
            if model._output is None and is_shape(shape):
                model.build(standardize_shape(shape))
            model._trainable = bool(config.get("trainable", True))
        return model


def _agree(wanted: Sequence[int | None], given: Sequence[int | None]) -> bool:
    """Whether two shapes are the same where both are known."""
    return len(wanted) == len(given) and all(
        a is None or b is None or a == b for a, b in zip(wanted, given, strict=True)
    )


def _fix(thing: Any) -> str:
    return "wrap a function: Lambda(f)" if callable(thing) else "make a layer of it first"
