"""Real files, changed at random, and loaded: `python -m tests.saving.fuzzing SEED COUNT`.

A run is the same every time. It prints a line of JSON for each case that went wrong, and one at the end. Run as a
program of its own, so that a crash in a C library, or a load without end, is seen and is no crash of the tests.

What is changed: bytes anywhere; numbers in the structures of HDF5 and zip, to ones that are too large or too small;
the configuration, as JSON, with parts moved, repeated, left out or replaced. Archives are packed anew around changed
members, so that what is behind the checksum is reached.
"""

from __future__ import annotations

import contextlib
import copy
import faulthandler
import io
import json
import random
import struct
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import babytf
from babytf import limits
from babytf.models import model_from_json
from babytf.saving import load_model
from tests.golden import ROOT
from tests.saving.hostile import FAMILIES, import_what_a_file_may_name, member_changed, watched
from tests.saving.measured_load import forget_the_peak, memory

SECONDS = 2.0
MEMORY = 256 << 20
MOST_LETTERS = 4500
NUMBERS = [0, 1, 2, 7, 8, 255, 256, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1, (1 << 64) - 1]
VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1,
    3,
    2**31,
    2**63,
    10**30,
    0.5,
    -1e300,
    "",
    "relu",
    "../x",
    "Dense",
    "\0",
]
DEEP: Any = []
for _ in range(90):
    DEEP = [DEEP]
