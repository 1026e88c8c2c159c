"""Generators, data sets, iterables; and how epochs are counted out."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
import pytest

from babytf.data import Epochs, PyDataset, adapt, pack_x_y_sample_weight, unpack_x_y_sample_weight


def numbers(n):
    for i in range(n):
        yield np.full((2, 1), i, "float32"), np.full(2, i)


def firsts(batches):
    return [int(b[0][0, 0]) for b in batches]


class Numbers(PyDataset):
    """Batch i holds i. Notes who made each batch."""

    def __init__(self, n=5, **kwargs):
        super().__init__(**kwargs)
        self.n = n
        self.made_by = []
        self.told = []

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        self.made_by.append(threading.current_thread().name)
        return np.full((2, 1), index, "float32"), np.full(2, index)

    def on_epoch_begin(self):
        self.told.append("begin")

    def on_epoch_end(self):
        self.told.append("end")


class Again:
    """An object that can be gone through again and again."""

    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return numbers(self.n)


def test_packing():
    assert pack_x_y_sample_weight(1) == 1
    assert pack_x_y_sample_weight([1, 2]) == ([1, 2],)
    assert pack_x_y_sample_weight(1, 2) == (1, 2)
    assert pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)
    assert unpack_x_y_sample_weight(1) == (1, None, None)
    assert unpack_x_y_sample_weight([1, 2]) == (1, 2, None)
    assert unpack_x_y_sample_weight((1, 2, 3)) == (1, 2, 3)
    with pytest.raises(ValueError, match=r"one to three parts(.|\n)*a tuple of 4 parts"):
        unpack_x_y_sample_weight((1, 2, 3, 4))


def test_a_generator_is_peeked_at_without_losing_a_batch():
    source = adapt(numbers(3))
    assert firsts([source.peek(), source.peek()]) == [0, 0]
    assert firsts(Epochs(source)) == [0, 1, 2]
    assert firsts(Epochs(source)) == []
    assert not source.repeats


def test_an_iterable_starts_again():
    epochs = Epochs(adapt(Again(3)))
    assert firsts([epochs.source.peek()]) == [0]
    assert firsts(epochs) == [0, 1, 2]
    assert firsts(epochs) == [0, 1, 2]


def test_batches_are_converted_and_checked():
    def batches():
        yield np.ones((2, 1)), np.ones(2, "int64"), np.ones(2)
        yield np.ones((2, 1)), np.ones(3)

    found = iter(Epochs(adapt(batches())))
    assert [a.dtype.name for a in next(found)] == ["float32", "int64", "float32"]
    with pytest.raises(ValueError, match=r"different lengths(.|\n)*x of 2, y of 3"):
        next(found)


@pytest.mark.parametrize("batch", [np.ones((2, 1)), (1, 2, 3, 4), 5])
def test_what_is_no_batch(batch):
    with pytest.raises(ValueError, match=r"the generator yields no batch\.\n  got:      a (ndarray|tuple|int)"):
        adapt(b for b in [batch]).peek()


def test_an_empty_generator():
    with pytest.raises(ValueError, match=r"there is no data(.|\n)*a generator that yields no batch"):
        adapt(b for b in []).peek()


@pytest.mark.parametrize("name", ["y", "sample_weight"])
@pytest.mark.parametrize("data", [numbers(1), Numbers(), Again(1)], ids=["generator", "PyDataset", "iterable"])
def test_targets_and_weights_come_with_the_batches(data, name):
    with pytest.raises(ValueError, match=f"`{name}` does not go with a {type(data).__name__}(.|\n)*leave {name} out"):
        adapt(data, **{name: np.ones(2)})


def test_batch_size_is_not_for_ready_batches():
    with pytest.warns(UserWarning, match="`batch_size=4` is not used: the generator makes its own batches"):
        adapt(numbers(1), batch_size=4)


def test_class_weight_applies_to_ready_batches():
    _, _, weights = adapt(((np.ones((2, 1)), np.array([0, 1])) for _ in range(1)), class_weight={1: 5.0}).peek()
    assert weights.tolist() == [1.0, 5.0]
    with_weights = ((np.ones((2, 1)), np.array([0, 1]), np.ones(2)) for _ in range(1))
    with pytest.raises(ValueError, match="exclude each other"):
        adapt(with_weights, class_weight={1: 5.0}).peek()


def test_steps_go_on_where_the_last_epoch_stopped():
    # 10 batches, 4 a time: 0-3, 4-7, then only 8 and 9 are left; the next epoch is a new pass
    epochs = Epochs(adapt(Numbers(10)), steps=4)
    assert firsts(epochs) == [0, 1, 2, 3]
    assert firsts(epochs) == [4, 5, 6, 7]
    with pytest.warns(UserWarning, match="the data ended after 2 of 4 steps"):
        assert firsts(epochs) == [8, 9]
    assert firsts(epochs) == [0, 1, 2, 3]


@pytest.mark.parametrize("make", [lambda: Numbers(4), lambda: Again(4)], ids=["known length", "unknown length"])
def test_a_pass_that_ends_with_an_epoch_is_no_reason_to_warn(make):
    epochs = Epochs(adapt(make()), steps=2)
    assert [firsts(epochs) for _ in range(3)] == [[0, 1], [2, 3], [0, 1]]


def test_more_steps_than_data():
    epochs = Epochs(adapt(numbers(3)), steps=5)
    with pytest.warns(UserWarning, match="the data ended after 3 of 5 steps"):
        assert firsts(epochs) == [0, 1, 2]


def test_data_sets_hear_of_epochs():
    data = Numbers(2)
    epochs = Epochs(adapt(data))
    list(epochs)
    list(epochs)
    assert data.told == ["begin", "end"] * 2


def test_data_sets_are_shuffled_by_batch():
    import random

    random.seed(1)
    epochs = Epochs(adapt(Numbers(20), shuffle=True))
    first, second = firsts(epochs), firsts(epochs)
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second
    assert first != list(range(20))


def test_threads_make_batches_in_order():
    data = Numbers(30, workers=3, max_queue_size=4)
    assert firsts(Epochs(adapt(data))) == list(range(30))
    assert all(name.startswith("babytf_data") for name in data.made_by)


def test_no_more_batches_are_made_ahead_than_max_queue_size():
    data = Numbers(30, workers=2, max_queue_size=4)
    found = Epochs(adapt(data))
    iterator = iter(found)
    next(iterator)
    time.sleep(0.05)
    assert len(data.made_by) <= 4
    found.close()


def test_an_endless_data_set():
    class Endless(Numbers):
        @property
        def num_batches(self):
            return None

    for workers in (1, 2):
        epochs = Epochs(adapt(Endless(workers=workers)), steps=3)
        assert firsts(epochs) == [0, 1, 2]
        assert firsts(epochs) == [3, 4, 5]
        epochs.close()


class Processes(PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return np.full((2, 1), index, "float32"), np.full(2, os.getpid())


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_processes_make_batches():
    batches = list(Epochs(adapt(Processes(workers=2, use_multiprocessing=True))))
    assert firsts(batches) == [0, 1, 2, 3]
    assert os.getpid() not in {int(y[0]) for _, y in batches}


def test_an_error_in_a_worker_comes_out():
    class Broken(Numbers):
        def __getitem__(self, index):
            if index == 2:
                raise OSError("no such file")
            return super().__getitem__(index)

    for workers in (1, 2):
        with pytest.raises(OSError, match="no such file"):
            list(Epochs(adapt(Broken(workers=workers))))


def test_a_data_set_that_does_not_call_super():
    class Forgetful(PyDataset):
        def __init__(self):
            pass

        def __len__(self):
            return 1

        def __getitem__(self, index):
            return np.ones((2, 1)), np.ones(2)

    with pytest.warns(UserWarning, match=r"Forgetful.__init__ should call super\(\)"):
        assert Forgetful().workers == 1


def test_a_data_set_of_length_0():
    with pytest.raises(ValueError, match=r"there is no data(.|\n)*Numbers of length 0"):
        adapt(Numbers(0)).peek()


def test_objects_like_a_data_set_count_as_one():
    class Like:
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return np.full((2, 1), index, "float32"), np.full(2, index)

    assert firsts(Epochs(adapt(Like()))) == [0, 1]
