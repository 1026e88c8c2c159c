"""`Trainer`: compile, fit, evaluate, predict: the loops around the steps of `steps.py`.

A loop does as little as it can in every step: gather a batch, run the program. Numbers become Python floats, and
callbacks are called, only when somebody listens.
"""

from __future__ import annotations

import warnings
from collections.abc import Container
from typing import Any

import numpy as np

from babytf import check, config
from babytf.callbacks import CallbackList, History
from babytf.callbacks.callback_list import to_floats
from babytf.data import Epochs, adapt, is_arrays, pack_x_y_sample_weight, unpack_x_y_sample_weight
from babytf.data.arrays import ArraySource, train_validation_split
from babytf.data.checks import number_of_samples, warn_if_not_finite
from babytf.data.class_weight import check_class_weight, class_weight_to_sample_weights
from babytf.data.convert import to_array, to_arrays
from babytf.data.iterables import both_weights
from babytf.data.source import Source
from babytf.engine import Compiled
from babytf.errors import explain
from babytf.models.arguments import check_fraction, check_frequency, check_verbosity, is_due
from babytf.models.compiled import CompileMetrics
from babytf.models.compiling import Compiling
from babytf.models.execution import STOP, ArrayRunner, StepGuard, concatenate, run_epoch, to_numpy
from babytf.models.many_batches import ManyBatches
from babytf.models.run import Run
from babytf.models.state import TrainingState
from babytf.optimizers.schedules import LearningRateSchedule


