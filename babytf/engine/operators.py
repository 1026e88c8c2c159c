"""What Tensor and Variable share: operators, NumPy's protocols, and the table both go through.

`x + y`, `np.add(x, y)` and `babytf.ops.add(x, y)` are one call: NumPy hands its functions over by
`__array_ufunc__` and `__array_function__`, and the table says which function of ours stands for which.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from babytf.errors import explain

if TYPE_CHECKING:
    from babytf.engine.tensor import Tensor

NUMPY_FUNCTIONS: dict[Any, Callable[..., Tensor]] = {}
"""NumPy function or ufunc -> what to call when a Tensor is among its arguments. Filled by `babytf.ops`;
the operators of `Tensor` go through it too, so `x + y` and `np.add(x, y)` are the same."""


def implements(*numpy_functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: use this function when a Tensor is given to one of the NumPy functions."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        for f in numpy_functions:
            NUMPY_FUNCTIONS[f] = function
        return function

    return register


class Operators:
    """Arithmetic, comparison, indexing and the everyday methods of an array."""

    __slots__ = ()
    __array_priority__ = 100.0

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return call_numpy(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        return call_numpy(func, "__call__", args, kwargs)

    def __getitem__(self, key: Any) -> Tensor:
        return NUMPY_FUNCTIONS["getitem"](self, key)

    def __neg__(self) -> Tensor:
        return NUMPY_FUNCTIONS[np.negative](self)

    def __pos__(self) -> Tensor:
        return NUMPY_FUNCTIONS[np.positive](self)

    def __abs__(self) -> Tensor:
        return NUMPY_FUNCTIONS[np.absolute](self)

    def __invert__(self) -> Tensor:
        return NUMPY_FUNCTIONS[np.invert](self)

    def __round__(self, ndigits: int | None = None) -> Tensor:
        return NUMPY_FUNCTIONS[np.round](self, ndigits or 0)

    def __add__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.add](self, other)

    def __radd__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.add](other, self)

    def __sub__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.subtract](self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.subtract](other, self)

    def __mul__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.multiply](self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.multiply](other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.true_divide](self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.true_divide](other, self)

    def __floordiv__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.floor_divide](self, other)

    def __rfloordiv__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.floor_divide](other, self)

    def __mod__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.remainder](self, other)

    def __rmod__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.remainder](other, self)

    def __pow__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.power](self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.power](other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.matmul](self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.matmul](other, self)

    def __and__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.bitwise_and](self, other)

    def __rand__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.bitwise_and](other, self)

    def __or__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.bitwise_or](self, other)

    def __ror__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.bitwise_or](other, self)

    def __xor__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.bitwise_xor](self, other)

    def __rxor__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.bitwise_xor](other, self)

    def __eq__(self, other: Any) -> Any:
        return NUMPY_FUNCTIONS[np.equal](self, other)

    def __ne__(self, other: Any) -> Any:
        return NUMPY_FUNCTIONS[np.not_equal](self, other)

    def __lt__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.less](self, other)

    def __le__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.less_equal](self, other)

    def __gt__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.greater](self, other)

    def __ge__(self, other: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.greater_equal](self, other)

    # --- methods

    def reshape(self, *shape: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.reshape](self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Tensor:
        return NUMPY_FUNCTIONS[np.transpose](self, (axes[0] if len(axes) == 1 else axes) or None)

    def astype(self, dtype: Any) -> Tensor:
        return NUMPY_FUNCTIONS["cast"](self, dtype)

    def sum(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return NUMPY_FUNCTIONS[np.sum](self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return NUMPY_FUNCTIONS[np.mean](self, axis=axis, keepdims=keepdims)

    def max(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return NUMPY_FUNCTIONS[np.max](self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, keepdims: bool = False) -> Tensor:
        return NUMPY_FUNCTIONS[np.min](self, axis=axis, keepdims=keepdims)

    def __hash__(self) -> int:
        return id(self)

    @property
    def T(self) -> Tensor:
        return NUMPY_FUNCTIONS[np.transpose](self)


def call_numpy(function: Any, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What a NumPy function does when a Tensor or Variable is among its arguments.

    Raises:
        TypeError: If babytf has no such operation, so that nothing silently becomes a constant.
    """
    if method == "reduce":  # np.add.reduce(x), as ufuncs spell np.sum(x)
        function = {np.add: np.sum, np.multiply: np.prod, np.maximum: np.max, np.minimum: np.min}.get(function)
        kwargs = {"axis": 0} | kwargs
        method = "__call__"
    ours = NUMPY_FUNCTIONS.get(function) if method == "__call__" else None
    if ours is None:
        name = getattr(function, "__name__", str(function))
        raise TypeError(
            explain(
                f"np.{name}{'' if method == '__call__' else '.' + method} has no counterpart for a Tensor.",
                got=f"np.{name} called on a Tensor",
                expected="a function of babytf.ops, or a NumPy function of the same name",
                fix="use babytf.ops, or x.numpy() where no gradient is needed",
            )
        )
    if kwargs.get("out") is not None:
        raise TypeError(
            explain(
                f"np.{function.__name__}(out=…) does not work on a Tensor: a Tensor never changes.",
                got="out=…",
                fix="use the returned Tensor, or Variable.assign",
            )
        )
    kwargs.pop("out", None)
    return ours(*args, **kwargs)
