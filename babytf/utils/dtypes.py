"""Names of dtypes, and what symbolic tensors there are."""

from __future__ import annotations

from typing import Any

from babytf import engine
from babytf.engine.dtypes import standardize
from babytf.layers.symbolic import KerasTensor


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype, however it is given.

    Args:
        dtype: A name, a NumPy or Python type, a dtype of NumPy or of another library; `None` for `floatx()`.

    Raises:
        DTypeError: If NumPy has no such dtype, or layers do not compute with it.

    Example:
        >>> standardize_dtype(np.float64), standardize_dtype(None)
        ('float64', 'float32')
    """
    name = str(dtype)
    if name.startswith("torch."):
        dtype = name.removeprefix("torch.")
    return standardize(dtype).name


def result_type(*dtypes: Any) -> str:
    """The dtype of a result of operands of these dtypes, by Keras's rules.

    Args:
        *dtypes: Dtypes or their names; `int`, `float` and `bool` stand for Python numbers, which follow the others.

    Raises:
        DTypeError: If one of them is not supported.

    Example:
        >>> result_type("int32", "float16"), result_type("float16", float)
        ('float16', 'float16')
    """
    weak = {int: 0, float: 0.0, bool: False}
    return engine.result_dtype(*(weak[t] if t in (int, float, bool) else standardize_dtype(t) for t in dtypes)).name


def is_int_dtype(dtype: Any) -> bool:
    """Whether this is an integer dtype, signed or not.

    Args:
        dtype: What `standardize_dtype` takes.
    """
    return standardize(dtype).kind in "iu"


def is_float_dtype(dtype: Any) -> bool:
    """Whether this is a float dtype.

    Args:
        dtype: What `standardize_dtype` takes.
    """
    return standardize(dtype).kind == "f"


def is_keras_tensor(x: Any) -> bool:
    """Whether this is a symbolic tensor: a shape and a dtype, such as `Input` gives, without numbers.

    Args:
        x: Anything.

    Example:
        >>> is_keras_tensor(keras.Input((3,))), is_keras_tensor(np.zeros(3))
        (True, False)
    """
    return isinstance(x, KerasTensor)
