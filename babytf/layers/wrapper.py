"""`Wrapper`, base of layers that do something with another layer."""

from __future__ import annotations

from typing import Any

from babytf.errors import explain
from babytf.layers.layer import Layer


class Wrapper(Layer):
    """Base of layers that hold another layer and add to what it does. `TimeDistributed` is one.

    Args:
        layer: The layer to be wrapped.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Raises:
        ValueError: If `layer` is no layer.

    Example:
        >>> from babytf.layers import Dense
        >>> class Twice(Wrapper):
        ...     def call(self, x):
        ...         return self.layer(self.layer(x))
        >>> Twice(Dense(3))(np.ones((2, 3))).shape
        (2, 3)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = self._checked_layer(layer=layer)

    def _checked_layer(self, **named: Any) -> Layer:
        ((name, layer),) = named.items()
        if not isinstance(layer, Layer):
            raise ValueError(
                explain(
                    f"{type(self).__name__} '{self.name}': `{name}` is no layer.",
                    got=f"{name}={layer!r}",
                    expected="a layer",
                    fix="pass an instance: Dense(3), not Dense",
                )
            )
        return layer

    def build(self, input_shape: Any = None) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
