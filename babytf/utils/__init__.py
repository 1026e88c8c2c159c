"""Small helpers around training: seeds, labels, downloads."""

from babytf.callbacks.progbar import Progbar
from babytf.data import PyDataset, pack_x_y_sample_weight, unpack_x_y_sample_weight
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
from babytf.utils.arrays import normalize, to_categorical
from babytf.utils.files import get_file
from babytf.utils.session import clear_session, set_random_seed

Sequence = PyDataset
"""The older name of `PyDataset`."""

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "normalize",
    "pack_x_y_sample_weight",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
