"""1797 handwritten digits, 8 by 8 pixels, that come with the package: for first steps, offline.

Each pixel counts, from 0 to 16, the dark dots in a square of 4 by 4 of the 32 by 32 original.

Source:
    E. Alpaydin, C. Kaynak, "Optical Recognition of Handwritten Digits" (1998), UCI Machine Learning Repository,
    https://doi.org/10.24432/C50P49, CC BY 4.0; the test part of it, as scikit-learn ships it (`load_digits`).
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

Pair = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]
TRAINING = 1437


def load_data() -> tuple[Pair, Pair]:
    """Load the digits.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: 1437 and 360 images of shape `(8, 8)`, from 0 to 16, and their labels
        from 0 to 9, all uint8. The last fifth is for testing.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()
        >>> x_train.shape, x_test.shape
        ((1437, 8, 8), (360, 8, 8))
    """
    path = os.path.join(os.path.dirname(__file__), "digits.npz")
    with np.load(path, allow_pickle=False) as file:
        x, y = file["x"], file["y"]
    return (x[:TRAINING], y[:TRAINING]), (x[TRAINING:], y[TRAINING:])
