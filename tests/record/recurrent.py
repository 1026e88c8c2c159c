"""Records what real Keras 3 computes with recurrent layers, and one training step of them, into recurrent.npz.

Run with a Python that has Keras and JAX: JAX_DISABLE_JIT=1 KERAS_BACKEND=jax python tests/record/recurrent.py
(it would spend ten minutes compiling otherwise)

`CASES` and the functions take the module to use, so that the tests run the same code with babytf.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parent.parent / "data" / "recorded" / "recurrent.npz"
BATCH, STEPS, FEATURES, UNITS = 3, 5, 2, 4

GRU_BEFORE = {"reset_after": False}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "lstm": ("LSTM", {}),
    "lstm_relu": ("LSTM", {"activation": "relu", "recurrent_activation": "hard_sigmoid"}),
    "gru": ("GRU", {}),
    "gru_before": ("GRU", GRU_BEFORE),
    "gru_elu": ("GRU", {"activation": "elu"}),
    "gru_before_elu": ("GRU", {"activation": "elu", **GRU_BEFORE}),
    "simple": ("SimpleRNN", {}),
    "simple_softsign": ("SimpleRNN", {"activation": "softsign"}),
}
OPTIONS: dict[str, dict[str, Any]] = {
    "last": {},
    "all": {"return_sequences": True},
    "states": {"return_state": True},
    "all_states_backwards": {"return_sequences": True, "return_state": True, "go_backwards": True},
    "no_bias": {"use_bias": False},
    "unroll": {"return_sequences": True, "unroll": True},
    "zero": {"return_sequences": True, "return_state": True, "zero_output_for_mask": True},
    "zero_last": {"zero_output_for_mask": True},
    "implementation": {"implementation": 1, "return_sequences": True},
}
# name: (class, arguments, whether there is a mask, whether the first states are given)
CASES: dict[str, tuple[str, dict[str, Any], bool, bool]] = {
    f"{kind}.{option}{'.masked' * masked}{'.started' * started}": (cls, {**own, **OPTIONS[option]}, masked, started)
    for kind, (cls, own) in KINDS.items()
    for option in OPTIONS
    for masked in (False, True)
    for started in (False, True)
    if (masked or not option.startswith("zero")) and (option != "implementation" or cls != "SimpleRNN")
}


def stacked(keras: Any, **arguments: Any) -> Any:
    layers = keras.layers
    return layers.RNN([layers.LSTMCell(UNITS), layers.GRUCell(3), layers.SimpleRNNCell(2)], **arguments)


def bidirectional(keras: Any, merge_mode: Any = "concat", **arguments: Any) -> Any:
    return keras.layers.Bidirectional(keras.layers.LSTM(UNITS, **arguments), merge_mode=merge_mode)


def pair(keras: Any) -> Any:
    layers = keras.layers
    back = layers.GRU(UNITS, go_backwards=True, return_sequences=True)
    return layers.Bidirectional(layers.LSTM(UNITS, return_sequences=True), backward_layer=back)


def time_distributed(keras: Any) -> Any:
    return keras.layers.TimeDistributed(keras.layers.Dense(3, activation="tanh"))


COMPOSED: dict[str, tuple[Any, dict[str, Any], bool]] = {
    **{f"stacked.{m}": (stacked, {"return_sequences": True, "return_state": True}, m) for m in (False, True)},
    "stacked.last": (stacked, {}, False),
    **{
        f"bidirectional.{mode}.{sequences}.{m}": (bidirectional, {"merge_mode": mode, "return_sequences": sequences}, m)
        for mode in ("concat", "sum", "mul", "ave", None)
        for sequences in (False, True)
        for m in (False, True)
    },
    "bidirectional.states": (bidirectional, {"return_sequences": True, "return_state": True}, True),
    "bidirectional.pair": (pair, {}, False),
    "time_distributed": (time_distributed, {}, False),
}


def data() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Inputs, a mask, and first states."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(BATCH, STEPS, FEATURES)).astype("float32")
    mask = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [0, 0, 1, 1, 0]], bool)
    return x, mask, [rng.normal(size=(BATCH, UNITS)).astype("float32") for _ in range(2)]


def set_weights(layer: Any) -> None:
    rng = np.random.default_rng(11)
    layer.set_weights([rng.normal(size=w.shape).astype("float32") * 0.6 for w in layer.weights])


def leaves(outputs: Any) -> list[Any]:
    if isinstance(outputs, (list, tuple)):
        return [leaf for output in outputs for leaf in leaves(output)]
    return [outputs]


def made(keras: Any, name: str) -> tuple[Any, dict[str, Any]]:
    """The layer of a case, with weights, and the keyword arguments of its call."""
    x, mask, states = data()
    keywords: dict[str, Any] = {}
    if name in CASES:
        cls, arguments, masked, started = CASES[name]
        layer = getattr(keras.layers, cls)(UNITS, **arguments)
        if started:
            keywords["initial_state"] = states if cls == "LSTM" else states[:1]
    else:
        make, arguments, masked = COMPOSED[name]
        layer = make(keras, **arguments)
    layer.build(x.shape)
    set_weights(layer)
    if masked:
        keywords["mask"] = mask
    return layer, keywords


def called(keras: Any, name: str) -> list[np.ndarray]:
    """The outputs of a case."""
    layer, keywords = made(keras, name)
    return [np.asarray(output) for output in leaves(layer(data()[0], **keywords))]


def trained(keras: Any, name: str) -> list[np.ndarray]:
    """The weights after a step of gradient descent on the squares of all outputs, and what became of a mask."""
    layers = keras.layers
    x, mask, _ = data()
    x = np.where(mask[..., None], x, 0).astype("float32") if name.endswith(("masked", "True")) else x
    layer, _ = made(keras, name.replace(".started", ""))
    y = keras.Input((STEPS, FEATURES))
    inputs, y = y, layers.Masking()(y) if name.endswith(("masked", "True")) else y
    outputs = layer(y)
    outputs = leaves(outputs)
    joined = layers.Concatenate()([layers.Flatten()(o) for o in outputs]) if len(outputs) > 1 else outputs[0]
    model = keras.Model(inputs, layers.Flatten()(joined))
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.train_on_batch(x, np.zeros((BATCH, model.output_shape[-1]), "float32"))
    return [np.asarray(w) for w in layer.get_weights()]


TRAINED = [
    name
    for name in [*CASES, *COMPOSED]
    if not name.endswith("started") and ".implementation" not in name and ".zero" not in name
]


def main() -> None:
    import keras

    found: dict[str, np.ndarray] = {}
    for name in [*CASES, *COMPOSED]:
        for i, array in enumerate(called(keras, name)):
            found[f"{name}:call:{i}"] = array
    for name in TRAINED:
        for i, array in enumerate(trained(keras, name)):
            found[f"{name}:train:{i}"] = array
    np.savez_compressed(OUT, **found)


if __name__ == "__main__":
    main()
