"""One peer in a process of its own: reads a request a line from standard input, answers each with a line of JSON.

`{"build": [784, 128, 10], "batch": 32, "steps": 200}` builds and warms up; `{"run": 1}` answers with seconds per step.
"""

import json
import os
import sys
import time

import numpy as np
from peers import PEERS


def blas_of_numpy():
    """Return what NumPy was linked with, and the OpenBLAS kernel that is running if it says so."""
    import ctypes

    built = np.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    text = f"{built.get('name', 'unknown')} {built.get('version', '')}".strip()
    try:
        with open("/proc/self/maps") as maps:
            loaded = {line.split(maxsplit=5)[-1].strip() for line in maps if "openblas" in line and "numpy" in line}
    except OSError:
        return text
    for path in loaded:
        for name in ("scipy_openblas_get_corename64_", "scipy_openblas_get_corename", "openblas_get_corename"):
            function = getattr(ctypes.CDLL(path), name, None)
            if function is not None:
                function.restype = ctypes.c_char_p
                return f"{text}, kernel {function().decode()}"
    return text


def versions():
    """Return the versions of the libraries that this process has imported."""
    names = ("numpy", "babytf", "keras", "tensorflow", "torch", "jax", "sklearn")
    return {name: sys.modules[name].__version__ for name in names if hasattr(sys.modules.get(name), "__version__")}


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints goes to standard error, not between the answers
    _, peer = PEERS[sys.argv[1]]
    epoch = steps = None
    for line in sys.stdin:
        request = json.loads(line)
        if "build" in request:
            sizes, batch, steps = tuple(request["build"]), request["batch"], request["steps"]
            rng = np.random.default_rng(0)
            x = rng.normal(size=(batch * steps, sizes[0])).astype("float32")
            y = rng.integers(sizes[-1], size=batch * steps).astype("int32")
            epoch = peer(sizes, batch, x, y)
            for _ in range(2):  # the first compiles, the second is warm
                epoch()
            answer = {"versions": versions(), "python": sys.version.split()[0], "blas": blas_of_numpy()}
        else:
            start = time.perf_counter()
            epoch()
            answer = {"seconds": (time.perf_counter() - start) / steps}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
