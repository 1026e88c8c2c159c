"""Records what real Keras 3 writes for each class with other arguments than the defaults, into configs.json.

Run with a Python that has Keras and JAX: KERAS_BACKEND=jax python tests/record/configs.py

Every public class of the families below is made with a value of its own for each argument, chosen by the argument's
name, its class, or its default. Classes that babytf does not have yet are among them.
"""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import keras

OUT = Path(__file__).parent.parent / "data" / "recorded" / "configs.json"
FAMILIES = [
    "losses",
    "metrics",
    "optimizers",
    "optimizers.schedules",
    "initializers",
    "regularizers",
    "constraints",
    "layers",
]


def new(path, *args, **kw):
    """`keras.path(*args, **kw)`, as JSON can hold it."""
    return {"$": path, "args": list(args), "kw": kw}


def several(*items):
    return {"$tuple": list(items)}


SGD = new("optimizers.SGD", learning_rate=0.25, momentum=0.5)
DENSE = new("layers.Dense", 3, name="inner")

# Strings and objects cannot be guessed from a default. Keras rounds some numbers to float32; these are round there too.
BY_NAME = {
    "activation": "elu",
    "activity_regularizer": new("regularizers.L1", 0.015625),
    "arguments": {"y": 2},
    "average": "weighted",
    "axis": -2,
    "batch_size": 7,
    "class_aggregation": "variance_weighted_average",
    "class_id": 2,
    "data_format": "channels_first",
    "distribution": "uniform",
    "dtype": "float64",
    "factor": 0.375,
    "height_factor": 0.25,
    "ignore_class": 1,
    "initial_learning_rate": 0.3,
    "input_axes": several(0, 2),
    "interpolation": "bilinear",
    "label_smoothing": 0.15,
    "layer": DENSE,
    "mode": "fan_out",
    "name": "own_name",
    "noise_shape": several(None, 1),
    "num_classes": 4,
    "num_regressors": 2,
    "num_thresholds": 77,
    "output_axes": several(1),
    "padding": "same",
    "precision": 0.61,
    "rate": 0.35,
    "recall": 0.62,
    "recurrent_activation": "hard_sigmoid",
    "reduction": "sum",
    "scaling": "spectrum",
    "sensitivity": 0.63,
    "shape": several(None, 3),
    "shared_axes": [1, 2],
    "side": "imag",
    "sparse": ...,  # of TensorFlow alone
    "specificity": 0.64,
    "target_class_ids": several(1, 3),
    "threshold": 0.45,
    "thresholds": [0.2, 0.7],
    "top_k": 3,
    "width_factor": 0.125,
    "window": "hamming",
}
for name, value in [
    ("constraint", new("constraints.MaxNorm", 1.5)),
    ("initializer", new("initializers.RandomNormal", 0.25, 0.75, seed=3)),
    ("regularizer", new("regularizers.L2", 0.03125)),
]:
    for what in ["kernel", "bias", "alpha", "beta", "gamma", "embeddings", "depthwise", "pointwise", "recurrent"]:
        BY_NAME[f"{what}_{name}"] = value
    for what in ["moving_mean", "moving_variance"]:
        BY_NAME[f"{what}_{name}"] = value

