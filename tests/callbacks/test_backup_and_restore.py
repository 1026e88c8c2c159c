"""An interrupted fit goes on exactly: in the same process after an exception, and in a new one after SIGKILL."""

from __future__ import annotations

import errno
import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import babytf as keras
from babytf.callbacks import BackupAndRestore, Callback, EarlyStopping, History, ModelCheckpoint
from babytf.saving import backup

PROGRAM = Path(__file__).parent / "interrupted_program.py"


class StopError(Exception):
    """What interrupts."""


class Interrupt(Callback):
    """Raises after so many batches or epochs, counted over all fits that have it."""

    def __init__(self, batches=None, epochs=None):
        super().__init__()
        self.batches, self.epochs = batches, epochs

    def on_train_batch_end(self, batch, logs=None):
        if self.batches is not None:
            self.batches -= 1
            if self.batches < 0:
                self.batches = None
                raise StopError

    def on_epoch_end(self, epoch, logs=None):
        if self.epochs is not None:
            self.epochs -= 1
            if self.epochs < 0:
                self.epochs = None
                raise StopError


def make(units=6, optimizer=None, **compiled):
    model = keras.Sequential(
        [
            keras.layers.Input((3,)),
            keras.layers.Dense(units, activation="tanh"),
            keras.layers.Dropout(0.4),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer or keras.optimizers.Adam(0.02), "mse", **{"metrics": ["mae"], **compiled})
    return model


def arrays(n=22):
    rng = np.random.default_rng(4)
    x = rng.normal(size=(n, 3)).astype("float32")
    return x, x.sum(axis=1, keepdims=True)


def bits(model, history):
    """All that is to be the same."""
    digest = hashlib.sha256()
    for variable in [*model.weights, *model.optimizer.variables]:
        digest.update(np.ascontiguousarray(variable).tobytes())
    digest.update(json.dumps([history.history, history.epoch]).encode())
    digest.update(keras.random.uniform((3,)).numpy().tobytes())
    digest.update(np.random.random(3).tobytes())  # noqa: NPY002
    digest.update(repr(random.random()).encode())
    return digest.hexdigest()


class Shuffled(keras.utils.PyDataset):
    """Reorders its rows at the end of each epoch, and draws noise for each batch."""

    def __init__(self):
        super().__init__()
        self.order = np.arange(22)
        self.rng = np.random.default_rng(3)
        self.epoch = 0
        self.begun = 0

    def __len__(self):
        return 6

    def __getitem__(self, index):
        x, y = arrays()
        rows = self.order[index * 4 : index * 4 + 4]
        noise = np.random.normal(size=(len(rows), 3)) + self.rng.normal(size=(len(rows), 3))  # noqa: NPY002
        return (x[rows] + 0.01 * (self.begun + self.epoch) * noise).astype("float32"), y[rows]

    def on_epoch_begin(self):
        self.begun += 1

    def on_epoch_end(self):
        np.random.shuffle(self.order)  # noqa: NPY002
        self.epoch += 1


class Loader:
    """Can be gone through again and again, each time in another order."""

    def __iter__(self):
        x, y = arrays()
        order = np.random.permutation(22)  # noqa: NPY002
        for start in range(0, 22, 4):
            rows = order[start : start + 4]
            yield x[rows], y[rows]


def generator():
    for i in itertools.count():
        x, y = arrays()
        rows = np.random.permutation(22)[:4]  # noqa: NPY002
        yield x[rows] + np.float32(0.01 * i), y[rows]


DATA = {
    "arrays": lambda: {"x": arrays()[0], "y": arrays()[1], "batch_size": 4},
    "in order": lambda: {"x": arrays()[0], "y": arrays()[1], "batch_size": 4, "shuffle": False},
    "within batches": lambda: {"x": arrays()[0], "y": arrays()[1], "batch_size": 4, "shuffle": "batch"},
    "steps": lambda: {"x": arrays()[0], "y": arrays()[1], "batch_size": 4, "steps_per_epoch": 4},
    "validated": lambda: {"x": arrays()[0], "y": arrays()[1], "batch_size": 4, "validation_split": 0.2},
    "weighted": lambda: {"x": arrays()[0], "y": arrays()[1], "batch_size": 4, "sample_weight": np.arange(22.0)},
    "dataset": lambda: {"x": Shuffled()},
    "dataset in order": lambda: {"x": Shuffled(), "shuffle": False},
    "dataset with steps": lambda: {"x": Shuffled(), "steps_per_epoch": 4},
    "steps that divide a pass": lambda: {"x": arrays()[0], "y": arrays()[1], "batch_size": 4, "steps_per_epoch": 3},
    "loader": lambda: {"x": Loader(), "validation_data": Loader()},
    "loader with steps": lambda: {"x": Loader(), "steps_per_epoch": 4},
    "generator": lambda: {
        "x": generator(),
        "steps_per_epoch": 5,
        "validation_data": generator(),
        "validation_steps": 2,
    },
}


def start(how, directory=None, batches=None, epochs=None, save_freq="epoch", callbacks=(), model=make, **settings):
    """One program: it begins at the seed, and goes on from a backup if there is one."""
    keras.utils.set_random_seed(7)
    net = model()
    if directory is not None:
        callbacks = [BackupAndRestore(directory, save_freq), *callbacks, Interrupt(batches, epochs)]
    history = net.fit(**DATA[how](), epochs=6, verbose=0, callbacks=list(callbacks), **settings)
    return bits(net, history)


def with_interruptions(how, directory, interruptions, **settings):
    for interruption in interruptions:
        with pytest.raises(StopError):
            start(how, directory, **interruption, **settings)
    return start(how, directory, **settings)


@pytest.mark.filterwarnings("ignore:the data ended after")
@pytest.mark.parametrize("how", DATA)
@pytest.mark.parametrize("save_freq", ["epoch", 1, 5])
def test_the_same_bits(how, save_freq, tmp_path):
    directory = tmp_path / "backup"
    interruptions = [{"batches": 9}, {"epochs": 1}, {"batches": 2}]
    found = with_interruptions(how, directory, interruptions, save_freq=save_freq)
    assert found == start(how)
    assert not directory.exists()


MODELS = {
    "averages": lambda: make(optimizer=keras.optimizers.SGD(0.05, momentum=0.9, use_ema=True, ema_momentum=0.8)),
    "accumulation": lambda: make(optimizer=keras.optimizers.Adam(0.05, gradient_accumulation_steps=3)),
    "schedule": lambda: make(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 3, 0.7))),
    "eager": lambda: make(run_eagerly=True),
    "several steps": lambda: make(steps_per_execution=4),
    "loss scale": lambda: make(optimizer=keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.02))),
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("save_freq", ["epoch", 5])
def test_the_same_bits_with_other_optimizers_and_settings(name, save_freq, tmp_path):
    found = with_interruptions(
        "arrays",
        tmp_path / "b",
        [{"batches": 3}, {"batches": 2}, {"epochs": 1}],
        save_freq=save_freq,
        model=MODELS[name],
    )
    assert found == start("arrays", model=MODELS[name])


