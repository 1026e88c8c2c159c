"""Records what real Keras 3 does with its small vocabulary, into tests/data/recorded/vocabulary.json.

Configurations and values of initializers, regularizers and constraints, the names `get` knows, dtypes of results,
nests, padded sequences, split data sets and windows over time series.

Run with a Python that has Keras and TensorFlow, whose data sets are recorded:
KERAS_BACKEND=tensorflow python tests/record/vocabulary.py
`CASES` and the functions below take the module to use, so that the tests run the same code with babytf.
"""

from __future__ import annotations

import collections
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parent.parent / "data" / "recorded" / "vocabulary.json"

_FANS = {"seed": 3, "input_axes": [0], "output_axes": [1]}
# (module, class, arguments); together the arguments of a class all have values that are not the default
CASES: list[tuple[str, str, dict[str, Any]]] = [
    ("initializers", "Zeros", {}),
    ("initializers", "Ones", {}),
    ("initializers", "Constant", {"value": 0.25}),
    ("initializers", "Identity", {"gain": 0.5}),
    ("initializers", "RandomNormal", {"mean": 0.125, "stddev": 0.25, "seed": 3}),
    ("initializers", "TruncatedNormal", {"mean": 0.125, "stddev": 0.25, "seed": 3}),
    ("initializers", "RandomUniform", {"minval": 0.125, "maxval": 0.25, "seed": 3}),
    ("initializers", "Orthogonal", {"gain": 0.5, "seed": 3}),
    (
        "initializers",
        "VarianceScaling",
        {"scale": 0.5, "mode": "fan_out", "distribution": "uniform", **_FANS},
    ),
    ("initializers", "GlorotUniform", _FANS),
    ("initializers", "GlorotNormal", _FANS),
    ("initializers", "HeUniform", _FANS),
    ("initializers", "HeNormal", _FANS),
    ("initializers", "LecunUniform", _FANS),
    ("initializers", "LecunNormal", _FANS),
    ("initializers", "STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True}),
    ("initializers", "STFT", {"window": None, "scaling": None}),
    ("regularizers", "L1", {"l1": 0.25}),
    ("regularizers", "L2", {"l2": 0.25}),
    ("regularizers", "L1L2", {"l1": 0.25, "l2": 0.5}),
    ("regularizers", "OrthogonalRegularizer", {"factor": 0.25, "mode": "columns"}),
    ("constraints", "MaxNorm", {"max_value": 3, "axis": [0, 1]}),
    ("constraints", "MinMaxNorm", {"min_value": 0.25, "max_value": 0.75, "rate": 0.5, "axis": 1}),
    ("constraints", "NonNeg", {}),
    ("constraints", "UnitNorm", {"axis": 1}),
    ("dtype_policies", "DTypePolicy", {"name": "mixed_float16"}),
    ("random", "SeedGenerator", {"seed": 3, "name": "s"}),
]

FAMILIES = ("activations", "constraints", "initializers", "regularizers")
DTYPES = ["bool", "uint8", "uint16", "uint32", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
KERNELS: list[tuple[dict[str, Any], tuple[int, int, int]]] = [
    ({}, (8, 1, 5)),
    ({"side": "imag", "scaling": "spectrum"}, (6, 1, 9)),
    ({"window": "blackman", "periodic": True}, (7, 1, 4)),
    ({"window": [0.5, 1.0, -0.5, 0.25], "scaling": "spectrum"}, (4, 1, 3)),
    ({"window": None}, (4, 1, 3)),
]
PADDED: list[tuple[Any, dict[str, Any]]] = [
    ([[1, 2, 3], [4]], {}),
    ([[1, 2, 3], [4]], {"maxlen": 2, "dtype": "float32", "padding": "post", "truncating": "post", "value": -1.5}),
    ([[1, 2, 3], [], [4]], {"maxlen": 5, "padding": "post"}),
    ([[[1, 2]], [[1, 2], [3, 4]]], {"value": 9}),
    ([], {"maxlen": 3}),
    ([[1.75, 2.25]], {}),
]
SPLITS: list[dict[str, Any]] = [
    {"left_size": 0.75},
    {"left_size": 3, "right_size": 2},
    {"right_size": 0.3, "left_size": 0.5},
    {"right_size": 4, "shuffle": True, "seed": 7},
]
WINDOWS: list[tuple[bool, dict[str, Any]]] = [
    (True, {"sequence_length": 3}),
    (False, {"sequence_length": 3, "sequence_stride": 2, "sampling_rate": 2, "batch_size": 2}),
    (True, {"sequence_length": 2, "start_index": 3, "end_index": 10, "batch_size": 4}),
    (True, {"sequence_length": 4, "batch_size": None, "sequence_stride": 5}),
]

Pair = collections.namedtuple("Pair", "a b")
NESTS: list[Any] = [
    1,
    None,
    (),
    {},
    (1, [2, {"b": 3, "a": 4}]),
    collections.OrderedDict([("b", 1), ("a", (2, 3))]),
    collections.deque([1, [2]], maxlen=4),
    Pair(1, (2, None)),
    {"b": [(1, 2), [3]], "a": None},
    [(2, None), (3,)],
    {"b": 5, "a": [6, 7]},
]


def config(keras: Any, module: str, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    made = getattr(getattr(keras, module), name)(**arguments)
    return keras.utils.serialize_keras_object(made)


def matrix() -> np.ndarray:
    return np.random.default_rng(5).normal(size=(3, 4)).astype("float32")


def values(keras: Any) -> list[list[float]]:
    """What regularizers and constraints of `CASES` make of a matrix."""
    found = []
    for module, name, arguments in CASES:
        if module in ("regularizers", "constraints"):
            y = getattr(getattr(keras, module), name)(**arguments)(keras.ops.convert_to_tensor(matrix()))
            found.append(np.asarray(y).ravel().tolist())
    return found


def kernels(keras: Any) -> list[list[float]]:
    return [np.asarray(keras.initializers.STFT(**kw)(shape)).ravel().tolist() for kw, shape in KERNELS]


def result_types(keras: Any) -> dict[str, str]:
    names = {str(t): t for t in DTYPES} | {"Python int": int, "Python float": float}
    return {
        f"{a}, {b}": keras.backend.result_type(names[a], names[b])
        for a, b in itertools.combinations_with_replacement(names, 2)
    }


def padded(keras: Any) -> list[Any]:
    found = [keras.utils.pad_sequences(sequences, **kw) for sequences, kw in PADDED]
    return [[array.dtype.name, list(array.shape), array.ravel().tolist()] for array in found]


def series() -> tuple[np.ndarray, np.ndarray]:
    return np.arange(24, dtype="float32").reshape(12, 2), np.arange(12, dtype="int32") * 10


def windows(keras: Any) -> list[Any]:
    data, targets = series()
    found = []
    for with_targets, kw in WINDOWS:
        dataset = keras.utils.timeseries_dataset_from_array(data, targets if with_targets else None, **kw)
        found.append([[np.asarray(p).tolist() for p in (b if with_targets else (b,))] for b in dataset])
    return found


def splits(keras: Any, samples: Any) -> list[Any]:
    """The rows of both parts; `samples` turns a part into pairs of rows."""
    x, y = series()
    return [[samples(part) for part in keras.utils.split_dataset([x, y], **kw)] for kw in SPLITS]


def nests(tree: Any) -> list[str]:
    """What the functions of `tree` do with nests, as text."""

    def attempt(function: Any, *args: Any, **kwargs: Any) -> str:
        try:
            return repr(function(*args, **kwargs))
        except (TypeError, ValueError) as error:
            return next(kind.__name__ for kind in (ValueError, TypeError) if isinstance(error, kind))

    def pair(node: Any) -> Any:
        return ("two", node) if isinstance(node, (list, tuple)) and len(node) == 2 else None

    found = []
    for nest in NESTS:
        leaves = len(tree.flatten(nest))
        found += [
            attempt(tree.is_nested, nest),
            attempt(tree.flatten_with_path, nest),
            attempt(tree.map_structure, lambda v: [v], nest),
            attempt(tree.map_structure, lambda v: [v], nest, none_is_leaf=False),
            attempt(tree.lists_to_tuples, nest),
            attempt(tree.map_shape_structure, lambda v: ["shape", v], nest),
            attempt(tree.pack_sequence_as, nest, range(leaves)),
            attempt(tree.pack_sequence_as, nest, range(leaves + 1)),
            attempt(tree.pack_sequence_as, nest, 5),
            attempt(tree.traverse, pair, nest),
            attempt(tree.traverse, pair, nest, top_down=False),
            attempt(tree.traverse, lambda n: tree.MAP_TO_NONE if n == 2 else None, nest),
        ]
        for other in NESTS:
            found += [
                attempt(tree.assert_same_structure, nest, other),
                attempt(tree.assert_same_paths, nest, other),
                attempt(tree.map_structure, lambda a, b: (a, b), nest, other),
            ]
            if None not in tree.flatten(nest):  # where the documentation of Keras and what it does differ
                found.append(attempt(tree.map_structure_up_to, nest, lambda v: ["up", v], other))
    return found


def main() -> None:
    import keras
    from keras.src import activations, constraints, initializers, regularizers

    known = (activations, constraints, initializers, regularizers)
    recorded = {
        "keras": keras.__version__,
        "configs": [config(keras, *case) for case in CASES],
        "names": {family: sorted(module.ALL_OBJECTS_DICT) for family, module in zip(FAMILIES, known, strict=True)},
        "values": values(keras),
        "kernels": kernels(keras),
        "result_types": result_types(keras),
        "padded": padded(keras),
        "windows": windows(keras),
        "splits": splits(keras, lambda part: [[np.asarray(p).tolist() for p in row] for row in part]),
        "nests": nests(keras.tree),
    }
    lines = ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in recorded.items())
    OUT.write_text("{\n" + lines + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
