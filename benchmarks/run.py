"""Time babytf beside its peers: same work, one run, taking turns.

README.md beside this file says what is timed, and how.
"""

import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import machine
from cases import CASES, MEASURES, UNITS
from peers import PEERS

HERE = Path(__file__).resolve().parent
BASES = ("babytf", "babytf, Numba")
SMALLEST = "4-16-3, batch 16"
PAUSE = 0.1  # seconds in which the threads of the one before go to sleep


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument(
        "--python", action="append", default=[], metavar="PATH", help="a Python that has peers installed"
    )
    parser.add_argument("--peer", action="append", metavar="NAME", help="run this peer only (may be repeated)")
    parser.add_argument("--case", action="append", metavar="NAME", help="run this case only (may be repeated)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each peer, or more (default: 7)")
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
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed peers come compiled; so must babytf, or its import is slow
    if native_blas:
        for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
            env.pop(name, None)
    return env


def environment_of(peer, env):
    """Return the environment of a peer's process: babytf alone must not find Numba."""
    return dict(env, NUMBA_DISABLE_JIT="1") if PEERS[peer].options.get("numba") is False else env


def python_for(peer, candidates, env):
    """Return the first Python that has what the peer needs, or None."""
    check = "import importlib.util, sys; sys.exit(any(importlib.util.find_spec(m) is None for m in sys.argv[1:]))"
    for python in [sys.executable] if PEERS[peer].ours else [sys.executable, *candidates]:
        if subprocess.run([python, "-c", check, *PEERS[peer].needs], env=env, capture_output=True).returncode == 0:
            return python
    return None


def show(message):
    """Show what is going on in place, when somebody watches."""
    if sys.stderr.isatty():
        print(f"  {message:70s}", end="\r", file=sys.stderr, flush=True)


class Unavailable(Exception):
    """A peer cannot do a case."""


def read(line):
    """Return a process's answer."""
    if not line:
        raise Unavailable("stopped without an answer (set BENCHMARK_LOG=1 to see what it printed)")
    answer = json.loads(line)
    if "unavailable" in answer:
        raise Unavailable(answer["unavailable"])
    return answer


def errors_of_processes():
    return None if "BENCHMARK_LOG" in os.environ else subprocess.DEVNULL


class Worker:
    """A peer's process, and the requests to it; one that stopped is started again."""

    def __init__(self, peer, python, env):
        self.command = [python, str(HERE / "worker.py"), peer]
        self.env = environment_of(peer, env)
        self.process = None

    def ask(self, **request):
        if self.process is None:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors_of_processes(),
                env=self.env,
                text=True,
                bufsize=1,
            )
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self.close()
        return read(line)

    def build(self, case, steps):
        return self.ask(case=case.name, steps=steps)

    def value(self):
        time.sleep(PAUSE)
        return self.ask(run=1)["value"]

    def close(self):
        if self.process is not None:
            self.process.stdin.close()
            self.process.wait()
            self.process.stdout.close()
            self.process = None


class Fresh:
    """A peer whose every round is a new process."""

    def __init__(self, peer, python, env, folder):
        self.peer, self.env, self.folder = peer, environment_of(peer, env), folder
        self.command = [python, str(HERE / "fresh.py"), peer]

    def _run(self, *arguments):
        """Return the answer, and the seconds until it came."""
        start = time.perf_counter()
        with subprocess.Popen(
            [*self.command, self.case.name, *arguments],
            stdout=subprocess.PIPE,
            stderr=errors_of_processes(),
            env=self.env,
            text=True,
        ) as process:
            line = process.stdout.readline()
            seconds = time.perf_counter() - start
        return read(line), seconds

    def build(self, case, steps):
        self.case, self.arguments = case, ()
        if case.measure == "cold_start":
            path = str(self.folder / ("".join(c for c in self.peer if c.isalnum()) + suffix(self.peer)))
            self._run("--save", path)
            self.arguments = ("--load", path)
        return self._run(*self.arguments)[0]  # files come into the system's cache

    def value(self):
        answer, seconds = self._run(*self.arguments)
        return seconds if self.case.measure == "cold_start" else answer["value"]


def suffix(peer):
    """Return how the file of a peer's saved model is called."""
    return {"keras_api": ".keras", "torch_alone": ".pt", "jax_by_hand": ".npz"}.get(PEERS[peer].module, ".pickle")


