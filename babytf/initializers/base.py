"""What initializers have in common: the call, the configuration, and for the random ones the seed."""

from __future__ import annotations

import numbers
from typing import Any

from babytf import random
from babytf.errors import explain
from babytf.serialization import Configurable, deserialize_keras_object, serialize_keras_object


class Initializer(Configurable):
    """Base of the initializers; override `__call__(shape, dtype)`.

    Example:
        >>> class Twos(Initializer):
        ...     def __call__(self, shape, dtype=None):
        ...         return ops.full(shape, 2.0, dtype=dtype)
        >>> Twos()((3,)).numpy().tolist()
        [2.0, 2.0, 2.0]
    """

    def __call__(self, shape: Any, dtype: Any = None) -> Any:
        """The values for a variable of this shape and dtype (`None`: `floatx()`)."""
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} has no `__call__(shape, dtype)`.",
                expected="an initializer that overrides it",
                fix="def __call__(self, shape, dtype=None): return ops.zeros(shape, dtype)",
            )
        )

    def clone(self) -> Initializer:
        """A new initializer of the same configuration."""
        return type(self).from_config(self.get_config())


class RandomInitializer(Initializer):
    """What the random initializers share: the seed.

    Args:
        seed: An integer, a `SeedGenerator`, or `None` to draw an integer now.
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = deserialize_keras_object(seed)
        is_integer = isinstance(seed, numbers.Integral) and not isinstance(seed, bool)
        if not (seed is None or is_integer or isinstance(seed, random.SeedGenerator)):
            raise ValueError(
                explain(
                    f"{type(self).__name__}: bad `seed`.",
                    got=f"seed={seed!r}",
                    expected="an integer, a SeedGenerator or None",
                    fix="seed=42",
                )
            )
        self._given_seed = seed
        self.seed = random.make_default_seed() if seed is None else seed

    def get_config(self) -> dict[str, Any]:
        """The arguments; `seed` as it was given, so `None` stays `None`."""
        return {**super().get_config(), "seed": serialize_keras_object(self._given_seed)}
