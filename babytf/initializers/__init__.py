r"""Initializers: the values a variable starts with.

An initializer is any callable `(shape, dtype) -> array`. The random ones take `seed`: an integer makes every
call give the same values; a `SeedGenerator` gives fresh values on each call; `None` draws an integer
when the initializer is made, so that `set_random_seed` makes a whole program repeatable.
Read `variance_scaling.py` next, which has those most layers start with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from babytf import config, random
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.initializers.base import Initializer, RandomInitializer
from babytf.initializers.constant import Constant, Identity, Ones, Zeros
from babytf.initializers.draws import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from babytf.initializers.variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
    compute_fans,
)
from babytf.lazy import Table, later
from babytf.naming import to_snake_case
from babytf.serialization import builtin, deserialize_keras_object, lookup, serialize_keras_object

if TYPE_CHECKING:
    from babytf.initializers.stft import STFT

    stft = STFTInitializer = STFT

__all__ = [
    "STFT",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "IdentityInitializer",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "OrthogonalInitializer",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "STFTInitializer",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "compute_fans",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "stft",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]

constant = Constant
identity = IdentityInitializer = Identity
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = OrthogonalInitializer = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

_CLASSES = (
    Initializer,
    Zeros,
    Ones,
    Constant,
    Identity,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
)
_LATER = later(__name__, {"stft": "STFT"}, {"STFTInitializer": "STFT", "stft": "STFT"})
_ENTRIES: dict[str, Any] = {
    **{c.__name__: c for c in _CLASSES},
    **{to_snake_case(c.__name__): c for c in _CLASSES},
    "IdentityInitializer": Identity,
    "OrthogonalInitializer": Orthogonal,
    **_LATER,
    "normal": RandomNormal,
    "one": Ones,
    "uniform": RandomUniform,
    "zero": Zeros,
}
TABLE = Table(_ENTRIES)

builtin("keras.random", random.SeedGenerator)
builtin("keras.initializers", *_CLASSES, **_ENTRIES)


def get(identifier: Any) -> Any:
    """The initializer that a name, a configuration, a class or an initializer itself stands for.

    Args:
        identifier: Name as in Keras, dict from `serialize`, class, callable, an array of the very values, or `None`.

    Returns:
        An initializer; `None` for `None`.

    Raises:
        ValueError: If the name is unknown.
    """
    if isinstance(identifier, (np.ndarray, np.generic, Tensor)):
        return _given_values(convert(identifier))
    return lookup("initializer", identifier, TABLE, "keras.initializers")


def _given_values(values: Tensor) -> Callable[..., Tensor]:
    def initialize(shape: Any, dtype: Any = None) -> Tensor:
        if tuple(shape) != values.shape:
            raise ShapeError(
                explain(
                    "the array given as initializer does not have the variable's shape.",
                    got=f"an array of shape {values.shape}",
                    expected=f"shape {tuple(shape)}",
                )
            )
        return convert(values, dtype or config.floatx())

    return initialize


def serialize(initializer: Any) -> Any:
    """The configuration of an initializer, as a dict; `deserialize` takes it back."""
    return serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The initializer of a configuration.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes and functions of your own, by name.
    """
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.initializers")
