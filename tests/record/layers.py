"""Records configurations, names, orders and summaries of real Keras 3 layers, into tests/data/recorded/layers.json.

Run with a Python that has Keras (KERAS_BACKEND=jax or tensorflow): python tests/record/layers.py
`CASES` and the builders take the module to use, so that the tests run the same code with babytf.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np

OUT = Path(__file__).parent.parent / "data" / "recorded" / "layers.json"

# name: (class, arguments); together the arguments of a class all have values that are not the default
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "dense": ("Dense", {"units": 3, "name": "d"}),
    "dense_all": (
        "Dense",
        {
            "units": 5,
            "activation": "tanh",
            "use_bias": False,
            "kernel_initializer": "he_normal",
            "bias_initializer": "ones",
            "kernel_regularizer": "l1",
            "bias_regularizer": "l2",
            "activity_regularizer": "L1L2",
            "kernel_constraint": "non_neg",
            "bias_constraint": "unit_norm",
            "name": "d",
            "trainable": False,
            "dtype": "float64",
        },
    ),
    "activation": ("Activation", {"activation": "softplus", "name": "a"}),
    "dropout": ("Dropout", {"rate": 0.25, "noise_shape": (None, 1), "seed": 7, "name": "a"}),
    "flatten": ("Flatten", {"data_format": "channels_first", "name": "a"}),
    "flatten_default": ("Flatten", {"name": "a"}),
    "reshape": ("Reshape", {"target_shape": (3, -1), "name": "a"}),
    "rescaling": ("Rescaling", {"scale": 0.5, "offset": [1.0, 2.0], "name": "a", "dtype": "float16"}),
    "identity": ("Identity", {"name": "a", "dtype": "mixed_float16"}),
    "relu": ("ReLU", {"max_value": 2.5, "negative_slope": 0.25, "threshold": 0.5, "name": "a"}),
    "relu_default": ("ReLU", {"name": "a"}),
    "leaky_relu": ("LeakyReLU", {"negative_slope": 0.25, "name": "a"}),
    "elu": ("ELU", {"alpha": 0.5, "name": "a"}),
    "prelu": ("PReLU", {"name": "a"}),
    "prelu_all": (
        "PReLU",
        {
            "alpha_initializer": "ones",
            "alpha_regularizer": "l2",
            "alpha_constraint": "non_neg",
            "shared_axes": 1,
            "name": "a",
        },
    ),
    "softmax": ("Softmax", {"axis": 1, "name": "a"}),
    "softmax_axes": ("Softmax", {"axis": (1, 2), "name": "a"}),
    "permute": ("Permute", {"dims": (2, 1), "name": "a"}),
    "repeat_vector": ("RepeatVector", {"n": 3, "name": "a"}),
    "masking": ("Masking", {"mask_value": -1.0, "name": "a"}),
    "activity_regularization": ("ActivityRegularization", {"l1": 0.5, "l2": 0.25, "name": "a"}),
    "gaussian_noise": ("GaussianNoise", {"stddev": 0.5, "seed": 3, "name": "a"}),
    "gaussian_dropout": ("GaussianDropout", {"rate": 0.5, "seed": 3, "name": "a"}),
    "alpha_dropout": ("AlphaDropout", {"rate": 0.5, "noise_shape": (None, 1), "seed": 3, "name": "a"}),
    "spatial_dropout1d": ("SpatialDropout1D", {"rate": 0.5, "seed": 3, "name": "a", "dtype": "float16"}),
    "spatial_dropout2d": (
        "SpatialDropout2D",
        {"rate": 0.5, "data_format": "channels_first", "seed": 3, "name": "a", "dtype": "float16"},
    ),
    "spatial_dropout3d": (
        "SpatialDropout3D",
        {"rate": 0.5, "data_format": "channels_first", "seed": 3, "name": "a", "dtype": "float16"},
    ),
    "input": ("InputLayer", {"shape": (3,), "name": "a"}),
    "input_all": ("InputLayer", {"batch_shape": (4, 3, None), "dtype": "int32", "optional": True, "name": "b"}),
}

# class, arguments, shape of the input, seed
CALLS: dict[str, tuple[str, dict[str, Any], tuple[int, ...], str]] = {
    "activation": ("Activation", {"activation": "gelu"}, (2, 3), "float32"),
    "dropout_predicting": ("Dropout", {"rate": 0.5}, (2, 3), "float32"),
    "flatten_last": ("Flatten", {}, (2, 3, 2), "float32"),
    "flatten_first": ("Flatten", {"data_format": "channels_first"}, (2, 3, 2, 2), "float32"),
    "flatten_vector": ("Flatten", {}, (3,), "float32"),
    "flatten_int": ("Flatten", {}, (2, 3, 2), "int32"),
    "reshape": ("Reshape", {"target_shape": (-1, 2)}, (2, 3, 4), "float32"),
    "rescaling": ("Rescaling", {"scale": 1 / 127.5, "offset": -1.0}, (2, 4), "uint8"),
    "rescaling_arrays": ("Rescaling", {"scale": [0.5, 2.0], "offset": [1.0, -1.0]}, (3, 2), "float64"),
    "identity": ("Identity", {}, (2, 3), "int32"),
    "relu": ("ReLU", {"max_value": 2.5, "negative_slope": 0.25, "threshold": 0.5}, (2, 5), "float32"),
    "relu_default": ("ReLU", {}, (2, 5), "float32"),
    "leaky_relu": ("LeakyReLU", {}, (2, 5), "float32"),
    "elu": ("ELU", {"alpha": 0.5}, (2, 5), "float32"),
    "prelu": ("PReLU", {"alpha_initializer": "ones", "shared_axes": [1]}, (2, 3, 4), "float32"),
    "softmax": ("Softmax", {"axis": 1}, (2, 3, 2), "float32"),
    "softmax_axes": ("Softmax", {"axis": (1, 2)}, (2, 3, 2), "float32"),
    "permute": ("Permute", {"dims": (3, 1, 2)}, (2, 3, 4, 5), "int32"),
    "repeat_vector": ("RepeatVector", {"n": 3}, (2, 3), "float32"),
    "masking": ("Masking", {"mask_value": 2.0}, (2, 3, 1), "int32"),
    "activity_regularization": ("ActivityRegularization", {"l1": 0.5}, (2, 3), "float32"),
    "gaussian_noise": ("GaussianNoise", {"stddev": 0.5}, (2, 3), "float32"),
    "gaussian_dropout": ("GaussianDropout", {"rate": 0.5}, (2, 3), "float32"),
    "alpha_dropout": ("AlphaDropout", {"rate": 0.5}, (2, 3), "float32"),
    "layer_normalization": ("LayerNormalization", {}, (2, 3, 4), "float32"),
    "layer_normalization_axes": ("LayerNormalization", {"axis": [1, 2], "epsilon": 0.1}, (2, 3, 4), "float32"),
    "layer_normalization_half": ("LayerNormalization", {"dtype": "float16"}, (2, 4), "float16"),
    "rms_normalization": ("RMSNormalization", {}, (2, 3, 4), "float32"),
    "rms_normalization_axes": ("RMSNormalization", {"axis": [1, 2], "epsilon": 0.1}, (2, 3, 4), "float32"),
    "unit_normalization": ("UnitNormalization", {"axis": [1, 2]}, (2, 3, 4), "float32"),
    "group_normalization": ("GroupNormalization", {"groups": 2}, (2, 3, 4), "float32"),
    "group_normalization_first": ("GroupNormalization", {"groups": -1, "axis": 1}, (2, 3, 4), "float32"),
    "batch_normalization": ("BatchNormalization", {"epsilon": 0.1}, (2, 3, 4), "float32"),
    "normalization": ("Normalization", {"mean": [1.0, 2.0], "variance": [4.0, 9.0]}, (3, 2), "float32"),
    "spatial_dropout": ("SpatialDropout1D", {"rate": 0.5}, (2, 3, 2), "float32"),
}


def call_input(shape: tuple[int, ...], dtype: str) -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.normal(size=shape) * 10).clip(0 if dtype == "uint8" else None).astype(dtype)


def sequential(keras: Any) -> Any:
    """Named throughout, with an input."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((4, 2), name="i"),
            layers.Flatten(name="f"),
            layers.Dense(6, activation="relu", name="x"),
            layers.Dropout(0.5, name="y"),
            layers.Dense(3, name="z"),
        ],
        name="s",
    )


