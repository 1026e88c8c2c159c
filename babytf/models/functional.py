"""`Functional`: a model made of the KerasTensors between `Input`s and outputs: `Model(inputs, outputs)`.

`graph.py` has the graph and how it is run, `functional_config.py` its form in files.
"""

from __future__ import annotations

import warnings
from typing import Any

from babytf import dtype_policies, ops
from babytf.engine import convert, tree
from babytf.errors import ShapeError, explain
from babytf.layers import InputLayer, InputSpec, Layer
from babytf.layers.symbolic import KerasTensor, attach_mask, is_shape, standardize_shape
from babytf.models.functional_config import describe
from babytf.models.graph import Graph, cut_out, node_of
from babytf.models.model import Model, takes_graph


class Functional(Model, functional=True):
    """A model that is a graph of layers. `Model(inputs, outputs)` makes one.

    Calls of layers, operators and functions of `babytf.ops` on KerasTensors are the edges. A layer that is called
    twice shares its weights. Inputs may be made by layers too: the model then is what lies between them and outputs.

    Args:
        inputs: `Input(…)`, or a list, dict or nest of them. In a dict, keys are to be the names of the inputs.
        outputs: What layers made of them: a KerasTensor, or a list, dict or nest.
        name: Name; `functional`, `functional_1`, … by default.
        **kwargs: `trainable`, and other arguments of `Layer`.

    Input shape:
        That of the inputs, in the same nest; a dict by name is taken for a list too.

    Output shape:
        That of the outputs, in the same nest.

    Raises:
        ValueError: If something is not a KerasTensor, an output does not follow from the inputs, or two layers have
            one name.

    Example:
        >>> image, size = Input((64,), name="image"), Input((2,), name="size")
        >>> hidden = Dense(16, activation="relu")(image)
        >>> model = Model([image, size], Dense(10)(Concatenate()([hidden, size])))
        >>> model({"image": np.zeros((5, 64)), "size": np.zeros((5, 2))}).shape
        (5, 10)
    """

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        trainable = kwargs.pop("trainable", None)
        super().__init__(name=name, trainable=True if trainable is None else trainable, **kwargs)
        for what, nest in (("inputs", inputs), ("outputs", outputs)):
            self._check_nest(what, nest)
        if not all(node_of(x).is_input for x in tree.flatten(inputs)):
            inputs, outputs = cut_out(self.name, inputs, outputs)
        self.__dict__["_graph"] = Graph(self.name, inputs, outputs)
        self.__dict__["_specs"] = self._specs_of_inputs()
        for layer in self._graph.layers:
            self._tracker.add("layers", layer)
        self.__dict__["output_names"] = [node_of(x).operation.name for x in self.outputs]
        self.supports_masking = True
        self.build(None)

    _graph: Graph
    output_names: list[str]

    def _check_nest(self, what: str, nest: Any) -> None:
        leaves = tree.flatten(nest)
        wrong = next((x for x in leaves if not isinstance(x, KerasTensor)), None)
        if wrong is not None or not leaves:
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': `{what}` must be KerasTensors.",
                    got=f"{wrong!r} of type {type(wrong).__name__}" if leaves else f"{what}={nest!r}",
                    expected="Input(…), or what layers made of it",
                    fix="x = Input((784,)); Model(x, Dense(10)(x))",
                )
            )
        for key, x in nest.items() if isinstance(nest, dict) and what == "inputs" else ():
            if isinstance(x, KerasTensor) and x.name != key:
                warnings.warn(
                    f"the input {key!r} of model '{self.name}' is named {x.name!r}. Data is fed by the key; give the "
                    f"tensor the same name: Input(…, name={key!r}).",
                    stacklevel=4,
                )

    def build(self, input_shape: Any = None) -> None:
        """Nothing: the layers were built when they were called."""

    def _lock_state(self) -> None:
        """Nothing: layers beside the graph may still be attached."""

    # --- what it is made of

    @property
    def layers(self) -> list[Layer]:
        """The layers, those farthest from the outputs first, the inputs among them."""
        return self._graph.layers

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError(
            explain("Model.layers cannot be assigned: it lists the layers.", fix="use another name for the attribute")
        )

    @property
    def operations(self) -> list[Any]:
        """The layers, and the operations between them."""
        return self._graph.operations[:]

    @property
    def inputs(self) -> list[KerasTensor]:
        """The inputs, flat."""
        return self._graph.inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The outputs, flat."""
        return self._graph.outputs

    @property
    def input(self) -> Any:
        """The inputs as the model was given them."""
        return self._graph.input_nest

    @property
    def output(self) -> Any:
        """The outputs as the model was given them."""
        return self._graph.output_nest

    @property
    def input_shape(self) -> Any:
        """Shape of the input; a list for several."""
        shapes = [x.shape for x in self.inputs]
        return shapes[0] if len(shapes) == 1 else shapes

    @property
    def output_shape(self) -> Any:
        """Shape of the output; a list for several."""
        shapes = [x.shape for x in self.outputs]
        return shapes[0] if len(shapes) == 1 else shapes

    # --- inputs

    @property
    def input_spec(self) -> Any:
        """What the inputs must be like: one `InputSpec` each; `None` for dicts in dicts. Settable."""
        return self.__dict__.get("_specs")

    @input_spec.setter
    def input_spec(self, value: Any) -> None:
        self.__dict__["_specs"] = value

    def _specs_of_inputs(self) -> list[InputSpec] | None:
        nest = self.input
        if not isinstance(nest, dict):
            return [_spec(x, node_of(x).operation.name) for x in self.inputs]
        if all(isinstance(x, KerasTensor) for x in nest.values()):
            return [_spec(nest[name], name) for name in sorted(nest)]
        return None

    def _positional(self, x: Any, dtype: str) -> Any:
        """Inputs keep their dtype here; each is cast to that of its `Input` in `call`."""
        if isinstance(x, (list, tuple)) and x and all(isinstance(row, (int, float, list)) for row in x):
            x = convert(x)
        return tree.map_structure(
            lambda leaf: leaf if leaf is None or isinstance(leaf, KerasTensor) else convert(leaf), x
        )

    def _flat_inputs(self, inputs: Any) -> list[Any]:
        """The inputs in the order of `self.inputs`, in their dtypes and shapes."""
        return [self._as_input(x, wanted) for x, wanted in zip(self._inputs_in_order(inputs), self.inputs, strict=True)]

    def _inputs_in_order(self, inputs: Any) -> list[Any]:
        nest = self.input
        if isinstance(inputs, dict):
            keys = list(nest) if isinstance(nest, dict) else [node_of(x).operation.name for x in self.inputs]
            flat_names = not isinstance(nest, dict) or all(isinstance(x, KerasTensor) for x in nest.values())
            missing = [key for key in keys if key not in inputs]
            if missing:
                raise self._misfit(f"is missing the input {missing[0]!r}", f"a dict with keys {list(inputs)}", keys)
            if flat_names:
                return [inputs[key] for key in (sorted(keys) if isinstance(nest, dict) else keys)]
            inputs = {key: inputs[key] for key in keys}
        elif isinstance(nest, dict) and list(nest) != sorted(nest):
            raise self._misfit("takes its inputs as a dict", f"a {type(inputs).__name__}", list(nest))
        leaves = tree.flatten(inputs)
        if len(leaves) != len(self.inputs):
            names = [node_of(x).operation.name for x in self.inputs]
            raise self._misfit(f"takes {len(names)} input(s)", f"{len(leaves)} inputs", names)
        return leaves

    def _misfit(self, problem: str, got: str, names: list[str]) -> ShapeError:
        return ShapeError(
            explain(
                f"{type(self).__name__} '{self.name}' {problem}.",
                got=got,
                expected="inputs " + ", ".join(map(repr, names)),
                fix="pass a dict by name, or the inputs in this order",
            )
        )

    def _as_input(self, x: Any, wanted: KerasTensor) -> Any:
        """One input in dtype and shape; a last axis of size 1 may be missing, or be too many."""
        layer = node_of(wanted).operation
        if x is None:
            if isinstance(layer, InputLayer) and not layer.optional:
                raise self._misfit(f"needs the input '{layer.name}'", "None", [layer.name])
            return None
        mask = getattr(x, "_keras_mask", None)
        if not isinstance(x, KerasTensor):
            x = convert(x, wanted.dtype)
        if len(x.shape) == len(wanted.shape) - 1 and wanted.shape[-1] == 1:
            x = ops.expand_dims(x, -1)
        elif len(x.shape) == len(wanted.shape) + 1 and x.shape[-1] == 1:
            x = ops.squeeze(x, -1)
        sizes = zip(wanted.shape[1:], x.shape[1:], strict=False)
        if len(x.shape) != len(wanted.shape) or any(a != b for a, b in sizes if a is not None and b is not None):
            raise ShapeError(
                explain(
                    f"{type(self).__name__} '{self.name}': the input '{layer.name}' has another shape.",
                    got=f"input of shape {tuple(x.shape)}",
                    expected=f"shape {wanted.shape}",
                    fix="reshape the data, or make a new model for it",
                )
            )
        return x if mask is None or getattr(x, "_keras_mask", None) is mask else attach_mask(x, mask)

    # --- call

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        flat = self._flat_inputs(inputs)
        if mask is not None:
            flat = [attach_mask(x, m) for x, m in zip(flat, tree.flatten(mask), strict=False)]

        def run(operation: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            if training is not None and isinstance(operation, Layer):
                kwargs = {**kwargs, "training": training}
            return operation(*args, **kwargs)

        outputs = self._graph.run(flat, run)
        return outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        """`None`: the masks of the outputs are those that the layers gave them."""

    def compute_output_spec(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        flat = self._flat_inputs(inputs)
        if all(x is None or x.shape == own.shape for x, own in zip(flat, self.inputs, strict=True)):
            return tree.map_structure(lambda x: KerasTensor(x.shape, x.dtype), self.output)
        return self._graph.run(flat, lambda operation, args, kwargs: operation.compute_output_spec(*args, **kwargs))

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output, or a nest of shapes.

        Args:
            input_shape: Shape of the input, the batch included; a nest of shapes for several inputs.
        """
        if is_shape(input_shape):
            shapes = [standardize_shape(input_shape)]
        elif isinstance(input_shape, dict):
            shapes = [standardize_shape(input_shape[key]) for key in sorted(input_shape)]
        else:
            shapes = [standardize_shape(shape) for shape in input_shape]
        specs = [KerasTensor(shape, own.dtype) for shape, own in zip(shapes, self.inputs, strict=True)]
        outputs = self.compute_output_spec(tree.unflatten(self.input, specs))
        return tree.map_structure(lambda x: x.shape, outputs)

    def add_loss(self, loss: Any) -> None:
        """Refused, as in Keras: a functional model has no call() of its own to compute a loss in.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            explain(
                f"add_loss on the functional model '{self.name}' is not supported.",
                got=repr(loss),
                expected="a loss that a layer adds",
                fix="call self.add_loss(…) in the call() of a layer of your own, and use that layer",
            )
        )

    # --- configuration

    def get_config(self) -> dict[str, Any]:
        """Name, layers and their calls; for a subclass with a constructor of its own, that one's arguments."""
        if not takes_graph(type(self)):
            identity = {
                "name": self.name,
                "trainable": self.trainable,
                "dtype": dtype_policies.serialize(self._dtype_policy),
            }
            return {**identity, **self._arguments(identity)}
        return {"name": self.name, "trainable": self.trainable, **describe(self._graph)}


def _spec(x: KerasTensor, name: str) -> InputSpec:
    layer = node_of(x).operation
    optional = isinstance(layer, InputLayer) and layer.optional
    shape = (None, *x.shape[1:]) if x.shape else ()
    return InputSpec(shape=shape, allow_last_axis_squeeze=True, name=name, optional=optional)
