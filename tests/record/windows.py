"""Records outputs and gradients of layers with windows of real Keras 3, into tests/data/recorded/windows.npz.

Run with a Python that has Keras and JAX: KERAS_BACKEND=jax python -m tests.record.windows
The calls are those of tests/layers/windows_calls.py. Of outputs a digest is kept, of gradients a sum.
"""

from __future__ import annotations

from pathlib import Path

import jax
import keras
import numpy as np

from tests.layers.windows_calls import CALLS, digest, label, run

OUT = Path(__file__).parent.parent / "data" / "recorded" / "windows.npz"


def main() -> None:
    found = {}
    for call in CALLS:
        try:
            layer, y, x = run(keras.layers, call)
        except Exception as error:
            print("refused by Keras:", label(call), "|", str(error).splitlines()[0][:100])  # noqa: T201
            continue
        found[label(call)] = digest(y)
        weights = np.random.default_rng(1).normal(size=y.shape).astype("float32")

        def loss(x, trainable, layer=layer, weights=weights):
            y, _ = layer.stateless_call(trainable, [], x)
            return (y * weights).sum()

        gx, gw = jax.grad(loss, (0, 1))(x, [v.value for v in layer.trainable_variables])
        for i, g in enumerate([gx, *gw]):
            found[f"{label(call)} gradient {i}"] = digest(g)[g.ndim]
    np.savez_compressed(OUT, **found)


if __name__ == "__main__":
    main()
