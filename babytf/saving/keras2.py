"""Configurations as Keras 2 wrote them, and as `.h5` files have them, in the form of Keras 3.

Pure functions on data read from JSON. Nothing is looked up here: what a name stands for is decided when the
result is read, in `serialization.py`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

Config = dict[str, Any]

MODELS = ("Sequential", "Functional", "Model")

# Arguments that layers of Keras 2 had and those of Keras 3 have not, with the values that ask for nothing special.
_ANY = object()
_KERNEL: Config = {"kernel_initializer": _ANY, "kernel_regularizer": _ANY, "kernel_constraint": _ANY}
_GONE: dict[str, Config] = {
    name: arguments
    for names, arguments in (
        ("BatchNormalization", {"virtual_batch_size": None, "fused": _ANY, "adjustment": None}),
        ("DepthwiseConv1D DepthwiseConv2D SeparableConv1D SeparableConv2D", {"groups": _ANY, **_KERNEL}),
        ("Conv1DTranspose Conv2DTranspose Conv3DTranspose", {"groups": 1}),
        ("Embedding", {"input_length": _ANY}),
        ("InputLayer", {"type_spec": None}),
        ("Lambda", dict.fromkeys(("function_type", "module", "output_shape_module"), _ANY)),
        (
            "MultiHeadAttention",
            dict.fromkeys(("query_shape", "key_shape", "value_shape", "softmax_robust_masking"), _ANY),
        ),
        ("Attention AdditiveAttention", {"causal": False}),
        ("Softmax", {"robust_masking": _ANY}),
        (
            "SimpleRNN GRU LSTM RNN ConvLSTM1D ConvLSTM2D ConvLSTM3D SimpleRNNCell GRUCell LSTMCell",
            {"time_major": False, "implementation": _ANY},
        ),
    )
    for name in names.split()
}

_RENAMED: dict[str, dict[str, str]] = {
    "InputLayer": {"batch_input_shape": "batch_shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
}

_OPERATIONS = ("Add", "Maximum", "Minimum", "Multiply", "Subtract")
"""Operations that have the names of layers: `x + y` and `layers.add([x, y])` are told apart by their calls."""

_FAMILY = {"_initializer": "initializers", "_regularizer": "regularizers", "_constraint": "constraints"}
_HOLDS_LAYERS = ("layer", "forward_layer", "backward_layer", "cell", "cells", "layers")

_OPTIMIZER_GONE = ("jit_compile", "is_legacy_optimizer", "schedule_decay", "experimental_aggregate_gradients")


# ---------------------------------------------------------------------------------------------- models


def upgrade_model(config: Any) -> Any:
    """The configuration of a model or layer, in the form of Keras 3.

    Args:
        config: `{"class_name", "config"}` as it was read; it is not changed.

    Returns:
        What `deserialize_keras_object` takes. What is in the form of Keras 3 already comes back as it is.
    """
    return _layer(config)


def upgrade_file(config: Any) -> Any:
    """The `config.json` of a `.keras` file that Keras 2 wrote, with how the model was compiled.

    Args:
        config: As it was read.
    """
    config = _modules(upgrade_model(config))
    compiled = config.get("compile_config") if isinstance(config, dict) else None
    if isinstance(compiled, dict):
        training = {**compiled, "optimizer_config": compiled.get("optimizer")}
        config["compile_config"] = upgrade_training(training, outputs_of(config))
    return config


def _modules(tree: Any) -> Any:
    """Modules as Keras calls them: the package with Keras 2 is named tf_keras."""
    if isinstance(tree, list):
        return [_modules(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    out = {key: _modules(value) for key, value in tree.items()}
    module = out.get("module")
    if isinstance(module, str) and module.split(".")[0] == "tf_keras":
        out["module"] = module.removeprefix("tf_")
    return out


def upgrade_optimizer(config: Any) -> Any:
    """The configuration of an optimizer; a name stays a name.

    Args:
        config: `{"class_name", "config"}`, or a name.
    """
    if not _is_object(config):
        return config
    out, inner = _named(config, "keras.optimizers")
    for name in _OPTIMIZER_GONE:
        inner.pop(name, None)
    if "lr" in inner:
        inner.setdefault("learning_rate", inner.pop("lr"))
    if "inner_optimizer" in inner:
        inner["inner_optimizer"] = upgrade_optimizer(inner["inner_optimizer"])
    rate: Any = inner.get("learning_rate")
    decay = inner.pop("decay", 0)
    if _is_object(rate):
        inner["learning_rate"] = {"module": "keras.optimizers.schedules", "registered_name": None} | rate
    elif decay and isinstance(decay, (int, float)) and isinstance(rate, (int, float)):
        # the rate that older optimizers lowered by themselves: rate / (1 + decay * step)
        schedule = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay}
        inner["learning_rate"] = {
            "module": "keras.optimizers.schedules",
            "class_name": "InverseTimeDecay",
            "config": schedule,
            "registered_name": None,
        }
    return out


def upgrade_training(training: Any, outputs: int) -> Config:
    """The arguments of `compile`, from the training configuration of an `.h5` file.

    Args:
        training: As it was read.
        outputs: How many outputs the model has.

    Returns:
        What `get_compile_config` gives.
    """
    training = training if isinstance(training, dict) else {}
    out: Config = {"optimizer": upgrade_optimizer(training.get("optimizer_config"))}
    out["loss"] = _mapped(training.get("loss"), _loss)
    out["loss_weights"] = training.get("loss_weights")
    for name in ("metrics", "weighted_metrics"):
        found = training.get(name)
        if outputs == 1 and isinstance(found, list) and len(found) == 1 and isinstance(found[0], list):
            found = found[0]
        out[name] = _mapped(found, _metric)
    for name in ("run_eagerly", "steps_per_execution", "jit_compile"):
        if training.get(name) is not None:
            out[name] = training[name]
    return out


def outputs_of(config: Any) -> int:
    """How many outputs a model has, by its configuration.

    Args:
        config: As `upgrade_model` gives it.
    """
    ends = config["config"].get("output_layers") if isinstance(config.get("config"), dict) else None
    if isinstance(ends, dict):
        return len(ends)
    return len(ends) if isinstance(ends, list) and not _is_triple(ends) else 1


# ---------------------------------------------------------------------------------------------- layers


def _layer(config: Any, last_in: str = "layers") -> Any:
    if isinstance(config, list) and last_in == "cells":
        return [_layer(item) for item in config]
    if not _is_object(config):
        return config
    class_name = config["class_name"]
    if class_name == "Sequential" and isinstance(config["config"], list):  # before Keras 2.2.3
        config = {**config, "config": {"name": "sequential", "layers": config["config"]}}
    if class_name in MODELS:
        out, inner = _named(config, "keras")
        return _model(out, inner)
    if "module" in config and _is_keras_3(config["config"]):
        return config
    out, inner = _named(config, "keras.layers")
    kind = out["class_name"]
    for old, new in _RENAMED.get(kind, {}).items():
        if old in inner:
            inner.setdefault(new, inner.pop(old))
    if kind == "Lambda":
        _lambda(inner)
    for name, neutral in _GONE.get(kind, {}).items():
        if name in inner and (neutral is _ANY or inner[name] == neutral):
            del inner[name]
    axis = inner.get("axis")
    if kind == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
        inner["axis"] = axis[0]
    for name, value in inner.items():
        if name in _HOLDS_LAYERS:
            inner[name] = _layer(value, name)
        elif name == "dtype":
            inner[name] = _policy(value)
        elif _is_object(value) and "module" not in value:
            family = next((family for ending, family in _FAMILY.items() if name.endswith(ending)), None)
            if family is not None:
                inner[name] = {"module": f"keras.{family}", "registered_name": None} | value
    return out


def _model(out: Config, inner: Config) -> Config:
    if out["class_name"] == "Model" and "input_layers" in inner:
        out["class_name"] = "Functional"
    layers = inner.get("layers")
    if not isinstance(layers, list):
        return out
    begins = bool(layers) and _is_object(layers[0]) and layers[0]["class_name"] == "InputLayer"
    made: list[Any] = []
    older = False
    for i, layer in enumerate(layers):
        entry = _layer(layer)
        if _is_object(entry) and isinstance(entry["config"], dict) and (i or begins):
            entry["config"].pop("batch_input_shape", None)  # said by the InputLayer
        older = older or any(isinstance(node, list) for node in _nodes(entry))
        if _nodes(entry):
            entry = {**entry, "inbound_nodes": [_node(node) for node in entry["inbound_nodes"]]}
            if entry["class_name"] in _OPERATIONS and any(_takes_two(node) for node in entry["inbound_nodes"]):
                entry["module"] = "keras.src.ops.numpy"
        made.append(entry)
    inner["layers"] = made
    for name in ("input_layers", "output_layers"):
        if name not in inner:
            continue
        ends = inner[name]
        if isinstance(ends, list) and len(ends) == 1 and _is_triple(ends[0]):
            ends = ends[0]
        inner[name] = copy.deepcopy(ends)
    if older:
        _count_calls_from_zero(inner)
    return out


def _takes_two(node: Any) -> bool:
    """Whether a call has two tensors one beside the other, where a layer of the name takes a list of them."""
    return isinstance(node, dict) and isinstance(node.get("args"), list) and len(node["args"]) > 1


def _nodes(entry: Any) -> list[Any]:
    nodes = entry.get("inbound_nodes") if isinstance(entry, dict) else None
    return nodes if isinstance(nodes, list) else []


def _count_calls_from_zero(inner: Config) -> None:
    """In Keras 2 the making of a nested model is its call 0; its first use in the outer model is call 1.

    The ends of the outer model name a functional model in this way to this day, and so stay.
    """
    models = {e["name"]: e for e in inner["layers"] if _is_object(e) and e["class_name"] in MODELS and "name" in e}
    histories = list(_histories([_nodes(entry) for entry in inner["layers"]]))
    ends = [inner.get(name) for name in ("input_layers", "output_layers")]
    for name, entry in models.items():
        mine = [history for history in histories if history[0] == name]
        at_ends = [triple for triple in _triples(ends) if triple[0] == name]
        if all(history[1] < len(_nodes(entry)) for history in [*mine, *at_ends]):
            continue
        for history in mine if entry["class_name"] != "Sequential" else [*mine, *at_ends]:
            history[1] = max(history[1] - 1, 0)


def _histories(tree: Any) -> Iterator[list[Any]]:
    if isinstance(tree, dict):
        if tree.get("class_name") == "__keras_tensor__" and isinstance(tree.get("config"), dict):
            yield from _triples(tree["config"].get("keras_history"))
            return
        tree = list(tree.values())
    if isinstance(tree, list):
        for item in tree:
            yield from _histories(item)


def _triples(tree: Any) -> Iterator[list[Any]]:
    if _is_triple(tree):
        yield tree
    elif isinstance(tree, (list, dict)):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from _triples(item)


def _lambda(inner: Config) -> None:
    """Code as it is marked in Keras 3: nothing here, or later, runs it."""
    function = inner.get("function")
    if isinstance(function, list):
        code, defaults, closure = [*function, None, None, None][:3]
        inner["function"] = {
            "class_name": "__lambda__",
            "config": {"code": code, "defaults": defaults, "closure": closure},
        }
    elif isinstance(function, str):
        inner["function"] = {"module": "builtins", "class_name": "function", "config": function}
    if inner.pop("output_shape_type", None) == "lambda" and isinstance(inner.get("output_shape"), list):
        inner["output_shape"] = {"class_name": "__lambda__", "config": {"code": None}}


def _policy(value: Any) -> Any:
    if _is_object(value) and value["class_name"] in ("Policy", "PolicyV1") and isinstance(value["config"], dict):
        name = {"name": value["config"].get("name")}
        return {"module": "keras", "class_name": "DTypePolicy", "config": name, "registered_name": None}
    return value


# ----------------------------------------------------------------------------------------------- nodes


def _node(node: Any) -> Any:
    """One call of a layer: `[["x", 0, 0, {kwargs}], …]` as `{"args", "kwargs"}`."""
    if isinstance(node, dict) and set(node) == {"args", "kwargs"}:
        return node
    kwargs: Config = {}
    first = _inputs(node, kwargs)
    if isinstance(first, list) and len(first) == 1:
        first = first[0]
    return {"args": [first], "kwargs": kwargs}


def _inputs(nest: Any, kwargs: Config) -> Any:
    if isinstance(nest, dict):
        return {key: _inputs(value, kwargs) for key, value in nest.items()}
    if not isinstance(nest, list):
        return nest
    if nest and nest[0] == "_CONSTANT_VALUE" and len(nest) >= 3:
        kwargs.update(_arguments(nest[3]) if len(nest) > 3 and isinstance(nest[3], dict) else {})
        return nest[2]
    if len(nest) in (3, 4) and _is_triple(nest[:3]) and (len(nest) == 3 or isinstance(nest[3], dict)):
        kwargs.update(_arguments(nest[3]) if len(nest) == 4 else {})
        return _tensor(nest[:3])
    return [_inputs(item, kwargs) for item in nest]


def _arguments(value: Any) -> Any:
    """Keyword arguments: `["x", 0, 0]` in them is a tensor."""
    if _is_triple(value):
        return _tensor(value)
    if isinstance(value, dict):
        return {key: _arguments(item) for key, item in value.items()}
    return [_arguments(item) for item in value] if isinstance(value, list) else value


def _tensor(history: list[Any]) -> Config:
    return {"class_name": "__keras_tensor__", "config": {"shape": None, "dtype": None, "keras_history": [*history]}}


def _is_triple(value: Any) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(isinstance(index, int) and not isinstance(index, bool) for index in value[1:])
    )


# ------------------------------------------------------------------------------------ losses and metrics


def _mapped(nest: Any, change: Any) -> Any:
    """A nest of names and objects, each changed."""
    if _is_object(nest):
        return change(nest)
    if isinstance(nest, dict):
        return {key: _mapped(value, change) for key, value in nest.items()}
    return [_mapped(item, change) for item in nest] if isinstance(nest, list) else nest


def _loss(config: Config) -> Any:
    if config["class_name"] == "function":
        return config
    out, inner = _named(config, "keras.losses")
    if inner.get("reduction") in ("auto", "sum_over_batch_size"):
        inner["reduction"] = "sum_over_batch_size"
    function = inner.pop("fn", None)
    return function if out["class_name"] == "LossFunctionWrapper" and isinstance(function, str) else out


def _metric(config: Config) -> Any:
    if config["class_name"] == "function":
        return config
    out, inner = _named(config, "keras.metrics")
    if out["class_name"] in ("MeanMetricWrapper", "SumOverBatchSizeMetricWrapper") and isinstance(inner.get("fn"), str):
        function = {"module": "keras.metrics", "class_name": "function", "config": inner["fn"]}
        out["class_name"], inner["fn"] = "MeanMetricWrapper", function
    else:
        inner.pop("fn", None)
    return out


# ---------------------------------------------------------------------------------------------- common


def _is_object(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def _is_keras_3(inner: Any) -> bool:
    """Whether the arguments of an object with a module are in the form of Keras 3."""
    return isinstance(inner, dict) and (
        _is_object(inner.get("dtype")) or "batch_shape" in inner or "dtype" not in inner
    )


def _named(config: Config, module: str) -> tuple[Config, Config]:
    """A copy that says where its class is known, and a copy of its arguments in it."""
    inner = dict(config["config"]) if isinstance(config["config"], dict) else config["config"]
    out = {**config, "config": inner}
    package, mark, name = config["class_name"].rpartition(">")
    if mark and re.fullmatch(r"\w+", name):  # registered, as "package>name"
        out.update(class_name=name, registered_name=config["class_name"])
        module = package if package != "Custom" else module
    out["module"] = out.get("module", module)
    if not isinstance(inner, dict):
        inner = {}
    return out, inner
