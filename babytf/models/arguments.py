"""Checks of the arguments of `fit`, `evaluate` and `predict` that say how, not with what data."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from babytf import check, config
from babytf.errors import explain


def check_verbosity(who: str, verbose: Any) -> int:
    """`verbose` as a number; `"auto"` is 1, or 2 where `disable_interactive_logging()` was called."""
    check.one_of(who, ("auto", 0, 1, 2), verbose=verbose)
    if verbose == "auto":
        return 1 if config.is_interactive_logging_enabled() else 2
    return int(verbose)


def check_fraction(validation_split: Any) -> float:
    """`validation_split`, at least 0 and below 1."""
    if 0 <= check.number("fit", validation_split=validation_split) < 1:
        return validation_split
    raise ValueError(
        explain(
            "fit: bad `validation_split`.",
            got=f"validation_split={validation_split!r}",
            expected="a fraction of at least 0 and below 1",
            fix="0.1 sets a tenth aside",
        )
    )


def check_frequency(validation_freq: Any) -> None:
    """Refuse what says not when to validate."""
    if isinstance(validation_freq, (str, bytes)) or not isinstance(validation_freq, Container):
        check.positive_int("fit", validation_freq=validation_freq)


def is_due(epoch: int, validation_freq: Any) -> bool:
    """Whether to validate after this epoch, counted from 1."""
    return epoch in validation_freq if isinstance(validation_freq, Container) else epoch % validation_freq == 0
