"""The `.keras` format as Keras 3 lays it out: a zip of `metadata.json`, `config.json` and `model.weights.h5`.

`serialization.py` has what is in the second, `weights.py` what is in the third.
"""

from __future__ import annotations

import io
import json
import os
import time
import warnings
from typing import Any, BinaryIO

from babytf.errors import explain
from babytf.limits import loading
from babytf.saving.archive import MAX_JSON_BYTES, Archive, parse_json
from babytf.saving.assets import gather_assets, restore_assets
from babytf.saving.hdf5 import H5Reader, write_h5
from babytf.saving.keras2 import upgrade_file
from babytf.saving.weights import Restore, gather
from babytf.serialization import deserialize_keras_object, serialize_sharing, sharing

KERAS_VERSION = "3.15.0"
"""The version of the format that files are marked with."""

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"


def members(model: Any, include_optimizer: bool) -> dict[str, bytes | memoryview]:
    """What a `.keras` file of a model holds, by name.

    Args:
        model: The model.
        include_optimizer: Whether to keep the optimizer's state.

    Raises:
        ValueError: If something in the model cannot be written as JSON.
    """
    skip = [model.optimizer] if not include_optimizer and getattr(model, "optimizer", None) is not None else []
    metadata = {"keras_version": KERAS_VERSION, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S")}
    return {
        METADATA: json.dumps(metadata).encode(),
        CONFIG: config_json(model, serialize_sharing(model)).encode(),
        WEIGHTS: write_h5(gather(model, skip)),
        **gather_assets(model),
    }


def config_json(model: Any, config: Any) -> str:
    """A configuration as JSON, strict enough to be read again.

    Args:
        model: What it describes, for messages.
        config: The configuration.

    Raises:
        ValueError: If it cannot be written as JSON, or is larger than what is read.
    """
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
    return text


def read_model(file: BinaryIO, custom_objects: dict[str, Any] | None, compile: bool, safe_mode: bool) -> Any:
    """The model in an open `.keras` file; the arguments are those of `load_model`."""
    archive = Archive(file)
    if WEIGHTS not in archive and "model.weights.npz" in archive:
        raise ValueError(
            explain("its weights are stored as .npz.", expected=WEIGHTS, fix="save it again with Keras's defaults")
        )
    config = archive.json(CONFIG)
    if METADATA in archive and is_keras_2(archive.json(METADATA)):
        config = upgrade_file(config)
    model = _make(config, archive.open(WEIGHTS), custom_objects, compile, safe_mode)
    restore_assets(model, archive)
    return model


def read_directory(path: str, custom_objects: dict[str, Any] | None, compile: bool, safe_mode: bool) -> Any:
    """The model in a directory of the same members; the arguments are those of `load_model`."""
    with open(os.path.join(path, CONFIG), "rb") as file:
        config = parse_json(file.read(MAX_JSON_BYTES + 1), CONFIG)
    with open(os.path.join(path, WEIGHTS), "rb") as file:
        model = _make(config, file, custom_objects, compile, safe_mode)
    restore_assets(model, path)
    return model


def is_keras_2(metadata: Any) -> bool:
    """Whether a `.keras` file is one of Keras 2.

    Args:
        metadata: Its metadata.
    """
    return isinstance(metadata, dict) and str(metadata.get("keras_version")).startswith("2.")


def _make(config: Any, weights: BinaryIO, custom_objects: dict[str, Any] | None, compile: bool, safe_mode: bool) -> Any:
    check_describes_model(config, CONFIG)
    _leave_out_lora(config)
    if not compile:
        config["compile_config"] = None
    with H5Reader(weights) as reader:
        with sharing(), loading(reader.numbers) as load:
            model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
        check_is_model(model, CONFIG)
        load.finish(Restore(model, reader).fill())
    return model


def _leave_out_lora(config: Any) -> None:
    """Take low-rank adaptation out of a configuration: in a file its product was added to the kernel."""
    waiting, found = [config], []
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            inner = item.get("config")
            if isinstance(inner, dict) and inner.get("lora_rank") is not None and item.get("module") == "keras.layers":
                found.append(str(inner.get("name")))
                inner["lora_rank"] = None
                inner.pop("lora_alpha", None)
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    if found:
        warnings.warn(
            explain(
                "low-rank adaptation is not available: it was left out of what was loaded.",
                got=f"lora_rank of {', '.join(sorted(found)[:8])}",
                expected="the same predictions; in training, the whole kernel changes",
            ),
            stacklevel=5,
        )


def check_describes_model(config: Any, what: str) -> None:
    """Refuse a configuration that is no object's.

    Args:
        config: What was read.
        what: Where, for messages.
    """
    if not isinstance(config, dict) or "class_name" not in config or "config" not in config:
        raise ValueError(
            explain(f"{what} does not describe a model.", got=repr(config)[:80], expected='{"class_name", "config", …}')
        )
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if isinstance(item.get("layers"), list):
                _check_names(item["layers"], what)
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _check_names(layers: list[Any], what: str) -> None:
    """Names that could be taken for places, or that two layers of one model have."""
    seen: set[str] = set()
    for layer in layers:
        inner = layer.get("config") if isinstance(layer, dict) else None
        name = inner.get("name") if isinstance(inner, dict) else None
        if not isinstance(name, str):
            continue
        problem = "is that of two layers" if name in seen else None
        if not name or name in (".", "..") or any(character in name for character in "/\\\0"):
            problem = "could be taken for a path"
        if problem:
            raise ValueError(
                explain(f"{what}: the name {name[:80]!r} {problem}.", expected="names of their own, without / or \\")
            )
        seen.add(name)


def check_is_model(model: Any, what: str) -> None:
    """Refuse an object that is no model.

    Args:
        model: What was made.
        what: From what, for messages.
    """
    if not hasattr(model, "save_own_variables") or not hasattr(model, "predict"):
        raise ValueError(explain(f"{what} does not describe a model.", got=f"a {type(model).__name__}"))


def weights_in(file: BinaryIO) -> BinaryIO:
    """The HDF5 file in a `.keras` file; any other file as it is."""
    start = file.read(4)
    file.seek(0, io.SEEK_SET)
    return Archive(file).open(WEIGHTS) if start == b"PK\x03\x04" else file
