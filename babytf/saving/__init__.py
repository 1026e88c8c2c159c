"""Saving and loading models, and describing objects.

Start with `doors.py`; `archive.py` and `hdf5.py` hold the safety rules.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from babytf.serialization import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

if TYPE_CHECKING:
    from babytf.saving.doors import load_model, load_weights, save_model, save_weights
    from babytf.saving.file_editor import KerasFileEditor

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]


def __getattr__(name: str) -> Any:
    """The formats, imported when one is first used: `import babytf` stays fast."""
    if name in __all__:
        home = "file_editor" if name == "KerasFileEditor" else "doors"
        return getattr(importlib.import_module(f"babytf.saving.{home}"), name)
    raise AttributeError(f"module 'babytf.saving' has no attribute {name!r}")
