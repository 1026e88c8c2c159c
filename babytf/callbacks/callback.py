"""`Callback`: what may be told of training, evaluation and prediction as they go on."""

from __future__ import annotations

from typing import Any


class Callback:
    """Base of all callbacks. Override the methods of the moments that matter to you.

    A method for batches costs time in every step, so it is called only if you override it.
    `logs` maps names to Python floats: losses and metrics, as far as they are known at that moment.

    Attributes:
        model: The model being trained.
        params: `{"verbose": …, "epochs": …, "steps": …}`; `steps` is `None` where nobody knows.

    Example:
        >>> class StopAt(Callback):
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         if logs["loss"] < 0.1:
        ...             self.model.stop_training = True
    """

    comes_last = False
    """Whether it is called after the others, wherever it stands in the list."""

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the parameters of the run."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model."""
        self._model = model

    @property
    def model(self) -> Any:
        """The model being trained, evaluated or asked to predict."""
        return self._model

    def get_state(self) -> dict[str, Any]:
        """What a callback has to remember for a `fit` that is interrupted to go on exactly; see `BackupAndRestore`.

        Returns:
            Plain values and arrays by name; nothing by default.
        """
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go back to what `get_state` returned. Called after `on_train_begin`.

        Args:
            state: That.
        """

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """`fit` starts. `logs` is empty."""

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """`fit` ends, unless by an exception. `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """An epoch of `fit` starts; the first is 0. `logs` is empty."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """An epoch of `fit` has ended, with its validation. `logs` has the results, validation's as `val_…`."""

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A training batch starts; the first of an epoch is 0. With `steps_per_execution=n`, every n batches."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A training batch has ended. `logs` has the averages of the epoch up to it."""
        self.on_batch_end(batch, logs=logs)

    def on_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """The older name of `on_train_batch_end`."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """`evaluate`, or validation in `fit`, starts."""

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        """`evaluate`, or validation in `fit`, has ended. `logs` has the results."""

    def on_test_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A batch of evaluation or validation starts."""

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A batch of evaluation or validation has ended. `logs` has the averages up to it."""

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        """`predict` starts."""

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        """`predict` has ended."""

    def on_predict_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A batch of prediction starts."""

    def on_predict_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """A batch of prediction has ended. `logs` is `{"outputs": …}`."""
