"""Batches of arrays: order, sizes, weights, the validation split, and bad input."""

from __future__ import annotations

import numpy as np
import pytest

from babytf.data import adapt
from babytf.data.arrays import ArraySource, train_validation_split
from babytf.data.checks import first_not_finite, warn_if_not_finite


def rows(source):
    return [source.gather(r) for r in source.batches(source.draw_order())]


def test_without_shuffle_rows_come_in_order_and_the_last_batch_is_short():
    source = ArraySource(np.arange(5), batch_size=2)
    assert [b.tolist() for b in rows(source)] == [[0, 1], [2, 3], [4]]
    assert source.num_batches == 3


def test_batch_size_is_32_by_default_or_follows_steps():
    assert ArraySource(np.arange(100)).batch_size == 32
    assert ArraySource(np.arange(100), steps=7).batch_size == 15  # ceil(100 / 7)
    assert ArraySource(np.arange(100), steps=7, batch_size=4).batch_size == 4


def test_shuffle_is_one_permutation_per_pass_as_keras_draws_it():
    source = ArraySource(np.arange(10) * 10, np.arange(10), batch_size=4, shuffle=True)
    np.random.seed(3)  # noqa: NPY002
    first, second = rows(source), rows(source)
    np.random.seed(3)  # noqa: NPY002
    order = np.random.permutation(10)  # noqa: NPY002
    assert np.concatenate([y for _, y in first]).tolist() == order.tolist()
    assert np.concatenate([x for x, _ in first]).tolist() == (order * 10).tolist()
    assert np.concatenate([y for _, y in second]).tolist() != order.tolist()


def test_shuffle_within_batches_only():
    np.random.seed(0)  # noqa: NPY002
    batches = rows(ArraySource(np.arange(40), batch_size=10, shuffle="batch"))
    assert [sorted(b.tolist()) for b in batches] == [list(range(i, i + 10)) for i in (0, 10, 20, 30)]
    assert [b.tolist() for b in batches] != [list(range(i, i + 10)) for i in (0, 10, 20, 30)]


def test_peeking_draws_no_random_number():
    source = ArraySource(np.arange(10), batch_size=4, shuffle=True)
    np.random.seed(1)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert source.peek().tolist() == [0, 1, 2, 3]
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_gathered_batches_are_the_users_to_keep():
    x = np.arange(6.0, dtype="float32")
    source = ArraySource(x, batch_size=3)
    batch = rows(source)[0]
    batch[:] = -1
    assert x.tolist() == [0, 1, 2, 3, 4, 5]


def test_odd_memory_layouts():
    base = np.arange(24.0, dtype="float32").reshape(4, 6)
    base.flags.writeable = False
    for x in (base, base[:, ::2], base.T, np.asfortranarray(base)):
        assert np.array_equal(np.concatenate(rows(ArraySource(x, batch_size=3))), x)


def test_nests_are_gathered_leaf_by_leaf():
    x = {"a": np.arange(4), "b": [np.arange(4) * 2]}
    batch_x, batch_y = rows(ArraySource(x, [np.arange(4) * 3], batch_size=2))[1]
    assert batch_x["a"].tolist() == [2, 3]
    assert batch_x["b"][0].tolist() == [4, 6]
    assert batch_y[0].tolist() == [6, 9]


def test_class_weight_becomes_sample_weight():
    # classes 0, 2, 1 with weights 1 (not listed), 0.5, 3
    weights = ArraySource(np.zeros(3), np.array([0, 2, 1]), class_weight={1: 3.0, 2: 0.5}).sample_weight
    assert weights.tolist() == [1.0, 0.5, 3.0]
    assert weights.dtype == np.float32
    one_hot = np.eye(3, dtype="float32")[[0, 2, 1]]
    assert ArraySource(np.zeros(3), one_hot, class_weight={1: 3.0, 2: 0.5}).sample_weight.tolist() == [1.0, 0.5, 3.0]
    column = np.array([[0], [2], [1]])
    assert ArraySource(np.zeros(3), column, class_weight={1: 3.0, 2: 0.5}).sample_weight.tolist() == [1.0, 0.5, 3.0]


