"""The matrix products that a case cannot do without, and nothing else: the limit of a NumPy program.

They are timed in all the ways there are, in every round, and the fastest counts: with BLAS's threads; in one thread; or
every product cut in as many parts as there are cores, where each thread runs its parts of all products and never
waits for the others. (No program could do the last quite so: the gradient of a kernel needs all rows. It is a limit.)
"""

import itertools
import os

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


def cut(arrays, count):
    """Return a product's parts `(a, b, out)`, one per thread, along the longer side of the result."""
    a, b, out = arrays
    if out.ndim > 2:
        return [(a[i::count], b[i::count], out[i::count]) for i in range(count)]
    rows, columns = out.shape
    size = max(rows, columns)
    cuts = [slice(size * i // count, size * (i + 1) // count) for i in range(count)]
    if rows >= columns:
        return [(a[s], b, out[s]) for s in cuts]
    return [(a, b[:, s], out[:, s]) for s in cuts]


def multiply(calls):
    for a, b, out in calls:
        np.matmul(a, b, out=out)


class ProductsPeer:
    def __init__(self, case=None):
        if case is None or case.measure not in ("step", "predict_many", "evaluate"):
            raise NotImplementedError("a limit of steps, and of many rows")
        self.case = case
        arrays: dict[tuple[int, ...], tuple] = {}
        calls = [arrays.setdefault(s, operands(s)) for s in shapes_of(case, case.measure == "step")]
        count = os.cpu_count() or 1
        parts = [list(part) for part in zip(*(cut(call, count) for call in calls), strict=True)]
        self.kinds = [
            (threads.parallel, multiply, (calls,)),  # BLAS's threads
            (threads.serial, multiply, (calls,)),  # one thread
            (threads.serial, threads.together, (multiply, [(part,) for part in parts])),
        ]
        self.ways = len(self.kinds)
        self.turn = 0

    def prepare(self, x):
        return x

    def _steps(self, rows):
        """Run the products of so many rows: in one way in this call, in the next way in the next."""
        hold, function, arguments = self.kinds[self.turn % self.ways]
        self.turn += 1
        hold()
        for _ in range(-(-rows // self.case.batch)):
            function(*arguments)
        threads.parallel()

    def epoch(self, x, y):
        self._steps(len(x))

    def predict(self, x, batch=32):
        self._steps(len(x))

    def evaluate(self, x, y):
        self._steps(len(x))
