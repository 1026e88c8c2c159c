"""ModelCheckpoint in a fit: what is in the files, and what happens if they cannot be written."""

from __future__ import annotations

import errno
import os
import re

import numpy as np
import pytest

import babytf as keras
from babytf.callbacks import CallbackList, EarlyStopping, ModelCheckpoint, ReduceLROnPlateau


def make():
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def data(n=12):
    x = np.random.default_rng(0).normal(size=(n, 2)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def fit(callback, epochs=2, model=None, **settings):
    model = model or make()
    model.fit(*data(), batch_size=4, epochs=epochs, verbose=0, callbacks=[callback], **settings)
    return model


def same(a, b):
    for v, w in zip(a, b, strict=True):
        np.testing.assert_array_equal(v, w)


def test_a_whole_model_with_its_optimizer(tmp_path):
    model = fit(ModelCheckpoint(tmp_path / "{epoch}-{loss:.1f}.keras"))
    assert len(os.listdir(tmp_path)) == 2
    (last,) = [name for name in os.listdir(tmp_path) if name.startswith("2-")]
    loaded = keras.models.load_model(tmp_path / last)
    same(loaded.get_weights(), model.get_weights())
    same([v.numpy() for v in loaded.optimizer.variables], [v.numpy() for v in model.optimizer.variables])


def test_weights_only_by_batches(tmp_path):
    model = make()
    fit(ModelCheckpoint(tmp_path / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=2), model=model)
    assert sorted(os.listdir(tmp_path)) == ["1-2.weights.h5", "2-1.weights.h5", "2-3.weights.h5"]  # of 3 per epoch
    other = make()
    other.load_weights(tmp_path / "2-3.weights.h5")
    same(other.get_weights(), model.get_weights())


def test_batches_with_several_steps_per_execution(tmp_path):
    model = make()
    model.compile("adam", "mse", steps_per_execution=2)
    callback = ModelCheckpoint(tmp_path / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=2)
    fit(callback, model=model)
    assert sorted(os.listdir(tmp_path)) == ["1-2.weights.h5", "2-2.weights.h5"]  # told after 2 and 3


def test_no_step_is_looked_at_when_epochs_are_saved():
    assert not CallbackList([ModelCheckpoint("m.keras")]).listens("train_batch_end")
    by_batches = CallbackList([ModelCheckpoint("m.keras", save_freq=2)])
    assert by_batches.listens("train_batch_end")

    class Own(ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            assert type(logs) is dict

    own = CallbackList([Own("m.keras")])
    assert own.listens("train_batch_end")
    own.on_train_batch_end(0, {"loss": 1.0})


def test_verbose(tmp_path, capsys):
    fit(ModelCheckpoint(tmp_path / "m.keras", "loss", verbose=1, save_best_only=True, initial_value_threshold=-1.0), 1)
    assert re.search(r"Epoch 1: loss is \d\.\d{5}, no better than -1\.00000\.", capsys.readouterr().out)
    fit(ModelCheckpoint(tmp_path / "m.keras", "loss", verbose=1, save_best_only=True), 1)
    out = capsys.readouterr().out
    assert "Epoch 1: loss went from none to" in out
    assert f"Epoch 1: saved to {tmp_path / 'm.keras'}." in out
    fit(ModelCheckpoint(tmp_path / "m.keras", "loss", save_best_only=True), 1)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("kind", ["keras", "weights.h5"])
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk(kind, call, tmp_path, monkeypatch):
    path, model = tmp_path / f"m.{kind}", make()
    settings = {"save_weights_only": kind != "keras"}
    fit(ModelCheckpoint(path, **settings), 1, model)
    before = path.read_bytes()
    with monkeypatch.context() as patch:

        def full(*args, **kwargs):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        patch.setattr(os, call, full)
        with pytest.raises(OSError, match=r"could not write .*m\..*\(No space left on device\)") as raised:
            fit(ModelCheckpoint(path, **settings), 1, model)
    assert raised.value.errno == errno.ENOSPC
    assert "a file from before is as it was" in str(raised.value)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]  # nothing half-written lies about
    fit(ModelCheckpoint(path, **settings), 1, model)  # the model is usable
    assert path.read_bytes() != before


def test_a_directory_in_the_way(tmp_path):
    (tmp_path / "m.keras").mkdir()
    with pytest.raises(OSError, match=r"could not write .*m\.keras \(is a directory\)"):
        fit(ModelCheckpoint(tmp_path / "m.keras"))


def test_a_result_that_is_not_there(tmp_path):
    with pytest.raises(KeyError, match=r"cannot be filled in: 'val_mae'(.|\n|\\n)*among epoch, loss, mae"):
        fit(ModelCheckpoint(tmp_path / "{val_mae:.2f}.keras"))


@pytest.mark.parametrize(
    ("callback", "name"),
    [
        (lambda path: ModelCheckpoint(path / "m.keras", "val_f1", save_best_only=True), "ModelCheckpoint"),
        (lambda path: EarlyStopping("val_f1"), "EarlyStopping"),
        (lambda path: ReduceLROnPlateau("val_f1"), "ReduceLROnPlateau"),
    ],
)
def test_a_metric_that_does_not_exist(callback, name, tmp_path):
    with pytest.warns(UserWarning, match=rf"{name} watches 'val_f1', which is not there; there are: (\w+, )?loss, mae"):
        fit(callback(tmp_path), 1)


def test_arrays_cannot_be_best(tmp_path):
    callback = ModelCheckpoint(tmp_path / "m.keras", "several", save_best_only=True)
    callback.set_model(make())
    with pytest.warns(UserWarning, match="'several' is no single number"):
        callback.on_epoch_end(0, {"several": np.zeros(2)})
    assert os.listdir(tmp_path) == ["m.keras"]


@pytest.mark.parametrize(
    ("arguments", "fix"),
    [
        ({"filepath": "m.h6"}, r"ends in \.keras"),
        ({"filepath": "m.weights.h5", "save_weights_only": False, "mode": "min"}, None),
        ({"filepath": "m.keras", "save_weights_only": True}, r"filepath='m\.weights\.h5'"),
        ({"filepath": "m.keras", "save_freq": "batch"}, "save_freq"),
        ({"filepath": "m.keras", "save_freq": 0}, "save_freq"),
        ({"filepath": "m.keras", "save_best_only": 1.5}, "save_best_only"),
    ],
)
def test_bad_arguments(arguments, fix):
    if fix is None:
        assert ModelCheckpoint(**arguments).filepath == "m.weights.h5"  # said to be wrong when it is saved
        return
    with pytest.raises(ValueError, match=fix):
        ModelCheckpoint(**arguments)
