"""LearningRateScheduler and ReduceLROnPlateau beyond what is recorded: history, messages, several optimizers."""

from __future__ import annotations

import numpy as np
import pytest

import babytf as keras
from babytf.callbacks import LearningRateScheduler, ReduceLROnPlateau


def make(optimizer=None):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(optimizer or keras.optimizers.SGD(0.1), "mse")
    return model


def fit(callback, optimizer=None, epochs=3):
    model = make(optimizer)
    x = np.ones((4, 2), "float32")
    return model.fit(x, x[:, :1], epochs=epochs, verbose=0, callbacks=[callback]).history


def two():
    bias = keras.optimizers.SGD(0.5, name="of_bias")
    rest = keras.optimizers.SGD(0.1, name="of_rest")
    return keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(rest, {".*bias": bias}))


def test_history_has_the_rate_of_each_epoch():
    history = fit(LearningRateScheduler(lambda epoch, rate: rate / 2))
    assert history["learning_rate"] == pytest.approx([0.05, 0.025, 0.0125])
    history = fit(ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100.0), epochs=4)
    assert history["learning_rate"] == pytest.approx([0.1, 0.1, 0.05, 0.025])  # the rate the epoch was run with


def test_the_rate_is_used():
    history = fit(LearningRateScheduler(lambda epoch: 0.0))
    assert history["loss"][0] == history["loss"][2]


@pytest.mark.parametrize("rate", [0.25, np.float32(0.25), np.float64(0.25), keras.ops.convert_to_tensor(0.25)])
def test_kinds_of_floats(rate):
    assert fit(LearningRateScheduler(lambda epoch, old: rate))["learning_rate"] == [0.25] * 3


@pytest.mark.parametrize("rate", [None, 1, "0.1", [0.1]])
def test_what_is_no_rate(rate):
    with pytest.raises(ValueError, match=r"returns no learning rate(.|\n)*for epoch 0"):
        fit(LearningRateScheduler(lambda epoch, old: rate))


def test_an_error_within_the_schedule_is_its_own():
    def schedule(epoch, rate):
        raise TypeError("mine")

    with pytest.raises(TypeError, match="mine"):
        fit(LearningRateScheduler(schedule))


def test_several_optimizers():
    history = fit(LearningRateScheduler(lambda epoch, rate: rate / 2), two())
    assert history["learning_rate_of_rest"] == pytest.approx([0.05, 0.025, 0.0125])
    assert history["learning_rate_of_bias"] == pytest.approx([0.25, 0.125, 0.0625])
    history = fit(ReduceLROnPlateau("loss", patience=1, min_delta=100.0), two())
    assert history["learning_rate_of_bias"] == pytest.approx([0.5, 0.5, 0.05])


def test_an_optimizer_with_a_schedule_of_its_own():
    scheduled = keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5))
    with pytest.raises(TypeError, match="comes from a schedule"):
        fit(LearningRateScheduler(lambda epoch, rate: rate), scheduled)


def test_loss_scaling_around_the_optimizer():
    wrapped = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.1))
    assert fit(LearningRateScheduler(lambda epoch, rate: 0.5), wrapped)["learning_rate"] == [0.5] * 3


def test_verbose(capsys):
    fit(LearningRateScheduler(lambda epoch, rate: 0.5, verbose=1), epochs=1)
    assert capsys.readouterr().out == "\nEpoch 1: LearningRateScheduler sets the learning rate to 0.5.\n"
    fit(LearningRateScheduler(lambda epoch, rate: 0.5, verbose=1), two(), epochs=1)
    assert "sets the of_bias learning rate to 0.5." in capsys.readouterr().out
    fit(ReduceLROnPlateau("loss", patience=1, min_delta=9.0, min_lr=0.03, verbose=1), epochs=3)
    assert capsys.readouterr().out == "\nEpoch 2: ReduceLROnPlateau lowers the learning rate to 0.03.\n"
    fit(ReduceLROnPlateau("loss", patience=1, min_delta=9.0))
    fit(LearningRateScheduler(lambda epoch, rate: 0.5))
    assert capsys.readouterr().out == ""


def test_bad_arguments():
    with pytest.raises(ValueError, match=r"factor=1\.0"):
        ReduceLROnPlateau(factor=1.0)
    with pytest.warns(UserWarning, match="epsilon has no effect"):
        ReduceLROnPlateau(epsilon=1e-3)