def deferred(keras: Any, build: bool) -> Any:
    layers = keras.layers
    model = keras.Sequential([layers.Dense(3, name="x"), layers.Dropout(0.5, name="y")], name="s2")
    if build:
        model.build((None, 4))
        model.layers  # noqa: B018
    return model


def nested(keras: Any) -> Any:
    layers = keras.layers
    inner = keras.Sequential([layers.Dense(7, name="a"), layers.Dense(8, name="b")], name="inner")
    last = layers.Dense(10, name="a_layer_with_a_name_too_long_for_its_column_of_the_table")
    last.trainable = False
    return keras.Sequential([keras.Input((5,), name="i"), inner, layers.Reshape((2, 4), name="r"), last], name="outer")


def subclassed(keras: Any) -> Any:
    layers = keras.layers

    class Net(keras.Model):
        def __init__(self):
            super().__init__(name="net")
            self.blocks = []
            self.head = layers.Dense(2, name="head")
            self.blocks.append(layers.Dense(5, name="b0"))
            self.more = {"k": layers.Dropout(0.2, name="k"), "t": (layers.Dense(4, name="t"),)}
            self.scale = self.add_weight(shape=(), initializer="ones", trainable=False, name="scale")

        def call(self, x, training=None):
            x = self.more["t"][0](self.blocks[0](x))
            return self.head(self.more["k"](x, training=training)) * self.scale

    model = Net()
    model(np.zeros((3, 6), "float32"))
    return model


