"""From what a user passed to `fit` to batches: choose the source, and count out epochs."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from babytf import config
from babytf.data.arrays import ArraySource
from babytf.data.class_weight import check_class_weight
from babytf.data.convert import is_array_like, not_an_array
from babytf.data.iterables import IterableSource, both_weights
from babytf.data.py_dataset import PyDataset, PyDatasetSource
from babytf.data.source import Source
from babytf.engine import tree
from babytf.errors import explain

_END = object()


def is_arrays(data: Any) -> bool:
    """Whether `data` is an array, or a list, tuple or dict of them, rather than something that makes batches."""
    return isinstance(data, (np.ndarray, tuple, list, dict)) or is_array_like(data) or hasattr(data, "tocsr")


def adapt(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str = False,
    class_weight: dict[int, float] | None = None,
) -> Source:
    """The source of batches for what was passed.

    Args:
        x: Arrays (nested or not), a generator, a `PyDataset`, or any iterable of batches.
        y: Targets, if `x` is arrays.
        sample_weight: Weights, if `x` is arrays.
        batch_size: Rows per batch, if `x` is arrays.
        steps: Batches per epoch, if asked for.
        shuffle: True, False or `"batch"`.
        class_weight: Weight by class.

    Raises:
        ValueError: If `x` is nothing of these, or an argument does not go with it.
    """
    check_class_weight(class_weight)
    if class_weight is not None and sample_weight is not None:
        raise both_weights("both")
    if x is None:
        raise ValueError(
            explain("there is no data.", got="x=None", expected="arrays or batches as `x`", fix="pass x, and y")
        )
    if is_arrays(x):
        for leaf in tree.flatten(x):
            if not is_array_like(leaf) and not hasattr(leaf, "tocsr"):
                raise not_an_array(leaf, "x")
        return ArraySource(x, y, sample_weight, batch_size, steps, shuffle, class_weight)
    kind = type(x).__name__
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise ValueError(
                explain(
                    f"`{name}` does not go with a {kind}.",
                    got=f"x of type {kind}, and {name}",
                    expected="batches (x, y) or (x, y, sample_weight) from x itself",
                    fix=f"let the {kind} yield {name} with x, and leave {name} out",
                )
            )
    if batch_size is not None:
        warnings.warn(
            f"`batch_size={batch_size}` is not used: the {kind} makes its own batches.", UserWarning, stacklevel=3
        )
    if isinstance(x, PyDataset) or (hasattr(x, "__getitem__") and hasattr(x, "__len__") and not hasattr(x, "__iter__")):
        return PyDatasetSource(x, shuffle, class_weight)
    if hasattr(x, "__iter__") and not isinstance(x, (str, bytes, set, frozenset)):
        return IterableSource(x, class_weight)
    raise not_an_array(x, "x")


class Epochs:
    """Counts out the batches of each epoch.

    Without `steps`, an epoch is one pass. With it, an epoch takes that many batches, and the next epoch goes on
    where this one stopped; when a pass ends in the middle of an epoch, that epoch ends too, with a warning.

    Args:
        source: Where batches come from.
        steps: Batches per epoch, or `None`.
    """

    def __init__(self, source: Source, steps: int | None = None) -> None:
        self.source = source
        self.steps = limited(steps, source)
        self._pass: Iterator[Any] | None = None
        self._order: Any = None
        self._length: int | None = None
        self._position = 0
        """Batches taken of the pass under way; counted only if epochs are not passes."""
        self._in_epoch = False
        self._resumed: dict[str, Any] | None = None
        """The state that the next epoch is to go on from, if it is not to begin."""

    @property
    def num_batches(self) -> int | None:
        """Batches of an epoch, if known."""
        return self.steps or self.source.num_batches

    def __iter__(self) -> Iterator[Any]:
        resumed, self._resumed = self._resumed, None
        if resumed is not None and resumed["ended"]:
            return
        self._in_epoch = True
        if resumed is None:
            self.source.on_epoch_begin()
        if self.steps is not None:
            yield from self._some(self.steps, 0 if resumed is None else resumed["done"])
        else:
            yield from self._begin() if resumed is None or self._pass is None else self._pass
            self._pass = None
        self.source.on_epoch_end()
        self._in_epoch = False

    def _begin(self) -> Iterator[Any]:
        """A new pass."""
        self._order, self._position, self._length = self.source.draw_order(), 0, self.source.num_batches
        self._pass = self.source.batches(self._order)
        return self._pass

    def _some(self, steps: int, done: int) -> Iterator[Any]:
        fresh = self._pass is None
        batches = self._begin() if self._pass is None else self._pass
        for step in range(done, steps):
            batch = next(batches, _END)
            if batch is _END and step == 0 and not fresh and self.source.repeats:
                batches = self._begin()  # the last pass ended just where the last epoch did
                batch = next(batches, _END)
            if batch is _END:
                self._pass = None
                warn_out_of_data(step, steps)
                return
            self._position += 1
            yield batch
        if self._position == self._length:
            self._pass = None

    def restart(self) -> None:
        """Begin the next epoch with a new pass."""
        self.close()

    def close(self) -> None:
        """End the pass under way, and its workers."""
        if self._pass is not None and hasattr(self._pass, "close"):
            self._pass.close()
        self._pass = None

    # --- for another process to go on from here

    def get_state(self, done: int) -> dict[str, Any]:
        """Where it is: the order and the position of the pass under way.

        Args:
            done: Batches done of the epoch under way; 0 between two epochs.
        """
        under_way = self._pass is not None
        return {
            "steps": self.steps,
            "done": done,
            "ended": done > 0 and not self._in_epoch,
            "order": self._order if under_way else None,
            "position": (done if self.steps is None else self._position) if under_way else None,
            "source": self.source.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go to where `get_state` was called.

        Args:
            state: What it returned.

        Raises:
            ValueError: If it belongs to other data.
        """
        if state["steps"] != self.steps:
            raise ValueError(
                explain(
                    "the state is of other data.",
                    got=f"steps_per_epoch={state['steps']}",
                    expected=f"steps_per_epoch={self.steps}",
                    fix="pass to fit what the interrupted fit was given",
                )
            )
        self.close()
        self.source.set_state(state["source"])
        self._resumed = state if state["done"] else None
        if state["position"] is not None:
            self._order, self._position, self._length = state["order"], state["position"], self.source.num_batches
            self._pass = self.source.batches(self._order, self._position)


def limited(steps: int | None, source: Source) -> int | None:
    """Batches per epoch within the limit of `config.set_max_steps_per_epoch`; `None` for all there are.

    Args:
        steps: What was asked for.
        source: Where batches come from.
    """
    limit, asked = config.max_steps_per_epoch(), steps or source.num_batches
    if limit is None or (asked is not None and asked <= limit):
        return steps
    warnings.warn(f"an epoch is limited to {limit} steps by config.set_max_steps_per_epoch", stacklevel=4)
    return limit


def warn_out_of_data(step: int, steps: int) -> None:
    """Say that an epoch ends early."""
    warnings.warn(
        f"the data ended after {step} of {steps} steps, so this epoch ends here. Make sure that it yields at least "
        "steps_per_epoch * epochs batches, or leave steps_per_epoch out.",
        UserWarning,
        stacklevel=2,
    )
