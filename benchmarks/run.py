"""Time one training step of babytf beside its peers: same work, one run, taking turns.

README.md beside this file says what is timed, and how.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from peers import NEEDS_KERAS, OURS, PEERS

HERE = Path(__file__).resolve().parent

# name -> (widths of the layers, batch size, steps in a round)
CASES = {
    "784-512-512-10, batch 128": ((784, 512, 512, 10), 128, 100),
    "784-128-10, batch 32": ((784, 128, 10), 32, 400),
    "4-16-3, batch 16": ((4, 16, 3), 16, 1000),
    "784-2048-2048-10, batch 256": ((784, 2048, 2048, 10), 256, 10),
}
DEFAULT_CASES = list(CASES)[:2]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--python", action="append", default=[], metavar="PATH", help="a Python that has peers installed"
    )
    parser.add_argument("--peer", action="append", metavar="NAME", help="run this peer only (may be repeated)")
    parser.add_argument("--case", action="append", metavar="NAME", help="run this case only (may be repeated)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each peer (default: 7)")
    parser.add_argument("--steps", type=int, help="steps in a turn (default: by case)")
    parser.add_argument("--native-blas", action="store_true", help="unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE")
    parser.add_argument("--output", type=Path, help="write the numbers to this JSON file")
    parser.add_argument("--list", action="store_true", help="name the cases and the peers, and stop")
    args = parser.parse_args()
    for option, chosen, known in (("--peer", args.peer, PEERS), ("--case", args.case, CASES)):
        for name in chosen or ():
            if name not in known:
                parser.error(f"{option} {name!r} is not one of: {'; '.join(known)}")
    for option, value in (("--rounds", args.rounds), ("--steps", args.steps)):
        if value is not None and value < 1:
            parser.error(f"{option} must be at least 1, got {value}")
    return args


def environment(native_blas):
    env = dict(
        os.environ, PYTHONPATH=os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)
    )
    if native_blas:
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
            env.pop(name, None)
    return env


def python_for(peer, candidates, env):
    """Return the first Python that has what the peer imports, or None."""
    modules = {PEERS[peer][0]} | ({"keras"} if peer in NEEDS_KERAS else set())
    check = "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None for m in sys.argv[1:]))"
    for python in [sys.executable] if peer in OURS else [sys.executable, *candidates]:
        if subprocess.run([python, "-c", check, *modules], env=env, capture_output=True).returncode == 0:
            return python
    return None


def show(message):
    """Show what is going on in place, when somebody watches."""
    if sys.stderr.isatty():
        print(f"  {message:60s}", end="\r", file=sys.stderr, flush=True)


class Worker:
    """A peer's process, and the requests to it."""

    def __init__(self, peer, python, env):
        self.process = subprocess.Popen(
            [python, str(HERE / "worker.py"), peer],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None if "BENCHMARK_LOG" in os.environ else subprocess.DEVNULL,
            env=env,
            text=True,
            bufsize=1,
        )

    def ask(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError("stopped without an answer (set BENCHMARK_LOG=1 to see what it printed)")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def cpu_name():
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def run_case(name, pythons, env, rounds, steps):
    """Return {peer: {"best", "median", "rounds", "about"}} in seconds per step."""
    sizes, batch, default_steps = CASES[name]
    steps = steps or default_steps
    workers, results = {}, {}
    try:
        for peer, python in pythons.items():
            show(f"warming up {peer}")
            worker = Worker(peer, python, env)
            try:
                about = worker.ask(build=sizes, batch=batch, steps=steps)
            except RuntimeError as problem:
                print(f"  {peer}: {problem}; left out", file=sys.stderr)
                worker.close()
                continue
            workers[peer] = worker
            results[peer] = {"about": about, "rounds": []}
        order = list(workers)
        for turn in range(rounds):
            for peer in order[turn % len(order) :] + order[: turn % len(order)]:
                show(f"round {turn + 1} of {rounds}: {peer}")
                time.sleep(0.1)  # the threads of the one before go to sleep
                results[peer]["rounds"].append(workers[peer].ask(run=1)["seconds"])
    finally:
        for worker in workers.values():
            worker.close()
    show("")
    for result in results.values():
        result["best"] = min(result["rounds"])
        result["median"] = statistics.median(result["rounds"])
    return results


def print_table(name, results):
    base = results.get("babytf", {}).get("median")
    print(f"\n{name}: time of one step of fit (Adam)")
    print(f"  {'':24s} {'best µs':>9s} {'median µs':>10s} {'ratio':>7s}")
    for peer, result in sorted(results.items(), key=lambda item: item[1]["median"]):
        ratio = f"{result['median'] / base:7.2f}" if base else "      -"
        print(f"  {peer:24s} {result['best'] * 1e6:9.0f} {result['median'] * 1e6:10.0f} {ratio}")


def main():
    args = parse_arguments()
    if args.list:
        print("cases:\n  " + "\n  ".join(CASES) + "\npeers:\n  " + "\n  ".join(PEERS))
        return
    env = environment(args.native_blas)
    pythons = {}
    for peer in args.peer or PEERS:
        python = python_for(peer, args.python, env)
        if python is None:
            print(f"{peer}: not installed, left out", file=sys.stderr)
        else:
            pythons[peer] = python
    if not pythons:
        raise SystemExit("none of these peers is installed")

    overrides = {name: env[name] for name in sorted(env) if name.startswith(("OPENBLAS_", "OMP_", "MKL_"))}
    report = {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "blas_settings": overrides,
        "native_blas": args.native_blas,
        "load_average": os.getloadavg() if hasattr(os, "getloadavg") else None,
        "rounds": args.rounds,
        "cases": {},
    }
    for name in args.case or DEFAULT_CASES:
        report["cases"][name] = results = run_case(name, pythons, env, args.rounds, args.steps)
        print_table(name, results)

    about = {peer: result["about"] for results in report["cases"].values() for peer, result in results.items()}
    found = {module: version for facts in about.values() for module, version in facts["versions"].items()}
    ours = next((about[peer] for peer in OURS if peer in about), next(iter(about.values()), {}))
    print(f"\nCPU       {report['cpu']}, {report['cores']} cores")
    print(f"BLAS      {ours.get('blas', 'unknown')} (NumPy's)")
    print(f"settings  {' '.join(f'{k}={v}' for k, v in overrides.items()) or 'none'}")
    print(f"versions  Python {ours.get('python')}, " + ", ".join(f"{k} {v}" for k, v in sorted(found.items())))
    print("ratio     median of the peer over median of babytf: above 1.00 is slower than babytf")
    if report["load_average"] and report["load_average"][0] > 0.5:
        print(f"note      other work was running when this started (load {report['load_average'][0]:.1f})")
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(report, indent=2) + "\n")
        print(f"written   {args.output}")


if __name__ == "__main__":
    main()
