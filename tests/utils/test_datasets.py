"""Splits and windows: what they are besides the values recorded from Keras, that fit takes them, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import babytf
from babytf.utils import PyDataset, set_random_seed, split_dataset, timeseries_dataset_from_array

X = np.arange(20, dtype="float32").reshape(10, 2)
Y = np.arange(10, dtype="float32")[:, None]


def rows(part):
    return np.concatenate([batch[0] if isinstance(batch, tuple) else batch for batch in part])


class Batches(PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        rows = slice(3 * index, 3 * index + 3)
        return {"x": X[rows]}, Y[rows]


def model_for(shape):
    model = babytf.Sequential([babytf.Input(shape), babytf.layers.Flatten(), babytf.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_parts_can_be_looped_over_again_and_again():
    left, right = split_dataset((X, Y), left_size=0.7)
    for _ in range(2):
        np.testing.assert_array_equal(rows(left), X[:7])
        np.testing.assert_array_equal(rows(right), X[7:])
    assert [len(b[0]) for b in left.batch(3)] == [3, 3, 1]
    with pytest.raises(IndexError):
        left[1]


def test_parts_of_one_array_and_of_batches():
    left, right = split_dataset(X, right_size=2)
    assert left.num_samples == 8
    np.testing.assert_array_equal(right[0], X[8:])
    for data in (Batches(), list(Batches())[:] and iter(list(Batches()))):
        left, right = split_dataset(data, left_size=0.5)
        assert [len(y) for _, y in left] == [3, 2]  # as many at a time as they came in
        np.testing.assert_array_equal(left[0][0]["x"], X[:3])


def test_shuffling_follows_the_seed_of_the_program():
    def draw():
        set_random_seed(3)
        return rows(split_dataset(X, left_size=5, shuffle=True)[0])

    np.testing.assert_array_equal(draw(), draw())
    assert (draw() != X[:5]).any()


def test_fit_takes_both_parts():
    left, right = split_dataset((X, Y), left_size=0.8)
    history = model_for((2,)).fit(left.batch(4), validation_data=right, epochs=2, verbose=0)
    assert len(history.history["val_loss"]) == 2


@pytest.mark.parametrize(
    ("data", "arguments", "error", "match"),
    [
        (X, {}, ValueError, "one size is needed"),
        (X, {"left_size": 10}, ValueError, "from 1 to 9"),
        (X, {"left_size": 1.0}, ValueError, "bad `left_size`"),
        (X, {"right_size": 0}, ValueError, "bad `right_size`"),
        (X, {"right_size": "half"}, TypeError, "bad `right_size`"),
        (X, {"left_size": True}, TypeError, "bad `left_size`"),
        (X, {"left_size": 6, "right_size": 6}, ValueError, "6 and 6 of 10 samples"),
        (X, {"left_size": 0.01}, ValueError, "0 and 10 of 10"),
        ((X, Y[:5]), {"left_size": 0.5}, ValueError, r"differ in length(?s:.)*\(10, 2\), \(5, 1\)"),
        ([[1, 2], [3, 4]], {"left_size": 0.5}, ValueError, "takes arrays"),
        ([], {"left_size": 0.5}, ValueError, "there is no data"),
        (iter([]), {"left_size": 0.5}, ValueError, "there is no data"),
        (3, {"left_size": 0.5}, TypeError, "cannot read this data"),
        (X, {"left_size": 0.5, "preferred_backend": "torch"}, ValueError, "preferred_backend"),
    ],
)
def test_split_refuses(data, arguments, error, match):
    with pytest.raises(error, match=match):
        split_dataset(data, **arguments)


def test_windows_are_cut_by_hand():
    # of 0 … 9, every third from 1 on, two times apart: 1 3 5, then 4 6 8
    data = timeseries_dataset_from_array(np.arange(10), None, 3, 3, 2, start_index=1, end_index=9)
    np.testing.assert_array_equal(data[0], [[1, 3, 5], [4, 6, 8]])


def test_fit_takes_windows_in_a_new_order_each_epoch():
    seen = []

    class Watched(babytf.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(data.starts.tolist())

    data = timeseries_dataset_from_array(X, Y, 3, batch_size=4, shuffle=True, seed=1)
    first = data.starts.tolist()
    model_for((3, 2)).fit(data, epochs=3, verbose=0, callbacks=[Watched()])
    assert sorted(first) == list(range(8))
    assert len({tuple(order) for order in [first, *seen, data.starts.tolist()]}) > 2
    again = timeseries_dataset_from_array(X, Y, 3, batch_size=4, shuffle=True, seed=1)
    assert again.starts.tolist() == first


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"sequence_length": 0}, "bad `sequence_length`"),
        ({"sequence_length": 11}, "no window fits"),
        ({"sequence_stride": 0}, "bad `sequence_stride`"),
        ({"sequence_stride": 10}, "less than the number of times, 10"),
        ({"sampling_rate": 10}, "bad `sampling_rate`"),
        ({"batch_size": 0}, "bad `batch_size`"),
        ({"start_index": -1}, "bad `start_index`"),
        ({"start_index": 10}, "bad `start_index`"),
        ({"end_index": 10}, "bad `end_index`"),
        ({"start_index": 5, "end_index": 4}, "an end_index above 5"),
        ({"format": "torch"}, "bad `format`"),
        ({"targets": Y[:4], "start_index": 2}, r"not enough targets(?s:.)*got: +4(?s:.)*expected: 6"),
    ],
)
def test_windows_refuse(arguments, match):
    with pytest.raises(ValueError, match=match):
        timeseries_dataset_from_array(**{"data": X, "targets": Y, "sequence_length": 3, **arguments})
