"""Weights spread over several `.weights.h5` files, with a `.weights.json` that says which group is where."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from itertools import chain
from typing import Any, BinaryIO

import numpy as np

from babytf.errors import explain
from babytf.saving.archive import MAX_JSON_BYTES, parse_json
from babytf.saving.atomic import write_together
from babytf.saving.hdf5 import Dataset, H5Reader, write_h5
from babytf.saving.weights import Groups

MAX_SHARDS = 512


def check_path(path: str | None, max_shard_size: Any) -> str:
    """The path of the `.weights.json` file.

    Args:
        path: What the user gave.
        max_shard_size: Largest size of one file in GB.

    Raises:
        ValueError: If the name or the size is not one that can be used.
    """
    if isinstance(max_shard_size, bool) or not isinstance(max_shard_size, (int, float)) or not max_shard_size > 0:
        raise ValueError(
            explain(
                "bad `max_shard_size`.", got=f"max_shard_size={max_shard_size!r}", expected="a number of GB above 0"
            )
        )
    if path is None or not path.endswith((".weights.json", ".weights.h5")):
        raise ValueError(
            explain(
                "weights in several files begin with a file whose name ends in .weights.json.",
                got=repr(path) if path is not None else "an open file",
                expected="'name.weights.json'",
                fix="leave out max_shard_size to write one file",
            )
        )
    if path.endswith(".h5"):
        json_path = path.removesuffix(".h5") + ".json"
        warnings.warn(f"Weights in several files: {json_path!r} is written in place of {path!r}.", stacklevel=4)
        return json_path
    return path


def write(path: str, groups: Groups, max_shard_size: float) -> None:
    """Write the files, the `.weights.json` last: until then a reader finds the old ones, or none.

    Args:
        path: Path of the `.weights.json` file.
        groups: From paths to a name and arrays.
        max_shard_size: Largest size of one file in GB.

    Raises:
        ValueError: If one array is larger than that.
    """
    most = max_shard_size * (1 << 30)
    stem = os.path.basename(path).removesuffix(".weights.json")
    shards: list[Groups] = [{}]
    where: dict[str, Any] = {}
    size = total = 0
    for group, (name, arrays) in groups.items():
        shards[-1][group] = (name, {})
        for key, value in arrays.items():
            array = np.asarray(value)
            total += array.nbytes
            if array.nbytes > most:
                raise ValueError(
                    explain(
                        f"{group}/{key} is larger than one file may be.",
                        got=f"{array.nbytes} bytes",
                        expected=f"at most {int(most)} bytes",
                        fix=f"max_shard_size={array.nbytes / (1 << 30):.3g} or more",
                    )
                )
            if size + array.nbytes > most:
                shards.append({group: (name, {})})
                size = 0
            size += array.nbytes
            shards[-1][group][1][key] = array
            file = f"{stem}_{len(shards) - 1:05}.weights.h5"
            where[f"/{group}"] = _with(where.get(f"/{group}"), file)
    index = {"metadata": {"total_size": total}, "weight_map": where}
    directory = os.path.dirname(path)
    names = [os.path.join(directory, f"{stem}_{i:05}.weights.h5") for i in range(len(shards))]
    contents = ((name, write_h5(shard)) for name, shard in zip(names, shards, strict=True))
    write_together(chain(contents, [(path, json.dumps(index, indent=4).encode())]))


def _with(files: Any, file: str) -> Any:
    if files is None or files == file:
        return file
    listed = [files] if isinstance(files, str) else files
    return listed if file in listed else [*listed, file]


class ShardReader:
    """The arrays of several files, a group at a time.

    Args:
        path: Path of the `.weights.json` file; the others lie beside it.
        file: That file, open.

    Raises:
        ValueError: If it is not what it should be, or names files that lie elsewhere.
        OSError: If one of them is missing.
    """

    def __init__(self, path: str, file: BinaryIO) -> None:
        index = parse_json(file.read(MAX_JSON_BYTES + 1), os.path.basename(path))
        where = index.get("weight_map") if isinstance(index, dict) else None
        if not isinstance(where, dict):
            raise ValueError(explain("there is no weight_map in it.", expected="a file written by save_weights()"))
        self._files = {group.strip("/"): _checked(files) for group, files in where.items()}
        names = sorted({name for files in self._files.values() for name in files})
        if len(names) > MAX_SHARDS:
            raise ValueError(explain("it names too many files.", got=str(len(names)), expected=f"at most {MAX_SHARDS}"))
        self._open = contextlib.ExitStack()
        self._readers: dict[str, H5Reader] = {}
        try:
            for name in names:
                beside = self._open.enter_context(open(os.path.join(os.path.dirname(path), name), "rb"))
                self._readers[name] = self._open.enter_context(H5Reader(beside))
        except BaseException:
            self._open.close()
            raise

    def __enter__(self) -> ShardReader:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._open.close()

    def group(self, path: str) -> dict[str, Dataset]:
        """The arrays of one group, by name; empty if there is no such group.

        Args:
            path: Names joined by `/`.
        """
        found: dict[str, Dataset] = {}
        for name in self._files.get(path, ()):
            found |= self._readers[name].group(path)
        return found


def _checked(files: Any) -> list[str]:
    names = [files] if isinstance(files, str) else files
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(explain("weight_map must name files.", got=repr(files)[:80]))
    for name in names:
        if name != os.path.basename(name) or "\\" in name or "\0" in name or not name.endswith(".weights.h5"):
            raise ValueError(
                explain(
                    "it names a file that is not beside it.",
                    got=repr(name)[:80],
                    expected="names that end in .weights.h5, without a directory",
                    fix="do not use this file unless you know who made it",
                )
            )
    return names