SUMMARIES: dict[str, tuple[Any, dict[str, Any]]] = {
    "plain": (sequential, {"line_length": 76}),
    "wide": (sequential, {"line_length": 101}),
    "narrow": (sequential, {"line_length": 44}),
    "positions": (sequential, {"line_length": 80, "positions": [0.3, 0.7, 1.0]}),
    "trainable": (nested, {"line_length": 80, "show_trainable": True}),
    "nested": (nested, {"line_length": 76, "expand_nested": True}),
    "range": (sequential, {"line_length": 76, "layer_range": ["x", "y"]}),
    "unbuilt": (lambda keras: deferred(keras, False), {"line_length": 76}),
    "subclassed": (subclassed, {"line_length": 76}),
}


def described(model: Any) -> dict[str, Any]:
    """What the tests compare."""
    return {
        "config": model.get_config() if type(model).__name__ == "Sequential" else None,
        "layers": [layer.name for layer in model.layers],
        "layer_paths": [layer.path for layer in model.layers],
        "weights": [w.path for w in model.weights],
        "trainable": [w.path for w in model.trainable_weights],
        "non_trainable": [w.path for w in model.non_trainable_weights],
        "build_configs": [layer.get_build_config() for layer in model.layers],
        "repr": repr(model),
    }


def summary(model: Any, arguments: dict[str, Any]) -> str:
    texts: list[str] = []
    model.summary(print_fn=lambda text, **kwargs: texts.append(text), **arguments)
    return "".join(texts)


def main() -> None:
    os.environ["COLUMNS"] = "200"  # or the text is cut at the edge of the terminal
    import keras

    recorded: dict[str, Any] = {
        "keras": keras.__version__,
        "configs": {
            name: keras.layers.serialize(getattr(keras.layers, cls)(**arguments))
            for name, (cls, arguments) in CASES.items()
        },
        "calls": {},
        "models": {
            "sequential": described(sequential(keras)),
            "deferred": described(deferred(keras, False)),
            "nested": described(nested(keras)),
            "subclassed": described(subclassed(keras)),
        },
        "summaries": {name: summary(make(keras), kwargs) for name, (make, kwargs) in SUMMARIES.items()},
    }
    for name, (cls, arguments, shape, dtype) in CALLS.items():
        layer = getattr(keras.layers, cls)(**arguments)
        y = layer(call_input(shape, dtype))
        spec = keras.KerasTensor((None, *shape[1:]), dtype=dtype)
        symbolic = getattr(keras.layers, cls)(**arguments).compute_output_spec(spec)
        recorded["calls"][name] = {
            "output": np.asarray(y).tolist(),
            "shape": list(y.shape),
            "dtype": str(y.dtype),
            "spec": [list(symbolic.shape), symbolic.dtype],
        }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(recorded, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
