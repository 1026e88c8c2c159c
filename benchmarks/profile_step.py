"""Where a step's time goes: time each line of a program that babytf emits.

    python benchmarks/profile_step.py "784-128-10, batch 32"
    python benchmarks/profile_step.py --numba --kind predict "784-512-512-10, batch 128"
    python benchmarks/profile_step.py --script my_model.py        # a file that leaves a compiled `model`, `x` and `y`

The program's main function is run with a look at the clock after every statement. Each line's time is that of the
fastest tenth of many steps. Products are shown with the multiplications and additions they do in a second (GFLOP/s),
other lines with the bytes of the arrays they name per second (GB/s), where that says something.
"""

import argparse
import ast
import contextlib
import os
import runpy
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from cases import CASES, data

sys.path.append(str(Path(__file__).resolve().parent.parent))  # after PYTHONPATH: another copy may be meant


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    steps = [name for name, case in CASES.items() if case.measure == "step"]
    parser.add_argument("case", nargs="?", help="one of: " + "; ".join(steps))
    parser.add_argument("--script", type=Path, help="instead of a case: a Python file that makes model, x and y")
    parser.add_argument("--kind", choices=("train", "test", "predict"), default="train", help="which program")
    parser.add_argument("--numba", action="store_true", help="with fused loops, if Numba is installed")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to measure (default: 3)")
    parser.add_argument("--top", type=int, help="show the slowest lines only, as many as this")
    parser.add_argument("--by", choices=("line", "layer"), default="line", help="lines, or sums per layer only")
    args = parser.parse_args()
    if (args.case is None) == (args.script is None):
        parser.error("give a case or --script, one of the two")
    if args.case is not None and args.case not in steps:
        parser.error(f"case {args.case!r} is not one of: {'; '.join(steps)}")
    if args.seconds <= 0:
        parser.error(f"--seconds must be above 0, got {args.seconds}")
    if args.top is not None and args.top < 1:
        parser.error(f"--top must be at least 1, got {args.top}")
    return args


def program_of(args):
    """Return the program, and the data it was made for."""
    if args.script:
        made = runpy.run_path(str(args.script))
        missing = {"model", "x", "y"} - set(made)
        if missing:
            raise SystemExit(f"{args.script} leaves no variable named {', '.join(sorted(missing))}")
        given = (made["x"],) if args.kind == "predict" else (made["x"], made["y"])
        return made["model"].program(args.kind, *given), given
    from peers.keras_api import KerasPeer

    case = CASES[args.case]
    try:
        model = KerasPeer(case, "babytf", numba=args.numba).model
    except NotImplementedError as error:
        raise SystemExit(f"babytf cannot build this case yet: {error}") from None
    given = data(case, case.batch)[: 1 if args.kind == "predict" else 2]
    return model.program(args.kind, *given), given


QUIET = 0.1
"""Which step of a hundred is shown: among the fastest, as other work on the machine only ever adds to a time."""


class Line:
    """A statement of the main function: its text, the comment it stands below, and what it works on."""

    def __init__(self, node, text, layer, namespace):
        self.text = text
        self.layer = layer
        arrays = {n.id: namespace.get(n.id) for n in ast.walk(node) if isinstance(n, ast.Name)}
        self.arrays = [a for a in arrays.values() if isinstance(a, np.ndarray)]
        self.operations = sum(2 * a.shape[-1] * out.size for a, _, out in self._products(arrays))

    def _products(self, arrays):
        """Return `(a, b, out)` of each matrix product, also of one that is cut for several threads."""
        if self.text.startswith("together("):
            return next(iter(a for a in arrays.values() if isinstance(a, list)), [])
        if self.text.startswith("np.matmul(") and len(self.arrays) == 3:
            return [self.arrays]
        return []

    def rate(self, seconds):
        if self.operations:
            return f"{self.operations / seconds / 1e9:6.1f} GFLOP/s"
        moved = sum(a.nbytes for a in self.arrays)
        return f"{moved / seconds / 1e9:6.1f} GB/s" if moved > 50_000 else ""