VALUES += [DEEP, [], [1], [None, 8], [[]], {}, {"a": 1}, "x" * 100_000, [0] * 100]
VALUES += [
    {"class_name": "Dense", "config": {"units": 10**9}, "module": "keras.layers"},
    {"class_name": "__lambda__", "config": {"code": "x"}},
    {"class_name": "__numpy__", "config": {"value": [1], "dtype": "float32"}},
    {"class_name": "__keras_tensor__", "config": {"shape": [1], "dtype": "float32", "keras_history": ["dense", 0, 0]}},
    {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"},
    {"class_name": "Functional", "module": "keras.src.models.functional", "config": {"layers": []}},
]


def real(name: str) -> list[bytes]:
    """All files of this name that were recorded, of models whose layers there are."""
    found = []
    for path in sorted((ROOT / "models").glob(f"*/{name}")):
        with contextlib.suppress(TypeError):  # of an unknown class
            load_model(path)
            found.append(path.read_bytes())
    return found


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    KERAS = real("model.keras")
    LEGACY = real("legacy_keras?.h5")
WHOLE = (ROOT / "models" / "mlp_adam" / "model.keras").read_bytes()
WEIGHTS = (ROOT / "models" / "mlp_adam" / "model.weights.h5").read_bytes()
LEGACY_WEIGHTS = (ROOT / "models" / "mlp_adam" / "legacy_keras3.h5").read_bytes()

# -------------------------------------------------------------------------------------------- changes


def bytes_changed(data: bytes, chance: random.Random) -> bytes:
    """A few of the changes that files suffer, or are made to suffer."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 4, 16))):
        kind, at = chance.randrange(7), chance.randrange(len(out))
        if chance.random() < 0.5:
            at = chance.randrange(min(len(out), 4096))  # where structures are, more often than numbers
        if kind == 0:
            out[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            out[at] = chance.randrange(256)
        elif kind == 2:
            size, form = chance.choice(((1, "<B"), (2, "<H"), (4, "<L"), (8, "<Q")))
            number = struct.pack(form, chance.choice(NUMBERS) & ((1 << 8 * size) - 1))
            at -= at % size
            out[at : at + size] = number[: len(out) - at]
        elif kind == 3:
            size, other = chance.choice((4, 8, 64, 512)), chance.randrange(len(out))
            piece = bytes(out[other : other + size])[: len(out) - at]
            out[at : at + len(piece)] = piece
        elif kind == 4:
            del out[at : at + chance.choice((1, 8, 64))]
        elif kind == 5:
            out[at:at] = bytes(out[at : at + chance.choice((1, 8, 64))])
        elif kind == 6 and chance.random() < 0.3:
            del out[at:]
        if len(out) < 16:
            return bytes(out)
    return bytes(out)


def places(tree: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*here, key)
        yield from places(value, (*here, key))


def tree_changed(tree: Any, chance: random.Random) -> Any:
    """A configuration with parts replaced, moved, repeated or left out."""
    tree = copy.deepcopy(tree)
    for _ in range(chance.choice((1, 1, 2, 3))):
        found = list(places(tree))
        if not found:
            return tree
        path, other = chance.choice(found), chance.choice(found)
        part, kind = below(tree, path[:-1]), chance.randrange(6)
        if kind == 0:
            del part[path[-1]]
        elif kind == 1:
            part[path[-1]] = copy.deepcopy(below(tree, other))
        elif kind == 5:
            other = chance.choice([place for place in found if type(below(tree, place)) is type(part[path[-1]])])
            if path != other[: len(path)] and other != path[: len(other)]:
                aside = below(tree, other[:-1])
                part[path[-1]], aside[other[-1]] = aside[other[-1]], part[path[-1]]
        elif kind == 2 and isinstance(part, list):
            part.insert(chance.randrange(len(part) + 1), copy.deepcopy(part[path[-1]]))
        elif kind == 3 and isinstance(part, dict):
            part[chance.choice(("name", "class_name", "config", "module", "dtype", "x"))] = part.pop(path[-1])
        else:
            part[path[-1]] = copy.deepcopy(chance.choice(VALUES))
    return tree


def below(tree: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        tree = tree[key]
    return tree


def attribute_changed(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    out = io.BytesIO(data)
    with h5py.File(out, "r+") as file:
        if name in file.attrs:
            old = file.attrs[name]
            text = change(old.encode() if isinstance(old, str) else bytes(old))
            file.attrs[name] = text.replace(b"\0", b"?").decode("utf-8", "replace")
    return out.getvalue()


# ---------------------------------------------------------------------------------------------- cases


def member(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return file.read(name)


def a_zip(chance: random.Random) -> tuple[str, bytes]:
    return "m.keras", bytes_changed(chance.choice(KERAS), chance)


def a_configuration(chance: random.Random) -> tuple[str, bytes]:
    source = chance.choice(KERAS)
    config = tree_changed(json.loads(member(source, "config.json")), chance)
    return "m.keras", member_changed("config.json", json.dumps(config).encode(), source)


def a_configuration_alone(chance: random.Random) -> tuple[str, bytes]:
    config = tree_changed(json.loads(member(chance.choice(KERAS), "config.json")), chance)
    return "m.json", json.dumps(config).encode()


def a_text(chance: random.Random) -> tuple[str, bytes]:
    source = chance.choice(KERAS)
    return "m.keras", member_changed("config.json", bytes_changed(member(source, "config.json"), chance), source)


def weights_inside(chance: random.Random) -> tuple[str, bytes]:
    source = chance.choice(KERAS)
    changed = bytes_changed(member(source, "model.weights.h5"), chance)
    return "m.keras", member_changed("model.weights.h5", changed, source)


def weights_alone(chance: random.Random) -> tuple[str, bytes]:
    return "w.weights.h5", bytes_changed(WEIGHTS, chance)


def a_legacy_file(chance: random.Random) -> tuple[str, bytes]:
    return "m.h5", bytes_changed(chance.choice(LEGACY), chance)


def legacy_weights(chance: random.Random) -> tuple[str, bytes]:
    return "w.h5", bytes_changed(LEGACY_WEIGHTS, chance)


def a_legacy_configuration(chance: random.Random) -> tuple[str, bytes]:
    def change(text: bytes) -> bytes:
        if chance.random() < 0.2:
            return bytes_changed(text, chance)
        return json.dumps(tree_changed(json.loads(text), chance)).encode()

    name = chance.choice(("model_config", "model_config", "training_config"))
    return "m.h5", attribute_changed(chance.choice(LEGACY), name, change)


KINDS = (
    a_zip,
    a_configuration,
    a_configuration,
    a_configuration_alone,
    a_text,
    weights_inside,
    weights_alone,
    a_legacy_file,
    legacy_weights,
    a_legacy_configuration,
)


def case(seed: int) -> tuple[str, bytes]:
    chance = random.Random(seed)
    return KINDS[seed % len(KINDS)](chance)


# ------------------------------------------------------------------------------------------------ run


class Trial:
    """Loads one case after the other, and says what went wrong.

    Args:
        folder: Where to put the files.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = load_model(io.BytesIO(WHOLE))
        self.loaded = self.refused = 0

    def bits(self) -> list[bytes]:
        return [v.numpy().tobytes() for v in [*self.model.variables, *self.model.optimizer.variables]]

    def __call__(self, name: str, data: bytes) -> str | None:
        """What went wrong with a file; `None` if nothing did."""
        file = self.folder / name
        file.write_bytes(data)
        before = self.bits() if name.startswith("w") else []
        started, made = time.process_time(), None
        try:
            with watched(file) as seen:
                if name.startswith("w"):
                    self.model.load_weights(file)
                elif name.endswith(".json"):
                    model_from_json(data)
                else:
                    made = load_model(file)
            if made is not None and self.loaded % 8 == 0 and len(made.inputs) == 1:
                made.predict(np.zeros((1, *(size or 1 for size in made.inputs[0].shape[1:])), "float32"), verbose=0)
            self.loaded += 1
            wrong = None
        except FAMILIES as error:
            self.refused += 1
            wrong = None if 0 < len(str(error)) < MOST_LETTERS else f"a message of {len(str(error))} letters"
            if before and self.bits() != before:
                wrong = "the load failed, and changed the model"
        except BaseException as error:
            wrong = f"{type(error).__name__}: {str(error)[:300]}"
        if seen:
            wrong = f"happened: {seen[:3]}"
        if time.process_time() - started > SECONDS:
            wrong = f"{time.process_time() - started:.1f} s"
        return wrong


def main() -> None:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    warnings.simplefilter("ignore")
    limits.memory = lambda: MEMORY  # what a configuration alone asks for, and may have, takes its time
    with tempfile.TemporaryDirectory() as folder:
        import_what_a_file_may_name()
        trial = Trial(Path(folder))
        trial.model.predict(np.zeros((1, 8), "float32"), verbose=0)
        forget_the_peak()
        resident = memory("VmRSS")
        for seed in range(first, first + count):
            name, data = case(seed)
            print(seed, file=sys.stderr, flush=True)  # noqa: T201
            faulthandler.dump_traceback_later(30, exit=True)
            wrong = trial(name, data)
            if seed % 50 == 0:
                babytf.utils.clear_session(free_memory=False)
            if wrong is not None:
                found = {"seed": seed, "kind": KINDS[seed % len(KINDS)].__name__, "wrong": wrong}
                print(json.dumps(found), flush=True)  # noqa: T201
        faulthandler.cancel_dump_traceback_later()
        summary = {"loaded": trial.loaded, "refused": trial.refused, "megabytes": memory("VmHWM") - resident}
        print(json.dumps(summary))  # noqa: T201


if __name__ == "__main__":
    main()
