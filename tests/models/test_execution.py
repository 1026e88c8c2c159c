"""How `predict` and `evaluate` divide their batches among threads, and when they do not."""

import numpy as np
import pytest

import babytf as keras
from babytf.engine import threads
from babytf.models.many_batches import ManyBatches


def calls_of(method, monkeypatch):
    """A list that gets a 1 whenever a method of `ManyBatches` is called, which still does its work."""
    calls, run = [], getattr(ManyBatches, method)
    monkeypatch.setattr(ManyBatches, method, lambda self: calls.append(1) or run(self))
    return calls


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
    divided = calls_of("predict", monkeypatch)
    together = model.predict(x, verbose=0)
    assert divided
    one_by_one = np.concatenate([model.predict_on_batch(x[at : at + 32]) for at in range(0, samples, 32)])
    np.testing.assert_array_equal(together, one_by_one)
    heard = model.predict(x, verbose=0, callbacks=[keras.callbacks.LambdaCallback(on_batch_end=lambda *_: None)])
    np.testing.assert_array_equal(together, heard)


MODELS = {
    "small": lambda L: [
        keras.Input((5,)),
        L.Dense(7, activation="tanh"),
        L.LayerNormalization(),
        L.Dense(3, "softmax"),
    ],
    "image": lambda L: [
        keras.Input((8, 8)),
        L.Rescaling(0.5),
        L.Flatten(),
        L.Dropout(0.5),
        L.Dense(40, "gelu"),
        L.Dense(3),
    ],
    "tokens": lambda L: [keras.Input((6,), dtype="int32"), L.Embedding(9, 4), L.Reshape((24,)), L.Dense(3, "sigmoid")],
    "kept apart": lambda L: [keras.Input((5,)), L.BatchNormalization(), L.Dense(5), L.UnitNormalization(), L.Dense(3)],
}


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("samples", [128, 331, 1000])
@pytest.mark.parametrize("name", MODELS)
def test_several_batches_at_once_give_what_one_after_the_other_gives(name, samples, count, monkeypatch, rng):
    monkeypatch.setattr(threads, "count", lambda: count)
    keras.utils.set_random_seed(1)
    model = keras.Sequential(MODELS[name](keras.layers))
    model.compile("adam", "mse", metrics=["mae", "categorical_accuracy"])
    shape = (samples, *model.input_shape[1:])
    x = rng.integers(0, 9, shape) if name == "tokens" else rng.normal(size=shape).astype("float32")
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, samples)]
    predicted, evaluated = calls_of("predict", monkeypatch), calls_of("test", monkeypatch)
    together, results = model.predict(x, verbose=0), model.evaluate(x, y, verbose=0)
    assert predicted == evaluated == [1]
    one_by_one = np.concatenate([model.predict_on_batch(x[at : at + 32]) for at in range(0, samples, 32)])
    np.testing.assert_array_equal(together, one_by_one)
    listens = keras.callbacks.LambdaCallback()
    listens.on_test_batch_end = lambda batch, logs=None: None
    assert results == model.evaluate(x, y, verbose=0, callbacks=[listens])
    assert evaluated == [1]


def test_what_draws_random_numbers_or_keeps_a_state_is_predicted_in_order(monkeypatch, rng):
    monkeypatch.setattr(threads, "count", lambda: 2)
    monkeypatch.setattr(ManyBatches, "predict", None)

    class Counting(keras.layers.Layer):
        def build(self, input_shape):
            self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            self.calls.assign_add(1.0)
            return x @ np.ones((300, 300), "float32") + self.calls

    model = keras.Sequential([keras.Input((300,)), Counting()])
    outputs = model.predict(np.zeros((320, 300), "float32"), verbose=0)
    np.testing.assert_array_equal(outputs[::32, 0], np.arange(1, 11))


