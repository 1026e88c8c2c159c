"""Reading and writing by position. Next: `slicing.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.kernels import ARRAY
from babytf.engine.primitives.common import broadcast_shapes
from babytf.engine.primitives.key import Key, Places
from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import DTypeError, ShapeError, explain
from babytf.ops.operands import one_axis, static_shape, to_dtype
from babytf.ops.shaping import broadcast_to, ravel


def get_item(x: Any, key: Any) -> Tensor:
    """`x[key]`: integers, slices, `None`, `...`, arrays of integers, and masks of booleans.

    A mask whose values are not known while recording is refused, as the result's shape depends on them.
    """
    x = convert(x)
    parts = key if isinstance(key, tuple) else (key,)
    if all(part is None or part is Ellipsis or isinstance(part, (int, np.integer, slice)) for part in parts):
        plain = Key(_plain(part) for part in parts if not isinstance(part, bool))
        if len(plain) == len(parts):
            return bind("getitem", x, key=plain, shape=_shape_of(x.shape, plain))
    places: list[Any] = []
    arrays: list[Tensor] = []
    for part in parts:
        if part is None or part is Ellipsis or isinstance(part, slice):
            places.append(_plain(part))
            continue
        index = convert(part)
        if index.dtype.kind == "b":
            found = np.nonzero(index.concrete("a boolean mask between brackets"))
            arrays.extend(Tensor.wrap(i) for i in found)
            places.extend(ARRAY for _ in found)
        elif index.dtype.kind in "iu":
            arrays.append(index)
            places.append(ARRAY)
        else:
            raise DTypeError(
                explain("an index is made of integers or booleans.", got=f"dtype {index.dtype.name} in x[…]")
            )
    if len(arrays) == 1 and arrays[0].ndim and all(p == slice(None) for p in places if p is not ARRAY):
        return bind("take", x, arrays[0], axis=places.index(ARRAY))
    stand_ins = iter(np.zeros(a.shape, np.int8) for a in arrays)
    key = tuple(next(stand_ins) if p is ARRAY else p for p in places)
    shape = _shape_of(x.shape, key)
    return bind("gather", x, *arrays, key=Places(places), shape=shape)


def _plain(part: Any) -> Any:
    """A part of a key, its numbers being Python integers."""
    if isinstance(part, slice):
        return slice(*(None if p is None else p.__index__() for p in (part.start, part.stop, part.step)))
    return part if part is None or part is Ellipsis else int(part)


def _shape_of(shape: tuple[int, ...], key: tuple) -> tuple[int, ...]:
    """The shape of `x[key]`, found on an array that takes no memory."""
    try:
        return np.broadcast_to(np.int8(0), shape)[tuple(key)].shape
    except IndexError as error:
        raise IndexError(
            explain(f"an array of shape {shape} has no such part.", got=f"x[{Key(key)!r}]: {error}")
        ) from None


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The parts of `x` at these indices along an axis.

    Args:
        x: Tensor.
        indices: Tensor of integers, of any shape; negative ones count from the end.
        axis: The axis; `None` for the flattened array.

    Raises:
        IndexError: If an index is out of range.
    """
    x, indices = convert(x), _integers(indices, "take")
    if axis is None:
        x, axis = ravel(x), 0
    return bind("take", x, indices, axis=one_axis(axis, x.ndim))


def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """One element of `x` for each index: along an axis, each row has its own indices.

    Args:
        x: Tensor.
        indices: Tensor of integers with as many axes as `x`; the other axes broadcast.
        axis: The axis; `None` for flattened arrays.

    Raises:
        IndexError: If an index is out of range.
    """
    x, indices = convert(x), _integers(indices, "take_along_axis")
    if axis is None:
        x, indices, axis = ravel(x), ravel(indices), 0
    axis = one_axis(axis, x.ndim)
    if indices.ndim != x.ndim:
        raise ShapeError(
            explain("take_along_axis: indices need as many axes as x.", got=f"{indices.shape} for x of {x.shape}")
        )
    rest = broadcast_shapes(_with(x.shape, axis, 1), _with(indices.shape, axis, 1))
    x = broadcast_to(x, _with(rest, axis, x.shape[axis]))
    indices = broadcast_to(indices, _with(rest, axis, indices.shape[axis]))
    return bind("take_along_axis", x, indices, axis=axis)


def _with(shape: tuple[int, ...], axis: int, size: int) -> tuple[int, ...]:
    return (*shape[:axis], size, *shape[axis + 1 :])


def _integers(indices: Any, who: str) -> Tensor:
    indices = convert(indices)
    if indices.dtype.kind == "b":
        return to_dtype(indices, np.dtype("int32"))
    if indices.dtype.kind == "f":
        if indices.size:
            raise DTypeError(
                explain(f"{who}: indices are integers.", got=f"dtype {indices.dtype.name}", fix="ops.cast(i, 'int32')")
            )
        return to_dtype(indices, np.dtype("int32"))
    return indices


def _columns(indices: Tensor) -> tuple[list[Tensor], Places]:
    """Index vectors, one for each column of `(..., k)`."""
    columns = [indices[..., j] for j in range(indices.shape[-1])]
    return columns, Places(ARRAY for _ in columns)


def scatter(indices: Any, values: Any, shape: Any) -> Tensor:
    """Zeros, with values added at given places.

    Args:
        indices: Integers of shape `(N, k)`: places, by their index on the first `k` axes.
        values: Tensor of shape `(N,) + shape[k:]`; what falls on one place adds up.
        shape: Shape of the result.
    """
    columns, places = _columns(_integers(indices, "scatter"))
    return bind("scatter_add", convert(values), *columns, key=places, shape=static_shape(shape))


def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """A copy of `inputs`, with new values at given places.

    Args:
        inputs: Tensor.
        indices: Integers of shape `(N, k)`: places, by their index on the first `k` axes.
        updates: Tensor of shape `(N,) + inputs.shape[k:]`.
        reduction: `None` to replace (the last of several counts), or how to combine with what is there:
            `"add"`, `"mul"`, `"max"`, `"min"`.

    Raises:
        ValueError: If the reduction is unknown.
    """
    if reduction not in (None, "add", "mul", "max", "min"):
        raise ValueError(
            explain(
                "scatter_update: unknown `reduction`.",
                got=f"reduction={reduction!r}",
                expected="None, 'add', 'mul', 'max' or 'min'",
            )
        )
    x = convert(inputs)
    columns, places = _columns(_integers(indices, "scatter_update"))
    return bind("scatter_update", x, to_dtype(updates, x.dtype), *columns, key=places, how=reduction or "set")


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The sum of the rows of each segment.

    Args:
        data: Tensor `(N, …)`.
        segment_ids: Integers `(N,)`: the segment of each row.
        num_segments: How many segments there are; one more than the largest id by default (then the ids
            must be known, not recorded).
        sorted: Whether the ids are sorted; the result is the same.

    Raises:
        IndexError: If an id is out of range.
    """
    data, ids = convert(data), _integers(segment_ids, "segment_sum")
    if num_segments is None:
        known = ids.concrete("segment_sum without num_segments")
        num_segments = int(known.max()) + 1 if known.size else 0
    if ids.ndim != 1 or ids.shape[0] != data.shape[0]:
        raise ShapeError(
            explain("segment_sum: one id for each row.", got=f"ids of shape {ids.shape}, data of shape {data.shape}")
        )
    return bind("add_at", data, ids, axis=0, size=int(num_segments))
