"""`SwapEMAWeights`: evaluate, and save, with averaged weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from babytf import check
from babytf.callbacks.callback import Callback
from babytf.engine import Variable
from babytf.errors import explain


class SwapEMAWeights(Callback):
    """Puts the optimizer's moving averages in the place of the weights while the model is evaluated or predicts.

    The optimizer needs `use_ema=True`. Weights and averages change places, so no memory is taken.

    Args:
        swap_on_epoch: Put the averages in place at the end of each epoch too, until the next one begins, for
            callbacks that come after this one: a `ModelCheckpoint` then saves the averages. A callback that ends
            training (`EarlyStopping`) is to come before this one.

    Raises:
        ValueError: When used, if the optimizer keeps no averages.

    Example:
        >>> callbacks = [SwapEMAWeights(swap_on_epoch=True)]  # then ModelCheckpoint(…)
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = check.boolean(self, swap_on_epoch=swap_on_epoch)
        self._swapped = False

    def set_model(self, model: Any) -> None:
        self._swapped = self._swapped and model is self.model
        super().set_model(model)

    def get_state(self) -> dict[str, Any]:
        """Whether the averages are in the weights."""
        return {"swapped": self._swapped}

    def set_state(self, state: dict[str, Any]) -> None:
        """Know that again."""
        self._swapped = state["swapped"]

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._put(averages=False)  # a fit before this one may have been interrupted in between
        list(self._pairs())  # refuses an optimizer without averages before the first step

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self.swap_on_epoch:
            self._put(averages=False)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not self.swap_on_epoch:
            return
        self._put(averages=True)
        if epoch == (self.params or {}).get("epochs", 0) - 1 or self.model.stop_training:
            # The end of fit writes the averages into the weights: it must find them where they belong.
            for weight, average in self._pairs():
                average.assign(weight.numpy())

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._put(averages=True)

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        self._put(averages=False)

    def on_predict_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._put(averages=True)

    def on_predict_end(self, logs: dict[str, Any] | None = None) -> None:
        self._put(averages=False)

    def _put(self, averages: bool) -> None:
        """Have the averages in the weights, or the weights themselves."""
        if averages != self._swapped:
            for weight, average in self._pairs():
                kept = weight.numpy()
                weight.assign(average.numpy())
                average.assign(kept)
            self._swapped = averages

    def _pairs(self) -> Iterator[tuple[Variable, Variable]]:
        """Each weight with its average."""
        optimizer = self.model.optimizer
        optimizer = getattr(optimizer, "inner_optimizer", optimizer)
        found = [one for one in getattr(optimizer, "optimizers", [optimizer]) if getattr(one, "use_ema", False)]
        if not found:
            raise ValueError(
                explain(
                    "SwapEMAWeights needs an optimizer that keeps averages.",
                    got=f"{optimizer!r} with use_ema=False",
                    expected="use_ema=True",
                    fix="compile(keras.optimizers.Adam(use_ema=True), …)",
                )
            )
        for one in found:
            if int(one.iterations) > 0:  # before the first step there are none
                yield from zip(one._trainable_variables, one._slot_variables["average"], strict=True)
