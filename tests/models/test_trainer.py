"""fit, evaluate and predict: the numbers, held against arithmetic done by hand."""

from __future__ import annotations

import io
import math
import os
import signal
import sys
import threading

import numpy as np
import pytest

import babytf as keras
from babytf.engine import Program


def line(w=1.0, b=None, **compiled):
    """y = w x (+ b), trained by SGD with rate 0.1 on the mean squared error."""
    layer = keras.layers.Dense(
        1,
        use_bias=b is not None,
        kernel_initializer=keras.initializers.Constant(w),
        bias_initializer=keras.initializers.Constant(b or 0.0),
    )
    model = keras.Sequential([keras.layers.Input((1,)), layer])
    model.compile(**{"optimizer": keras.optimizers.SGD(0.1), "loss": "mse", **compiled})
    return model


def weight(model):
    return float(model.get_weights()[0][0, 0])


def by_hand(batches, w=1.0, rate=0.1):
    """What an epoch over batches of (x, y, sample weight) gives: the loss that fit reports, and the new w.

    The loss of a batch is the mean of s (w x - y)^2; the epoch's is the mean of these, by batch size.
    """
    total = samples = 0.0
    for x, y, s in batches:
        e = [w * xi - yi for xi, yi in zip(x, y, strict=True)]
        total += sum(si * ei * ei for si, ei in zip(s, e, strict=True))
        w -= rate * 2 * sum(si * ei * xi for si, ei, xi in zip(s, e, x, strict=True)) / len(x)
        samples += len(x)
    return total / samples, w


X = [0.5, -1.0, 2.0, 1.5, 0.25]
Y = [1.0, 0.0, -1.0, 2.0, 0.5]
ONES = [1.0] * 5


def data():
    return np.array(X, "float32")[:, None], np.array(Y, "float32")[:, None]


def cut(size, x=X, y=Y, s=ONES):
    return [(x[i : i + size], y[i : i + size], s[i : i + size]) for i in range(0, len(x), size)]


def test_fit_by_hand_with_a_short_last_batch():
    model = line()
    history = model.fit(*data(), batch_size=2, epochs=2, shuffle=False, verbose=0)
    loss_1, w = by_hand(cut(2))
    loss_2, w = by_hand(cut(2), w)
    assert history.history.keys() == {"loss"}
    assert history.history["loss"] == pytest.approx([loss_1, loss_2], rel=1e-6)
    assert all(type(v) is float for v in history.history["loss"])
    assert weight(model) == pytest.approx(w, rel=1e-5, abs=1e-6)
    assert history.epoch == [0, 1]
    assert history.params == {"verbose": 0, "epochs": 2, "steps": 3}
    assert model.history is history
    assert history.model is model


def test_keys_are_sorted_as_in_keras():
    model = line(metrics=["mae"])
    x, y = data()
    history = model.fit(x, y, validation_data=(x, y), verbose=0)
    assert list(history.history) == ["loss", "mae", "val_loss", "val_mae"]


def test_batch_size_is_32_by_default():
    x = np.linspace(-1, 1, 70, dtype="float32")[:, None]
    model = line()
    model.fit(x, x * 2, shuffle=False, verbose=0)
    _, w = by_hand(cut(32, x[:, 0].tolist(), (x[:, 0] * 2).tolist(), [1.0] * 70))
    assert weight(model) == pytest.approx(w, rel=1e-5, abs=1e-6)
    assert model.history.params["steps"] == 3


def test_metrics_are_means_over_samples():
    model = line(metrics=["mae"], optimizer=keras.optimizers.SGD(0.0))
    loss, mae = model.evaluate(*data(), batch_size=2, verbose=0)
    errors = [x - y for x, y in zip(X, Y, strict=True)]
    assert loss == pytest.approx(sum(e * e for e in errors) / 5, rel=1e-6)
    assert mae == pytest.approx(sum(map(abs, errors)) / 5, rel=1e-6)
    assert model.evaluate(*data(), verbose=0, return_dict=True) == pytest.approx({"loss": loss, "mae": mae})
    assert line().evaluate(*data(), verbose=0) == pytest.approx(loss)  # one number comes alone


def test_sample_weight_by_hand():
    s = [1.0, 0.0, 2.0, 0.5, 1.0]
    model = line(metrics=["mse"], weighted_metrics=["mae"])
    history = model.fit(*data(), sample_weight=np.array(s), batch_size=2, shuffle=False, verbose=0).history
    loss, w = by_hand(cut(2, s=s))
    assert history["loss"] == pytest.approx([loss], rel=1e-6)
    assert weight(model) == pytest.approx(w, rel=1e-5, abs=1e-6)
    model = line(weighted_metrics=["mae"])
    mae = model.evaluate(*data(), sample_weight=np.array(s), verbose=0)[1]
    assert mae == pytest.approx(sum(si * abs(x - y) for si, x, y in zip(s, X, Y, strict=True)) / sum(s), rel=1e-6)


