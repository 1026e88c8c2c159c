"""Optimizers, a file each; `base.py` has what they share and is the one to read first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from babytf.errors import unknown_name
from babytf.lazy import Table, later
from babytf.optimizers import schedules
from babytf.optimizers.base import Optimizer
from babytf.serialization import (
    builtin,
    deserialize_keras_object,
    get_registered_object,
    lookup,
    serialize_keras_object,
)

if TYPE_CHECKING:
    from babytf.optimizers.adadelta import Adadelta
    from babytf.optimizers.adafactor import Adafactor
    from babytf.optimizers.adagrad import Adagrad
    from babytf.optimizers.adam import Adam
    from babytf.optimizers.adamax import Adamax
    from babytf.optimizers.adamw import AdamW
    from babytf.optimizers.ftrl import Ftrl
    from babytf.optimizers.lamb import Lamb
    from babytf.optimizers.lion import Lion
    from babytf.optimizers.loss_scale_optimizer import LossScaleOptimizer
    from babytf.optimizers.multi_optimizer import MultiOptimizer
    from babytf.optimizers.muon import Muon
    from babytf.optimizers.nadam import Nadam
    from babytf.optimizers.optimizer_map import OptimizerMap
    from babytf.optimizers.rmsprop import RMSprop
    from babytf.optimizers.schedule_free_adamw import ScheduleFreeAdamW
    from babytf.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_LATER = later(
    __name__,
    {
        "adadelta": "Adadelta",
        "adafactor": "Adafactor",
        "adagrad": "Adagrad",
        "adam": "Adam",
        "adamax": "Adamax",
        "adamw": "AdamW",
        "ftrl": "Ftrl",
        "lamb": "Lamb",
        "lion": "Lion",
        "loss_scale_optimizer": "LossScaleOptimizer",
        "multi_optimizer": "MultiOptimizer",
        "muon": "Muon",
        "nadam": "Nadam",
        "optimizer_map": "OptimizerMap",
        "rmsprop": "RMSprop",
        "schedule_free_adamw": "ScheduleFreeAdamW",
        "sgd": "SGD",
    },
)

TABLE = Table({name.lower(): entry for name, entry in _LATER.items() if name != "OptimizerMap"})

builtin("keras.optimizers", Optimizer, **_LATER, **TABLE.entries)


def get(identifier: Any) -> Any:
    """The optimizer that a name, a configuration, a class or an optimizer itself stands for.

    Args:
        identifier: Name in any case (`"adam"`), dict from `serialize`, class, `Optimizer` or `None`.

    Returns:
        An optimizer; `None` for `None`.

    Raises:
        ValueError: If the name is unknown, or it is not an optimizer.
    """
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str) and get_registered_object(identifier) is None and identifier.lower() in TABLE:
        identifier = identifier.lower()
    found = lookup("optimizer", identifier, TABLE, "keras.optimizers")
    if found is not None and not isinstance(found, Optimizer):
        raise unknown_name("optimizer", identifier, TABLE)
    return found


def serialize(optimizer: Optimizer) -> Any:
    """The configuration of an optimizer, as a dict; `deserialize` takes it back."""
    return serialize_keras_object(optimizer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The optimizer of a configuration.

    Args:
        config: What `serialize` gave; the class name may be in any case.
        custom_objects: Classes and functions of your own, by name.
    """
    name = config.get("class_name")
    if isinstance(name, str) and name.lower() in TABLE:
        config = {**config, "class_name": TABLE[name.lower()].__name__}
    found = deserialize_keras_object(config, custom_objects=custom_objects, module="keras.optimizers")
    if not isinstance(found, Optimizer):
        raise unknown_name("optimizer", name, TABLE)
    return found
