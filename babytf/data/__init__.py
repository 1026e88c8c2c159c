"""Training data: arrays, generators, data sets, iterables; all become batches.

Read `arrays.py` for the common case, then `batches.py`, which chooses.
"""

from babytf.data.batches import Epochs, adapt, is_arrays
from babytf.data.packing import pack_x_y_sample_weight, unpack_x_y_sample_weight
from babytf.data.py_dataset import PyDataset
from babytf.data.random_state import get_random_state, set_random_state

__all__ = [
    "Epochs",
    "PyDataset",
    "adapt",
    "get_random_state",
    "is_arrays",
    "pack_x_y_sample_weight",
    "set_random_state",
    "unpack_x_y_sample_weight",
]