def test_class_weight_by_hand():
    x, y = np.array(X, "float32")[:, None], np.array([0, 1, 0, 2, 1])
    model = line()
    model.fit(x, y, class_weight={0: 3.0, 2: 0.5}, batch_size=2, shuffle=False, verbose=0)
    loss, w = by_hand(cut(2, y=[0.0, 1.0, 0.0, 2.0, 1.0], s=[3.0, 1.0, 3.0, 0.5, 1.0]))
    assert model.history.history["loss"] == pytest.approx([loss], rel=1e-6)
    assert weight(model) == pytest.approx(w, rel=1e-5, abs=1e-6)


def test_penalties_are_part_of_the_loss():
    layer = keras.layers.Dense(
        1, use_bias=False, kernel_initializer="ones", kernel_regularizer=keras.regularizers.L2(0.5)
    )
    model = keras.Sequential([keras.layers.Input((1,)), layer])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    # w = 1: error of x=2, y=3 is -1, so the loss is 1 + 0.5; gradient 2*(-1)*2 + 2*0.5*1 = -3
    assert model.train_on_batch(np.array([[2.0]]), np.array([[3.0]])) == pytest.approx(1.5)
    assert weight(model) == pytest.approx(1.3)


def test_train_on_batch_returns_the_batchs_own_loss():
    model = line(metrics=["mae"])
    x, y = data()
    for size in (2, 3):
        loss, w = by_hand([(X[:size], Y[:size], ONES[:size])], weight(model))
        found = model.train_on_batch(x[:size], y[:size], return_dict=True)
        assert found["loss"] == pytest.approx(loss, rel=1e-6)
        assert weight(model) == pytest.approx(w, rel=1e-5, abs=1e-6)
    loss, mae = model.test_on_batch(x, y)
    assert loss == pytest.approx(by_hand(cut(5), weight(model))[0], rel=1e-6)
    assert model.test_on_batch(x, y, return_dict=True) == pytest.approx({"loss": loss, "mae": mae})


def test_weights_on_single_batches():
    x, y = data()
    s = np.array([1.0, 0.0, 2.0, 0.5, 1.0], "float32")
    loss, w = by_hand([(X, Y, s.tolist())])
    model = line()
    assert model.test_on_batch(x, y, sample_weight=s) == pytest.approx(loss, rel=1e-6)
    assert model.train_on_batch(x, y, sample_weight=s) == pytest.approx(loss, rel=1e-6)
    assert weight(model) == pytest.approx(w, rel=1e-5, abs=1e-6)
    classes = np.array([0, 1, 0, 2, 1])
    loss, _ = by_hand([(X, classes.tolist(), [1.0, 4.0, 1.0, 1.0, 4.0])])
    assert line().train_on_batch(x, classes, class_weight={1: 4.0}) == pytest.approx(loss, rel=1e-6)
    with pytest.raises(ValueError, match="exclude each other"):
        line().train_on_batch(x, classes, sample_weight=s, class_weight={1: 4.0})


def test_predict_by_hand():
    model = line(w=3.0)
    x = np.arange(70, dtype="float32")[:, None]
    for size in (None, 1, 7, 70, 100):
        assert np.array_equal(model.predict(x, batch_size=size, verbose=0), x * 3)
    assert np.array_equal(model.predict_on_batch(x), x * 3)
    assert np.array_equal(model.predict(x[:1], verbose=0), [[0.0]])
    assert np.array_equal(model.predict(x, steps=2, batch_size=10, verbose=0), x[:20] * 3)


def test_predict_gives_arrays_that_nothing_overwrites():
    model = line(w=3.0)
    one = model.predict(np.array([[1.0]]), verbose=0)
    many = model.predict(np.arange(64.0)[:, None], verbose=0)
    model.predict(np.array([[5.0]]), verbose=0)
    model.predict(np.zeros((64, 1)), verbose=0)
    assert type(one) is np.ndarray
    assert one.tolist() == [[3.0]]
    assert many[-1].tolist() == [189.0]


