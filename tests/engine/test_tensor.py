"""Tensor and Variable behave like arrays that can be recorded."""

import copy
import gc
import pickle

import numpy as np
import pytest

from babytf import ops
from babytf.engine import Compiled, FlatGroup, Tensor, Variable, blank, convert, name_scope, result_dtype
from babytf.errors import DTypeError, ShapeError


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.5, "float32"),
        (2, "int32"),
        (2**40, "int64"),
        (True, "bool"),
        ([1, 2], "int32"),
        ([1.0, 2], "float32"),
        (np.float64(1.5), "float32"),  # a Python float in disguise
        (np.zeros(2, "float64"), "float64"),
        (np.zeros(2, ">f4"), "float32"),
        (np.zeros(2, "uint8"), "uint8"),
    ],
)
def test_dtype_of_what_is_converted(value, dtype):
    assert convert(value).dtype == dtype
    assert convert(value).dtype.isnative


@pytest.mark.parametrize("value", ["text", [object()], 1j, np.array(["a"]), np.zeros(2, "datetime64[s]")])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(DTypeError, match=r"(?s)not supported.*got:.*expected:"):
        convert(value)


def test_ragged_rows_are_refused():
    with pytest.raises(DTypeError, match=r"(?s)rows differ.*fix:.*pad"):
        convert([[1, 2], [3]])


def test_operators_give_tensors_with_the_values_of_numpy():
    x, y = np.array([3.0, -2.0], "float32"), np.array([2.0, 4.0], "float32")
    a = Tensor(x)
    for got, expected in [
        (a + y, x + y),
        (y - a, y - x),
        (a * 2, x * 2),
        (1 / a, 1 / x),
        (a // 2, x // 2),
        (a % 2, x % 2),
        (a**2, x**2),
        (2**a, 2**x),
        (-a, -x),
        (abs(a), abs(x)),
        (a @ y, x @ y),
        (y @ a, y @ x),
        (a > y, x > y),
        (a <= 3, x <= 3),
        (a == x, x == x),
        (a != y, x != y),
        ((a > 0) & (a < 5), (x > 0) & (x < 5)),
        (~(a > 0), ~(x > 0)),
        (a[0], x[0]),
        (a[::-1], x[::-1]),
        (a.reshape(2, 1), x.reshape(2, 1)),
        (a.sum(), x.sum()),
        (a.mean(axis=0), x.mean(axis=0)),
        (a.astype("int32"), x.astype("int32")),
    ]:
        assert isinstance(got, Tensor)
        assert got.shape == np.shape(expected)
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6)


def test_numpy_functions_give_tensors():
    x = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    t = Tensor(x)
    for got, expected in [
        (np.add(x, t), x + x),
        (np.exp(t), np.exp(x)),
        (np.mean(t, axis=1), x.mean(axis=1)),
        (np.concatenate([t, x]), np.concatenate([x, x])),
        (np.where(x > 2, t, 0.0), np.where(x > 2, x, 0)),
        (np.maximum(t, 2.5), np.maximum(x, 2.5)),
        (np.add.reduce(t), x.sum(axis=0)),
        (np.float32(2) * t, 2 * x),
        (x * t, x * x),
    ]:
        assert isinstance(got, Tensor)
        assert got.dtype == "float32"
        np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6)


def test_a_numpy_function_without_counterpart_names_itself():
    with pytest.raises(TypeError, match=r"np\.heaviside has no counterpart"):
        np.heaviside(Tensor([1.0]), 0.5)
    with pytest.raises(TypeError, match=r"np\.add\(out=…\)"):
        np.add(Tensor([1.0]), 1.0, out=np.zeros(1))


def test_scalars_iterate_format_and_convert():
    t = Tensor(2.5)
    assert (float(t), int(t), bool(t), t.item(), f"{t:.1f}") == (2.5, 2, True, 2.5, "2.5")
    assert [row.numpy().tolist() for row in Tensor([[1, 2], [3, 4]])] == [[1, 2], [3, 4]]
    assert len(Tensor([1, 2, 3])) == 3
    assert list(range(5))[Tensor(3)] == 3
    with pytest.raises(TypeError, match="0-d"):
        iter(t)


