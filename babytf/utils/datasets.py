"""Data sets made of arrays: the two parts of a split, and windows over a time series.

They are `PyDataset`s, so `fit`, `evaluate` and `predict` take them, and a loop over one begins anew each time.
"""

from __future__ import annotations

import math
import numbers
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

from babytf import check
from babytf.data import PyDataset
from babytf.engine import tree
from babytf.errors import explain

DEFAULT_BATCH_SIZE = 32


class ArrayDataset(PyDataset):
    """Batches of arrays whose first axis is the sample.

    Args:
        arrays: An array, or a nest of arrays of one length; a tuple is `(x, y)` or `(x, y, sample_weight)`.
        batch_size: Samples per batch.

    Example:
        >>> data = ArrayDataset((np.arange(5), np.arange(5) ** 2), batch_size=2)
        >>> len(data), data[2]
        (3, (array([4]), array([16])))
    """

    def __init__(self, arrays: Any, batch_size: int = DEFAULT_BATCH_SIZE) -> None:
        super().__init__()
        self.arrays = arrays
        self.batch_size = check.positive_int("ArrayDataset", batch_size=batch_size)
        self.num_samples = len(tree.flatten(arrays)[0])

    def batch(self, batch_size: int) -> ArrayDataset:
        """The same samples in batches of another size.

        Args:
            batch_size: Samples per batch.
        """
        return type(self)(self.arrays, batch_size)

    def __len__(self) -> int:
        return math.ceil(self.num_samples / self.batch_size)

    def __getitem__(self, index: int) -> Any:
        """One batch.

        Args:
            index: Which one, from 0.
        """
        start = _position(index, len(self)) * self.batch_size
        return tree.map_structure(lambda a: a[start : start + self.batch_size], self.arrays)


def _position(index: int, length: int) -> int:
    if not -length <= index < length:
        raise IndexError(f"batch {index} of {length}")
    return index % length


