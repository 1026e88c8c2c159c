"""babytf: Keras in an afternoon's reading, on NumPy alone.

`import babytf as keras` is the only line of a Keras program that changes. To read how it works, start
with `engine/README.md`.
"""

from __future__ import annotations

import importlib
from typing import Any

from babytf import (
    activations,
    config,
    constraints,
    dtype_policies,
    engine,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    random,
    regularizers,
)
from babytf.dtype_policies import DTypePolicy
from babytf.engine import GradientTape, Tensor, Variable
from babytf.initializers import Initializer
from babytf.layers import Input, InputSpec, Layer
from babytf.layers.symbolic import KerasTensor
from babytf.losses import Loss
from babytf.metrics import Metric
from babytf.models import Model, Sequential
from babytf.optimizers import Optimizer
from babytf.regularizers import Regularizer

__version__ = "0.1.0"

_LATER = ("backend", "callbacks", "datasets", "mixed_precision", "saving", "tree", "utils")
"""Packages imported when they are first used, to keep `import babytf` fast."""


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return importlib.import_module(f"babytf.{name}")
    raise AttributeError(f"module 'babytf' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


def version() -> str:
    """The version of babytf."""
    return __version__


__all__ = [
    "DTypePolicy",
    "GradientTape",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Tensor",
    "Variable",
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "dtype_policies",
    "engine",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
    "version",
]