def helpers(tmp_path):
    """Callbacks with a memory; each changes what comes of the fit."""
    return [
        keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.5, cooldown=1),
        keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
        EarlyStopping("loss", mode="max", patience=99, restore_best_weights=True),
        EarlyStopping("loss", patience=1, min_delta=0.3, restore_best_weights=True, start_from_epoch=1),
        ModelCheckpoint(tmp_path / "m{epoch}.keras", "loss", save_best_only=True, mode="max"),
        keras.callbacks.CSVLogger(tmp_path / "log.csv"),
    ]


@pytest.mark.parametrize("save_freq", ["epoch", 1, 4])
def test_the_same_with_callbacks_that_remember(save_freq, tmp_path):
    def files(directory):
        return {p.name: p.read_text("utf-8") if p.suffix == ".csv" else "" for p in directory.iterdir() if p.is_file()}

    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    expected = start("arrays", callbacks=helpers(one))
    for interruption in [{"batches": 8}, {"epochs": 1}, {"batches": 1}]:
        with pytest.raises(StopError):
            start("arrays", tmp_path / "b", **interruption, save_freq=save_freq, callbacks=helpers(other))
    assert start("arrays", tmp_path / "b", save_freq=save_freq, callbacks=helpers(other)) == expected
    assert files(one) == files(other)


