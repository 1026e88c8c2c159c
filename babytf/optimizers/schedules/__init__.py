"""Learning rates that change from step to step; a file per schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from babytf.lazy import later
from babytf.optimizers.schedules.learning_rate_schedule import LearningRateSchedule
from babytf.serialization import builtin, deserialize_keras_object, serialize_keras_object

if TYPE_CHECKING:
    from babytf.optimizers.schedules.cosine_decay import CosineDecay
    from babytf.optimizers.schedules.cosine_decay_restarts import CosineDecayRestarts
    from babytf.optimizers.schedules.exponential_decay import ExponentialDecay
    from babytf.optimizers.schedules.inverse_time_decay import InverseTimeDecay
    from babytf.optimizers.schedules.piecewise_constant_decay import PiecewiseConstantDecay
    from babytf.optimizers.schedules.polynomial_decay import PolynomialDecay

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

_LATER = later(
    __name__,
    {
        "cosine_decay": "CosineDecay",
        "cosine_decay_restarts": "CosineDecayRestarts",
        "exponential_decay": "ExponentialDecay",
        "inverse_time_decay": "InverseTimeDecay",
        "piecewise_constant_decay": "PiecewiseConstantDecay",
        "polynomial_decay": "PolynomialDecay",
    },
)

builtin("keras.optimizers.schedules", LearningRateSchedule, **_LATER)


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """The configuration of a schedule, as a dict; `deserialize` takes it back."""
    return serialize_keras_object(learning_rate_schedule)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule of a configuration.

    Args:
        config: What `serialize` gave.
        custom_objects: Classes of your own, by name.
    """
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.optimizers.schedules")
