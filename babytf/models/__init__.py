"""Models: layers that can be trained. Start with `sequential.py`, then `model.py`; `steps.py` is what training does.

`functional.py` has the models that are graphs of layers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from babytf.lazy import later
from babytf.models.cloning import clone_model
from babytf.models.functional import Functional as Functional
from babytf.models.model import Model, model_from_json
from babytf.models.sequential import Sequential

if TYPE_CHECKING:
    from babytf.saving import load_model, save_model

__all__ = ["Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

# The libraries behind files are slow to import.
later(__name__, {"babytf.saving": "load_model save_model"})