def classifier(metrics):
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((300,)),
            keras.layers.Dense(300, activation="relu", kernel_regularizer="l2"),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", loss="categorical_crossentropy", metrics=metrics, weighted_metrics=["mse"])
    return model


@pytest.mark.parametrize("samples", [320, 331])
@pytest.mark.parametrize("weighted", [False, True])
def test_threads_that_evaluate_some_batches_each_give_what_one_gives(samples, weighted, monkeypatch, rng):
    monkeypatch.setattr(threads, "count", lambda: 2)
    model = classifier(
        ["accuracy", keras.metrics.AUC(), keras.metrics.F1Score(average="macro"), keras.metrics.MeanIoU(3)]
    )
    x = rng.normal(size=(samples, 300)).astype("float32")
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, samples)]
    weights = rng.random(samples).astype("float32") if weighted else None
    divided = calls_of("test", monkeypatch)
    together = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True)
    state = [np.array(v) for metric in model.metrics for v in metric.variables]
    assert divided == [1]
    listens = keras.callbacks.LambdaCallback()
    listens.on_test_batch_end = lambda batch, logs=None: None
    heard = model.evaluate(x, y, sample_weight=weights, verbose=0, return_dict=True, callbacks=[listens])
    assert divided == [1]
    assert together == heard
    for mine, theirs in zip(state, [v for metric in model.metrics for v in metric.variables], strict=True):
        np.testing.assert_array_equal(mine, np.array(theirs))
    history = model.fit(
        x, y, sample_weight=weights, epochs=2, verbose=0, validation_data=(x, y, weights) if weighted else (x, y)
    )
    assert divided == [1, 1, 1]
    assert history.history["val_loss"][-1] == model.evaluate(x, y, sample_weight=weights, verbose=0)[0]


def test_a_step_that_reads_in_its_model_what_it_writes_is_evaluated_in_order(monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 2)
    monkeypatch.setattr(ManyBatches, "test", None)

    class Counting(keras.layers.Layer):
        def build(self, input_shape):
            self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", trainable=False)

        def call(self, x):
            self.calls.assign_add(1.0)
            return (x + self.calls) @ np.ones((300, 1), "float32")

    model = keras.Sequential([keras.Input((300,)), Counting()])
    model.compile("sgd", loss="mae")
    assert model.evaluate(np.zeros((320, 300)), np.zeros((320, 1)), verbose=0) == 1650


def test_an_evaluation_that_is_stopped_before_it_begins_ends_with_its_first_batch(monkeypatch, rng):
    monkeypatch.setattr(threads, "count", lambda: 2)
    monkeypatch.setattr(ManyBatches, "test", None)
    model = classifier([])
    stops = keras.callbacks.LambdaCallback()
    stops.on_test_begin = lambda logs=None: setattr(model, "stop_evaluating", True)
    x, y = rng.normal(size=(320, 300)).astype("float32"), np.eye(3, dtype="float32")[rng.integers(0, 3, 320)]
    stopped = model.evaluate(x, y, verbose=0, callbacks=[stops])
    monkeypatch.undo()
    assert stopped == model.evaluate(x[:32], y[:32], verbose=0)


def test_an_error_in_a_divided_evaluation_is_the_users_error(monkeypatch, rng):
    monkeypatch.setattr(threads, "count", lambda: 2)
    divided = calls_of("test", monkeypatch)
    model = keras.Sequential(
        [
            keras.Input((3,), dtype="int32"),
            keras.layers.Embedding(10, 100),
            keras.layers.Flatten(),
            keras.layers.Dense(300),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", loss="mse")
    x, y = rng.integers(0, 10, (320, 3)).astype("int32"), np.zeros((320, 1), "float32")
    x[300, 1] = 10
    with pytest.raises(IndexError, match="index 10 is out of range"):
        model.evaluate(x, y, verbose=0)
    x[300, 1] = 9
    assert np.isfinite(model.evaluate(x, y, verbose=0))
    assert divided == [1, 1]
