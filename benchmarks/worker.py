"""One peer in a process of its own: reads a request a line from standard input, answers each with a line of JSON.

`{"case": "784-128-10, batch 32", "steps": 200}` builds and warms up; `{"run": 1}` times one round and answers with the
seconds of a step (or of a call, or of the whole, as the case says); `{"about": 1}` answers with versions.
"""

import dataclasses
import gc
import json
import os
import sys
import time

import numpy as np
from cases import CASES, data, rows_of
from peers import PEERS

LONG = 5.0
"""Seconds of a first round after which a second is not needed to be warm."""


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


def about():
    """Return the versions of the libraries that this process has imported, and its BLAS."""
    names = ("numpy", "babytf", "numba", "keras", "tensorflow", "torch", "jax", "sklearn")
    found = {name: sys.modules[name].__version__ for name in names if hasattr(sys.modules.get(name), "__version__")}
    return {"versions": found, "python": sys.version.split()[0], "blas": blas_of_numpy()}


def work_of(peer, case):
    """Return the work of one round, as a function without arguments, and how many units of it a round has."""
    x, y = data(case, rows_of(case))
    x = peer.prepare(x)
    if case.measure == "step":
        return lambda: peer.epoch(x, y), case.steps
    if case.measure == "evaluate":
        return lambda: peer.evaluate(x, y), 1
    if case.measure == "predict_many":
        return lambda: peer.predict(x), 1
    use = peer.predict if case.measure == "predict_one" else peer.call
    one = x[:1]

    def several():
        for _ in range(case.steps):
            use(one)

    return several, case.steps


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what a library prints goes to standard error, not between the answers
    entry = PEERS[sys.argv[1]]
    work, units = None, 1
    for line in sys.stdin:
        request = json.loads(line)
        if "case" in request:
            work = None
            gc.collect()
            case = CASES[request["case"]]
            if request.get("steps"):
                case = dataclasses.replace(case, steps=request["steps"])
            try:
                peer = entry.make(case)
                work, units = work_of(peer, case)
                if seconds(work) < LONG:  # compiles
                    work()  # is warm
                answer = {}
            except NotImplementedError as error:
                answer = {"unavailable": str(error)}
            except Exception as error:  # one case that fails must not end the others
                answer = {"unavailable": f"failed: {type(error).__name__}: {error}"[:300]}
        elif "run" in request:
            answer = {"value": min(seconds(work) for _ in range(getattr(peer, "ways", 1))) / units}
        else:
            answer = about()
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
