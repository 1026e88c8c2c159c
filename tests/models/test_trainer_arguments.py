"""Every argument of compile, fit, evaluate and predict: a test that fails if it is ignored, and one for bad values."""

from __future__ import annotations

import numpy as np
import pytest

import babytf as keras
from babytf.callbacks import Callback
from babytf.data import PyDataset


class Log(Callback):
    """Writes down the moments."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(f"epoch {epoch}")

    def on_train_batch_begin(self, batch, logs=None):
        self.calls.append(f"<{batch}")

    def on_train_batch_end(self, batch, logs=None):
        assert all(type(v) is float for v in logs.values())
        self.calls.append(f"{batch}>")

    def on_test_batch_end(self, batch, logs=None):
        assert "loss" in logs
        self.calls.append(f"test {batch}")

    def on_predict_batch_end(self, batch, logs=None):
        self.calls.append(f"predict {batch} {len(logs['outputs'])}")

    def on_train_end(self, logs=None):
        self.calls.append(f"end {sorted(logs)}")


def model(**compiled):
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    made.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return made


@pytest.fixture
def xy():
    x = np.arange(20, dtype="float32").reshape(10, 2) / 10
    return x, x.sum(axis=1, keepdims=True)


def fitted(xy, **arguments):
    log = Log()
    made = model()
    history = made.fit(*xy, callbacks=[log], verbose=0, **arguments)
    return log.calls, history.history, made


# ------------------------------------------------------------------------------------- fit


def test_batch_size_epochs_and_the_order_of_calls(xy):
    calls, history, _ = fitted(xy, batch_size=5, epochs=2)
    assert calls == ["epoch 0", "<0", "0>", "<1", "1>", "epoch 1", "<0", "0>", "<1", "1>", "end ['loss']"]
    assert len(history["loss"]) == 2


def test_initial_epoch(xy):
    calls, history, made = fitted(xy, epochs=4, initial_epoch=2)
    assert [c for c in calls if "epoch" in c] == ["epoch 2", "epoch 3"]
    assert made.history.epoch == [2, 3]
    assert len(history["loss"]) == 2


def test_no_epochs(xy):
    calls, history, _ = fitted(xy, epochs=0)
    assert calls == ["end []"]
    assert history == {}


def test_callbacks_may_be_one_or_a_callback_list(xy):
    log = Log()
    model().fit(*xy, callbacks=log, verbose=0)
    assert "epoch 0" in log.calls
    log = Log()
    made = model()
    made.fit(*xy, callbacks=keras.callbacks.CallbackList([log], add_history=True, model=made, epochs=1), verbose=0)
    assert "epoch 0" in log.calls
    assert len(made.history.history["loss"]) == 1


def test_stop_training(xy):
    class Stop(Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 1:
                self.model.stop_training = True

    log = Log()
    history = model().fit(*xy, batch_size=2, epochs=5, callbacks=[Stop(), log], verbose=0)
    assert [c for c in log.calls if ">" in c] == ["0>", "1>"]
    assert len(history.history["loss"]) == 1
    assert log.calls[-1] == "end ['loss']"


def test_early_stopping_and_lambda_callbacks_in_fit(xy):
    losses = []
    history = model(optimizer=keras.optimizers.SGD(0.0)).fit(
        *xy,
        epochs=10,
        verbose=0,
        callbacks=[
            keras.callbacks.EarlyStopping(monitor="loss", patience=2),
            keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: losses.append(logs["loss"])),
        ],
    )
    assert len(history.history["loss"]) == 3  # nothing improves: the first, and two of patience
    assert losses == history.history["loss"]


def test_terminate_on_nan_in_fit(xy, capsys):
    with pytest.warns(UserWarning, match="holds NaN"):
        history = model().fit(xy[0] * np.nan, xy[1], epochs=3, verbose=0, callbacks=[keras.callbacks.TerminateOnNaN()])
    assert len(history.history["loss"]) == 1


@pytest.mark.parametrize("verbose", [0, 1, 2, "auto", True, False])
def test_verbose(xy, verbose, capsys):
    model().fit(*xy, epochs=2, batch_size=5, verbose=verbose)
    out, err = capsys.readouterr()
    assert err == ""
    assert bool(out) == bool(verbose)
    if verbose:
        lines = out.splitlines()
        assert lines[0] == "Epoch 1/2"
        assert lines[1].startswith("2/2 - 0s - ")
        assert " - loss: " in lines[1]


def test_verbose_auto_follows_the_setting(xy, capsys):
    keras.config.disable_interactive_logging()
    try:
        model().fit(*xy, verbose="auto")
    finally:
        keras.config.enable_interactive_logging()
    assert capsys.readouterr().out.startswith("1/1 - ")


def test_validation_split(xy):
    x, y = xy
    _, history, made = fitted(xy, validation_split=0.3, batch_size=7, shuffle=False)
    other = model()
    other.fit(x[:7], y[:7], batch_size=7, shuffle=False, verbose=0)
    assert history["loss"] == other.history.history["loss"]
    assert history["val_loss"] == [other.evaluate(x[7:], y[7:], verbose=0)]
    assert made.get_weights()[0].tolist() == other.get_weights()[0].tolist()


class Batches(PyDataset):
    def __init__(self, x, y, **kwargs):
        super().__init__(**kwargs)
        self.x, self.y = x, y

    def __len__(self):
        return 5

    def __getitem__(self, index):
        rows = slice(2 * index, 2 * index + 2)
        return self.x[rows], self.y[rows]


def generator(x, y, forever=False):
    while True:
        for i in range(0, 10, 2):
            yield x[i : i + 2], y[i : i + 2]
        if not forever:
            return


@pytest.mark.parametrize("kind", ["pair", "list", "weighted", "data set", "generator", "x only"])
def test_validation_data(xy, kind):
    x, y = xy
    weights = np.linspace(0, 1, 10)
    given = {
        "pair": (x, y),
        "list": [x, y],
        "weighted": (x, y, weights),
        "data set": Batches(x, y),
        "generator": generator(x, y),
        "x only": x,
    }[kind]
    made = model()
    if kind == "x only":
        with pytest.raises(Exception):  # noqa: B017, PT011  the loss has nothing to compare with
            made.fit(x, y, validation_data=given, verbose=0)
        return
    history = made.fit(x, y, validation_data=given, verbose=0).history
    expected = made.evaluate(x, y, sample_weight=weights if kind == "weighted" else None, verbose=0)
    assert history["val_loss"] == pytest.approx([expected], rel=1e-6)


def test_validation_steps_and_batch_size(xy):
    calls, history, made = fitted(
        xy, validation_data=xy, batch_size=10, validation_batch_size=3, validation_steps=2, epochs=2
    )
    assert [c for c in calls if "test" in c] == ["test 0", "test 1"] * 2  # each time from the first batch
    assert history["val_loss"][1] == pytest.approx(made.evaluate(xy[0][:6], xy[1][:6], verbose=0), rel=1e-6)
    calls, *_ = fitted(xy, validation_data=xy, batch_size=5)
    assert [c for c in calls if "test" in c] == ["test 0", "test 1"]  # batch_size, if nothing else is said


def test_validation_freq(xy):
    assert len(fitted(xy, validation_data=xy, epochs=5, validation_freq=2)[1]["val_loss"]) == 2
    calls, history, _ = fitted(xy, validation_data=xy, epochs=5, validation_freq=[1, 5])
    assert len(history["val_loss"]) == 2
    assert [c for c in calls if "test" in c or "epoch" in c] == [
        "epoch 0",
        "test 0",
        "epoch 1",
        "epoch 2",
        "epoch 3",
        "epoch 4",
        "test 0",
    ]


def order_seen(xy, **arguments):
    """The rows in the order in which fit took them."""
    seen = []

    class Spy(keras.Sequential):
        def train_step(self, data):
            seen.append(data[0].numpy()[:, 0])
            return super().train_step(data)

    spy = Spy([keras.layers.Input((2,)), keras.layers.Dense(1)])
    spy.compile("sgd", "mse", run_eagerly=True)
    spy.fit(*xy, batch_size=5, verbose=0, **arguments)
    return (np.concatenate(seen) * 5).round().astype(int).tolist()


def test_shuffle(xy):
    np.random.seed(0)  # noqa: NPY002
    shuffled = order_seen(xy, epochs=2)
    assert sorted(shuffled[:10]) == list(range(10)) == sorted(shuffled[10:])
    assert shuffled[:10] != shuffled[10:]
    assert order_seen(xy, shuffle=False) == list(range(10))
    within = order_seen(xy, shuffle="batch")
    assert within != list(range(10))
    assert sorted(within[:5]) == list(range(5))


def test_steps_per_epoch(xy):
    calls, _, made = fitted(xy, steps_per_epoch=2)
    assert [c for c in calls if ">" in c] == ["0>", "1>"]  # 10 samples in 2 batches of 5
    assert made.history.params["steps"] == 2
    calls, *_ = fitted(xy, steps_per_epoch=2, batch_size=2)
    assert [c for c in calls if ">" in c] == ["0>", "1>"]
    with pytest.warns(UserWarning, match="the data ended after 5 of 9 steps"):
        fitted(xy, steps_per_epoch=9, batch_size=2)


def test_a_generator_in_fit(xy):
    log = Log()
    made = model()
    made.fit(generator(*xy), callbacks=[log], verbose=0)
    assert [c for c in log.calls if ">" in c] == [f"{i}>" for i in range(5)]
    other = model()
    other.fit(*xy, batch_size=2, shuffle=False, verbose=0)
    assert made.get_weights()[0].tolist() == other.get_weights()[0].tolist()
    assert made.history.history == other.history.history


def test_an_endless_generator_needs_steps(xy):
    history = model().fit(generator(*xy, forever=True), steps_per_epoch=5, epochs=2, verbose=0).history
    other = model().fit(*xy, batch_size=2, epochs=2, shuffle=False, verbose=0).history
    assert history == other


def test_a_generator_that_ends_early(xy):
    with pytest.warns(UserWarning, match="there is no data for epoch 2, so training ends here"):
        history = model().fit(generator(*xy), epochs=3, verbose=0).history
    assert len(history["loss"]) == 1
    with pytest.warns(UserWarning, match="the data ended after 5 of 8 steps"):
        history = model().fit(generator(*xy), steps_per_epoch=8, verbose=0).history
    assert len(history["loss"]) == 1


@pytest.mark.parametrize("workers", [1, 3])
def test_a_data_set_in_fit(xy, workers):
    made = model()
    history = made.fit(Batches(*xy, workers=workers), shuffle=False, epochs=2, verbose=0).history
    assert history == model().fit(*xy, batch_size=2, epochs=2, shuffle=False, verbose=0).history
    found = made.evaluate(Batches(*xy, workers=workers), verbose=0)
    assert found == pytest.approx(made.evaluate(*xy, verbose=0), rel=1e-6)
    assert np.allclose(made.predict(Batches(*xy, workers=workers), verbose=0), made.predict(xy[0], verbose=0))


def test_an_iterable_in_fit(xy):
    class Loader:
        def __iter__(self):
            return ([x, y] for x, y in generator(*xy))  # lists, as some loaders make them

    history = model().fit(Loader(), epochs=2, verbose=0).history
    assert history == model().fit(*xy, batch_size=2, epochs=2, shuffle=False, verbose=0).history


def test_a_model_that_is_built_by_data(xy):
    keras.utils.set_random_seed(1)
    late = keras.Sequential([keras.layers.Dense(1)])
    late.compile("sgd", "mse")
    assert late.fit(*xy, shuffle=False, verbose=0).history == model().fit(*xy, shuffle=False, verbose=0).history
    late = keras.Sequential([keras.layers.Dense(1)])
    assert late.predict(xy[0], verbose=0).shape == (10, 1)
    late = keras.Sequential([keras.layers.Dense(1)])
    assert late.predict_on_batch(xy[0]).shape == (10, 1)


@pytest.mark.parametrize(
    ("convert", "same"),
    [
        (lambda a: a.astype("float64"), True),
        (lambda a: a.astype(">f4"), True),
        (lambda a: np.asfortranarray(a), True),
        (lambda a: np.repeat(a, 2, axis=0)[::2], True),
        (lambda a: keras.ops.convert_to_tensor(a), True),
        (lambda a: (a * 10).astype("uint8"), False),
        (lambda a: (a * 10).astype("int64"), False),
        (lambda a: a > 0.5, False),
    ],
)
def test_kinds_of_arrays(xy, convert, same):
    x, y = xy
    found = model().fit(convert(x), convert(y), shuffle=False, verbose=0).history["loss"]
    if same:
        assert found == model().fit(x, y, shuffle=False, verbose=0).history["loss"]
    assert np.isfinite(found[0])


def test_read_only_arrays(xy):
    for a in xy:
        a.flags.writeable = False
    made = model()
    made.fit(*xy, verbose=0)
    assert made.predict(xy[0], verbose=0).shape == (10, 1)


# ------------------------------------------------------------------------------------- evaluate, predict


def test_evaluate_arguments(xy, capsys):
    x, y = xy
    made = model()
    log = Log()
    made.evaluate(x, y, batch_size=4, steps=2, callbacks=[log], verbose=0)
    assert log.calls == ["test 0", "test 1"]
    assert made.evaluate(x, y, steps=2, batch_size=4, verbose=0) == pytest.approx(
        made.evaluate(x[:8], y[:8], verbose=0)
    )
    weights = np.linspace(0, 1, 10)
    assert made.evaluate(x, y, sample_weight=weights, verbose=0) != made.evaluate(x, y, verbose=0)
    assert capsys.readouterr().out == ""
    made.evaluate(x, y, verbose=2)
    assert capsys.readouterr().out.startswith("1/1 - ")
    assert made.evaluate(generator(x, y), verbose=0) == pytest.approx(made.evaluate(x, y, verbose=0), rel=1e-6)

    class Stop(Callback):
        def on_test_batch_end(self, batch, logs=None):
            self.model.stop_evaluating = True

    log = Log()
    made.evaluate(x, y, batch_size=2, callbacks=[Stop(), log], verbose=0)
    assert log.calls == ["test 0"]


def test_predict_arguments(xy, capsys):
    x, _ = xy
    made = model()
    log = Log()
    assert made.predict(x, batch_size=4, callbacks=[log], verbose=0).shape == (10, 1)
    assert log.calls == ["predict 0 4", "predict 1 4", "predict 2 2"]
    assert capsys.readouterr().out == ""
    made.predict(x, batch_size=5, verbose=1)
    assert capsys.readouterr().out.startswith("2/2 - ")
    assert np.allclose(made.predict(generator(*xy), verbose=0), made.predict(x, verbose=0))

    class Stop(Callback):
        def on_predict_batch_end(self, batch, logs=None):
            self.model.stop_predicting = True

    assert made.predict(x, batch_size=4, callbacks=[Stop()], verbose=0).shape == (4, 1)


# ------------------------------------------------------------------------------------- compile


def test_compile_arguments(xy):
    x, y = xy
    assert type(model(optimizer="adam").optimizer).__name__ == "Adam"
    assert model(loss="mae").evaluate(x, y, verbose=0) != model(loss="mse").evaluate(x, y, verbose=0)
    assert model(loss_weights=2.0).evaluate(x, y, verbose=0) == pytest.approx(2 * model().evaluate(x, y, verbose=0))
    assert model(metrics=["mae"]).evaluate(x, y, verbose=0, return_dict=True).keys() == {"loss", "mae"}
    weights = np.linspace(0, 1, 10)
    plain = model(metrics=["mae"]).evaluate(x, y, sample_weight=weights, verbose=0)[1]
    weighted = model(weighted_metrics=["mae"]).evaluate(x, y, sample_weight=weights, verbose=0)[1]
    assert plain != weighted
    made = model(metrics=["mae"])
    assert made.metrics_names == ["loss", "compile_metrics"]
    assert made.loss == "mse"
    assert made.compiled


def test_run_eagerly_runs_python_in_every_step(xy):
    calls = []

    class Spy(keras.layers.Layer):
        def call(self, x):
            calls.append(1)
            return x

    for eagerly in (True, False):
        calls.clear()
        spied = keras.Sequential([keras.layers.Input((2,)), Spy(), keras.layers.Dense(1)])
        spied.compile("sgd", "mse", run_eagerly=eagerly)
        spied.fit(*xy, batch_size=1, epochs=3, verbose=0)
        assert (len(calls) >= 30) == eagerly
        assert spied.run_eagerly is eagerly


@pytest.mark.parametrize("eagerly", [True, False])
def test_steps_per_execution(xy, eagerly):
    log = Log()
    made = model(steps_per_execution=3, run_eagerly=eagerly)
    history = made.fit(*xy, batch_size=2, callbacks=[log], shuffle=False, verbose=0).history
    assert log.calls == ["epoch 0", "<0", "2>", "<3", "4>", "end ['loss']"]
    assert history == model().fit(*xy, batch_size=2, shuffle=False, verbose=0).history
    log = Log()
    made.predict(xy[0], batch_size=2, callbacks=[log], verbose=0)
    assert log.calls == ["predict 2 6", "predict 4 4"]


def test_jit_compile():
    assert model().jit_compile is False
    assert model(jit_compile=True).jit_compile is True
    assert model(jit_compile=False).get_compile_config()["jit_compile"] is False
    with pytest.warns(UserWarning, match="does nothing when `run_eagerly=True`"):
        assert model(jit_compile=True, run_eagerly=True).jit_compile is False


def test_compile_config_round_trip(xy):
    made = model(
        optimizer=keras.optimizers.SGD(0.05, momentum=0.5),
        loss="mae",
        loss_weights=0.5,
        metrics=["mse"],
        weighted_metrics=["mae"],
        steps_per_execution=2,
    )
    config = made.get_compile_config()
    assert list(config) == [
        "optimizer",
        "loss",
        "loss_weights",
        "metrics",
        "weighted_metrics",
        "run_eagerly",
        "steps_per_execution",
        "jit_compile",
    ]
    other = model()
    other.compile_from_config(config)
    assert other.get_compile_config() == config
    assert other.optimizer.built
    assert other.fit(*xy, shuffle=False, verbose=0).history == made.fit(*xy, shuffle=False, verbose=0).history

    class Own(keras.Sequential):
        def compile(self, **kwargs):
            super().compile(**kwargs)

    with pytest.warns(UserWarning, match=r"has a compile\(\) of its own"):
        Own([keras.layers.Dense(1)]).compile_from_config(config)
    assert keras.Sequential([keras.layers.Dense(1)]).get_compile_config() == {}


def test_frozen_layers_stay_as_they_are(xy):
    keras.utils.set_random_seed(1)
    made = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    made.fit(*xy, verbose=0)
    made.layers[0].trainable = False
    before = [w.tolist() for w in made.get_weights()]
    made.fit(*xy, verbose=0)
    after = [w.tolist() for w in made.get_weights()]
    assert [a == b for a, b in zip(before, after, strict=True)] == [True, True, False, False]
    made.compile("sgd", "mse")
    made.layers[0].trainable = True
    made.compile("sgd", "mse")
    made.fit(*xy, verbose=0)
    assert made.get_weights()[0].tolist() != before[0]


def test_a_learning_rate_that_is_a_function(xy):
    rates = iter([0.0, 0.1])
    made = model(optimizer=keras.optimizers.SGD(lambda: next(rates)))
    before = made.get_weights()[0].tolist()
    made.fit(*xy, verbose=0)
    assert made.get_weights()[0].tolist() == before
    made.fit(*xy, verbose=0)
    assert made.get_weights()[0].tolist() != before


def test_the_learning_rate_may_be_set_while_training(xy):
    class Half(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.0

    made = model()
    losses = made.fit(*xy, epochs=3, callbacks=[Half()], verbose=0, shuffle=False).history["loss"]
    assert losses[0] != losses[1]
    assert losses[1] == losses[2]


def test_what_a_step_assigns_is_no_change_of_the_model(xy):
    class Counting(keras.Sequential):
        def train_step(self, data):
            self.recorded = getattr(self, "recorded", 0) + 1
            return super().train_step(data)

    made = Counting([keras.layers.Input((2,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    for _ in range(3):
        made.fit(*xy, validation_data=xy, verbose=0)
    assert made.recorded == 1
    assert "np." in str(made.program("train"))


def test_a_failed_compile_changes_nothing(xy):
    made = model(metrics=["mae"])
    for bad in ({"loss": "nothing"}, {"optimizer": "nothing"}, {"metrics": ["nothing"]}, {"steps_per_execution": 0}):
        with pytest.raises(ValueError, match=r"nothing|steps_per_execution"):
            made.compile(**{"optimizer": "adam", "loss": "mae", **bad})
    assert made.loss == "mse"
    assert type(made.optimizer).__name__ == "SGD"
    assert made.fit(*xy, verbose=0).history.keys() == {"loss", "mae"}


# ------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("arguments", "got", "expected"),
    [
        ({"batch_size": 0}, "batch_size=0", "a positive integer"),
        ({"batch_size": 2.5}, "batch_size=2.5", "a positive integer"),
        ({"epochs": -1}, "epochs=-1", "an integer of at least 0"),
        ({"epochs": "3"}, "epochs='3'", "an integer of at least 0"),
        ({"initial_epoch": -1}, "initial_epoch=-1", "an integer of at least 0"),
        ({"steps_per_epoch": 0}, "steps_per_epoch=0", "a positive integer"),
        ({"validation_steps": 0}, "validation_steps=0", "a positive integer"),
        ({"validation_batch_size": -2}, "validation_batch_size=-2", "a positive integer"),
        ({"validation_split": 1.0}, "validation_split=1.0", "a fraction"),
        ({"validation_split": -0.1}, "validation_split=-0.1", "a fraction"),
        ({"validation_freq": 0}, "validation_freq=0", "a positive integer"),
        ({"validation_freq": "often"}, "validation_freq='often'", "a positive integer"),
        ({"verbose": 3}, "verbose=3", "one of 'auto', 0, 1, 2"),
        ({"verbose": "loud"}, "verbose='loud'", "one of 'auto', 0, 1, 2"),
        ({"shuffle": "epoch"}, "shuffle='epoch'", "one of True, False, 'batch'"),
    ],
)
def test_bad_arguments_of_fit(xy, arguments, got, expected):
    with pytest.raises(
        ValueError, match=f"fit: bad `{next(iter(arguments))}`(.|\n)*got: +{got}\n +expected: {expected}"
    ):
        model().fit(*xy, **{"verbose": 0, **arguments})


@pytest.mark.parametrize(
    ("arguments", "got"),
    [
        ({"run_eagerly": "yes"}, "run_eagerly='yes'"),
        ({"steps_per_execution": 0}, "steps_per_execution=0"),
        ({"jit_compile": "always"}, "jit_compile='always'"),
        ({"auto_scale_loss": 3}, "auto_scale_loss=3"),
    ],
)
def test_bad_arguments_of_compile(arguments, got):
    with pytest.raises(ValueError, match=f"compile of 'sequential.*': bad `(.|\n)*got: +{got}"):
        model(**arguments)


def test_unknown_names_come_with_the_nearest():
    with pytest.raises(ValueError, match=r"unknown optimizer 'admm'(.|\n)*did you mean 'adam'"):
        model(optimizer="admm")
    with pytest.raises(ValueError, match=r"unknown loss 'sparse_categorical_crossentrop'(.|\n)*did you mean"):
        model(loss="sparse_categorical_crossentrop")
    with pytest.raises(ValueError, match=r"unknown metric 'acuracy'(.|\n)*did you mean 'accuracy'"):
        model(metrics=["acuracy"])


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_compile_comes_first(xy, method):
    made = keras.Sequential([keras.layers.Dense(1)], name="net")
    with pytest.raises(
        ValueError, match=rf"'net' is not compiled\.\n  got:      {method}\(\) before(.|\n)*fix: .*compile"
    ):
        getattr(made, method)(*xy)


def test_no_loss(xy):
    with pytest.raises(ValueError, match=r"has no loss to compute(.|\n)*fix: .*compile\(loss='mse'\)"):
        model(loss=None).fit(*xy, verbose=0)


def test_lengths_empty_and_non_numbers(xy):
    x, y = xy
    made = model()
    with pytest.raises(ValueError, match=r"different lengths(.|\n)*x of 10, y of 9"):
        made.fit(x, y[:9])
    for call in (lambda: made.fit(x[:0], y[:0]), lambda: made.evaluate(x[:0], y[:0]), lambda: made.predict(x[:0])):
        with pytest.raises(ValueError, match="there are no samples"):
            call()
    with pytest.raises(TypeError, match=r"`x` holds no real numbers(.|\n)*text"):
        made.fit(np.array([["a", "b"]] * 10), y)
    with pytest.raises(TypeError, match=r"`y` holds no real numbers(.|\n)*complex128"):
        made.fit(x, y.astype(complex))
    with pytest.raises(TypeError, match=r"`x` holds no real numbers"):
        made.predict(np.array([["a", "b"]]), verbose=0)
    with pytest.raises(ValueError, match=r"`x` is no array(.|\n)*np.array"):
        made.predict([[1.0, 2.0]], verbose=0)
    with pytest.raises(ValueError, match="there is no data"):
        made.fit()


def test_the_wrong_number_of_features(xy):
    _, y = xy
    with pytest.raises(ValueError, match=r"(?s)dense.*got:.*\(10, 3\)"):
        model().fit(np.ones((10, 3)), y, verbose=0)
    with pytest.raises(ValueError, match=r"(?s)dense.*got:.*\(1, 3\)"):
        model().predict(np.ones((1, 3)), verbose=0)


def test_validation_split_needs_arrays(xy):
    with pytest.raises(ValueError, match=r"`validation_split` needs arrays\.\n  got:      x of type generator"):
        model().fit(generator(*xy), validation_split=0.2)


def test_targets_and_weights_do_not_go_with_a_generator(xy):
    with pytest.raises(ValueError, match="`y` does not go with a generator"):
        model().fit(generator(*xy), xy[1])
    with pytest.raises(ValueError, match="`sample_weight` does not go with a generator"):
        model().fit(generator(*xy), sample_weight=xy[1])


def test_labels_out_of_range():
    made = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(3, activation="softmax")])
    made.compile("sgd", "sparse_categorical_crossentropy")
    before = made.get_weights()[0].tolist()
    x, y = np.ones((4, 2)), np.array([0, 1, 2, 3])
    for call in (
        lambda: made.fit(x, y, verbose=0),
        lambda: made.fit(x, y % 3, validation_data=(x, y), verbose=0),
        lambda: made.evaluate(x, y, verbose=0),
        lambda: made.train_on_batch(x, y),
        lambda: made.test_on_batch(x, y),
    ):
        with pytest.raises(ValueError, match=r"got: +label 3 at index \[3\](.|\n)*expected: labels from 0 to 2"):
            call()
    assert made.get_weights()[0].tolist() == before


def test_a_step_that_returns_nothing(xy):
    class Silent(keras.Sequential):
        def train_step(self, data):
            return None

    made = Silent([keras.layers.Input((2,)), keras.layers.Dense(1)])
    made.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"returned no results\.\n  got:      NoneType"):
        made.fit(*xy, verbose=0)


def test_evaluate_knows_its_arguments(xy):
    with pytest.raises(TypeError, match="unexpected keyword argument 'batchsize'"):
        model().evaluate(*xy, batchsize=3)
