"""Weights in several files."""

import json

import numpy as np
import pytest

import babytf
from babytf import layers

X = np.ones((4, 5), "float32")
GB = 1 << 30


def make():
    model = babytf.Sequential([babytf.Input((5,)), layers.Dense(8), layers.Dense(3)])
    model.compile("adam", "mse")
    model.train_on_batch(X, np.ones((4, 3)))
    return model


def state(model):
    return [np.asarray(v) for v in [*model.variables, *model.optimizer.variables]]


@pytest.fixture
def saved(tmp_path):
    model = make()
    model.save_weights(tmp_path / "w.weights.json", max_shard_size=200 / GB)
    return model, tmp_path / "w.weights.json"


def test_there_and_back(saved):
    model, path = saved
    other = make()
    other.load_weights(path)
    for got, expected in zip(state(other), state(model), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_the_layout_is_that_of_keras(saved):
    _, path = saved
    index = json.loads(path.read_text())
    where = index["weight_map"]
    assert where["/layers/dense/vars"] == "w_00000.weights.h5"  # 5 * 8 + 8 numbers are 192 bytes
    assert where["/layers/dense_1/vars"] == "w_00001.weights.h5"
    assert isinstance(where["/optimizer/vars"], list)
    files = sorted(file.name for file in path.parent.iterdir())
    assert files == sorted({"w.weights.json", *(f"w_{i:05}.weights.h5" for i in range(len(files) - 1))})


def test_one_weight_larger_than_a_file(tmp_path):
    with pytest.raises(ValueError, match=r"layers/dense/vars/0 is larger(.|\n)*160 bytes(.|\n)*100"):
        make().save_weights(tmp_path / "w.weights.json", max_shard_size=100 / GB)
    assert list(tmp_path.iterdir()) == []


def test_names_and_sizes_that_cannot_be_used(tmp_path):
    for size in (0, -1, "1", True):
        with pytest.raises(ValueError, match="max_shard_size"):
            make().save_weights(tmp_path / "w.weights.json", max_shard_size=size)
    with pytest.raises(ValueError, match=r"ends in \.weights\.json"):
        make().save_weights(tmp_path / "w.h5", max_shard_size=1)
    with pytest.warns(UserWarning, match="in place of"):
        make().save_weights(tmp_path / "w.weights.h5", max_shard_size=1)
    assert (tmp_path / "w.weights.json").exists()


@pytest.mark.parametrize("name", ["../w_00000.weights.h5", "/etc/passwd", "a\\b.weights.h5", "w.txt", "", 3, None])
def test_files_elsewhere_are_not_opened(saved, name):
    model, path = saved
    index = json.loads(path.read_text())
    index["weight_map"]["/layers/dense/vars"] = name
    path.write_text(json.dumps(index))
    before = state(model)
    with pytest.raises(ValueError, match=r"w.weights.json: (it names a file|weight_map must)"):
        model.load_weights(path)
    for got, expected in zip(state(model), before, strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_missing_part(saved):
    model, path = saved
    (path.parent / "w_00001.weights.h5").unlink()
    with pytest.raises(FileNotFoundError):
        model.load_weights(path)
