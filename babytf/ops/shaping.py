"""Shapes and places: reshape, transpose, join, split, pad, repeat, flip. Next: `indexing.py`."""

from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from babytf.engine.primitives.key import Key
from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.operands import one_axis, static_shape, to_dtype, together


def reshape(x: Any, newshape: Any) -> Tensor:
    """The same elements, in order, in another shape.

    Args:
        x: Tensor.
        newshape: Integers; one of them may be -1 (or `None`), to follow from the others.

    Raises:
        ShapeError: If the number of elements does not fit.
    """
    x = convert(x)
    if isinstance(newshape, (list, tuple)):
        newshape = [-1 if n is None else n for n in newshape]
    shape = list(static_shape(newshape))
    rest = math.prod(n for n in shape if n != -1)
    if shape.count(-1) == 1 and (rest and x.size % rest == 0):
        shape[shape.index(-1)] = x.size // rest
    if math.prod(shape) != x.size or -1 in shape:
        raise ShapeError(
            explain(
                f"reshape: {x.size} elements do not fill this shape.",
                got=f"an array of shape {x.shape}, newshape={tuple(static_shape(newshape))}",
                expected="a shape with the same number of elements, at most one size being -1",
            )
        )
    return x if tuple(shape) == x.shape else bind("reshape", x, shape=tuple(shape))


def ravel(x: Any) -> Tensor:
    """All elements along one axis."""
    return reshape(x, (-1,))


def transpose(x: Any, axes: Any = None) -> Tensor:
    """The axes in another order.

    Args:
        x: Tensor.
        axes: For each axis of the result, the axis it comes from; reversed by default.
    """
    x = convert(x)
    order = tuple(range(x.ndim))[::-1] if axes is None else tuple(one_axis(a, x.ndim, "axes") for a in axes)
    if sorted(order) != list(range(x.ndim)):
        raise ShapeError(explain("transpose: name each axis once.", got=f"axes={axes!r} for an array of {x.ndim} axes"))
    return x if order == tuple(range(x.ndim)) else bind("transpose", x, axes=order)


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """Two axes in each other's place."""
    x = convert(x)
    order = list(range(x.ndim))
    a, b = one_axis(axis1, x.ndim, "axis1"), one_axis(axis2, x.ndim, "axis2")
    order[a], order[b] = order[b], order[a]
    return transpose(x, order)


