"""One step of training, of testing, of prediction: the maths that `fit`, `evaluate` and `predict` repeat.

Each of these methods may be overridden. They see Tensors, and are recorded once and then run as a program,
unless `compile(run_eagerly=True)`. Next: `trainer.py`, the loops around them.
"""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from babytf import config, ops
from babytf.data import unpack_x_y_sample_weight
from babytf.engine import GradientTape, tree
from babytf.errors import explain
from babytf.layers.calling import signature_of
from babytf.models.state import TrainingState


class Steps:
    """What a model does with one batch."""

    name: str

    @property
    def _training(self) -> TrainingState:
        state = self.__dict__.get("_training_state")
        if state is None:
            state = self.__dict__["_training_state"] = TrainingState()
        return state

    # --- what compile() was given, by the names Keras has for it

    @property
    def optimizer(self) -> Any:
        """The optimizer of `compile`."""
        return self._training.optimizer

    @optimizer.setter
    def optimizer(self, value: Any) -> None:
        self._training.optimizer = value
        self._training.functions.clear()

    @property
    def loss(self) -> Any:
        """The loss as `compile` was given it."""
        return self._training.loss

    @loss.setter
    def loss(self, value: Any) -> None:
        self._training.loss = value

    @property
    def _loss_tracker(self) -> Any:
        return self._training.loss_tracker

    @property
    def _compile_loss(self) -> Any:
        return self._training.compile_loss

    @property
    def _compile_metrics(self) -> Any:
        return self._training.compile_metrics

    # --- the steps

    def train_step(self, data: Any) -> dict[str, Any]:
        """Forward, loss, gradients, update: what `fit` does with a batch.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            The averages so far, by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        weights = self.trainable_weights  # type: ignore[attr-defined]
        with GradientTape() as tape:
            y_pred = self._forward(x, training=True)
            loss = self._compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled_loss = loss if self.optimizer is None else self.optimizer.scale_loss(loss)
        self._loss_tracker.update_state(loss, sample_weight=batch_size_of(x))
        weights = weights or self.trainable_weights  # type: ignore[attr-defined]
        if weights:
            gradients = tape.gradient(scaled_loss, weights)
            self.optimizer.apply(gradients, weights)
        else:
            warnings.warn(f"'{self.name}' has no trainable weights, so nothing is trained.", UserWarning, stacklevel=2)
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Forward and loss: what `evaluate` does with a batch.

        Args:
            data: `x`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            The averages so far, by name.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self._forward(x, training=False)
        loss = self._compute_loss(x, y, y_pred, sample_weight, training=False)
        self._loss_tracker.update_state(loss, sample_weight=batch_size_of(x))
        return self.compute_metrics(x, y, y_pred, sample_weight=sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Forward: what `predict` does with a batch.

        Args:
            data: `x`, or a tuple that begins with it.

        Returns:
            The model's outputs.
        """
        x, _, _ = unpack_x_y_sample_weight(data)
        return self._forward(x, training=False)

    def _forward(self, x: Any, training: bool) -> Any:
        # As in Keras, a `call` that does not take `training` leaves its layers untold of it.
        extra = {"training": training} if signature_of(type(self).call).takes_training else {}  # type: ignore[attr-defined]
        return self(x, **extra)  # type: ignore[operator]

    # --- the loss

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The number that training makes small: the compiled loss, and what layers add to it.

        Args:
            x: Inputs.
            y: Targets.
            y_pred: The model's outputs.
            sample_weight: Weights of the samples.
            training: Whether this is a training step.

        Returns:
            A scalar Tensor.

        Raises:
            ValueError: If there is nothing to minimize.
        """
        parts = []
        if self._compile_loss is not None:
            loss = self._compile_loss(y, y_pred, sample_weight)
            if loss is not None:
                parts.append(loss)
        for added in self.losses:  # type: ignore[attr-defined]
            added = ops.convert_to_tensor(added)
            if added.dtype.kind != "f":
                added = ops.cast(added, config.floatx())
            parts.append(ops.sum(added) if added.shape else added)
        if not parts:
            raise ValueError(
                explain(
                    f"'{self.name}' has no loss to compute.",
                    got="compile() without a loss, and no layer that adds one",
                    expected="a loss",
                    fix="compile(loss='mse'), add_loss in a layer, or override compute_loss or train_step",
                )
            )
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return total

    def _compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool) -> Any:
        """`compute_loss`, also where it is overridden in the older form, without `training`."""
        if type(self).compute_loss is Steps.compute_loss:
            return self.compute_loss(x, y, y_pred, sample_weight, training)
        parameters = inspect.signature(self.compute_loss).parameters
        takes_training = "training" in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
        extra = {"training": training} if takes_training else {}
        return self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, **extra)

    # --- the metrics

    @property
    def metrics(self) -> list[Any]:
        """All metrics: the loss's average, those of `compile`, those of single outputs, those of layers."""
        state = self._training
        found = [m for m in (state.loss_tracker, state.compile_metrics) if m is not None]
        if state.compile_loss is not None:
            found.extend(state.compile_loss.metrics)
        found.extend(super().metrics)  # type: ignore[misc]
        return list({id(m): m for m in found}.values())

    @property
    def metrics_names(self) -> list[str]:
        """Their names; the metrics of `compile` stand as one, `compile_metrics`."""
        return [m.name for m in self.metrics]

    def reset_metrics(self) -> None:
        """Start all averages anew."""
        for metric in self.metrics:
            metric.reset_state()

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Bring all metrics up to date with a batch.

        Args:
            x: Inputs.
            y: Targets.
            y_pred: The model's outputs.
            sample_weight: Weights of the samples.

        Returns:
            The averages so far, by name.
        """
        if self._compile_metrics is not None:
            self._compile_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The value of every metric, by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            if isinstance(value, dict):
                results.update(value)
            else:
                results[metric.name] = value
        return results


def batch_size_of(x: Any) -> int:
    """Length of the first axis of the first array."""
    return next(leaf for leaf in tree.flatten(x) if leaf is not None).shape[0]
