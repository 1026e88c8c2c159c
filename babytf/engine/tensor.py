"""`Tensor`, one array that can be recorded, and `bind`, the one door through which every operation goes.

Outside a recording `bind` just computes. While a trace is on (`trace.py`) it adds a node to a graph
instead, and the tensors it returns have a shape and a dtype but no value yet. Gradient tapes
(`autodiff.py`) listen at the same door. `variable.py` is the tensor that can change.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from babytf.engine import dtypes
from babytf.engine.operators import NUMPY_FUNCTIONS, Operators
from babytf.engine.primitive import PRIMITIVES, Spec
from babytf.errors import DTypeError, TracingError, explain

if TYPE_CHECKING:
    from babytf.engine.autodiff import GradientTape
    from babytf.engine.graph import Value
    from babytf.engine.trace import Trace
    from babytf.engine.variable import Storage


class _State(threading.local):
    """What this thread is recording."""

    def __init__(self) -> None:
        self.trace: Trace | None = None
        self.tapes: tuple[GradientTape, ...] = ()
        self.scopes: tuple[tuple[str, str], ...] = ()
        self.autocast: np.dtype[Any] | None = None  # what variables are read as, in a mixed-precision layer


state = _State()


def is_tracing() -> bool:
    """Whether calls are being recorded into a graph instead of computed."""
    return state.trace is not None


@contextmanager
def eager() -> Iterator[None]:
    """Compute in this block even while a trace is on: for set-up work such as making a variable."""
    before = state.trace, state.tapes, state.scopes, state.autocast
    state.trace, state.tapes, state.scopes, state.autocast = None, (), (), None
    try:
        yield
    finally:
        state.trace, state.tapes, state.scopes, state.autocast = before


@contextmanager
def scope(label: str, kind: str = "") -> Iterator[None]:
    """Operations in this block belong to the layer `label`: emitted programs say so in a comment.

    Args:
        label: The layer's name.
        kind: Its class.
    """
    before = state.scopes
    state.scopes = (*before, (label, kind))
    try:
        yield
    finally:
        state.scopes = before


def bind(name: str, *inputs: Any, **params: Any) -> Tensor:
    """Apply one primitive.

    Args:
        name: The row in the table.
        *inputs: Tensors, variables or arrays, of the dtypes the row expects (`babytf.ops` promotes).
        **params: The row's parameters.

    Returns:
        The result: computed now, or standing for a node of the graph being recorded.
    """
    row = PRIMITIVES[name]
    tensors = [x if type(x) is Tensor else convert(x) for x in inputs]
    trace = state.trace
    if trace is not None:
        result = trace.record(row, tensors, params)
    else:
        arrays = [t.concrete() for t in tensors]
        with np.errstate(all="ignore"):
            result = Tensor.wrap(row.run(arrays, params))
        if row.kind == "view" and tensors[0]._window is not None:
            tensors[0]._window.look(result)
    for tape in state.tapes:
        tape.record(row, tensors, params, result)
    return result


class Tensor(Operators):
    """One array that operations can record.

    Behaves like a NumPy array in expressions and in NumPy functions; what comes out is a Tensor again.

    Args:
        value: Array, number, nested list, Tensor or Variable.
        dtype: The dtype to have; that of `value` by default (floats in lists become `floatx()`).

    Example:
        >>> Tensor([1.0, 2.0]) * 3
        Tensor([3. 6.], shape=(2,), dtype=float32)
    """

    __slots__ = ("__weakref__", "_array", "_keras_history", "_keras_mask", "_node", "_window", "dtype", "shape")

    _array: np.ndarray | None
    _node: Value | None
    _window: Storage | None  # the variable's memory that the array is a window on
    shape: tuple[int, ...]
    dtype: np.dtype

    def __init__(self, value: Any, dtype: Any = None) -> None:
        array = to_array(value, dtype)
        self._array = array
        self._node = None
        self._window = None
        self.shape = array.shape
        self.dtype = array.dtype

    @classmethod
    def wrap(cls, array: np.ndarray) -> Tensor:
        """A Tensor around an array of a supported dtype, without a look at it."""
        self = cls.__new__(cls)
        self._array = array
        self._node = None
        self._window = None
        self.shape = array.shape
        self.dtype = array.dtype
        return self

    @classmethod
    def symbol(cls, node: Value) -> Tensor:
        """A Tensor that stands for a value of a graph."""
        self = cls.__new__(cls)
        self._array = None
        self._node = node
        self._window = None
        self.shape = node.spec.shape
        self.dtype = node.spec.dtype
        return self

    # --- the value

    def concrete(self, wanted_by: str = "an operation outside of the recording") -> np.ndarray:
        """The array itself; it must not be written to.

        Raises:
            TracingError: If the Tensor stands for a value that is only being recorded.
        """
        if self._array is None:
            raise TracingError(
                explain(
                    f"{wanted_by} needs the value of a tensor that is being recorded.",
                    got=f"a traced {self._describe()}, which has no value yet{_where()}",
                    expected="shapes, dtypes and configuration only, or babytf.ops on the tensor",
                    fix="ops.where(cond, a, b) in place of a branch, or compile(run_eagerly=True)",
                )
            )
        return self._array

    def numpy(self) -> np.ndarray:
        """The value as an array (a copy where it is a window on a variable)."""
        array = self.concrete("Tensor.numpy()")
        return array if array.flags.writeable else array.copy()

    def item(self) -> Any:
        """The value of a one-element tensor, as a Python number."""
        return self.concrete("Tensor.item()").item()

    def tolist(self) -> Any:
        """The value as nested lists of Python numbers."""
        return self.concrete("Tensor.tolist()").tolist()

    @property
    def is_traced(self) -> bool:
        """Whether the value is only being recorded."""
        return self._array is None

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return Spec(self.shape, self.dtype).size

    def _describe(self) -> str:
        kind = "scalar" if self.shape == () else f"tensor of shape {self.shape}"
        return f"{self.dtype.name} {kind}"

    def __repr__(self) -> str:
        if self._array is None:
            return f"Tensor(traced, shape={self.shape}, dtype={self.dtype.name})"
        return f"Tensor({self._array}, shape={self.shape}, dtype={self.dtype.name})"

    def __bool__(self) -> bool:
        return bool(self.concrete("a Python `if`, `while`, `and`, `or` or `not` (bool())"))

    def __int__(self) -> int:
        return int(self.concrete("int()").item())

    def __float__(self) -> float:
        return float(self.concrete("float()").item())

    def __index__(self) -> int:
        return self.concrete("a Python index or range()").__index__()

    def __format__(self, spec: str) -> str:
        if self._array is not None and self.shape == ():
            return format(self._array.item(), spec)
        return format(str(self), spec)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d Tensor")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if not self.shape:
            raise TypeError("iteration over a 0-d Tensor")
        return (self[i] for i in range(self.shape[0]))

    def __copy__(self) -> Tensor:
        return self if self._array is None else Tensor.wrap(self._array)

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return Tensor.wrap(self.concrete("copy.deepcopy()").copy())

    def __reduce__(self) -> tuple[Any, ...]:
        return Tensor, (self.concrete("pickling").copy(),)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = self.concrete("a NumPy function that babytf does not know, or np.asarray(),")
        if dtype is not None and np.dtype(dtype) != array.dtype:
            return array.astype(dtype)
        return array.copy() if copy or not array.flags.writeable else array


def _where() -> str:
    """The line of the user's code that runs, and the layer it runs in."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_globals.get("__name__", "").startswith("babytf."):
        frame = frame.f_back  # type: ignore[assignment]
    layer = f", in {' / '.join(label for label, _ in state.scopes)}" if state.scopes else ""
    if frame is None:
        return layer
    code = frame.f_code
    return f"{layer}, {os.path.basename(code.co_filename)}:{frame.f_lineno} ({code.co_name})"


