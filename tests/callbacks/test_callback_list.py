"""Who is called when, with what; and the callbacks that need no training to be tested."""

from __future__ import annotations

import numpy as np
import pytest

from babytf.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
    ProgbarLogger,
    TerminateOnNaN,
)
from babytf.callbacks.callback_list import to_floats


class Model:
    """As much of a model as callbacks look at."""

    def __init__(self):
        self.stop_training = False
        self.weights = [0.0]
        self.metrics = []

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = list(weights)


HOOKS = [name for name in dir(Callback) if name.startswith("on_")]


class Everything(Callback):
    """Writes down every call."""

    def __init__(self):
        super().__init__()
        self.calls = []


for _name in HOOKS:

    def _hook(self, *args, _name=_name, logs=None, **kwargs):
        self.calls.append((_name, args, logs))

    setattr(Everything, _name, _hook)


def test_logs_become_sorted_floats():
    found = to_floats({"loss": np.float32(0.5), "nested": {"b": 1, "a": np.array(2.0)}, "note": "text"})
    assert list(found) == ["a", "b", "loss", "note"]
    assert found == {"a": 2.0, "b": 1.0, "loss": 0.5, "note": "text"}
    assert [type(found[k]) for k in ("a", "b", "loss")] == [float] * 3
    assert to_floats(None) == {}


def test_every_method_reaches_every_callback():
    one, two = Everything(), Everything()
    callbacks = CallbackList([one, [two]], model=Model(), verbose=0, epochs=1, steps=2)
    for name in HOOKS:
        args = (3,) if "epoch" in name or "batch" in name else ()
        getattr(callbacks, name)(*args)
    names = [name for name, _, _ in one.calls]
    assert names == [name for name, _, _ in two.calls]
    renamed = {"on_batch_begin": "on_train_batch_begin", "on_batch_end": "on_train_batch_end"}
    assert names == [renamed.get(name, name) for name in HOOKS]
    assert one.params == {"verbose": 0, "epochs": 1, "steps": 2}
    assert one.model is two.model is callbacks.model


def test_only_listeners_are_called_for_batches():
    class Old(Callback):
        """Overrides the older name."""

        def on_batch_end(self, batch, logs=None):
            self.got = batch, logs

    old = Old()
    callbacks = CallbackList([Callback(), old, History()])
    assert callbacks.listens("train_batch_end")
    assert not callbacks.listens("train_batch_begin")
    assert not callbacks.listens("test_batch_end")
    callbacks.on_train_batch_end(7, {"loss": np.float32(2)})
    assert old.got == (7, {"loss": 2.0})


def test_methods_given_to_an_instance_count():
    seen = []
    callbacks = CallbackList([LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append((batch, logs)))])
    assert callbacks.listens("train_batch_end")
    callbacks.on_train_batch_end(1, {"loss": 3})
    assert seen == [(1, {"loss": 3.0})]
    late = Callback()
    callbacks.append(late)
    late.on_test_batch_end = lambda batch, logs: seen.append("late")
    callbacks.on_epoch_begin(0)
    assert callbacks.listens("test_batch_end")


def test_defaults_are_added_once():
    history, bar = History(), ProgbarLogger()
    assert [type(c) for c in CallbackList([], add_history=True, add_progbar=True).callbacks] == [History, ProgbarLogger]
    given = CallbackList([bar, history], add_history=True, add_progbar=True)
    assert given.callbacks == [bar, history]


def test_what_is_no_callback():
    with pytest.raises(
        TypeError, match=r"no callback\.\n  got:      the class History(.|\n)*History\(\) with parentheses"
    ):
        CallbackList([History])
    with pytest.raises(TypeError, match="LambdaCallback"):
        CallbackList([print])


def test_history_collects():
    history = History()
    model = Model()
    callbacks = CallbackList([history], model=model)
    assert model.history is history
    callbacks.on_train_begin()
    callbacks.on_epoch_end(0, {"loss": np.float32(2), "acc": 0.5})
    callbacks.on_epoch_end(1, {"loss": 1.0, "acc": 0.75})
    assert history.history == {"acc": [0.5, 0.75], "loss": [2.0, 1.0]}
    assert history.epoch == [0, 1]
    callbacks.on_train_begin()
    assert history.epoch == []
    assert history.history["loss"] == [2.0, 1.0]  # as in Keras, a second fit with the same object goes on


