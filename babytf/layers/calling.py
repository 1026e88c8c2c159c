"""What belongs to a call and not to a layer: how `call` wants its arguments, and whether this thread is training."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any

from babytf.engine import Tensor, tree
from babytf.errors import explain
from babytf.layers.symbolic import KerasTensor, shape_of


class _Context(threading.local):
    """The calls that this thread is in.

    Attributes:
        depth: How many there are.
        training: The `training` of the innermost; `None` if nobody said.
        named: The layers whose names are in front of the names of new variables.
    """

    def __init__(self) -> None:
        self.depth = 0
        self.training: bool | None = None
        self.named: list[Any] = []

    def path(self) -> str:
        """The names in front of the names of new variables."""
        return "/".join(layer.name for layer in self.named)


context = _Context()


class CallSignature:
    """The parameters of a layer's `call`.

    Args:
        call: The function, with `self` as its first parameter.
    """

    def __init__(self, call: Callable[..., Any]) -> None:
        signature = inspect.signature(call)
        parameters = list(signature.parameters.values())[1:]
        self.signature = signature.replace(parameters=parameters)
        self.names = [p.name for p in parameters]
        self.takes_training = "training" in self.names
        self.takes_mask = "mask" in self.names
        default = self.signature.parameters["training"].default if self.takes_training else None
        self.training = None if default is inspect.Parameter.empty else default
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.first = positional[0].name if positional else ""
        self.required = [p.name for p in positional if p.default is p.empty]
        self.takes_any_position = any(p.kind is p.VAR_POSITIONAL for p in parameters)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments by name, with the defaults of those that were left out."""
        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.arguments


@functools.cache
def signature_of(call: Callable[..., Any]) -> CallSignature:
    """The signature of a `call` function, worked out once."""
    return CallSignature(call)


def is_data(x: Any) -> bool:
    """Whether `x` is a Tensor or a KerasTensor."""
    return isinstance(x, (Tensor, KerasTensor))


def data_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    """Those of the arguments that are tensors or nests of tensors.

    Raises:
        ValueError: If a nest holds tensors and other things.
    """
    found = {}
    for name, value in arguments.items():
        if name in ("args", "kwargs"):
            continue
        leaves = [value] if is_data(value) else tree.flatten(value) if isinstance(value, (tuple, list, dict)) else []
        if not any(map(is_data, leaves)):
            continue
        if not all(x is None or is_data(x) for x in leaves):
            raise ValueError(
                explain(
                    f"the argument `{name}` of a layer mixes tensors and other things.",
                    got=repr(value),
                    expected="tensors only, or none",
                    fix="pass the other things as keyword arguments of their own",
                )
            )
        found[name] = value
    return found


def shapes_for(target: Callable[..., Any], owner: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The keyword arguments for `build` or `compute_output_shape`: shapes of what `call` is given.

    A function with one parameter gets the shape of the first tensor; one with several gets, for a parameter
    `x_shape`, the shape of the argument `x`.

    Args:
        target: The bound method.
        owner: Class of the layer, for messages.
        arguments: The arguments of `call` by name.

    Raises:
        ValueError: If a parameter cannot be matched to an argument of `call`.
    """
    shapes = {
        name: tree.map_structure(shape_of, value) for name, value in data_arguments(arguments).items() if name != "mask"
    }
    kinds = inspect.Parameter
    names = [
        p.name
        for p in inspect.signature(target).parameters.values()
        if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD, kinds.KEYWORD_ONLY)
    ]
    if len(names) == 1:
        return {names[0]: next(iter(shapes.values()), None)}
    method = target.__name__
    for name in names:
        if not name.endswith("_shape") or name.removesuffix("_shape") not in arguments:
            raise ValueError(
                explain(
                    f"{owner}.{method}: no argument of call() belongs to `{name}`.",
                    got=f"{method}({', '.join(names)}) with call({', '.join(arguments)})",
                    expected="one parameter `input_shape`, or `x_shape` for each argument `x` of call()",
                )
            )
    return {name: shapes[name.removesuffix("_shape")] for name in names if name.removesuffix("_shape") in shapes}