def run_program(*arguments):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(keras.__file__).parents[1])},
    )
    return done.returncode, done.stdout.strip() or done.stderr[-2000:]


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is of POSIX")
@pytest.mark.parametrize("save_freq", ["epoch", 3])
def test_a_process_killed_at_any_moment(save_freq, tmp_path, rng):
    """The program kills itself from a second thread, wherever the first one is: in a step, or writing a backup."""
    expected = run_program(tmp_path / "never", save_freq, 0)
    assert expected[0] == 0, expected[1]
    killed = 0
    for _ in range(30):
        found = run_program(tmp_path / "b", save_freq, rng.uniform(0.02, 0.25))
        if found[0] == 0:
            break
        assert found[0] == -signal.SIGKILL, found[1]
        killed += 1
    else:
        found = run_program(tmp_path / "b", save_freq, 0)
    assert found == expected
    assert killed


# --- arguments


def test_save_freq_counts_batches_across_epochs(tmp_path):
    saved = []

    class Watch(BackupAndRestore):
        def _save(self, epoch, step, logs):
            saved.append((epoch, step))
            assert set(logs) == ({"loss", "mae"})
            super()._save(epoch, step, logs)

    x, y = arrays()
    make().fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=[Watch(tmp_path / "b", save_freq=5)])
    assert saved == [(0, 5), (1, 4)]  # 6 batches per epoch: the 5th and the 10th
    saved.clear()
    make().fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=[Watch(tmp_path / "b")])
    assert saved == [(1, 0), (2, 0)]
    saved.clear()
    make().fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=[Watch(tmp_path / "b", save_freq=False)])
    assert saved == []


def test_save_freq_goes_on_counting(tmp_path):
    saved = []

    class Watch(BackupAndRestore):
        def _save(self, epoch, step, logs):
            saved.append((epoch, step))
            super()._save(epoch, step, logs)

    for interruption in (Interrupt(batches=7), Interrupt(batches=4), Interrupt()):
        callbacks = [Watch(tmp_path / "b", save_freq=4), interruption]
        try:
            make().fit(*arrays(), batch_size=4, epochs=3, verbose=0, callbacks=callbacks)
        except StopError:
            continue
    assert saved == [(0, 4), (1, 2), (1, 6), (2, 4)]  # of 6 per epoch: the 4th, 8th, 12th, 16th


def test_nothing_is_read_in_a_step_without_a_backup(monkeypatch):
    callbacks = keras.callbacks.CallbackList([BackupAndRestore("b")])
    assert not callbacks.listens("train_batch_end")
    callbacks = keras.callbacks.CallbackList([BackupAndRestore("b", save_freq=100)])
    assert callbacks.listens("train_batch_end")
    unread = keras.callbacks.callback_list.Logs(lambda: pytest.fail("the numbers were read"))
    callbacks.on_train_batch_end(0, unread)


