"""Records functional models and merging layers of real Keras 3, into tests/data/recorded/functional.json.

Run with a Python that has Keras (KERAS_BACKEND=jax or tensorflow): python tests/record/functional.py
The builders take the module to use, so that the tests run the same code with babytf.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parent.parent / "data" / "recorded" / "functional.json"


def skip(keras: Any) -> Any:
    layers = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    x = layers.Dense(3, activation="tanh", name="first")(a)
    y = layers.Add(name="sum")([x, b])
    y = layers.Dropout(0.5, name="drop")(y)
    z = layers.Concatenate(name="all")([y, a])
    return keras.Model([a, b], layers.Dense(2, name="out")(z), name="skip")


def shared(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((3,), name="x")
    again = layers.Dense(3, name="again")
    y = again(layers.Dense(3, name="before")(again(x)))
    z = layers.Multiply(name="times")([y, again(inputs=y)])
    return keras.Model(inputs=x, outputs=[z, y], name="shared")


def nested(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((3,), name="i")
    inner = keras.Model(i, layers.Dense(3, name="d")(layers.Dense(5, name="wide")(i)), name="inner")
    stack = keras.Sequential([keras.Input((3,), name="s"), layers.Dense(4, name="up"), layers.Dense(3)], name="stack")
    x = keras.Input((3,), name="x")
    y = inner(stack(inner(x)))
    return keras.Model(x, layers.Average(name="mean")([stack(y), inner(y)]), name="nested")


def ends_in_model(keras: Any) -> Any:
    layers = keras.layers
    i = keras.Input((3,), name="i")
    inner = keras.Model(i, layers.Dense(2, name="d")(i), name="inner")
    x, z = keras.Input((3,), name="x"), keras.Input((3,), name="z")
    return keras.Model([x, z], [inner(x), inner(z)], name="ends_in_model")


def dicts(keras: Any) -> Any:
    layers = keras.layers
    inputs = {"b": keras.Input((2,), name="b"), "a": keras.Input((3,), name="a")}
    x = layers.Dense(2, name="to_two")(inputs["a"])
    y = layers.Maximum(name="top")([x, inputs["b"]])
    outputs = {"big": y, "all": [layers.Dense(1, name="one")(y), x]}
    return keras.Model(inputs, outputs, name="dicts")


def operations(keras: Any) -> Any:
    ops = keras.ops
    x, y = keras.Input((5, 3), name="x"), keras.Input((3,), name="y")
    z = x * 2 + 1 - ops.expand_dims(y, 1)
    z = 3 / (ops.abs(z) + 1.5) ** 2
    z = z @ np.linspace(-1, 1, 12, dtype="float32").reshape(3, 4)
    z = z[:, 1:4, ::-1]
    w = ops.mean(z, axis=(1, 2), keepdims=True) + ops.max(-z, axis=-1, keepdims=True)
    z = ops.where(z > 0.1, z, w)
    z = ops.concatenate([z, ops.tanh(z)], axis=-1)
    z = ops.reshape(z, (-1, 24))
    z = ops.relu(ops.transpose(z) - 0.1)
    z = ops.softmax(ops.transpose(z, axes=(1, 0)), axis=-1)
    return keras.Model([x, y], [z, ops.argmax(z, axis=-1), ops.split(z, 2, axis=1)[1]], name="operations")


def more_operations(keras: Any) -> Any:
    ops = keras.ops
    x = keras.Input((4, 2), name="x")
    found = [
        ops.sum(x, axis=1),
        ops.std(x, axis=1),
        ops.var(x, axis=1),
        ops.clip(x, -0.5, 0.5)[:, 0],
        ops.pad(x, ((0, 0), (1, 1), (0, 0)))[:, 0],
        ops.repeat(x, 2, axis=1)[:, 3],
        ops.stack([x, x], axis=1)[:, 1, 2],
        ops.squeeze(x[:, :1], axis=1),
        ops.cast(x > 0, "float32")[..., 0],
        ops.cumsum(x, axis=1)[:, -1],
        ops.take(x, [0, 2], axis=1)[:, 1],
        ops.logsumexp(x, axis=1),
        ops.logaddexp(x, 0.5)[:, 0],
        ops.einsum("bij,bkj->bik", x, x)[:, 0],
        ops.one_hot(ops.argmax(x, axis=1), 4, dtype="float32")[:, 0],
        ops.leaky_relu(x, negative_slope=0.3)[:, 0],
        ops.gelu(x, approximate=False)[:, 1],
        ops.swapaxes(x, 1, 2)[:, 0],
        ops.flip(x, axis=1)[:, 0],
        ops.tile(x, (1, 2, 1))[:, 5],
        ops.roll(x, 1, axis=1)[:, 0],
        ops.tensordot(x, x[0], axes=((1, 2), (0, 1))),
        ops.stop_gradient(x)[:, 0],
        ops.minimum(x, 0.0)[:, 0] + ops.maximum(0.5, x)[:, 0],
        ops.sqrt(ops.square(x) + 1)[:, 0],
        ops.log1p(ops.exp(x))[:, 0],
        ops.zeros_like(x)[:, 0],
        ops.top_k(x[..., 0], 2)[0],
        ops.logical_and(x > 0, x < 1)[:, 0],
        ops.floor(x)[:, 0] // 2 + (x % 0.7)[:, 1],
        ops.prod(x, axis=1),
        ops.any(x > 1, axis=1),
        ops.sort(x, axis=1)[:, 0],
        ops.moveaxis(x, 1, 2)[:, 1],
        ops.average(x, axis=1, weights=np.array([1, 2, 3, 4], "float32")),
        ops.round(x, decimals=1)[:, 0],
    ]
    return keras.Model(x, found, name="more_operations")


def masked(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((4, 2), name="x")
    y = layers.Masking(name="skip_zeros")(x)
    z = layers.Dense(2, name="d")(y)
    merged = [
        layers.Add(name="plus")([y, z]),
        layers.Multiply(name="times")([y, z]),
        layers.Maximum(name="top")([y, z]),
        layers.Concatenate(name="side", axis=-1)([y, z]),
        layers.Concatenate(name="below", axis=1)([y, x]),
    ]
    return keras.Model(x, merged, name="masked")


def unused_input(keras: Any) -> Any:
    x, y, z = (keras.Input((2,), name=name) for name in "xyz")
    return keras.Model([z, x, y], [keras.layers.Dense(2, name="d")(x), x], name="unused_input")


def chain(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((4,), name="x")
    return keras.Model(x, layers.Dense(2, name="b")(layers.Dense(3, name="a")(x) * 2), name="chain")


def frozen(keras: Any) -> Any:
    layers = keras.layers
    x = keras.Input((4,), name="x")
    y = layers.Dense(3, name="a", trainable=False)(x)
    return keras.Model(x, layers.Dense(2, name="b")(y), name="frozen", trainable=True)


MODELS: dict[str, Callable[[Any], Any]] = {
    f.__name__: f
    for f in (
        skip,
        shared,
        nested,
        ends_in_model,
        dicts,
        operations,
        more_operations,
        masked,
        unused_input,
        chain,
        frozen,
    )
}

# class, arguments, shapes of the inputs
MERGES: dict[str, tuple[str, dict[str, Any], list[tuple[int, ...]]]] = {
    "add": ("Add", {"name": "m"}, [(2, 3), (2, 3), (2, 3)]),
    "add_broadcast": ("Add", {}, [(2, 3, 4), (2, 1, 4)]),
    "add_ranks": ("Add", {}, [(2, 4), (2, 3, 4)]),
    "subtract": ("Subtract", {"name": "m", "dtype": "mixed_float16"}, [(2, 3), (2, 3)]),
    "multiply": ("Multiply", {"name": "m", "trainable": False}, [(2, 3), (2, 3), (2, 1)]),
    "average": ("Average", {"name": "m"}, [(2, 3), (2, 3), (2, 3)]),
    "maximum": ("Maximum", {"name": "m"}, [(2, 3), (2, 3), (2, 3)]),
    "minimum": ("Minimum", {"name": "m"}, [(2, 3), (2, 3)]),
    "concatenate": ("Concatenate", {"name": "m"}, [(2, 3), (2, 1), (2, 2)]),
    "concatenate_axis": ("Concatenate", {"axis": 1, "name": "m"}, [(2, 3, 2), (2, 1, 2)]),
    "dot": ("Dot", {"axes": 1, "name": "m"}, [(2, 3), (2, 3)]),
    "dot_pair": ("Dot", {"axes": (1, 2), "name": "m"}, [(2, 3, 4), (2, 5, 3)]),
    "dot_last": ("Dot", {"axes": -1, "normalize": True, "name": "m"}, [(2, 3, 4), (2, 5, 4)]),
    "dot_many": ("Dot", {"axes": [2, 1]}, [(2, 3, 4, 2), (2, 4, 3, 2)]),
    "dot_ranks": ("Dot", {"axes": (1, 2)}, [(2, 4), (2, 3, 4)]),
}


def feed(keras: Any, model: Any) -> Any:
    """Weights and inputs that are the same everywhere: returns the inputs, nested as the model's."""
    rng = np.random.default_rng(1)
    model.set_weights([rng.normal(size=w.shape).astype("float32") for w in model.weights])

    def one(x: Any) -> Any:
        data = rng.normal(size=(3, *x.shape[1:])).astype("float32")
        if len(data.shape) == 3:
            data[0, 2:] = 0  # for masks
        return data

    nest = model.input
    if isinstance(nest, dict):
        return {key: one(nest[key]) for key in sorted(nest)}
    return [one(x) for x in nest] if isinstance(nest, list) else one(nest)


