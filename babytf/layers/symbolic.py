"""`KerasTensor`, a shape and a dtype without values, and `infer_specs`, which runs code on such shapes alone.

A `Node` is one call on KerasTensors; each KerasTensor knows the node it comes from, and so they hang together as the
graph of a functional model (`babytf/models/graph.py`). Operations on KerasTensors are in `operation.py`.

A size that is not known yet is `None`. To see where it goes, the code is recorded twice, with two
different numbers in its place: a size of the result that differs between the two is not known either.
Nothing is computed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from babytf import ops
from babytf.engine import Tensor, dtypes, eager, tree
from babytf.engine.primitive import Spec
from babytf.engine.tensor import state
from babytf.engine.trace import Trace
from babytf.errors import explain
from babytf.naming import auto_name
from babytf.ops.symbolic import Symbolic

# Two numbers in place of an unknown size, times 1, 2, 3, … by axis. They have many divisors, so that the axes can be
# split and reshaped, and are unlike sizes that people choose.
_STAND_INS = (1260, 1680)


class _Inference(threading.local):
    """The number that stands for the size of the batch in the recording that this thread is in."""

    batch: int | None = None


_inference = _Inference()


def shape_of(x: Any) -> Any:
    """The shape of a tensor as a layer's `build` sees it: `None` for a batch whose size is not known."""
    if x is None:
        return None
    shape = tuple(x.shape)
    return (None, *shape[1:]) if shape and shape[0] == _inference.batch else shape


class KerasTensor(Symbolic):
    """What goes into a layer, or comes out of it, before there is data: a shape and a dtype.

    Operators, `babytf.ops` and NumPy functions take it as they take a Tensor: what they do becomes a part of the
    model that is made of it.

    Args:
        shape: Sizes; `None` where one is not known.
        dtype: Name of the dtype.
        sparse: Must be false: there are no sparse arrays.
        ragged: Must be false: there are no ragged arrays.
        record_history: Whether to note which layer made it.
        name: Name; `keras_tensor`, `keras_tensor_1`, … by default.

    Raises:
        ValueError: If a size is not a non-negative integer or `None`, or a sparse or ragged array is asked for.

    Example:
        >>> KerasTensor((None, 784), name="pixels")
        <KerasTensor shape=(None, 784), dtype=float32, sparse=False, ragged=False, name=pixels>
    """

    def __init__(
        self,
        shape: Sequence[int | None],
        dtype: Any = "float32",
        sparse: bool | None = False,
        ragged: bool | None = False,
        record_history: bool = True,
        name: str | None = None,
    ) -> None:
        refuse_sparse("KerasTensor", sparse=sparse, ragged=ragged)
        self.shape = standardize_shape(shape)
        self.dtype = dtypes.standardize(dtype).name
        self.sparse = False
        self.ragged = False
        self.record_history = record_history
        self.name = name or auto_name("KerasTensor")
        self._keras_history: tuple[Any, int, int] | None = None

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, name={self.name}>"

    def __getstate__(self) -> dict[str, Any]:
        """For copies and pickles: without the way back to the inputs, which may be long; nodes restore it."""
        return {**self.__dict__, "_keras_history": None}

    def _no_value(self) -> str:
        return explain(
            "a KerasTensor has a shape, but no values yet.",
            got=f"{self!r} where an array is needed",
            expected="layers, operators and babytf.ops on it, as Input(…) has no data",
            fix="pass an array, or put the computation into a layer (Lambda, or a class of your own)",
        )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        raise TypeError(self._no_value())

    def __bool__(self) -> bool:
        raise TypeError(explain("a KerasTensor has no values, so no truth value.", got=repr(self)))

    def __int__(self) -> int:
        raise TypeError(self._no_value())

    def __float__(self) -> float:
        raise TypeError(self._no_value())

    def __len__(self) -> int:
        if not self.shape or self.shape[0] is None:
            raise TypeError(explain("the length of this KerasTensor is not known.", got=repr(self)))
        return self.shape[0]

    def __iter__(self) -> Any:
        raise TypeError(explain("a KerasTensor has no values to iterate over.", got=repr(self)))

    def __eq__(self, other: object) -> bool:
        """Whether it is the same one, as in Keras; `ops.equal` compares the values to come."""
        return self is other

    __hash__ = Symbolic.__hash__

    # What Keras has another operation for than NumPy has.

    def __truediv__(self, other: Any) -> Any:
        return ops.true_divide(self, other)

    def __rtruediv__(self, other: Any) -> Any:
        return ops.true_divide(other, self)

    def __and__(self, other: Any) -> Any:
        return ops.logical_and(self, other)

    def __rand__(self, other: Any) -> Any:
        return ops.logical_and(other, self)

    def __or__(self, other: Any) -> Any:
        return ops.logical_or(self, other)

    def __ror__(self, other: Any) -> Any:
        return ops.logical_or(other, self)

    def __xor__(self, other: Any) -> Any:
        return ops.logical_xor(self, other)

    def __rxor__(self, other: Any) -> Any:
        return ops.logical_xor(other, self)

    def __invert__(self) -> Any:
        return ops.logical_not(self)

    def squeeze(self, axis: Any = None) -> Any:
        """Without axes of size 1, like `ops.squeeze`."""
        return ops.squeeze(self, axis)


