"""What the tests of hostile files share: canaries, a watch over what a load does, and the doors a file comes in by."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import marshal
import os
import pickle
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py

import babytf
from babytf import layers, registry
from babytf.engine import PRIMITIVES
from babytf.errors import did_you_mean
from babytf.saving import load_model
from babytf.saving.archive import write_zip
from tests.golden import ROOT

FAMILIES = (ValueError, TypeError, OSError)

KERAS = (ROOT / "models" / "mlp_adam" / "model.keras").read_bytes()
WEIGHTS = (ROOT / "models" / "mlp_adam" / "model.weights.h5").read_bytes()
LEGACY = (ROOT / "models" / "mlp_adam" / "legacy_keras3.h5").read_bytes()

# ------------------------------------------------------------------------------------------- canaries


def bytecode(flag: Path) -> str:
    """A function as Keras stores a lambda; called, or only run at all, it makes the file `flag`."""
    code = compile(f"lambda x: (open({str(flag)!r}, 'w').close(), x)[1]", "<lambda>", "eval").co_consts[0]
    return base64.b64encode(marshal.dumps(code)).decode()


class Bomb:
    """Unpickled, it makes a file."""

    def __init__(self, flag: Path) -> None:
        self.flag = flag

    def __reduce__(self) -> Any:
        return open, (str(self.flag), "w")


def pickled(flag: Path) -> str:
    return base64.b64encode(pickle.dumps(Bomb(flag))).decode()


# ---------------------------------------------------------------------------------------------- watch

_FORBIDDEN = (
    "import",
    "marshal.loads",
    "pickle.find_class",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "os.mkdir",
    "os.rename",
    "os.remove",
    "os.symlink",
    "os.link",
    "os.chmod",
    "shutil.copyfile",
    "subprocess.Popen",
    "socket.connect",
    "socket.getaddrinfo",
    "urllib.Request",
    "ctypes.dlopen",
    "tempfile.mkstemp",
    "tempfile.mkdtemp",
)
_watching: list[tuple[frozenset[str], list[str]]] = []


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if not _watching:
        return
    allowed, seen = _watching[-1]
    if event == "open":
        opened, mode, flags = args
        writes = isinstance(mode, str) and any(letter in mode for letter in "wax+")
        writes = writes or (isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))
        name = os.fspath(opened) if isinstance(opened, (str, bytes, os.PathLike)) else None
        name = os.fsdecode(name) if name is not None else None
        if name is not None and (writes or (name not in allowed and not name.endswith((".py", ".pyc")))):
            seen.append(f"open {name} {mode}")
    elif event in _FORBIDDEN and not (event == "import" and str(args[0]).split(".")[0] in ("babytf", "h5py")):
        seen.append(f"{event} {str(args)[:200]}")


_hooked: list[bool] = []


def import_what_a_file_may_name() -> None:
    """Import all that is imported when it is first used: afterwards a load has no reason to import anything."""
    for family, name in registry._BUILTIN:
        registry.find_builtin(family, name)
    PRIMITIVES.all()
    did_you_mean("nothing", ["something"])


@contextlib.contextmanager
def watched(*allowed: Path) -> Iterator[list[str]]:
    """What is imported, opened, started, connected to or unpickled in this block; `allowed` files may be read."""
    if not _hooked:  # it stays for as long as the process lives
        sys.addaudithook(_hook)
        _hooked.append(True)
    seen: list[str] = []
    _watching.append((frozenset(str(path) for path in allowed), seen))
    try:
        yield seen
    finally:
        _watching.pop()


# ------------------------------------------------------------------------------------------ described


def sequential(*described: Any, **more: Any) -> dict[str, Any]:
    """A Sequential of 8 features with these layers, as a file describes it."""
    first = {"class_name": "InputLayer", "module": "keras.layers", "config": {"batch_shape": [None, 8], "name": "x"}}
    inner = {"name": "net", "trainable": True, "layers": [first, *described], **more}
    return {"class_name": "Sequential", "module": "keras", "config": inner, "registered_name": None}


def functional(*called: tuple[Any, Any], output: str = "y") -> dict[str, Any]:
    """A functional model: an input `x` of 8 features, and layers with their calls."""
    first = layer("InputLayer", batch_shape=[None, 8], name="x")
    entries = [{**first, "name": "x", "inbound_nodes": []}]
    for described, calls in called:
        name = described["config"].get("name") if isinstance(described["config"], dict) else None
        entries.append({"name": name, **described, "inbound_nodes": calls})
    inner = {
        "name": "net",
        "trainable": True,
        "layers": entries,
        "input_layers": ["x", 0, 0],
        "output_layers": [output, 0, 0],
    }
    module = "keras.src.models.functional"
    return {"class_name": "Functional", "module": module, "config": inner, "registered_name": "Functional"}


def tensor(name: str, call: Any = 0, place: Any = 0) -> dict[str, Any]:
    config = {"shape": [None, 8], "dtype": "float32", "keras_history": [name, call, place]}
    return {"class_name": "__keras_tensor__", "config": config}


def call(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"args": list(args), "kwargs": kwargs}


def layer(class_name: Any, module: Any = "keras.layers", registered_name: Any = None, /, **config: Any) -> Any:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name}


def function(name: Any, module: Any = "builtins", registered_name: Any = "function") -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered_name}


def member_changed(name: str, data: bytes, source: bytes = KERAS) -> bytes:
    """A real `.keras` file with another member."""
    with zipfile.ZipFile(io.BytesIO(source)) as file:
        members = {key: data if key == name else file.read(key) for key in file.namelist()}
    out = io.BytesIO()
    write_zip(out, members)
    return out.getvalue()


def keras_file(config: Any, weights: bytes | None = None) -> bytes:
    text = config if isinstance(config, bytes) else json.dumps(config).encode()
    data = member_changed("config.json", text)
    return data if weights is None else member_changed("model.weights.h5", weights, data)


def legacy_file(config: Any) -> bytes:
    """A real legacy `.h5` file with another configuration."""
    text = config.decode("latin-1") if isinstance(config, bytes) else json.dumps(config)
    out = io.BytesIO(LEGACY)
    with h5py.File(out, "r+") as file:
        for name in ("model_config", "training_config"):
            if name in file.attrs:
                del file.attrs[name]
        file.attrs["model_config"] = text
    return out.getvalue()


# ---------------------------------------------------------------------------------------------- doors

Door = Callable[[Any, Path], Any]


def _keras(config: Any, folder: Path, **options: Any) -> Any:
    path = folder / "m.keras"
    path.write_bytes(keras_file(config))
    with door_watched(path):
        return load_model(path, **options)


def _keras_unsafe(config: Any, folder: Path) -> Any:
    return _keras(config, folder, safe_mode=False)


def _keras_weights_only(config: Any, folder: Path) -> Any:
    return _keras(config, folder, compile=False)


def _keras_file_object(config: Any, folder: Path) -> Any:
    file = io.BytesIO(keras_file(config))
    with door_watched():
        return load_model(file)


def _keras_folder(config: Any, folder: Path) -> Any:
    path = folder / "m"
    with zipfile.ZipFile(io.BytesIO(keras_file(config))) as file:
        file.extractall(path)
    with door_watched(path / "config.json", path / "metadata.json", path / "model.weights.h5"):
        return load_model(path)


def _legacy(config: Any, folder: Path, name: str = "m.h5") -> Any:
    path = folder / name
    path.write_bytes(legacy_file(config))
    with door_watched(path):
        return load_model(path)


def _legacy_hdf5(config: Any, folder: Path) -> Any:
    return _legacy(config, folder, "m.hdf5")


def _model_from_json(config: Any, folder: Path) -> Any:
    text = json.dumps(config)
    with door_watched():
        return babytf.models.model_from_json(text)


def _deserialize(config: Any, folder: Path) -> Any:
    with door_watched():
        return babytf.saving.deserialize_keras_object(config)


def _deserialize_layer(config: Any, folder: Path) -> Any:
    with door_watched():
        return layers.deserialize(config)


def _from_config(config: Any, folder: Path) -> Any:
    cls = babytf.Sequential if config["class_name"] == "Sequential" else babytf.Model
    with door_watched():
        return cls.from_config(config["config"])


class Carrier(layers.Layer):
    """A layer whose configuration is what a hostile one would be."""

    described: Any = None

    def __init__(self, part: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.part = part

    def call(self, x: Any) -> Any:
        return x

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "part": Carrier.described}


def _clone(config: Any, folder: Path) -> Any:
    model = babytf.Sequential([babytf.Input((8,)), Carrier()])
    Carrier.described = config
    with door_watched():
        return babytf.models.clone_model(model)


DOORS: dict[str, Door] = {
    "keras": _keras,
    "keras-unsafe": _keras_unsafe,
    "keras-uncompiled": _keras_weights_only,
    "keras-file-object": _keras_file_object,
    "keras-folder": _keras_folder,
    "h5": _legacy,
    "hdf5": _legacy_hdf5,
    "model_from_json": _model_from_json,
    "deserialize": _deserialize,
    "layers.deserialize": _deserialize_layer,
    "from_config": _from_config,
    "clone_model": _clone,
}


@contextlib.contextmanager
def door_watched(*allowed: Path) -> Iterator[None]:
    """Fails if, on the way through, anything happened that no load has a reason for."""
    with watched(*allowed) as seen:
        try:
            yield
        finally:
            happened = [] if unwatched else list(seen)
            seen.clear()
            assert not happened, f"while loading: {happened}"


unwatched: list[bool] = []
"""Not empty while the doors are used for the first time, which imports what they need."""


def harmless(folder: Path) -> Iterator[tuple[str, Any]]:
    """What each door makes of a model in which nothing is wrong: the model, or the error where there is no door yet."""
    for name, door in DOORS.items():
        for config in (sequential(layer("Dense", units=3, name="y")), functional(_DENSE)):
            place = folder / f"{name}-{config['class_name']}"
            place.mkdir()
            try:
                yield name, door(config, place)
            except FAMILIES as error:
                yield name, error


_DENSE = (layer("Dense", units=3, name="y"), [call(tensor("x"))])
