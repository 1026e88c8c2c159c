"""`Variable`, the tensor that can change, and `FlatGroup`, many of them in one contiguous vector.

A variable's array is a window on a `Storage`. Emitted programs write into that memory directly; a
Tensor that was read from a variable keeps the value it had (it gets a copy of its own just before
the memory changes).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from babytf.engine import dtypes, memory
from babytf.engine.operators import NUMPY_FUNCTIONS, Operators
from babytf.engine.tensor import Tensor, bind, convert, eager, state
from babytf.errors import ShapeError, explain

_name_scopes: list[str] = []

layout_version = [0]
"""Counts the times a variable moved to other memory: programs that know its old address look here."""


@contextmanager
def name_scope(name: str) -> Iterator[None]:
    """Variables made in this block have `name/` in front of their path."""
    _name_scopes.append(name)
    try:
        yield
    finally:
        _name_scopes.pop()


def blank(shape: Sequence[int], dtype: Any) -> np.ndarray:
    """The initializer of a variable whose value is to be written later: zeros, which take no memory until then."""
    return memory.zeros(shape, dtypes.standardize(dtype))


class Storage:
    """The memory of one variable, or of all the members of a `FlatGroup`.

    Attributes:
        array: All of it.
        untouched: Whether it is as `blank` made it: nothing has been written yet.
        readers: The Tensors that look at it.
    """

    __slots__ = ("array", "readers", "untouched")

    def __init__(self, array: np.ndarray, untouched: bool = False) -> None:
        self.array = array
        self.untouched = untouched
        self.readers: dict[int, weakref.ref[Tensor]] = {}

    def look(self, tensor: Tensor) -> None:
        """Note that a Tensor's array is a window on this memory."""
        readers, key = self.readers, id(tensor)
        tensor._window = self
        readers[key] = weakref.ref(tensor, lambda _: readers.pop(key, None))

    def detach(self) -> None:
        """Give each Tensor that looks at this memory a copy of its own: the memory is about to change."""
        self.untouched = False
        readers, self.readers = self.readers, {}
        for reader in list(readers.values()):
            tensor = reader()
            if tensor is not None and tensor._array is not None:
                tensor._array = tensor._array.copy()
                tensor._window = None


