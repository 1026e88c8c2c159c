"""`Layer`: from inputs to outputs, and all that happens around `call`.

`state.py` and `building.py` have the parts about weights; `dense.py` is a good layer to read next.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from babytf import dtype_policies, ops, regularizers
from babytf.config import DTypePolicy
from babytf.engine import Tensor, Variable, convert, is_tracing, scope, tree
from babytf.engine.tensor import state
from babytf.errors import explain
from babytf.layers.building import Buildable, first_shape
from babytf.layers.calling import CallSignature, context, data_arguments, is_data, shapes_for, signature_of
from babytf.layers.input_spec import check_inputs
from babytf.layers.symbolic import (
    Called,
    KerasTensor,
    Node,
    attach_mask,
    fresh,
    infer_specs,
    map_shapes,
    standardize_shape,
)
from babytf.naming import checked_name
from babytf.serialization import Configurable


class Layer(Called, Buildable, Configurable):
    """A computation with weights of its own. All layers and models inherit from it.

    A subclass writes `__init__` (its settings), `build(input_shape)` (its weights, made with `add_weight` once
    the input's shape is known) and `call(inputs)` (the computation). Layers that are assigned to attributes,
    also in lists and dicts, belong to the layer. `call` may take `training` and `mask`; they are filled in.

    Args:
        activity_regularizer: Penalty on the output, averaged over the batch and added to `losses`.
        trainable: Whether the weights are to be trained.
        dtype: Dtype of weights and arithmetic, or a `DTypePolicy`; the program's policy by default.
        autocast: Whether floating-point inputs are cast to the layer's dtype.
        name: Name, unique in a model; the class's name in snake case by default, with a number from the second on.
        **kwargs: `input_shape`, `input_dim`, `batch_input_shape`, `batch_size` (the input of a first layer, as older
            programs give it) and `weights` (values for `set_weights` once the layer is built).

    Raises:
        ValueError: If an argument is unknown, `name` holds a `/`, or `trainable` is not a boolean.

    Example:
        >>> class Scale(Layer):
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")
        ...     def call(self, x):
        ...         return x * self.factor
        >>> layer = Scale()
        >>> layer(np.ones((2, 3))).shape, layer.count_params()
        ((2, 3), 3)
    """

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.built = False
        self.name = checked_name(type(self).__name__, name)
        self._dtype_policy = dtype_policies.get(dtype)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self._input_shape_arg = self._legacy_input_shape(kwargs)
        self._initial_weights = kwargs.pop("weights", None)
        if kwargs:
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}' got an unknown argument.",
                    got=", ".join(f"{k}={v!r}" for k, v in kwargs.items()),
                    expected="its own arguments, or name, dtype, trainable, autocast, activity_regularizer",
                )
            )
        if not isinstance(trainable, (bool, np.bool_)):
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': bad `trainable`.",
                    got=f"trainable={trainable!r}",
                    expected="True or False",
                )
            )
        self._trainable = bool(trainable)
        self.autocast = autocast
        self.input_spec: Any = None
        self.supports_masking = type(self).compute_mask is not Layer.compute_mask
        self._path: str | None = None
        self._build_shapes: dict[str, Any] | None = None
        self.__dict__["_losses"] = []
        self.__dict__["_inbound_nodes"] = []
        self.__dict__["_signature"] = signature_of(type(self).call)

    def _legacy_input_shape(self, kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
        """The shape, with the batch, of the input that older programs give to a first layer."""
        dim, shape = kwargs.pop("input_dim", None), kwargs.pop("input_shape", None)
        whole, batch = kwargs.pop("batch_input_shape", None), kwargs.pop("batch_size", None)
        if whole is not None:
            return standardize_shape(whole)
        if dim is not None:
            shape = (dim,)
        if shape is None:
            if batch is None:
                return None
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': `batch_size` needs the shape of a sample.",
                    got=f"batch_size={batch!r}",
                    fix="pass input_shape=(…) too, or begin the model with Input(shape, batch_size=…)",
                )
            )
        return (batch, *standardize_shape(shape))

    # --- what it is

    @property
    def dtype_policy(self) -> DTypePolicy:
        """Which dtypes it computes in and keeps its weights in. Settable."""
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value: Any) -> None:
        self._dtype_policy = dtype_policies.get(value)

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self.variable_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype that inputs are cast to."""
        return self.compute_dtype

    @property
    def quantization_mode(self) -> None:
        """Always `None`: layers are not quantized."""
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"

    # --- call

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The computation. Override it."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} '{self.name}' has no call().", fix="write `def call(self, inputs): …`")
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output, after casting the input, checking it and building the layer if need be.

        Args:
            *args: Tensors, arrays, or nests of them, as `call` takes them.
            **kwargs: The same by keyword; `training` and `mask` also where `call` does not take them.

        Raises:
            ShapeError: If the input does not fit `input_spec`.
            ValueError: If something other than tensors is passed by position.
        """
        self._check_super_called()
        signature = self.__dict__["_signature"]
        dtype = self.input_dtype
        args = tuple(x if type(x) is Tensor and x.dtype == dtype else self._positional(x, dtype) for x in args)
        kwargs = {name: self._cast(x, dtype) for name, x in kwargs.items()}
        training = kwargs.pop("training", None)
        if not signature.takes_mask and kwargs.get("mask", self) is None:
            del kwargs["mask"]
        simple = len(args) == 1 and not kwargs
        arguments = {signature.first: args[0]} if simple else signature.bind(args, kwargs)
        first = args[0] if args else next(iter(arguments.values()), None)
        if self.input_spec is not None:
            check_inputs(self, self.input_spec, first)
        if not self.built:
            self._build_for(arguments, first)

        outer, entry = context.training, context.depth == 0
        if training is None:
            training = outer if outer is not None else signature.training
        if signature.takes_training and training is not None:
            kwargs["training"] = training
        masks = _masks(first)
        if signature.takes_mask or not simple:
            self._fill_masks(signature, masks, arguments, kwargs)
            masks = kwargs["mask"] if kwargs.get("mask") is not None else masks
        symbolic = type(first) is not Tensor and any(isinstance(x, KerasTensor) for x in tree.flatten((args, kwargs)))
        if entry:
            self._clear_losses()
        autocast = state.autocast
        if autocast is not None or dtype != self.variable_dtype:
            state.autocast = self._autocast_dtype()
        context.depth += 1
        context.training = training
        try:
            with scope(self.name, type(self).__name__):
                outputs = self._computed(self.compute_output_spec if symbolic else self.call, args, kwargs, arguments)
                if self.activity_regularizer is not None:
                    self._penalize_activity(outputs)
        finally:
            context.depth -= 1
            context.training = outer
            state.autocast = autocast
        if symbolic:
            outputs = fresh(outputs, args)
            Node(self, args, kwargs, outputs)
        if masks is not None or self.supports_masking:
            self._hand_on_mask(first, outputs, masks)
        return outputs

    def _computed(self, run: Callable[..., Any], args: tuple, kwargs: dict[str, Any], arguments: dict[str, Any]) -> Any:
        """The outputs; the first run of a layer without a build() builds its sublayers."""
        if self.built:
            return run(*args, **kwargs)
        with self._named():
            path = context.path()
            outputs = run(*args, **kwargs)
        self._path = path
        self._finish_build(first_shape(arguments))
        return outputs

    def _autocast_dtype(self) -> np.dtype[Any] | None:
        """What variables are read as in `call`: the dtype of the arithmetic, where that is a float."""
        compute = np.dtype(self.compute_dtype)
        return compute if self.autocast and compute.kind == "f" else None

    def _positional(self, x: Any, dtype: str) -> Any:
        """An argument passed by position, as a tensor or a nest of tensors."""
        if isinstance(x, (list, tuple)) and _is_numeric(x):
            x = convert(x)
        data = self._cast(x, dtype)
        for leaf in tree.flatten(data):
            if leaf is not None and not is_data(leaf):
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}' takes tensors by position.",
                        got=f"{leaf!r} of type {type(leaf).__name__}",
                        expected="arrays, Tensors, or nests of them",
                        fix="pass other things by keyword: layer(x, training=True)",
                    )
                )
        return data

    def _cast(self, x: Any, dtype: str) -> Any:
        """Arrays as Tensors, floating-point ones in the layer's dtype; integers and other things stay as they are."""
        if isinstance(x, (Tensor, KerasTensor)):
            if not self.autocast or x.dtype == dtype or np.dtype(x.dtype).kind != "f":
                return x
            cast, mask = ops.cast(x, dtype), getattr(x, "_keras_mask", None)
            return attach_mask(cast, mask)
        if x is None or isinstance(x, (bool, int, float, str)):
            return x
        if isinstance(x, (tuple, list, dict)):
            return tree.map_structure(lambda leaf: self._cast(leaf, dtype), x)
        return self._cast(convert(x), dtype) if hasattr(x, "__array__") else x

    # --- losses

    def add_loss(self, loss: Any) -> None:
        """Add scalars to the loss that training minimizes. For use inside of `call`.

        Args:
            loss: A Tensor, or a nest of Tensors.

        Raises:
            ValueError: If it is something else.
        """
        for x in tree.flatten(loss):
            if not isinstance(x, (Tensor, Variable)):
                raise ValueError(
                    explain(
                        f"{type(self).__name__} '{self.name}': add_loss takes tensors made in call().",
                        got=repr(x),
                        fix="compute it with babytf.ops from the inputs or weights",
                    )
                )
            self.__dict__["_losses"].append(convert(x))

    @property
    def losses(self) -> list[Tensor]:
        """What `add_loss` and the activity penalties gave in the last call, and the penalties of the weights."""
        called = [loss for layer in self._all_layers() for loss in layer.__dict__["_losses"]]
        if not is_tracing():  # what a recording left behind has no value
            called = [loss for loss in called if not loss.is_traced]
        return called + [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]

    def _clear_losses(self) -> None:
        for layer in self._all_layers():
            layer.__dict__["_losses"].clear()

    def _penalize_activity(self, outputs: Any) -> None:
        for output in tree.flatten(outputs):
            if isinstance(output, Tensor):
                loss = self.activity_regularizer(output)
                self.add_loss(loss / max(output.shape[0], 1) if output.shape else loss)

    # --- masks

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Which steps of the output count, given which of the input did. Override it to change them."""
        return previous_mask

    def _fill_masks(
        self, signature: CallSignature, masks: Any, arguments: dict[str, Any], kwargs: dict[str, Any]
    ) -> None:
        data = data_arguments(arguments)
        if len(data) == 1:
            if signature.takes_mask and kwargs.get("mask") is None:
                kwargs["mask"] = masks
            return
        for name, value in data.items():
            if f"{name}_mask" in signature.names and arguments.get(f"{name}_mask") is None:
                kwargs[f"{name}_mask"] = _masks(value)

    def _hand_on_mask(self, first: Any, outputs: Any, masks: Any) -> None:
        if not self.supports_masking:
            warnings.warn(
                f"{type(self).__name__} '{self.name}' does not support masks: the mask of its input ends here, "
                "and the layers after it do not see it.",
                stacklevel=3,
            )
            return
        tensors = [x for x in tree.flatten(outputs) if is_data(x)]
        if all(getattr(x, "_keras_mask", None) is not None for x in tensors):
            return
        computed = self.compute_mask(first, masks)
        if computed is not None:
            for tensor, mask in zip(tensors, tree.flatten(computed), strict=False):
                if mask is not None and getattr(tensor, "_keras_mask", None) is None:
                    attach_mask(tensor, mask)

    # --- shapes

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shape and dtype of the output, as KerasTensors.

        Args:
            *args: KerasTensors in place of the tensors that `call` takes.
            **kwargs: The same by keyword.
        """
        if type(self).compute_output_shape is Layer.compute_output_shape:
            return self._infer_output_spec(*args, **kwargs)
        arguments = self.__dict__["_signature"].bind(args, kwargs)
        shapes = self.compute_output_shape(**shapes_for(self.compute_output_shape, type(self).__name__, arguments))
        return map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), shapes)

    def _infer_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        return infer_specs(self.call, *args, **kwargs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the output; found by recording `call` on a shape alone, if it is not overridden.

        Args:
            input_shape: Shape of the input, the batch included; a nest of shapes for several inputs.

        Raises:
            ValueError: If the layer has to be built first.
        """
        if not self.built and self._has_own_build:
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}' is not built: call() has no weights to work with.",
                    got=f"compute_output_shape({input_shape!r})",
                    fix="build(input_shape) first, or write a compute_output_shape()",
                )
            )
        specs = self.compute_output_spec(map_shapes(lambda shape: KerasTensor(shape, self.compute_dtype), input_shape))
        return tree.map_structure(lambda spec: spec.shape, specs)

    # --- configuration

    _left_out_when_none: tuple[str, ...] = ("activity_regularizer",)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data; extend it for arguments of your own, or leave it be."""
        self._check_super_called()
        rest = super().get_config()
        for name in ("name", "trainable", "dtype", "autocast"):
            rest.pop(name, None)
        for name in self._left_out_when_none:
            if rest.get(name, self) is None:
                del rest[name]
        return {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": dtype_policies.serialize(self._dtype_policy),
            **rest,
        }

    def quantize(self, mode: str | None = None, type_check: bool = True, config: Any = None) -> None:
        """Refused: NumPy has no fast arithmetic on quantized weights.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} '{self.name}' cannot be quantized.",
                got=f"quantize({mode!r})",
                expected="float16, float32 or float64",
                fix="make the layer with dtype='float16' for smaller weights",
            )
        )


def _masks(first: Any) -> Any:
    """The masks that come with an input; `None` if there is none."""
    if not isinstance(first, (tuple, list, dict)):
        return getattr(first, "_keras_mask", None)
    masks = tree.map_structure(lambda x: getattr(x, "_keras_mask", None), first)
    return masks if any(mask is not None for mask in tree.flatten(masks)) else None


def _is_numeric(nest: Any) -> bool:
    """Whether a list holds numbers, or lists of numbers."""
    return bool(nest) and all(
        _is_numeric(x) if isinstance(x, (list, tuple)) else isinstance(x, (int, float, np.generic)) for x in nest
    )
