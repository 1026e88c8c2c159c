"""A program: the emitted source of one graph, and the arrays it runs on, one set per thread."""

from __future__ import annotations

import contextvars
import functools
import importlib
import itertools
import linecache
import math
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from babytf import config
from babytf.engine import jit, kernels, threads, tree
from babytf.engine.emit import Source
from babytf.engine.graph import Graph
from babytf.engine.halves import halves
from babytf.engine.memory import empty
from babytf.engine.plan import Plan
from babytf.engine.primitive import NAMESPACE
from babytf.engine.tensor import Tensor
from babytf.engine.variable import Storage, Variable, layout_version
from babytf.engine.wide import coupled, rows_of, widened
from babytf.errors import NotFiniteError, ShapeError, explain

_numbers = itertools.count(1)

SECOND = 1e6
"""Microseconds of work after which a program is worth compiling."""

FEW = 30
"""Runs that are not worth it, however long they take."""

WIDEST = 1 << 21
"""Bytes of the largest array of a program for several batches."""

LEFT = 0.25
"""What may be left to do batch by batch, as a share of what is done for several at once."""

LITTLE = 5.0
"""Microseconds of work that may be left at any rate."""

ENOUGH = 40.0
"""Microseconds of work from which on threads take turns with a program less than they compute."""


class Instance:
    """A program made ready for one thread: its arrays, and the function that works on them.

    The function runs in a context in which NumPy is silent about overflow and the like: to enter it takes a tenth of
    the time of `np.errstate`.
    """

    __slots__ = ("context", "function", "inputs", "layout", "leaves", "namespace", "written")

    def __init__(
        self,
        inputs: Any,
        leaves: list[np.ndarray],
        function: Callable[[], tuple[Any, ...]],
        layout: int,
        namespace: dict[str, Any],
        written: list[Storage],
    ) -> None:
        self.inputs = inputs
        self.leaves = leaves
        self.function = function
        self.layout = layout
        self.namespace = namespace
        self.written = written
        self.context = contextvars.Context()
        self.context.run(np.seterr, all="ignore")


