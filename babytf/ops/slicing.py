"""Blocks of an array. Next: `sorting.py`."""

from __future__ import annotations

import builtins
from typing import Any

from babytf.engine.primitives.key import Places
from babytf.engine.tensor import Tensor, bind, convert
from babytf.ops.operands import static_shape, to_dtype


def slice(inputs: Any, start_indices: Any, shape: Any) -> Tensor:
    """The block of a given shape that begins at `start_indices`.

    Args:
        inputs: Tensor.
        start_indices: Where it begins on each axis.
        shape: Its size on each axis; -1 reaches to the end.
    """
    x = convert(inputs)
    starts, sizes = static_shape(start_indices), static_shape(shape)
    stops = [n if size == -1 else start + size for start, size, n in zip(starts, sizes, x.shape, strict=True)]
    return x[tuple(builtins.slice(a, b) for a, b in zip(starts, stops, strict=True))]


def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """A copy of `inputs` in which the block that begins at `start_indices` is `updates`.

    Args:
        inputs: Tensor.
        start_indices: Where the block begins on each axis.
        updates: Tensor: the block.
    """
    x = convert(inputs)
    updates = to_dtype(updates, x.dtype)
    starts = static_shape(start_indices)
    places = Places(builtins.slice(s, s + n) for s, n in zip(starts, updates.shape, strict=True))
    return bind("scatter_update", x, updates, key=places, how="set")
