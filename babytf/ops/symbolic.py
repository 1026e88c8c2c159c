"""Operations on what has no values yet: how `ops.mean(x)` of an `Input` becomes a part of a model.

A symbolic argument refuses to become a Tensor, by raising `SymbolicInput`. The public form of every operation
catches that and hands the call to the recorder, which `babytf.layers.operation` is. Tensors pay nothing for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from babytf.engine import tensor
from babytf.engine.operators import Operators

Recorder = Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]

_recorders: list[Recorder] = []
_public: dict[Callable[..., Any], Callable[..., Any]] = {}


class SymbolicInput(TypeError):
    """Raised where a value is needed and a symbolic argument has none."""


class Symbolic(Operators):
    """Base of symbolic arguments. Operators and NumPy functions on them are recorded like those of `babytf.ops`."""

    def _no_value(self) -> str:
        """The message of the error, where nobody records."""
        return "a symbolic tensor has no values yet."

    def __tensor__(self) -> Any:
        raise SymbolicInput(self._no_value())


def recorder(function: Recorder) -> Recorder:
    """Decorator: this is called with the operation and its arguments when one of them is symbolic."""
    _recorders[:] = [function]
    return function


def public(function: Callable[..., Any]) -> Callable[..., Any]:
    """The form of an operation that takes symbolic arguments too.

    Args:
        function: The operation, for Tensors.
    """
    found = _public.get(function)
    if found is not None:
        return found

    @functools.wraps(function)
    def operation(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except SymbolicInput:
            if not _recorders:
                raise
        return _recorders[0](function, args, kwargs)

    _public[function] = _public[operation] = operation
    return operation


def convert(x: Any) -> Any:
    """`x` as a Tensor; what is symbolic stays as it is."""
    return x if isinstance(x, Symbolic) else tensor.convert(x)