class Branches(keras.Model):
    """Two inputs, a dict of outputs."""

    def __init__(self):
        super().__init__()
        self.a = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)
        self.b = keras.layers.Dense(2, kernel_initializer="ones", use_bias=False)

    def call(self, inputs):
        return {"sum": self.a(inputs["left"]) + self.a(inputs["right"]), "two": self.b(inputs["left"])}


def branches_data(n=5):
    left = np.arange(n, dtype="float32")[:, None]
    right = np.ones((n, 1), "float32")
    return {"left": left, "right": right}, {"sum": left + right + 1, "two": np.hstack([left, left]) + 2}


def test_nests_in_nests_out():
    x, y = branches_data()
    model = Branches()
    found = model.predict(x, batch_size=2, verbose=0)
    assert found["sum"].tolist() == (x["left"] + 1).tolist()
    assert found["two"].tolist() == np.hstack([x["left"]] * 2).tolist()
    model.compile(
        "sgd", loss={"sum": "mse", "two": "mse"}, loss_weights={"sum": 1.0, "two": 0.5}, metrics={"sum": ["mae"]}
    )
    logs = model.evaluate(x, y, batch_size=2, verbose=0, return_dict=True)
    # errors are 1 and 2 everywhere: losses 1 and 4, in all 1 + 0.5 * 4
    assert logs == pytest.approx({"loss": 3.0, "sum_loss": 1.0, "two_loss": 4.0, "sum_mae": 1.0})
    assert "x_left" in str(model.program("test"))
    history = model.fit(x, y, batch_size=2, verbose=0, shuffle=False)
    assert set(history.history) == {"loss", "sum_loss", "two_loss", "sum_mae"}


def test_one_weight_array_for_all_outputs():
    x, y = branches_data()
    model = Branches()
    model.compile("sgd", loss="mse")
    s = np.array([1.0, 0, 0, 0, 0])
    # one of five samples counts: (1 + 4) / 5
    assert model.evaluate(x, y, sample_weight=s, verbose=0, return_dict=True)["loss"] == pytest.approx(1.0)


