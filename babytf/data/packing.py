"""One batch as a tuple: `x`, `(x,)`, `(x, y)` or `(x, y, sample_weight)`."""

from __future__ import annotations

from typing import Any

from babytf.errors import explain


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Take a batch apart, as a `train_step` of your own begins.

    Args:
        data: `x`, or a tuple `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

    Returns:
        `(x, y, sample_weight)`, with `None` for what is not there.

    Raises:
        ValueError: If a tuple has more than three parts, or none.

    Example:
        >>> unpack_x_y_sample_weight((1, 2))
        (1, 2, None)
    """
    if not isinstance(data, (tuple, list)):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            explain(
                "a batch of data has one to three parts.",
                got=f"a {type(data).__name__} of {len(data)} parts",
                expected="x, (x,), (x, y) or (x, y, sample_weight)",
                fix="pass several inputs as one nest: ([x1, x2], y)",
            )
        )
    x, y, sample_weight = (*data, None, None)[:3]
    return x, y, sample_weight


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Put a batch together, leaving out what is `None`.

    Args:
        x: Inputs.
        y: Targets.
        sample_weight: Weight of each sample.

    Returns:
        `x` itself if it comes alone (in a tuple of one if it is a list or a tuple), else `(x, y)` or
        `(x, y, sample_weight)`.

    Example:
        >>> pack_x_y_sample_weight(1, 2)
        (1, 2)
    """
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (tuple, list)) else x
