"""Losses: what training makes small.

Each has a class (weights, reduction, configuration) and a function that returns the value of each sample.
Read `base.py` first, then `mean_squared_error.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from babytf.lazy import Table, later
from babytf.losses.base import Loss, LossFunctionWrapper
from babytf.naming import to_snake_case
from babytf.serialization import builtin, deserialize_keras_object, lookup, public_name, serialize_keras_object

if TYPE_CHECKING:
    from babytf.losses.binary_crossentropy import BinaryCrossentropy, binary_crossentropy
    from babytf.losses.binary_focal_crossentropy import BinaryFocalCrossentropy, binary_focal_crossentropy
    from babytf.losses.categorical_crossentropy import CategoricalCrossentropy, categorical_crossentropy
    from babytf.losses.categorical_focal_crossentropy import (
        CategoricalFocalCrossentropy,
        categorical_focal_crossentropy,
    )
    from babytf.losses.categorical_generalized_cross_entropy import (
        CategoricalGeneralizedCrossEntropy,
        categorical_generalized_cross_entropy,
    )
    from babytf.losses.categorical_hinge import CategoricalHinge, categorical_hinge
    from babytf.losses.circle import Circle, circle
    from babytf.losses.cosine_similarity import CosineSimilarity, cosine_similarity
    from babytf.losses.ctc import CTC, ctc
    from babytf.losses.dice import Dice, dice
    from babytf.losses.hinge import Hinge, hinge
    from babytf.losses.huber import Huber, huber
    from babytf.losses.kl_divergence import KLDivergence, kl_divergence
    from babytf.losses.log_cosh import LogCosh, log_cosh
    from babytf.losses.mean_absolute_error import MeanAbsoluteError, mean_absolute_error
    from babytf.losses.mean_absolute_percentage_error import MeanAbsolutePercentageError, mean_absolute_percentage_error
    from babytf.losses.mean_squared_error import MeanSquaredError, mean_squared_error
    from babytf.losses.mean_squared_logarithmic_error import MeanSquaredLogarithmicError, mean_squared_logarithmic_error
    from babytf.losses.poisson import Poisson, poisson
    from babytf.losses.sparse_categorical_crossentropy import (
        SparseCategoricalCrossentropy,
        sparse_categorical_crossentropy,
    )
    from babytf.losses.squared_hinge import SquaredHinge, squared_hinge
    from babytf.losses.tversky import Tversky, tversky

__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

_LATER = later(
    __name__,
    {
        "binary_crossentropy": "BinaryCrossentropy binary_crossentropy",
        "binary_focal_crossentropy": "BinaryFocalCrossentropy binary_focal_crossentropy",
        "categorical_crossentropy": "CategoricalCrossentropy categorical_crossentropy",
        "categorical_focal_crossentropy": "CategoricalFocalCrossentropy categorical_focal_crossentropy",
        "categorical_generalized_cross_entropy": (
            "CategoricalGeneralizedCrossEntropy categorical_generalized_cross_entropy"
        ),
        "categorical_hinge": "CategoricalHinge categorical_hinge",
        "circle": "Circle circle",
        "cosine_similarity": "CosineSimilarity cosine_similarity",
        "ctc": "CTC ctc",
        "dice": "Dice dice",
        "hinge": "Hinge hinge",
        "huber": "Huber huber",
        "kl_divergence": "KLDivergence kl_divergence",
        "log_cosh": "LogCosh log_cosh",
        "mean_absolute_error": "MeanAbsoluteError mean_absolute_error",
        "mean_absolute_percentage_error": "MeanAbsolutePercentageError mean_absolute_percentage_error",
        "mean_squared_error": "MeanSquaredError mean_squared_error",
        "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError mean_squared_logarithmic_error",
        "poisson": "Poisson poisson",
        "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy sparse_categorical_crossentropy",
        "squared_hinge": "SquaredHinge squared_hinge",
        "tversky": "Tversky tversky",
    },
)

_ALIASES = {
    "BCE": "binary_crossentropy",
    "KLD": "kl_divergence",
    "MAE": "mean_absolute_error",
    "MAPE": "mean_absolute_percentage_error",
    "MSE": "mean_squared_error",
    "MSLE": "mean_squared_logarithmic_error",
    "bce": "binary_crossentropy",
    "kld": "kl_divergence",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "mse": "mean_squared_error",
    "msle": "mean_squared_logarithmic_error",
    # as files of Keras 2 say
    "kullback_leibler_divergence": "kl_divergence",
    "logcosh": "log_cosh",
}

CLASS_OF = Table({to_snake_case(name): entry for name, entry in _LATER.items() if name[0].isupper()})
"""The class of each loss function, by the function's name."""

TABLE = Table(_LATER | {alias: _LATER[name] for alias, name in _ALIASES.items()})

builtin("keras.losses", Loss, LossFunctionWrapper, **_LATER)


def get(identifier: Any) -> Any:
    """The loss that an argument means.

    Args:
        identifier: A name (`"mse"`, `"mean_squared_error"`, `"MeanSquaredError"`), a configuration, a class, a
            function, a `Loss`, or `None`.

    Returns:
        A `Loss` or a function; `None` for `None`.

    Raises:
        ValueError: If the name is unknown.
    """
    return lookup("loss", identifier, TABLE, "keras.losses")


def as_loss(identifier: Any) -> Loss | None:
    """Like `get`, but always a `Loss`: a function is wrapped, and called as it was spelled.

    Args:
        identifier: As for `get`.
    """
    loss = get(identifier)
    if loss is None or isinstance(loss, Loss):
        return loss
    name = identifier if isinstance(identifier, str) else object_name(loss)
    cls = class_of(loss)
    return LossFunctionWrapper(loss, name=name) if cls is None else cls(name=name)


def class_of(function: Any) -> type[Loss] | None:
    """The class that belongs to one of the functions of this package; `None` for anything else."""
    family, name = (public_name(function) if getattr(function, "__hash__", None) else None) or ("", "")
    return CLASS_OF[name] if family == "keras.losses" and name in CLASS_OF else None


def object_name(thing: Any) -> str:
    """The name results of this object go by: its `name`, or its function's or class's in snake case."""
    name = getattr(thing, "name", None)
    if isinstance(name, str):
        return name
    return to_snake_case(getattr(thing, "__name__", type(thing).__name__))


def serialize(loss: Any) -> Any:
    """A loss, or the name of a loss function, as plain data."""
    return serialize_keras_object(loss)


def deserialize(name: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The loss that `serialize` described.

    Args:
        name: A configuration, or the name of a loss.
        custom_objects: From names to losses of your own.

    Raises:
        TypeError: If the configuration names nothing known.
        ValueError: If a name is unknown.
    """
    if isinstance(name, str):
        return (custom_objects or {}).get(name) or lookup("loss", name, TABLE, "keras.losses")
    return deserialize_keras_object(name, custom_objects=custom_objects, module="keras.losses")
