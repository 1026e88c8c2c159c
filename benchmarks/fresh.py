"""What can be seen only in a new process: import, cold start, the first step, memory. Prints one line of JSON.

    python benchmarks/fresh.py babytf import            # what `run.py` calls, once per round
    python benchmarks/fresh.py babytf "cold start" --save model.keras

A cold start is timed by the caller, from before the process exists until its line of JSON arrives.
"""

import time

BEGIN = time.perf_counter()

import argparse  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import os  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "data" / "mnist.npz"


def imported(entry):
    """Return the seconds that NumPy took, and those of the peer's own modules after it."""
    backend = entry.options.get("backend")
    if backend:
        os.environ["KERAS_BACKEND"] = backend
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    start = time.perf_counter()
    importlib.import_module("numpy")
    middle = time.perf_counter()
    for module in entry.imports:
        importlib.import_module(module)
    return middle - start, time.perf_counter() - middle


def most_memory():
    """Return the most bytes this process has held in memory."""
    try:
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def epoch_of_mnist(peer, case):
    """Train one epoch on MNIST, as floats in rows; on numbers of the same shape if it is not there."""
    from cases import data

    if EXAMPLE.is_file():
        import numpy as np

        with np.load(EXAMPLE) as stored:
            x, y = stored["x_train"], stored["y_train"]
        x, y = x.reshape(len(x), -1).astype("float32"), y.astype("int32")
        x /= 255  # in place: a second copy would be the most memory of all
    else:
        x, y = data(case, 60_000)
    peer.epoch(peer.prepare(x), y)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer")
    parser.add_argument("case")
    parser.add_argument("--save", metavar="PATH", help="only build the case's model, and save it here")
    parser.add_argument("--load", metavar="PATH", help="the saved model of a cold start")
    args = parser.parse_args()
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    from peers import PEERS

    entry = PEERS[args.peer]
    if args.case in ("import", "import beyond NumPy"):
        if not entry.imports:
            answer = {"unavailable": "nothing to import"}
        else:
            numpy, beyond = imported(entry)
            answer = {"value": beyond + (numpy if args.case == "import" else 0)}
        answers.write(json.dumps(answer) + "\n")
        return

    from cases import CASES, data

    case = CASES[args.case]
    try:
        if args.save:
            entry.make(case).save(args.save)
            answer = {}
        elif case.measure == "cold_start":
            peer = entry.make()
            peer.load(args.load)
            peer.predict(data(case, 1)[0], 1)
            answer = {"value": time.perf_counter() - BEGIN}
        elif case.measure == "first_step":
            peer = entry.make(case)
            x, y = data(case, case.batch)
            start = time.perf_counter()
            peer.epoch(peer.prepare(x), y)
            answer = {"value": time.perf_counter() - start}
        else:
            epoch_of_mnist(entry.make(case), case)
            answer = {"value": most_memory()}
    except NotImplementedError as error:
        answer = {"unavailable": str(error)}
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
