"""Loads the files named on the command line, one after the other, and prints what each did, as a line of JSON.

Run as a program of its own, so that its memory can be measured, and so that a crash is no crash of the tests.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import json
import re
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import babytf
from babytf import layers
from babytf.cli import main as command_line
from babytf.saving import KerasFileEditor, load_model


def memory(field: str) -> float:
    """A line of what the kernel says of this process's memory, in MB; 0 where there is no such file."""
    try:
        found = re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    except OSError:
        return 0.0
    return int(found[1]) / 1024 if found else 0.0


def forget_the_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def victim() -> babytf.Sequential:
    model = babytf.Sequential([babytf.Input((8,)), layers.Dense(3, name="y")])
    model.compile("adam", "mse")
    return model


def bits(model: babytf.Sequential) -> list[bytes]:
    return [v.numpy().tobytes() for v in [*model.variables, *model.optimizer.variables]]


def command(name: str, path: str) -> None:
    """A command on a file, which fails unless it is one that only looks."""
    folder = Path(path).parent
    np.save(folder / "x.npy", np.zeros((1, 8), "float32"))
    out = str(folder / "out")
    if name == "predict":
        code = command_line(["predict", path, "--input", str(folder / "x.npy"), "--output", f"{out}.npy"])
    else:
        code = command_line([name, path, *([f"{out}.h5", "--overwrite"] if name == "convert" else [])])
    assert code == 1 or name == "inspect", "it was done"


def by_configuration(door: str, config: dict[str, object]) -> None:
    """What a program does with a configuration that it has read itself."""
    if door == "deserialize":
        babytf.saving.deserialize_keras_object(config)
    elif door == "from_config":
        babytf.Sequential.from_config(config["config"])
    else:
        described = config["config"]["layers"][-1]["config"]  # type: ignore[index]
        babytf.models.clone_model(victim(), clone_function=lambda layer: type(layer).from_config(described))


def measured(path: str, door: str) -> dict[str, object]:
    model = victim()
    before = bits(model)
    text = Path(path).read_text() if path.endswith(".json") else ""
    forget_the_peak()
    resident, started = memory("VmRSS"), time.process_time()
    error: BaseException | None = None
    try:
        if door == "weights":
            model.load_weights(path)
        elif door == "json":
            babytf.models.model_from_json(text)
        elif door in ("deserialize", "from_config", "clone"):
            by_configuration(door, json.loads(text))
        elif door in ("editor", "inspect", "convert", "predict"):
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as said:
                KerasFileEditor(path) if door == "editor" else command(door, path)
            if door in ("convert", "predict"):
                raise ValueError(said.getvalue())
        else:
            model = load_model(path)
    except BaseException as caught:
        error = caught
    return {
        "error": type(error).__name__ if error is not None else None,
        "family": isinstance(error, (ValueError, TypeError, OSError)),
        "message": str(error) if error is not None else "",
        "seconds": time.process_time() - started,
        "megabytes": memory("VmHWM") - resident,
        "unchanged": bits(model) == before if door == "weights" else None,
    }


def main() -> None:
    warnings.simplefilter("ignore")
    victim().predict(np.zeros((1, 8), "float32"), verbose=0)
    for first in sys.argv[1:3]:  # files in which nothing is wrong, which let everything be imported
        for door in ("model" if first.endswith(".keras") else "weights", "editor", "inspect"):
            measured(first, door)
    for line in sys.stdin:
        path, door = json.loads(line)
        faulthandler.dump_traceback_later(60, exit=True)
        print(json.dumps({"path": path, "door": door, **measured(path, door)}), flush=True)  # noqa: T201
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