def test_delete_checkpoint(tmp_path):
    x, y = arrays()
    model, directory = make(), tmp_path / "b"
    first = model.fit(x, y, epochs=2, verbose=0, callbacks=[BackupAndRestore(directory, delete_checkpoint=False)])
    assert os.listdir(directory) == ["latest.backup"]
    weights = model.get_weights()
    # the same again: there is nothing left to do
    again, last = make(), []
    watch = keras.callbacks.LambdaCallback(on_train_end=last.append)
    callbacks = [BackupAndRestore(directory, delete_checkpoint=False), watch]
    second = again.fit(x, y, epochs=2, verbose=0, callbacks=callbacks)
    assert last == [{name: values[-1] for name, values in first.history.items()}]
    assert again.history is second
    assert second.history == first.history
    for a, b in zip(again.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(a, b)
    third = make().fit(x, y, epochs=3, verbose=0, callbacks=[BackupAndRestore(directory)])
    assert len(third.history["loss"]) == 3
    assert not directory.exists()


def test_what_else_is_in_the_directory_stays(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / ".latest.backup.abc.part").write_text("left by a killed process")
    make().fit(*arrays(), epochs=1, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert os.listdir(tmp_path) == ["mine.txt"]


def test_double_checkpoint(tmp_path):
    settings = {"double_checkpoint": True, "delete_checkpoint": False}
    keras.utils.set_random_seed(1)
    model = make()
    history = model.fit(*arrays(), epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path, **settings)])
    assert sorted(os.listdir(tmp_path)) == ["latest.backup", "previous.backup"]
    assert [backup.read_backup(str(tmp_path / f"{n}.backup"))["epoch"] for n in ("previous", "latest")] == [2, 3]
    expected = bits(model, history)
    torn = tmp_path / "latest.backup"
    torn.write_bytes(torn.read_bytes()[:-200])
    again = make()
    with pytest.warns(UserWarning, match=r"latest\.backup is damaged, so previous\.backup is used"):
        history = again.fit(*arrays(), epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path, **settings)])
    assert bits(again, history) == expected


@pytest.mark.parametrize("bad", [{"save_freq": 0}, {"save_freq": "batch"}, {"save_freq": 1.5}, {"backup_dir": ""}])
def test_bad_arguments(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        BackupAndRestore(**{"backup_dir": "b", **bad})


# --- what cannot be used


def interrupted(directory, **settings):
    with pytest.raises(StopError):
        start("arrays", directory, batches=8, **settings)


def fails_and_changes_nothing(model, match, callbacks, data="arrays", **settings):
    before = [v.numpy() for v in [*model.weights, *model.optimizer.variables]]
    stream, files = np.random.get_state()[1].tolist(), sorted(os.listdir(callbacks[0].backup_dir))  # noqa: NPY002
    with pytest.raises(ValueError, match=match):
        model.fit(**DATA[data](), epochs=4, verbose=0, callbacks=callbacks, **settings)
    for a, v in zip(before, [*model.weights, *model.optimizer.variables], strict=False):
        np.testing.assert_array_equal(a, v.numpy())
    assert np.random.get_state()[1].tolist() == stream  # noqa: NPY002
    assert sorted(os.listdir(callbacks[0].backup_dir)) == files
    model.evaluate(*arrays(), verbose=0)


@pytest.mark.parametrize("cut", [0, 10, 500, -1, -300])
def test_a_torn_backup(cut, tmp_path):
    interrupted(tmp_path)
    path = tmp_path / "latest.backup"
    path.write_bytes(path.read_bytes()[:cut])
    fails_and_changes_nothing(make(), r"latest\.backup cannot be used", [BackupAndRestore(tmp_path)])


def test_a_changed_byte(tmp_path):
    interrupted(tmp_path)
    path = tmp_path / "latest.backup"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    fails_and_changes_nothing(make(), r"latest\.backup cannot be used", [BackupAndRestore(tmp_path)])


def test_a_model_file_is_no_backup(tmp_path):
    make().save(tmp_path / "m.keras")
    (tmp_path / "m.keras").rename(tmp_path / "latest.backup")
    fails_and_changes_nothing(make(), r"latest\.backup cannot be used", [BackupAndRestore(tmp_path)])


def test_a_backup_of_keras(tmp_path):
    (tmp_path / "training_metadata.json").write_text('{"epoch": 1, "batch": 0}')
    fails_and_changes_nothing(make(), "holds a backup of another library", [BackupAndRestore(tmp_path)])


def test_a_backup_of_another_model(tmp_path):
    interrupted(tmp_path)
    fails_and_changes_nothing(make(units=5), "of another model(.|\n)*kernel", [BackupAndRestore(tmp_path)])
    other = make(optimizer=keras.optimizers.SGD(0.1))
    fails_and_changes_nothing(other, "of another model", [BackupAndRestore(tmp_path)])


@pytest.mark.parametrize("data", ["steps", "validated", "dataset", "generator"])
def test_a_backup_of_another_fit(data, tmp_path):
    interrupted(tmp_path, save_freq=1)
    fails_and_changes_nothing(make(), "of (other data|another fit)", [BackupAndRestore(tmp_path)], data)


def test_a_backup_of_other_rows(tmp_path):
    interrupted(tmp_path, save_freq=1)
    with pytest.raises(ValueError, match=r"samples 22 and batch_size 4(.|\n)*samples 10 and batch_size 4"):
        make().fit(*arrays(10), batch_size=4, epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path)])


