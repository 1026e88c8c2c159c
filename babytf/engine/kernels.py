"""Computations that take more than a few NumPy calls, written into arrays that exist already.

Rows name these functions in their source (`kernels.select(…)`); they know nothing of tensors.
"""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from babytf.errors import explain
from babytf.lazy import later

if TYPE_CHECKING:
    from babytf.engine.ctc_kernels import ctc_alignment, ctc_covariance, ctc_loss  # noqa: F401
    from babytf.engine.gru_kernels import gru, gru_gradient  # noqa: F401
    from babytf.engine.lstm_kernels import lstm, lstm_gradient  # noqa: F401
    from babytf.engine.simple_rnn_kernels import simple_rnn, simple_rnn_gradient  # noqa: F401

later(
    __name__,
    {
        "babytf.engine.ctc_kernels": "ctc_alignment ctc_covariance ctc_loss",
        "babytf.engine.gru_kernels": "gru gru_gradient",
        "babytf.engine.lstm_kernels": "lstm lstm_gradient",
        "babytf.engine.simple_rnn_kernels": "simple_rnn simple_rnn_gradient",
    },
)


COMPILED = ("lstm", "lstm_gradient", "gru", "gru_gradient", "simple_rnn", "add_at")
"""What `compiled_kernels.py` compiles."""


def differs(source: str) -> bool:
    """Whether a row's source calls something that rounds differently when compiled."""
    return any(f"kernels.{name}(" in source for name in COMPILED)


class _Array:
    def __repr__(self) -> str:
        return "kernels.ARRAY"


ARRAY = _Array()
"""Stands in a key where the next array of indices goes."""


# --- choosing


def select(condition: np.ndarray, a: np.ndarray, b: np.ndarray, mask: np.ndarray, out: np.ndarray) -> None:
    """`a` where the condition holds, `b` elsewhere; `out` may be any of the inputs.

    On the bits: `b ^ ((a ^ b) & mask)` with a mask of all ones or all zeros. `np.where` guesses which
    way each element goes, and is ten times slower where it guesses wrong.
    """
    if out.size < 64:
        np.copyto(out, np.where(condition, a, b))
        return
    bits = mask.dtype
    np.copyto(mask, condition)
    np.negative(mask, out=mask)
    a_bits, b_bits, out_bits = a.view(bits), b.view(bits), out.view(bits)
    if a.ndim == 0 and not a.any() and not np.signbit(a):  # 0 where the condition holds
        np.invert(mask, out=mask)
        np.bitwise_and(b_bits, mask, out=out_bits)
    elif b.ndim == 0 and not b.any() and not np.signbit(b):
        np.bitwise_and(a_bits, mask, out=out_bits)
    else:
        np.bitwise_and(mask, np.bitwise_xor(a_bits, b_bits), out=mask)
        np.bitwise_xor(b_bits, mask, out=out_bits)


# --- the error function


def _ratio(x: np.ndarray, top: tuple[float, ...], bottom: tuple[float, ...]) -> np.ndarray:
    """A quotient of two polynomials, their coefficients from the highest power down."""
    y = _polynomial(x, top)
    y /= _polynomial(x, bottom)
    return y


def _polynomial(x: np.ndarray, coefficients: tuple[float, ...]) -> np.ndarray:
    total = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        total *= x
        total += x.dtype.type(c)
    return total


# The coefficients of W. J. Cody, "Rational Chebyshev approximations for the error function",
# Mathematics of Computation 23 (1969): for |x| <= 0.46875, up to 4, and beyond.
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_MIDDLE = (
    (
        2.15311535474403846e-8,
        5.64188496988670089e-1,
        8.88314979438837594,
        6.61191906371416295e1,
        2.98635138197400131e2,
        8.81952221241769090e2,
        1.71204761263407058e3,
        2.05107837782607147e3,
        1.23033935479799725e3,
    ),
    (
        1.0,
        1.57449261107098347e1,
        1.17693950891312499e2,
        5.37181101862009858e2,
        1.62138957456669019e3,
        3.29079923573345963e3,
        4.36261909014324716e3,
        3.43936767414372164e3,
        1.23033935480374942e3,
    ),
)
_LARGE = (
    (
        -1.63153871373020978e-2,
        -3.05326634961232344e-1,
        -3.60344899949804439e-1,
        -1.25781726111229246e-1,
        -1.60837851487422766e-2,
        -6.58749161529837803e-4,
    ),
    (
        1.0,
        2.56852019228982242,
        1.87295284992346047,
        5.27905102951428412e-1,
        6.05183413124413191e-2,
        2.33520497626869185e-3,
    ),
)


