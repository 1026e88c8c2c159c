"""Weights spread over several `.weights.h5` files, with a `.weights.json` that says which group is where.

A set of files is saved whole or not at all: the arrays of a new set go into files of new names, which nothing refers to
until the `.weights.json` is replaced, in one step. Then the files of the old set are removed, the first emptied.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import warnings
from typing import Any, BinaryIO

import numpy as np

from babytf.errors import explain
from babytf.saving.archive import MAX_JSON_BYTES, parse_json
from babytf.saving.atomic import remove, write_atomically, write_new
from babytf.saving.hdf5 import Dataset, H5Reader, write_h5
from babytf.saving.weights import Groups

MAX_SHARDS = 512
SUFFIX = ".weights.h5"


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
    """Write the files, the `.weights.json` last: until then a reader finds the old set, or none.

    Args:
        path: Path of the `.weights.json` file.
        groups: From paths to a name and arrays.
        max_shard_size: Largest size of one file in GB.

    Raises:
        ValueError: If one array is larger than that.
        OSError: If one cannot be written; the old set is as it was, and nothing is left of the new one.
    """
    most = max_shard_size * (1 << 30)
    shards: list[Groups] = [{}]
    where: dict[str, list[int]] = {}
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
            places = where.setdefault(f"/{group}", [])
            if places[-1:] != [len(shards) - 1]:
                places.append(len(shards) - 1)
    path = os.path.realpath(path)
    old, written = _set_of(path), list[str]()
    try:
        for i, shard in enumerate(shards):
            data = write_h5(shard)
            if i == 0:
                stem = _claim_names(path, data)
            else:
                write_new(f"{stem}_{i:05}{SUFFIX}", data)
            written.append(f"{stem}_{i:05}{SUFFIX}")
        names = [os.path.basename(name) for name in written]
        listed = {group: [names[i] for i in places] for group, places in where.items()}
        weight_map = {group: files if len(files) > 1 else files[0] for group, files in listed.items()}
        index = {"metadata": {"total_size": total}, "weight_map": weight_map}
        write_atomically(path, lambda file: file.write(json.dumps(index, indent=4).encode()))
    except BaseException:
        for name in written:
            remove(name)
        raise
    first = f"{path.removesuffix('.weights.json')}_{0:05}{SUFFIX}"
    if first not in written:  # Keras opens a file of this name before it looks into the index
        empty = write_h5({})
        with contextlib.suppress(OSError):  # the set is saved
            write_atomically(first, lambda file: file.write(empty))
    for name in old - {*written, first}:
        remove(name)


def _claim_names(path: str, data: bytes | memoryview) -> str:
    """Write the first file of a set under a name that no other set has.

    Returns:
        What the names of the whole set begin with: that of Keras for the first set in a place, another for one that is
        to take the place of a set which must stay whole until then.
    """
    stem = path.removesuffix(".weights.json")
    if not os.path.lexists(path):
        with contextlib.suppress(FileExistsError):
            write_new(f"{stem}_{0:05}{SUFFIX}", data)
            return stem
    while True:
        other = f"{stem}_{os.urandom(4).hex()}"
        with contextlib.suppress(FileExistsError):
            write_new(f"{other}_{0:05}{SUFFIX}", data)
            return other


def _set_of(path: str) -> set[str]:
    """The files of the set that is there, of those that have names as this module gives them."""
    stem = os.path.basename(path).removesuffix(".weights.json")
    try:
        with open(path, "rb") as file:
            where = parse_json(file.read(MAX_JSON_BYTES + 1), path)["weight_map"]
        names = {name for files in where.values() for name in _checked(files)}
    except (OSError, ValueError, TypeError, LookupError, AttributeError):
        return set()  # nothing, or something that is not to be touched
    own = re.compile(re.escape(stem) + r"(_[0-9a-f]{8})?_\d{5}" + re.escape(SUFFIX))
    return {os.path.join(os.path.dirname(path), name) for name in names if own.fullmatch(name)}


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
                beside = self._open.enter_context(_opened(os.path.join(os.path.dirname(path), name), path))
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

    def group_paths(self) -> list[str]:
        """The paths of all groups."""
        return list(self._files)

    def text(self, path: str, name: str) -> str | None:
        """An attribute of a group that is a text; `None` if there is none.

        Args:
            path: Names joined by `/`.
            name: The attribute's name.
        """
        found = (self._readers[file].text(path, name) for file in self._files.get(path, ()))
        return next((text for text in found if text is not None), None)


def _opened(path: str, index: str) -> BinaryIO:
    try:
        return open(path, "rb")
    except FileNotFoundError:
        raise FileNotFoundError(
            explain(
                f"{os.path.basename(index)}: there is no file {os.path.basename(path)} beside it.",
                got=repr(path),
                expected="all the files of one set",
                fix="copy the whole set, or load again if somebody was saving just now",
            )
        ) from None


def _checked(files: Any) -> list[str]:
    names = [files] if isinstance(files, str) else files
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(explain("weight_map must name files.", got=repr(files)[:80]))
    for name in names:
        if name != os.path.basename(name) or "\\" in name or "\0" in name or not name.endswith(SUFFIX):
            raise ValueError(
                explain(
                    "it names a file that is not beside it.",
                    got=repr(name)[:80],
                    expected="names that end in .weights.h5, without a directory",
                    fix="do not use this file unless you know who made it",
                )
            )
    return names