def classifier(**compiled):
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.layers.Input((4,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.Dropout(0.3),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    compiled = {"optimizer": "adam", "loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **compiled}
    model.compile(**compiled)
    return model


def iris(rng, n=50):
    x = rng.standard_normal((n, 4)).astype("float32")
    return x, (x[:, 0] > 0).astype("int32") + (x[:, 1] > 0)


def test_compiled_equals_eager_bit_for_bit(rng):
    x, y = iris(rng)
    results = []
    for run_eagerly in (False, True):
        model = classifier(run_eagerly=run_eagerly)
        history = model.fit(x, y, batch_size=16, epochs=3, validation_split=0.2, verbose=0).history
        results.append((history, [w.tolist() for w in model.get_weights()], model.predict(x, verbose=0).tolist()))
    assert results[0] == results[1]


def test_one_seed_one_result(rng):
    x, y = iris(rng)

    def run():
        model = classifier()
        history = model.fit(x, y, batch_size=16, epochs=3, verbose=0).history
        return history, [w.tobytes() for w in model.get_weights()]

    assert run() == run()


def test_predict_in_two_threads(rng):
    x, _ = iris(rng, 40)
    model = classifier()
    expected = [model.predict(x[i : i + 1], verbose=0) for i in range(40)]
    whole = model.predict(x, batch_size=16, verbose=0)
    wrong = []

    def ask(rows):
        for _ in range(20):
            for i in rows:
                if not np.array_equal(model.predict(x[i : i + 1], verbose=0), expected[i]):
                    wrong.append(i)
            if not np.array_equal(model.predict(x, batch_size=16, verbose=0), whole):
                wrong.append("whole")

    threads = [threading.Thread(target=ask, args=(range(k, 40, 2),)) for k in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_the_program_that_ran_is_shown():
    model = line()
    for kind in ("train", "test", "predict"):
        with pytest.raises(ValueError, match=rf"no program '{kind}' yet(.|\n)*fix: .*(fit|evaluate|predict)\("):
            model.program(kind)
    x, y = data()
    model.fit(x, y, batch_size=2, verbose=0)
    text = str(model.program())
    assert "(2, 1)" in text  # the full batches' program, not that of the short last one
    assert "np." in text
    model.predict(x, verbose=0)
    model.evaluate(x, y, verbose=0)
    assert all(isinstance(model.program(kind), Program) for kind in ("train", "test", "predict"))
    assert "(4, 1)" in str(model.program("train", x[:4], y[:4]))
    assert "(3, 1)" in str(line().program("predict", x[:3]))
    with pytest.raises(ValueError, match=r"unknown program 'trian'(.|\n)*did you mean 'train'"):
        model.program("trian")
    eager = line(run_eagerly=True)
    eager.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="runs eagerly"):
        eager.program("train")


def test_programs_are_kept_from_one_call_to_the_next():
    model = line()
    x, y = data()
    model.fit(x, y, batch_size=2, epochs=2, validation_data=(x, y), verbose=0)
    programs = [model.make_train_function(), model.make_test_function()]
    model.fit(x, y, batch_size=2, validation_data=(x, y), verbose=0)
    assert [model.make_train_function(), model.make_test_function()] == programs
    assert [len(p.programs) for p in programs] == [2, 2]
    assert model.make_train_function(force=True) is not programs[0]


def test_a_changed_layer_is_noticed():
    model = line()
    x, _ = data()
    first = model.predict(x, verbose=0)
    model.layers[0].activation = keras.activations.get("relu")
    assert np.array_equal(model.predict(x, verbose=0), np.maximum(first, 0))


# ------------------------------------------------------------------------------------- steps of one's own


def test_a_train_step_of_ones_own():
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)

        def call(self, x):
            return self.dense(x)

        def train_step(self, data):
            x, y = data
            with keras.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = self.compute_loss(y=y, y_pred=y_pred)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply(gradients, self.trainable_variables)
            for metric in self.metrics:
                if metric.name == "loss":
                    metric.update_state(loss)
                else:
                    metric.update_state(y, y_pred)
            return {m.name: m.result() for m in self.metrics}

    model = Own()
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["mae"])
    x, y = data()
    history = model.fit(x, y, batch_size=5, epochs=2, shuffle=False, verbose=0).history
    loss_1, w = by_hand(cut(5))
    loss_2, w = by_hand(cut(5), w)
    assert history["loss"] == pytest.approx([loss_1, loss_2], rel=1e-6)
    assert weight(model) == pytest.approx(w, rel=1e-5, abs=1e-6)
    assert "mae" in history


def test_a_model_that_is_only_a_train_step():
    class Bare(keras.Model):
        def __init__(self):
            super().__init__()
            self.v = self.add_weight(shape=(), initializer="zeros", name="v")
            self.loss_metric = keras.metrics.Mean(name="distance")

        @property
        def metrics(self):
            return [self.loss_metric]

        def train_step(self, data):
            with keras.GradientTape() as tape:
                loss = keras.ops.mean((data - self.v) ** 2)
            self.optimizer.apply(tape.gradient(loss, [self.v]), [self.v])
            self.loss_metric.update_state(loss)
            return {"distance": self.loss_metric.result()}

    model = Bare()
    model.compile(keras.optimizers.SGD(0.25))
    history = model.fit(np.full((4, 1), 2.0), epochs=2, verbose=0).history
    # v: 0 -> 0 + 0.25 * 2 * 2 = 1; distance 4, then 1
    assert history == {"distance": [4.0, 1.0]}


def test_other_steps_of_ones_own():
    class Own(keras.Sequential):
        def test_step(self, data):
            return {"always": keras.ops.convert_to_tensor(7.0)}

        def predict_step(self, data):
            return self(data, training=False) + 1

    model = Own([keras.layers.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(loss="mse")
    x, y = data()
    assert model.evaluate(x, y, verbose=0) == 7.0
    assert model.predict(x, verbose=0).tolist() == [[1.0]] * 5


@pytest.mark.parametrize("older", [True, False])
def test_a_compute_loss_of_ones_own(older):
    seen = []

    class Older(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return keras.ops.mean(keras.ops.abs(y - y_pred))

    class Newer(keras.Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            seen.append(training)
            return keras.ops.mean(keras.ops.abs(y - y_pred))

    layers = [keras.layers.Input((1,)), keras.layers.Dense(1, kernel_initializer="zeros")]
    model = (Older if older else Newer)(layers)
    model.compile("sgd")
    x, y = data()
    expected = sum(map(abs, Y)) / 5
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected)
    assert model.fit(x, y, verbose=0).history["loss"] == pytest.approx([expected])
    assert seen == ([] if older else [False, True])


def test_metrics_of_ones_own():
    class Own(keras.Sequential):
        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            found = super().compute_metrics(x, y, y_pred, sample_weight)
            found["largest"] = keras.ops.max(y_pred)
            return found

    model = Own([keras.layers.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    x, y = data()
    assert model.evaluate(x, y, verbose=0, return_dict=True)["largest"] == 2.0


def test_a_layers_losses_count():
    class Shy(keras.layers.Layer):
        def call(self, x):
            self.add_loss(keras.ops.mean(x))
            return x

    model = keras.Sequential([keras.layers.Input((1,)), Shy(), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile("sgd")
    x, _ = data()
    assert model.evaluate(x, verbose=0) == pytest.approx(sum(X) / 5)


def test_dropout_works_in_training_only(rng):
    model = keras.Sequential([keras.layers.Input((100,)), keras.layers.Dropout(0.5)])
    seen = []

    class Loss(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return keras.ops.mean(keras.ops.cast(keras.ops.equal(y_pred, 0.0), "float32"), axis=-1)

    model.compile("sgd", Loss())
    x = np.ones((8, 100), "float32")
    assert model.evaluate(x, x, verbose=0) == 0.0
    with pytest.warns(UserWarning, match="has no trainable weights"):
        seen = model.fit(x, x, epochs=2, verbose=0).history["loss"]
    assert all(0.4 < v < 0.6 for v in seen)
    assert seen[0] != seen[1]
    assert np.array_equal(model.predict(x, verbose=0), x)


# ------------------------------------------------------------------------------------- interruptions


class Interrupt(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_train_batch_end(self, batch, logs=None):
        if batch == 1:
            raise self.error


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_an_exception_in_a_callback_leaves_a_usable_model(error, capsys):
    model = line()
    x, y = data()
    with pytest.raises(error):
        model.fit(x, y, batch_size=2, shuffle=False, verbose=1, callbacks=[Interrupt(error)])
    _, w = by_hand(cut(2)[:2])
    assert weight(model) == pytest.approx(w, rel=1e-5, abs=1e-6)
    assert int(model.optimizer.iterations) == 2
    loss, w = by_hand(cut(2), w)
    assert model.fit(x, y, batch_size=2, shuffle=False, verbose=0).history["loss"] == pytest.approx([loss], rel=1e-5)


def test_an_exception_leaves_the_screen_in_order(monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    with pytest.raises(OSError, match="disk"):
        line().fit(*data(), batch_size=2, verbose=1, callbacks=[Interrupt(OSError("disk"))])
    assert "1/3" in screen.getvalue()
    assert screen.getvalue().endswith("\n")


def test_averaged_weights_are_written_at_the_end_of_fit():
    model = line(optimizer=keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    model.fit(*data(), batch_size=5, shuffle=False, epochs=3, verbose=0)
    average = next(v for v in model.optimizer.variables if "average" in v.path)
    trained = 1.0
    for _ in range(3):
        _, trained = by_hand(cut(5), trained)
    assert weight(model) == float(average.numpy().ravel()[0])
    assert weight(model) != pytest.approx(trained, rel=1e-3)


def test_another_model_may_be_trained_in_a_callback():
    class Other(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            line(optimizer="adam").fit(*data(), verbose=0)  # moves weights in memory: programs are laid out anew

    history = line().fit(*data(), batch_size=2, epochs=2, shuffle=False, verbose=0, callbacks=[Other()]).history
    assert history == line().fit(*data(), batch_size=2, epochs=2, shuffle=False, verbose=0).history


def test_ctrl_c_waits_for_the_step(monkeypatch):
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        pytest.skip("Ctrl-C is handled by somebody else here")
    model = line(optimizer=keras.optimizers.Adam(0.1))
    x, y = data()
    model.fit(x, y, batch_size=2, verbose=0)
    before = int(model.optimizer.iterations)
    execute, presses = Program.execute, [1]

    def pressed(self, *args):
        if presses:
            presses.pop()
            os.kill(os.getpid(), signal.SIGINT)
        return execute(self, *args)

    monkeypatch.setattr(Program, "execute", pressed)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, batch_size=2, verbose=0)
    assert int(model.optimizer.iterations) == before + 1
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_model_is_copied_without_its_programs():
    import copy

    model = line(w=2.0)
    x, y = data()
    model.fit(x, y, verbose=0)
    state = copy.copy(model._training)
    assert state.__getstate__()["functions"] == {}


def test_nan_in_the_data_is_reported_once_and_trained_on():
    x, y = data()
    x[3, 0] = np.nan
    with pytest.warns(UserWarning, match=r"`x` holds NaN; the first is at x\[3, 0\]") as seen:
        history = line().fit(x, y, epochs=3, verbose=0)
    assert len([w for w in seen if "holds" in str(w.message)]) == 1
    assert math.isnan(history.history["loss"][-1])
    x, y = data()
    y[2, 0] = np.inf
    with pytest.warns(UserWarning, match=r"`validation y` holds infinity; the first is at validation y\[2, 0\]"):
        line().fit(*data(), validation_data=(x, y), verbose=0)