# For single precision: erf(x) = x P(x^2) / Q(x^2) up to 3.95, where erf is 1 to its last bit. Fitted to the
# relative error by reweighted least squares; off by 2e-8 at most, less than rounding is.
_SINGLE = (
    (2.0258766e-6, 2.8468673e-4, 3.8082031e-3, 5.2875590e-2, 1.9155153e-1, 1.1283791),
    (3.7831417e-5, 1.1707318e-3, 1.5055183e-2, 1.1456011e-1, 5.0309080e-1, 1.0),
)


def erf(x: np.ndarray, out: np.ndarray) -> None:
    """The error function, to the rounding of its dtype; `out` may be `x`."""
    if out.dtype == np.float64:
        _erf_double(x, out)
        return
    if not (x.flags.c_contiguous and out.flags.c_contiguous):
        _erf_single(x, out)
        return
    x, out = x.reshape(-1), out.reshape(-1)
    for i in range(0, x.size, 16384):  # short enough for its many steps to stay in the nearest cache
        _erf_single(x[i : i + 16384], out[i : i + 16384])


def _erf_single(x: np.ndarray, out: np.ndarray) -> None:
    t = np.clip(x.astype(np.float32), np.float32(-3.95), np.float32(3.95))
    t *= _ratio(t * t, *_SINGLE)
    np.clip(t, np.float32(-1), np.float32(1), out=t)
    np.copyto(out, t, casting="same_kind")


def _erf_double(work: np.ndarray, out: np.ndarray) -> None:
    size = np.abs(work)
    result = np.empty_like(work)
    small, large = size <= 0.46875, size > 4.0
    middle = ~(small | large)
    t = work[small]
    result[small] = t * _ratio(t * t, *_SMALL)
    t = size[middle]
    result[middle] = 1.0 - np.exp(-t * t) * _ratio(t, *_MIDDLE)
    t = np.minimum(size[large], 6.0)  # erf(6) is 1 in double precision
    u = 1.0 / (t * t)
    result[large] = 1.0 - np.exp(-t * t) / t * (1.0 / np.sqrt(np.pi) + u * _ratio(u, *_LARGE))
    np.copysign(result, work, out=out)


# --- indices


def _all_below(indices: np.ndarray, size: int) -> bool:
    """Whether all are in `[0, size)`, in one look: as unsigned numbers, negative ones are huge."""
    if indices.size == 0:
        return True
    unsigned = indices.view(f"u{indices.itemsize}")
    return bool(unsigned.item(unsigned.argmax()) < size)


def checked(indices: np.ndarray, size: int, what: str) -> bool:
    """Whether some indices are negative; raises if one is out of range."""
    if _all_below(indices, size):
        return False
    low, high = indices.min(), indices.max()
    if high >= size or low < -size:
        bad = high if high >= size else low
        raise IndexError(
            explain(
                f"{what}: index {bad} is out of range for an axis of size {size}.",
                got=f"indices from {low} to {high}",
                expected=f"indices from {-size} to {size - 1}",
                fix="check the labels or ids; they count from 0",
            )
        )
    return bool(low < 0)


def take(x: np.ndarray, indices: np.ndarray, axis: int, out: np.ndarray) -> None:
    """`out[..., i, ...] = x[..., indices[i], ...]`."""
    # mode "raise" would go through a copy
    np.take(x, indices, axis=axis, out=out, mode="wrap" if checked(indices, x.shape[axis], "take") else "clip")


def add_at(x: np.ndarray, indices: np.ndarray, axis: int, out: np.ndarray) -> None:
    """`out[..., indices[i], ...] += x[..., i, ...]`, from zero."""
    size = out.shape[axis]
    flat = indices.reshape(-1)
    if checked(flat, size, "adding at indices"):
        flat = flat % size
    out.fill(0)
    rest = x.shape[axis + indices.ndim :]
    x = x.reshape(*x.shape[:axis], flat.size, *rest)
    x, target = np.moveaxis(x, axis, 0), np.moveaxis(out, axis, 0)
    _add_rows(x, flat, target)


