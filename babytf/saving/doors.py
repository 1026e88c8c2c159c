"""`save_model`, `load_model`, `save_weights`, `load_weights`: which format a file is in, and whether to touch it.

Read `keras_format.py` next.
"""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from babytf.errors import explain
from babytf.saving import keras_format, legacy_h5, shards
from babytf.saving.archive import parse_json, write_zip
from babytf.saving.atomic import write_atomically, write_directory_atomically
from babytf.saving.files import (
    LEGACY,
    check_built,
    check_model_path,
    may_replace,
    naming,
    no_more,
    opened,
    path_of,
)
from babytf.saving.hdf5 import H5Reader, write_h5
from babytf.saving.keras2 import upgrade_model
from babytf.saving.weights import Restore, copied, gather, read_all
from babytf.serialization import deserialize_keras_object, sharing


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Save a model: its architecture, weights, how it was compiled, and its optimizer's state.

    The file appears whole, or not at all: what was there under its name stays until the new one is on the disk.

    Args:
        model: The model.
        filepath: Path that ends in `.keras`, or in `.h5` for the older format of Keras; or a binary file open for
            writing, which takes the format `.keras`.
        overwrite: Whether to replace a file without asking.
        zipped: `False` writes a directory with the members of a `.keras` file in place of one file.
        kwargs: `include_optimizer`: whether to save the optimizer's state, `True` unless given. For `.h5`, `False`
            leaves out how the model was compiled as well, as in Keras.

    Raises:
        ValueError: If the extension is another, or something in the model cannot be described.
        OSError: If the file cannot be written.
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    save_format = kwargs.pop("save_format", None)
    no_more(kwargs, "save_model")
    path = path_of(filepath, "write")
    if save_format:
        if path is None or not path.endswith((".keras", *LEGACY)):
            raise ValueError(
                explain("`save_format` is gone: the extension says it.", got=f"save_format={save_format!r}")
            )
        warnings.warn("`save_format` does nothing: the extension of the file says the format.", stacklevel=3)
    if path is not None:
        check_model_path(path, zipped)
    if not getattr(model, "built", True):
        warnings.warn(
            explain(
                f"model '{model.name}' is saved before it was built: it has no weights yet.",
                fix="call it on data first, or give it an Input",
            ),
            stacklevel=3,
        )
    if path is not None and not may_replace(path, overwrite):
        return
    if path is not None and path.endswith(LEGACY) and zipped is not False:
        data = legacy_h5.whole_model(model, include_optimizer)
        write_atomically(path, lambda file: file.write(data))
        return
    members = keras_format.members(model, include_optimizer)
    if path is None:
        write_zip(filepath, members)
    elif zipped is False:
        write_directory_atomically(path, members)
    else:
        write_atomically(path, lambda file: write_zip(file, members))


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Load a model that this library or Keras saved, as `.keras` or as `.h5`.

    A file is data: nothing in it is run or imported, and it names only classes of the library and what you
    registered or passed.

    Args:
        filepath: Path, or a binary file open for reading.
        custom_objects: From names to classes and functions of your own.
        compile: Whether to compile it as it was saved, and take up the optimizer's state.
        safe_mode: Whether to refuse a model with a `Lambda`. With `False`, a function that it names must be registered,
            passed or the library's own, and your own is used in place of one that is stored as code, which is never
            run: `custom_objects={"name of the layer": function}`.

    Returns:
        The model.

    Raises:
        ValueError: If the file is damaged, is no model file, or does not fit together.
        TypeError: If it names a class or function that is unknown.
        OSError: If there is no such file, or it cannot be read.
    """
    if not isinstance(custom_objects, (dict, type(None))):
        raise TypeError(explain("`custom_objects` must be a dict.", got=repr(custom_objects)[:80]))
    path = path_of(filepath, "read")
    if path is not None and os.path.isdir(path):
        with naming(path):
            return keras_format.read_directory(path, custom_objects, compile, safe_mode)
    if path is not None:
        check_model_path(path)
    with naming(path), opened(path, filepath) as file:
        start = file.read(4)
        file.seek(0)
        is_h5 = start == b"\x89HDF" or (path is not None and path.endswith(LEGACY) and start != b"PK\x03\x04")
        read = legacy_h5.read_model if is_h5 else keras_format.read_model
        return read(file, custom_objects, compile, safe_mode)


def model_from_json(json_string: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The model that `to_json` described, with fresh weights.

    Args:
        json_string: What `to_json` returned, here or in Keras 2 or 3.
        custom_objects: From names to classes or functions of your own.

    Raises:
        ValueError: If it is no strict JSON, or does not describe a model.
        TypeError: If it names a class or function that is unknown.
    """
    if not isinstance(json_string, (str, bytes)):
        raise TypeError(explain("`json_string` must be text.", got=repr(json_string)[:80], expected="JSON"))
    data = json_string.encode() if isinstance(json_string, str) else json_string
    with naming(None):
        config = upgrade_model(parse_json(data, "the text"))
        keras_format.check_describes_model(config, "the text")
        with sharing():
            model = deserialize_keras_object(config, custom_objects)
        keras_format.check_is_model(model, "the text")
    return model


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any
) -> None:
    """Save the weights of a model.

    Args:
        model: The model; it must be built.
        filepath: Path that ends in `.weights.h5`, or a binary file open for writing: the weights and the optimizer's
            state. A path that ends in `.h5` alone takes the older format, without the optimizer. With
            `max_shard_size`, a path that ends in `.weights.json`.
        overwrite: Whether to replace a file without asking.
        max_shard_size: Largest size of one file in GB (2^30 bytes): the weights are spread over several files, and
            `.weights.json` says which is where. `None` for one file.
        kwargs: `objects_to_skip`: a list of layers or the optimizer, to leave out.

    Raises:
        ValueError: If the extension is another, the model is not built, or one weight is larger than a file may be.
        OSError: If the file cannot be written.
    """
    skip = kwargs.pop("objects_to_skip", None) or ()
    no_more(kwargs, "save_weights")
    check_built(model, "save_weights")
    path = path_of(filepath, "write")
    if max_shard_size is not None:
        path = shards.check_path(path, max_shard_size)
        if may_replace(path, overwrite):
            shards.write(path, gather(model, skip), max_shard_size)
        return
    if path is None:
        filepath.write(write_h5(gather(model, skip)))
        return
    older = path.endswith(LEGACY) and not path.endswith(".weights.h5")
    if not older and not path.endswith(".weights.h5"):
        raise ValueError(
            explain(
                "the name of a weights file ends in .weights.h5.",
                got=repr(path),
                expected="'name.weights.h5'; 'name.weights.json' with max_shard_size",
                fix=f"use {os.path.splitext(path)[0].removesuffix('.weights') + '.weights.h5'!r}",
            )
        )
    if older and skip:
        raise ValueError(explain("`objects_to_skip` is for .weights.h5 files.", got=repr(path)))
    if may_replace(path, overwrite):
        data = legacy_h5.weights_alone(model) if older else write_h5(gather(model, skip))
        write_atomically(path, lambda file: file.write(data))


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Load weights, and the optimizer's state if there is any, into a model.

    Either everything is loaded or, if something does not fit, nothing.

    Args:
        model: The model; it must be built.
        filepath: Path of a `.weights.h5`, `.weights.json`, `.keras` or `.h5` file, or a binary file open for reading.
        skip_mismatch: Whether to pass over, with a warning, layers that do not fit.
        kwargs: `by_name` (`.h5` only): whether layers are found by name, and those that are in only one of the two
            left alone, rather than matched in order. `objects_to_skip` (other formats): a list of layers or the
            optimizer, to leave as they are.

    Raises:
        ValueError: If the file is damaged, or an array does not fit.
        OSError: If there is no such file, or it cannot be read.
    """
    skip = kwargs.pop("objects_to_skip", None) or ()
    by_name = bool(kwargs.pop("by_name", None))
    no_more(kwargs, "load_weights")
    check_built(model, "load_weights")
    path = path_of(filepath, "read")
    if path is not None and not path.endswith((".weights.json", ".keras", *LEGACY)):
        raise ValueError(
            explain(
                "this is not the name of a weights file.",
                got=repr(path),
                expected="'name.weights.h5', 'name.weights.json', 'name.keras' or 'name.h5'",
            )
        )
    with naming(path), opened(path, filepath) as file:
        if path is not None and path.endswith(".weights.json"):
            _refuse(by_name, "by_name", path)
            with shards.ShardReader(path, file) as sharded:
                read_all(Restore(model, sharded, skip, skip_mismatch))
            return
        with H5Reader(keras_format.weights_in(file)) as reader:
            if legacy_h5.is_legacy(reader):
                _refuse(skip, "objects_to_skip", path)
                plan = legacy_h5.plan_weights(model, reader, by_name, skip_mismatch)
            else:
                _refuse(by_name, "by_name", path)
                plan = Restore(model, reader, skip, skip_mismatch)
            read_all(plan)


def convert_weights(
    source: Any, target: str, overwrite: bool = True, max_shard_size: float | None = None, optimizer: bool = True
) -> int:
    """Write the weights of a file as a file of weights, as they are: no model is made.

    Args:
        source: Path of a `.keras`, `.weights.h5` or `.weights.json` file.
        target: Path that ends in `.weights.h5` or `.weights.json`.
        overwrite: Whether to replace a file without asking.
        max_shard_size: For `.weights.json`: largest size of one file in GB.
        optimizer: Whether the optimizer's state comes along.

    Returns:
        How many numbers were written.

    Raises:
        ValueError: If `source` is damaged, or of a format in which the layout depends on the model.
        OSError: If there is no such file, or `target` cannot be written.
    """
    path = path_of(source, "read")
    with naming(path), opened(path, source) as file:
        if path is not None and path.endswith(".weights.json"):
            with shards.ShardReader(path, file) as sharded:
                groups = copied(sharded)
        else:
            with H5Reader(keras_format.weights_in(file)) as reader:
                if legacy_h5.is_legacy(reader):
                    problem = "it holds weights of the older format, whose place in a model only the model tells."
                    raise ValueError(explain(problem, fix="model.load_weights() it, and model.save_weights()"))
                groups = copied(reader)
    if not optimizer:
        groups = {path: group for path, group in groups.items() if path.partition("/")[0] != "optimizer"}
    if may_replace(target, overwrite):
        if target.endswith(".weights.json"):
            shards.write(target, groups, 5.0 if max_shard_size is None else max_shard_size)
        else:
            data = write_h5(groups)
            write_atomically(target, lambda file: file.write(data))
    return sum(np.size(array) for _, arrays in groups.values() for array in arrays.values())


def _refuse(value: Any, name: str, path: str | None) -> None:
    if value:
        right = "legacy .h5 files" if name == "by_name" else ".weights.h5 files"
        raise ValueError(explain(f"`{name}` is for {right}.", got=f"{name}={value!r}, {path!r}", fix="leave it out"))
