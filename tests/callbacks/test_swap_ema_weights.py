"""SwapEMAWeights: who sees which weights, by hand."""

from __future__ import annotations

import numpy as np
import pytest

import babytf as keras
from babytf.callbacks import Callback, LambdaCallback, SwapEMAWeights

# y = w x from w = 0, x = 1, y = 1, rate 0.25: w <- w + 0.5 (1 - w): 0.5, 0.75, 0.875
# averages with momentum 0.5, the first of them the weight itself: 0.5, 0.625, 0.75
W, A = [0.5, 0.75, 0.875], [0.5, 0.625, 0.75]


def make(optimizer=None, **settings):
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.set_weights([np.zeros((1, 1))])
    optimizer = optimizer or keras.optimizers.SGD(0.25, use_ema=True, ema_momentum=0.5, **settings)
    model.compile(optimizer, "mse")
    return model


def weight(model):
    return float(model.get_weights()[0][0, 0])


class Watch(Callback):
    def __init__(self):
        super().__init__()
        self.seen = {"epoch begins": [], "epoch ends": [], "validates": []}

    def on_epoch_begin(self, epoch, logs=None):
        self.seen["epoch begins"].append(weight(self.model))

    def on_epoch_end(self, epoch, logs=None):
        self.seen["epoch ends"].append(weight(self.model))

    def on_test_batch_begin(self, batch, logs=None):
        self.seen["validates"].append(weight(self.model))


def fit(callback, model, epochs=3, more=()):
    one, watch = np.ones((1, 1)), Watch()
    model.fit(one, one, epochs=epochs, validation_data=(one, one), verbose=0, callbacks=[callback, watch, *more])
    return watch.seen


def test_validation_sees_averages():
    model = make()
    seen = fit(SwapEMAWeights(), model)
    assert seen["validates"] == A
    assert seen["epoch ends"] == W
    assert seen["epoch begins"] == [0.0, *W[:2]]
    assert weight(model) == A[-1]  # as every fit with use_ema ends


def test_callbacks_after_it_see_averages():
    model = make()
    seen = fit(SwapEMAWeights(swap_on_epoch=True), model)
    assert seen == {"epoch begins": [0.0, *W[:2]], "validates": A, "epoch ends": A}
    assert weight(model) == A[-1]


def test_training_that_ends_early():
    model = make()
    stop = LambdaCallback(on_train_batch_end=lambda batch, logs: setattr(model, "stop_training", True))
    fit(SwapEMAWeights(swap_on_epoch=True), model, more=[stop])
    assert weight(model) == A[0]


def test_evaluate_and_predict_alone():
    model, one = make(), np.ones((1, 1))
    fit(SwapEMAWeights(), model)
    model.set_weights([np.full((1, 1), 2.0)])
    assert model.predict(one, verbose=0, callbacks=[SwapEMAWeights()]) == A[-1]
    assert weight(model) == 2.0
    assert model.evaluate(one, one, verbose=0, callbacks=[SwapEMAWeights()]) == (1 - A[-1]) ** 2
    assert weight(model) == 2.0


def test_before_the_first_step_there_are_no_averages():
    model, one = make(), np.ones((1, 1))
    assert model.evaluate(one, one, verbose=0, callbacks=[SwapEMAWeights()]) == 1.0


def test_within_other_optimizers():
    inner = keras.optimizers.SGD(0.25, use_ema=True, ema_momentum=0.5)
    multi = keras.optimizers.MultiOptimizer(keras.optimizers.OptimizerMap(inner))
    assert fit(SwapEMAWeights(), make(multi))["validates"] == A


def test_without_averages():
    with pytest.raises(ValueError, match=r"use_ema=False(.|\n)*use_ema=True"):
        fit(SwapEMAWeights(), make(keras.optimizers.SGD(0.1)))
    with pytest.raises(ValueError, match="swap_on_epoch"):
        SwapEMAWeights(swap_on_epoch="yes")


def test_a_callback_that_raises_while_averages_are_in_place():
    model, swap = make(), SwapEMAWeights(swap_on_epoch=True)

    def fail(epoch, logs):
        raise KeyError(epoch)

    with pytest.raises(KeyError):
        fit(swap, model, more=[LambdaCallback(on_epoch_end=fail)])
    seen = fit(swap, model, epochs=2)  # goes on from the weights
    assert seen["epoch begins"][0] == W[0]