def lines_of(program, instance):
    """Return the main function's statements, in order."""
    source = program.source
    rows = source.splitlines()
    name = instance.function.__name__
    main = next(n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == name)
    layer, at, found = "", main.lineno, []
    for node in main.body:
        for row in rows[at : node.lineno - 1]:
            if row.strip().startswith("#"):
                layer = row.strip().lstrip("# ")
        at = node.end_lineno
        text = " ".join(ast.get_source_segment(source, node).split())
        found.append((node, Line(node, text, layer, instance.namespace)))
    return main, found


def timed(instance, main, nodes):
    """Return the main function with a look at the clock after each statement; it returns the times."""
    body = ast.parse("_t = [_clock()]").body
    for node in nodes:
        if isinstance(node, ast.Return):  # its value is made, then the times are returned
            body.append(ast.Expr(node.value))
        else:
            body.append(node)
        body += ast.parse("_t.append(_clock())").body
    body += ast.parse("return _t").body
    function = ast.FunctionDef(name="_timed", args=main.args, body=body, decorator_list=[], returns=None)
    function.type_params = []
    module = ast.fix_missing_locations(ast.Module([function], []))
    namespace = dict(instance.namespace, _clock=time.perf_counter_ns)
    exec(compile(module, "<timed program>", "exec"), namespace)
    return namespace["_timed"]


def measure(program, instance, function, seconds):
    """Return `(times, whole)`: seconds per statement and per step, as lists of one entry per step."""
    times, whole = [], []
    with np.errstate(all="ignore"):
        for _ in range(3):
            instance.function()
            function()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(whole) < 5:
            start = time.perf_counter_ns()
            instance.function()
            whole.append(time.perf_counter_ns() - start)
            times.append(np.diff(function()))
    return np.array(times) / 1e9, np.array(whole) / 1e9


def fill(instance, given):
    """Put the data in the program's inputs: what a fresh buffer holds may be anything."""
    for leaf in instance.leaves:
        leaf.fill(1)
    for leaf, array in zip(instance.leaves, given, strict=False):
        np.copyto(leaf, np.reshape(array, leaf.shape), casting="unsafe")


def main():
    args = parse_arguments()
    if not args.numba:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    program, given = program_of(args)
    instance = program.instance()
    fill(instance, given)
    main_function, found = lines_of(program, instance)
    function = timed(instance, main_function, [node for node, _ in found])
    times, whole = measure(program, instance, function, args.seconds)
    clock = np.median([(time.perf_counter_ns() - time.perf_counter_ns()) * -1 for _ in range(1000)]) / 1e9
    seconds = np.maximum(np.quantile(times, QUIET, axis=0) - clock, 0)
    lines = [line for _, line in found]
    total = seconds.sum()

    title = args.case or args.script
    print(f"{title}: {args.kind}, {'with' if args.numba else 'without'} Numba, {len(whole)} steps")
    quick, middle = np.quantile(whole, (QUIET, 0.5)) * 1e6
    print(f"a step takes {quick:.0f} µs (median {middle:.0f}); its lines {total * 1e6:.0f} µs")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    if args.by == "line":
        show_lines(lines, seconds, total, args.top)
        print()
    show_sums(lines, seconds, total)


def show_lines(lines, seconds, total, top):
    order = range(len(lines)) if top is None else np.argsort(-seconds)[:top]
    layer = None
    for i in order:
        line = lines[i]
        if line.layer != layer and top is None:
            layer = line.layer
            print(f"{'':31s}# {layer}")
        share = f"{seconds[i] / total:6.1%}"
        rate = line.rate(seconds[i]) if seconds[i] else ""
        place = f"   # {line.layer}" if top is not None else ""
        print(f"{seconds[i] * 1e6:8.1f} {share} {rate:>14s}  {line.text[:150]}{place}")


def show_sums(lines, seconds, total):
    by_layer, products = defaultdict(float), 0.0
    for line, t in zip(lines, seconds, strict=True):
        by_layer[line.layer] += t
        products += t if line.operations else 0.0
    print("      µs  share  layer")
    for layer, t in sorted(by_layer.items(), key=lambda item: -item[1]):
        print(f"{t * 1e6:8.1f} {t / total:6.1%}  {layer}")
    print(f"{products * 1e6:8.1f} {products / total:6.1%}  matrix products, of all layers together")


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
