"""Records what Keras computes for the calls in `tests/ops/calls.py`, and the dtypes it promotes to.

Run at the repository's root where Keras 3.15 is installed: values with JAX, dtypes with TensorFlow (JAX has no
64-bit types unless asked):

    KERAS_BACKEND=jax python -m tests.record.ops values
    KERAS_BACKEND=tensorflow python -m tests.record.ops dtypes

Writes `tests/data/recorded/ops_values.npz` and `ops_dtypes.json`, which the tests read.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np

from tests.ops.calls import calls

OUT = Path(__file__).parents[1] / "data" / "recorded"
DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64")
NUMBERS = {"True": True, "2": 2, "2.5": 2.5}
UNARY = (
    "exp sqrt floor ceil abs sum prod mean var max cumsum cumprod argmax square sign negative relu softmax logsumexp "
    "count_nonzero any sort argsort norm isnan trunc reciprocal median std"
).split()
BINARY = ("add", "divide", "maximum", "equal", "floor_divide", "power")


def record_values() -> None:
    found = {}
    for label, name, args, kwargs in calls():
        args = [keras.ops.convert_to_tensor(a) if isinstance(a, np.ndarray) else a for a in args]
        result = getattr(keras.ops, name)(*args, **kwargs)
        for i, part in enumerate(result if isinstance(result, (list, tuple)) else [result]):
            found[f"{label}-{i}"] = np.asarray(keras.ops.convert_to_numpy(part))
    np.savez_compressed(OUT / "ops_values.npz", **found)


def record_dtypes() -> None:
    found: dict[str, str | None] = {}

    def note(label: str, name: str, *args: object) -> None:
        try:
            found[label] = keras.backend.standardize_dtype(getattr(keras.ops, name)(*args).dtype)
        except Exception:  # what Keras refuses is not asked for
            return

    for a in DTYPES:
        x = keras.ops.ones((2,), a)
        for name in UNARY:
            note(f"{name} {a}", name, x)
        for name in BINARY:
            for b in DTYPES:
                note(f"{name} {a} {b}", name, x, keras.ops.ones((2,), b))
            for text, number in NUMBERS.items():
                note(f"{name} {a} {text}", name, x, number)
    (OUT / "ops_dtypes.json").write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    OUT.mkdir(parents=True, exist_ok=True)
    {"values": record_values, "dtypes": record_dtypes}[sys.argv[1]]()
