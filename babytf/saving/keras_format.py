"""Models as `.keras` files, weights as `.weights.h5`, laid out as Keras 3 lays them out.

A `.keras` file is a zip of `metadata.json`, `config.json` (see `serialization.py`) and `model.weights.h5`.
Read `weights.py` for what is in the last.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

from babytf.errors import explain
from babytf.saving.archive import Archive, parse_json, write_zip
from babytf.saving.atomic import write_atomically, write_directory_atomically
from babytf.saving.hdf5 import H5Reader, write_h5
from babytf.saving.weights import Restore, gather
from babytf.serialization import deserialize_keras_object, loading, serialize_sharing, sharing

KERAS_VERSION = "3.15.0"
"""The version of the format that files are marked with."""

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"


# --------------------------------------------------------------------------------------------- models


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Save a model: its architecture, weights, how it was compiled, and its optimizer's state.

    The file appears whole, or not at all: what was there under its name stays until the new one is on the disk.

    Args:
        model: The model.
        filepath: Path that ends in `.keras`, or a binary file open for writing.
        overwrite: Whether to replace a file without asking.
        zipped: `False` writes a directory with the same members in place of one file.
        kwargs: `include_optimizer`: whether to save the optimizer's state, `True` unless given.

    Raises:
        ValueError: If the extension is another, or something in the model cannot be described.
        OSError: If the file cannot be written.
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    _no_more(kwargs, "save_model")
    path = None if _is_file(filepath, "write") else os.fspath(filepath)
    if path is not None:
        _check_model_path(path, zipped)
    if not getattr(model, "built", True):
        warnings.warn(
            explain(
                f"model '{model.name}' is saved before it was built: it has no weights yet.",
                fix="call it on data first, or give it an Input",
            ),
            stacklevel=3,
        )
    if path is not None and not _may_replace(path, overwrite):
        return
    members = _members(model, include_optimizer)
    if path is None:
        write_zip(filepath, members)
    elif zipped is False:
        write_directory_atomically(path, members)
    else:
        write_atomically(path, lambda file: write_zip(file, members))


def _members(model: Any, include_optimizer: bool) -> dict[str, bytes | memoryview]:
    config = serialize_sharing(model)
    skip = [model.optimizer] if not include_optimizer and getattr(model, "optimizer", None) is not None else []
    metadata = {"keras_version": KERAS_VERSION, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
    try:
        text = json.dumps(config, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise type(error)(
            explain(
                f"the configuration of model '{model.name}' cannot be written as JSON.",
                got=str(error),
                expected="strings, finite numbers, booleans, None, and lists and dicts of them",
                fix="look at what the get_config() of your own layers returns",
            )
        ) from None
    parse_json(text.encode(), CONFIG)  # what would be refused when loading is not written
    return {
        METADATA: json.dumps(metadata).encode(),
        CONFIG: text.encode(),
        WEIGHTS: write_h5(gather(model, skip)),
    }


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Any:
    """Load a model that this library or Keras 3 saved as `.keras`.

    A file is data: nothing in it is run or imported, and it names only classes of the library and what you
    registered or passed.

    Args:
        filepath: Path, or a binary file open for reading.
        custom_objects: From names to classes and functions of your own.
        compile: Whether to compile it as it was saved, and take up the optimizer's state.
        safe_mode: Whether to refuse a model with a lambda. With `False`, your own function is used in place of the
            stored one, which is never run: `custom_objects={"name of the layer": function}`.

    Returns:
        The model.

    Raises:
        ValueError: If the file is damaged, is no `.keras` file, or does not fit together.
        TypeError: If it names a class or function that is unknown.
        OSError: If there is no such file, or it cannot be read.
    """
    if not isinstance(custom_objects, (dict, type(None))):
        raise TypeError(explain("`custom_objects` must be a dict.", got=repr(custom_objects)[:80]))
    path = None if _is_file(filepath, "read") else os.fspath(filepath)
    if path is not None and os.path.isdir(path):
        return _load_directory(path, custom_objects, compile, safe_mode)
    if path is not None:
        _check_model_path(path, None)
    with _naming(path), _opened(path, filepath) as file:
        archive = Archive(file)
        if WEIGHTS not in archive and "model.weights.npz" in archive:
            raise ValueError(
                explain("its weights are stored as .npz.", expected=WEIGHTS, fix="save it again with Keras's defaults")
            )
        config = archive.json(CONFIG)
        return _load(config, archive.open(WEIGHTS), custom_objects, compile, safe_mode)


def _load_directory(path: str, custom_objects: dict[str, Any] | None, compile: bool, safe_mode: bool) -> Any:
    with _naming(path):
        with open(os.path.join(path, CONFIG), "rb") as file:
            config = parse_json(file.read((16 << 20) + 1), CONFIG)
        with open(os.path.join(path, WEIGHTS), "rb") as file:
            return _load(config, file, custom_objects, compile, safe_mode)


def _load(config: Any, weights: BinaryIO, custom_objects: dict[str, Any] | None, compile: bool, safe_mode: bool) -> Any:
    if not isinstance(config, dict) or "class_name" not in config or "config" not in config:
        raise ValueError(
            explain(
                f"{CONFIG} does not describe a model.", got=repr(config)[:80], expected='{"class_name", "config", …}'
            )
        )
    if not compile:
        config["compile_config"] = None
    with H5Reader(weights) as reader:
        with sharing(), loading(reader.numbers):
            model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
        if not hasattr(model, "save_own_variables") or not hasattr(model, "predict"):
            raise ValueError(explain(f"{CONFIG} does not describe a model.", got=f"a {type(model).__name__}"))
        Restore(model, reader).apply()
    return model


# -------------------------------------------------------------------------------------------- weights


def save_weights(
    model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any
) -> None:
    """Save the weights of a model, and its optimizer's state, as `.weights.h5`.

    Args:
        model: The model; it must be built.
        filepath: Path that ends in `.weights.h5`, or a binary file open for writing.
        overwrite: Whether to replace a file without asking.
        max_shard_size: Only `None`: one file.
        kwargs: `objects_to_skip`: a list of layers or the optimizer, to leave out.

    Raises:
        ValueError: If the extension is another, or the model is not built.
        OSError: If the file cannot be written.
    """
    skip = kwargs.pop("objects_to_skip", None) or ()
    _no_more(kwargs, "save_weights")
    if max_shard_size is not None:
        raise ValueError(
            explain(
                "`max_shard_size` is not supported: weights are written as one file.",
                got=f"max_shard_size={max_shard_size!r}",
                expected="None",
            )
        )
    _check_built(model, "save_weights")
    if _is_file(filepath, "write"):
        filepath.write(write_h5(gather(model, skip)))
        return
    path = os.fspath(filepath)
    if not path.endswith(".weights.h5"):
        raise ValueError(
            explain(
                "the name of a weights file ends in .weights.h5.",
                got=repr(path),
                expected="'name.weights.h5'",
                fix=f"use {os.path.splitext(path)[0].removesuffix('.weights') + '.weights.h5'!r}",
            )
        )
    if _may_replace(path, overwrite):
        data = write_h5(gather(model, skip))
        write_atomically(path, lambda file: file.write(data))


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Load weights, and the optimizer's state if there is any, into a model.

    Either everything is loaded or, if something does not fit, nothing.

    Args:
        model: The model; it must be built.
        filepath: Path of a `.weights.h5` or `.keras` file, or a binary file open for reading.
        skip_mismatch: Whether to pass over, with a warning, layers that do not fit.
        kwargs: `objects_to_skip`: a list of layers or the optimizer, to leave as they are.

    Raises:
        ValueError: If the file is damaged, or an array does not fit.
        OSError: If there is no such file, or it cannot be read.
    """
    skip = kwargs.pop("objects_to_skip", None) or ()
    if kwargs.pop("by_name", None):
        raise ValueError(explain("`by_name` is for legacy .h5 files.", got="by_name=True", fix="leave it out"))
    _no_more(kwargs, "load_weights")
    _check_built(model, "load_weights")
    path = None if _is_file(filepath, "read") else os.fspath(filepath)
    if path is not None and not path.endswith((".weights.h5", ".keras")):
        raise ValueError(
            explain(
                "this is not the name of a weights file.",
                got=repr(path),
                expected="'name.weights.h5' or 'name.keras'",
                fix="legacy .h5 files: load and save them as .weights.h5 with Keras 3" if ".h5" in path else None,
            )
        )
    with _naming(path), _opened(path, filepath) as file:
        start = file.read(4)
        file.seek(0)
        weights = Archive(file).open(WEIGHTS) if start == b"PK\x03\x04" else file
        with H5Reader(weights) as reader:
            plan = Restore(model, reader, skip, skip_mismatch)
        plan.apply()


