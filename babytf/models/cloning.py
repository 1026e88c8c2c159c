"""`clone_model`: a model of the same architecture with layers, and so weights, of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from babytf.engine import tree
from babytf.errors import explain
from babytf.layers import Input, InputLayer
from babytf.layers.symbolic import KerasTensor
from babytf.limits import declaring
from babytf.models.functional import Functional
from babytf.models.model import takes_graph
from babytf.models.sequential import Sequential
from babytf.serialization import deserialize_keras_object, in_memory, serialize_keras_object


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    call_function: Callable[..., Any] | None = None,
    recursive: bool = False,
    **kwargs: Any,
) -> Any:
    """A copy of a model: same layers and connections, fresh weights, compiled in the same way.

    Args:
        model: A `Sequential`, a functional model, or one of your own that has a configuration.
        input_tensors: KerasTensors to build a functional model on, nested as its inputs; one for a `Sequential`. New
            `Input`s by default.
        clone_function: `f(layer)` gives the layer of the copy, for every layer but the inputs; by default
            `type(layer).from_config(layer.get_config())`.
        call_function: `f(layer, *args, **kwargs)` calls a layer of the copy of a functional model; it may put others
            before and after it.
        recursive: Whether models inside of the model are cloned layer by layer, with the same functions.
        **kwargs: `cache`: from the ids of layers to their clones, to be shared between calls.

    Returns:
        The copy.

    Raises:
        ValueError: If an argument does not go with the kind of model.

    Example:
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        >>> clone_model(model).count_params()
        15
    """
    cache = kwargs.pop("cache", None)
    if kwargs:
        raise ValueError(
            explain(
                "clone_model got an unknown argument.",
                got=", ".join(f"{name}={value!r}" for name, value in kwargs.items()),
                expected="input_tensors, clone_function, call_function, recursive, cache",
            )
        )
    cloner = _Cloner(clone_function, call_function, recursive, {} if cache is None else cache)
    with in_memory(), declaring():
        return _clone(model, cloner, input_tensors, clone_function, call_function)


def _clone(model: Any, cloner: _Cloner, input_tensors: Any, clone_function: Any, call_function: Any) -> Any:
    if isinstance(model, Sequential):
        if call_function is not None:
            raise _refused(model, "call_function", "its layers are called in a row, and not one by one by you")
        return cloner.sequential(model, input_tensors)
    if isinstance(model, Functional) and (takes_graph(type(model)) or clone_function or input_tensors is not None):
        return cloner.functional(model, input_tensors)
    for name, value in (
        ("clone_function", clone_function),
        ("input_tensors", input_tensors),
        ("call_function", call_function),
    ):
        if value is not None:
            raise _refused(model, name, "how its layers are connected is written in its call()")
    config = serialize_keras_object(model)
    return deserialize_keras_object(config, custom_objects={type(model).__name__: type(model)})


def _refused(model: Any, argument: str, reason: str) -> ValueError:
    return ValueError(
        explain(
            f"clone_model: `{argument}` does not go with '{model.name}': {reason}.",
            got=f"a {type(model).__name__}",
            expected="a functional model" if argument == "call_function" else "a functional model or a Sequential",
            fix=f"leave `{argument}` out",
        )
    )


class _Cloner:
    """Clones the layers of a model, each once."""

    def __init__(
        self,
        clone_function: Callable[[Any], Any] | None,
        call_function: Callable[..., Any] | None,
        recursive: bool,
        cache: dict[int, Any],
    ) -> None:
        self.clone_function = clone_function or (lambda layer: type(layer).from_config(layer.get_config()))
        self.call_function = call_function
        self.recursive = recursive
        self.cache = cache

    def layer(self, layer: Any) -> Any:
        """The clone of a layer, the same each time."""
        if id(layer) not in self.cache:
            if self.recursive and isinstance(layer, Sequential):
                clone = self.sequential(layer, None)
            elif self.recursive and isinstance(layer, Functional):
                clone = self.functional(layer, None)
            else:
                clone = self.clone_function(layer)
            self.cache[id(layer)] = clone
        return self.cache[id(layer)]

    def sequential(self, model: Sequential, input_tensors: Any) -> Any:
        layers = [self.layer(layer) for layer in model.layers]
        own = model._layers[0] if model._layers and isinstance(model._layers[0], InputLayer) else None
        name, optional = (None, False) if own is None else (own.name, own.optional)
        if input_tensors is not None:
            tensors = tree.flatten(input_tensors)
            if len(tensors) != 1 or not isinstance(tensors[0], KerasTensor):
                raise ValueError(
                    explain(
                        "clone_model: bad `input_tensors`.",
                        got=f"input_tensors={input_tensors!r}",
                        expected="one KerasTensor: a Sequential has one input",
                    )
                )
            layers.insert(0, Input(tensor=tensors[0], name=name, optional=optional))
        elif own is not None:
            layers.insert(0, Input(batch_shape=own.batch_shape, dtype=own.dtype, name=name, optional=optional))
        return _compiled_like(model, Sequential(layers, name=model.name, trainable=model.trainable))

    def functional(self, model: Functional, input_tensors: Any) -> Any:
        if input_tensors is None:
            input_tensors = tree.map_structure(
                lambda x: Input(batch_shape=x.shape, dtype=x.dtype, name=x.name), model.input
            )
        given = tree.flatten(input_tensors)
        fits = len(given) == len(model.inputs) and all(isinstance(x, KerasTensor) for x in given)
        if not fits or isinstance(input_tensors, dict) != isinstance(model.input, dict):
            raise ValueError(
                explain(
                    "clone_model: bad `input_tensors`.",
                    got=f"input_tensors={input_tensors!r}",
                    expected=f"KerasTensors, nested as the inputs of '{model.name}': {model.input!r}",
                )
            )

        def call(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            clone = self.layer(operation)
            if self.call_function is not None:
                return self.call_function(clone, *args, **kwargs)
            return clone(*args, **kwargs)

        outputs = model._graph.run(given, call)
        cls: Any = type(model) if takes_graph(type(model)) else Functional
        return _compiled_like(model, cls(input_tensors, outputs, name=model.name))


def _compiled_like(model: Any, clone: Any) -> Any:
    if model.compiled:
        clone.compile_from_config(model.get_compile_config())
    return clone