class Node:
    """One call of a layer or an operation on KerasTensors: what went in, what came out.

    Args:
        operation: What was called.
        call_args: Positional arguments of the call.
        call_kwargs: Keyword arguments of the call.
        outputs: What the call returned: a nest of KerasTensors, which learn where they come from.
    """

    def __init__(self, operation: Any, call_args: Any, call_kwargs: Any, outputs: Any) -> None:
        self.operation = operation
        self.arguments = (call_args, call_kwargs)
        self.input_tensors = [x for x in tree.flatten(list(self.arguments)) if isinstance(x, KerasTensor)]
        self.output_tensors = [x for x in tree.flatten(outputs) if isinstance(x, KerasTensor)]
        self.outputs = outputs
        self.index = len(operation._inbound_nodes)
        operation._inbound_nodes.append(self)
        self._sign_outputs()

    def _sign_outputs(self) -> None:
        for i, tensor in enumerate(self.output_tensors):
            tensor._keras_history = (self.operation, self.index, i)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._sign_outputs()

    @property
    def is_input(self) -> bool:
        """Whether it is the beginning of a graph: an `InputLayer`."""
        return not self.input_tensors

    def __repr__(self) -> str:
        return f"<Node operation={self.operation.name}, id={self.index}>"


class Called:
    """What has been called on KerasTensors: base of layers and operations.

    Attributes:
        _inbound_nodes: The calls, in order.
    """

    name: str
    _inbound_nodes: list[Node]

    @property
    def input(self) -> Any:
        """The KerasTensor, or nest of them, that it was first called on."""
        node = self._first_node("input")
        return node.input_tensors[0] if len(node.input_tensors) == 1 else node.arguments[0][0]

    @property
    def output(self) -> Any:
        """What this call gave."""
        return self._first_node("output").outputs

    def _first_node(self, what: str) -> Node:
        if not self._inbound_nodes:
            raise AttributeError(
                explain(
                    f"{type(self).__name__} '{self.name}' has no {what} yet.",
                    got="a layer that was never called on a KerasTensor",
                    fix="put it into a model that begins with Input(…)",
                )
            )
        return self._inbound_nodes[0]


def fresh(outputs: Any, inputs: Any) -> Any:
    """Outputs of a call with a new KerasTensor for each that is an input too, or comes from elsewhere already."""
    taken = {id(x) for x in tree.flatten(inputs)}

    def one(x: Any) -> Any:
        if not isinstance(x, KerasTensor) or (id(x) not in taken and x._keras_history is None):
            return x
        return attach_mask(KerasTensor(x.shape, x.dtype), getattr(x, "_keras_mask", None))

    return tree.map_structure(one, outputs)


def attach_mask(x: Any, mask: Any) -> Any:
    """Let a tensor carry a mask, if there is one; returns the tensor."""
    if mask is not None:
        x._keras_mask = mask
    return x


def refuse_sparse(owner: str, **flags: Any) -> None:
    """Refuse `sparse=True` and `ragged=True`, which NumPy has no arrays for.

    Raises:
        ValueError: If one of the flags is true.
    """
    for name, value in flags.items():
        if value:
            raise ValueError(
                explain(
                    f"{owner}: `{name}=True` is not supported.",
                    got=f"{name}={value!r}",
                    expected="dense arrays",
                    fix=f"leave `{name}` out" + (", and pad the rows to one length" if name == "ragged" else ""),
                )
            )


def standardize_shape(shape: Any) -> tuple[int | None, ...]:
    """A shape as a tuple of integers and `None`.

    Raises:
        ValueError: If it is not a sequence of non-negative integers and `None`.
    """
    try:
        sizes = tuple(None if s is None else -1 if isinstance(s, bool) else s.__index__() for s in shape)
    except (TypeError, AttributeError):
        sizes = (-1,)
    if any(s is not None and s < 0 for s in sizes):
        raise ValueError(
            explain("this is not a shape.", got=repr(shape), expected="sizes of at least 0, or None: (None, 784)")
        )
    return sizes


def is_shape(thing: Any) -> bool:
    """Whether a thing is one shape: a tuple or list of integers and `None`."""
    return isinstance(thing, (tuple, list)) and all(
        s is None or (isinstance(s, (int, np.integer)) and not isinstance(s, bool)) for s in thing
    )


def map_shapes(function: Callable[[tuple], Any], shapes: Any) -> Any:
    """Apply a function to each shape in a nest of shapes."""
    if is_shape(shapes):
        return function(tuple(shapes))
    if isinstance(shapes, dict):
        return {key: map_shapes(function, value) for key, value in shapes.items()}
    if isinstance(shapes, (tuple, list)):
        return type(shapes)(map_shapes(function, item) for item in shapes)
    return shapes


def infer_specs(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """What a function would return, as KerasTensors.

    Args:
        function: Code made of layers, ops and NumPy functions.
        *args: Nests with KerasTensors in them.
        **kwargs: The same, by keyword.

    Returns:
        The nest that the function returns, with a KerasTensor for each Tensor.
    """
    given = (args, kwargs)
    unknown = any(None in x.shape for x in tree.flatten(given) if isinstance(x, KerasTensor))
    runs = [_run(function, given, base) for base in _STAND_INS[: 1 + unknown]]

    def combine(first: Any, *others: Any) -> Any:
        if not isinstance(first, Tensor):
            return first
        shape = tuple(
            size if all(other.shape[axis] == size for other in others) else None
            for axis, size in enumerate(first.shape)
        )
        return KerasTensor(shape, first.dtype)

    return tree.map_structure(combine, *runs)


def _run(function: Callable[..., Any], given: tuple[Any, Any], base: int) -> Any:
    trace = Trace("shapes")

    def stand_in(x: Any) -> Any:
        if not isinstance(x, KerasTensor):
            return x
        shape = [base * (axis + 1) if size is None else size for axis, size in enumerate(x.shape)]
        return trace.input(Spec(shape, x.dtype), x.name)

    args, kwargs = tree.map_structure(stand_in, given)
    outer, _inference.batch = _inference.batch, base
    try:
        autocast = state.autocast
        with eager():
            state.trace, state.autocast = trace, autocast
            return function(*args, **kwargs)
    finally:
        _inference.batch = outer
