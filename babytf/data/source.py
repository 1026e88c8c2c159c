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

    def draw_order(self) -> Any:
        """The order of the next pass, drawn anew: an array; `None` if batches come as they come."""
        return None

    def batches(self, order: Any = None, start: int = 0) -> Iterator[Any]:
        """One pass.

        Args:
            order: What `draw_order` gave.
            start: How many batches of it to leave out.
        """
        raise NotImplementedError

    def peek(self) -> Any:
        """The first batch, without using it up."""
        raise NotImplementedError

    def on_epoch_begin(self) -> None:
        """An epoch starts."""

    def on_epoch_end(self) -> None:
        """An epoch has ended."""

    def get_state(self) -> dict[str, Any]:
        """What another process needs, beside order and position, to go on from here; plain values and arrays."""
        return {}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go to where `get_state` was called.

        Args:
            state: What it returned.

        Raises:
            ValueError: If it belongs to other data.
        """

    def close(self) -> None:
        """Nothing more will be asked for."""