def run_case(case, runners, rounds, steps):
    """Return `(results, unavailable)`: `{peer: {"best", "median", "rounds"}}` in seconds or bytes, `{peer: why}`."""
    results, unavailable = {}, {}
    for peer, runner in runners.items():
        show(f"{case.name}: warming up {peer}")
        try:
            runner.build(case, steps)
            results[peer] = {"rounds": []}
        except Unavailable as why:
            unavailable[peer] = str(why)
    order = list(results)
    turn, improved = 0, True
    # A machine that other work disturbs gets more rounds, for as long as they still find a faster one.
    while turn < rounds or (improved and 1 < rounds and turn < 2 * rounds):
        improved = False
        for peer in order[turn % max(len(order), 1) :] + order[: turn % max(len(order), 1)]:
            if peer not in results:
                continue
            show(f"{case.name}: round {turn + 1}: {peer}")
            taken = results[peer]["rounds"]
            try:
                value = runners[peer].value()
            except Unavailable as why:
                unavailable[peer] = str(why)
                del results[peer]
                continue
            improved |= bool(taken) and value < 0.97 * min(taken)
            taken.append(value)
        turn += 1
    show("")
    for result in results.values():
        result["best"] = min(result["rounds"])
        result["median"] = statistics.median(result["rounds"])
    return results, unavailable


def print_table(case, results, unavailable):
    title, unit, _ = MEASURES[case.measure]
    bases = [results.get(base, {}).get("best") for base in BASES]
    print(f"\n{case.name}: {title}")
    print(f"  {'':24s} {'best ' + unit:>11s} {'median ' + unit:>11s} {'/ babytf':>9s} {'/ Numba':>9s}")
    for peer, result in sorted(results.items(), key=lambda item: item[1]["best"]):
        ratios = " ".join(f"{result['best'] / base:9.2f}" if base else f"{'-':>9s}" for base in bases)
        best, median = (f"{result[key] * UNITS[unit]:11.1f}" for key in ("best", "median"))
        print(f"  {peer:24s} {best} {median} {ratios}")
    for peer, why in unavailable.items():
        print(f"  {peer:24s} not available: {why.splitlines()[0][:90]}")
    sys.stdout.flush()


def print_machine(report):
    about = report["peers"]
    found = {module: version for facts in about.values() for module, version in facts.get("versions", {}).items()}
    ours = next((about[p] for p in (*BASES, "matrix products alone", *about) if "blas" in about.get(p, {})), {})
    settings = " ".join(f"{k}={v}" for k, v in report["blas_settings"].items()) or "none"
    print(f"\nCPU       {report['cpu']}, {report['cores']} cores")
    print(f"BLAS      {ours.get('blas', 'unknown')} (NumPy's)")
    print(f"settings  {settings}")
    print(f"versions  Python {ours.get('python')}, " + ", ".join(f"{k} {v}" for k, v in sorted(found.items())))
    print("ratio     best round of the peer over best round of babytf: above 1.00 is slower than babytf")
    if (report["load_before"] or 0) > 0.5:
        print(f"note      other work was running when this started (load {report['load_before']})")


def measure(args, env, pythons, folder, report):
    """Fill in the report: the cases' numbers, and what each peer's process says of itself."""
    workers = {peer: Worker(peer, python, env) for peer, python in pythons.items()}
    fresh = {peer: Fresh(peer, python, env, folder) for peer, python in pythons.items()}
    cases, about = report["cases"], report["peers"]
    chosen = [CASES[name] for name in args.case or CASES]
    try:
        for case in sorted(chosen, key=lambda case: MEASURES[case.measure][2]):  # new processes come last
            _, unit, alone = MEASURES[case.measure]
            if alone:
                for worker in workers.values():
                    worker.close()
            rounds = max(1, args.rounds // 2) if alone else args.rounds
            results, unavailable = run_case(case, fresh if alone else workers, rounds, args.steps)
            cases[case.name] = {
                **{"measure": case.measure, "unit": unit, "load": machine.load()},
                **{"results": results, "unavailable": unavailable},
            }
            print_table(case, results, unavailable)
            if not alone:
                for peer, worker in workers.items():
                    if peer not in about and worker.process is not None and peer in results:
                        about[peer] = worker.ask(about=1)
            write(report, args.output)  # a run that is stopped leaves what it has
        for peer in {p for case in cases.values() for p in case["results"]} - set(about):  # ran in new processes only
            workers[peer].build(CASES[SMALLEST], 1)
            about[peer] = workers[peer].ask(about=1)
    finally:
        for worker in workers.values():
            worker.close()


def write(report, path):
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(report, indent=1) + "\n")


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

    report = {
        **machine.facts(env),
        "date": time.strftime("%Y-%m-%d"),
        "native_blas": args.native_blas,
        "rounds": args.rounds,
        "options": " ".join(shlex.quote(a) for a in sys.argv[1:] if "/" not in a and a not in ("--python", "--output")),
    }
    report["cases"], report["peers"] = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        measure(args, env, pythons, Path(folder), report)
    report["load_after"] = machine.load()
    print_machine(report)
    write(report, args.output)
    if args.output:
        print(f"written   {args.output}")


if __name__ == "__main__":
    main()
