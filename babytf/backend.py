"""What programs reach through `keras.backend`: settings, names and dtypes.

Everything here lives elsewhere: settings in `config.py`, dtypes in `utils/dtypes.py`.
"""

from __future__ import annotations

from babytf.config import (
    backend,
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)
from babytf.naming import get_uid
from babytf.utils.dtypes import is_float_dtype, is_int_dtype, is_keras_tensor, result_type, standardize_dtype
from babytf.utils.session import clear_session

__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
