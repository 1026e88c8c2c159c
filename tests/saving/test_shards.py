"""Weights in several files."""

import json

import h5py
import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.saving import shards

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
    with pytest.raises(FileNotFoundError, match=r"w\.weights\.json: there is no file w_00001\.weights\.h5 beside it"):
        model.load_weights(path)


def names(path):
    return sorted(file.name for file in path.parent.iterdir())


def set_of(path):
    where = json.loads(path.read_text())["weight_map"].values()
    return sorted({name for files in where for name in ([files] if isinstance(files, str) else files)})


def test_a_new_set_takes_the_place_of_the_old_one_in_one_step(saved):
    """The new arrays lie in files of other names, so that no reader finds some of both."""
    model, path = saved
    (path.parent / "w_notes_00000.weights.h5").write_bytes(b"somebody else's")
    first = set_of(path)
    model.train_on_batch(X, np.ones((4, 3)))
    model.save_weights(path, max_shard_size=200 / GB)
    assert set(set_of(path)).isdisjoint(first)
    kept = ["w.weights.json", "w_00000.weights.h5", "w_notes_00000.weights.h5"]  # Keras opens the second, now empty
    assert names(path) == sorted([*kept, *set_of(path)])
    with h5py.File(path.parent / "w_00000.weights.h5") as file:
        assert list(file) == []
    other = make()
    other.load_weights(path)
    for got, expected in zip(state(other), state(model), strict=True):
        np.testing.assert_array_equal(got, expected)


class Stop(BaseException):
    pass


@pytest.mark.parametrize("crash", [True, False])
@pytest.mark.parametrize("step", range(9))
def test_whatever_is_stopped_between_two_steps_the_old_set_or_the_new_one_is_there(saved, monkeypatch, step, crash):
    """Each file that is written, and the index, may be the last thing that happens; after a crash nothing cleans up."""
    model, path = saved
    before = [array.copy() for array in state(model)]
    old = names(path)
    model.train_on_batch(X, np.ones((4, 3)))
    after = state(model)
    done = []

    def stopping(function):
        def run(*args):
            if len(done) == step:
                raise Stop
            function(*args)
            done.append(args)

        return run

    for name in ("write_new", "write_atomically"):
        monkeypatch.setattr(shards, name, stopping(getattr(shards, name)))
    if crash:
        monkeypatch.setattr(shards, "remove", lambda path: None)
    try:
        model.save_weights(path, max_shard_size=200 / GB)
        expected = after
    except Stop:
        expected = before if step < len(old) else after  # the index is the last of them
        assert crash or step >= len(old) or names(path) == old
    monkeypatch.undo()
    other = make()
    other.load_weights(path)
    for got, wanted in zip(state(other), expected, strict=True):
        np.testing.assert_array_equal(got, wanted)


def test_what_a_crash_left_is_in_nobodys_way(tmp_path):
    path = tmp_path / "w.weights.json"
    (tmp_path / "w_00000.weights.h5").write_bytes(b"a part of something")
    model = make()
    model.save_weights(path, max_shard_size=200 / GB)
    other = make()
    other.load_weights(path)
    for got, expected in zip(state(other), state(model), strict=True):
        np.testing.assert_array_equal(got, expected)


def test_a_reader_between_two_sets_gets_an_error_and_no_mixture(saved):
    """It read the old index, and finds its first file emptied and the others gone."""
    model, path = saved
    index = path.read_text()
    model.save_weights(path, max_shard_size=200 / GB)
    path.write_text(index)
    before = [array.copy() for array in state(model)]
    with pytest.raises((ValueError, OSError), match="w_0000"):
        model.load_weights(path)
    for got, expected in zip(state(model), before, strict=True):
        np.testing.assert_array_equal(got, expected)
