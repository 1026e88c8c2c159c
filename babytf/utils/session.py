"""One seed for everything, and a fresh start for names."""

from __future__ import annotations

import gc
import random as python_random

import numpy as np

from babytf import config, random
from babytf.errors import explain
from babytf.naming import reset_names


def set_random_seed(seed: int) -> None:
    """Seed Python, NumPy and this library, so that a program does the same each time it is run.

    Args:
        seed: An integer from 0 to 2**32 - 1.

    Raises:
        ValueError: If it is no such integer.
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or not 0 <= seed < 1 << 32:
        raise ValueError(explain("bad `seed`.", got=f"seed={seed!r}", expected="an integer from 0 to 2**32 - 1"))
    python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002 - for programs that draw from NumPy's global generator
    random.set_seed(int(seed))


def clear_session(free_memory: bool = True) -> None:
    """Let automatic names start again at `dense` and the dtype policy follow `floatx()`; free what is no longer used.

    Args:
        free_memory: Whether to collect garbage now.
    """
    reset_names()
    config.set_dtype_policy(None)
    if free_memory:
        gc.collect()
