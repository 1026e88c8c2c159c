"""Small helpers around training: seeds, labels, sequences, data sets, downloads, drawings of models."""

from babytf.callbacks.progbar import Progbar
from babytf.config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
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
from babytf.utils.config import Config
from babytf.utils.datasets import split_dataset, timeseries_dataset_from_array
from babytf.utils.dot import model_to_dot
from babytf.utils.dtypes import is_keras_tensor, standardize_dtype
from babytf.utils.files import get_file
from babytf.utils.graph import get_source_inputs
from babytf.utils.plot_model import plot_model
from babytf.utils.sequences import pad_sequences
from babytf.utils.session import clear_session, set_random_seed

Sequence = PyDataset
"""The older name of `PyDataset`."""

__all__ = [
    "Config",
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "timeseries_dataset_from_array",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
