"""Whatever a callback raises comes out of fit, and the model is as good as before."""

from __future__ import annotations

import numpy as np
import pytest

import babytf as keras
from babytf.callbacks import Callback, CallbackList, EarlyStopping, LambdaCallback, ModelCheckpoint, TerminateOnNaN

HOOKS = [name for name in dir(Callback) if name.startswith("on_") and "predict" not in name]


class MineError(Exception):
    """What is raised."""


def make(**optimizer):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1, **optimizer), "mse")
    return model


def fit(model, *callbacks, epochs=2):
    x = np.ones((6, 2), "float32")
    data = (x, x[:, :1])
    return model.fit(*data, batch_size=2, epochs=epochs, validation_data=data, verbose=0, callbacks=list(callbacks))


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("hook", HOOKS)
def test_the_model_stays_usable(hook, eager):
    def fail(*args, **kwargs):
        raise MineError(hook)

    model = make()
    model.run_eagerly = eager
    with pytest.raises(MineError):
        fit(model, LambdaCallback(**{hook: fail}))
    assert model._training.run is None
    x = np.ones((6, 2), "float32")
    assert np.isfinite(model.predict(x, verbose=0)).all()
    before = model.evaluate(x, x[:, :1], verbose=0)
    history = fit(model)
    assert history.epoch == [0, 1]
    assert history.history["val_loss"][-1] <= before


def test_averages_are_written_by_a_fit_that_ends():
    model = make(use_ema=True)
    before = model.get_weights()
    with pytest.raises(MineError):
        fit(model, LambdaCallback(on_train_begin=lambda logs: (_ for _ in ()).throw(MineError)))
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    fit(model, epochs=0)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    fit(model)
    for a, b in zip(model.get_weights(), model.optimizer._slot_variables["average"], strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def test_the_others_are_not_told_of_an_end_that_was_none():
    told = []
    raising = TerminateOnNaN(raise_error=True)
    model = make()
    model.set_weights([np.full((2, 1), np.nan), np.zeros(1)])
    with pytest.raises(RuntimeError, match="not finite after batch 0"):
        fit(model, raising, LambdaCallback(on_train_end=told.append))
    assert told == []


def test_each_callback_is_idle_where_it_does_nothing():
    """What is called in every step costs time in every step."""
    nothing = [EarlyStopping(), ModelCheckpoint("m.keras"), keras.callbacks.CSVLogger("log.csv")]
    nothing += [keras.callbacks.ReduceLROnPlateau(), keras.callbacks.RemoteMonitor(), keras.callbacks.SwapEMAWeights()]
    nothing += [keras.callbacks.LearningRateScheduler(abs), keras.callbacks.History()]
    callbacks = CallbackList(nothing)
    assert not any(callbacks.listens(f"train_batch_{moment}") for moment in ("begin", "end"))
    assert not any(callbacks.listens(f"test_batch_{moment}") for moment in ("begin", "end"))