# ---------------------------------------------------------------------------------------------- paths


def _is_file(filepath: Any, method: str) -> bool:
    if isinstance(filepath, (str, os.PathLike)):
        return False
    if hasattr(filepath, method) and not isinstance(filepath, io.TextIOBase):
        return True
    raise TypeError(
        explain("this is not a path.", got=repr(filepath)[:80], expected="a str, a pathlib.Path or an open binary file")
    )


def _check_model_path(path: str, zipped: bool | None) -> None:
    fix: str | None = f"use {os.path.splitext(path)[0] + '.keras'!r}"
    if zipped is False:
        if path.endswith(".keras"):
            raise ValueError(
                explain(
                    "zipped=False writes a directory, whose name does not end in .keras.",
                    got=repr(path),
                    fix=f"use {path.removesuffix('.keras')!r}, or leave out zipped=False",
                )
            )
        return
    if path.endswith(".keras") and "://" not in path:
        return
    if "://" in path:
        fix = "download it first"
    elif path.endswith(".weights.h5"):
        fix = "weights alone: model.save_weights() and model.load_weights()"
    elif path.endswith((".h5", ".hdf5")):
        fix = f"{fix}; whole models as .h5 are not read or written by this version"
    raise ValueError(
        explain("the name of a model file ends in .keras.", got=repr(path), expected="'name.keras'", fix=fix)
    )


