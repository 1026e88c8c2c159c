"""What is in a model file, told without making the model: architecture, sizes, training, and what to beware of.

Nothing in the file is run, and no weights are read.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any, BinaryIO

from babytf.naming import to_snake_case
from babytf.registry import find_builtin, get_registered_object
from babytf.saving import keras_format, legacy_h5
from babytf.saving.archive import Archive
from babytf.saving.files import naming, opened, path_of
from babytf.saving.hdf5 import Dataset, H5Reader
from babytf.saving.keras2 import outputs_of, upgrade_file, upgrade_training

Report = dict[str, Any]

SAFE = "plain data: nothing in it is run, and everything it names is the library's own"
NEEDS_CODE = "plain data that names classes or functions of somebody's own: it loads only with your copies of them"
REFUSED = "it is refused"

_SHOWN = (
    "batch_shape",
    "units",
    "filters",
    "kernel_size",
    "strides",
    "pool_size",
    "padding",
    "rate",
    "input_dim",
    "output_dim",
    "num_heads",
    "key_dim",
    "target_shape",
    "axis",
    "scale",
    "offset",
    "activation",
)


def inspect_file(filepath: Any) -> Report:
    """Describe a model file or a file of weights.

    Args:
        filepath: Path of a `.keras`, `.h5` or `.weights.h5` file, or an open binary file.

    Returns:
        Plain data: `format`, `keras_version`, `date_saved`, `bytes`, `model` (class, name and layers), `parameters`,
        `optimizer_numbers`, `training`, `weights` (for a file of weights alone) and `safety` (`verdict`, `findings`).

    Raises:
        ValueError: If it is no such file, or one that is refused.
        OSError: If there is no such file.
    """
    path = path_of(filepath, "read")
    with naming(path), opened(path, filepath) as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        start = file.read(4)
        file.seek(0)
        report: Report = {"file": path, "bytes": size}
        return report | (_keras(file) if start == b"PK\x03\x04" else _h5(file))


def _keras(file: BinaryIO) -> Report:
    archive = Archive(file)
    metadata = archive.json(keras_format.METADATA) if keras_format.METADATA in archive else {}
    metadata = metadata if isinstance(metadata, dict) else {}
    config = archive.json(keras_format.CONFIG)
    if keras_format.is_keras_2(metadata):
        config = upgrade_file(config)
    keras_format.check_describes_model(config, keras_format.CONFIG)
    findings = [
        _finding("note", name, "is for a class of somebody's own" if name.startswith("assets/") else "is not read")
        for name in archive.names()
        if name not in (keras_format.METADATA, keras_format.CONFIG, keras_format.WEIGHTS)
    ]
    with H5Reader(archive.open(keras_format.WEIGHTS)) as reader:
        arrays = _arrays(reader, findings)
    training = config.get("compile_config")
    return {
        "format": ".keras",
        "keras_version": metadata.get("keras_version"),
        "date_saved": metadata.get("date_saved"),
        **_model(config, arrays, "", by_name=False),
        "optimizer_numbers": _count(arrays, "optimizer"),
        "training": training,
        "safety": _safety(findings, [config]),
    }


def _h5(file: BinaryIO) -> Report:
    findings: list[Report] = []
    with H5Reader(file) as reader:
        arrays = _arrays(reader, findings)
        version = reader.text("", "keras_version")
        if not legacy_h5.is_legacy(reader):
            return {
                "format": ".weights.h5",
                "weights": _groups(reader, arrays),
                "parameters": _count(arrays, "") - _count(arrays, "optimizer"),
                "optimizer_numbers": _count(arrays, "optimizer"),
                "safety": _safety(findings, []),
            }
        if reader.text("", "model_config") is None:
            return {
                "format": ".h5, weights alone",
                "keras_version": version,
                "weights": _groups(reader, arrays),
                "parameters": _count(arrays, ""),
                "safety": _safety(findings, []),
            }
        config, training = legacy_h5.configurations(reader)
    training = None if training is None else upgrade_training(training, outputs_of(config))
    return {
        "format": ".h5",
        "keras_version": version,
        **_model(config, arrays, f"{legacy_h5.WEIGHTS}/", by_name=True),
        "optimizer_numbers": _count(arrays, legacy_h5.OPTIMIZER),
        "training": training,
        "safety": _safety(findings, [config, training]),
    }


# ------------------------------------------------------------------------------------------- weights


def _arrays(reader: H5Reader, findings: list[Report]) -> dict[str, Dataset]:
    """All arrays by path; what would be refused becomes a finding."""
    arrays = {}
    for path, item in reader.places():
        if isinstance(item, Dataset):
            arrays[path] = item
        elif isinstance(item, ValueError):
            findings.append(_finding("refused", path, str(item).partition("\n")[0]))
    return arrays


def _count(arrays: dict[str, Dataset], below: str) -> int:
    return sum(math.prod(a.shape) for path, a in arrays.items() if not below or path.startswith(f"{below.strip('/')}/"))


def _groups(reader: H5Reader, arrays: dict[str, Dataset]) -> list[Report]:
    groups: dict[str, list[Report]] = {}
    for path, array in sorted(arrays.items(), key=lambda item: (item[0].rpartition("/")[0], len(item[0]), item[0])):
        group, _, key = path.rpartition("/")
        groups.setdefault(group, []).append({"key": key, "shape": list(array.shape), "dtype": array.label})
    return [{"group": group, "name": reader.text(group, "name"), "arrays": found} for group, found in groups.items()]


# ------------------------------------------------------------------------------------------- architecture


def _model(config: Any, arrays: dict[str, Dataset], root: str, by_name: bool) -> Report:
    layers = list(_layers(config, arrays, root, by_name, 0))
    whole = _count(arrays, root)
    return {
        "model": {"class": config["class_name"], "name": _inner(config).get("name"), "layers": layers},
        "parameters": whole if by_name else whole - _count(arrays, "optimizer"),
    }


def _layers(config: Any, arrays: dict[str, Dataset], path: str, by_name: bool, depth: int) -> Iterator[Report]:
    used: dict[str, int] = {}
    for layer in _entries(config):
        inner, kind = _inner(layer), layer["class_name"]
        name = inner.get("name")
        stem = to_snake_case(kind)
        if not (kind == "InputLayer" and config["class_name"] == "Sequential"):
            used[stem] = used.get(stem, -1) + 1
        place = f"{path}{name}" if by_name else f"{path}layers/{stem}{f'_{used[stem]}' if used.get(stem) else ''}"
        below = {array_path: a for array_path, a in arrays.items() if array_path.startswith(f"{place}/")}
        yield {
            "name": name,
            "class": kind,
            "depth": depth,
            "settings": {key: inner[key] for key in _SHOWN if inner.get(key) is not None},
            "parameters": None if by_name and depth else sum(math.prod(a.shape) for a in below.values()),
            "arrays": {array_path[len(place) + 1 :]: list(a.shape) for array_path, a in below.items()},
            "inputs": sorted({str(history[0]) for history in _histories(layer.get("inbound_nodes"))}),
            "trainable": inner.get("trainable", True),
        }
        if not by_name:
            yield from _layers(layer, arrays, f"{place}/", by_name, depth + 1)
        else:
            yield from _layers(layer, {}, "", by_name, depth + 1)


def _entries(config: Any) -> list[Any]:
    layers = _inner(config).get("layers")
    layers = layers if isinstance(layers, list) else []
    return [layer for layer in layers if isinstance(layer, dict) and isinstance(layer.get("class_name"), str)]


def _inner(config: Any) -> Report:
    inner = config.get("config") if isinstance(config, dict) else None
    return inner if isinstance(inner, dict) else {}


def _histories(tree: Any) -> Iterator[list[Any]]:
    waiting = [tree]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            history = item.get("keras_history")
            if isinstance(history, list) and history:
                yield history
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


# ------------------------------------------------------------------------------------------- safety


def _finding(level: str, where: str, what: str) -> Report:
    return {"level": level, "where": where, "what": what}


def _safety(findings: list[Report], configs: list[Any]) -> Report:
    for config in configs:
        findings += _suspicious(config)
    unique = list({(f["level"], f["where"], f["what"]): f for f in findings}.values())
    levels = {finding["level"] for finding in unique}
    verdict = REFUSED if "refused" in levels else NEEDS_CODE if levels & {"code", "custom"} else SAFE
    return {"verdict": verdict, "findings": unique}


def _suspicious(config: Any) -> Iterator[Report]:
    """What a configuration holds besides the library's own classes and plain values."""
    waiting: list[tuple[Any, str]] = [(config, "model")]
    while waiting:
        item, where = waiting.pop()
        if isinstance(item, list):
            waiting += [(value, where) for value in item]
        elif isinstance(item, str) and ("://" in item or item.startswith(("/", "\\\\", "~/", "../"))):
            yield _finding("note", where, f"names a file or an address, which is never opened: {item[:80]!r}")
        elif isinstance(item, dict):
            name, kind = _inner(item).get("name"), item.get("class_name")
            where = name if isinstance(name, str) else where
            waiting += [(value, where) for value in item.values()]
            if isinstance(kind, str) and "config" in item:
                yield from _unknown(item, kind, where)


def _unknown(item: Report, kind: str, where: str) -> Iterator[Report]:
    if kind == "__lambda__":
        yield _finding("code", where, "holds a Python lambda as bytecode, which is never run: supply the function")
        return
    if kind.startswith("__"):
        return
    if kind == "Lambda":
        yield _finding("code", where, "is a Lambda: it loads only with safe_mode=False and a function that you have")
    name = item["config"] if kind == "function" else kind
    if not isinstance(name, str):
        return
    module = item.get("module")
    hint = module if isinstance(module, str) else None
    registered = item.get("registered_name")
    own = get_registered_object(registered if isinstance(registered, str) else name) is not None
    ours = find_builtin(hint if kind != "function" else None, name) is not None or (
        kind == "function" and any(find_builtin(f"keras.{family}", name) is not None for family in _FUNCTIONS)
    )
    foreign = hint is not None and kind != "function" and hint.split(".")[0] != "keras"
    if own or (ours and not foreign):
        return
    what = "function" if kind == "function" else "class"
    yield _finding("custom", where, f"needs the {what} {name!r}{f' of {hint}' if foreign else ''}, which is not ours")


_FUNCTIONS = ("activations", "losses", "metrics", "regularizers", "initializers", "constraints")
