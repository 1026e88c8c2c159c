"""`np.mean(tensor)` is `ops.mean(tensor)`: NumPy's functions, when a Tensor is among their arguments.

Arguments that only NumPy has are honoured where that has a meaning, and refused by name where not.
A NumPy function that is not listed here raises a `TypeError` on a Tensor. All goes through the public form of the
operations, so that what is symbolic (see `symbolic.py`) may stand for a Tensor.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from babytf.engine.tensor import NUMPY_FUNCTIONS, Tensor
from babytf.errors import explain
from babytf.ops import (
    arithmetic,
    comparison,
    contraction,
    core,
    creation,
    cumulative,
    elementary,
    indexing,
    linear_algebra,
    reduction,
    shaping,
    sorting,
)
from babytf.ops.operands import some_axes, standardize
from babytf.ops.symbolic import convert, public

_NOT_GIVEN = np._NoValue  # what NumPy puts for an argument that was left out


_NEUTRAL: dict[str, tuple[Any, ...]] = {
    "where": (True,),
    "casting": ("same_kind",),
    "order": ("C", "K", "A"),
    "subok": (True, False),
    "copy": (True,),
    "sparse": (False,),
    "returned": (False,),
    "keepdims": (False,),
    "overwrite_input": (False,),
    "optimize": (True, False),
    "kind": ("stable", "quicksort"),
    "stable": (True, False),
    "mode": ("raise",),
}
"""Values of NumPy's own arguments that ask for nothing."""


def _refuse(function: Any, given: dict[str, Any]) -> None:
    """Raise for the first argument that asks for something."""
    for name, value in given.items():
        neutral = _NEUTRAL.get(name, ())
        if (
            value is None
            or value is _NOT_GIVEN
            or any(value is n or (isinstance(n, str) and value == n) for n in neutral)
        ):
            continue
        raise TypeError(
            explain(
                f"np.{function.__name__}({name}=…) has no counterpart for a Tensor.",
                got=f"{name}={value!r}",
                fix=f"leave `{name}` out, or use babytf.ops",
            )
        )


def _cast(x: Any, dtype: Any) -> Any:
    return x if dtype is None or dtype is _NOT_GIVEN else public(core.cast)(x, dtype)


# --- ufuncs: np.add(x, y, dtype=…)


def _ufunc(function: np.ufunc, ours: Callable[..., Tensor]) -> None:
    ours = public(ours)

    def call(*args: Any, dtype: Any = None, **rest: Any) -> Tensor:
        _refuse(function, rest)
        if len(args) > function.nin:
            _refuse(function, {"out": args[function.nin]})
        return _cast(ours(*args[: function.nin]), dtype)

    NUMPY_FUNCTIONS[function] = call


for _name in (
    "add subtract multiply divide floor_divide power maximum minimum square absolute negative sign reciprocal "
    "sqrt cbrt exp exp2 expm1 log log1p log2 log10 logaddexp sin cos tan arcsin arccos arctan arctan2 sinh cosh tanh "
    "arcsinh arccosh arctanh floor ceil trunc equal not_equal less less_equal greater greater_equal logical_and "
    "logical_or logical_xor logical_not bitwise_and bitwise_or bitwise_xor isnan isinf isfinite matmul"
).split():
    for _module in (arithmetic, elementary, comparison, linear_algebra):
        if hasattr(_module, _name) and isinstance(getattr(np, _name), np.ufunc):
            _ufunc(getattr(np, _name), getattr(_module, _name))
            break
_ufunc(np.remainder, arithmetic.mod)
_ufunc(np.fabs, arithmetic.absolute)
_ufunc(np.invert, comparison.bitwise_invert)
_ufunc(np.rint, elementary.round)
_ufunc(np.positive, convert)


# --- reductions: np.sum(x, axis, dtype, out, keepdims, initial, where)


