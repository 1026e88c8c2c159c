"""The matrix products that a case cannot do without, and nothing else: the limit of a NumPy program.

Each product is timed in the ways there are, and the fastest is kept: all of BLAS's own threads; or one BLAS thread, and
large products cut in two for threads that sleep while they wait (babytf's own, `babytf/engine/threads.py`).
Changing BLAS's threads between products costs more than it brings, so one of the two is chosen for the whole step.
"""

import itertools
import time

import numpy as np
from cases import EMBEDDING, HEADS, outputs

from babytf.engine import threads


def dense(rows, a, b, first=False):
    """Return the shapes `(..., M, K, N)` of a dense layer's products: forward, kernel gradient, input gradient."""
    shapes = [(rows, a, b), (a, rows, b)]
    return shapes if first else [*shapes, (rows, b, a)]


def shapes_of(case, training):
    """Return the shapes of all products of a step; of the forward pass only, if it does not train."""
    rows, width = case.batch, case.width
    if case.model == "mlp":
        pairs = list(itertools.pairwise(case.sizes))
        if not training:
            return [(rows, a, b) for a, b in pairs]
        return [s for i, (a, b) in enumerate(pairs) for s in dense(rows, a, b, first=i == 0)]
    if case.model == "convnet":  # windows laid side by side
        first, second = dense(rows * 26 * 26, 9, 32, first=True), dense(rows * 11 * 11, 288, 64)
        return [*first, *second, *dense(rows, 1600, outputs(case))]
    if case.model == "lstm":
        at_once = dense(rows * case.length, EMBEDDING, 4 * width)
        recurrent = [(width, rows * case.length, 4 * width)]
        each = [(rows, width, 4 * width), (rows, 4 * width, width)] * case.length
        return [*at_once, *recurrent, *each, *dense(rows, width, 1)]
    places, size = rows * case.length, width // HEADS
    attention = [*dense(case.length, size, case.length), *dense(case.length, case.length, size)]
    batched = [(rows * HEADS, *shape) for shape in attention]
    forward = [*dense(places, width, 2 * width), *dense(places, 2 * width, width)]
    return [*dense(places, width, width) * 4, *batched, *forward, *dense(rows, width, outputs(case))]


def operands(shape):
    """Return arrays of one product."""
    *batch, m, k, n = shape
    return (
        np.ones((*batch, m, k), "float32"),
        np.ones((*batch, k, n), "float32"),
        np.empty((*batch, m, n), "float32"),
    )


def best_of(function, *args, times=3):
    found = []
    for _ in range(times):
        start = time.perf_counter()
        function(*args)
        found.append(time.perf_counter() - start)
    return min(found)


class ProductsPeer:
    def __init__(self, case=None):
        if case is None or case.measure not in ("step", "predict_many", "evaluate"):
            raise NotImplementedError("a limit of steps, and of many rows")
        self.case = case
        arrays: dict[tuple[int, ...], tuple] = {}
        self.calls = [arrays.setdefault(s, operands(s)) for s in shapes_of(case, case.measure == "step")]
        self.plans = [("BLAS's threads", threads.parallel, self._whole()), ("cut in two", threads.serial, self._cut())]
        times = []
        for _, hold, plan in self.plans:
            hold()
            times.append(best_of(self._run, plan))
        threads.parallel()
        self.how, self.hold, self.plan = self.plans[int(np.argmin(times))]

    def _whole(self):
        return [(np.matmul, arrays) for arrays in self.calls]

    def _cut(self):
        threads.parallel()
        plan, known = [], {}
        for arrays in self.calls:
            if id(arrays) not in known:
                pieces = threads.parts(*arrays)
                threads.serial()
                cut, whole = best_of(threads.together, pieces), best_of(np.matmul, *arrays[:2], arrays[2])
                threads.parallel()
                known[id(arrays)] = (threads.together, (pieces,)) if cut < whole else (np.matmul, arrays)
            plan.append(known[id(arrays)])
        return plan

    @staticmethod
    def _run(plan):
        for function, args in plan:
            function(*args)

    def prepare(self, x):
        return x

    def _steps(self, rows):
        self.hold()
        for _ in range(-(-rows // self.case.batch)):
            self._run(self.plan)
        threads.parallel()

    def epoch(self, x, y):
        self._steps(len(x))

    def predict(self, x, batch=32):
        self._steps(len(x))

    def evaluate(self, x, y):
        self._steps(len(x))