def _add_rows(x: np.ndarray, rows: np.ndarray, target: np.ndarray) -> None:
    """`target[rows[i]] += x[i]`, for a target of zeros.

    Where few rows share a target, one row of each target is assigned; the others are added, one of each target at a
    time. Otherwise sorting brings the rows of one target together. Then the first row of every target is added at
    once, the second of every target that has one, and so on; targets with many rows are summed one by one.
    """
    if rows.size == 0:
        return
    if target.ndim == 1 or target[0].size < 4:
        np.add.at(target, rows, x)
        return
    every = np.arange(rows.size)
    last = np.empty(len(target), np.intp)
    last[rows] = every  # of each target, one of its rows
    chosen = last[rows] == every
    left = np.flatnonzero(~chosen)
    if left.size < rows.size // 4 and (left.size == 0 or np.bincount(rows[left]).max() < 16):
        target[rows[chosen]] = x[chosen]
        while left.size:
            last[rows[left]] = left
            chosen = last[rows[left]] == left
            some = left[chosen]
            target[rows[some]] += x[some]
            left = left[~chosen]
        return
    order = np.argsort(rows, kind="stable")
    sorted_rows = rows[order]
    starts = np.flatnonzero(np.concatenate(([True], sorted_rows[1:] != sorted_rows[:-1])))
    counts = np.diff(np.append(starts, rows.size))
    by_count = np.argsort(-counts, kind="stable")  # so that those with a second, third, … row come first
    starts, counts = starts[by_count], counts[by_count]
    places = sorted_rows[starts]
    many = int(np.searchsorted(-counts, -16))  # how many have more than 16
    for place, start, count in zip(places[:many], starts[:many], counts[:many], strict=True):
        target[place] = np.add.reduce(x[order[start : start + count]], axis=0)
    places, starts, counts = places[many:], starts[many:], counts[many:]
    if places.size:
        target[places] = x[order[starts]]
        for turn in range(1, int(counts[0])):
            n = int(np.searchsorted(-counts, -turn))
            target[places[:n]] += x[order[starts[:n] + turn]]


def _grid(indices: np.ndarray, axis: int, size: int, what: str) -> tuple[Any, ...]:
    """The whole index of `indices` along one axis: a counter for each other axis."""
    checked(indices, size, what)
    grid: list[Any] = []
    for i, n in enumerate(indices.shape):
        grid.append(indices if i == axis else np.arange(n).reshape([n if j == i else 1 for j in range(indices.ndim)]))
    return tuple(grid)


def take_along_axis(x: np.ndarray, indices: np.ndarray, axis: int, out: np.ndarray) -> None:
    """One element of `x` for each index."""
    out[...] = x[_grid(indices, axis, x.shape[axis], "take_along_axis")]


def add_along_axis(x: np.ndarray, indices: np.ndarray, axis: int, out: np.ndarray) -> None:
    """Add each element at its index, from zero."""
    out.fill(0)
    np.add.at(out, _grid(indices, axis, out.shape[axis], "adding along an axis"), x)


@functools.lru_cache(maxsize=64)
def _row_starts(rows: tuple[int, ...], columns: int) -> np.ndarray:
    starts = (np.arange(math.prod(rows)) * columns).reshape(rows)
    starts.flags.writeable = False
    return starts


def pick(x: np.ndarray, labels: np.ndarray, places: np.ndarray, out: np.ndarray) -> None:
    """`out[i] = x[i, labels[i]]`, along the last axis; `places` is filled with where that is in the flat array."""
    _check_labels(labels, x.shape[-1])
    np.add(_row_starts(labels.shape, x.shape[-1]), labels, out=places, casting="unsafe")
    x.take(places, out=out, mode="clip")


def subtract_one(x: np.ndarray, labels: np.ndarray, places: np.ndarray) -> None:
    """`x[i, labels[i]] -= 1`, along the last axis of an array in plain order."""
    np.add(_row_starts(labels.shape, x.shape[-1]), labels, out=places, casting="unsafe")
    x.reshape(-1)[places] -= 1


def put(values: np.ndarray, labels: np.ndarray, places: np.ndarray, out: np.ndarray) -> None:
    """`out[i, labels[i]] = values[i]`, along the last axis of an array in plain order."""
    np.add(_row_starts(labels.shape, out.shape[-1]), labels, out=places, casting="unsafe")
    out.put(places, values)


def _check_labels(labels: np.ndarray, classes: int) -> None:
    if _all_below(labels, classes):
        return
    low, high = labels.min(), labels.max()
    raise ValueError(
        explain(
            f"label {low if low < 0 else high} is out of range.",
            got=f"labels from {low} to {high}, for {classes} classes",
            expected=f"integers from 0 to {classes - 1}",
            fix=f"give the last layer {high + 1} units, or count the labels from 0",
        )
    )


