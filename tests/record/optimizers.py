"""Records what real Keras 3 does for each argument of an optimizer, into tests/data/recorded/optimizers.{json,npz}.

Run with a Python that has Keras (KERAS_BACKEND=jax or tensorflow): python tests/record/optimizers.py
Every case starts from the same three weights and takes the same gradients, so that the argument is the only difference.
"""

from __future__ import annotations

import json
from pathlib import Path

import keras
import numpy as np

STEPS = 12
OUT = Path(__file__).parent.parent / "data" / "recorded"

CASES = {
    "sgd": ("SGD", {}),
    "sgd_momentum": ("SGD", {"learning_rate": 0.05, "momentum": 0.9}),
    "sgd_nesterov": ("SGD", {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {}),
    "rmsprop_all": ("RMSprop", {"rho": 0.8, "momentum": 0.5, "centered": True, "epsilon": 1e-3}),
    "adam": ("Adam", {"learning_rate": 0.01}),
    "adam_all": ("Adam", {"beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-2, "amsgrad": True, "learning_rate": 0.02}),
    "weight_decay": ("SGD", {"learning_rate": 0.1, "weight_decay": 0.3}),
    "weight_decay_adam": ("Adam", {"learning_rate": 0.1, "weight_decay": 0.3}),
    "clipnorm": ("SGD", {"clipnorm": 1.5}),
    "clipvalue": ("SGD", {"clipvalue": 0.4}),
    "global_clipnorm": ("SGD", {"global_clipnorm": 2.0}),
    "ema": ("SGD", {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.7}),
    "ema_overwrite": (
        "Adam",
        {"learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3},
    ),
    "loss_scale": ("SGD", {"loss_scale_factor": 8.0}),
    "accumulation": ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "gradient_accumulation_steps": 4}),
    "accumulation_adam": ("Adam", {"learning_rate": 0.1, "gradient_accumulation_steps": 3}),
    "everything": (
        "Adam",
        {
            "learning_rate": 0.05,
            "amsgrad": True,
            "weight_decay": 0.1,
            "clipnorm": 1.0,
            "use_ema": True,
            "ema_momentum": 0.6,
            "ema_overwrite_frequency": 2,
            "loss_scale_factor": 4.0,
            "gradient_accumulation_steps": 2,
        },
    ),
}
EXCLUDED = {"weight_decay_excluded": ("SGD", {"learning_rate": 0.1, "weight_decay": 0.3})}


def weights() -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    return [rng.normal(size=s).astype("float32") for s in ((3, 4), (4,), (4, 2))]


def gradients() -> list[list[np.ndarray]]:
    rng = np.random.default_rng(8)
    scales = rng.uniform(0.1, 2.0, size=STEPS)
    return [[(c * rng.normal(size=w.shape)).astype("float32") for w in weights()] for c in scales]


def variables() -> list[keras.Variable]:
    made = []
    for (layer, name), w in zip(
        (("dense", "kernel"), ("dense", "bias"), ("dense_1", "kernel")), weights(), strict=True
    ):
        with keras.name_scope(layer):
            made.append(keras.Variable(w, name=name))
    return made


def main() -> None:
    index, arrays = {}, {}
    for i, w in enumerate(weights()):
        arrays[f"start{i}"] = w
    for step, grads in enumerate(gradients()):
        for i, g in enumerate(grads):
            arrays[f"gradient{step}.{i}"] = g
    for case, (name, arguments) in {**CASES, **EXCLUDED}.items():
        keras.utils.clear_session()
        optimizer, ws = getattr(keras.optimizers, name)(**arguments), variables()
        if case in EXCLUDED:
            optimizer.exclude_from_weight_decay(var_list=[ws[2]], var_names=["bias"])
        followed = []
        for grads in gradients():
            optimizer.apply([keras.ops.convert_to_tensor(g) for g in grads], ws)
            followed.append([keras.ops.convert_to_numpy(v) for v in ws])
        for i in range(len(ws)):
            arrays[f"{case}.w{i}"] = np.stack([values[i] for values in followed])
        for i, v in enumerate(optimizer.variables):
            arrays[f"{case}.o{i}"] = keras.ops.convert_to_numpy(v)
        optimizer.finalize_variable_values(ws)
        for i, v in enumerate(ws):
            arrays[f"{case}.final{i}"] = keras.ops.convert_to_numpy(v)
        index[case] = {
            "class": name,
            "arguments": arguments,
            "config": optimizer.get_config(),
            "variables": [v.path for v in optimizer.variables],
        }
    OUT.mkdir(parents=True, exist_ok=True)
    recorded = {"keras": keras.__version__, "backend": keras.backend.backend(), "cases": index}
    (OUT / "optimizers.json").write_text(json.dumps(recorded, indent=1) + "\n")
    np.savez_compressed(OUT / "optimizers.npz", **arrays)


if __name__ == "__main__":
    main()
