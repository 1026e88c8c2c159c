"""`Bidirectional`, a recurrent layer that goes through a sequence in both directions."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.errors import explain
from babytf.layers.layer import Layer
from babytf.serialization import deserialize_keras_object, serialize_keras_object

_MODES = ("sum", "mul", "ave", "concat", None)


class Bidirectional(Layer):
    r"""A recurrent layer that goes through a sequence forwards, and one that goes backwards.

    $$ y_t = \mathrm{merge}(\overrightarrow{h}_t, \overleftarrow{h}_t) $$

    Args:
        layer: A recurrent layer (`LSTM`, `GRU`, `SimpleRNN`, `RNN`, or one like them). The two are made from its
            configuration; itself it is not used.
        merge_mode: `"concat"`, `"sum"`, `"mul"` (product), `"ave"` (mean), or `None` for a tuple of both.
        weights: First values of the weights: those of the forward layer, then those of the other.
        backward_layer: The layer that goes backwards; by default one like `layer` with `go_backwards` turned.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        That of the layer; `initial_state` has the states of both, the forward layer's first.

    Output shape:
        That of the layer, with a last axis twice as long for `"concat"`; with `return_state`, a tuple of it and the
        states of both.

    Raises:
        ValueError: If `layer` or `backward_layer` is no recurrent layer, the two differ in what they return or go in
            the same direction, or `merge_mode` is unknown.

    Source:
        Schuster & Paliwal (1997), "Bidirectional recurrent neural networks".

    Example:
        >>> from babytf.layers import LSTM
        >>> Bidirectional(LSTM(4, return_sequences=True))(np.ones((2, 5, 3))).shape
        (2, 5, 8)
    """

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Any = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._check_recurrent(layer=layer)
        if backward_layer is not None:
            self._check_recurrent(backward_layer=backward_layer)
        self.merge_mode = check.one_of(self, _MODES, merge_mode=merge_mode)
        self.forward_layer = _like(layer, "forward_")
        self.backward_layer = _like(layer, "backward_", go_backwards=True) if backward_layer is None else backward_layer
        for one in (self.forward_layer, self.backward_layer):
            if hasattr(layer, "use_cudnn"):
                one.use_cudnn = layer.use_cudnn
            if getattr(one, "zero_output_for_mask", None) is not None:
                one.zero_output_for_mask = one.return_sequences
        self._check_pair()
        self.stateful = layer.stateful
        self.return_sequences = layer.return_sequences
        self.return_state = layer.return_state
        self.supports_masking = True
        self.input_spec = layer.input_spec
        self._initial_weights = weights

    def _check_recurrent(self, **named: Any) -> None:
        ((name, layer),) = named.items()
        wanted = ("go_backwards", "return_sequences", "return_state", "stateful")
        if not isinstance(layer, Layer) or not all(hasattr(layer, attribute) for attribute in wanted):
            raise ValueError(
                explain(
                    f"Bidirectional '{self.name}': `{name}` is no recurrent layer.",
                    got=f"{name}={layer!r}",
                    expected="an LSTM, GRU, SimpleRNN or RNN, or a layer with " + ", ".join(wanted),
                    fix="pass an instance: LSTM(32)",
                )
            )

    def _check_pair(self) -> None:
        one, other = self.forward_layer, self.backward_layer
        if one.go_backwards == other.go_backwards:
            raise ValueError(
                explain(
                    f"Bidirectional '{self.name}': both layers go in the same direction.",
                    got=f"go_backwards={one.go_backwards} twice",
                    expected="one layer that goes forwards, and one with go_backwards=True",
                    fix="leave `backward_layer` out, or give it go_backwards=True",
                )
            )
        for name in ("stateful", "return_sequences", "return_state"):
            if getattr(one, name) != getattr(other, name):
                raise ValueError(
                    explain(
                        f"Bidirectional '{self.name}': the layers differ in `{name}`.",
                        got=f"{getattr(one, name)} and {getattr(other, name)}",
                        expected="the same for both",
                    )
                )

    # --- configuration

    @property
    def layer(self) -> Any:
        """The layer that goes forwards."""
        return self.forward_layer

    def get_config(self) -> dict[str, Any]:
        """The arguments, without the values of the weights."""
        config = super().get_config()
        config.pop("weights", None)
        return config

    # --- shapes

    def build(self, sequences_shape: Any, initial_state_shape: Any = None) -> None:
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)

    def compute_output_shape(self, sequences_shape: Any, initial_state_shape: Any = None) -> Any:
        shape = self.forward_layer.compute_output_shape(sequences_shape)
        other = self.backward_layer.compute_output_shape(sequences_shape)
        states: tuple[Any, ...] = ()
        if self.return_state:
            (shape, *first), (other, *last) = shape, other
            states = (*first, *last)
        if self.merge_mode is None:
            return (shape, other, *states)
        if self.merge_mode == "concat":
            shape = (*shape[:-1], shape[-1] + other[-1])
        return (shape, *states) if self.return_state else shape

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The mask of the sequence for each output that is one; none for the states."""
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        mask = mask if self.return_sequences else None
        outputs = [mask, mask] if self.merge_mode is None else mask
        if not self.return_state:
            return outputs
        states = [None for _ in self.forward_layer.state_size] * 2
        return [*outputs, *states] if isinstance(outputs, list) else [outputs, *states]

    def reset_state(self) -> None:
        """Set the states that stateful layers keep to 0."""
        if not self.stateful:
            raise AttributeError(
                explain(
                    f"Bidirectional '{self.name}' keeps no states.",
                    got="reset_state()",
                    fix="make its layer with stateful=True",
                )
            )
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    def reset_states(self) -> None:
        """The same as `reset_state`."""
        self.reset_state()

    @property
    def states(self) -> Any:
        """What stateful layers keep, the forward layer's first; `None` if there is nothing."""
        if self.forward_layer.states is None:
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    # --- computation

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: Any = None) -> Any:
        results = []
        half = 0 if initial_state is None else len(initial_state) // 2
        for layer, part in ((self.forward_layer, slice(None, half)), (self.backward_layer, slice(half, None))):
            signature = layer.__dict__["_signature"]
            keywords: dict[str, Any] = {}
            if signature.takes_training:
                keywords["training"] = training
            if signature.takes_mask:
                keywords["mask"] = mask
            if initial_state is not None:
                keywords["initial_state"] = list(initial_state[part])
            results.append(layer(sequences, **keywords))
        states: tuple[Any, ...] = ()
        if self.return_state:
            states = (*results[0][1:], *results[1][1:])
            results = [result[0] for result in results]
        y, y_back = (ops.cast(result, self.compute_dtype) for result in results)
        if self.return_sequences:
            y_back = ops.flip(y_back, axis=1)
        if self.merge_mode is None:
            return (y, y_back, *states)
        output = _merge(self.merge_mode, y, y_back)
        return (output, *states) if self.return_state else output


def _merge(mode: str, a: Any, b: Any) -> Any:
    if mode == "concat":
        return ops.concatenate([a, b], axis=-1)
    if mode == "mul":
        return a * b
    return a + b if mode == "sum" else (a + b) / 2


def _like(layer: Any, prefix: str, **changed: Any) -> Any:
    """A new layer with the configuration of another."""
    config = serialize_keras_object(layer)
    config["config"] = {**config["config"], **changed, "name": prefix + layer.name.removeprefix(prefix)}
    return deserialize_keras_object(config)