def split_dataset(
    dataset: Any,
    left_size: float | int | None = None,
    right_size: float | int | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[ArrayDataset, ArrayDataset]:
    """Split data into two parts, such as one to train on and one to test with.

    Both parts are held in memory. Where Keras gives single samples, for `batch` to make batches of, the parts are in
    batches already: of 32 samples, or of as many as the data came in; `batch(64)` gives others.

    Args:
        dataset: An array; a list, tuple or dict of arrays of one length; a `PyDataset`, or any iterable of batches.
        left_size: Samples of the left part: an integer, or a fraction between 0 and 1; `None` means the rest.
        right_size: Samples of the right part, likewise. It is taken from the end.
        shuffle: Whether to put the samples in random order first.
        seed: An integer, for the same order each time.
        preferred_backend: `None` or `"numpy"`.

    Returns:
        The left and the right part, each an `ArrayDataset`.

    Raises:
        TypeError: If `dataset` is none of these, or a size is no number.
        ValueError: If a part would be empty, or the two are larger than the whole.

    Example:
        >>> left, right = split_dataset([np.arange(10), np.arange(10) ** 2], right_size=0.2)
        >>> left.num_samples, right[0]
        (8, (array([8, 9]), array([64, 81])))
    """
    if preferred_backend not in (None, "numpy"):
        raise ValueError(
            explain("split_dataset: bad `preferred_backend`.", got=repr(preferred_backend), expected="None or 'numpy'")
        )
    arrays, batch_size = _gathered(dataset)
    columns = tree.flatten(arrays)
    lengths = sorted({len(column) for column in columns})
    if len(lengths) != 1:
        raise ValueError(
            explain(
                "split_dataset: the arrays differ in length.",
                got=", ".join(str(column.shape) for column in columns) or "no arrays",
                expected="arrays of one length",
            )
        )
    left, right = _sizes(left_size, right_size, lengths[0])
    order = list(range(lengths[0]))
    if shuffle:
        random.Random(random.randint(0, 10**6) if seed is None else seed).shuffle(order)
    rows = np.array(order, np.intp)

    def part(chosen: np.ndarray) -> ArrayDataset:
        return ArrayDataset(tree.unflatten(arrays, [column[chosen] for column in columns]), batch_size)

    return part(rows[:left]), part(rows[-right:])


def _gathered(dataset: Any) -> tuple[Any, int]:
    """All samples as a nest of arrays, and how many came at a time."""
    if hasattr(dataset, "__array__"):
        return np.asarray(dataset), DEFAULT_BATCH_SIZE
    if isinstance(dataset, (list, tuple, dict)):
        if not dataset:
            raise ValueError(explain("split_dataset: there is no data.", got=repr(dataset), expected="arrays"))
        nest = tuple(dataset) if isinstance(dataset, list) else dataset
        for leaf in tree.flatten(nest):
            if not hasattr(leaf, "__array__"):
                raise ValueError(
                    explain(
                        "split_dataset takes arrays.",
                        got=f"{type(leaf).__name__} in a {type(dataset).__name__}",
                        expected="a list, tuple or dict of arrays",
                        fix="np.array(...) of each",
                    )
                )
        return tree.map_structure(np.asarray, nest), DEFAULT_BATCH_SIZE
    if isinstance(dataset, (str, bytes)) or not hasattr(dataset, "__iter__"):
        raise TypeError(
            explain(
                "split_dataset cannot read this data.",
                got=f"{type(dataset).__name__}",
                expected="an array, a list, tuple or dict of arrays, or an iterable of batches",
            )
        )
    batches = list(dataset)
    if not batches:
        raise ValueError(explain("split_dataset: there is no data.", got="no batch", expected="one batch at least"))
    columns = [tree.flatten(batch) for batch in batches]
    joined = [np.concatenate([np.asarray(part) for part in column]) for column in zip(*columns, strict=True)]
    return tree.unflatten(batches[0], joined), len(columns[0][0])


def _sizes(left: Any, right: Any, total: int) -> tuple[int, int]:
    if left is None and right is None:
        raise ValueError(
            explain(
                "split_dataset: one size is needed.",
                got="left_size=None, right_size=None",
                expected="left_size, right_size or both",
                fix="left_size=0.8",
            )
        )
    found = {"left_size": _size("left_size", left, total), "right_size": _size("right_size", right, total)}
    for name, other in (("left_size", "right_size"), ("right_size", "left_size")):
        if found[name] is None:
            found[name] = total - (found[other] or 0)
    left_count, right_count = found["left_size"] or 0, found["right_size"] or 0
    if left_count + right_count > total or not left_count or not right_count:
        raise ValueError(
            explain(
                "split_dataset: the sizes do not fit the data.",
                got=f"left_size={left}, right_size={right}: {left_count} and {right_count} of {total} samples",
                expected="two parts with a sample each at least, together no more than there are",
            )
        )
    return left_count, right_count


def _size(name: str, value: Any, total: int) -> int | None:
    if value is None:
        return None
    whole: bool = isinstance(value, numbers.Integral)
    if isinstance(value, bool) or not (whole or isinstance(value, (float, np.floating))):
        raise TypeError(
            explain(f"split_dataset: bad `{name}`.", got=f"{name}={value!r}", expected="an integer, a fraction or None")
        )
    if not 0 < value < (total if whole else 1):
        raise ValueError(
            explain(
                f"split_dataset: bad `{name}`.",
                got=f"{name}={value!r}",
                expected=f"an integer from 1 to {total - 1}, or a fraction between 0 and 1",
                fix=f"{name}=0.8",
            )
        )
    return int(value) if whole else round(value * total)


class Windows(PyDataset):
    """Batches of windows that slide over a time series; `timeseries_dataset_from_array` makes one.

    The windows of a batch are cut when it is asked for. If they are shuffled, each epoch of a `fit` has a new order.

    Args:
        data: Array `(T, ...)`.
        targets: What belongs to the window that starts at each time, or `None`.
        starts: Where windows start.
        offsets: Which times after its start a window has.
        batch_size: Windows per batch; `None`: one at a time, without an axis for the batch.
        shuffler: Draws the order of each epoch; `None` to keep the order of time.
    """

    def __init__(
        self,
        data: np.ndarray,
        targets: np.ndarray | None,
        starts: np.ndarray,
        offsets: np.ndarray,
        batch_size: int | None,
        shuffler: np.random.RandomState | None,
    ) -> None:
        super().__init__()
        self.data = data
        self.targets = targets
        self.starts = starts
        self.offsets = offsets
        self.batch_size = batch_size
        self.shuffler = shuffler
        self.on_epoch_end()

    def __len__(self) -> int:
        return math.ceil(len(self.starts) / (self.batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        """One batch.

        Args:
            index: Which one, from 0.
        """
        index = _position(index, len(self))
        if self.batch_size is None:
            chosen = self.starts[index]
        else:
            chosen = self.starts[index * self.batch_size : (index + 1) * self.batch_size]
        x = self.data[chosen[..., None] + self.offsets]
        return x if self.targets is None else (x, self.targets[chosen])

    def __iter__(self) -> Iterator[Any]:
        """One pass."""
        for index in range(len(self)):
            yield self[index]

    def on_epoch_end(self) -> None:
        """Shuffle for the next epoch."""
        if self.shuffler is not None:
            self.shuffler.shuffle(self.starts)


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str = "tf",
) -> Windows:
    """Windows that slide over a time series, in batches, with a target for each.

    Args:
        data: Array whose first axis is time.
        targets: `targets[i]` belongs to the window that starts at `data[i]`; `None` for windows alone.
        sequence_length: Times in a window.
        sequence_stride: From the start of one window to that of the next.
        sampling_rate: From one time in a window to the next.
        batch_size: Windows per batch; `None`: one at a time, without an axis for the batch.
        shuffle: Whether windows come in random order, a new one in each epoch.
        seed: An integer, for the same orders each time.
        start_index: Times before this one are not used.
        end_index: This time and those after it are not used.
        format: `"tf"` or `"grain"`; what is returned is the same.

    Returns:
        A data set for `fit`, `evaluate` and `predict`, which can be looped over any number of times.

    Raises:
        ValueError: If an argument is out of range, there are not enough targets, or no window fits.

    Example:
        >>> windows = timeseries_dataset_from_array(np.arange(6), np.arange(6) + 10, sequence_length=3)
        >>> windows[0][0].tolist(), windows[0][1].tolist()
        ([[0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]], [10, 11, 12, 13])
    """
    who = "timeseries_dataset_from_array"
    data = np.asarray(data)
    check.one_of(who, ("tf", "grain"), format=format)
    check.positive_int(who, sequence_length=sequence_length)
    check.optional_positive_int(who, batch_size=batch_size)
    _below(who, len(data), sequence_stride=check.positive_int(who, sequence_stride=sequence_stride))
    _below(who, len(data), sampling_rate=check.positive_int(who, sampling_rate=sampling_rate))
    start, end = 0, len(data)
    if start_index is not None:
        start = check.non_negative_int(who, start_index=start_index)
        _below(who, len(data), start_index=start)
    if end_index is not None:
        end = check.positive_int(who, end_index=end_index)
        _below(who, len(data), end_index=end)
        if end <= start:
            raise ValueError(
                explain(
                    f"{who}: bad `end_index`.",
                    got=f"start_index={start_index}, end_index={end_index}",
                    expected=f"an end_index above {start}",
                )
            )
    count = end - start - (sequence_length - 1) * sampling_rate
    if targets is not None:
        targets = np.asarray(targets)
        count = min(count, len(targets))
    if count < 1:
        raise ValueError(
            explain(
                f"{who}: no window fits.",
                got=f"{end - start} times" + (f", {len(targets)} targets" if targets is not None else ""),
                expected=f"{(sequence_length - 1) * sampling_rate + 1} times at least, and one target",
                fix="a smaller sequence_length or sampling_rate",
            )
        )
    starts = start + np.arange(0, count, sequence_stride)
    if targets is not None and starts[-1] >= min(len(targets), end):
        raise ValueError(
            explain(
                f"{who}: there are not enough targets.",
                got=f"{len(targets)} targets",
                expected=f"{starts[-1] + 1}: one for the start of each window",
                fix="targets[i] belongs to the window that starts at data[i], whatever start_index is",
            )
        )
    shuffler = None
    if shuffle:
        shuffler = np.random.RandomState(np.random.randint(10**6) if seed is None else seed)  # noqa: NPY002
    return Windows(data, targets, starts, np.arange(sequence_length) * sampling_rate, batch_size, shuffler)


def _below(who: str, length: int, **named: int) -> None:
    ((name, value),) = named.items()
    if value >= length:
        raise ValueError(
            explain(
                f"{who}: bad `{name}`.",
                got=f"{name}={value}",
                expected=f"less than the number of times, {length}",
            )
        )