def _reduction(function: Callable, ours: Callable[..., Tensor], order: str, cast_first: bool = True) -> None:
    names, ours = order.split(), public(ours)

    def call(a: Any, *args: Any, **kwargs: Any) -> Tensor:
        kwargs = dict(zip(names, args, strict=False)) | kwargs
        axis, dtype = kwargs.pop("axis", None), kwargs.pop("dtype", None)
        keepdims = kwargs.pop("keepdims", False)
        known = {}
        if "initial" in kwargs and function in (np.max, np.min, np.amax, np.amin):
            initial = kwargs.pop("initial")
            known = {} if initial is _NOT_GIVEN else {"initial": initial}
        _refuse(function, kwargs)
        keepdims = False if keepdims is _NOT_GIVEN else keepdims
        return ours(_cast(a, dtype), axis=axis, keepdims=keepdims, **known)

    NUMPY_FUNCTIONS[function] = call


_reduction(np.sum, reduction.sum, "axis dtype out keepdims initial where")
_reduction(np.prod, reduction.prod, "axis dtype out keepdims initial where")
_reduction(np.mean, reduction.mean, "axis dtype out keepdims where")
_reduction(np.max, reduction.max, "axis out keepdims initial where")
_reduction(np.min, reduction.min, "axis out keepdims initial where")
_reduction(np.amax, reduction.max, "axis out keepdims initial where")
_reduction(np.amin, reduction.min, "axis out keepdims initial where")
_reduction(np.any, reduction.any, "axis out keepdims where")
_reduction(np.all, reduction.all, "axis out keepdims where")
_reduction(np.argmax, reduction.argmax, "axis out keepdims")
_reduction(np.argmin, reduction.argmin, "axis out keepdims")
_reduction(np.median, reduction.median, "axis out overwrite_input keepdims")


def _spread(function: Callable, ours: Callable[..., Tensor]) -> None:
    """`np.var` and `np.std` may divide by fewer than the number of elements."""
    ours = public(ours)

    def call(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: Any = False,
        **rest: Any,
    ) -> Tensor:
        ddof = rest.pop("correction", ddof) or 0
        ddof = 0 if ddof is _NOT_GIVEN else ddof
        _refuse(function, {"out": out, **rest})
        a = convert(_cast(a, dtype))
        y = ours(a, axis, False if keepdims is _NOT_GIVEN else keepdims)
        if not ddof:
            return y
        count = reduction._count(a, some_axes(axis, a.ndim))
        factor = count / (count - ddof)
        return y * (factor if function is np.var else factor**0.5)

    NUMPY_FUNCTIONS[function] = call


_spread(np.var, reduction.var)
_spread(np.std, reduction.std)


# --- functions whose arguments ops takes in the same places


def _plain(function: Callable, ours: Callable[..., Any], renamed: str = "", refused: str = "") -> None:
    """NumPy's keywords are renamed (`a:x`); those that ops does not know are refused unless neutral."""
    names = dict(pair.split(":") for pair in renamed.split())
    unknown, ours = refused.split(), public(ours)

    def call(*args: Any, **kwargs: Any) -> Any:
        _refuse(function, {name: kwargs.pop(name) for name in unknown if name in kwargs})
        return ours(*args, **{names.get(name, name): value for name, value in kwargs.items()})

    NUMPY_FUNCTIONS[function] = call