def test_repr_shows_the_value_and_the_dtype():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1. 2.], shape=(2,), dtype=float32)"
    assert "w, shape=(1,), dtype=float32" in repr(Variable([1.0], name="w"))


@pytest.mark.parametrize(
    ("things", "dtype"),
    [  # as keras.ops 3.15 gives them
        (("float32", 1), "float32"),
        (("int32", 1.5), "float32"),
        (("int64", "float32"), "float32"),
        (("int64", "float16"), "float16"),
        (("uint8", "int8"), "int16"),
        (("bool", "uint8"), "uint8"),
        (("bool", 1), "int32"),
        (("float32", "float64"), "float64"),
        (("int32", True), "int32"),
        ((1, 2.0), "float32"),
        ((True, False), "bool"),
    ],
)
def test_promotion_follows_keras(things, dtype):
    things = [np.dtype(t) if isinstance(t, str) else t for t in things]
    assert result_dtype(*things).name == dtype


def test_copies_and_pickles_hold_the_value():
    for original in (Tensor([1.0, 2.0]), Variable([1.0, 2.0], name="v", trainable=False)):
        for twin in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
            np.testing.assert_array_equal(twin.numpy(), [1, 2])
            assert type(twin) is type(original)
    v = Variable([1.0], name="v", trainable=False)
    twin = copy.deepcopy(v)
    v.assign([5.0])
    assert twin.numpy() == [1.0]
    assert not pickle.loads(pickle.dumps(v)).trainable


# --- variables


def test_assignments():
    v = Variable(np.zeros(2), name="v", dtype="float32")
    v.assign([1.0, 2.0]).assign_add(1.0 * np.ones(2))
    v.assign_sub([0.5, 0.5])
    np.testing.assert_array_equal(v.numpy(), [1.5, 2.5])
    with pytest.raises(ShapeError, match=r"(?s)'v'.*got: +\(3,\).*expected: \(2,\)"):
        v.assign([1.0, 2.0, 3.0])


def test_a_value_read_before_an_assignment_stays():
    v = Variable([1.0, 2.0], name="v")
    before, doubled, array = v.value, v * 2, v.numpy()
    v.assign([5.0, 6.0])
    for seen in (before.numpy(), doubled.numpy() / 2, array):
        np.testing.assert_array_equal(seen, [1, 2])
    np.testing.assert_array_equal(v.value.numpy(), [5, 6])


def test_reading_often_keeps_no_rubbish():
    v = Variable([1.0], name="v")
    for _ in range(1000):
        assert float(v) == 1.0
        v.value  # noqa: B018
        v.assign([1.0])
    gc.collect()
    assert len(v._storage.readers) <= 1


def test_a_caller_cannot_change_a_variable_through_what_it_reads():
    v = Variable([1.0, 2.0], name="v")
    for array in (v.numpy(), v.value.numpy(), np.asarray(v)):
        array[0] = 9.0
    np.testing.assert_array_equal(v.numpy(), [1, 2])
    given = np.array([3.0, 4.0], "float32")
    w = Variable(given, name="w")
    given[0] = 9.0
    np.testing.assert_array_equal(w.numpy(), [3, 4])


def test_paths_follow_the_name_scopes():
    with name_scope("block"), name_scope("dense"):
        v = Variable([1.0], name="kernel")
    assert (v.path, v.name) == ("block/dense/kernel", "kernel")
    with pytest.raises(ValueError, match="'/'"):
        Variable([1.0], name="a/b")


def test_variable_arguments():
    v = Variable(lambda shape, dtype: np.full(shape, 3), shape=(2,), dtype="float64", trainable=False, name="v")
    assert (v.dtype, v.trainable, v.numpy().tolist()) == ("float64", False, [3, 3])
    with pytest.raises(ValueError, match="needs a shape"):
        Variable(lambda shape, dtype: np.zeros(shape))
    with pytest.raises(ShapeError, match="shape asked for"):
        Variable([1.0, 2.0], shape=(3,))
    with pytest.raises(ValueError, match="aggregation"):
        Variable([1.0], aggregation="total")


