"""Constraints, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from babytf import constraints
from babytf.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm

W = np.array([[3.0, 0.3], [4.0, -0.4]], "float32")  # columns of norms 5 and 0.5, rows of 3.01 and 4.02


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [
        (Constraint(), W),
        (NonNeg(), [[3.0, 0.3], [4.0, 0.0]]),
        (MaxNorm(1.0), [[0.6, 0.3], [0.8, -0.4]]),
        (MaxNorm(), [[1.2, 0.3], [1.6, -0.4]]),
        (MaxNorm(1.0, axis=[0, 1]), W / np.sqrt(25.25)),
        (UnitNorm(), [[0.6, 0.6], [0.8, -0.8]]),
        (UnitNorm(axis=1), W / np.sqrt([[9.09], [16.16]])),
        (MinMaxNorm(), [[0.6, 0.3], [0.8, -0.4]]),
        (MinMaxNorm(min_value=1.0, max_value=2.0), [[1.2, 0.6], [1.6, -0.8]]),
        (MinMaxNorm(min_value=1.0, max_value=2.0, rate=0.5), [[2.1, 0.45], [2.8, -0.6]]),  # norms 3.5 and 0.75
        (MinMaxNorm(min_value=6.0, max_value=9.0, axis=1), W * 6 / np.sqrt([[9.09], [16.16]])),
    ],
)
def test_by_hand(constraint, expected):
    assert_allclose(constraint(W), expected, rtol=1e-5)


CONFIGS = [
    (MaxNorm, {"max_value": 3, "axis": [0, 1]}),
    (MinMaxNorm, {"min_value": 0.1, "max_value": 0.9, "rate": 0.5, "axis": 1}),
    (NonNeg, {}),
    (UnitNorm, {"axis": 1}),
]


@pytest.mark.parametrize(("cls", "arguments"), CONFIGS)
def test_config_goes_round(cls, arguments):
    serialized = constraints.serialize(cls(**arguments))
    assert (serialized["module"], serialized["config"]) == ("keras.constraints", arguments)
    again = constraints.deserialize(serialized)
    assert type(again) is cls
    assert again.get_config() == arguments


@pytest.mark.parametrize("name", sorted(constraints.TABLE))
def test_get_by_name(name):
    assert type(constraints.get(name)) is constraints.TABLE[name]


def test_get_of_other_things():
    assert constraints.get(None) is None
    assert isinstance(constraints.get(NonNeg), NonNeg)
    with pytest.raises(ValueError, match="did you mean 'max_norm'"):
        constraints.get("maxnrm")
