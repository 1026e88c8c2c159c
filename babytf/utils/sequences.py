"""Sequences of different lengths as one array."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check
from babytf.errors import ShapeError, explain


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences as the rows of one array: short ones filled up, long ones cut.

    Args:
        sequences: A list of sequences, each of numbers, or of arrays of one shape.
        maxlen: Length of the rows; `None` means that of the longest sequence.
        dtype: Dtype of the array; `object` for strings.
        padding: Whether what is filled up stands before (`"pre"`) or after (`"post"`) the sequence.
        truncating: Whether a long sequence loses its beginning (`"pre"`) or its end (`"post"`).
        value: What to fill up with.

    Returns:
        An array `(sequences, maxlen, ...)`.

    Raises:
        ValueError: If an argument is none of these, or `sequences` is no list of sequences.
        ShapeError: If the parts of the sequences differ in shape.

    Example:
        >>> pad_sequences([[1, 2, 3], [4]])
        array([[1, 2, 3],
               [0, 0, 4]], dtype=int32)
    """
    who = "pad_sequences"
    check.one_of(who, ("pre", "post"), padding=padding)
    check.one_of(who, ("pre", "post"), truncating=truncating)
    wrong = sequences if not hasattr(sequences, "__len__") else next((s for s in sequences if np.ndim(s) == 0), None)
    if wrong is not None:
        raise ValueError(
            explain(
                "pad_sequences takes a list of sequences.",
                got=f"{wrong!r} among them" if wrong is not sequences else repr(wrong)[:80],
                expected="a list of lists or arrays",
                fix="[[1, 2, 3], [4]]",
            )
        )
    kind = np.dtype(dtype)
    if isinstance(value, str) and kind.kind not in "OUS":
        raise ValueError(
            explain("pad_sequences: `value` does not fit `dtype`.", got=f"{value!r} for {kind}", fix="dtype=object")
        )
    if maxlen is None:
        maxlen = max(map(len, sequences), default=0)
    maxlen = check.non_negative_int(who, maxlen=maxlen)
    shape = next((np.asarray(s).shape[1:] for s in sequences if len(s)), ())
    rows = np.full((len(sequences), maxlen, *shape), value, dtype=kind)
    for i, sequence in enumerate(sequences):
        kept = sequence[max(0, len(sequence) - maxlen) :] if truncating == "pre" else sequence[:maxlen]
        if not len(kept):
            continue
        kept = np.asarray(kept, dtype=kind)
        if kept.shape[1:] != shape:
            raise ShapeError(
                explain(
                    f"pad_sequences: the parts of sequence {i} are of another shape than those before it.",
                    got=f"shape {kept.shape[1:]}",
                    expected=f"shape {shape}",
                )
            )
        rows[(i, slice(None, len(kept)) if padding == "post" else slice(maxlen - len(kept), None))] = kept
    return rows