def test_a_variable_is_its_value_in_expressions():
    v = Variable([3.0, -2.0], name="v")
    for got, expected in [(v + 1, [4, -1]), (2 * v, [6, -4]), (abs(v), [3, 2]), (np.square(v), [9, 4]), (v[0], 3)]:
        np.testing.assert_array_equal(got.numpy(), expected)
    assert (ops.sum(v) == 1.0).item()
    assert (v > 0).numpy().tolist() == [True, False]


# --- groups


def test_a_group_shares_one_vector():
    a, b = Variable([[1.0, 2.0]], name="a"), Variable([3.0], name="b")
    before = a.value
    group = FlatGroup([a, b])
    np.testing.assert_array_equal(group.vector.numpy(), [1, 2, 3])
    group.vector.assign([4.0, 5.0, 6.0])
    np.testing.assert_array_equal(a.numpy(), [[4, 5]])
    b.assign([9.0])
    np.testing.assert_array_equal(group.vector.numpy(), [4, 5, 9])
    np.testing.assert_array_equal(before.numpy(), [[1, 2]])
    assert group.spans == [(0, 2), (2, 1)]
    parts = group.split(group.vector.value)
    assert [p.shape for p in parts] == [(1, 2), (1,)]
    np.testing.assert_array_equal(group.concat(parts).numpy(), [4, 5, 9])


def test_a_group_takes_back_its_members():
    a, b = Variable([1.0], name="a"), Variable([2.0], name="b")
    first = FlatGroup([a, b])
    second = FlatGroup([b])
    b.assign([5.0])
    np.testing.assert_array_equal(second.vector.numpy(), [5])
    first.adopt()
    np.testing.assert_array_equal(first.vector.numpy(), [1, 5])
    first.vector.assign([7.0, 8.0])
    np.testing.assert_array_equal(b.numpy(), [8])


def test_a_slot_has_the_layout_of_its_group():
    group = FlatGroup([Variable([[1.0, 2.0]], name="a"), Variable([3.0], name="b")])
    slot = group.zeros_like(["ma", "mb"], 0.5)
    assert [v.shape for v in slot.members] == [(1, 2), (1,)]
    assert [v.name for v in slot.members] == ["ma", "mb"]
    np.testing.assert_array_equal(slot.vector.numpy(), [0.5, 0.5, 0.5])
    assert not any(v.trainable for v in slot.members)


def test_an_element_is_an_array_of_no_axes():
    element = Tensor([1.0, 2.0])[1]
    assert isinstance(element.numpy(), np.ndarray)
    assert np.asarray(element).shape == ()


@pytest.mark.parametrize("write", ["assign", "overwrite", "program", "through the vector", "not at all"])
def test_what_was_written_goes_along_into_a_vector(write):
    """Blank variables are not copied when they join a vector; those that have been written are."""
    a, b = (Variable(blank, (3,), "float32", name=name) for name in "ab")
    if write == "assign":
        a.assign([1, 2, 3])
    elif write == "overwrite":
        a.overwrite(lambda array: array.__setitem__(slice(None), [1, 2, 3]))
    elif write == "program":
        step = Compiled(lambda x: a.assign(a + x), "step")
        step(np.array([1, 2, 3], "float32"))
    elif write == "through the vector":
        FlatGroup([a, b]).vector.assign([1, 2, 3, 0, 0, 0])
    expected = [0, 0, 0] if write == "not at all" else [1, 2, 3]
    for _ in range(2):
        group = FlatGroup([b, a])
        assert group.vector._storage.untouched == (write == "not at all")
        np.testing.assert_array_equal(a.numpy(), expected)
        np.testing.assert_array_equal(group.vector.numpy(), [0, 0, 0, *expected])
