"""Gradients: record what happens, then walk it back.

A tape lists the operations that a watched tensor went through. `GradientTape.gradient` goes through
the list from its end and asks each row for its vector-Jacobian product. Those products are made of
primitives too, so an outer tape, or a trace, sees them like any other operation.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine import tree
from babytf.engine.operators import NUMPY_FUNCTIONS
from babytf.engine.primitive import Primitive
from babytf.engine.tensor import Tensor, bind, convert, scope, state
from babytf.engine.variable import Variable
from babytf.errors import GradientError, explain


class Entry:
    """One operation on a tape."""

    __slots__ = ("inputs", "params", "result", "row", "scopes")

    def __init__(self, row: Primitive, inputs: list[Tensor], params: dict[str, Any], result: Tensor) -> None:
        self.row = row
        self.inputs = inputs
        self.params = params
        self.result = result
        self.scopes = state.scopes


class GradientTape:
    """Records operations, so that they can be differentiated.

    Args:
        persistent: Whether `gradient` may be called more than once.
        watch_accessed_variables: Whether trainable variables are watched as soon as they are read.

    Example:
        >>> x = Tensor(3.0)
        >>> with GradientTape() as tape:
        ...     tape.watch(x)
        ...     y = x * x
        >>> tape.gradient(y, x)
        Tensor(6.0, shape=(), dtype=float32)
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self.persistent = persistent
        self.watch_accessed_variables = watch_accessed_variables
        self._entries: list[Entry] = []
        self._tracked: dict[int, Tensor] = {}
        self._seen: dict[int, list[Tensor]] = {}
        self._watched: dict[int, Variable] = {}
        self._used = False

    def __enter__(self) -> GradientTape:
        if self in state.tapes:
            raise ValueError(explain("this GradientTape is recording already.", fix="make a new GradientTape"))
        state.tapes = (*state.tapes, self)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop()

    def _stop(self) -> None:
        state.tapes = tuple(t for t in state.tapes if t is not self)

    # --- called while recording

    def watch(self, tensor: Any) -> None:
        """Follow a Tensor, a Variable, or a nest of them.

        Raises:
            GradientError: If it is not of a floating-point dtype, or is not a Tensor or Variable.
        """
        for item in tree.flatten(tensor):
            if not isinstance(item, (Tensor, Variable)) or np.dtype(item.dtype).kind != "f":
                raise GradientError(
                    explain(
                        "GradientTape.watch takes floating-point Tensors and Variables.",
                        got=f"{type(item).__name__} of dtype {getattr(item, 'dtype', None)}",
                        fix="convert it first: babytf.ops.convert_to_tensor(x, 'float32')",
                    )
                )
            if isinstance(item, Variable):
                self._watched[id(item)] = item
            else:
                self._tracked[id(item)] = item

    def see(self, variable: Variable, tensor: Tensor) -> None:
        """A variable was read."""
        watched = id(variable) in self._watched or (self.watch_accessed_variables and variable.trainable)
        if watched and tensor.dtype.kind == "f":
            readings = self._seen.setdefault(id(variable), [])
            if not any(t is tensor for t in readings):
                readings.append(tensor)
            self._watched[id(variable)] = variable
            self._tracked[id(tensor)] = tensor

    def record(self, row: Primitive, inputs: list[Tensor], params: dict[str, Any], result: Tensor) -> None:
        """An operation was applied."""
        if result.dtype.kind == "f" and any(id(t) in self._tracked for t in inputs):
            self._entries.append(Entry(row, inputs, params, result))
            self._tracked[id(result)] = result

    def reset(self) -> None:
        """Forget everything recorded so far."""
        self._entries, self._tracked, self._seen, self._watched, self._used = [], {}, {}, {}, False

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables followed so far, in the order in which they were first read."""
        return tuple(self._watched.values())

    # --- called afterwards

    def gradient(
        self,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: str = "none",
    ) -> Any:
        """The derivative of the sum of `target` with respect to each source.

        Args:
            target: Tensor, or nest of Tensors, computed while the tape recorded.
            sources: Nest of watched Tensors and Variables.
            output_gradients: Weights of the target's elements, shaped like it; ones by default.
            unconnected_gradients: `"none"` or `"zero"`: what a source gets that has no part in the target.

        Returns:
            A nest like `sources` of Tensors (`None` for unconnected ones).

        Raises:
            RuntimeError: On a second call, unless the tape is persistent.
            GradientError: If an operation in between has no gradient.
        """
        if self._used and not self.persistent:
            raise RuntimeError(
                explain("this GradientTape was used already.", fix="GradientTape(persistent=True), or one call for all")
            )
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(
                explain("bad `unconnected_gradients`.", got=repr(unconnected_gradients), expected="'none' or 'zero'")
            )
        if not self.persistent:
            self._stop()
        self._used = True
        targets = [convert(t) for t in tree.flatten(target)]
        if output_gradients is None:
            seeds: list[Any] = [None] * len(targets)
        else:
            seeds = [output_gradients] if isinstance(target, Tensor) else tree.flatten(output_gradients)
        grads = self._walk_back(targets, seeds)
        found = [self._of(source, grads, unconnected_gradients) for source in tree.flatten(sources)]
        if not self.persistent:
            self._entries, self._tracked = [], {}
        return tree.unflatten(sources, found)

    def _walk_back(self, targets: list[Tensor], seeds: list[Any]) -> dict[int, Tensor]:
        grads: dict[int, Tensor] = {}
        for t, seed in zip(targets, seeds, strict=True):
            start = Tensor.wrap(np.ones(t.shape, t.dtype)) if seed is None else convert(seed, t.dtype)
            _accumulate(grads, t, start)
        entries = list(self._entries)
        for entry in reversed(entries):
            g = grads.get(id(entry.result))
            if g is None:
                continue
            outer, state.scopes = state.scopes, entry.scopes
            try:
                with scope("backward", "backward"):
                    self._one_step(entry, g, grads)
            finally:
                state.scopes = outer
        return grads

    def _one_step(self, entry: Entry, g: Tensor, grads: dict[int, Tensor]) -> None:
        row = entry.row
        if row.vjp is None:
            raise GradientError(
                explain(
                    f"the operation {row.name!r} has no gradient.",
                    got=f"a derivative through {row.name} of a tensor of shape {entry.result.shape}",
                    expected="differentiable operations between source and target",
                    fix="wrap its input in ops.stop_gradient if no gradient is to flow through it",
                )
            )
        products = row.vjp(g, entry.result, *entry.inputs, **entry.params)
        for x, product in zip(entry.inputs, products, strict=True):
            if product is not None and id(x) in self._tracked:
                _accumulate(grads, x, product)

    def _of(self, source: Any, grads: dict[int, Tensor], unconnected: str) -> Tensor | None:
        if isinstance(source, Variable):
            parts = [grads[id(t)] for t in self._seen.get(id(source), []) if id(t) in grads]
        else:
            parts = [grads[id(source)]] if id(source) in grads else []
        if parts:
            total = parts[0]
            for part in parts[1:]:
                total = total + part
            if state.trace is not None:
                state.trace.name_gradient(total, source)
            return total
        return Tensor.wrap(np.zeros(source.shape, source.dtype)) if unconnected == "zero" else None

    def jacobian(self, target: Any, sources: Any) -> Any:
        """All partial derivatives of one target Tensor.

        Args:
            target: Tensor of shape `S`.
            sources: Nest of Tensors and Variables.

        Returns:
            A nest like `sources`: for a source of shape `R`, a Tensor of shape `S + R`.
        """
        if not self.persistent:
            self._stop()
        self._used = True
        rows = []
        for i in range(target.size):
            seed = np.zeros(target.size, target.dtype)
            seed[i] = 1.0
            grads = self._walk_back([target], [seed.reshape(target.shape)])
            rows.append([self._of(s, grads, "zero") for s in tree.flatten(sources)])
        stack, reshape = NUMPY_FUNCTIONS[np.stack], NUMPY_FUNCTIONS[np.reshape]
        found = [
            reshape(stack([row[i] for row in rows]), target.shape + tuple(s.shape))
            for i, s in enumerate(tree.flatten(sources))
        ]
        return tree.unflatten(sources, found)


def _accumulate(grads: dict[int, Tensor], x: Tensor, g: Tensor) -> None:
    before = grads.get(id(x))
    grads[id(x)] = g if before is None else bind("add", before, g)