def flat(nest: Any) -> list[Any]:
    if isinstance(nest, dict):
        return [leaf for key in sorted(nest) for leaf in flat(nest[key])]
    return [leaf for item in nest for leaf in flat(item)] if isinstance(nest, (list, tuple)) else [nest]


def described(keras: Any, model: Any) -> dict[str, Any]:
    """What the tests compare."""
    texts: list[str] = []
    model.summary(print_fn=lambda text, **kwargs: texts.append(text), line_length=100, expand_nested=True)
    outputs = flat(model(feed(keras, model)))
    masks = [getattr(y, "_keras_mask", None) for y in outputs]
    return {
        "config": keras.saving.serialize_keras_object(model),
        "summary": "".join(texts),
        "layers": [layer.name for layer in model.layers],
        "operations": [operation.name for operation in model.operations],
        "weights": [w.path for w in model.weights],
        "trainable": [w.path for w in model.trainable_weights],
        "output_names": model.output_names,
        "input_shape": model.input_shape,
        "output_shape": model.output_shape,
        "outputs": [np.asarray(y).astype("float64").round(6).tolist() for y in outputs],
        "dtypes": [str(y.dtype) for y in outputs],
        "masks": [None if mask is None else np.asarray(mask).tolist() for mask in masks],
    }


def merge_inputs(shapes: list[tuple[int, ...]]) -> list[np.ndarray]:
    rng = np.random.default_rng(2)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def main() -> None:
    os.environ["COLUMNS"] = "200"  # or the text is cut at the edge of the terminal
    import keras

    recorded: dict[str, Any] = {"keras": keras.__version__, "models": {}, "merges": {}}
    for name, make in MODELS.items():
        keras.utils.clear_session()
        recorded["models"][name] = described(keras, make(keras))
    for name, (cls, arguments, shapes) in MERGES.items():
        keras.utils.clear_session()
        layer = getattr(keras.layers, cls)(**arguments)
        y = layer(merge_inputs(shapes))
        symbolic = getattr(keras.layers, cls)(**arguments)([keras.Input(shape[1:]) for shape in shapes])
        recorded["merges"][name] = {
            "config": keras.layers.serialize(layer),
            "output": np.asarray(y).astype("float64").round(6).tolist(),
            "dtype": str(y.dtype),
            "spec": [list(symbolic.shape), symbolic.dtype],
        }
    OUT.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
