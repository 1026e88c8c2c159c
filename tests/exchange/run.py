"""One side of the exchange of files with Keras: `python -m tests.exchange.run babytf|keras write|read FOLDER`.

`write` makes each model, saves it in every format before and after it is trained, and records what it predicts and
the losses of its next steps. `read` loads what the other library wrote and holds it to the record.
`.ci/keras_exchange.py` runs both sides, each in an environment of its own.
"""

from __future__ import annotations

import importlib
import json
import sys
import warnings
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from tests.exchange.models import CASES, STEPS, Case

TOLERANCE = 1e-5
FORMATS = (".keras", ".weights.h5", ".h5")
NOT_AS_H5 = {
    "frozen": "Keras cannot save Adafactor so: two arrays of one name",
    "shared_layers": "Keras does not read back operations that are no layers, such as a * 2.0",
}


def train(case: Case) -> list[float]:
    """The losses of a few steps; Keras runs small ones one by one, since to compile so few takes longer."""
    case.model.run_eagerly = case.model.run_eagerly or ("babytf" not in sys.modules and not case.long)
    losses = []
    for _ in range(STEPS):
        result = case.model.train_on_batch(case.inputs, case.targets)
        losses.append(float(np.ravel(result)[0]))
    return losses


def predict(case: Case) -> list[np.ndarray]:
    made = case.model.predict(case.inputs, verbose=0)
    return [np.asarray(part) for part in (made if isinstance(made, (list, tuple)) else [made])]


def save(case: Case, path: Path) -> None:
    (case.model.save_weights if path.name.endswith(".weights.h5") else case.model.save)(str(path))


def write(keras: Any, folder: Path) -> None:
    for name, make in CASES.items():
        keras.utils.clear_session()
        keras.utils.set_random_seed(7)
        case = make(keras)
        for when in ("before", "after"):
            if when == "after":
                train(case)
            record: dict[str, np.ndarray] = {f"prediction{i}": y for i, y in enumerate(predict(case))}
            for extension in FORMATS[:2]:
                save(case, folder / f"{name}.{when}{extension}")
            copied = keras.models.load_model(str(folder / f"{name}.{when}.keras"))
            if (
                name not in NOT_AS_H5
            ):  # Keras takes the optimizer out of a model that it saves so: it gets one of its own
                spare = keras.models.load_model(str(folder / f"{name}.{when}.keras"))
                save(case._replace(model=spare), folder / f"{name}.{when}.h5")
            record["losses"] = np.array(train(case._replace(model=copied)))
            np.savez(folder / f"{name}.{when}.npz", **record)


def load(keras: Any, name: str, path: Path) -> Case:
    made = CASES[name](keras)
    if path.suffix == ".keras" or (
        path.name.endswith(".h5") and keras.__name__ == "babytf" and ".weights." not in path.name
    ):
        return made._replace(model=keras.models.load_model(str(path)))
    if keras.__name__ == "keras":  # it does not take up the state of an optimizer that has not begun
        made.model.optimizer.build(made.model.trainable_variables)
    if path.name.endswith(".weights.h5"):
        made.model.load_weights(str(path))
        return made
    # Keras loses the optimizer's state in whole models as .h5, its own too: what the file holds is put in by hand.
    made.model.set_weights(keras.models.load_model(str(path), compile=False).get_weights())
    with h5py.File(path) as file:
        group = file["optimizer_weights"]
        arrays = [group[weight][()] for weight in group.attrs["weight_names"]]
    if len(arrays) > 2:  # else it had not begun
        made.model.optimizer.load_own_variables({str(i): array for i, array in enumerate(arrays)})
    return made


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def difference(got: Any, expected: Any) -> float:
    got, expected = np.asarray(got, "float64"), np.asarray(expected, "float64")
    assert got.shape == expected.shape, (got.shape, expected.shape)
    return float((np.abs(got - expected) / (1 + np.abs(expected))).max())


def read(keras: Any, folder: Path) -> int:
    failures = count = 0
    largest = {"prediction": 0.0, "losses": 0.0}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as record:
            name, when = path.stem.split(".")
            for extension in FORMATS:
                file = path.with_name(f"{name}.{when}{extension}")
                if not file.exists():
                    assert (extension, name in NOT_AS_H5) == (".h5", True), file
                    continue
                keras.utils.clear_session()
                keras.utils.set_random_seed(1)
                count += 1
                try:
                    case = load(keras, name, file)
                    pairs = zip(predict(case), expected(record), strict=True)
                    errors = {"prediction": max(difference(y, recorded) for y, recorded in pairs)}
                    errors["losses"] = difference(train(case), record["losses"])
                except Exception as error:
                    say(f"FAILED {file.name}: {type(error).__name__}: {str(error)[:1500]}")
                    failures += 1
                    continue
                largest = {key: max(largest[key], errors.get(key, 0.0)) for key in largest}
                if max(errors.values()) > TOLERANCE:
                    say(f"DIFFERS {file.name}: {errors}")
                    failures += 1
    say(f"{keras.__name__} read {count} files, {failures} of them wrong; largest differences {json.dumps(largest)}")
    return failures


def expected(record: Any) -> list[np.ndarray]:
    return [record[f"prediction{i}"] for i in range(len(record.files) - 1)]


def main() -> None:
    library, task, folder = sys.argv[1:]
    warnings.simplefilter("ignore")
    keras = importlib.import_module(library)
    if task == "write":
        write(keras, Path(folder))
    elif read(keras, Path(folder)):
        sys.exit(1)


if __name__ == "__main__":
    main()
