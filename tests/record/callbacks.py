"""Records what callbacks of real Keras 3 do with given results of epochs, into tests/data/recorded/callbacks.json.

Run with a Python that has Keras and a backend: KERAS_BACKEND=jax python tests/record/callbacks.py
Nothing is trained: the results that a callback gets are those written here, and what it does is written down.
"""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parent.parent / "data" / "recorded" / "callbacks.json"

FALLING = [3.0, 2.0, 1.5, 1.5, 1.6, 1.45, 1.7, 1.8, 1.9, 1.44]
RISING = [0.1, 0.3, 0.3, 0.2, 0.35, 0.36, 0.1, 0.1, 0.1, 0.4]

EARLY = {
    "default": {},
    "monitor": {"monitor": "accuracy", "mode": "max"},
    "min_delta": {"min_delta": 0.6},
    "negative_min_delta": {"min_delta": -0.6, "patience": 1},
    "patience": {"patience": 3},
    "mode_max": {"mode": "max", "patience": 2},
    "mode_min": {"monitor": "val_accuracy", "mode": "min"},
    "auto_up": {"monitor": "val_accuracy", "patience": 1},
    "baseline": {"baseline": 1.47, "patience": 5},
    "baseline_never": {"baseline": 1.0, "patience": 6},
    "restore": {"restore_best_weights": True, "patience": 2},
    "restore_baseline": {"restore_best_weights": True, "baseline": 1.0, "patience": 3},
    "restore_not_stopped": {"restore_best_weights": True, "patience": 20},
    "start_from_epoch": {"start_from_epoch": 4, "restore_best_weights": True, "patience": 1},
}
REDUCE = {
    "default": {},
    "patience": {"patience": 1},
    "monitor": {"monitor": "accuracy", "mode": "max", "patience": 2},
    "factor": {"factor": 0.5, "patience": 1},
    "mode_max": {"mode": "max", "patience": 2, "factor": 0.5},
    "auto_up": {"monitor": "val_accuracy", "patience": 1, "factor": 0.5},
    "min_delta": {"min_delta": 0.7, "patience": 1, "factor": 0.5},
    "no_min_delta": {"min_delta": 0.0, "patience": 1, "factor": 0.5},
    "cooldown": {"cooldown": 2, "patience": 1, "factor": 0.5},
    "min_lr": {"min_lr": 0.06, "patience": 1, "factor": 0.5},
}
CHECKPOINT = {
    "every_epoch": {"filepath": "m{epoch:02d}.keras"},
    "results_in_name": {"filepath": "m{epoch}-{val_loss:.2f}-{accuracy:.1f}.keras"},
    "best": {"filepath": "m{epoch}.keras", "save_best_only": True},
    "best_monitor": {"filepath": "m{epoch}.keras", "save_best_only": True, "monitor": "val_accuracy"},
    "best_mode": {"filepath": "m{epoch}.keras", "save_best_only": True, "mode": "max"},
    "threshold": {"filepath": "m{epoch}.keras", "save_best_only": True, "initial_value_threshold": 1.47},
    "weights": {"filepath": "m{epoch}.weights.h5", "save_weights_only": True},
    "every_4_batches": {"filepath": "m{epoch}-{batch}.weights.h5", "save_weights_only": True, "save_freq": 4},
    "every_batch": {"filepath": "m{epoch}-{batch}.weights.h5", "save_weights_only": True, "save_freq": 1},
    "in_a_new_directory": {"filepath": "a/b/m.keras"},
}
CSV = {
    "default": {"filename": "log.csv"},
    "separator": {"filename": "log.csv", "separator": ";"},
    "append": {"filename": "log.csv", "append": True},
}
SCHEDULES = {
    "of_epoch_and_rate": lambda epoch, rate: rate * 0.9 if epoch > 1 else rate,
    "of_epoch": lambda epoch: 0.5 / (1 + epoch),
}
BATCHES = 3


def results(epoch: int, validated: bool = True) -> dict[str, Any]:
    """What an epoch has given."""
    found = {"loss": FALLING[epoch] / 2, "accuracy": RISING[epoch] / 2}
    if validated:
        found |= {"val_loss": FALLING[epoch], "val_accuracy": RISING[epoch]}
    return found


def model_of(keras: Any) -> Any:
    """A model with one weight, and a metric that knows its direction."""
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1, use_bias=False, name="line")])
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"])
    model.evaluate(np.zeros((1, 1)), np.zeros((1, 1)), verbose=0)  # the metrics are made
    model.stop_training = False
    return model


def play(
    keras: Any, callback: Any, model: Any, validated: bool = True, replace: Callable[[int, Any], Any] | None = None
) -> dict[str, Any]:
    """Have a callback live through ten epochs of three batches; say what came of it.

    `replace(epoch, callback)`, if given, says before each epoch who goes on in its place.
    """
    rates, logs_after, stopped = [], [], None
    everybody = keras.callbacks.CallbackList([callback], model=model, verbose=0, epochs=10, steps=BATCHES)
    everybody.on_train_begin()
    for epoch in range(10):
        if replace is not None:
            callback = replace(epoch, callback)
            everybody = keras.callbacks.CallbackList([callback], model=model, verbose=0, epochs=10, steps=BATCHES)
        model.set_weights([np.full((1, 1), float(epoch))])
        everybody.on_epoch_begin(epoch)
        for batch in range(BATCHES):
            everybody.on_train_batch_begin(batch)
            everybody.on_train_batch_end(batch, {"loss": 1.0})
        logs = results(epoch, validated)
        callback.on_epoch_end(epoch, logs)
        rates.append(round(float(model.optimizer.learning_rate), 7))
        logs_after.append({name: round(float(value), 7) for name, value in sorted(logs.items())})
        if model.stop_training:
            stopped = epoch
            break
    everybody.on_train_end()
    return {"rates": rates, "logs": logs_after, "stopped": stopped, "weight": float(model.get_weights()[0][0][0])}


def files() -> list[str]:
    """All files below the current directory."""
    return sorted(os.path.join(root, name)[2:] for root, _, names in os.walk(".") for name in names)


def case(keras: Any, kind: str, arguments: dict[str, Any], replace: Any = None) -> dict[str, Any]:
    """Play one case in a directory of its own."""
    before, model = os.getcwd(), model_of(keras)
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        try:
            if kind == "CSVLogger":
                for validated in (False, True):  # the second finds the file of the first
                    play(keras, keras.callbacks.CSVLogger(**arguments), model, validated, replace)
                return {"text": Path("log.csv").read_text(encoding="utf-8")}
            found = play(keras, getattr(keras.callbacks, kind)(**arguments), model, replace=replace)
            return {**found, "files": files()}
        finally:
            os.chdir(before)


def cases() -> dict[str, tuple[str, dict[str, Any]]]:
    """All cases by name: class and arguments."""
    found = {}
    tables = {"EarlyStopping": EARLY, "ReduceLROnPlateau": REDUCE, "ModelCheckpoint": CHECKPOINT, "CSVLogger": CSV}
    for kind, table in tables.items():
        found.update({f"{kind}.{name}": (kind, arguments) for name, arguments in table.items()})
    for name, schedule in SCHEDULES.items():
        found[f"LearningRateScheduler.{name}"] = ("LearningRateScheduler", {"schedule": schedule})
    return found


if __name__ == "__main__":
    import keras

    warnings.simplefilter("ignore")
    recorded = {name: case(keras, *what) for name, what in cases().items()}
    OUT.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", encoding="utf-8")