def test_lambda_callback_takes_every_method_and_no_other():
    calls = []
    callback = LambdaCallback(
        **{name: lambda *args, _name=name, **kwargs: calls.append(_name) for name in HOOKS if "on_batch" not in name}
    )
    for name in HOOKS:
        if "on_batch" not in name:
            getattr(callback, name)(0)
    assert calls == [name for name in HOOKS if "on_batch" not in name]
    with pytest.raises(ValueError, match=r"unknown callback method 'on_epoch_ende'(.|\n)*did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ende=print)


def run(callback, values, name="val_loss"):
    """Epochs with these values; the epoch after which it stopped, or None."""
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        model.weights = [float(epoch)]
        callback.on_epoch_end(epoch, {name: value})
        if model.stop_training:
            break
    callback.on_train_end({})
    return (epoch if model.stop_training else None), model


def test_early_stopping_by_hand():
    # 3, 2 improve; 2, 2.5 do not: with patience 2 it stops after epoch 3
    assert run(EarlyStopping(patience=2), [3, 2, 2, 2.5, 1])[0] == 3
    assert run(EarlyStopping(patience=3), [3, 2, 2, 2.5, 1])[0] is None
    assert run(EarlyStopping(), [3, 2, 2])[0] == 2  # patience 0: the first epoch that is no better


def test_early_stopping_min_delta():
    assert run(EarlyStopping(min_delta=0.5), [3, 2.6])[0] == 1
    assert run(EarlyStopping(min_delta=0.5), [3, 2.4])[0] is None


def test_early_stopping_mode():
    assert run(EarlyStopping("score", mode="max"), [1, 2, 1.5], "score")[0] == 2
    assert run(EarlyStopping("score", mode="min"), [3, 2, 2.5], "score")[0] == 2
    with pytest.raises(ValueError, match=r"cannot tell whether 'score'(.|\n)*mode='max'"):
        run(EarlyStopping("score"), [1, 2], "score")
    with pytest.warns(UserWarning, match="mode 'up' is not"):
        EarlyStopping(mode="up")


def test_early_stopping_asks_the_metric():
    class Metric:
        name = "accuracy"
        _direction = "up"

    callback = EarlyStopping("val_accuracy")
    callback.set_model(Model())
    callback.model.metrics = [Metric()]
    callback.on_train_begin()
    for epoch, value in enumerate([0.5, 0.6, 0.6]):
        callback.on_epoch_end(epoch, {"val_accuracy": value})
    assert callback.stopped_epoch == 2


def test_early_stopping_baseline_and_start():
    # better than before, but never than 1: patience 2 runs out at epoch 2
    assert run(EarlyStopping(patience=2, baseline=1.0), [3, 2, 2.5, 2.5])[0] == 2
    assert run(EarlyStopping(start_from_epoch=3), [1, 2, 3, 4, 5])[0] == 4


def test_early_stopping_restores(capsys):
    stopped, model = run(EarlyStopping(patience=2, restore_best_weights=True, verbose=1), [3, 1, 2, 2])
    assert stopped == 3
    assert model.weights == [1.0]
    assert capsys.readouterr().out == "Epoch 4: early stopping\nRestoring the weights of the best epoch: 2.\n"
    assert run(EarlyStopping(patience=2), [3, 1, 2, 2])[1].weights == [3.0]


def test_early_stopping_says_what_there_is():
    callback = EarlyStopping()
    callback.set_model(Model())
    with pytest.warns(UserWarning, match="watches 'val_loss', which is not there; there are: loss"):
        callback.on_epoch_end(0, {"loss": 1.0})


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_terminate_on_nan(loss, capsys):
    callback = TerminateOnNaN()
    callback.set_model(Model())
    callback.on_train_batch_end(0, {"loss": 1.0})
    assert not callback.model.stop_training
    callback.on_train_batch_end(3, {"loss": loss})
    assert callback.model.stop_training
    assert "Batch 3: the loss is" in capsys.readouterr().out
    with pytest.raises(RuntimeError, match=r"not finite after batch 3\.\n  got:      loss=(nan|inf)"):
        TerminateOnNaN(raise_error=True).on_train_batch_end(3, {"loss": loss})