def test_a_full_disk(tmp_path, monkeypatch):
    model, real, full = make(), os.fsync, []

    def fsync(descriptor):
        if full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    class Fill(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                full.append(True)

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match=r"could not be written \(No space left on device\)(.|\n)*make room") as raised:
        model.fit(*arrays(), epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path), Fill()])
    assert raised.value.errno == errno.ENOSPC
    assert os.listdir(tmp_path) == ["latest.backup"]
    assert backup.read_backup(str(tmp_path / "latest.backup"))["epoch"] == 1
    full.clear()
    assert model.fit(*arrays(), epochs=3, verbose=0, callbacks=[BackupAndRestore(tmp_path)]).epoch == [0, 1, 2]


def test_it_works_within_fit_only(tmp_path):
    callback = BackupAndRestore(tmp_path)
    callback.set_model(make())
    with pytest.raises(RuntimeError, match="works within fit"):
        callback.on_train_begin()


# --- callbacks of a user's own


def test_a_callback_of_ones_own_keeps_its_state(tmp_path):
    class Count(Callback):
        seen: list = []  # noqa: RUF012

        def __init__(self):
            super().__init__()
            self.steps = 0

        def get_state(self):
            return {"steps": self.steps, "nan": float("nan"), "pair": (1, None), "array": np.arange(3)}

        def set_state(self, state):
            assert state["nan"] != state["nan"]
            assert state["pair"] == (1, None)
            assert state["array"].tolist() == [0, 1, 2]
            self.steps = state["steps"]

        def on_train_batch_end(self, batch, logs=None):
            self.steps += 1

    one, two = Count(), Count()
    with pytest.raises(StopError):
        start("arrays", tmp_path, batches=8, callbacks=[one], save_freq=1)
    start("arrays", tmp_path, callbacks=[two], save_freq=1)
    assert two.steps == 36  # 6 epochs of 6


def test_it_is_told_last_wherever_it_stands():
    last, history, stop = BackupAndRestore("b"), History(), EarlyStopping()
    assert keras.callbacks.CallbackList([last, stop, history]).callbacks == [stop, history, last]
    several = keras.callbacks.CallbackList([last])
    several.append(stop)
    assert several.callbacks == [stop, last]


def test_an_epoch_that_was_stopped_goes_no_further(tmp_path):
    """Killed between the batch that ended training and the end of its epoch."""

    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = batch == 3

    class Die(Callback):
        comes_last = True

        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                raise StopError

    def program(*more):
        keras.utils.set_random_seed(2)
        model = make()
        callbacks = [Stop(), *more]
        return bits(model, model.fit(*arrays(), batch_size=4, epochs=9, verbose=0, callbacks=callbacks))

    with pytest.raises(StopError):
        program(BackupAndRestore(tmp_path, save_freq=1), Die())
    assert program(BackupAndRestore(tmp_path, save_freq=1)) == program()


def test_stop_training_is_part_of_it(tmp_path):
    """Killed after the epoch that EarlyStopping ended, before the end of fit."""

    class Die(Callback):
        comes_last = True

        def on_epoch_end(self, epoch, logs=None):
            if self.model.stop_training:
                raise StopError

    def stop():
        return [EarlyStopping("loss", patience=0, min_delta=10.0), BackupAndRestore(tmp_path)]

    with pytest.raises(StopError):
        make().fit(*arrays(), epochs=9, verbose=0, callbacks=[*stop(), Die()])
    assert make().fit(*arrays(), epochs=9, verbose=0, callbacks=stop()).epoch == [0, 1]
