"""Records the rates and configurations of real Keras 3's schedules into tests/data/recorded/schedules.json.

Run with a Python that has Keras and JAX: KERAS_BACKEND=jax python tests/record/schedules.py
"""

from __future__ import annotations

import json
from pathlib import Path

import keras

OUT = Path(__file__).parent.parent / "data" / "recorded" / "schedules.json"
STEPS = [0, 1, 2, 3, 4, 6, 7, 10, 14, 15, 16, 29, 30, 31, 44, 70, 100, 1000, 100000]

CASES = {
    "exponential": ("ExponentialDecay", {"initial_learning_rate": 0.3, "decay_steps": 7, "decay_rate": 0.6}),
    "exponential_all": (
        "ExponentialDecay",
        {"initial_learning_rate": 0.3, "decay_steps": 7, "decay_rate": 0.6, "staircase": True, "name": "stairs"},
    ),
    "inverse_time": ("InverseTimeDecay", {"initial_learning_rate": 0.3, "decay_steps": 2.5, "decay_rate": 0.6}),
    "inverse_time_all": (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.3, "decay_steps": 7, "decay_rate": 0.6, "staircase": True, "name": "stairs"},
    ),
    "polynomial": ("PolynomialDecay", {"initial_learning_rate": 0.3, "decay_steps": 30}),
    "polynomial_all": (
        "PolynomialDecay",
        {
            "initial_learning_rate": 0.3,
            "decay_steps": 15,
            "end_learning_rate": 0.02,
            "power": 1.5,
            "cycle": True,
            "name": "poly",
        },
    ),
    "polynomial_rising": (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 30, "end_learning_rate": 0.4, "power": 0.5},
    ),
    "piecewise": ("PiecewiseConstantDecay", {"boundaries": [3, 15], "values": [0.3, 0.2, 0.05]}),
    "piecewise_all": (
        "PiecewiseConstantDecay",
        {"boundaries": [2.5, 7.0, 30.0, 44.5], "values": [0.1, 0.3, 0.2, 0.05, 0.0], "name": "pieces"},
    ),
    "piecewise_one": ("PiecewiseConstantDecay", {"boundaries": [15], "values": [0.3, 0.05]}),
    "cosine": ("CosineDecay", {"initial_learning_rate": 0.3, "decay_steps": 30}),
    "cosine_all": (
        "CosineDecay",
        {
            "initial_learning_rate": 0.03,
            "decay_steps": 26,
            "alpha": 0.2,
            "name": "wave",
            "warmup_target": 0.3,
            "warmup_steps": 4,
        },
    ),
    "cosine_no_warmup_steps": (
        "CosineDecay",
        {"initial_learning_rate": 0.03, "decay_steps": 30, "warmup_target": 0.3},
    ),
    "cosine_no_target": ("CosineDecay", {"initial_learning_rate": 0.3, "decay_steps": 30, "warmup_steps": 7}),
    "restarts": ("CosineDecayRestarts", {"initial_learning_rate": 0.3, "first_decay_steps": 4}),
    "restarts_all": (
        "CosineDecayRestarts",
        {
            "initial_learning_rate": 0.3,
            "first_decay_steps": 9,
            "t_mul": 1.7,
            "m_mul": 0.8,
            "alpha": 0.1,
            "name": "again",
        },
    ),
    "restarts_equal": (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.3, "first_decay_steps": 8, "t_mul": 1.0, "m_mul": 0.9},
    ),
}


def main() -> None:
    index = {}
    for case, (name, arguments) in CASES.items():
        schedule = getattr(keras.optimizers.schedules, name)(**arguments)
        index[case] = {
            "class": name,
            "arguments": arguments,
            "config": schedule.get_config(),
            "rates": [float(schedule(keras.ops.convert_to_tensor(step))) for step in STEPS],
        }
    recorded = {"keras": keras.__version__, "backend": keras.backend.backend(), "steps": STEPS, "cases": index}
    OUT.write_text(json.dumps(recorded, indent=1) + "\n")


if __name__ == "__main__":
    main()
