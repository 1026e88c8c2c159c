"""`TerminateOnNaN`: stop as soon as the loss is no number."""

from __future__ import annotations

import math
import sys
from typing import Any

from babytf.callbacks.callback import Callback
from babytf.errors import explain


class TerminateOnNaN(Callback):
    """Ends `fit` at the first batch after which the loss is NaN or infinite.

    Args:
        raise_error: Raise a `RuntimeError` rather than end `fit` in order.

    Raises:
        RuntimeError: If `raise_error` and the loss is no finite number.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                explain(
                    f"the loss is not finite after batch {batch}.",
                    got=f"loss={loss}",
                    expected="a finite number",
                    fix="a smaller learning rate or clipnorm; enable_check_numerics() finds the operation",
                )
            )
        sys.stdout.write(f"Batch {batch}: the loss is {loss}; training ends here.\n")
        self.model.stop_training = True
