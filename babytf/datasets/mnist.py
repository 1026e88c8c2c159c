"""MNIST: 70,000 handwritten digits, 28 by 28 pixels.

Source:
    Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits"; CC BY-SA 3.0.
"""

from __future__ import annotations

import os
import zipfile
from typing import Any

import numpy as np

from babytf.errors import explain
from babytf.utils.files import get_file

ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
ARRAYS = {"x_train": (60000, 28, 28), "y_train": (60000,), "x_test": (10000, 28, 28), "y_test": (10000,)}

Pair = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> tuple[Pair, Pair]:
    """Load MNIST, downloading it the first time.

    Args:
        path: Name in the cache (`$BABYTF_HOME`, or `~/.babytf`). A path with a directory in it, or of a file that
            is there, is read as it is.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images of shape `(60000, 28, 28)` and `(10000, 28, 28)` from 0 to
        255, labels from 0 to 9, all uint8.

    Raises:
        OSError: If there is no such file, or it cannot be downloaded.
        ValueError: If the file is not MNIST.
    """
    path = os.fspath(path)
    if os.path.dirname(path) or os.path.isfile(path):
        if not os.path.isfile(path):
            raise FileNotFoundError(
                explain(
                    f"there is no file {path}.",
                    got=f"{path!r}, from {os.getcwd()}",
                    fix="check the path, or call load_data() to download it",
                )
            )
    else:
        path = get_file(path, origin=ORIGIN, file_hash=SHA256)
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ARRAYS}
    except (ValueError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise ValueError(
            explain(
                f"{path} is not MNIST.",
                got=str(error),
                expected="an .npz with " + ", ".join(f"{name} {shape}" for name, shape in ARRAYS.items()),
            )
        ) from None
    for name, shape in ARRAYS.items():
        if arrays[name].shape != shape:
            raise ValueError(
                explain(f"{path} is not MNIST.", got=f"{name} of shape {arrays[name].shape}", expected=str(shape))
            )
    return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