# Further values for one class: each dict is a case of its own, `...` leaves an argument out.
ONE_CLIP = [{"clipvalue": ..., "global_clipnorm": ...}, {"clipnorm": ..., "clipvalue": 0.7, "global_clipnorm": ...}]
ONE_CLIP.append({"clipnorm": ..., "clipvalue": ..., "global_clipnorm": 0.8})
OPTIMIZER = {
    "clipnorm": 0.6,
    "clipvalue": 0.7,
    "ema_overwrite_frequency": 5,
    "exclude_layers": ["first"],
    "global_clipnorm": 0.8,
    "gradient_accumulation_steps": 3,
    "learning_rate": new("optimizers.schedules.ExponentialDecay", 0.5, 7, 0.75),
    "loss_scale_factor": 16.0,
    "weight_decay": 0.05,
}
BY_CLASS: dict[str, list[dict]] = {
    "constraints.MaxNorm": [{"axis": [0, 1]}],
    "constraints.MinMaxNorm": [{"axis": 1}],
    "constraints.UnitNorm": [{"axis": 1}],
    "initializers.Constant": [{"value": 0.35}],
    "initializers.RandomUniform": [{"minval": -0.3, "maxval": 0.4}],
    "layers.Activation": [{"activation": new("layers.ELU", 0.5, name="inner")}],
    "layers.Concatenate": [{"axis": 1}],
    "layers.ActivityRegularization": [{"activity_regularizer": ...}],
    "layers.Dense": [{"lora_alpha": ..., "lora_rank": ..., "quantization_config": ..., "units": 5}],
    **{f"layers.{name}": [{"activity_regularizer": ...}] for name in ("ELU", "Identity")},  # Keras cannot write it
    "layers.Hashing": [{"dtype": "int64"}],
    "layers.STFTSpectrogram": [{"fft_length": 512}],
    "layers.Dot": [{"axes": several(1, 2)}, {"axes": 1}],
    "layers.InputLayer": [
        {"batch_shape": ..., "input_tensor": ..., "sparse": ..., "ragged": ...},
        {
            "batch_size": ...,
            "shape": ...,
            "batch_shape": several(7, None, 3),
            "input_tensor": ...,
            "sparse": ...,
            "ragged": ...,
        },
    ],
    "layers.Lambda": [
        {"function": {"$": "activations.relu", "call": False}, "output_shape": several(3), "mask": ...},
    ],
    "layers.Masking": [{"mask_value": -1.0}],
    "layers.Permute": [{"dims": several(2, 1)}],
    "layers.Rescaling": [{"scale": 0.5, "offset": -1.0}, {"scale": [0.5, 0.25]}],
    "layers.Reshape": [{"target_shape": several(3, -1)}],
    "layers.ReLU": [{"max_value": 6.5, "threshold": 0.125}],
    "layers.RNN": [{"cell": new("layers.LSTMCell", 3)}],
    "layers.Bidirectional": [
        {"layer": new("layers.LSTM", 3), "backward_layer": ..., "weights": ..., "merge_mode": "sum"}
    ],
    "layers.Embedding": [
        {"input_dim": 9, "lora_alpha": ..., "lora_rank": ..., "quantization_config": ..., "weights": ...}
    ],
    "layers.BatchNormalization": [{"synchronized": ..., "renorm_clipping": {"rmin": 0.5, "rmax": 2.0, "dmax": 3.0}}],
    "layers.Discretization": [{"dtype": "int64", "bin_boundaries": [0.5, 1.5], "num_bins": ..., "sparse": ...}],
    "layers.GaussianNoise": [{"stddev": 0.4}],
    "layers.InputSpec": [{"axes": {}}],
    "layers.Attention": [{"score_mode": "concat"}],
    "layers.EinsumDense": [
        {
            "equation": "abc,cde->abde",
            "output_shape": several(None, 2, 3),
            "bias_axes": "de",
            "lora_alpha": ...,
            "lora_rank": ...,
            "gptq_unpacked_column_size": ...,
            "quantization_config": ...,
        }
    ],
    "layers.GroupQueryAttention": [
        {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, "flash_attention": ..., "sliding_window": 3}
    ],
    "layers.MultiHeadAttention": [{"flash_attention": ..., "sliding_window": 3}],
    "layers.SimpleRNN": [{"activity_regularizer": ...}],  # Keras loses it
    "layers.StackedRNNCells": [{"cells": [new("layers.LSTMCell", 3, name="inner")]}],
    "layers.Cropping2D": [{"cropping": several(several(1, 2), several(3, 4))}],
    "layers.Cropping3D": [{"cropping": several(several(1, 2), several(3, 4), several(5, 6))}],
    "layers.ZeroPadding1D": [{"padding": several(1, 2)}],
    "layers.ZeroPadding2D": [{"padding": several(several(1, 2), several(3, 4))}],
    "layers.ZeroPadding3D": [{"padding": several(several(1, 2), several(3, 4), several(5, 6))}],
    "losses.Circle": [{"gamma": 16.0, "margin": 0.25}],
    "losses.CategoricalFocalCrossentropy": [{"alpha": 0.35}, {"alpha": [0.25, 0.5]}],
    "losses.Dice": [{"axis": several(1, 2)}],
    "losses.Tversky": [{"axis": several(1, 2)}],
    "metrics.AUC": [
        {
            "dtype": "float32",
            "curve": "PR",
            "summation_method": "majoring",
            "thresholds": ...,
            "num_labels": 3,
            "label_weights": [1.0, 2.0, 3.0],
        },
        {
            "curve": "ROC",
            "summation_method": "minoring",
            "thresholds": [0.25, 0.5],
            "num_thresholds": ...,
            "label_weights": ...,
        },
    ],
    "metrics.MeanMetricWrapper": [{"fn": {"$": "losses.mean_squared_error", "call": False}}],
    "metrics.BinaryIoU": [{"target_class_ids": [1]}],
    "metrics.ConcordanceCorrelation": [{"axis": 0}],
    "metrics.PearsonCorrelation": [{"axis": 0}],
    "metrics.Precision": [{}, {"thresholds": 0.3, "top_k": ...}],
    "metrics.Recall": [{}, {"thresholds": 0.3, "top_k": ...}],
    "metrics.TopKCategoricalAccuracy": [{"k": 2}],
    "optimizers.LossScaleOptimizer": [{"inner_optimizer": SGD, "initial_scale": 64.0, "dynamic_growth_steps": 9}],
    "optimizers.MultiOptimizer": [
        {"optimizer_map": new("optimizers.OptimizerMap", SGD, {".*bias": SGD}), "loss_scale_factor": 4.0}
    ],
    "optimizers.OptimizerMap": [{"default_optimizer": SGD, "optimizer_map": {".*bias": SGD}}],
    "optimizers.schedules.PiecewiseConstantDecay": [{"boundaries": [3, 15], "values": [0.3, 0.2, 0.05]}],
    "optimizers.schedules.CosineDecay": [{"warmup_target": 0.4}],
    "regularizers.L1": [{"l1": 0.5}],
    "regularizers.OrthogonalRegularizer": [{"factor": 0.25, "mode": "columns"}],
}
for name in ["Conv1D", "Conv2D", "Conv3D"]:
    BY_CLASS[f"layers.{name}"] = [
        {"filters": 6, "groups": 2, "dilation_rate": 1},
        {"strides": 1, "filters": 4, "groups": 2},
    ]