class Variable(Operators):
    """A tensor that can change: a weight, an optimizer's memory, a metric's count.

    Args:
        initializer: The first value (array, number, Tensor), or a callable `(shape, dtype=...)` that makes it.
        shape: Needed with a callable initializer.
        dtype: Defaults to that of the value, or `floatx()`.
        trainable: Whether optimizers are to change it.
        autocast: Whether mixed-precision layers may read it in their compute dtype.
        aggregation: One of `"none"`, `"mean"`, `"sum"`, `"only_first_replica"`; recorded, as there is one replica.
        synchronization: `"auto"`, `"none"`, `"on_write"` or `"on_read"`; recorded likewise.
        name: Last part of its path.

    Raises:
        ValueError: If an initializer needs a shape and there is none, or an argument is not among its options.
        ShapeError: If the value does not have the shape asked for.

    Example:
        >>> v = Variable([1.0, 2.0], name="w")
        >>> v.assign_add([1.0, 1.0])
        <Variable w, shape=(2,), dtype=float32, value=[2. 3.]>
    """

    def __init__(
        self,
        initializer: Any,
        shape: Sequence[int] | None = None,
        dtype: Any = None,
        trainable: bool = True,
        autocast: bool = True,
        aggregation: str = "none",
        synchronization: str = "auto",
        name: str | None = None,
    ) -> None:
        for argument, value, options in (
            ("aggregation", aggregation, ("none", "mean", "sum", "only_first_replica")),
            ("synchronization", synchronization, ("auto", "none", "on_write", "on_read")),
        ):
            if value not in options:
                raise ValueError(
                    explain(
                        f"Variable {name!r}: bad `{argument}`.",
                        got=f"{argument}={value!r}",
                        expected="one of " + ", ".join(map(repr, options)),
                    )
                )
        self.name = name or "variable"
        if "/" in self.name:
            raise ValueError(
                explain("a Variable's name holds no '/'.", got=f"name={name!r}", fix="use name_scope for the path")
            )
        self.path = "/".join([*_name_scopes, self.name])
        self.trainable = trainable
        self.autocast = autocast
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.initializer = initializer if callable(initializer) else None
        self.regularizer: Any = None
        self.constraint: Any = None
        self.overwrite_with_gradient = False
        self.group: FlatGroup | None = None
        with eager():
            array = self._first_value(initializer, shape, dtype)
        self._storage = Storage(array, untouched=initializer is blank)
        self._array = array
        self._seen: weakref.ref[Tensor] | None = None

    def _first_value(self, initializer: Any, shape: Sequence[int] | None, dtype: Any) -> np.ndarray:
        if callable(initializer):
            if shape is None:
                raise ValueError(
                    explain(
                        f"Variable {self.name!r}: a callable initializer needs a shape.",
                        got=f"initializer={initializer!r}, shape=None",
                        fix="pass shape=(…)",
                    )
                )
            if initializer is blank:
                return memory.zeros(shape, dtypes.standardize(dtype))
            value = convert(initializer(tuple(shape), dtype=dtypes.standardize(dtype).name))
        else:
            value = convert(initializer)
        value = convert(value, dtype)
        if shape is not None and value.shape != tuple(shape):
            raise ShapeError(
                explain(
                    f"Variable {self.name!r}: the value does not have the shape asked for.",
                    got=f"a value of shape {value.shape}",
                    expected=tuple(shape),
                )
            )
        return np.array(value.concrete(), order="C")

    # --- reading

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> str:
        return dtypes.name_of(self._array.dtype)

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def size(self) -> int:
        return self._array.size

    @property
    def value(self) -> Tensor:
        """The value now, as a Tensor that later assignments leave alone; inside of a mixed-precision layer, cast."""
        tensor = self.read()
        wanted = state.autocast
        if wanted is not None and self.autocast and tensor.dtype.kind == "f" and tensor.dtype != wanted:
            return bind("cast", tensor, dtype=wanted.name)
        return tensor

    def read(self) -> Tensor:
        """The value now, in the variable's own dtype."""
        if state.trace is not None:
            tensor = state.trace.read(self)
        else:
            found = self._seen() if self._seen is not None else None
            if found is None or found._window is not self._storage:
                view = self._array.view()
                view.flags.writeable = False
                found = Tensor.wrap(view)
                self._seen = weakref.ref(found)
                self._storage.look(found)
            tensor = found
        for tape in state.tapes:
            tape.see(self, tensor)
        return tensor

    def __tensor__(self) -> Tensor:
        return self.value

    def numpy(self) -> np.ndarray:
        """A copy of the value."""
        return self.read().numpy()

    # --- writing

    def assign(self, value: Any) -> Variable:
        """Replace the value.

        Args:
            value: Array, number or Tensor of the same shape; cast to the variable's dtype.

        Returns:
            The variable.

        Raises:
            ShapeError: If the shape differs.
        """
        tensor = convert(value, self._array.dtype)
        if tensor.shape != self.shape:
            raise ShapeError(
                explain(
                    f"Variable {self.path!r} cannot take a value of another shape.",
                    got=tensor.shape,
                    expected=self.shape,
                    fix="reshape the value, or make a new Variable",
                )
            )
        if state.trace is not None:
            state.trace.write(self, tensor)
        else:
            array = tensor.concrete("Variable.assign outside of the recording")
            if array.base is not None and np.may_share_memory(array, self._array):
                array = array.copy()
            self._storage.detach()
            np.copyto(self._array, array)
        return self

    def overwrite(self, write: Callable[[np.ndarray], object]) -> None:
        """Replace the value, written straight into the variable's memory.

        Args:
            write: Called with the array, to fill it.
        """
        self._storage.detach()
        write(self._array)

    def assign_add(self, value: Any) -> Variable:
        """Add to the value."""
        return self.assign(self.read() + convert(value, self.dtype))

    def assign_sub(self, value: Any) -> Variable:
        """Subtract from the value."""
        return self.assign(self.read() - convert(value, self.dtype))

    def __repr__(self) -> str:
        value = self._array if state.trace is None else "(being recorded)"
        return f"<Variable {self.path}, shape={self.shape}, dtype={self.dtype}, value={value}>"

    # --- like its value everywhere else

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.value.__array__(dtype, copy)

    def __deepcopy__(self, memo: dict[int, Any]) -> Variable:
        twin = Variable.__new__(Variable)
        memo[id(self)] = twin
        twin.__dict__.update(self.__dict__)
        twin._array = self._array.copy()
        twin._storage = Storage(twin._array)
        twin._seen = None
        twin.group = None
        return twin

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        kept = {k: v for k, v in self.__dict__.items() if k not in ("_storage", "_seen", "group", "_array")}
        return _rebuild, (self._array.copy(), kept)

    def item(self) -> Any:
        return self.value.item()

    def __len__(self) -> int:
        return len(self.value)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __int__(self) -> int:
        return int(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def __index__(self) -> int:
        return self.value.__index__()

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)


