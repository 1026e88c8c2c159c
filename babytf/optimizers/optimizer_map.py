"""`OptimizerMap`: which optimizer is for which weight. `multi_optimizer.py` has what uses it."""

from __future__ import annotations

import re
from collections.abc import Iterator, MutableMapping
from typing import Any

from babytf.engine import Variable
from babytf.errors import explain
from babytf.optimizers.base import Optimizer
from babytf.serialization import Configurable


class OptimizerMap(Configurable, MutableMapping[str, Optimizer]):
    """Optimizers by the paths of weights.

    A key is the whole path of a weight (`"sequential/dense/kernel"`), or a pattern that fits the whole of it
    (`"encoder/.*"`).

    Args:
        default_optimizer: The optimizer of weights that no key fits.
        optimizer_map: Optimizers by key, as a dict.

    Raises:
        TypeError: If `default_optimizer` is no optimizer, or `optimizer_map` no dict.

    Example:
        >>> from babytf.optimizers import SGD, Adam
        >>> optimizers = OptimizerMap(SGD(), {"encoder/.*": Adam()})
        >>> optimizers["encoder/dense/kernel"].name, optimizers["head/kernel"].name
        ('adam', 'sgd')
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None) -> None:
        if not isinstance(default_optimizer, Optimizer):
            raise TypeError(
                explain(
                    "OptimizerMap: bad `default_optimizer`.",
                    got=f"default_optimizer={default_optimizer!r}",
                    expected="an Optimizer",
                    fix="OptimizerMap(default_optimizer=keras.optimizers.Adam())",
                )
            )
        if optimizer_map is not None and not isinstance(optimizer_map, dict):
            raise TypeError(
                explain(
                    "OptimizerMap: bad `optimizer_map`.",
                    got=f"optimizer_map={optimizer_map!r}",
                    expected="a dict from paths or patterns to optimizers, or None",
                    fix='optimizer_map={"encoder/.*": keras.optimizers.SGD()}',
                )
            )
        self.default_optimizer = default_optimizer
        self.optimizer_map: dict[str, Optimizer] = {}
        for key, optimizer in (optimizer_map or {}).items():
            self[key] = optimizer

    def __call__(self, variable: Variable) -> Optimizer:
        """The optimizer of a weight."""
        return self[variable.path]

    def __getitem__(self, path: str) -> Optimizer:
        """The optimizer of a path.

        Raises:
            ValueError: If more than one pattern fits, and the path itself is no key.
        """
        if path in self.optimizer_map:
            return self.optimizer_map[path]
        fitting = [key for key in self.optimizer_map if re.fullmatch(key, path)]
        if len(fitting) > 1:
            raise ValueError(
                explain(
                    f"OptimizerMap: {path!r} has more than one optimizer.",
                    got=f"it fits {', '.join(map(repr, fitting))}",
                    expected="patterns of which one fits at most",
                    fix=f"make {path!r} itself a key, which comes before patterns",
                )
            )
        return self.optimizer_map[fitting[0]] if fitting else self.default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        """Add an optimizer under a new key.

        Raises:
            ValueError: If the key exists or is no string, or the value is no optimizer that may be in a map.
        """
        if not isinstance(key, str):
            raise ValueError(explain("OptimizerMap: keys are paths or patterns.", got=repr(key), expected="a string"))
        if key in self.optimizer_map:
            raise ValueError(
                explain(
                    f"OptimizerMap: {key!r} has an optimizer already.",
                    got=repr(optimizer),
                    expected=f"one only: {self.optimizer_map[key]!r}",
                    fix=f"del optimizers[{key!r}] first",
                )
            )
        self.optimizer_map[key] = may_be_inside(optimizer, key)

    def __delitem__(self, key: str) -> None:
        del self.optimizer_map[key]

    def __len__(self) -> int:
        return len(self.optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self.optimizer_map)


def may_be_inside(optimizer: Any, where: str) -> Optimizer:
    """The optimizer itself.

    Raises:
        ValueError: If it is no optimizer, or one that wraps others.
    """
    if not isinstance(optimizer, Optimizer) or optimizer.wraps:
        raise ValueError(
            explain(
                f"the optimizer for {where!r} cannot be part of a MultiOptimizer.",
                got=repr(optimizer),
                expected="an Optimizer that wraps no other",
                fix="for a loss scale, put the LossScaleOptimizer around the MultiOptimizer",
            )
        )
    return optimizer