def test_one_sample_weight_serves_all_outputs():
    source = ArraySource(np.zeros(2), [np.zeros(2), np.ones(2)], np.array([1.0, 2.0]))
    assert [w.tolist() for w in source.sample_weight] == [[1.0, 2.0], [1.0, 2.0]]


def test_bad_weights():
    x, y = np.zeros(2), np.zeros(2)
    with pytest.raises(ValueError, match=r"exclude each other(.|\n)*fix: .*multiply"):
        adapt(x, y, np.ones(2), class_weight={0: 1.0})
    with pytest.raises(ValueError, match=r"`class_weight` maps(.|\n)*got: .*\[1, 2\]"):
        adapt(x, y, class_weight=[1, 2])
    with pytest.raises(ValueError, match=r"for a model of one output(.|\n)*a list of arrays"):
        adapt(x, [y, y], class_weight={0: 1.0})
    with pytest.raises(ValueError, match=r"`sample_weight` has not the structure"):
        adapt(x, [y, y], [np.ones(2)])
    with pytest.raises(ValueError, match=r"one number per sample(.|\n)*got: .*\(2, 3\)"):
        adapt(x, [y, y], np.ones((2, 3)))


def test_lengths_that_differ():
    with pytest.raises(ValueError, match=r"different lengths\.\n  got:      x of 3, y of 2\n(.|\n)*fix: "):
        adapt(np.zeros((3, 1)), np.zeros(2))
    with pytest.raises(ValueError, match="x of 3 and 4"):
        adapt([np.zeros(3), np.zeros(4)])


def test_nothing_to_train_on():
    with pytest.raises(ValueError, match=r"no samples\.\n  got:      x of 0, y of 0"):
        adapt(np.zeros((0, 3)), np.zeros(0))
    with pytest.raises(ValueError, match=r"no data\.\n  got:      x=None"):
        adapt(None)
    with pytest.raises(ValueError, match="no data"):
        adapt([])


def test_a_list_of_numbers_is_no_array():
    with pytest.raises(ValueError, match=r"`x` is no array\.\n  got:      a list holding 1\n(.|\n)*fix: .*np.array"):
        adapt([[1, 2], [3, 4]])
    with pytest.raises(ValueError, match=r"`y` is no array"):
        adapt(np.zeros((2, 1)), [1, 2])
    with pytest.raises(ValueError, match=r"`x` is no array\.\n  got:      a list holding 'abc'"):
        adapt("abc")


def test_validation_split_takes_the_last_rows():
    (x, y, w), (vx, vy, vw) = train_validation_split(np.arange(10), np.arange(10) * 2, None, 0.25)
    assert x.tolist() == [0, 1, 2, 3, 4, 5, 6]  # floor(10 * 0.75) = 7
    assert vx.tolist() == [7, 8, 9]
    assert vy.tolist() == [14, 16, 18]
    assert y.tolist() == [0, 2, 4, 6, 8, 10, 12]
    assert w is None
    assert vw is None


def test_validation_split_of_too_few():
    with pytest.raises(ValueError, match=r"too few samples(.|\n)*got: .*2 samples, validation_split=0.9"):
        train_validation_split(np.arange(2), None, None, 0.9)


def test_the_first_value_that_is_not_finite():
    x = np.ones((4, 3), "float32")
    assert first_not_finite(x) is None
    x[2, 1] = np.inf
    x[3, 0] = np.nan
    assert first_not_finite(x) == (2, 1)
    assert first_not_finite(np.full((3, 2), 3e38, "float32")) is None  # the sum overflows, the values do not
    assert first_not_finite(np.array([1.0, np.nan])) == (1,)


def test_one_warning_for_all_arrays():
    bad = np.array([0.0, np.nan], "float32")
    with pytest.warns(UserWarning, match=r"`x\[1\]` holds NaN; the first is at x\[1\]\[1\]") as seen:
        warn_if_not_finite({"x": [np.ones(2, "float32"), bad], "y": bad, "sample_weight": None})
    assert len(seen) == 1
