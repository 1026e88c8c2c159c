"""What a model takes as an array, and how it becomes one.

Floats of another width become `floatx`, as in Keras; integers, booleans and bytes stay what they are.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import config
from babytf.engine import tree
from babytf.errors import DTypeError, explain

MEANT_TO_BE_A_NUMBER = (bool, int, float, complex, str, bytes, np.generic)


def is_array_like(value: Any) -> bool:
    """Whether a leaf of `x`, `y` or `sample_weight` is an array: NumPy, a Tensor, pandas, another library's."""
    return value is None or isinstance(value, np.ndarray) or _has_array(value)


def _has_array(value: Any) -> bool:
    return hasattr(value, "__array__") and not isinstance(value, (type, np.generic))


def to_array(value: Any, label: str) -> np.ndarray:
    """One array-like as a plain NumPy array of a dtype that layers compute with.

    Args:
        value: The array-like.
        label: What to call it in an error, for example `"x[0]"`.

    Returns:
        The array itself if nothing has to change, else a converted copy. Native byte order.

    Raises:
        DTypeError: If it holds text, objects, complex numbers or times.
        ValueError: If it has no axis, or is no array.
    """
    array = value if type(value) is np.ndarray else _unwrap(value, label)
    dtype = array.dtype
    if dtype.kind == "f":
        if dtype != config.floatx():
            array = array.astype(config.floatx())
    elif dtype.kind not in "iub":
        raise _no_numbers(array, label)
    elif not dtype.isnative:
        array = array.astype(dtype.newbyteorder("="))
    if array.ndim == 0:
        raise ValueError(
            explain(
                f"`{label}` has no axis of samples.",
                got=f"a single number, {array}",
                expected="one row per sample",
                fix="np.array([value]) makes it one sample",
            )
        )
    return array


def to_arrays(data: Any, label: str) -> Any:
    """Every leaf of a nest through `to_array`; `None` stays `None`."""
    if type(data) is np.ndarray:
        return to_array(data, label)
    leaves = tree.flatten(data)
    for leaf in leaves:
        if isinstance(leaf, (bool, int, float, complex, str, bytes)):
            raise not_an_array(leaf, label)
    if len(leaves) == 1:
        return tree.unflatten(data, [_leaf(leaves[0], label)])
    return tree.unflatten(data, [_leaf(leaf, f"{label}[{i}]") for i, leaf in enumerate(leaves)])


def _leaf(value: Any, label: str) -> Any:
    return None if value is None else to_array(value, label)


def _unwrap(value: Any, label: str) -> np.ndarray:
    if hasattr(value, "to_numpy"):  # pandas, polars
        array = value.to_numpy()
        if array.ndim == 1 and hasattr(value, "iloc"):
            array = array[:, np.newaxis]  # a column, as Keras takes a Series
        return np.asarray(array)
    if hasattr(value, "toarray") and hasattr(value, "tocsr"):  # SciPy's sparse matrices have no __array__
        return np.asarray(value.toarray())
    if not isinstance(value, (np.ndarray, np.generic)) and not _has_array(value):
        raise not_an_array(value, label)
    return np.asarray(value)


def not_an_array(value: Any, label: str) -> ValueError:
    """The error for `x=[[1, 2], [3, 4]]` and the like: a list means several inputs."""
    if isinstance(value, MEANT_TO_BE_A_NUMBER):
        got = f"a list holding {value!r}" if not isinstance(value, np.generic) else repr(value)
        fix = "pass np.array(...) of it; a list means several inputs, each an array"
    else:
        got, fix = f"{type(value).__name__}", "pass a NumPy array, or an iterable of batches (x, y)"
    return ValueError(
        explain(f"`{label}` is no array.", got=got, expected="an array, or a list, tuple or dict of arrays", fix=fix)
    )


def _no_numbers(array: np.ndarray, label: str) -> DTypeError:
    kind = array.dtype.kind
    if kind == "O":
        first = next(iter(array.ravel()), None)
        if isinstance(first, (list, tuple, np.ndarray)):
            got, fix = (
                f"rows of different lengths ({label} is an array of {type(first).__name__})",
                "pad all to one length",
            )
        else:
            got, fix = (
                f"dtype object, first value {first!r}",
                "array.astype('float32'), after encoding what is no number",
            )
    elif kind in "UST":
        got, fix = f"text, dtype {array.dtype}", "turn text into numbers first: one integer per word or category"
    elif kind == "c":
        got, fix = f"dtype {array.dtype}", "pass real and imaginary parts as two features"
    else:
        got, fix = f"dtype {array.dtype}", "turn it into numbers: (t - t[0]) / np.timedelta64(1, 's')"
    return DTypeError(
        explain(f"`{label}` holds no real numbers.", got=got, expected="floats, integers or booleans", fix=fix)
    )
