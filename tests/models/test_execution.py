"""How `predict` divides its batches among threads, and when it does not."""

import numpy as np
import pytest

import babytf as keras
from babytf.engine import threads
from babytf.models.execution import ArrayRunner


@pytest.mark.parametrize("samples", [1000, 1007])
def test_threads_that_predict_some_batches_each_give_what_one_gives(samples, monkeypatch, rng):
    monkeypatch.setattr(threads, "count", lambda: 2)
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((300,)),
            keras.layers.Dense(300, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(3),
        ]
    )
    x = rng.normal(size=(samples, 300)).astype("float32")
    divided = []
    monkeypatch.setattr(
        ArrayRunner, "run_all", lambda self, some, run=ArrayRunner.run_all: divided.append(1) or run(self, some)
    )
    together = model.predict(x, verbose=0)
    assert divided
    one_by_one = np.concatenate([model.predict_on_batch(x[at : at + 32]) for at in range(0, samples, 32)])
    np.testing.assert_array_equal(together, one_by_one)
    heard = model.predict(x, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_batch_end=lambda *_: None)])
    np.testing.assert_array_equal(together, heard)


def test_what_draws_random_numbers_or_keeps_a_state_is_predicted_in_order(monkeypatch, rng):
    monkeypatch.setattr(threads, "count", lambda: 2)
    monkeypatch.setattr(ArrayRunner, "run_all", None)

    class Counting(keras.layers.Layer):
        def build(self, input_shape):
            self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            self.calls.assign_add(1.0)
            return x @ np.ones((300, 300), "float32") + self.calls

    model = keras.Sequential([keras.Input((300,)), Counting()])
    outputs = model.predict(np.zeros((320, 300), "float32"), verbose=0)
    np.testing.assert_array_equal(outputs[::32, 0], np.arange(1, 11))