def _may_replace(path: str, overwrite: bool) -> bool:
    if overwrite or not os.path.lexists(path):
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise FileExistsError(
            explain(
                f"{path} is there already.",
                got="overwrite=False",
                fix="pass overwrite=True, or another name",
            )
        )
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"{path} is there already. Replace it? [y/n] ").strip().lower()
    return answer == "y"


def _check_built(model: Any, what: str) -> None:
    if not model.built:
        raise ValueError(
            explain(
                f"model '{model.name}' is not built: it has no weights yet.",
                got=f"{what}()",
                fix="call the model on data first, or model.build(input_shape)",
            )
        )


def _no_more(kwargs: dict[str, Any], function: str) -> None:
    if kwargs:
        raise ValueError(
            explain(f"{function}() does not take {next(iter(kwargs))!r}.", got=f"{', '.join(map(repr, kwargs))}")
        )


@contextlib.contextmanager
def _opened(path: str | None, file: Any) -> Iterator[BinaryIO]:
    if path is None:
        yield file if file.seekable() else io.BytesIO(file.read())
        return
    try:
        opened = open(path, "rb")
    except FileNotFoundError:
        raise FileNotFoundError(
            explain(f"there is no file {path}.", got=f"{path!r}, from {os.getcwd()}", fix="check the path")
        ) from None
    with opened:
        yield opened


@contextlib.contextmanager
def _naming(path: str | None) -> Iterator[None]:
    """Let an error say which file it is about, and be of one of the families promised."""
    where = f"{os.path.basename(path)}: " if path is not None else ""
    try:
        yield
    except OSError:
        raise
    except (ValueError, TypeError) as error:
        family = TypeError if isinstance(error, TypeError) else ValueError
        raise (type(error) if type(error).__module__ == "babytf.errors" else family)(where + str(error)) from error
    except NotImplementedError as error:
        raise ValueError(where + str(error)) from error
    except (LookupError, ArithmeticError, AttributeError, AssertionError, RuntimeError, MemoryError) as error:
        raise ValueError(
            explain(
                f"{where}the file does not fit together.",
                got=f"{type(error).__name__}: {error}"[:300],
                expected="a file written by model.save() or model.save_weights()",
            )
        ) from error
