"""`Model`: a layer made of layers that can be trained, saved and summarized.

The loops and steps of training are in `trainer.py` and `steps.py`; `sequential.py` is the model most people want,
`functional.py` the one for graphs of layers.
"""

from __future__ import annotations

import importlib
import inspect
import types
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from babytf.engine import Compiled, Program, Tensor, tree
from babytf.engine.tensor import state
from babytf.errors import did_you_mean, explain
from babytf.layers.calling import context
from babytf.layers.layer import Layer
from babytf.layers.state import changes
from babytf.limits import declaring
from babytf.models.functional_config import is_functional, restore
from babytf.models.summary import print_summary
from babytf.models.trainer import Trainer
from babytf.serialization import CustomObjectScope, serialize_keras_object

_MOST_PROGRAMS = 32
"""How many shapes `model(x)` keeps a program for; beyond them it computes line by line."""


class _Shortcut:
    """The programs that stand in for `model(x)`, one per shape, dtype and `training`.

    Attributes:
        changes: The count of changes to layers when the programs were made.
        allowed: Whether all code below the model is the library's own, and so free of side effects.
    """

    def __init__(self, model: Model) -> None:
        self.changes = changes[0]
        self.allowed = model.built and all(_is_library_code(layer) for layer in model._all_layers())
        self.programs: dict[Any, Program] = {}


