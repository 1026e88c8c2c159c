"""`CallbackList`: calls many callbacks as one, and knows who listens to what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from babytf.callbacks.callback import Callback
from babytf.callbacks.history import History
from babytf.callbacks.logs import Logs, to_floats
from babytf.callbacks.progbar_logger import ProgbarLogger
from babytf.engine import tree
from babytf.errors import explain

BATCH_HOOKS = {
    "train_batch_begin": ("on_train_batch_begin", "on_batch_begin"),
    "train_batch_end": ("on_train_batch_end", "on_batch_end"),
    "test_batch_begin": ("on_test_batch_begin",),
    "test_batch_end": ("on_test_batch_end",),
    "predict_batch_begin": ("on_predict_batch_begin",),
    "predict_batch_end": ("on_predict_batch_end",),
}


class CallbackList(Callback):
    """Several callbacks, called in order; `BackupAndRestore` comes last, as it keeps what the others did.

    Args:
        callbacks: The callbacks, in any nesting; or one.
        add_history: Whether to add a `History` if there is none.
        add_progbar: Whether to add a `ProgbarLogger` if there is none.
        model: The model they are told of.
        **params: What `set_params` gives to each: `verbose`, `epochs`, `steps`.

    Raises:
        TypeError: If one is no callback, or a class in place of an instance.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = tree.flatten(callbacks) if callbacks is not None else []
        for callback in self.callbacks:
            _check(callback)
        self._history = next((c for c in self.callbacks if isinstance(c, History)), None)
        self._progbar = next((c for c in self.callbacks if isinstance(c, ProgbarLogger)), None)
        if add_history and self._history is None:
            self._history = History()
            self.callbacks.append(self._history)
        if add_progbar and self._progbar is None:
            self._progbar = ProgbarLogger()
            self.callbacks.append(self._progbar)
        self._put_in_order()
        if model is not None:
            self.set_model(model)
        self.set_params(params)
        self.refresh()

    def append(self, callback: Any) -> None:
        """Add one at the end."""
        _check(callback)
        self.callbacks.append(callback)
        self._put_in_order()
        self.refresh()

    def _put_in_order(self) -> None:
        self.callbacks.sort(key=lambda callback: bool(getattr(callback, "comes_last", False)))

    def set_params(self, params: dict[str, Any]) -> None:
        """Hand the parameters to each."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        """Hand the model to each; the history becomes `model.history`."""
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def refresh(self) -> None:
        """Find out anew who overrides the methods for batches."""
        self._listeners = {
            moment: [c for c in self.callbacks if any(_overrides(c, hook) for hook in hooks)]
            for moment, hooks in BATCH_HOOKS.items()
        }

    def listens(self, moment: str) -> bool:
        """Whether anybody wants to know, for example of `"train_batch_end"`."""
        return bool(self._listeners[moment])

    def close(self) -> None:
        """Leave the screen in order after an exception."""
        if self._progbar is not None:
            self._progbar.close()

    # ---- the rare moments: everybody is told --------------------------------------------------------------------

    def _tell(self, hook: str, *args: Any, logs: Mapping[str, Any] | None) -> None:
        floats = to_floats(logs)
        for callback in self.callbacks:
            getattr(callback, hook)(*args, floats)
        self.refresh()  # a callback may have been added, or given a method

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._tell("on_train_begin", logs=logs)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._tell("on_train_end", logs=logs)

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._tell("on_epoch_begin", epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        self._tell("on_epoch_end", epoch, logs=logs)

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._tell("on_test_begin", logs=logs)

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._tell("on_test_end", logs=logs)

    def on_predict_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        self._tell("on_predict_begin", logs=logs)

    def on_predict_end(self, logs: Mapping[str, Any] | None = None) -> None:
        self._tell("on_predict_end", logs=logs)

    # ---- every batch: only listeners are told --------------------------------------------------------------------

    def on_train_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        for callback in self._listeners["train_batch_begin"]:
            callback.on_train_batch_begin(batch, logs=to_floats(logs))

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        late = logs if isinstance(logs, Logs) else Logs(lambda: logs)
        for callback in self._listeners["train_batch_end"]:
            hook = callback.on_train_batch_end
            hook(batch, logs=late if hasattr(hook, "reads_late") else late.floats())

    def on_test_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        for callback in self._listeners["test_batch_begin"]:
            callback.on_test_batch_begin(batch, logs=to_floats(logs))

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        late = logs if isinstance(logs, Logs) else Logs(lambda: logs)
        for callback in self._listeners["test_batch_end"]:
            hook = callback.on_test_batch_end
            hook(batch, logs=late if hasattr(hook, "reads_late") else late.floats())

    def on_predict_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        for callback in self._listeners["predict_batch_begin"]:
            callback.on_predict_batch_begin(batch, logs={})

    def on_predict_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        for callback in self._listeners["predict_batch_end"]:
            callback.on_predict_batch_end(batch, logs=logs)

    def on_batch_begin(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.on_train_batch_begin(batch, logs)

    def on_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        self.on_train_batch_end(batch, logs)


def _overrides(callback: Any, hook: str) -> bool:
    """Whether a callback has a method of its own for this, and has a use for it."""
    own = getattr(callback, "__dict__", {})
    if hook not in own and getattr(type(callback), hook, None) is getattr(Callback, hook):
        return False
    when = getattr(getattr(callback, hook, None), "when", None)
    return when is None or bool(getattr(callback, when))


def _check(callback: Any) -> None:
    if isinstance(callback, type) or not hasattr(callback, "set_model"):
        name = callback.__name__ if isinstance(callback, type) else type(callback).__name__
        raise TypeError(
            explain(
                "`callbacks` holds something that is no callback.",
                got=f"the class {name}" if isinstance(callback, type) else f"{callback!r}",
                expected="instances of babytf.callbacks.Callback",
                fix=f"write {name}() with parentheses"
                if isinstance(callback, type)
                else "LambdaCallback(on_epoch_end=function) makes one from a function",
            )
        )