def variable_label(variable: Variable) -> str:
    """A name for a variable in a program: the last two parts of its path."""
    text = "_".join(variable.path.split("/")[-2:])
    return "".join(c if c.isalnum() else "_" for c in text)


def _rebuild(array: np.ndarray, kept: dict[str, Any]) -> Variable:
    variable = Variable(array, name=kept["name"])
    variable.__dict__.update(kept)
    return variable


class FlatGroup:
    """Variables of one dtype, laid side by side in one contiguous vector.

    Each variable goes on as before, as a view of its part. An elementwise update of all of them is
    then one operation on `vector`.

    Args:
        variables: At least one; all of one dtype. They keep their values.
        name: The vector's name.

    Attributes:
        vector: A Variable of shape `(P,)`: all the members' elements. Assigning it changes them, and the
            other way round.
        members: The variables.
        spans: `(offset, size)` of each member in the vector.
    """

    def __init__(self, variables: Sequence[Variable], name: str = "flat") -> None:
        self.members = list(variables)
        sizes = [v.size for v in self.members]
        offsets = [sum(sizes[:i]) for i in range(len(sizes))]
        self.spans = list(zip(offsets, sizes, strict=True))
        self.vector = Variable(blank, (sum(sizes),), self.members[0].dtype, trainable=False, name=name)
        self.vector.group = self
        self.adopt()

    def adopt(self) -> None:
        """Move the members into this group's vector, if another group has taken them away."""
        storage = self.vector._storage
        if all(v._storage is storage for v in self.members):
            return
        untouched = storage.untouched and all(v._storage.untouched for v in self.members)
        storage.detach()
        for variable, (offset, size) in zip(self.members, self.spans, strict=True):
            variable._storage.detach()
            part = storage.array[offset : offset + size].reshape(variable.shape)
            if not untouched:
                np.copyto(part, variable._array)
            variable._array = part
            variable._storage = storage
            variable._seen = None
            variable.group = self
        storage.untouched = untouched
        layout_version[0] += 1

    def concat(self, tensors: Sequence[Any]) -> Tensor:
        """Tensors shaped like the members, as one vector of shape `(P,)`."""
        return bind("flat_concat", *[convert(t, self.vector.dtype) for t in tensors])

    def split(self, vector: Tensor) -> list[Tensor]:
        """A vector of shape `(P,)` as tensors shaped like the members."""
        getitem, reshape = NUMPY_FUNCTIONS["getitem"], NUMPY_FUNCTIONS[np.reshape]
        return [
            reshape(getitem(vector, slice(offset, offset + size)), variable.shape)
            for variable, (offset, size) in zip(self.members, self.spans, strict=True)
        ]

    def zeros_like(self, names: Sequence[str], value: float = 0.0) -> FlatGroup:
        """A group of new variables of the same layout: one slot of an optimizer.

        Args:
            names: One name per member.
            value: What every element starts as.
        """
        fresh = [
            Variable(blank if value == 0 else np.full(v.shape, value), v.shape, v.dtype, trainable=False, name=n)
            for v, n in zip(self.members, names, strict=True)
        ]
        return FlatGroup(fresh)
