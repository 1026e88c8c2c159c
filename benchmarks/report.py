"""From the numbers to the page: tables in Markdown and pictures, from the JSON files of `run.py` and `scale.py`.

    python benchmarks/report.py                     # docs/benchmarks.md and docs/images, from benchmarks/*.json
    python benchmarks/report.py --results my.json --print

On the page only what stands between the two marks of each part is written anew; the words about it stay.
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

from cases import MEASURES, UNITS
from run import BASES

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
COLORS = {
    "babytf": "#d62728",
    "babytf, Numba": "#ff9896",
    "Keras on TensorFlow": "#ff7f0e",
    "Keras on JAX": "#2ca02c",
    "Keras on PyTorch": "#1f77b4",
    "PyTorch, fused Adam": "#17becf",
    "JAX jit by hand": "#8c564b",
    "scikit-learn": "#9467bd",
    "matrix products alone": "#555555",
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--results", type=Path, default=HERE / "results.json", help="what run.py wrote")
    parser.add_argument("--scale", type=Path, default=HERE / "scale.json", help="what scale.py wrote")
    parser.add_argument("--page", type=Path, default=DOCS / "benchmarks.md", help="the page to bring up to date")
    parser.add_argument("--images", type=Path, default=DOCS / "images", help="the folder of the pictures")
    parser.add_argument("--print", action="store_true", help="print the Markdown and write nothing")
    return parser.parse_args()


def load(path):
    """Return what a JSON file holds, or None if there is none."""
    if not path.is_file():
        print(f"{path}: no such file; its part of the page is left as it is", file=sys.stderr)
        return None
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise SystemExit(f"{path}: not a JSON file of run.py or scale.py: {error}") from None


# ----------------------------------------------------------------------------------------------------- Markdown


def number(value):
    """Return a number with three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def peers_of(cases):
    found = {peer for case in cases.values() for peer in case["results"]}
    return [peer for peer in COLORS if peer in found] + sorted(found - set(COLORS))


def row(cells):
    return "| " + " | ".join(cells) + " |"


def ratios_table(cases, base):
    """Return a table of every peer's best round over that of `base`, whose own time stands first."""
    others = [peer for peer in peers_of(cases) if peer != base and (base == BASES[0] or peer not in BASES)]
    lines = [row(["", base, *others]), row(["---", "---:", *["---:"] * len(others)])]
    for name, case in cases.items():
        ours = case["results"].get(base)
        cells = [name, f"{number(ours['best'] * UNITS[case['unit']])} {case['unit']}" if ours else "not available"]
        for peer in others:
            theirs = case["results"].get(peer)
            cells.append(f"{theirs['best'] / ours['best']:.2f}" if theirs and ours else "–")
        lines.append(row(cells))
    return lines


def times_table(cases):
    """Return a table of every peer's best and median round."""
    peers = peers_of(cases)
    lines = [row(["best / median", "", *peers]), row(["---", "---", *["---:"] * len(peers)])]
    for name, case in cases.items():
        scale = UNITS[case["unit"]]
        cells = [name, case["unit"]]
        for peer in peers:
            found = case["results"].get(peer)
            cells.append(f"{number(found['best'] * scale)} / {number(found['median'] * scale)}" if found else "–")
        lines.append(row(cells))
    return lines


def below_its_products(results):
    """Return whether babytf was faster than the limit: then other work disturbed the clock."""
    limit = results.get("matrix products alone")
    return limit is not None and any(results[b]["best"] < limit["best"] for b in BASES if b in results)