def to_array(value: Any, dtype: Any = None) -> np.ndarray:
    """An array of a supported dtype, in native byte order; copies only if it must.

    Raises:
        DTypeError: For strings, objects, complex numbers and ragged lists.
    """
    if isinstance(value, Tensor):
        array = value.concrete("converting to an array")
    elif isinstance(value, np.ndarray):
        array = value
    elif hasattr(value, "__tensor__"):
        array = value.__tensor__().concrete("converting to an array")
    else:
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise DTypeError(
                explain(
                    "this cannot be an array: its rows differ in length.",
                    got=f"{type(value).__name__} ({error})",
                    expected="numbers in rows of equal length",
                    fix="pad the rows to one length",
                )
            ) from error
        if dtype is None and not isinstance(value, np.generic):
            if array.dtype == np.float64:
                dtype = "floatx"
            elif array.dtype == np.int64:
                dtype = "int32" if array.size == 0 or _fits_int32(array) else "int64"
        elif dtype is None and isinstance(value, float):  # np.float64, a Python float
            dtype = "floatx"
    wanted = array.dtype if dtype is None else dtype
    target = dtypes.standardize(None if isinstance(wanted, str) and wanted == "floatx" else wanted)
    if array.dtype == target and array.dtype.isnative:
        return array
    if array.dtype.kind not in "bifu":
        dtypes.standardize(array.dtype)
    with np.errstate(all="ignore"):
        return array.astype(target)


def _fits_int32(array: np.ndarray) -> bool:
    return bool(array.min() >= -(2**31) and array.max() < 2**31)


def convert(x: Any, dtype: Any = None) -> Tensor:
    """`x` as a Tensor, cast to `dtype` if one is given.

    Whatever has a method `__tensor__` (a Variable does) stands for the Tensor it returns.

    Args:
        x: Tensor, Variable, array, number, or nested lists of numbers or Tensors.
        dtype: The dtype to have.

    Returns:
        `x` itself if it is a Tensor of that dtype already.
    """
    if isinstance(x, Tensor):
        if dtype is None or x.dtype == dtypes.standardize(dtype):
            return x
        return NUMPY_FUNCTIONS["cast"](x, dtype)
    if hasattr(x, "__tensor__"):
        return convert(x.__tensor__(), dtype)
    if isinstance(x, (list, tuple)) and _holds_tensor(x):
        return convert(NUMPY_FUNCTIONS[np.stack]([convert(item) for item in x]), dtype)
    return Tensor.wrap(to_array(x, dtype))


def _holds_tensor(items: Any) -> bool:
    return any(
        isinstance(i, Tensor) or hasattr(i, "__tensor__") or (isinstance(i, (list, tuple)) and _holds_tensor(i))
        for i in items
    )
