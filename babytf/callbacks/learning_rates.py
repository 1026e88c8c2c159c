"""Reading, setting and reporting the learning rate, or the rates where several optimizers share a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from babytf.errors import explain


def optimizers_of(model: Any) -> Iterator[tuple[str, Any]]:
    """The optimizers that have a learning rate, with the name that their rate goes by in logs.

    Args:
        model: A compiled model.

    Raises:
        ValueError: If its optimizer has no learning rate.
    """
    optimizer = model.optimizer
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)  # the one around it only scales the loss
    if hasattr(optimizer, "optimizers"):
        for one in optimizer.optimizers:
            yield f"learning_rate_{one.name}", one
        return
    if not hasattr(optimizer, "learning_rate"):
        raise ValueError(
            explain(
                f"the optimizer of '{getattr(model, 'name', 'the model')}' has no learning rate.",
                got=repr(optimizer),
                expected="an Optimizer",
                fix="compile the model with an optimizer",
            )
        )
    yield "learning_rate", optimizer


def report(model: Any, logs: dict[str, Any]) -> dict[str, Any]:
    """Put the rates as they are now into logs.

    Args:
        model: A compiled model.
        logs: Changed in place.

    Returns:
        The same logs.
    """
    for name, optimizer in optimizers_of(model):
        logs[name] = float(optimizer.learning_rate)
    return logs


def label(name: str, optimizer: Any) -> str:
    """How a message names the rate: `"learning rate"`, with the optimizer's name if there are several."""
    return "learning rate" if name == "learning_rate" else f"{optimizer.name} learning rate"
