"""Models: layers that can be trained. Start with `sequential.py`, then `model.py`; `steps.py` is what training does.

`functional.py` has the models that are graphs of layers.
"""

from __future__ import annotations

import importlib
from typing import Any

from babytf.models.cloning import clone_model
from babytf.models.functional import Functional as Functional
from babytf.models.model import Model, model_from_json
from babytf.models.sequential import Sequential
from babytf.serialization import builtin

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

builtin("keras", Sequential, Model)


def __getattr__(name: str) -> Any:
    """`load_model` and `save_model`, imported when first used: the libraries behind files are slow to import."""
    if name in ("load_model", "save_model"):
        return getattr(importlib.import_module("babytf.saving"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