class Model(Trainer, Layer):
    """Base of models: subclass it, make layers in `__init__`, use them in `call`.

    `Model(inputs, outputs)` makes the model that leads from `Input`s to what layers made of them: a `Functional`. A
    subclass may do the same in its constructor, with `super().__init__(inputs, outputs)`.

    Args:
        *args: `inputs` and `outputs`, or nothing.
        **kwargs: The same by keyword, and arguments of `Layer`: `name`, `trainable`, `dtype`, …

    Example:
        >>> x = Input((3,))
        >>> Model(x, Dense(1)(x)).output_shape
        (None, 1)

        >>> class Net(Model):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.hidden = Dense(8, activation="relu")
        ...         self.out = Dense(1)
        ...     def call(self, x):
        ...         return self.out(self.hidden(x))
        >>> net = Net()
        >>> net(np.zeros((2, 3), "float32")).shape
        (2, 1)
    """

    _functional: ClassVar[Any] = None
    """The class of models that are graphs of layers."""

    def __init_subclass__(cls, functional: bool = False, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if functional:
            Model._functional = cls

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        """A `Functional` for `Model(inputs, outputs)`."""
        kind = Model._functional if cls is Model and _is_graph(args, kwargs) else cls
        return super().__new__(kind, *args, **kwargs)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if _is_graph(args, kwargs):  # in the constructor of a subclass, which so turns out to be a functional model
            _make_functional(type(self))
            Model._functional.__init__(self, *args, **kwargs)
            return
        if args:
            raise TypeError(
                explain(
                    f"{type(self).__name__} takes `inputs` and `outputs`, or keyword arguments only.",
                    got=", ".join(type(arg).__name__ for arg in args),
                    fix="Model(inputs, outputs), or a subclass with a constructor of its own",
                )
            )
        super().__init__(**kwargs)

    # --- call

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the outputs.

        A model made of the library's own layers runs as a program, one per shape of input. Inside of another
        layer's call, under a GradientTape, or with code of your own in it, it computes line by line.

        Args:
            *args: Tensors, arrays, or nests of them, as `call` takes them.
            **kwargs: The same by keyword; also `training` and `mask`.

        Raises:
            ShapeError: If the input has another shape than the model was built for.
        """
        if state.trace is None and not state.tapes and not context.depth and len(args) == 1:
            shortcut: Any = self.__dict__.get("_shortcut")
            x = args[0]
            try:
                program = shortcut.programs[x.shape, x.dtype, kwargs["training"] if kwargs else None]
                if len(kwargs) <= 1 and shortcut.changes == changes[0]:
                    return program(x)
            except (AttributeError, KeyError, TypeError):
                pass  # no program yet, or several inputs
            program = self._program_for(x, kwargs)
            if program is not None:
                return program(x)
        return super().__call__(*args, **kwargs)

    def _program_for(self, x: Any, kwargs: dict[str, Any]) -> Program | None:
        """The program that computes `model(x)`, if there is to be one."""
        shortcut = self.__dict__.get("_shortcut")
        if shortcut is None or shortcut.changes != changes[0]:
            shortcut = self.__dict__["_shortcut"] = _Shortcut(self)
        training = kwargs.get("training")
        if (
            not shortcut.allowed
            or not set(kwargs) <= {"training"}
            or not (training is None or isinstance(training, bool))
        ):
            return None
        signature = _signature(x)
        if signature is None:
            return None
        key = (*signature, training)
        program = shortcut.programs.get(key)
        if program is not None or len(shortcut.programs) >= _MOST_PROGRAMS:
            return program
        masked: list[bool] = []

        def forward(data: Any) -> Any:
            outputs = Layer.__call__(self, data, training=training)
            masked.extend(hasattr(leaf, "_keras_mask") for leaf in tree.flatten(outputs))
            return outputs

        program = Compiled(forward, "call").program(x)
        if any(masked):  # what a program returns carries no masks
            shortcut.allowed = False
            return None
        shortcut.programs[key] = self._training.programs["call"] = program
        return program

    # --- layers

    @property
    def layers(self) -> list[Layer]:
        """The layers it is made of, in the order in which they were assigned."""
        return list(self._layers)

    @layers.setter
    def layers(self, value: Any) -> None:
        raise AttributeError(
            explain(
                f"{type(self).__name__}.layers cannot be assigned: it lists the layers.",
                fix="use another name for the attribute",
            )
        )

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """One of `layers`, by name or by index.

        Args:
            name: Its name.
            index: Its place.

        Raises:
            ValueError: If there is no such layer, or not exactly one of the two is given.
        """
        if (name is None) == (index is None):
            raise ValueError(
                explain(
                    "get_layer takes a name or an index.",
                    got=f"name={name!r}, index={index!r}",
                    fix="get_layer('dense'), or get_layer(index=0)",
                )
            )
        if index is not None:
            if index >= len(self.layers):
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}' has no layer {index}.",
                        got=f"index={index}",
                        expected=f"an index below {len(self.layers)}",
                    )
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise ValueError(
            explain(
                f"{type(self).__name__} '{self.name}' has no layer {name!r}.",
                got=f"get_layer({name!r})",
                expected="one of " + ", ".join(map(repr, names)) if names else "layers to look among",
                fix=did_you_mean(str(name), names) or "summary() shows the names",
            )
        )

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the layers, their output shapes and their numbers of weights.

        Args:
            line_length: Width of the table; 88, or less on a narrow terminal, by default.
            positions: Where each column ends, as a fraction of the width.
            print_fn: Called with the whole text, in place of printing.
            expand_nested: Whether to list the layers of models inside of the model.
            show_trainable: Whether to add a column that says Y or N.
            layer_range: Names (or patterns) of the first and the last layer to list.

        Raises:
            ValueError: If the table would be too narrow, or `layer_range` names no layers.
        """
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    # --- files

    def save(self, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
        """Write architecture, weights and optimizer to a `.keras` file, or the older `.h5`, which Keras reads too.

        Args:
            filepath: Where to; ends in `.keras` or `.h5`.
            overwrite: Whether to replace a file that is there without asking.
            zipped: Whether to write one file (default) or a directory.
            **kwargs: `include_optimizer`.
        """
        _saving().save_model(self, filepath, overwrite=overwrite, zipped=zipped, **kwargs)

    def save_weights(self, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None) -> None:
        """Write the weights to a `.weights.h5` file, or to several.

        Args:
            filepath: Where to; ends in `.weights.h5`, in `.weights.json` with `max_shard_size`, or in `.h5` for the
                older format.
            overwrite: Whether to replace a file that is there without asking.
            max_shard_size: Largest size of one file in GB; `None` for a single file.
        """
        _saving().save_weights(self, filepath, overwrite=overwrite, max_shard_size=max_shard_size)

    def load_weights(self, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
        """Read the weights from a `.weights.h5`, `.weights.json`, `.keras` or `.h5` file; all of them, or none.

        Args:
            filepath: Where from.
            skip_mismatch: Whether to pass over, with a warning, layers whose weights do not fit.
            **kwargs: `by_name` for `.h5` files, `objects_to_skip` for the others.
        """
        _saving().load_weights(self, filepath, skip_mismatch=skip_mismatch, **kwargs)

    def export(
        self,
        filepath: Any,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Refused: the formats are those of other frameworks.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            explain(
                f"'{self.name}' cannot be exported: export formats belong to TensorFlow, PyTorch, ONNX or OpenVINO.",
                got=f"export({str(filepath)!r}, format={format!r})",
                expected="save(…) or save_weights(…)",
                fix="model.save('model.keras'), and load it with Keras on the framework you need",
            )
        )

    def quantize(self, mode: Any = None, config: Any = None, filters: Any = None, **kwargs: Any) -> None:  # type: ignore[override]
        """Refused: NumPy has no fast arithmetic on quantized weights.

        Raises:
            NotImplementedError: Always.
        """
        super().quantize(mode)

    def to_json(self, **kwargs: Any) -> str:
        """The architecture as a JSON string; `model_from_json` reads it.

        Args:
            **kwargs: Arguments of `json.dumps`.
        """
        import json  # needed here only

        return json.dumps(serialize_keras_object(self), **kwargs)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """Make the model that `get_config` described.

        Args:
            config: What `get_config` returned.
            custom_objects: From names to classes or functions of your own.
        """
        with CustomObjectScope(custom_objects), declaring():
            if not is_functional(config) or not takes_graph(cls):
                return super().from_config(config)
            config = dict(config)
            inputs, outputs = restore(config)
            more = {
                key: value for key, value in config.items() if key not in ("layers", "input_layers", "output_layers")
            }
            return cls(inputs=inputs, outputs=outputs, **more)

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build with the shapes that `get_build_config` gave; warns if that does not make the weights."""
        if not config:
            return
        try:
            super().build_from_config(config)
        except Exception as error:  # the loader says which weights are missing
            warnings.warn(
                f"Model '{self.name}' could not be built from the shapes in its configuration "
                f"({type(error).__name__}: {error}). Write build_from_config(config) to make its weights.",
                stacklevel=2,
            )


def _saving() -> Any:
    """The file formats; the libraries behind them are slow to import, and most programs never need them."""
    return importlib.import_module("babytf.saving")


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that `to_json` described, with fresh weights.

    Args:
        json_string: What `to_json` returned, here or in Keras 2 or 3.
        custom_objects: From names to classes or functions of your own.

    Raises:
        ValueError: If it is no strict JSON, or does not describe a model.
        TypeError: If it names a class or function that is unknown.
    """
    return importlib.import_module("babytf.saving.doors").model_from_json(json_string, custom_objects)


def _is_graph(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether these are the arguments of a functional model."""
    return len(args) == 2 or ("outputs" in kwargs and (len(args) == 1 or "inputs" in kwargs))


def _make_functional(cls: type) -> None:
    """Let a subclass of `Model` inherit from `Functional` in its place."""
    if not issubclass(cls, Model._functional):
        if Model in cls.__bases__:
            cls.__bases__ = tuple(Model._functional if base is Model else base for base in cls.__bases__)
        else:
            for base in cls.__bases__:
                if issubclass(base, Model):
                    _make_functional(base)


def takes_graph(cls: type) -> bool:
    """Whether a class is made of inputs and outputs, or takes any arguments."""
    spec = inspect.getfullargspec(cls.__init__)  # type: ignore[misc]
    return spec.args[1:] == ["inputs", "outputs", "name"] or (spec.varargs is not None and spec.varkw is not None)


def _signature(x: Any) -> tuple[Any, ...] | None:
    """Structure, shapes and dtypes of an input, as the key of a program; `None` if there can be no program for it."""
    if isinstance(x, (np.ndarray, Tensor)):
        return (x.shape, x.dtype) if x.dtype.kind in "fiub" and not hasattr(x, "_keras_mask") else None
    if not isinstance(x, (list, tuple, dict)) or not x:
        return None
    parts = [_signature(leaf) for leaf in tree.flatten(x)]
    if None in parts:
        return None
    return str(tree.map_structure(lambda _: 0, x)), tuple(parts)


def _is_library_code(layer: Layer) -> bool:
    """Whether everything that a call of this layer runs is the library's own."""
    if not type(layer).__module__.startswith("babytf.") or layer.activity_regularizer is not None:
        return False
    held = [value for value in vars(layer).values() if isinstance(value, (types.FunctionType, types.MethodType))]
    return all(value.__module__.startswith("babytf.") for value in held)
