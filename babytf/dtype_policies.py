"""Dtype policies: which dtype a layer computes in, and which its variables have.

The class itself is in `config.py`, as the program-wide setting; here is how a layer's `dtype=` argument
becomes one.
"""

from __future__ import annotations

from typing import Any

from babytf import config
from babytf.config import DTypePolicy
from babytf.errors import explain
from babytf.serialization import builtin, deserialize_keras_object, serialize_keras_object

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]

FloatDTypePolicy = DTypePolicy
"""The older name of `DTypePolicy`."""


def get(identifier: Any) -> DTypePolicy:
    """The policy that a `dtype=` argument means.

    Args:
        identifier: `None` (the program's policy), a name such as `"float32"`, a dtype, a `DTypePolicy`, or its
            serialized form.

    Raises:
        ValueError: If it names no policy.

    Example:
        >>> get("mixed_float16").compute_dtype
        'float16'
    """
    if identifier is None:
        return config.dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return deserialize(identifier)
    return DTypePolicy(identifier)


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """A policy as plain data."""
    return serialize_keras_object(dtype_policy)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> DTypePolicy:
    """The policy that `serialize` described.

    Raises:
        ValueError: If the data describes something else.
    """
    policy = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(policy, DTypePolicy):
        raise ValueError(
            explain(
                "this is not a dtype policy.",
                got=repr(config),
                expected="a serialized DTypePolicy",
                fix="pass a name such as dtype='float32'",
            )
        )
    return policy


builtin("keras", DTypePolicy)
