"""Records model files as Keras 2 writes them, with what Keras 2 predicts and how it trains on.

Run where tf_keras 2.21 is installed: `TF_USE_LEGACY_KERAS=1 python tests/record/keras2_files.py`.
Writes `tests/data/recorded/keras2/`, which the tests read; the tests do not need Keras.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tf_keras

OUT = Path(__file__).parents[1] / "data" / "recorded" / "keras2"
layers, optimizers = tf_keras.layers, tf_keras.optimizers
rng = np.random.default_rng(0)
X = np.round(rng.normal(size=(8, 4)), 3).astype("float32")
T = np.round(rng.normal(size=(8, 2)), 3).astype("float32")


def stack() -> tf_keras.Model:
    return tf_keras.Sequential([layers.Dense(5, activation="tanh", input_shape=(4,)), layers.Dense(2, name="out")])


def lazy() -> tf_keras.Model:
    return tf_keras.Sequential([layers.Dense(5, activation="relu"), layers.LeakyReLU(alpha=0.1), layers.Dense(2)])


def graph() -> tf_keras.Model:
    x = tf_keras.Input((4,))
    both = layers.Concatenate()([layers.Add()([layers.Dense(4)(x), layers.Dense(4)(x)]), x])
    shared = layers.Dense(8, activation="tanh", name="shared")
    inner = tf_keras.Sequential([layers.Dense(3, input_shape=(8,)), layers.Dense(2)], name="inner")
    return tf_keras.Model(x, inner(shared(shared(both))))


CASES = {
    "stack_sgd": (stack, lambda: optimizers.SGD(0.05)),
    "stack_momentum": (stack, lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True)),
    "stack_rmsprop": (stack, lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True)),
    "stack_amsgrad": (stack, lambda: optimizers.Adam(0.01, amsgrad=True)),
    "stack_schedule": (stack, lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 3, 0.9))),
    "stack_old_adam": (stack, lambda: optimizers.legacy.Adam(0.01)),
    "stack_old_decay": (stack, lambda: optimizers.legacy.SGD(0.05, momentum=0.9, decay=0.1)),
    "lazy_adam": (lazy, lambda: optimizers.Adam(0.01)),
    "graph_adam": (graph, lambda: optimizers.Adam(0.01)),
}


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    facts = {}
    for name, (make, optimizer) in CASES.items():
        tf_keras.backend.clear_session()
        tf_keras.utils.set_random_seed(3)
        model = make()
        model.compile(optimizer(), "mse", metrics=["mae"])
        model.fit(X, T, epochs=2, batch_size=4, verbose=0, shuffle=False)
        model.save(OUT / f"{name}.h5")
        if name == "graph_adam":
            model.save(OUT / f"{name}.keras")
            model.save_weights(OUT / "graph_weights.h5")
            model.save_weights(OUT / "graph.weights.h5")
            (OUT / "graph.json").write_text(model.to_json())
        facts[name] = {
            "predicted": model.predict(X, verbose=0).tolist(),
            "evaluated": model.evaluate(X, T, verbose=0, return_dict=True),
            "losses": [float(model.train_on_batch(X, T, return_dict=True)["loss"]) for _ in range(3)],
        }
    (OUT / "facts.json").write_text(json.dumps({"x": X.tolist(), "t": T.tolist(), "cases": facts}))


if __name__ == "__main__":
    main()
