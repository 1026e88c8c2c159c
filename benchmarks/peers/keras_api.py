"""babytf and Keras: one program for both, as it is the same API."""

import importlib
import os

from cases import EMBEDDING, HEADS, VOCABULARY, outputs


def model_of(keras, case, **options):
    """Return the case's model, compiled with these options."""
    layers = keras.layers
    if case.model == "transformer":
        inputs = keras.Input(shape=(case.length,), dtype="int32")
        x = layers.Embedding(VOCABULARY["transformer"], case.width)(inputs)
        attended = layers.MultiHeadAttention(HEADS, case.width // HEADS)(x, x)
        x = layers.LayerNormalization()(layers.Add()([x, attended]))
        forward = layers.Dense(case.width)(layers.Dense(2 * case.width, activation="relu")(x))
        x = layers.LayerNormalization()(layers.Add()([x, forward]))
        model = keras.Model(inputs, layers.Dense(outputs(case))(layers.GlobalAveragePooling1D()(x)))
    else:
        model = keras.Sequential(_layers(keras, case))
    if case.model == "lstm":
        loss = keras.losses.BinaryCrossentropy()
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.001), loss=loss, **options)
    return model


def _layers(keras, case):
    layers = keras.layers
    if case.model == "mlp":
        yield keras.Input(shape=(case.sizes[0],))
        for units in case.sizes[1:-1]:
            yield layers.Dense(units, activation="relu")
            if case.dropout:
                yield layers.Dropout(case.dropout)
        yield layers.Dense(case.sizes[-1])
    elif case.model == "convnet":
        yield keras.Input(shape=(28, 28, 1))
        yield layers.Conv2D(32, 3, activation="relu")
        yield layers.MaxPooling2D(2)
        yield layers.Conv2D(64, 3, activation="relu")
        yield layers.MaxPooling2D(2)
        yield layers.Flatten()
        yield layers.Dropout(0.5)
        yield layers.Dense(outputs(case))
    else:
        yield keras.Input(shape=(case.length,), dtype="int32")
        yield layers.Embedding(VOCABULARY["lstm"], EMBEDDING)
        yield layers.LSTM(case.width)
        yield layers.Dense(1, activation="sigmoid")


class KerasPeer:
    """A model of Keras's API.

    Args:
        case: Which model.
        module: `"babytf"` or `"keras"`.
        backend: Keras's backend.
        numba: Whether babytf may use Numba.
    """

    suffix = ".keras"

    def __init__(self, case=None, module="keras", backend=None, numba=True):
        if backend:
            os.environ["KERAS_BACKEND"] = backend
            os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        if not numba:
            os.environ["NUMBA_DISABLE_JIT"] = "1"
        self.keras = importlib.import_module(module)
        assert not backend or self.keras.backend.backend() == backend
        self.case = case
        if case is not None:
            try:
                # A training step is timed with its loops compiled at once, and not after a second.
                timed = module == "babytf" and numba and case.measure == "step"
                options = {"jit_compile": True} if timed else {}
                self.model = model_of(self.keras, case, **options)
            except AttributeError as error:  # a layer that this library does not have
                raise NotImplementedError(str(error)) from error

    def prepare(self, x):
        return x

    def epoch(self, x, y):
        self.model.fit(x, y, batch_size=self.case.batch, epochs=1, verbose=0)

    def predict(self, x, batch=32):
        return self.model.predict(x, batch_size=batch, verbose=0)

    def call(self, x):
        return self.model(x)

    def evaluate(self, x, y):
        return self.model.evaluate(x, y, batch_size=32, verbose=0)

    def save(self, path):
        self.model.save(path)

    def load(self, path):
        self.model = self.keras.saving.load_model(path)
