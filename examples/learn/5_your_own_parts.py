"""An activation, a loss, a metric and a layer of your own; none of them with a derivative.

Whatever is written with `babytf.ops`, or with plain NumPy functions, is recorded and differentiated. The task:
find a curve through noisy points, a few of which are far off.
"""

import numpy as np

import babytf as keras
from babytf import ops


def bent_identity(z):
    """An activation, in plain NumPy: the slope goes from 1/2 on the far left to 3/2 on the far right."""
    return (np.sqrt(np.square(z) + 1) - 1) / 2 + z


def log_cosh_error(y_true, y_pred):
    """A loss, one value per sample: like the square near 0, like the absolute value far away."""
    e = y_pred - y_true
    return np.mean(e + np.log1p(np.exp(-2 * e)) - np.log(2.0), axis=-1)


def within_a_tenth(y_true, y_pred):
    """A metric: the share of predictions off by less than 0.1."""
    return ops.mean(ops.cast(ops.abs(y_pred - y_true) < 0.1, "float32"), axis=-1)


class Waves(keras.layers.Layer):
    """A layer: each unit is a sine with a frequency and a phase to learn."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.frequency = self.add_weight(
            name="frequency",
            shape=(input_shape[-1], self.units),
            initializer=keras.initializers.RandomNormal(stddev=2.0),
        )
        self.phase = self.add_weight(name="phase", shape=(self.units,), initializer="zeros")

    def call(self, x):
        return np.sin(x @ self.frequency + self.phase)


def main():
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    x = rng.uniform(-3, 3, size=(512, 1)).astype("float32")
    y = np.sin(2 * x) + 0.3 * x + rng.normal(scale=0.02, size=x.shape)
    y[::50] += 3.0  # far off

    model = keras.Sequential(
        [keras.Input(shape=(1,)), Waves(32), keras.layers.Dense(32, bent_identity), keras.layers.Dense(1)]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.002), loss=log_cosh_error, metrics=[within_a_tenth])
    history = model.fit(x, y, batch_size=64, epochs=30, verbose=0)
    for epoch in (0, 4, 14, 29):
        loss, share = (history.history[key][epoch] for key in ("loss", "within_a_tenth"))
        print(f"epoch {epoch + 1:2d}: loss {loss:.4f}, within a tenth {share:.1%}")
    for point in (-2.0, 0.5, 2.0):
        read = model.predict(np.array([[point]], dtype="float32"), verbose=0)[0, 0]
        print(f"at x = {point:+.1f}: {read:+.3f}   (the curve without noise: {np.sin(2 * point) + 0.3 * point:+.3f})")


if __name__ == "__main__":
    main()