def moveaxis(x: Any, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places, the rest in their order.

    Args:
        x: Tensor.
        source: An axis, or several.
        destination: Where each goes.
    """
    x = convert(x)
    sources = [one_axis(a, x.ndim, "source") for a in (source if isinstance(source, Sequence) else [source])]
    places = [
        one_axis(a, x.ndim, "destination")
        for a in (destination if isinstance(destination, Sequence) else [destination])
    ]
    if len(sources) != len(places):
        raise ShapeError(explain("moveaxis: a place for each axis.", got=f"source={source}, destination={destination}"))
    order = [i for i in range(x.ndim) if i not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return transpose(x, order)


def squeeze(x: Any, axis: Any = None) -> Tensor:
    """Without axes of size 1.

    Args:
        x: Tensor.
        axis: Which to drop; all of size 1 by default.

    Raises:
        ShapeError: If an axis named is not of size 1.
    """
    x = convert(x)
    if axis is None:
        return reshape(x, tuple(n for n in x.shape if n != 1))
    axes = {one_axis(a, x.ndim) for a in (axis if isinstance(axis, (list, tuple)) else [axis])}
    if builtins.any(x.shape[a] != 1 for a in axes):
        raise ShapeError(explain("squeeze drops axes of size 1.", got=f"axis={axis} of shape {x.shape}"))
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def expand_dims(x: Any, axis: Any) -> Tensor:
    """With new axes of size 1.

    Args:
        x: Tensor.
        axis: Where they are in the result: an integer, or several.
    """
    x = convert(x)
    axes = axis if isinstance(axis, (list, tuple)) else [axis]
    ndim = x.ndim + len(axes)
    places = {one_axis(a, ndim) for a in axes}
    sizes = iter(x.shape)
    return reshape(x, tuple(1 if i in places else next(sizes) for i in range(ndim)))


def broadcast_to(x: Any, shape: Any) -> Tensor:
    """Repeated along axes of size 1, and new axes in front, to fill a shape.

    Raises:
        ShapeError: If the shapes do not fit.
    """
    x, shape = convert(x), static_shape(shape)
    fits = len(shape) >= x.ndim and builtins.all(n in (1, m) for n, m in zip(x.shape[::-1], shape[::-1], strict=False))
    if not fits:
        raise ShapeError(
            explain("broadcast_to: the shapes do not fit.", got=f"an array of shape {x.shape}, shape={shape}")
        )
    return x if x.shape == shape else bind("broadcast_to", x, shape=shape)


# --- join and split


def concatenate(xs: Any, axis: int | None = 0) -> Tensor:
    """Arrays one after the other along an axis that they have.

    Args:
        xs: List of Tensors, of equal shapes but for that axis.
        axis: The axis; `None` joins the flattened arrays.

    Raises:
        ShapeError: If the shapes do not fit.
    """
    tensors = together(*xs)
    if axis is None:
        tensors, axis = tuple(ravel(t) for t in tensors), 0
    if not tensors:
        raise ShapeError(explain("concatenate takes at least one array.", got="an empty list"))
    first = tensors[0].shape
    axis = one_axis(axis, len(first))
    for t in tensors:
        if t.ndim != len(first) or builtins.any(
            n != m for i, (n, m) in enumerate(zip(t.shape, first, strict=True)) if i != axis
        ):
            raise ShapeError(
                explain(
                    f"concatenate: the arrays differ on other axes than {axis}.",
                    got=", ".join(str(t.shape) for t in tensors),
                    expected=f"equal sizes on all axes but axis {axis}",
                )
            )
    return tensors[0] if len(tensors) == 1 else bind("concatenate", *tensors, axis=axis)


def stack(x: Any, axis: int = 0) -> Tensor:
    """Arrays of one shape side by side along a new axis.

    Args:
        x: List of Tensors.
        axis: Where the new axis goes.
    """
    if isinstance(x, Tensor):
        x = list(x)
    tensors = together(*x)
    if len({t.shape for t in tensors}) > 1:
        raise ShapeError(explain("stack: the arrays differ in shape.", got=", ".join(str(t.shape) for t in tensors)))
    return concatenate([expand_dims(t, axis) for t in tensors], axis)


def hstack(xs: Any) -> Tensor:
    """Arrays one after the other along their second axis (the first, of 1-D arrays)."""
    tensors = [reshape(t, (1,)) if t.ndim == 0 else t for t in together(*xs)]
    return concatenate(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(xs: Any) -> Tensor:
    """Arrays one below the other along their first axis; 1-D arrays are rows."""
    return concatenate([reshape(t, (1, -1)) if t.ndim < 2 else t for t in together(*xs)], 0)


def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The parts of `x` along an axis, without that axis.

    Args:
        x: Tensor.
        num: How many parts; the axis's size.
        axis: The axis.
    """
    x = convert(x)
    axis = one_axis(axis, x.ndim)
    if num is not None and num != x.shape[axis]:
        raise ShapeError(
            explain("unstack: `num` is not the axis's size.", got=f"num={num}, shape {x.shape}, axis={axis}")
        )
    return [x[(slice(None),) * axis + (i,)] for i in range(x.shape[axis])]


def _pieces(x: Tensor, places: Sequence[int], axis: int) -> list[Tensor]:
    edges = [0, *places, x.shape[axis]]
    return [x[(slice(None),) * axis + (slice(a, b),)] for a, b in itertools.pairwise(edges)]


def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """The parts of `x` along an axis.

    Args:
        x: Tensor.
        indices_or_sections: The number of equal parts, or the places at which to cut.
        axis: The axis.

    Raises:
        ShapeError: If the axis does not divide into that many parts.
    """
    x = convert(x)
    axis = one_axis(axis, x.ndim)
    if isinstance(indices_or_sections, (list, tuple, np.ndarray, Tensor)):
        return _pieces(x, static_shape(indices_or_sections), axis)
    count, size = int(indices_or_sections), x.shape[axis]
    if count < 1 or size % count:
        raise ShapeError(
            explain(
                f"split: axis {axis} does not divide into {count} equal parts.",
                got=f"shape {x.shape}, indices_or_sections={count}",
                fix="use array_split, or give the places at which to cut",
            )
        )
    return _pieces(x, range(size // count, size, size // count), axis)


def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """The parts of `x` along an axis, as equal as can be.

    Args:
        x: Tensor.
        indices_or_sections: The number of parts, or the places at which to cut.
        axis: The axis.
    """
    x = convert(x)
    axis = one_axis(axis, x.ndim)
    if isinstance(indices_or_sections, (list, tuple, np.ndarray, Tensor)):
        return _pieces(x, static_shape(indices_or_sections), axis)
    count, size = int(indices_or_sections), x.shape[axis]
    small, longer = divmod(size, count)
    places = [i * small + builtins.min(i, longer) for i in range(1, count)]
    return _pieces(x, places, axis)


# --- around and again


def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """More elements before and after, along each axis.

    Args:
        x: Tensor.
        pad_width: `((before, after), …)` for each axis, one such pair for all, or one integer.
        mode: `"constant"`, or what to continue with: `"edge"`, `"reflect"`, `"symmetric"` or `"wrap"`.
        constant_values: The constant, 0 by default.

    Raises:
        ValueError: If the mode is unknown, or given with `constant_values`.
    """
    x = convert(x)
    widths = np.broadcast_to(np.asarray(pad_width, dtype=int), (x.ndim, 2)).tolist()
    if mode != "constant":
        if mode not in ("edge", "reflect", "symmetric", "wrap"):
            raise ValueError(
                explain(
                    "pad: unknown `mode`.",
                    got=f"mode={mode!r}",
                    expected="'constant', 'edge', 'reflect', 'symmetric' or 'wrap'",
                )
            )
        if constant_values is not None:
            raise ValueError(explain(f"pad: mode {mode!r} takes no `constant_values`.", got=f"{constant_values!r}"))
        for axis, (before, after) in enumerate(widths):
            if before or after:
                places = np.pad(np.arange(x.shape[axis]), (before, after), mode=mode)  # type: ignore[call-overload]
                x = bind("take", x, Tensor.wrap(places), axis=axis)
        return x
    value = 0 if constant_values is None else constant_values
    inner = Key(slice(b, b + n) for (b, _), n in zip(widths, x.shape, strict=True))
    shape = tuple(b + n + a for (b, a), n in zip(widths, x.shape, strict=True))
    return bind("pad", x, inner=inner, value=to_dtype(value, x.dtype).item(), shape=shape)


def tile(x: Any, repeats: Any) -> Tensor:
    """The whole array again and again.

    Args:
        x: Tensor.
        repeats: How often along each axis; fewer numbers count from the last axis.
    """
    x, times = convert(x), static_shape(repeats)
    ndim = builtins.max(x.ndim, len(times))
    shape = (1,) * (ndim - x.ndim) + x.shape
    times = (1,) * (ndim - len(times)) + times
    apart = tuple(n for size in shape for n in (1, size))
    filled = tuple(n for t, size in zip(times, shape, strict=True) for n in (t, size))
    y = bind("copy", broadcast_to(reshape(x, apart), filled))
    return reshape(y, tuple(t * size for t, size in zip(times, shape, strict=True)))


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element again and again.

    Args:
        x: Tensor.
        repeats: How often: one integer, or one for each place on the axis.
        axis: The axis; `None` for the flattened array.
    """
    x = convert(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = one_axis(axis, x.ndim)
    times = static_shape(repeats)
    if len(times) > 1:
        places = np.repeat(np.arange(x.shape[axis]), times)
        return bind("take", x, Tensor.wrap(places), axis=axis)
    before, after = x.shape[: axis + 1], x.shape[axis + 1 :]
    y = bind("copy", broadcast_to(reshape(x, (*before, 1, *after)), (*before, times[0], *after)))
    return reshape(y, (*before[:-1], before[-1] * times[0], *after))


def flip(x: Any, axis: Any = None) -> Tensor:
    """Back to front.

    Args:
        x: Tensor.
        axis: Along which axes; all by default.
    """
    x = convert(x)
    axes = range(x.ndim) if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
    places = {one_axis(a, x.ndim) for a in axes}
    return x[tuple(slice(None, None, -1) if i in places else slice(None) for i in range(x.ndim))]


def roll(x: Any, shift: Any, axis: Any = None) -> Tensor:
    """Moved on, what leaves at the end coming back at the beginning.

    Args:
        x: Tensor.
        shift: By how many places: one integer, or one for each axis.
        axis: Along which axes; `None` for the flattened array.
    """
    x = convert(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    axes = list(axis) if isinstance(axis, (list, tuple)) else [axis]
    shifts = list(shift) if isinstance(shift, (list, tuple)) else [shift] * len(axes)
    for s, a in zip(shifts, axes, strict=True):
        a = one_axis(a, x.ndim)
        cut = -int(s) % x.shape[a] if x.shape[a] else 0
        if cut:
            head, tail = _pieces(x, [cut], a)
            x = concatenate([tail, head], a)
    return x


def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """Coordinates of a grid's points, a Tensor per axis.

    Args:
        *x: 1-D Tensors: the coordinates along each axis.
        indexing: `"xy"` (the first two axes swapped, as on paper) or `"ij"`.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(explain("meshgrid: bad `indexing`.", got=repr(indexing), expected="'xy' or 'ij'"))
    tensors = [ravel(t) for t in x]
    places = list(range(len(tensors)))
    if indexing == "xy" and len(tensors) > 1:
        places[:2] = 1, 0
    shape = [0] * len(tensors)
    for t, place in zip(tensors, places, strict=True):
        shape[place] = t.size
    return [
        broadcast_to(reshape(t, [t.size if i == place else 1 for i in range(len(tensors))]), shape)
        for t, place in zip(tensors, places, strict=True)
    ]
