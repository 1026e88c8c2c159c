"""Where a symbolic tensor comes from."""

from __future__ import annotations

from typing import Any


def get_source_inputs(tensor: Any) -> Any:
    """The inputs that a symbolic tensor is made of.

    Args:
        tensor: What layers made of `Input`s.

    Returns:
        A list of the KerasTensors of the inputs; anything else than a KerasTensor as it is.

    Example:
        >>> x = keras.Input((3,), name="x")
        >>> [source.name for source in get_source_inputs(Dense(2)(x))]
        ['x']
    """
    if not hasattr(tensor, "_keras_history"):
        return tensor
    found: list[Any] = []
    seen = {id(tensor)}
    waiting = [tensor]
    while waiting:
        x = waiting.pop()
        node = None if x._keras_history is None else x._keras_history[0]._inbound_nodes[x._keras_history[1]]
        if node is None or node.is_input:
            found.append(x)
            continue
        for source in reversed(node.input_tensors):
            if id(source) not in seen:
                seen.add(id(source))
                waiting.append(source)
    return found
