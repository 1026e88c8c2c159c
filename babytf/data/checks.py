"""Checks of the arrays given to `fit`, `evaluate` and `predict`, once and before the first step."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from babytf.engine import tree
from babytf.errors import explain

PARTS = ("x", "y", "sample_weight")


def number_of_samples(x: Any, y: Any = None, sample_weight: Any = None) -> int:
    """The length all arrays share.

    Raises:
        ValueError: If lengths differ, or there is no sample, or no array at all.
    """
    lengths = {a.shape[0] for part in (x, y, sample_weight) for a in tree.flatten(part) if a is not None}
    if len(lengths) == 1 and 0 not in lengths:
        return lengths.pop()
    got = ", ".join(
        f"{name} of {' and '.join(str(a.shape[0]) for a in tree.flatten(part) if a is not None)}"
        for name, part in zip(PARTS, (x, y, sample_weight), strict=True)
        if any(a is not None for a in tree.flatten(part))
    )
    if len(lengths) > 1:
        raise ValueError(
            explain(
                "the arrays have different lengths.",
                got=got,
                expected="as many rows in each",
                fix="check where they were sliced or shuffled: row i of each is sample i",
            )
        )
    raise ValueError(
        explain(
            "there are no samples." if lengths else "there is no data.",
            got=got or "x=None",
            expected="at least one row",
            fix="check how the data was read or filtered",
        )
    )


def warn_if_not_finite(named: dict[str, Any]) -> None:
    """Warn once, saying where the first NaN or infinity stands.

    Args:
        named: Nests of arrays by the name a user knows them by.
    """
    for name, part in named.items():
        leaves = tree.flatten(part)
        for i, array in enumerate(leaves):
            if array is None or array.dtype.kind != "f":
                continue
            where = first_not_finite(array)
            if where is not None:
                label = name if len(leaves) == 1 else f"{name}[{i}]"
                index = ", ".join(str(k) for k in where)
                what = "NaN" if np.isnan(array[where]) else "infinity"
                warnings.warn(
                    f"`{label}` holds {what}; the first is at {label}[{index}]. Training goes on and may spread it. "
                    "Find all with np.argwhere(~np.isfinite(array)).",
                    UserWarning,
                    stacklevel=3,
                )
                return


def first_not_finite(array: np.ndarray) -> tuple[int, ...] | None:
    """Index of the first NaN or infinity, or `None`. One pass over memory when there is none."""
    with np.errstate(all="ignore"):
        if np.isfinite(array.sum()):
            return None
    for i, row in enumerate(array):
        bad = ~np.isfinite(row)
        if bad.any():
            return (i, *(int(k) for k in np.unravel_index(int(bad.argmax()), row.shape)))
    return None