_plain(np.count_nonzero, reduction.count_nonzero, "a:x", "keepdims")
_plain(np.average, reduction.average, "a:x", "returned keepdims")
_plain(np.linalg.norm, reduction.norm)
_plain(np.cumsum, cumulative.cumsum, "a:x", "out")
_plain(np.cumprod, cumulative.cumprod, "a:x", "out")
_plain(np.transpose, shaping.transpose, "a:x")
_plain(np.swapaxes, shaping.swapaxes, "a:x")
_plain(np.moveaxis, shaping.moveaxis, "a:x")
_plain(np.ravel, shaping.ravel, "a:x", "order")
_plain(np.squeeze, shaping.squeeze, "a:x")
_plain(np.expand_dims, shaping.expand_dims, "a:x")
_plain(np.broadcast_to, shaping.broadcast_to, "array:x", "subok")
_plain(np.concatenate, shaping.concatenate, "", "out dtype casting")
_plain(np.stack, shaping.stack, "arrays:x", "out dtype casting")
_plain(np.hstack, shaping.hstack, "tup:xs", "dtype casting")
_plain(np.vstack, shaping.vstack, "tup:xs", "dtype casting")
_plain(np.split, shaping.split, "ary:x")
_plain(np.array_split, shaping.array_split, "ary:x")
_plain(np.pad, shaping.pad, "array:x")
_plain(np.tile, shaping.tile, "A:x reps:repeats")
_plain(np.repeat, shaping.repeat, "a:x")
_plain(np.flip, shaping.flip, "m:x")
_plain(np.roll, shaping.roll, "a:x")
_plain(np.meshgrid, shaping.meshgrid, "", "sparse copy")
_plain(np.take_along_axis, indexing.take_along_axis, "arr:x")
_plain(np.sort, sorting.sort, "a:x", "kind order stable")
_plain(np.argsort, sorting.argsort, "a:x", "kind order stable")
_plain(np.dot, linear_algebra.dot, "a:x1 b:x2", "out")
_plain(np.vdot, linear_algebra.vdot, "a:x1 b:x2")
_plain(np.inner, linear_algebra.inner, "a:x1 b:x2")
_plain(np.outer, linear_algebra.outer, "a:x1 b:x2", "out")
_plain(np.tensordot, linear_algebra.tensordot, "a:x1 b:x2")
_plain(np.einsum, contraction.einsum, "", "out dtype order casting optimize")
_plain(np.diagonal, linear_algebra.diagonal, "a:x")
_plain(np.diag, linear_algebra.diag, "v:x")
_plain(np.trace, linear_algebra.trace, "a:x", "dtype out")
_plain(np.tril, linear_algebra.tril, "m:x")
_plain(np.triu, linear_algebra.triu, "m:x")
_plain(np.where, comparison.where)
_plain(np.nonzero, comparison.nonzero, "a:x")
_plain(np.isclose, comparison.isclose, "a:x1 b:x2")
_plain(np.allclose, comparison.allclose, "a:x1 b:x2")
_plain(np.round, elementary.round, "a:x", "out")
_plain(np.around, elementary.round, "a:x", "out")
_plain(np.nan_to_num, elementary.nan_to_num, "", "copy")
_plain(np.zeros_like, creation.zeros_like, "a:x", "order subok shape device")
_plain(np.ones_like, creation.ones_like, "a:x", "order subok shape device")
_plain(np.full_like, creation.full_like, "a:x", "order subok shape device")
_plain(np.empty_like, creation.empty_like, "prototype:x", "order subok shape device")
_plain(np.shape, core.shape, "a:x")
_plain(np.size, core.size, "a:x", "axis")
_plain(np.ndim, core.ndim, "a:x")
_plain(np.copy, core.copy, "a:x", "order subok")


def _clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **rest: Any) -> Tensor:
    low, high = rest.pop("min", a_min), rest.pop("max", a_max)
    dtype = rest.pop("dtype", None)
    _refuse(np.clip, {"out": out, **rest})
    low, high = (None if bound is _NOT_GIVEN else bound for bound in (low, high))
    return _cast(public(arithmetic.clip)(a, low, high), dtype)


def _take(a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise") -> Tensor:
    _refuse(np.take, {"out": out, "mode": mode})
    return public(indexing.take)(a, indices, axis)


def _reshape(a: Any, shape: Any = None, order: str = "C", *, newshape: Any = None, copy: Any = None) -> Tensor:
    _refuse(np.reshape, {"order": order, "copy": copy})
    return public(shaping.reshape)(a, newshape if shape is None else shape)


def _astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Tensor:
    return public(core.cast)(x, standardize(dtype).name)


NUMPY_FUNCTIONS["cast"] = public(core.cast)
NUMPY_FUNCTIONS["getitem"] = public(indexing.get_item)
NUMPY_FUNCTIONS[np.clip] = _clip
NUMPY_FUNCTIONS[np.take] = _take
NUMPY_FUNCTIONS[np.reshape] = _reshape
if hasattr(np, "astype"):
    NUMPY_FUNCTIONS[np.astype] = _astype
