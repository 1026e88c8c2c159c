"""Where a step's time goes: time each line of a program that babytf emits.

    python benchmarks/profile_step.py "784-128-10, batch 32"
    python benchmarks/profile_step.py --numba --kind predict "784-512-512-10, batch 128"
    python benchmarks/profile_step.py --script my_model.py        # a file that leaves a compiled `model`, `x` and `y`

The program's main function is run with a look at the clock after every statement. Each line's time is that of the
fastest tenth of many steps. Products are shown with the multiplications and additions they do in a second (GFLOP/s),
other lines with the bytes of the arrays they name per second (GB/s), where that says something. Lines of a function
that several threads run, each on its share, stand below the line that calls it, with the times of the calling thread.
"""

import argparse
import ast
import contextlib
import os
import runpy
import sys
import threading
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


FEWEST = 20  # steps
QUIET = 0.1
"""Which step of a hundred is shown: among the fastest, as other work on the machine only ever adds to a time."""


GRADIENTS = "(gradients of kernels, of several layers at once)"


class Line:
    """A statement of the program: its text, the comment it stands below, and how much it works on.

    Args:
        node: The statement.
        text: The same, as it is shown.
        layer: The comment above it.
        scopes: What its names mean: one dict for each time it runs in a step.
        inner: The lines of the function that it has run by several threads.
    """

    def __init__(self, node, text, layer, scopes, inner=()):
        self.text = text
        self.layer = GRADIENTS if text.startswith("shared(np.matmul, ") else layer
        self.inner = inner
        self.operations = self.moved = 0
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
        for scope in scopes:
            arrays = [scope[name] for name in names if isinstance(scope.get(name), np.ndarray)]
            self.moved += sum(a.nbytes for a in arrays)
            self.operations += sum(2 * a.shape[-1] * out.size for a, _, out in products(node, scope))

    def rate(self, seconds):
        if self.operations:
            return f"{self.operations / seconds / 1e9:6.1f} GFLOP/s"
        return f"{self.moved / seconds / 1e9:6.1f} GB/s" if self.moved > 50_000 and not self.inner else ""


def products(node, scope):
    """Return `(a, b, out)` of each matrix product that a statement does, also of those cut for several threads."""
    call = node.value if isinstance(node, ast.Expr) else None
    if not isinstance(call, ast.Call):
        return []
    function, arguments = ast.unparse(call.func), [ast.unparse(a) for a in call.args]
    if function == "np.matmul":
        names = [*arguments, *(ast.unparse(k.value) for k in call.keywords if k.arg == "out")]
        found = [scope.get(name) for name in names]
        return [found] if len(found) == 3 and all(isinstance(a, np.ndarray) for a in found) else []
    given = scope.get(arguments[-1]) if arguments else None
    if function == "multiply":
        return given or []
    if function == "together" and arguments[0] == "np.matmul":
        return given
    if function == "shared" and arguments[0] == "np.matmul":
        return [part for share in given for part in share]
    return []


