"""Use the installed package from outside the repository: train, save, load, predict."""

import sys
import tempfile
from pathlib import Path

import numpy as np

import babytf as keras

folder = Path(keras.__file__).parent
assert "site-packages" in folder.parts, f"imported from {folder}, not from the wheel"
assert (folder / "py.typed").is_file()

keras.utils.set_random_seed(0)
(x, y), (x_test, y_test) = keras.datasets.digits.load_data()
model = keras.Sequential(
    [
        keras.Input(shape=x.shape[1:]),
        keras.layers.Flatten(),
        keras.layers.Rescaling(1 / 16),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(10),
    ]
)
model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
model.fit(x, y, epochs=15, verbose=2)
accuracy = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
with tempfile.TemporaryDirectory() as place:
    model.save(Path(place) / "digits.keras")
    again = keras.models.load_model(Path(place) / "digits.keras")
assert np.array_equal(again.predict(x_test, verbose=0), model.predict(x_test, verbose=0))
assert accuracy > 0.85, accuracy
print(f"babytf {keras.__version__}, NumPy {np.__version__}, Python {sys.version.split()[0]}: accuracy {accuracy:.1%}")