def _full_key(key: tuple[Any, ...], indices: tuple[np.ndarray, ...]) -> tuple[Any, ...]:
    arrays = iter(indices)
    return tuple(next(arrays) if part is ARRAY else part for part in key)


def gather(xs: tuple[np.ndarray, ...], key: tuple[Any, ...], out: np.ndarray) -> None:
    """`x[key]`."""
    out[...] = xs[0][_full_key(key, xs[1:])]


def scatter_add(xs: tuple[np.ndarray, ...], key: tuple[Any, ...], out: np.ndarray) -> None:
    """`out[key] += x`, from zero; each of equal indices counts."""
    out.fill(0)
    if len(xs) == 2 and key and key[0] is ARRAY and all(part == slice(None) for part in key[1:]):
        rows = xs[1].reshape(-1)
        _add_rows(xs[0].reshape(rows.size, *out.shape[1:]), rows % out.shape[0], out)
        return
    np.add.at(out, _full_key(key, xs[1:]), xs[0])


_UPDATES: dict[str, Any] = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def scatter_update(xs: tuple[np.ndarray, ...], key: tuple[Any, ...], how: str, out: np.ndarray) -> None:
    """A copy of `x` in which `x[key]` is set to, or combined with, the updates."""
    x, updates, *indices = xs
    where = _full_key(key, tuple(indices))
    np.copyto(out, x)
    if how == "set":
        out[where] = updates
    else:
        _UPDATES[how].at(out, where, updates)


# --- order


def top_k_indices(x: np.ndarray, k: int, out: np.ndarray) -> None:
    """Where the `k` largest of the last axis are, largest first; of equal ones, the first."""
    backwards = np.argsort(x[..., ::-1], axis=-1, kind="stable")  # ascending, later ones first
    out[...] = x.shape[-1] - 1 - backwards[..., : -k - 1 : -1]


def sums_above(x: np.ndarray, positive: np.ndarray, weight: np.ndarray, edges: np.ndarray, out: np.ndarray) -> None:
    """`out[c, t]` is the sum of the weights where `positive == c` and `x > edges[t]`; `out[c, -1]` that of all `c`.

    Each entry goes into the cell that says how many of the ascending edges it does not exceed (all of them, for NaN);
    running sums over the cells are the result, read backwards.
    """
    steps, columns = edges.size, x.shape[1]
    cells = np.searchsorted(-edges[::-1], -x, side="right") + positive * (steps + 1)
    cells = (cells * columns + np.arange(columns)).reshape(-1)
    weights = np.broadcast_to(weight, x.shape).reshape(-1)
    sums = np.bincount(cells, weights, minlength=out.size).reshape(out.shape)
    np.cumsum(sums, axis=1, out=sums)
    out[:, :steps] = sums[:, steps - 1 :: -1]
    out[:, steps] = sums[:, steps]


# --- running sums


def recurrence(a: np.ndarray, b: np.ndarray, axis: int, out: np.ndarray) -> None:
    """`out_i = a_i out_{i-1} + b_i` along one axis, from zero."""
    a, b, h = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0), np.moveaxis(out, axis, 0)
    for i in range(len(h)):
        if i == 0:
            h[0] = b[0]
        else:
            np.multiply(a[i], h[i - 1], out=h[i, ...])
            h[i] += b[i]


# --- random draws


def truncated_normal(generator: np.random.Generator, out: np.ndarray) -> None:
    """Standard normal numbers, those further than 2 from the mean drawn again."""
    dtype = np.float64 if out.dtype == np.float64 else np.float32
    drawn = generator.standard_normal(out.size, dtype=dtype)
    outside = np.flatnonzero(np.abs(drawn) > 2)
    while outside.size:
        drawn[outside] = generator.standard_normal(outside.size, dtype=dtype)
        outside = outside[np.abs(drawn[outside]) > 2]
    out[...] = drawn.reshape(out.shape)


def kept(generator: np.random.Generator, keep: float, shape: tuple[int, ...]) -> np.ndarray:
    """True with probability `keep`, from 16 random bits an element (32 for rates below 1 %)."""
    size = int(np.prod(shape))
    bits = 16 if 0.01 <= keep <= 0.99 else 32
    words = generator.bit_generator.random_raw(-(-size * bits // 64))
    numbers = words.view(f"u{bits // 8}")[:size].reshape(shape)
    return np.asarray(np.less(numbers, round(keep * 2**bits)))
