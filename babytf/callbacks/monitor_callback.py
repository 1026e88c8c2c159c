"""`MonitorCallback`: base of callbacks that watch whether a quantity gets better."""

from __future__ import annotations

import warnings
from typing import Any

from babytf.callbacks.callback import Callback
from babytf.errors import explain


class MonitorCallback(Callback):
    """Knows which way is better.

    Args:
        monitor: Name of the quantity in `logs`.
        mode: `"min"`, `"max"`, or `"auto"`: by the metric's own direction; losses go down.
        baseline: The value to beat first; `None`: none.
        min_delta: A change smaller than this is no improvement.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0.0
    ) -> None:
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__}: mode {mode!r} is not 'auto', 'min' or 'max'; using 'auto'.",
                UserWarning,
                stacklevel=3,
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self._sign: int | None = None

    def _better(self, value: float, reference: float | None) -> bool:
        """Whether `value` improves on `reference` by more than `min_delta`."""
        if self._sign is None:
            self._sign = self._direction()
        if reference is None:
            return True
        return value - self.min_delta > reference if self._sign > 0 else value + self.min_delta < reference

    def _direction(self) -> int:
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return -1
        for metric in getattr(self.model, "metrics", []):
            for one in (metric, *getattr(metric, "metrics", ())):
                direction = getattr(one, "_direction", None)
                if getattr(one, "name", None) == name and direction is not None:
                    return 1 if direction == "up" else -1
        if name.endswith("_loss"):
            return -1
        raise ValueError(
            explain(
                f"{type(self).__name__} cannot tell whether {self.monitor!r} should go up or down.",
                got="mode='auto'",
                expected="'loss', or a metric of the model that knows its direction",
                fix="pass mode='max' or mode='min'",
            )
        )

    def _current(self, logs: dict[str, Any] | None) -> float | None:
        """The quantity's value, or `None` with a warning that lists what there is."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"{type(self).__name__} watches {self.monitor!r}, which is not there; there are: "
                f"{', '.join(logs or ()) or 'none'}.",
                UserWarning,
                stacklevel=3,
            )
        return value
