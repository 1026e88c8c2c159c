"""`LambdaCallback`: a callback out of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from babytf.callbacks.callback import Callback
from babytf.errors import unknown_name


class LambdaCallback(Callback):
    """A callback made of plain functions.

    Args:
        on_epoch_begin: `f(epoch, logs)`.
        on_epoch_end: `f(epoch, logs)`.
        on_train_begin: `f(logs)`.
        on_train_end: `f(logs)`.
        on_train_batch_begin: `f(batch, logs)`; the second is passed by name.
        on_train_batch_end: `f(batch, logs)`; the second is passed by name.
        **kwargs: Any other method of `Callback`, such as `on_test_end=f`.

    Raises:
        ValueError: If `Callback` has no such method.

    Example:
        >>> seen = []
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs["loss"]))
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any],
    ) -> None:
        super().__init__()
        named = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        hooks = [name for name in dir(Callback) if name.startswith("on_")]
        for name in kwargs:
            if name.startswith("on_") and name not in hooks:
                raise unknown_name("callback method", name, hooks, got=f"LambdaCallback({name}=…)")
        self.__dict__.update({name: f for name, f in {**kwargs, **named}.items() if f is not None})
