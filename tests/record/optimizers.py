"""Records what real Keras 3 does for each argument of an optimizer, into tests/data/recorded/optimizers.{json,npz}.

Run with a Python that has Keras and JAX: KERAS_BACKEND=jax python tests/record/optimizers.py
Every case starts from the same three weights and takes the same gradients, so that the argument is the only difference.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
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

# Every argument of its own, at a value that is not the default.
OWN = {
    "AdamW": {
        "learning_rate": 0.02,
        "weight_decay": 0.2,
        "beta_1": 0.8,
        "beta_2": 0.95,
        "epsilon": 1e-2,
        "amsgrad": True,
    },
    "Adamax": {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-2},
    "Nadam": {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-2},
    "Adagrad": {"learning_rate": 0.2, "initial_accumulator_value": 0.5, "epsilon": 1e-2},
    "Adadelta": {"learning_rate": 0.9, "rho": 0.7, "epsilon": 1e-2},
    "Adafactor": {
        "learning_rate": 0.3,
        "beta_2_decay": -0.5,
        "epsilon_1": 1e-3,
        "epsilon_2": 0.8,
        "clip_threshold": 0.6,
        "relative_step": False,
    },
    "Ftrl": {
        "learning_rate": 0.3,
        "learning_rate_power": -0.7,
        "initial_accumulator_value": 0.4,
        "l1_regularization_strength": 0.8,
        "l2_regularization_strength": 0.2,
        "l2_shrinkage_regularization_strength": 0.05,
        "beta": 0.3,
    },
    "Lion": {"learning_rate": 0.03, "beta_1": 0.7, "beta_2": 0.8},
    "Lamb": {"learning_rate": 0.02, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-2},
    "Muon": {
        "learning_rate": 0.02,
        "adam_beta_1": 0.8,
        "adam_beta_2": 0.95,
        "adam_weight_decay": 0.3,
        "epsilon": 1e-2,
        "weight_decay": 0.2,
        "exclude_layers": ["dense_1"],
        "exclude_embeddings": False,
        "muon_a": 3.0,
        "muon_b": -3.5,
        "muon_c": 1.5,
        "adam_lr_ratio": 0.5,
        "momentum": 0.8,
        "ns_steps": 3,
        "nesterov": False,
        "rms_rate": 0.4,
    },
    "ScheduleFreeAdamW": {"learning_rate": 0.05, "beta_1": 0.8, "beta_2": 0.95, "epsilon": 1e-2, "warmup_steps": 5},
}
SHARED = {
    "weight_decay": 0.1,
    "clipnorm": 1.0,
    "use_ema": True,
    "ema_momentum": 0.6,
    "ema_overwrite_frequency": 3,
    "loss_scale_factor": 4.0,
    "gradient_accumulation_steps": 2,
}
for name, own in OWN.items():
    CASES[name.lower()] = (name, {})
    CASES[f"{name.lower()}_all"] = (name, own)
    CASES[f"{name.lower()}_everything"] = (name, {"learning_rate": 0.05, **SHARED})
CASES["muon_without_decay_and_factor"] = ("Muon", {"weight_decay": None, "rms_rate": None, "learning_rate": 0.01})
CASES["muon_without_decay_for_adam"] = ("Muon", {"adam_weight_decay": None, "learning_rate": 0.01})

CASES["schedule"] = (
    "Adam",
    {
        "learning_rate": {
            "class": "schedules.PolynomialDecay",
            "arguments": {"initial_learning_rate": 0.1, "decay_steps": 9},
        },
        "weight_decay": 0.2,
        "gradient_accumulation_steps": 3,
    },
)
CASES["schedule_adafactor"] = (
    "Adafactor",
    {
        "learning_rate": {
            "class": "schedules.InverseTimeDecay",
            "arguments": {"initial_learning_rate": 0.5, "decay_steps": 4, "decay_rate": 0.9},
        }
    },
)
SGD = {"class": "SGD", "arguments": {"learning_rate": 0.05, "momentum": 0.9}}
CASES["multi"] = (
    "MultiOptimizer",
    {
        "optimizer_map": {
            "class": "OptimizerMap",
            "arguments": {
                "default_optimizer": SGD,
                "optimizer_map": {
                    ".*bias": {"class": "Lion", "arguments": {"learning_rate": 0.01}},
                    "nothing": {"class": "Adam", "arguments": {}},
                    "dense_1/kernel": {"class": "Adam", "arguments": {"use_ema": True, "weight_decay": 0.1}},
                },
            },
        },
        "loss_scale_factor": 2.0,
        "name": "several",
    },
)
# The gradients of steps 4 and 9 are made infinite and NaN.
CASES["loss_scale_dynamic"] = (
    "LossScaleOptimizer",
    {"inner_optimizer": SGD, "initial_scale": 4.0, "dynamic_growth_steps": 3, "name": "scaled"},
)
CASES["loss_scale_dynamic_adam"] = (
    "LossScaleOptimizer",
    {
        "inner_optimizer": {"class": "Adam", "arguments": {"use_ema": True, "gradient_accumulation_steps": 2}},
        "initial_scale": 8.0,
    },
)
BROKEN = {4: float("inf"), 9: float("nan")}

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


def made(thing: object) -> object:
    """`{"class": "SGD", "arguments": {…}}` -> keras.optimizers.SGD(…), nested freely."""
    if not isinstance(thing, dict):
        return thing
    if "class" not in thing:
        return {key: made(value) for key, value in thing.items()}
    found = keras.optimizers
    for part in thing["class"].split("."):
        found = getattr(found, part)
    return found(**made(thing["arguments"]))


def make_step(optimizer: keras.optimizers.Optimizer, grads: list[np.ndarray], ws: list[keras.Variable]) -> None:
    grads = [keras.ops.convert_to_tensor(g) for g in grads]
    if not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        optimizer.apply(grads, ws)
        return
    if not optimizer.built:  # its `apply` does not run on JAX outside of a compiled function
        optimizer.build(ws)
    new_ws, new_state = optimizer.stateless_apply([v.value for v in optimizer.variables], grads, [v.value for v in ws])
    for v, new in zip((*ws, *optimizer.variables), (*new_ws, *new_state), strict=True):
        v.assign(new)


def flat(arrays: Iterable[object]) -> np.ndarray:
    return np.concatenate([np.ravel(keras.ops.convert_to_numpy(a)).astype("float32") for a in arrays])


def main() -> None:
    index = {}
    arrays = {"start": flat(weights()), "gradients": np.stack([flat(grads) for grads in gradients()])}
    for case, (name, arguments) in {**CASES, **EXCLUDED}.items():
        keras.utils.clear_session()
        optimizer, ws = made({"class": name, "arguments": arguments}), variables()
        if case in EXCLUDED:
            optimizer.exclude_from_weight_decay(var_list=[ws[2]], var_names=["bias"])
        followed = []
        for i, grads in enumerate(gradients()):
            if name == "LossScaleOptimizer" and i in BROKEN:
                grads[1][2] = BROKEN[i]
            make_step(optimizer, grads, ws)
            followed.append(flat(ws))
        arrays[f"{case}.weights"] = np.stack(followed)
        arrays[f"{case}.state"] = flat(optimizer.variables)
        optimizer.finalize_variable_values(ws)
        arrays[f"{case}.final"] = flat(ws)
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
