"""How the time of a training step grows with batch, width, depth and the length of sequences.

    python benchmarks/scale.py --output benchmarks/scale.json     # then `report.py` draws it

Beside each step stands the time of its matrix products alone. Where babytf's time grows by a higher power than theirs,
something other than the products grows with the size, and the summary says so.
"""

import argparse
import dataclasses
import json
import math
import os
import sys
import time
from pathlib import Path

import machine
from cases import Case, data, rows_of

sys.path.append(str(Path(__file__).resolve().parent.parent))  # after PYTHONPATH: another copy may be meant

MARGIN = 0.1
"""By how much an exponent may lie above that of the products before it is called faster."""


def mlp(batch=64, width=256, depth=2):
    return Case("", "mlp", "step", batch, 1, (width, *[width] * depth, 10))


def sequence(model, length, width=64):
    return Case("", model, "step", 32, 1, length=length, width=width)


# what grows -> (the case of a size, the sizes)
GROWING = {
    "batch": (lambda n: mlp(batch=n), (16, 64, 256, 1024, 4096)),
    "width": (lambda n: mlp(width=n), (64, 128, 256, 512, 1024, 2048)),
    "depth": (lambda n: mlp(depth=n), (1, 2, 4, 8, 16, 32)),
    "sequence length, LSTM": (lambda n: sequence("lstm", n), (10, 25, 50, 100, 200)),
    "sequence length, transformer": (lambda n: sequence("transformer", n), (16, 32, 64, 128, 256)),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], allow_abbrev=False)
    parser.add_argument("--what", action="append", choices=list(GROWING), help="only this (may be repeated)")
    parser.add_argument("--sizes", type=int, help="only the smallest sizes, as many as this")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of which the best counts (default: 7)")
    parser.add_argument("--seconds", type=float, default=0.3, help="about how long a round takes (default: 0.3)")
    parser.add_argument("--numba", action="store_true", help="with Numba's fused loops")
    parser.add_argument("--output", type=Path, help="write the numbers to this JSON file")
    args = parser.parse_args()
    if args.rounds < 1:
        parser.error(f"--rounds must be at least 1, got {args.rounds}")
    if args.seconds <= 0:
        parser.error(f"--seconds must be above 0, got {args.seconds}")
    if args.sizes is not None and args.sizes < 2:
        parser.error(f"--sizes must be at least 2: growth needs two sizes, got {args.sizes}")
    return args


def best_step(peers, case, rounds, seconds):
    """Return each peer's seconds per step in its best round; they take turns, for longer while a round still helps."""
    works, best = [], [math.inf] * len(peers)
    for make in peers:
        peer, (x, y) = make(case), data(case, rows_of(case))
        peer.epoch(x, y)
        start = time.perf_counter()
        peer.epoch(x, y)
        steps = max(1, min(400, int(seconds / (time.perf_counter() - start))))
        several = dataclasses.replace(case, steps=steps)
        works.append((peer, *data(several, rows_of(several)), steps))
    turn, improved = 0, True
    while turn < rounds or (improved and 1 < rounds and turn < 3 * rounds):
        before = list(best)
        for i, (peer, x, y, steps) in enumerate(works):
            for _ in range(getattr(peer, "ways", 1)):
                start = time.perf_counter()
                peer.epoch(x, y)
                best[i] = min(best[i], (time.perf_counter() - start) / steps)
        turn, improved = turn + 1, any(now < 0.97 * then for now, then in zip(best, before, strict=True))
    return best


def exponent(sizes, times):
    """Return the power of the size by which a time grows: the slope of a line through the logarithms."""
    x, y = [math.log(s) for s in sizes], [math.log(t) for t in times]
    x_mean, y_mean = sum(x) / len(x), sum(y) / len(y)
    return sum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True)) / sum((a - x_mean) ** 2 for a in x)


def summary(sizes, steps, products):
    """Return what the numbers say: exponents over the larger half of the sizes, and the ratios at both ends."""
    half = max(2, len(sizes) // 2 + 1)
    ratios = [step / product for step, product in zip(steps, products, strict=True)]
    ours, theirs = (exponent(sizes[-half:], times[-half:]) for times in (steps, products))
    return {
        "exponent": round(ours, 3),
        "exponent_of_products": round(theirs, 3),
        "ratio_at_smallest": round(ratios[0], 3),
        "ratio_at_largest": round(ratios[-1], 3),
        "grows_faster": ours > theirs + MARGIN and ratios[-1] > ratios[-half],
        "disturbed": min(ratios) < 1,  # a step cannot take less time than its products
    }


def measure(what, args):
    """Return the numbers of one thing that grows, or why there are none."""
    from peers.keras_api import KerasPeer
    from peers.products import ProductsPeer

    case_of, sizes = GROWING[what]
    sizes = sizes[: args.sizes]
    steps, products = [], []
    print(f"\n{what}\n  {'size':>6s} {'step µs':>10s} {'products µs':>12s} {'ratio':>7s}")
    for size in sizes:
        peers = (lambda case: KerasPeer(case, "babytf", numba=args.numba), ProductsPeer)
        try:
            ours, theirs = best_step(peers, case_of(size), args.rounds, args.seconds)
        except NotImplementedError as why:
            print(f"  not available: {why}")
            return {"unavailable": str(why)}
        steps.append(ours)
        products.append(theirs)
        print(f"  {size:6d} {ours * 1e6:10.1f} {theirs * 1e6:12.1f} {ours / theirs:7.2f}", flush=True)
    found = summary(sizes, steps, products)
    verdict = "grows FASTER than the products" if found["grows_faster"] else "grows no faster than the products"
    if found["disturbed"]:
        verdict += "; but a step took less time than its products alone, so other work disturbed this"
    print(f"  step ~ size^{found['exponent']:.2f}, products ~ size^{found['exponent_of_products']:.2f}: {verdict}")
    return {"sizes": list(sizes), "steps": steps, "products": products, **found}


def main():
    args = parse_arguments()
    if not args.numba:
        os.environ["NUMBA_DISABLE_JIT"] = "1"
    report = {**machine.facts(dict(os.environ)), "date": time.strftime("%Y-%m-%d"), "numba": args.numba, "growing": {}}
    for what in args.what or GROWING:
        report["growing"][what] = measure(what, args)
    if args.output:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(json.dumps(report, indent=1) + "\n")
        print(f"\nwritten   {args.output}")


if __name__ == "__main__":
    main()
