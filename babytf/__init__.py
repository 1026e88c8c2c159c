"""babytf: Keras in an afternoon's reading, on NumPy alone.

`import babytf as keras` is the only line of a Keras program that changes. To read how it works, start
with `engine/README.md`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
from babytf.lazy import Later, later
from babytf.losses import Loss
from babytf.metrics import Metric
from babytf.optimizers import Optimizer
from babytf.regularizers import Regularizer
from babytf.serialization import builtin

if TYPE_CHECKING:
    from babytf import backend, callbacks, datasets, mixed_precision, models, saving, tree, utils
    from babytf.models.model import Model
    from babytf.models.sequential import Sequential

__version__ = "0.1.0"

_LATER = later(
    __name__,
    {
        "backend": "",
        "callbacks": "",
        "datasets": "",
        "mixed_precision": "",
        "models": "",
        "saving": "",
        "tree": "",
        "utils": "",
        "babytf.models.model": "Model",
        "babytf.models.sequential": "Sequential",
    },
)

builtin("keras", Sequential=_LATER["Sequential"], Model=_LATER["Model"])
builtin("keras.src.models.functional", Functional=Later("babytf.models.functional", "Functional"))


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