class Trainer(Compiling):
    """What a model can do with data. `Model` inherits from it."""

    # --- fit

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Container[int] = 1,
    ) -> History:
        """Train the model.

        Ctrl-C ends it between two steps: the weights and the optimizer are those after the last whole step.

        Args:
            x: Inputs: an array, a list, tuple or dict of arrays, a `PyDataset`, a generator, or any iterable of
                batches `(x, y)` or `(x, y, sample_weight)`.
            y: Targets, if `x` is arrays.
            batch_size: Rows per batch, 32 by default, if `x` is arrays.
            epochs: The epoch to end with; how many are run, if `initial_epoch` is 0.
            verbose: 0: silent. 1: a progress bar; whole lines when the output is a file. 2: a line per epoch.
                `"auto"`: 1.
            callbacks: `Callback`s to call.
            validation_split: Fraction of the arrays, from their end, to validate on rather than train on.
            validation_data: What to validate on: `(x, y)`, `(x, y, sample_weight)`, or anything that `x` can be.
            shuffle: A new order every epoch; `"batch"`: only within batches. Batches of a generator or other
                iterable come as they are; those of a `PyDataset` change places.
            class_weight: `{class: weight}`, for the loss.
            sample_weight: Weight of each sample, for the loss, if `x` is arrays.
            initial_epoch: The epoch to begin with.
            steps_per_epoch: Batches per epoch; the next epoch goes on where this one stopped. By default all of them.
            validation_steps: Batches to validate on. By default all of them.
            validation_batch_size: Rows per batch of validation; `batch_size` by default.
            validation_freq: Validate every so many epochs, or in the listed ones, counted from 1.

        Returns:
            The `History`: `history.history["loss"]` and so on, one float per epoch.

        Raises:
            ValueError: If the model is not compiled, or arguments do not go together.
            DTypeError: If arrays hold no real numbers.
        """
        self._assert_compiled("fit")
        epochs = limited_epochs(check.non_negative_int("fit", epochs=epochs))
        initial_epoch = check.non_negative_int("fit", initial_epoch=initial_epoch)
        batch_size = check.optional_positive_int("fit", batch_size=batch_size)
        steps_per_epoch = check.optional_positive_int("fit", steps_per_epoch=steps_per_epoch)
        validation_steps = check.optional_positive_int("fit", validation_steps=validation_steps)
        validation_batch_size = check.optional_positive_int("fit", validation_batch_size=validation_batch_size)
        verbose = check_verbosity("fit", verbose)
        check.one_of("fit", (True, False, "batch"), shuffle=shuffle)
        check_frequency(validation_freq)
        check_fraction(validation_split)
        if validation_split and validation_data is None:
            if not is_arrays(x):
                raise ValueError(
                    explain(
                        "`validation_split` needs arrays.",
                        got=f"x of type {type(x).__name__}",
                        expected="x and y as arrays",
                        fix="pass validation_data, another set of batches",
                    )
                )
            (x, y, sample_weight), validation_data = train_validation_split(x, y, sample_weight, validation_split)

        source = adapt(x, y, sample_weight, batch_size, steps_per_epoch, shuffle, class_weight)
        validation = None
        if validation_data is not None:
            val_x, val_y, val_weight = unpack_x_y_sample_weight(validation_data)
            if validation_batch_size is None and is_arrays(val_x):
                validation_batch_size = batch_size
            validation = adapt(val_x, val_y, val_weight, validation_batch_size, validation_steps)
        self._prepare(source.peek())
        self._check_arrays(source, validation)

        state = self._training
        batches = Epochs(source, steps_per_epoch)
        if self._rate_is_asked_for():
            self._function("train", force=True)
        runner = self._runner("train", source)
        if validation is not None:
            state.validation = Epochs(validation, validation_steps), self._runner("test", validation)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks,
                add_history=True,
                add_progbar=verbose != 0,
                verbose=verbose,
                epochs=epochs,
                steps=batches.num_batches,
                model=self,
            )
        state.stop_training = False
        run = state.run = Run(self, batches, None if validation is None else state.validation[0], initial_epoch)
        run.callbacks = callbacks.callbacks
        finished, epoch_logs = False, {}
        try:
            callbacks.on_train_begin()
            epoch_logs = run.logs
            while run.epoch < epochs and not run.stopped:
                self.reset_metrics()
                callbacks.on_epoch_begin(run.epoch)
                run.epoch_begun()
                steps, logs = run_epoch("train", batches, runner, callbacks, state, done=run.step)
                if steps == 0:
                    warnings.warn(
                        f"there is no data for epoch {run.epoch + 1}, so training ends here. A generator goes through "
                        "its batches once; let it loop forever and pass steps_per_epoch.",
                        UserWarning,
                        stacklevel=2,
                    )
                    break
                epoch_logs = to_floats(self._results(logs if steps > run.step else run.logs))
                if state.validation is not None and is_due(run.epoch + 1, validation_freq):
                    found = self.evaluate(
                        val_x,
                        val_y,
                        sample_weight=val_weight,
                        batch_size=validation_batch_size,
                        steps=validation_steps,
                        callbacks=callbacks,
                        return_dict=True,
                        _use_cached_eval_dataset=True,
                    )
                    epoch_logs.update({f"val_{name}": value for name, value in found.items()})
                callbacks.on_epoch_end(run.epoch, epoch_logs)
                run.epoch_ended()
            finished = True
        finally:
            batches.close()
            state.run = None
            if state.validation is not None:
                state.validation[0].close()
                state.validation = None
            if finished:
                if run.epoch > initial_epoch and hasattr(self.optimizer, "finalize_variable_values"):
                    self.optimizer.finalize_variable_values(self.trainable_weights)  # type: ignore[attr-defined]
                callbacks.on_train_end(epoch_logs)
            callbacks.close()
        return self.history

    # --- evaluate

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Compute loss and metrics.

        Args:
            x: Inputs, in any form that `fit` takes.
            y: Targets, if `x` is arrays.
            batch_size: Rows per batch, 32 by default, if `x` is arrays.
            verbose: As in `fit`.
            sample_weight: Weight of each sample, if `x` is arrays.
            steps: Batches to use. By default all of them.
            callbacks: `Callback`s to call.
            return_dict: Whether to return a dict rather than a list.
            **kwargs: Nothing; `fit` says here that it validates.

        Returns:
            The loss as a float; with metrics a list `[loss, …]`, or a dict by name.

        Raises:
            ValueError: If the model is not compiled, or arguments do not go together.
        """
        self._assert_compiled("evaluate")
        within_fit = kwargs.pop("_use_cached_eval_dataset", False)
        if kwargs:
            raise TypeError(f"evaluate() got an unexpected keyword argument {next(iter(kwargs))!r}")
        state = self._training
        if within_fit and state.validation is not None:
            batches, runner = state.validation
            batches.restart()
        else:
            batch_size = check.optional_positive_int("evaluate", batch_size=batch_size)
            steps = check.optional_positive_int("evaluate", steps=steps)
            verbose = check_verbosity("evaluate", verbose)
            source = adapt(x, y, sample_weight, batch_size, steps)
            self._prepare(source.peek())
            self._check_targets(getattr(source, "y", None))
            batches, runner = Epochs(source, steps), self._runner("test", source)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks,
                add_progbar=verbose != 0,
                verbose=verbose,
                epochs=1,
                steps=batches.num_batches,
                model=self,
            )
        state.stop_evaluating = False
        try:
            callbacks.on_test_begin()
            self.reset_metrics()
            every = in_a_list("test", batches, runner, callbacks, state)
            if every is not batches and (many := ManyBatches("test", runner, every)).worth:
                step, logs = len(every), many.test()
            else:
                step, logs = run_epoch("test", every, runner, callbacks, state)
            logs = to_floats(self._results(logs)) if step else {}
            callbacks.on_test_end(logs)
        finally:
            if not within_fit:
                batches.close()
                callbacks.close()
        return logs if return_dict else self._in_order(logs)

    # --- predict

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Compute the model's outputs, batch by batch.

        For a few rows, `model(x)` is quicker still, and differentiable.

        Args:
            x: Inputs, in any form that `fit` takes.
            batch_size: Rows per batch, 32 by default, if `x` is arrays.
            verbose: As in `fit`.
            steps: Batches to use. By default all of them.
            callbacks: `Callback`s to call.

        Returns:
            NumPy arrays, nested as the model's output is.
        """
        if verbose == 0 and steps is None and not callbacks and type(x) is np.ndarray and x.ndim:
            if 0 < len(x) <= (32 if batch_size is None else batch_size) and getattr(self, "built", False):
                return to_numpy(self._function("predict")(to_array(x, "x")))  # all at once
        batch_size = check.optional_positive_int("predict", batch_size=batch_size)
        steps = check.optional_positive_int("predict", steps=steps)
        verbose = check_verbosity("predict", verbose)
        source = adapt(x, None, None, batch_size, steps)
        self._build(source.peek())
        batches, runner = Epochs(source, steps), self._runner("predict", source)
        if not isinstance(callbacks, CallbackList):
            callbacks = CallbackList(
                callbacks,
                add_progbar=verbose != 0,
                verbose=verbose,
                epochs=1,
                steps=batches.num_batches,
                model=self,
            )
        self._training.stop_predicting = False
        try:
            callbacks.on_predict_begin()
            outputs: list[Any] = []
            every = in_a_list("predict", batches, runner, callbacks, self._training)
            if every is not batches and (many := ManyBatches("predict", runner, every)).worth:
                outputs = many.predict()
            else:
                run_epoch("predict", every, runner, callbacks, self._training, collected=outputs)
            callbacks.on_predict_end()
        finally:
            batches.close()
            callbacks.close()
        return concatenate(outputs)

    # --- single batches

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """One training step. Averages start anew, so it returns this batch's own loss.

        Args:
            x: Inputs.
            y: Targets.
            sample_weight: Weight of each sample.
            class_weight: `{class: weight}`, for the loss.
            return_dict: Whether to return a dict rather than a list.

        Returns:
            The loss as a float; with metrics a list `[loss, …]`, or a dict by name.
        """
        self._assert_compiled("train_on_batch")
        if class_weight is not None:
            check_class_weight(class_weight)
            if sample_weight is not None:
                raise both_weights("both")
            sample_weight = class_weight_to_sample_weights(to_array(y, "y"), class_weight)
        return self._on_batch("train", x, y, sample_weight, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch.

        Args:
            x: Inputs.
            y: Targets.
            sample_weight: Weight of each sample.
            return_dict: Whether to return a dict rather than a list.

        Returns:
            The loss as a float; with metrics a list `[loss, …]`, or a dict by name.
        """
        self._assert_compiled("test_on_batch")
        return self._on_batch("test", x, y, sample_weight, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """The model's outputs for one batch.

        Args:
            x: Inputs.

        Returns:
            NumPy arrays, nested as the model's output is.
        """
        data = pack_x_y_sample_weight(to_arrays(x, "x"))
        number_of_samples(data)
        self._build(data)
        return to_numpy(self._function("predict", data)(data))

    def _on_batch(self, kind: str, x: Any, y: Any, sample_weight: Any, return_dict: bool) -> Any:
        x, y, sample_weight = to_arrays(x, "x"), to_arrays(y, "y"), to_arrays(sample_weight, "sample_weight")
        number_of_samples(x, y, sample_weight)
        data = pack_x_y_sample_weight(x, y, sample_weight)
        self._prepare(data)
        self._check_targets(y)
        function = self._function(kind, data)
        self.reset_metrics()
        with StepGuard(kind == "train" and not self.run_eagerly) as guard:
            guard.busy = True
            logs = function(data)
            guard.busy = False
            if guard.pending:
                raise KeyboardInterrupt
        if isinstance(function, Compiled):
            self._record(kind, function, data)
        floats = to_floats(logs)
        return floats if return_dict else self._in_order(floats)

    # --- results

    def _rate_is_asked_for(self) -> bool:
        """Whether the learning rate is a function of the user's, whose value a recorded step keeps."""
        rate = getattr(self.optimizer, "_learning_rate", None)
        return callable(rate) and not isinstance(rate, LearningRateSchedule)

    def _check_arrays(self, source: Source, validation: Source | None) -> None:
        """What is worth a look over all data, once per fit."""
        named: dict[str, Any] = {}
        for prefix, data in (("", source), ("validation ", validation)):
            if isinstance(data, ArraySource):
                named.update({prefix + "x": data.x, prefix + "y": data.y, prefix + "sample_weight": data.sample_weight})
                self._check_targets(data.y)
        warn_if_not_finite(named)

    def _results(self, logs: Any) -> dict[str, Any]:
        """The metrics as they are now, if they are what the step returned; else what the step returned."""
        if not isinstance(logs, dict):
            raise ValueError(
                explain(
                    f"a step of '{self.name}' returned no results.",
                    got=f"{type(logs).__name__} from train_step or test_step",
                    expected="a dict of values by name",
                    fix="return {m.name: m.result() for m in self.metrics}",
                )
            )
        found = self.get_metrics_result()
        return found if found.keys() == logs.keys() else logs

    def _in_order(self, logs: dict[str, Any]) -> Any:
        """Values in the order of `metrics`, other names after them; a single one alone."""
        names = []
        for metric in self.metrics:
            names += [m.name for m in metric.metrics] if isinstance(metric, CompileMetrics) else [metric.name]
        known = [name for name in dict.fromkeys(names) if name in logs]
        values = [logs[name] for name in known + sorted(logs.keys() - set(known))]
        return values[0] if len(values) == 1 else values


def in_a_list(kind: str, batches: Epochs, runner: Any, callbacks: CallbackList, state: TrainingState) -> Any:
    """All the rows of an epoch if threads may share them: they are rows of arrays, in one pass, and nobody listens."""
    heard = any(callbacks.listens(f"{kind}_batch_{when}") for when in ("begin", "end"))
    if heard or getattr(state, STOP[kind]) or batches.steps is not None or type(runner) is not ArrayRunner:
        return batches
    return list(batches)


def limited_epochs(epochs: int) -> int:
    """Epochs within the limit of `config.set_max_epochs`."""
    limit = config.max_epochs()
    if limit is None or epochs <= limit:
        return epochs
    warnings.warn(f"fit is limited to {limit} epochs by config.set_max_epochs", stacklevel=3)
    return limit
