"""How a layer gets its weights: `build`, run once with the shape of the first input, and `add_weight`.

`layer.py` comes next, with the call that runs `build`.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from babytf import constraints, initializers, regularizers
from babytf.config import DTypePolicy
from babytf.engine import Variable, blank, dtypes, eager, name_scope, tree
from babytf.errors import explain
from babytf.layers.calling import CallSignature, context, data_arguments, shapes_for
from babytf.layers.input_spec import check_inputs
from babytf.layers.state import LayerState
from babytf.layers.symbolic import KerasTensor, Node, infer_specs, is_shape, map_shapes, shape_of, standardize_shape
from babytf.limits import claim


def _with_account(build: Callable[..., Any]) -> Callable[..., Any]:
    """A class's own `build`, run in the layer's name scope, its shapes kept, the layer marked as built."""

    @functools.wraps(build)
    def build_with_account(self: Buildable, *args: Any, **kwargs: Any) -> None:
        if self.__dict__.get("_building"):  # super().build(…) inside of a build
            build(self, *args, **kwargs)
            return
        self._check_super_called()
        self.__dict__["_building"] = True
        try:
            with eager(), self._named():
                self._path = context.path()
                build(self, *args, **kwargs)
        finally:
            self.__dict__["_building"] = False
        shapes = dict(inspect.signature(build).bind(self, *args, **kwargs).arguments)
        shapes.pop(next(iter(shapes)))
        self._finish_build(shapes)

    return build_with_account


class Buildable(LayerState):
    """Base of `Layer`: an object that makes its weights when it learns the shape of its input."""

    call: Callable[..., Any]
    input_spec: Any
    _dtype_policy: DTypePolicy
    _path: str | None
    _build_shapes: dict[str, Any] | None
    _initial_weights: Any
    _signature: CallSignature
    _inbound_nodes: list[Node]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            setattr(cls, "build", _with_account(vars(cls)["build"]))  # noqa: B010

    def _check_super_called(self) -> None:
        if "_signature" not in self.__dict__:
            raise RuntimeError(
                explain(
                    f"{type(self).__name__}.__init__ did not call super().__init__().",
                    got="a layer without name, dtype and weights",
                    fix="make `super().__init__(**kwargs)` the first line of __init__",
                )
            )

    @property
    def variable_dtype(self) -> str:
        """The dtype of the weights."""
        return self._dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of the arithmetic: floating-point inputs are cast to it."""
        return self._dtype_policy.compute_dtype

    @property
    def path(self) -> str | None:
        """Names of the layers it is in and its own, joined by `/`; `None` until it is built."""
        return self._path

    # --- build

    def build(self, input_shape: Any) -> None:
        """Make the weights. Override it; the layer's first call runs it.

        Args:
            input_shape: Shape of the input, the batch included, `None` where a size is not known.
        """
        self._check_super_called()
        with eager(), self._named():
            self._path = context.path()
            if any(not layer.built for layer in self._layers):
                self._build_by_call(input_shape)
        self._finish_build({"input_shape": input_shape})

    build.by_call = True  # type: ignore[attr-defined]

    @property
    def _has_own_build(self) -> bool:
        return not hasattr(type(self).build, "by_call")

    def _build_by_call(self, input_shape: Any) -> None:
        """Record `call` on a shape alone, so that the sublayers are built."""
        try:
            infer_specs(self.call, map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), input_shape))
        except Exception as error:
            warnings.warn(
                f"{type(self).__name__} '{self.name}' has no build() of its own, and its call() does not run on a "
                f"shape alone ({type(error).__name__}: {error}). Its sublayers are not built: call it on data, or "
                "write a build() that builds them.",
                stacklevel=3,
            )

    def _finish_build(self, shapes: dict[str, Any]) -> None:
        self._build_shapes = shapes
        self._lock_state()
        self.built = True
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self._initial_weights = None

    def _lock_state(self) -> None:
        self._tracker.locked_by = explain(
            f"{type(self).__name__} '{self.name}' is built already: it takes no new weights or sublayers.",
            got="a variable, layer or metric assigned after build()",
            expected="all of them made in __init__() or build()",
            fix="make it there, or keep values in a Variable that exists from the start",
        )

    def _built_from_start(self) -> None:
        """For layers without weights: they need no build."""
        if not self._has_own_build:
            self._lock_state()
            self.built = True

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes it was built with, for files; `None` if it was built without."""
        if self._build_shapes is None:
            return None
        if len(self._build_shapes) == 1:
            return {"input_shape": next(iter(self._build_shapes.values()))}
        return {"shapes_dict": self._build_shapes}

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Build with the shapes that `get_build_config` gave, so that weights can be loaded."""
        if config and "input_shape" in config:
            self.build(_as_shapes(config["input_shape"]))
        elif config and "shapes_dict" in config:
            self.build(**{name: _as_shapes(shape) for name, shape in config["shapes_dict"].items()})

    def add_weight(
        self,
        shape: Any = None,
        initializer: Any = None,
        dtype: Any = None,
        *,
        trainable: bool = True,
        autocast: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        aggregation: str | None = "none",
        overwrite_with_gradient: bool = False,
        name: str | None = None,
    ) -> Variable:
        """Make a variable that belongs to the layer.

        Args:
            shape: Its shape; `()` by default.
            initializer: How it starts; `"glorot_uniform"` for floats and `"zeros"` otherwise.
            dtype: The layer's `variable_dtype` by default.
            trainable: Whether optimizers are to change it.
            autocast: Whether a mixed-precision layer reads it in its compute dtype.
            regularizer: Penalty on it, added to the layer's `losses`.
            constraint: Function that puts it back into range after an optimizer's step.
            aggregation: `"none"`, `"mean"`, `"sum"` or `"only_first_replica"`; there is one replica.
            overwrite_with_gradient: Whether optimizers are to write the gradient in its place.
            name: Its name.

        Raises:
            ValueError: If a size is not known, or the layer is built already.
        """
        self._check_super_called()
        if isinstance(shape, str):
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': add_weight takes the name as a keyword.",
                    got=f"add_weight({shape!r}, …)",
                    fix=f"add_weight(shape=…, name={shape!r})",
                )
            )
        given = standardize_shape(() if shape is None else shape)
        sizes = tuple(size for size in given if size is not None)
        if len(sizes) < len(given):
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': the weight '{name}' needs a size that is not known.",
                    got=f"shape {given}",
                    expected="integers only",
                    fix="give the model's input a definite shape: Input((784,)) and not Input((None,))",
                )
            )
        load = claim(f"{type(self).__name__} '{self.name}'", sizes)
        dtype = self.variable_dtype if dtype is None else dtypes.standardize(dtype).name
        if initializer is None:
            initializer = "glorot_uniform" if "float" in dtype else "zeros"
        start = initializers.get(initializer)
        from_file = load is not None and type(self).load_own_variables.__module__.startswith("babytf.")
        with self._named():
            variable = Variable(
                blank if from_file else start,
                shape=sizes,
                dtype=dtype,
                trainable=trainable,
                autocast=autocast,
                aggregation=aggregation or "none",
                name=name,
            )
        if load is not None and from_file:
            variable.initializer = start
            load.blank.append(variable)
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        self._tracker.add("trainable variables" if trainable else "other variables", variable)
        if not self._trainable:
            variable.trainable = False
        return variable

    @contextmanager
    def _named(self) -> Iterator[None]:
        """In this block, variables have the layer's name in their path (once)."""
        if context.named and context.named[-1] is self:
            yield
            return
        context.named.append(self)
        try:
            with name_scope(self.name):
                yield
        finally:
            context.named.pop()

    def _build_for(self, arguments: dict[str, Any], first: Any) -> None:
        if self._has_own_build:
            if len(arguments) == 1 and self.__dict__["_signature"].names[1:]:
                arguments = self.__dict__["_signature"].bind((first,), {})
            self.build(**shapes_for(self.build, type(self).__name__, arguments))
            if self.input_spec is not None:
                check_inputs(self, self.input_spec, first)
        elif all(layer.built for layer in self._layers):
            with self._named():
                self._path = context.path()
            self._finish_build(first_shape(arguments))


def first_shape(arguments: dict[str, Any]) -> dict[str, Any]:
    """What a layer without a build() of its own was built with."""
    for value in data_arguments(arguments).values():
        return {"input_shape": tree.map_structure(shape_of, value)}
    return {"input_shape": None}


def _as_shapes(shapes: Any) -> Any:
    """Shapes read from a file, where tuples have become lists."""
    return tuple(shapes) if is_shape(shapes) else map_shapes(tuple, shapes)
