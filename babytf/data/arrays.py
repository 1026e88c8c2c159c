"""Batches of arrays: one order of rows per epoch, gathered batch by batch.

A batch is only named here, by its rows; the trainer has them gathered where the step reads them.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from babytf.data.checks import number_of_samples
from babytf.data.class_weight import class_weight_to_sample_weights
from babytf.data.convert import to_arrays
from babytf.data.packing import pack_x_y_sample_weight
from babytf.data.source import Source
from babytf.engine import tree
from babytf.errors import explain

Rows: TypeAlias = "slice | np.ndarray"


class ArraySource(Source):
    """Nests of arrays whose first axis is the sample.

    Args:
        x: Inputs.
        y: Targets, or `None`.
        sample_weight: Weight per sample, or `None`; one array serves all outputs.
        batch_size: Rows per batch. `None`: 32, or as many as `steps` batches need.
        steps: Batches per epoch, if asked for.
        shuffle: True: a new order every pass. `"batch"`: only within each batch.
        class_weight: Weight by class, instead of `sample_weight`.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool | str = False,
        class_weight: dict[int, float] | None = None,
    ) -> None:
        self.x, self.y = to_arrays(x, "x"), to_arrays(y, "y")
        if class_weight is not None:
            sample_weight = self._weigh(class_weight)
        elif sample_weight is not None:
            sample_weight = to_arrays(sample_weight, "sample_weight")
            if isinstance(self.y, (tuple, list, dict)):
                sample_weight = _one_per_output(sample_weight, self.y)
        self.sample_weight = sample_weight
        self.num_samples = number_of_samples(self.x, self.y, sample_weight)
        self.batch_size = batch_size or (math.ceil(self.num_samples / steps) if steps else 32)
        self.num_batches = math.ceil(self.num_samples / self.batch_size)
        self.shuffle = shuffle
        self.data = pack_x_y_sample_weight(self.x, self.y, sample_weight)
        # np.take copies a whole array that is not contiguous, each time it is asked for a batch.
        self.leaves = [None if a is None else np.ascontiguousarray(a) for a in tree.flatten(self.data)]

    def _weigh(self, class_weight: dict[int, float]) -> np.ndarray:
        if self.y is None or isinstance(self.y, (tuple, list, dict)):
            raise ValueError(
                explain(
                    "`class_weight` is for a model of one output.",
                    got=f"y is {'None' if self.y is None else f'a {type(self.y).__name__} of arrays'}",
                    expected="y as one array of classes",
                    fix="pass sample_weight, one array per output",
                )
            )
        return class_weight_to_sample_weights(self.y, class_weight)

    def draw_order(self) -> np.ndarray | None:
        """A permutation of all rows, if they are to be shuffled as a whole."""
        if self.shuffle and self.shuffle != "batch":
            return np.random.permutation(self.num_samples)  # noqa: NPY002  Keras's own draw: one seed, one order in both
        return None

    def batches(self, order: np.ndarray | None = None, start: int = 0) -> Iterator[Rows]:
        """The rows of each batch.

        Args:
            order: What `draw_order` gave.
            start: How many batches to leave out.
        """
        size, total = self.batch_size, self.num_samples
        firsts = range(start * size, total, size)
        if order is not None:
            for first in firsts:
                yield order[first : first + size]
        elif self.shuffle:
            for first in firsts:
                yield first + np.random.permutation(min(size, total - first))  # noqa: NPY002
        else:
            for first in firsts:
                yield slice(first, min(first + size, total))

    def get_state(self) -> dict[str, Any]:
        """The sizes, by which other data is told apart."""
        return {"samples": self.num_samples, "batch_size": self.batch_size}

    def set_state(self, state: dict[str, Any]) -> None:
        """Check that the data is that of `get_state`.

        Args:
            state: What it returned.
        """
        if state != self.get_state():
            raise ValueError(
                explain(
                    "the state is of other data.",
                    got=" and ".join(f"{name} {value}" for name, value in state.items()) or "no arrays",
                    expected=f"samples {self.num_samples} and batch_size {self.batch_size}",
                    fix="pass to fit what the interrupted fit was given",
                )
            )

    def gather(self, rows: Rows) -> Any:
        """Fresh arrays with these rows."""
        return tree.unflatten(self.data, [None if a is None else np.array(a[rows]) for a in self.leaves])

    def peek(self) -> Any:
        """The first rows; no random number is drawn for it."""
        return self.gather(slice(0, min(self.batch_size, self.num_samples)))


def _one_per_output(sample_weight: Any, y: Any) -> Any:
    if isinstance(sample_weight, (tuple, list, dict)):
        if len(tree.flatten(sample_weight)) != len(tree.flatten(y)) or type(sample_weight) is not type(y):
            raise ValueError(
                explain(
                    "`sample_weight` has not the structure of `y`.",
                    got=f"{_outline(sample_weight)} for y {_outline(y)}",
                    expected="one array for all outputs, or one per output, nested as y is",
                    fix="build it like y",
                )
            )
        return sample_weight
    if sample_weight.ndim > 1 and sample_weight.shape[1:] != (1,):
        raise ValueError(
            explain(
                "one `sample_weight` for several outputs has one number per sample.",
                got=f"shape {sample_weight.shape}",
                expected=f"shape ({sample_weight.shape[0]},)",
                fix="pass one array per output, nested as y is",
            )
        )
    return tree.map_structure(lambda _: sample_weight, y)


def _outline(nest: Any) -> str:
    return str(tree.map_structure(lambda a: None if a is None else a.shape, nest))


def train_validation_split(x: Any, y: Any, sample_weight: Any, validation_split: float) -> tuple[Any, Any]:
    """The last part of arrays set aside, before any shuffling.

    Args:
        x: Inputs.
        y: Targets, or `None`.
        sample_weight: Weights, or `None`.
        validation_split: The fraction set aside, between 0 and 1.

    Returns:
        `(x, y, sample_weight)` to train on, and the same to validate on.

    Raises:
        ValueError: If either part would be empty.
    """
    parts = [to_arrays(x, "x"), to_arrays(y, "y"), to_arrays(sample_weight, "sample_weight")]
    total = number_of_samples(*parts)
    kept = math.floor(total * (1.0 - validation_split))
    if kept in (0, total):
        raise ValueError(
            explain(
                "too few samples for `validation_split`.",
                got=f"{total} samples, validation_split={validation_split}",
                expected="at least one sample to train on and one to validate on",
                fix="change the fraction, or pass validation_data",
            )
        )

    def cut(nest: Any, rows: slice) -> Any:
        return tree.map_structure(lambda a: None if a is None else a[rows], nest)

    return tuple(cut(p, slice(0, kept)) for p in parts), tuple(cut(p, slice(kept, total)) for p in parts)