def machine_lines(report):
    about = report.get("peers", {})
    found = {module: version for facts in about.values() for module, version in facts.get("versions", {}).items()}
    blas = next((f["blas"] for peer, f in about.items() if peer in (*BASES, "matrix products alone")), "unknown")
    settings = " ".join(f"`{k}={v}`" for k, v in report["blas_settings"].items()) or "none"
    before, after = report.get("load_before"), report.get("load_after")
    versions = ", ".join(f"{name} {version}" for name, version in sorted(found.items()))
    pythons = sorted({f["python"] for f in about.values() if "python" in f})
    lines = [
        f"- Machine: {report['cpu']}, {report['cores']} cores; {report['system']}.",
        f"- NumPy's BLAS: {blas}; settings: {settings}.",
        f"- Versions: Python {', '.join(pythons) or 'unknown'}; {versions or 'unknown'}.",
        f"- {report['date']}, {report['rounds']} rounds or more; load of the machine {before} before, {after} after.",
    ]
    impossible = [name for name, case in report["cases"].items() if below_its_products(case["results"])]
    if max(before or 0, after or 0) > 1.0 or impossible:
        lines.append(
            "- **Other work was running on this machine: these figures are rough, and no measure of anybody.**"
        )
    if impossible:
        lines.append(f"- Disturbed, as babytf took less time than its products alone: {'; '.join(impossible)}.")
    if "note" in report:  # written into the file by hand
        lines.append(f"- {report['note']}")
    options = report.get("options", "")
    command = f"python benchmarks/run.py {options} --python PEERS --output benchmarks/results.json"
    return [
        *lines,
        "",
        "```bash",
        " ".join(shlex.split(command, posix=False)),
        "python benchmarks/report.py",
        "```",
    ]


def missing_lines(cases):
    """Return what babytf could not do; of the peers the tables say it."""
    why = {name: case["unavailable"][BASES[0]] for name, case in cases.items() if BASES[0] in case["unavailable"]}
    lines = [f"- {name}: not available in babytf: {text.splitlines()[0]}" for name, text in why.items()]
    return ["", *lines] if lines else []


def legend_lines(cases):
    """Return what the names of the cases do not say."""
    said = {name: MEASURES[case["measure"]][0] for name, case in cases.items() if case["measure"] != "step"}
    steps = ["- Cases with a batch: one step of training with Adam."] if len(said) < len(cases) else []
    return [*steps, *(f"- {name}: {title.removeprefix(f'{name}: ')}." for name, title in said.items())]


def results_part(report):
    cases = report["cases"]
    ratios = []
    for base in BASES:
        if any(base in case["results"] for case in cases.values()):
            title = [] if base == BASES[0] else ["", f"### Beside {base}", ""]
            ratios += [*title, *ratios_table(cases, base)]
    return [
        "Each number is the time (or memory) of a peer's best round over that of babytf, whose own stands first; at",
        "first on NumPy alone: **above 1.00 is slower than babytf**. A dash: it cannot do that, or was not installed.",
        "",
        *(ratios or ["No ratios: babytf was not among the peers."]),
        *missing_lines(cases),
        "",
        "![Times of the peers over the time of babytf](images/benchmarks.svg)",
        *["", "### Times", ""],
        *times_table(cases),
        "",
        *legend_lines(cases),
        *["", "### Where and how", ""],
        *machine_lines(report),
    ]


def scale_part(report):
    lines = [
        row(["what grows", "sizes", "step ~", "products ~", "step / products, smallest", "largest", "verdict"]),
        row(["---", "---", "---:", "---:", "---:", "---:", "---"]),
    ]
    for what, found in report["growing"].items():
        if "unavailable" in found:
            lines.append(row([what, "–", "–", "–", "–", "–", "not available yet"]))
            continue
        verdict = "**faster than the products**" if found["grows_faster"] else "no faster than the products"
        verdict = "disturbed by other work" if found["disturbed"] else verdict
        powers = (f"size^{found[key]:.2f}" for key in ("exponent", "exponent_of_products"))
        ends = (f"{found[key]:.2f}" for key in ("ratio_at_smallest", "ratio_at_largest"))
        lines.append(row([what, f"{found['sizes'][0]} to {found['sizes'][-1]}", *powers, *ends, verdict]))
    numba = "with Numba" if report["numba"] else "on NumPy alone"
    return [
        *lines,
        "",
        "![How the time of a step grows](images/scale.svg)",
        "",
        f"babytf {numba}; {report['cpu']}, {report['cores']} cores; {report['date']}, load {report['load_before']}.",
        "",
        "```bash",
        "python benchmarks/scale.py --output benchmarks/scale.json",
        "python benchmarks/report.py",
        "```",
    ]


