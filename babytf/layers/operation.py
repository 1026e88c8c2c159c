"""`Operation`: a call of `babytf.ops` as a part of a model's graph.

`x * 2`, `np.mean(x)` and `ops.mean(x)` of a KerasTensor make one. It is a layer's poorer relation: it has a name and
calls, but no weights. Their names in files are in `operation_names.py`; `babytf/models/graph.py` runs a graph.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, ClassVar

from babytf.engine import tree
from babytf.errors import explain
from babytf.layers.operation_names import Row, row_named, row_of
from babytf.layers.symbolic import Called, KerasTensor, Node, fresh, infer_specs
from babytf.naming import checked_name
from babytf.ops import symbolic
from babytf.serialization import serialize_keras_object

_LIKE = ("zeros_like", "ones_like", "full_like", "empty_like")
"""Operations whose result has the shape of their argument, and whose values need no computing to know that."""


class Operation(Called):
    """An operation with its constant arguments; called on KerasTensors, it becomes a part of their graph.

    There is a subclass for each operation, made when it is first needed.

    Args:
        name: Name, unique in a model; that of the class in snake case by default.
        **constants: Arguments of the operation that are not tensors, such as `axis`.

    Raises:
        TypeError: If an argument is unknown.
    """

    row: ClassVar[Row]
    signature: ClassVar[inspect.Signature]
    built = True

    def __init__(self, name: str | None = None, **constants: Any) -> None:
        self.name = checked_name(type(self).__name__, name)
        unknown = sorted(constants.keys() - set(self.row.constants))
        if unknown:
            raise TypeError(
                explain(
                    f"{type(self).__name__} '{self.name}' got an unknown argument.",
                    got=f"{unknown[0]}={constants[unknown[0]]!r}",
                    expected=", ".join(self.row.constants) or "a name only",
                )
            )
        self.constants = constants
        self._inbound_nodes: list[Node] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """The result; of KerasTensors, as KerasTensors."""
        if not any(isinstance(x, KerasTensor) for x in tree.flatten((args, kwargs))):
            return self.call(*args, **kwargs)
        outputs = fresh(self.compute_output_spec(*args, **kwargs), ())
        Node(self, args, kwargs, outputs)
        return outputs

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The result for Tensors."""
        if self.row.class_name == "GetItem" and isinstance(args[-1], list):
            args = (*args[:-1], tuple(args[-1]))  # in files, a key of several parts is a list
        arguments = {**self.constants, **kwargs}
        given = iter(args)
        positional: list[Any] = []
        for parameter in self.signature.parameters.values():
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional = [arguments.pop(name) for name in list(arguments)[: len(positional)]]
                return self.row.function(*positional, *given, **arguments)
            if parameter.kind is parameter.VAR_KEYWORD:
                continue
            if parameter.name in self.row.constants:
                positional.append(parameter.name)
            elif parameter.name not in arguments:
                try:
                    arguments[parameter.name] = next(given)
                except StopIteration:
                    break
        return self.row.function(**arguments)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Shape and dtype of the result, as KerasTensors."""
        if self.row.function.__name__ in _LIKE:
            dtype = self.constants.get("dtype") or args[0].dtype
            return KerasTensor(args[0].shape, dtype)
        return infer_specs(self.call, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """The name and the constants, as plain data."""
        return {"name": self.name, **serialize_keras_object(self.constants)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Operation:
        """The operation that `get_config` described; lists become tuples again."""
        return cls(**{name: _tuples(value) for name, value in config.items()})

    def __reduce__(self) -> tuple[Any, ...]:
        return _blank, (self.row.module, self.row.class_name), self.__dict__

    def __repr__(self) -> str:
        return f"<Operation name={self.name}>"


_classes: dict[Row, type[Operation]] = {}


def operation_class(row: Row) -> type[Operation]:
    """The class of an operation, named as Keras names it."""
    found = _classes.get(row)
    if found is None:
        body = {
            "__module__": row.module,
            "__doc__": inspect.getdoc(row.function),
            "row": row,
            "signature": inspect.signature(row.function),
        }
        found = _classes[row] = type(row.class_name, (Operation,), body)
    return found


def _blank(module: str, class_name: str) -> Operation:
    """An operation for unpickling, before it has its attributes."""
    row = row_named(module, class_name)
    assert row is not None
    return operation_class(row).__new__(operation_class(row))


def operation_from_config(config: dict[str, Any]) -> Operation | None:
    """The operation that an entry of a model's configuration describes; `None` if it describes something else.

    Args:
        config: An object with `module`, `class_name` and `config`.
    """
    module, class_name, inner = (config.get(key) for key in ("module", "class_name", "config"))
    if not isinstance(module, str) or not isinstance(class_name, str):
        return None
    row = row_named(module, class_name)
    if row is None or not isinstance(inner, dict):
        return None
    return operation_class(row).from_config(inner)


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


# --- what ops do with KerasTensors


@symbolic.recorder
def record(function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Make an operation of a call of `babytf.ops` on KerasTensors.

    Args:
        function: The operation.
        args: Its arguments.
        kwargs: The same by keyword.

    Returns:
        The result as KerasTensors.

    Raises:
        TypeError: If it cannot be a part of a model.
    """
    signature = inspect.signature(function)
    question = _QUESTIONS.get(function.__name__)
    arguments = signature.bind(*args, **kwargs)
    arguments.apply_defaults()
    if question is not None:
        return question(next(iter(arguments.arguments.values())))
    row = row_of(function)
    if row is None:
        raise TypeError(
            explain(
                f"ops.{function.__name__} of a KerasTensor cannot be a part of a model.",
                got="a KerasTensor, which has no values yet",
                expected="an operation that Keras has a class for",
                fix=f"wrap it: Lambda(lambda x: ops.{function.__name__}(x))(x)",
            )
        )
    constants: dict[str, Any] = {}
    positional: list[Any] = []
    optional: dict[str, Any] = {}
    for name, parameter in signature.parameters.items():
        value = arguments.arguments[name]
        if name in row.constants:
            constants[name] = value
        elif parameter.kind is parameter.VAR_POSITIONAL:
            positional += value
        elif parameter.kind is parameter.VAR_KEYWORD:
            optional.update(value)
        elif parameter.default is parameter.empty or row.class_name == "Where":
            positional.append(value)
        else:
            optional[name] = value
    return operation_class(row)(**constants)(*positional, **optional)


def _size(x: KerasTensor) -> int:
    if None in x.shape:
        raise TypeError(explain("the size of this KerasTensor is not known yet.", got=repr(x)))
    return math.prod(size for size in x.shape if size is not None)


_QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "shape": lambda x: x.shape,
    "ndim": lambda x: x.ndim,
    "size": _size,
    "dtype": lambda x: x.dtype,
}
"""What a KerasTensor can answer itself."""