for name in ["Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose"]:
    BY_CLASS[f"layers.{name}"] = [{"output_padding": 1, "dilation_rate": 1}, {"strides": 1, "output_padding": ...}]
for name in ["ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"]:
    BY_CLASS[f"layers.{name}"] = [{"dilation_rate": 1}, {"strides": 1}]

# What every layer takes.
LAYER = {name: BY_NAME[name] for name in ("name", "dtype", "activity_regularizer")} | {"trainable": False}


def guess(name, default, i):
    """A value for an argument: by its name, or a number near its default; `...` if there is no guess."""
    if name in BY_NAME:
        return BY_NAME[name]
    if isinstance(default, bool):
        return not default
    if isinstance(default, float):
        return round(default + 0.125 + i / 64, 6) if default < 0.5 else round(default - 0.125 - i / 64, 6)
    if isinstance(default, int) or default in (None, inspect.Parameter.empty):
        return 2 + i if default is None or default is inspect.Parameter.empty else default + 1 + i
    if isinstance(default, tuple) and all(isinstance(item, int) for item in default):
        return several(*(item + 1 + i for item in default))
    return ...


def arguments_of(family, cls, own):
    found = {}
    signature = inspect.signature(cls)
    given = OPTIMIZER if family == "optimizers" else {}
    for i, (name, parameter) in enumerate(signature.parameters.items()):
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        value = own.get(name, given.get(name, guess(name, parameter.default, i)))
        if value is not ...:
            found[name] = value
    if family == "layers" and issubclass(cls, keras.layers.Layer):
        found.update({name: own.get(name, value) for name, value in LAYER.items() if name not in found})
        found = {name: value for name, value in found.items() if value is not ...}
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
            found = {name: value for name, value in found.items() if name in signature.parameters}
    return found


def made(thing):
    if isinstance(thing, list):
        return [made(item) for item in thing]
    if not isinstance(thing, dict):
        return thing
    if "$tuple" in thing:
        return tuple(made(thing["$tuple"]))
    if "$" not in thing:
        return {key: made(value) for key, value in thing.items()}
    found = keras
    for part in thing["$"].split("."):
        found = getattr(found, part)
    return found if thing.get("call") is False else found(*made(thing["args"]), **made(thing["kw"]))


def main():
    lines = []
    for family in FAMILIES:
        module = made({"$": family, "call": False})
        public = {}
        for name, thing in sorted(vars(module).items()):
            if isinstance(thing, type) and hasattr(thing, "get_config"):
                public[thing] = thing.__name__ if hasattr(module, thing.__name__) else name
        for cls, name in public.items():
            path = f"{family}.{name}"
            for own in BY_CLASS.get(path, ONE_CLIP if family == "optimizers" else [{}]):
                arguments = arguments_of(family, cls, own)
                keras.utils.clear_session(free_memory=False)  # names of what is inside start again
                try:
                    config = made({"$": path, "args": [], "kw": arguments}).get_config()
                    case = {
                        "class": path,
                        "arguments": arguments,
                        "config": keras.saving.serialize_keras_object(config),
                    }
                    lines.append(json.dumps(case, separators=(",", ":")))
                except Exception as error:  # a class that needs more than a guess: give it values above
                    print("left out:", path, "|", f"{type(error).__name__}: {error}".replace("\n", " ")[:150])  # noqa: T201
    OUT.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    main()
