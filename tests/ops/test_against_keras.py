"""Operations give what Keras was recorded to give: values, shapes and dtypes (`tests/record/ops.py`)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from babytf import ops
from babytf.engine import Compiled
from tests.ops.calls import calls

RECORDED = Path(__file__).parents[1] / "data" / "recorded"
CALLS = list(calls())


@pytest.fixture(scope="module")
def values():
    with np.load(RECORDED / "ops_values.npz", allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@pytest.mark.parametrize(("label", "name", "args", "kwargs"), [pytest.param(*c, id=c[0]) for c in CALLS])
def test_values(label, name, args, kwargs, values):
    result = getattr(ops, name)(*args, **kwargs)
    parts = result if isinstance(result, (list, tuple)) else [result]
    assert len(parts) == sum(key.rsplit("-", 1)[0] == label for key in values)
    for i, part in enumerate(parts):
        expected = values[f"{label}-{i}"]
        assert (part.shape, part.dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(part.numpy(), expected, rtol=2e-5, atol=2e-6)


RECORDABLE = [c for c in CALLS if c[1] != "nonzero" and any(isinstance(a, np.ndarray) for a in c[2])]


@pytest.mark.parametrize(("label", "name", "args", "kwargs"), [pytest.param(*c, id=c[0]) for c in RECORDABLE])
def test_programs_give_the_same_bits(label, name, args, kwargs):
    def call(*arrays):
        given = iter(arrays)
        return getattr(ops, name)(*[next(given) if isinstance(a, np.ndarray) else a for a in args], **kwargs)

    arrays = [a for a in args if isinstance(a, np.ndarray)]
    eager, recorded = call(*arrays), Compiled(call, "step")(*arrays)
    many = isinstance(eager, (list, tuple))
    for e, r in zip(eager if many else [eager], recorded if many else [recorded], strict=True):
        np.testing.assert_array_equal(r.numpy(), e.numpy())


def test_dtypes():
    recorded = json.loads((RECORDED / "ops_dtypes.json").read_text())
    wrong = []
    for label, expected in recorded.items():
        name, first, *second = label.split()
        args = [np.ones(2, first)]
        if second:
            numbers = {"True": True, "2": 2, "2.5": 2.5}
            args.append(numbers[second[0]] if second[0] in numbers else np.ones(2, second[0]))
        got = getattr(ops, name)(*args).dtype.name
        if got != expected:
            wrong.append(f"{label}: {got}, not {expected}")
    assert len(recorded) > 500
    assert not wrong