class Timed:
    """A program's main function with a look at the clock after each statement.

    Attributes:
        lines: Its lines, and below them those of functions that several threads run.
        spent: Nanoseconds of each line and inner line, in the order of `all_lines`, since it was set to zero.
    """

    def __init__(self, program, instance):
        self.source, self.rows = program.source, program.source.splitlines()
        self.functions = {n.name: n for n in ast.parse(self.source).body if isinstance(n, ast.FunctionDef)}
        self.namespace = dict(instance.namespace, _clock=time.perf_counter_ns)
        self.all_lines = []
        name = instance.function.__name__
        self.lines = self._instrument(self.functions[name], [instance.namespace])
        self.spent = self.namespace["_spent"] = [0] * len(self.all_lines)
        self.function = self.namespace[f"_timed_{name}"]

    def _instrument(self, function, scopes, layer="(before the first layer)"):
        """Make the timed form of a function; return its lines."""
        at, lines, body = function.body[0].lineno - 2, [], ast.parse("_t = _clock()").body
        for node in function.body:
            layer = next(
                (r.strip("# ") for r in reversed(self.rows[at : node.lineno - 1]) if r.strip()[:1] == "#"), layer
            )
            at = node.end_lineno
            text = " ".join(ast.get_source_segment(self.source, node).split())
            node, inner = self._open(node, scopes, layer)
            lines.append(Line(node, text, layer, scopes, inner))
            self.all_lines.append(lines[-1])
            # its value is made, and then not returned
            body.append(ast.Expr(node.value) if isinstance(node, ast.Return) and node.value else node)
            place = len(self.all_lines) - 1
            body += ast.parse(f"_now = _clock(); _spent[{place}] += _now - _t; _t = _now").body
        timed = ast.FunctionDef(
            name=f"_timed_{function.name}", args=function.args, body=body, decorator_list=[], returns=None
        )
        timed.type_params = []
        module = ast.fix_missing_locations(ast.Module([timed], []))
        exec(compile(module, "<timed program>", "exec"), self.namespace)
        return lines

    def _open(self, node, scopes, layer):
        """For `shared(function, shares)`: have the calling thread run the timed function; return its lines too."""
        call = node.value if isinstance(node, ast.Expr) else None
        if not (isinstance(call, ast.Call) and ast.unparse(call.func) == "shared" and len(call.args) == 2):
            return node, ()
        name, shares = (ast.unparse(a) for a in call.args)
        function = self.functions.get(name)
        if function is None or function.decorator_list:  # a loop of Numba's has no lines to look at
            return node, ()
        names = [a.arg for a in function.args.args]
        first = scopes[0][shares][0]
        if any(len(given) != len(names) for given in first):
            return node, ()
        inner_scopes = [{**scopes[0], **dict(zip(names, given, strict=True))} for given in first]
        inner = self._instrument(function, inner_scopes, layer)
        plain, timed, mine = self.namespace[name], self.namespace[f"_timed_{name}"], threading.get_ident()
        self.namespace[f"_by_thread_{name}"] = lambda *args: (
            timed(*args) if threading.get_ident() == mine else plain(*args)
        )
        return ast.parse(f"shared(_by_thread_{name}, {shares})").body[0], inner


def measure(instance, timed, seconds):
    """Return `(times, whole)`: seconds per line and per step, as lists of one entry per step."""
    times, whole = [], []
    with np.errstate(all="ignore"):
        for _ in range(3):
            instance.function()
            timed.function()
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or len(whole) < FEWEST:
            start = time.perf_counter_ns()
            instance.function()
            whole.append(time.perf_counter_ns() - start)
            timed.spent[:] = [0] * len(timed.spent)
            timed.function()
            times.append(list(timed.spent))
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
    timed = Timed(program, instance)
    times, whole = measure(instance, timed, args.seconds)
    seconds = dict(zip(timed.all_lines, np.quantile(times, QUIET, axis=0), strict=True))
    total = sum(seconds[line] for line in timed.lines)

    title = args.case or args.script
    print(f"{title}: {args.kind}, {'with' if args.numba else 'without'} Numba, {len(whole)} steps")
    quick, middle = np.quantile(whole, (QUIET, 0.5)) * 1e6
    print(f"a step takes {quick:.0f} µs (median {middle:.0f}); its lines {total * 1e6:.0f} µs")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores\n")
    if args.by == "line":
        if args.top is None:
            show_lines(timed.lines, seconds, total)
        else:
            show_top(timed.all_lines, seconds, total, args.top)
        print()
    show_sums(timed.lines, seconds, total)


def cells(line, seconds, total):
    rate = line.rate(seconds[line]) if seconds[line] else ""
    return f"{seconds[line] * 1e6:8.1f} {seconds[line] / total:6.1%} {rate:>14s}"


def show_lines(lines, seconds, total, indent=""):
    layer = None
    for line in lines:
        if line.layer != layer:
            layer = line.layer
            print(f"{'':31s}  {indent}# {layer}")
        print(f"{cells(line, seconds, total)}  {indent}{line.text[:150]}")
        show_lines(line.inner, seconds, total, indent + "    ")


def show_top(lines, seconds, total, top):
    plain = [line for line in lines if not line.inner]
    for line in sorted(plain, key=lambda line: -seconds[line])[:top]:
        print(f"{cells(line, seconds, total)}  {line.text[:150]}   # {line.layer}")


def show_sums(lines, seconds, total):
    by_layer = defaultdict(float)
    by_kind = {"matrix products, of all layers together": 0.0}

    def add(line):
        own = seconds[line] - sum(seconds[inner] for inner in line.inner)
        by_layer["(handing out work, and waiting for the other threads)" if line.inner else line.layer] += own
        if line.operations:
            by_kind["matrix products, of all layers together"] += own
        for inner in line.inner:
            add(inner)

    for line in lines:
        add(line)
    print("      µs  share  layer")
    for layer, t in [*sorted(by_layer.items(), key=lambda item: -item[1]), *by_kind.items()]:
        print(f"{t * 1e6:8.1f} {t / total:6.1%}  {layer}")


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main()