def between_marks(text, part, lines):
    """Return a page with what stands between a part's marks replaced."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise SystemExit(f"the page needs one {begin} and one {end}, each on a line of its own")
    before, _, rest = text.partition(begin)
    _, _, after = rest.partition(end)
    return before + begin + "\n\n" + "\n".join(lines) + "\n\n" + end + after


# ----------------------------------------------------------------------------------------------------- pictures


def figure_of(width, height):
    """Return an empty figure whose file is small and the same every time."""
    try:
        import matplotlib
    except ImportError:
        raise SystemExit('the pictures need matplotlib: pip install "babytf[plot]", or use --print') from None
    from matplotlib.figure import Figure

    matplotlib.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": "babytf", "font.size": 9})
    return Figure(figsize=(width, height), layout="constrained")


def save(figure, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    print(f"written {path}")


def draw_results(report, path):
    cases = {name: case for name, case in report["cases"].items() if BASES[0] in case["results"]}
    figure = figure_of(9, 1.4 + 0.34 * len(cases))
    axes = figure.add_subplot()
    axes.set_xscale("log")
    for peer in peers_of(cases):
        points = [
            (case["results"][peer]["best"] / case["results"][BASES[0]]["best"], -i)
            for i, case in enumerate(cases.values())
            if peer in case["results"]
        ]
        marker = {"matrix products alone": "|", BASES[0]: "D", BASES[1]: "D"}.get(peer, "o")
        axes.plot(*zip(*points, strict=True), marker, color=COLORS.get(peer), label=peer, markersize=7)
    axes.axvline(1, color=COLORS[BASES[0]], linewidth=0.8)
    axes.set_yticks([-i for i in range(len(cases))], cases)
    axes.grid(alpha=0.3)
    axes.set_xlabel("times babytf on NumPy alone: to the right is slower (time) or more (memory)")
    figure.legend(loc="outside upper center", ncols=3, frameon=False)
    save(figure, path)


def draw_scale(report, path):
    growing = {what: found for what, found in report["growing"].items() if "sizes" in found}
    if not growing:
        return
    figure = figure_of(3.2 * len(growing), 3.2)
    for place, (what, found) in enumerate(growing.items()):
        axes = figure.add_subplot(1, len(growing), place + 1)
        axes.loglog(found["sizes"], [t * 1e6 for t in found["steps"]], "D-", color=COLORS["babytf"], label="babytf")
        axes.loglog(found["sizes"], [t * 1e6 for t in found["products"]], ".--", color="#555555", label="products")
        axes.set_xticks(found["sizes"], [str(s) for s in found["sizes"]])
        axes.minorticks_off()
        axes.set_xlabel(what)
        axes.grid(alpha=0.3)
        if place == 0:
            axes.set_ylabel("step, µs")
            axes.legend(frameon=False)
    save(figure, path)


def main():
    args = parse_arguments()
    results, scale = load(args.results), load(args.scale)
    parts = {}
    if results is not None:
        parts["results"] = results_part(results)
    if scale is not None:
        parts["scale"] = scale_part(scale)
    if args.print:
        print("\n\n".join("\n".join(lines) for lines in parts.values()))
        return
    if not args.page.is_file():
        raise SystemExit(f"{args.page}: no such page")
    text = args.page.read_text()
    for part, lines in parts.items():
        text = between_marks(text, part, lines)
    if results is not None:
        draw_results(results, args.images / "benchmarks.svg")
    if scale is not None:
        draw_scale(scale, args.images / "scale.svg")
    args.page.write_text(text)
    print(f"written {args.page}")


if __name__ == "__main__":
    main()
