"""How long a large model file takes to load and inspect, and how much memory: `python benchmarks/files.py [MEGABYTES]`.

Each measurement is a process of its own, which first loads a small file, so that what has to be imported is there.
Loading is set beside reading the file twice from beginning to end, in the same process, with the file in the system's
cache; the best of several rounds of each, in turns. Memory is what the peak of the process rises by, in file sizes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
WIDTH = 1000
FORMATS = (".keras", ".h5", ".weights.h5")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", nargs="?", type=float, default=100.0, help="size of the file (100)")
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "SMALL", "LARGE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measured(*options.one)))
        return
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder, "small"), Path(folder, "large")
        for path, size in ((small, 0.1), (large, options.megabytes)):
            write(path, size)
        for extension in FORMATS:
            size = Path(f"{large}{extension}").stat().st_size
            row = [f"{extension:12} {size / 1e6:6.1f} MB"]
            for what in ("load", "inspect"):
                command = [sys.executable, __file__, "--one", what, f"{small}{extension}", f"{large}{extension}"]
                found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
                seconds, reading, rise = found["seconds"], found["reading"], found["rise"]
                row.append(
                    f"{what} {seconds * 1e3:7.1f} ms = {seconds / reading:5.2f} x reading twice, "
                    f"memory +{rise * 1e6 / size:.2f} x its size"
                )
            print("  |  ".join(row))


def model_of(megabytes: float):
    """A model that is compiled and was trained: its weights and Adam's two slots make the size."""
    import babytf
    from babytf import layers

    count = max(1, round(megabytes * 1e6 / (12 * WIDTH * WIDTH)))
    parts = [layers.Dense(WIDTH if megabytes > 1 else 8, kernel_initializer="zeros") for _ in range(count)]
    model = babytf.Sequential([babytf.Input((WIDTH,)), *parts])
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def write(stem: Path, megabytes: float) -> None:
    model = model_of(megabytes)
    for extension in FORMATS:
        (model.save_weights if "weights" in extension else model.save)(f"{stem}{extension}")


def measured(what: str, small: str, large: str) -> dict[str, float]:
    import babytf
    from babytf.cli import main as command_line

    def run(path: str) -> object:
        if what == "inspect":
            with contextlib.redirect_stdout(io.StringIO()):
                return command_line(["inspect", path])
        if path.endswith(".weights.h5"):
            model.load_weights(path)
            return model
        return babytf.models.load_model(path)

    model = model_of(0.1)
    run(small)
    if what == "load" and large.endswith(".weights.h5"):
        model = model_of(os.path.getsize(large) / 1e6)
        for array in [*model.variables, *model.optimizer.variables]:
            array.assign(array.numpy())  # touched, so that the rise is that of the load
    before = forget_the_peak()
    run(large)
    rise = memory("VmHWM") - before
    best = {"reading": float("inf"), "seconds": float("inf")}
    for _ in range(ROUNDS):
        for key, task in (("reading", lambda: (read(large), read(large))), ("seconds", lambda: run(large))):
            gc.collect()  # models that are not needed any more are not part of a load
            start = time.perf_counter()
            task()
            best[key] = min(best[key], time.perf_counter() - start)
    return {**best, "rise": rise}


def read(path: str) -> int:
    with open(path, "rb") as file:
        return len(file.read())


def memory(field: str) -> float:
    """A line of what Linux says of this process's memory, in MB."""
    found = re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def forget_the_peak() -> float:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


if __name__ == "__main__":
    main()
