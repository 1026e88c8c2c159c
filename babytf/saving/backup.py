"""Backups of a running `fit`: plain values and arrays in one file, which is there whole or not at all.

A backup is a zip of `state.json` and `arrays.h5`. Like a model file it is data: nothing in it is run.
What is put into one is gathered in `models/run.py`.
"""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from babytf.errors import explain
from babytf.saving.archive import Archive, write_zip
from babytf.saving.atomic import write_atomically
from babytf.saving.hdf5 import H5Reader, write_h5

FORMAT = "babytf backup 1"
STATE, ARRAYS, GROUP = "state.json", "arrays.h5", "arrays"


def write_backup(path: str, state: Any) -> None:
    """Write a backup; one that is there stays until the new one is on the disk.

    Args:
        path: Where to.
        state: Dicts, lists and tuples of numbers, strings, booleans, `None` and arrays.

    Raises:
        TypeError: If there is anything else in it.
        OSError: If it cannot be written.
    """
    arrays: dict[str, Any] = {}
    text = json.dumps({"format": FORMAT, "state": _encode(state, arrays, "state")}, allow_nan=False)
    members: dict[str, bytes | memoryview] = {STATE: text.encode(), ARRAYS: write_h5({GROUP: (None, arrays)})}
    write_atomically(path, lambda file: write_zip(file, members))


def read_backup(path: str) -> Any:
    """Read what `write_backup` wrote.

    Args:
        path: Where from.

    Raises:
        ValueError: If the file is no backup, or damaged.
        OSError: If there is no such file, or it cannot be read.
    """
    with open(path, "rb") as file:
        archive = Archive(file)
        found = archive.json(STATE)
        if not isinstance(found, dict) or found.get("format") != FORMAT:
            raise ValueError(explain(f"{path} is no backup of a fit.", expected=f"the format {FORMAT!r}"))
        with H5Reader(archive.open(ARRAYS)) as reader:
            arrays = {name: data.read() for name, data in reader.group(GROUP).items()}
    try:
        return _decode(found["state"], arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(explain(f"{path} does not fit together.", got=f"{type(error).__name__}: {error}")) from error


def _encode(value: Any, arrays: dict[str, Any], where: str) -> Any:
    """As JSON has it; what JSON does not know is a dict with one key that begins with `$`."""
    if value is None or isinstance(value, (bool, str)) or type(value) is int:
        return value
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if math.isfinite(value) else {"$float": repr(value)}
    if isinstance(value, (np.ndarray, np.generic)) and value.dtype.kind in "fiub":
        name = str(len(arrays))
        arrays[name] = value
        return {"$array" if isinstance(value, np.ndarray) else "$number": name}
    if isinstance(value, tuple):
        return {"$tuple": [_encode(item, arrays, where) for item in value]}
    if isinstance(value, list):
        return [_encode(item, arrays, f"{where}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict) and all(isinstance(key, str) and not key.startswith("$") for key in value):
        return {key: _encode(item, arrays, f"{where}[{key!r}]") for key, item in value.items()}
    raise TypeError(
        explain(
            f"{where} cannot be written to a backup.",
            got=f"{type(value).__name__}: {value!r}"[:120],
            expected="numbers, strings, booleans, None, arrays, and lists and dicts (by name) of them",
            fix="look at what get_state() of your own callbacks and data sets returns",
        )
    )


def _decode(value: Any, arrays: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, item),) = value.items()
        if key == "$float":
            return float(item)
        if key == "$array":
            return arrays[item]
        if key == "$number":
            return arrays[item][()]
        if key == "$tuple":
            return tuple(_decode(one, arrays) for one in item)
    return {key: _decode(item, arrays) for key, item in value.items()}
