"""What all kinds of training data have in common: passes over batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class Source:
    """Data that comes in batches, pass after pass.

    Attributes:
        num_batches: Batches of one pass, or `None` if only the pass itself can tell.
        repeats: Whether a second pass starts again from the first batch. False for a generator, which goes on.
    """

    num_batches: int | None = None
    repeats = True

    def batches(self) -> Iterator[Any]:
        """One pass."""
        raise NotImplementedError

    def peek(self) -> Any:
        """The first batch, without using it up."""
        raise NotImplementedError

    def on_epoch_begin(self) -> None:
        """An epoch starts."""

    def on_epoch_end(self) -> None:
        """An epoch has ended."""

    def close(self) -> None:
        """Nothing more will be asked for."""
