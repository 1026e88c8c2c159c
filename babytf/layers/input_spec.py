"""`InputSpec`: what a layer asks of its inputs, and the check that names the layer when they differ."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from babytf.engine import dtypes, tree
from babytf.errors import ShapeError, explain


class InputSpec:
    """Rank, dtype and sizes that a layer's input must have; what is `None` is free.

    Args:
        dtype: Name of the dtype.
        shape: Shape, `None` where a size is free.
        ndim: Number of axes.
        max_ndim: Largest number of axes.
        min_ndim: Smallest number of axes.
        axes: `{axis: size}` for single axes.
        allow_last_axis_squeeze: Whether a last axis of size 1 may be missing, or be too many.
        name: Key of this input when inputs come as a dict.
        optional: Whether the input may be `None`.

    Raises:
        TypeError: If `axes` is not a dict with integer keys.
        ValueError: If an axis lies beyond `ndim` or `max_ndim`.

    Example:
        >>> InputSpec(min_ndim=2, axes={-1: 784})
        InputSpec(min_ndim=2, axes={-1: 784})
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Sequence[int | None] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ) -> None:
        self.dtype = None if dtype is None else dtypes.standardize(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.name = name
        self.optional = optional
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        try:
            self.axes = {int(axis): size for axis, size in (axes or {}).items()}
        except (AttributeError, TypeError, ValueError):
            raise TypeError(
                explain("InputSpec: bad `axes`.", got=f"axes={axes!r}", expected="a dict such as {-1: 784}")
            ) from None
        limit = self.ndim or self.max_ndim
        if self.axes and limit and max(self.axes) > limit - 1:
            raise ValueError(
                explain(
                    "InputSpec: an axis lies beyond the number of axes.",
                    got=f"axes={self.axes}",
                    expected=f"axes up to {limit - 1}",
                )
            )

    def __repr__(self) -> str:
        shown = {n: getattr(self, n) for n in ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes")}
        return f"InputSpec({', '.join(f'{n}={v}' for n, v in shown.items() if v)})"

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        names = ("dtype", "shape", "ndim", "max_ndim", "min_ndim", "axes", "optional")
        return {n: getattr(self, n) for n in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        """Make the spec that `get_config` described."""
        return cls(**config)

    def problem(self, x: Any) -> tuple[str, str] | None:
        """Why `x` does not fit: how the summary ends, and what was expected; `None` if it fits."""
        shape, ndim = tuple(x.shape), len(x.shape)
        if self.ndim is not None and ndim != self.ndim and not self.allow_last_axis_squeeze:
            return f"takes input of {self.ndim} axes", f"{self.ndim} axes"
        if self.max_ndim is not None and ndim > self.max_ndim:
            return f"takes input of at most {self.max_ndim} axes", f"at most {self.max_ndim} axes"
        if self.min_ndim is not None and ndim < self.min_ndim:
            return (
                f"takes input of at least {self.min_ndim} axes",
                f"at least {self.min_ndim} axes, the first for the batch",
            )
        if self.dtype is not None and x.dtype != self.dtype:
            return f"takes {self.dtype} input", self.dtype
        for axis, size in self.axes.items():
            found = shape[axis] if -ndim <= axis < ndim else -1
            if size is not None and found is not None and found != size:
                if axis == -1:
                    return f"was built for {size} features", f"last axis {size}"
                return f"takes {size} values along axis {axis}", f"axis {axis} of size {size}"
        if self.shape is not None:
            wanted = self.shape
            if self.allow_last_axis_squeeze:
                shape = shape[:-1] if shape[-1:] == (1,) else shape
                wanted = wanted[:-1] if wanted[-1:] == (1,) else wanted
            same = all(w is None or s is None or w == s for w, s in zip(wanted, shape, strict=False))
            if len(wanted) != len(shape) or not same:
                return f"was built for input of shape {self.shape}", f"shape {self.shape}"
        return None


def check_inputs(layer: Any, specs: Any, inputs: Any) -> None:
    """Compare inputs with what a layer asks of them.

    Args:
        layer: The layer, for its name.
        specs: One `InputSpec` or `None`, or a nest of them.
        inputs: The input, or a nest of inputs.

    Raises:
        ShapeError: If the number, rank, size or dtype of the inputs differs.
    """
    who = f"{type(layer).__name__} '{layer.name}'"
    one_per_input = [specs] if isinstance(specs, InputSpec) else tree.flatten(specs)
    if isinstance(inputs, dict):
        names = [s.name for s in one_per_input if s is not None]
        if len(names) == len(one_per_input) and all(names):
            missing = [n for n in names if n not in inputs]
            if missing:
                raise ShapeError(
                    explain(
                        f"{who} is missing the input {missing[0]!r}.",
                        got=f"a dict with keys {list(inputs)}",
                        expected=f"keys {names}",
                    )
                )
            inputs = [inputs[n] for n in names]
    given = tree.flatten(inputs)
    if len(given) != len(one_per_input):
        raise ShapeError(
            explain(
                f"{who} takes {len(one_per_input)} input{'s' * (len(one_per_input) != 1)}.",
                got=f"{len(given)}",
                expected=", ".join(repr(s.name) for s in one_per_input if s is not None and s.name)
                or f"{len(one_per_input)}",
            )
        )
    for spec, x in zip(one_per_input, given, strict=True):
        if spec is None or (x is None and spec.optional):
            continue
        if not hasattr(x, "shape"):
            raise ShapeError(
                explain(f"{who} takes arrays.", got=f"{x!r} of type {type(x).__name__}", expected="an array")
            )
        found = spec.problem(x)
        if found is not None:
            summary, expected = found
            shape = tuple(x.shape)
            raise ShapeError(
                explain(
                    f"{who} {summary}.",
                    got=f"input {spec.name!r} of shape {shape}, {np.dtype(x.dtype).name}"
                    if spec.name
                    else f"input of shape {shape}, {np.dtype(x.dtype).name}",
                    expected=expected,
                    fix=_fix(layer, spec, shape),
                )
            )


def _fix(layer: Any, spec: InputSpec, shape: tuple[int, ...]) -> str:
    kind = type(layer).__name__
    size = spec.axes.get(-1)
    if size is not None and len(shape) >= (spec.min_ndim or 0):
        return f"pass {size} features per sample, or make a new {kind} for this data"
    if spec.min_ndim is not None and len(shape) == spec.min_ndim - 1:
        return f"add the missing axis: x[None] makes a batch of one sample, shape {(1, *shape)}"
    return f"reshape the data, or make a new {kind} for it"