class Program:
    """Straight-line NumPy for one signature.

    Call it with arguments like those it was made for; or write them into `inputs` and call `run`.

    Args:
        graph: What it computes.
        args: Arguments like those it will be called with.
        results: Nest of the results, which of them are tensors, and the others' values.
        fuse: Whether elementwise chains become compiled loops, if Numba is installed: `True`, `False`, or `"later"`:
            once it has run for about a second, so that nobody waits for Numba who needs only a few steps. How often
            that is depends on sizes alone. Loops give the same bits; a program that also holds computations which
            round differently when compiled is compiled at once.
        count: How many threads share its work; by default as many as there are.

    Attributes:
        graph: What it computes.
        plan: Where its arrays live.
        source: The module's text, as it is run.
    """

    def __init__(
        self,
        graph: Graph,
        args: tuple[Any, ...],
        results: tuple[Any, list[bool], list[Any]],
        fuse: bool | str = False,
        count: int | None = None,
    ) -> None:
        self.graph = graph
        self._fuse = fuse
        self._threads = threads.count() if count is None else count
        self._wide: dict[int, tuple[Program, Program | None] | None] = {}
        fused = bool(fuse) and jit.available()
        later = fused and fuse == "later" and not any(kernels.differs(node.row.source) for node in graph.nodes)
        self.plan = Plan(graph, fused and not later, self._threads)
        self._runs_left = max(FEW, int(SECOND / (1 + self.plan.lanes.work(graph.nodes)))) if later else 0
        if later and self._runs_left == 0:
            self.plan = Plan(graph, True, self._threads)
        self._args = tree.map_structure(lambda leaf: None if _is_data(leaf) else leaf, args)
        self._which = [_is_data(leaf) for leaf in tree.flatten(args)]
        self._outputs, self._is_tensor, self._constants = results
        self._single = self._is_tensor == [True] and not isinstance(self._outputs, (tuple, list, dict))
        self._local = threading.local()
        self._sources: dict[bool, tuple[Source, Any]] = {}

    # --- the text

    def _emitted(self, checked: bool) -> tuple[Source, Any]:
        found = self._sources.get(checked)
        if found is None:
            # a program that looks for NaN needs every intermediate result
            plan = Plan(self.graph, whole=True) if checked else self.plan
            source = Source(self.graph, plan, checked)
            filename = f"<babytf {self.graph.name} program {next(_numbers)}>"
            weakref.finalize(self, linecache.cache.pop, filename, None)
            linecache.cache[filename] = (len(source.text), None, source.text.splitlines(keepends=True), filename)
            found = self._sources[checked] = source, compile(source.text, filename, "exec")
        return found

    @property
    def source(self) -> str:
        return self._emitted(bool(config.check_numerics_enabled()))[0].text

    def __str__(self) -> str:
        return self.source

    def __repr__(self) -> str:
        return f"<Program {self.graph.name}: {len(self.graph.nodes)} operations, {self.memory()['total']} bytes>"

    def memory(self) -> dict[str, int]:
        """Bytes that one thread's arrays take: `inputs`, `buffers`, and their `total`."""
        inputs = sum(v.spec.nbytes for v in self.graph.inputs)
        return {"inputs": inputs, "buffers": self.plan.nbytes, "total": inputs + self.plan.nbytes}

    @property
    def is_independent(self) -> bool:
        """Whether runs may overlap: nothing is changed or drawn, and one thread does it all, with enough to do."""
        nodes = self.graph.nodes
        quiet = not self.graph.writes and not any(n.row.kind == "effect" or n.row.threaded for n in nodes)
        return quiet and len(self.plan.lanes.groups) == 1 and self.is_enough

    @property
    def is_enough(self) -> bool:
        """Whether threads that each run it compute more than they take turns."""
        return self.plan.lanes.work(self.graph.nodes) >= ENOUGH

    def halves(self) -> tuple[Program, Program] | None:
        """Two programs that do the same one after the other: see `halves.py`. `None` if it cannot be divided.

        The second returns what this one does, and is called with what the first returns.
        """
        return self._halves

    @functools.cached_property
    def _halves(self) -> tuple[Program, Program] | None:
        graphs = halves(self.graph)
        return None if graphs is None else (self._first(graphs[0]), self._second(graphs[1]))

    def _first(self, graph: Graph, count: int | None = None) -> Program:
        handed = [np.empty(v.spec.shape, v.spec.dtype) for v in graph.outputs]
        every = handed, [True] * len(handed), [None] * len(handed)
        return Program(graph, self._like_args(graph), every, self._fuse, count)

    def _second(self, graph: Graph) -> Program:
        handed = [np.empty(v.spec.shape, v.spec.dtype) for v in graph.inputs]
        return Program(graph, (handed,), (self._outputs, self._is_tensor, self._constants), self._fuse)

    def wide(self, times: int) -> tuple[Program, Program | None] | None:
        """A program that runs in one thread and does for several batches what each does by itself: see `wide.py`.

        Args:
            times: How many batches it takes.

        Returns:
            The program; and one that takes its results, batch by batch, and returns what this one does (`None` if
            nothing is left to do). `None` if that cannot be done, or is not worth it.
        """
        if times not in self._wide:
            self._wide[times] = self._widened(times)
        return self._wide[times]

    def _widened(self, times: int) -> tuple[Program, Program | None] | None:
        graph, work = self.graph, self.plan.lanes.work
        if any(node.row.kind == "effect" for node in graph.nodes):
            return None  # each batch draws numbers of its own
        if not graph.writes:
            rows = rows_of(graph)
            found = widened(graph, times) if all(id(v) in rows for v in graph.outputs) else None
            results = self._outputs, self._is_tensor, self._constants
            return None if found is None else (Program(found, self._like_args(found), results, self._fuse, 1), None)
        parts = halves(graph, coupled(graph))
        if parts is None:
            return None
        done, left = (work(part.nodes) for part in parts)
        if left > done or left > max(LITTLE, LEFT * done):
            return None
        found = widened(parts[0], times)
        return None if found is None else (self._first(found, 1), self._second(parts[1]))

    def most_batches(self, rows: int) -> int:
        """How many batches to take at once, for about so many rows, so that arrays stay in the processor's cache."""
        sizes = [v.spec.nbytes for v in (*self.graph.inputs, *(n.output for n in self.graph.nodes)) if v.spec.shape]
        batch = max((v.spec.shape[0] for v in self.graph.inputs if v.spec.shape), default=0)
        return min(rows // max(1, batch), WIDEST // max(1, *sizes, 1))

    def _like_args(self, graph: Graph) -> tuple[Any, ...]:
        """Arguments like those this program was made for, of a graph that has the same inputs."""
        values, static = iter(graph.inputs), iter(tree.flatten(self._args))
        leaves = []
        for data, leaf in zip(self._which, static, strict=True):
            leaves.append(np.empty((spec := next(values).spec).shape, spec.dtype) if data else leaf)
        args: tuple[Any, ...] = tree.unflatten(self._args, leaves)
        return args

    # --- running

    def instance(self) -> Instance:
        """This thread's arrays and function."""
        checked = config.check_numerics_enabled()
        found: Instance | None = getattr(self._local, "checked" if checked else "plain", None)
        if found is None or found.layout != layout_version[0]:
            found = self._instantiate(checked)
            setattr(self._local, "checked" if checked else "plain", found)
        return found

    def _instantiate(self, checked: bool) -> Instance:
        source, code = self._emitted(checked)
        for variable in source.variables.values():
            if variable.group is not None and variable is variable.group.vector:
                variable.group.adopt()  # another group may have taken its members since
            variable._storage.untouched = False
        memory = [empty(size) for size in source.plan.slots]

        def buffer(slot: int, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
            return np.ndarray(shape, dtype, buffer=memory[slot].data) if memory[slot].size else np.empty(shape, dtype)

        namespace: dict[str, Any] = dict(NAMESPACE)
        if source.plan.fused:
            namespace["kernels"] = importlib.import_module("babytf.engine.compiled_kernels")  # goes with Numba
        namespace.update(source.bound)
        namespace.update({name: variable._array for name, variable in source.variables.items()})

        def buffers(slot: int, shapes: Sequence[tuple[int, ...]], dtype: Any) -> list[np.ndarray]:
            sizes = [math.prod(shape) * np.dtype(dtype).itemsize for shape in shapes]
            starts = [sum(sizes[:i]) for i in range(len(sizes))]
            return [np.ndarray(shape, dtype, memory[slot].data, at) for shape, at in zip(shapes, starts, strict=True)]

        namespace.update(
            buffer=buffer,
            buffers=buffers,
            pieces=pieces,
            rows=rows,
            beside=beside,
            call=call,
            check=check_finite,
        )
        namespace.update(
            serial=threads.serial,
            parallel=threads.parallel,
            parts=threads.parts,
            multiply=threads.multiply,
            shared=threads.shared,
        )
        layout = layout_version[0]
        try:
            namespace["fused"] = lambda function: jit.kernel(source.kernels[function.__name__])
            exec(code, namespace)
            for name, arguments in source.calls:
                namespace[name].prepare([namespace[a] for a in arguments])
            namespace.update({name: namespace[name].function for name in source.kernels})
        except Exception as error:
            if not source.kernels:
                raise
            jit.give_up(error)
            self.plan = Plan(self.graph, threads=self._threads)
            self._sources.clear()
            return self._instantiate(checked)
        leaves = [namespace[name] for name in source.inputs]
        fill = iter(leaves)
        items = [next(fill) if data else None for data in self._which]
        written = list({id(v._storage): v._storage for v, _ in self.graph.writes}.values())
        function = namespace[source.function_name]
        return Instance(tree.unflatten(self._args, items), leaves, function, layout, namespace, written)

    def _count(self) -> None:
        """One run more; after the last of those that were to be without, loops are compiled for the next."""
        self._runs_left -= 1
        if self._runs_left == 0:
            self.plan = Plan(self.graph, True, self._threads)
            self._sources.clear()
            self._local = threading.local()

    @property
    def inputs(self) -> Any:
        """A nest like the arguments, of this thread's input arrays: write a batch there, then `run()`."""
        return self.instance().inputs

    def __call__(self, *args: Any) -> Any:
        instance = self.instance()
        leaves = instance.leaves
        if len(args) == 1 == len(leaves) and type(args[0]) is np.ndarray:
            data: list[Any] = [args[0]]  # as in `model(x)`: nothing to look for
        else:
            data = [leaf for leaf in tree.flatten(args) if _is_data(leaf)]
        for target, given in zip(leaves, data, strict=True):
            array = given if type(given) is np.ndarray else np.asarray(given)
            if array is not target:
                if array.shape != target.shape:
                    raise ShapeError(
                        explain("this program was made for another shape.", got=array.shape, expected=target.shape)
                    )
                np.copyto(target, array, casting="unsafe")
        return self.pack(self.execute(instance))

    def run(self) -> Any:
        """Run on what lies in `inputs`.

        Returns:
            What the recorded function returned, as Tensors that nothing will overwrite.
        """
        return self.pack(self.execute())

    def execute(self, instance: Instance | None = None) -> tuple[np.ndarray, ...]:
        """Like `run`, but gives the result arrays as a plain tuple, in the order of the leaves.

        Args:
            instance: What `instance` gave, if the caller has it.
        """
        if instance is None:
            instance = self.instance()
        for storage in instance.written:
            if storage.readers:
                storage.detach()
        try:
            return instance.context.run(instance.function)
        except BaseException:
            threads.parallel()  # it may have stopped between serial() and parallel()
            raise
        finally:
            if self._runs_left:
                self._count()

    def pack(self, arrays: tuple[np.ndarray, ...]) -> Any:
        """Results as the recorded function returned them."""
        if self._single:
            return Tensor.wrap(arrays[0])
        values = iter(arrays)
        leaves = [
            Tensor.wrap(next(values)) if is_tensor else constant
            for is_tensor, constant in zip(self._is_tensor, self._constants, strict=True)
        ]
        return tree.unflatten(self._outputs, leaves)


def _is_data(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, Tensor, Variable))


Spans = Sequence[Sequence[tuple[int, int]]]
"""For each thread, the stretches of a vector that it works on."""


def pieces(spans: Spans, size: int, arrays: Sequence[Any], longest: int | None = None) -> list[list[Any]]:
    """For each thread, pieces of vectors of one size, side by side; arrays of other sizes stay whole.

    Args:
        spans: Where each thread's pieces lie.
        size: That of the vectors.
        arrays: What is cut. Of a list, each thread takes from the array that is its own.
        longest: Elements that a piece has at most.
    """
    return [
        [_piece(arrays, size, s, i) for span in share for s in _cut(span, longest)] for i, share in enumerate(spans)
    ]


def _cut(span: tuple[int, int], longest: int | None) -> list[slice]:
    """A stretch in pieces."""
    start, stop = span
    number = 1 if longest is None else -(-(stop - start) // longest)
    return [slice(start + s.start, start + s.stop) for s in threads.shares(stop - start, number)]


def _piece(arrays: Sequence[Any], size: int, s: slice, thread: int) -> tuple[Any, ...]:
    """A piece of all arrays, for one thread."""

    def part(array: Any) -> Any:
        if isinstance(array, list):
            return array[thread][: s.stop - s.start]
        return array[s] if array.shape == (size,) else array

    return tuple(part(array) for array in arrays)


def beside(functions: Sequence[Any], *products: Sequence[threads.Part]) -> list[list[Any]]:
    """For each thread, its parts of several products, and a function of its own (or `None`): arguments of `call`."""
    shares: list[list[Any]] = [[(np.matmul, *part) for part in parts] for parts in zip(*products, strict=True)]
    shares = shares or [[] for _ in functions]
    for share, function in zip(shares, functions, strict=bool(functions)):
        if function is not None:
            share.append((function,))
    return shares


def call(function: Callable[..., Any], *args: Any) -> None:
    """Call a function."""
    function(*args)


def rows(batch: int, count: int, arrays: Sequence[Any]) -> list[list[Any]]:
    """For each thread, its samples' rows of arrays; of a list, the array that is its own."""

    def share(array: Any, i: int, samples: slice) -> Any:
        if isinstance(array, list):
            return array[i]
        times = array.shape[0] // batch
        return array[samples.start * times : samples.stop * times]

    return [[tuple(share(a, i, s) for a in arrays)] for i, s in enumerate(threads.shares(batch, count))]


def check_finite(array: np.ndarray, layer: str, operation: str, statement: str) -> None:
    """Stop if an operation made a NaN or an infinity.

    Raises:
        NotFiniteError: Naming the layer, the operation and the statement.
    """
    bad = ~np.isfinite(array)
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        raise NotFiniteError(
            explain(
                f"{'layer ' + repr(layer) if layer else 'the program'}: {operation} made a value that is not finite.",
                got=f"{array[where]} at {where} of {statement.splitlines()[0]}; {int(bad.sum())} in all",
                expected="finite numbers, as enable_check_numerics() is on",
                fix="a smaller learning rate, inputs scaled to about 1, or clipnorm in the optimizer",
            )
        )
