"""Regularizers, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from babytf import regularizers
from babytf.engine import GradientTape, Variable
from babytf.errors import ShapeError
from babytf.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer

X = [[1.0, -2.0], [0.0, 3.0]]  # sum of |x| is 6, of squares 14


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [
        (L1(0.5), 3.0),
        (L1(), 0.06),
        (L1(None), 0.06),
        (L2(0.5), 7.0),
        (L2(), 0.14),
        (L2(None), 0.14),
        (L1L2(), 0.0),
        (L1L2(None, None), 0.0),
        (L1L2(l1=0.5), 3.0),
        (L1L2(l2=0.5), 7.0),
        (L1L2(l1=0.5, l2=0.25), 6.5),
        (Regularizer(), 0.0),
        # rows (1, -2) and (0, 1): cosine -2 / sqrt 5; columns (1, 0) and (-2, 3): -2 / sqrt 13
        (OrthogonalRegularizer(0.5), 1 / 5**0.5),
        (OrthogonalRegularizer(), 0.02 / 5**0.5),
        (OrthogonalRegularizer(0.5, "columns"), 1 / 13**0.5),
    ],
)
def test_penalty_by_hand(regularizer, expected):
    assert_allclose(float(regularizer(np.array(X, "float32"))), expected, rtol=1e-6)


def test_gradient_by_hand():
    x = Variable(X)
    with GradientTape() as tape:
        penalty = L1L2(l1=0.5, l2=0.25)(x)
    # l1 * sign(x) + 2 * l2 * x
    assert_allclose(tape.gradient(penalty, x), [[1.0, -1.5], [0.0, 2.0]])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("regularizer", [L1(0.1), L2(0.1), L1L2(0.1, 0.1), L1L2()])
def test_penalty_is_a_scalar_of_the_dtype_of_the_weight(regularizer, dtype):
    penalty = regularizer(np.array(X, dtype))
    assert (penalty.shape, str(penalty.dtype)) == ((), dtype)


@pytest.mark.parametrize("bad", [-0.1, float("nan"), float("inf"), "0.1", True])
@pytest.mark.parametrize(
    ("cls", "argument"), [(L1, "l1"), (L2, "l2"), (L1L2, "l1"), (L1L2, "l2"), (OrthogonalRegularizer, "factor")]
)
def test_bad_factor(cls, argument, bad):
    with pytest.raises(ValueError, match=rf"{cls.__name__}: bad `{argument}`(?s:.)*got:(?s:.)*fix:"):
        cls(**{argument: bad})


@pytest.mark.parametrize("regularizer", [L1(0.3), L2(0.4), L1L2(0.5, 0.6), OrthogonalRegularizer(0.7, "columns")])
def test_config_goes_round(regularizer):
    again = regularizers.deserialize(regularizers.serialize(regularizer))
    assert type(again) is type(regularizer)
    assert again.get_config() == regularizer.get_config() == vars(regularizer)


def test_serialized_form_is_that_of_keras():
    assert regularizers.serialize(L1L2(0.1, 0.2)) == {
        "module": "keras.regularizers",
        "class_name": "L1L2",
        "config": {"l1": 0.1, "l2": 0.2},
        "registered_name": None,
    }


@pytest.mark.parametrize(
    ("name", "cls"), [("l1", L1), ("L1", L1), ("l2", L2), ("L2", L2), ("l1_l2", L1L2), ("L1L2", L1L2)]
)
def test_get_by_name(name, cls):
    assert type(regularizers.get(name)) is cls
    if name.islower():
        assert getattr(regularizers, name) is cls


def test_get_of_other_things():
    def own(x):
        return 0.1

    assert regularizers.get(None) is None
    assert regularizers.get(own) is own
    assert isinstance(regularizers.get(L2), L2)
    assert regularizers.get({"class_name": "L2", "config": {"l2": 0.7}}).l2 == 0.7
    with pytest.raises(ValueError, match="unknown regularizer 'l3'"):
        regularizers.get("l3")


def test_orthogonal_regularizer_of_one_row_has_no_pair():
    assert float(OrthogonalRegularizer()(np.ones((1, 3)))) == 0


def test_orthogonal_regularizer_refuses():
    with pytest.raises(ValueError, match=r"bad `mode`(?s:.)*rows"):
        OrthogonalRegularizer(mode="diagonal")
    with pytest.raises(ShapeError, match=r"takes matrices(?s:.)*got: (?s:.)*\(3,\)"):
        OrthogonalRegularizer()(np.ones(3))
