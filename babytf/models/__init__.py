"""Models: layers that can be trained. Start with `sequential.py`, then `model.py`; `steps.py` is what training does."""

from babytf.models.model import Model, model_from_json
from babytf.models.sequential import Sequential
from babytf.saving import load_model, save_model
from babytf.serialization import builtin

__all__ = ["Model", "Sequential", "load_model", "model_from_json", "save_model"]

builtin("keras", Sequential, Model)
