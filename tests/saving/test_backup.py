"""The file format of backups: what goes in comes out, and what else is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from babytf.saving.backup import read_backup, write_backup

STATE = {
    "numbers": [1, -(2**127), 0.1, True, None, "text"],
    "not finite": [math.inf, -math.inf],
    "pair": (1, (2.5, [])),
    "arrays": {"a": np.arange(6, dtype="int32").reshape(2, 3), "empty": np.zeros((0, 2)), "b": np.array([True, False])},
    "scalar": np.float32(0.1),
    "0-d": np.array(3.0),
}


def same(a, b):
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            same(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            same(one, other)
    elif isinstance(a, (np.ndarray, np.generic)):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)
    else:
        assert a == b


def test_round_trip(tmp_path):
    path = str(tmp_path / "b")
    write_backup(path, STATE)
    same(read_backup(path), STATE)
    write_backup(path, {"nan": math.nan})
    assert math.isnan(read_backup(path)["nan"])


@pytest.mark.parametrize("thing", [object(), {1: 2}, {"$array": 1}, np.array(["text"]), np.array([object()]), {1, 2}])
def test_what_is_no_plain_data(thing, tmp_path):
    with pytest.raises(TypeError, match=r"state\['x'\]\[0\](.|\n)*get_state"):
        write_backup(str(tmp_path / "b"), {"x": [thing]})
    assert list(tmp_path.iterdir()) == []


def test_nothing_of_a_file_is_run(tmp_path):
    import pickle

    (tmp_path / "b").write_bytes(pickle.dumps({"epoch": 1}))
    with pytest.raises(ValueError, match="zip file"):
        read_backup(str(tmp_path / "b"))
