"""The older format of Keras: one `.h5` file with the configuration as attributes and the weights layer by layer.

Keras 2 and Keras 3 both write it. `keras2.py` brings configurations into today's form.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

from babytf import losses, metrics
from babytf.engine import Variable
from babytf.errors import explain
from babytf.limits import loading
from babytf.optimizers import Nadam
from babytf.saving.archive import parse_json
from babytf.saving.hdf5 import Dataset, H5Reader, write_groups
from babytf.saving.keras2 import outputs_of, upgrade_model, upgrade_training
from babytf.saving.keras_format import KERAS_VERSION, check_describes_model, check_is_model, config_json
from babytf.saving.weights import Plan, check_fits, warn_misfits
from babytf.serialization import deserialize_keras_object, get_registered_name, serialize_sharing, sharing

WEIGHTS, OPTIMIZER, TOP = "model_weights", "optimizer_weights", "top_level_model_weights"
BACKEND = "numpy"

_NOT_SLOTS = ("decay", "beta_1", "beta_2", "rho", "momentum")  # numbers that old optimizers kept as variables


# --------------------------------------------------------------------------------------------- reading


def is_legacy(reader: H5Reader) -> bool:
    """Whether a file is in this format; `.weights.h5` is another.

    Args:
        reader: The file.
    """
    return reader.has_group(WEIGHTS) or bool(reader.names("", "layer_names"))


def read_model(file: BinaryIO, custom_objects: dict[str, Any] | None, compile: bool, safe_mode: bool) -> Any:
    """The model in an open `.h5` file; the arguments are those of `load_model`."""
    with H5Reader(file) as reader:
        config, training = configurations(reader)
        if compile and training is not None:
            config["compile_config"] = upgrade_training(training, outputs_of(config))
        with sharing(), loading(reader.numbers) as load:
            model = deserialize_keras_object(config, custom_objects, safe_mode=safe_mode)
        check_is_model(model, "model_config")
        plan = plan_weights(model, reader, by_name=False, skip_mismatch=False, own=True)
        if getattr(model, "optimizer", None) is not None and config.get("compile_config"):
            plan.pairs += _optimizer_pairs(model.optimizer, reader)
        filled = plan.fill()
        load.finish(filled)
        _complete(getattr(model, "optimizer", None), filled)
    if compile and training is None:
        warnings.warn("The file does not say how the model was compiled: compile it to train it.", stacklevel=4)
    return model


def configurations(reader: H5Reader) -> tuple[dict[str, Any], Any]:
    """What a file says about its model, in the form of Keras 3, and how it was compiled, as it was written.

    Args:
        reader: The file.

    Raises:
        ValueError: If it holds no model.
    """
    text, training = reader.text("", "model_config"), reader.text("", "training_config")
    if text is None:
        raise ValueError(
            explain(
                "there is no model in it.",
                got="weights alone" if is_legacy(reader) else "an HDF5 file without model_config",
                expected="a file written by model.save('name.h5')",
                fix="make the model in code, and model.load_weights() this file",
            )
        )
    config = upgrade_model(parse_json(text.encode(), "model_config"))
    check_describes_model(config, "model_config")
    return config, None if training is None else parse_json(training.encode(), "training_config")


def plan_weights(model: Any, reader: H5Reader, by_name: bool, skip_mismatch: bool, own: bool = False) -> Plan:
    """Which array goes to which variable.

    Layers are matched in order, those without weights left out, as Keras does.

    Args:
        model: A built model.
        reader: The file.
        by_name: Whether layers are matched by name, and those that are in only one of the two left alone.
        skip_mismatch: Whether to pass over, with a warning, what does not fit.
        own: Whether the model was made from this file: then names are right if they are the same.

    Raises:
        ValueError: If something does not fit.
    """
    root = f"{WEIGHTS}/" if reader.has_group(WEIGHTS) else ""
    stored = {
        name: reader.names(f"{root}{name}", "weight_names") for name in reader.names(root.strip("/"), "layer_names")
    }
    layers = [layer for layer in model.layers if by_name or layer.weights]
    names = [layer.name for layer in layers]
    found = [name for name in stored if stored[name]]
    plan, misfits = Plan(), list[str]()
    if by_name:
        matches = [(layer, layer.name) for layer in layers if layer.name in stored]
    elif own and sorted(names) == sorted(found):
        matches = list(zip(layers, names, strict=True))
    elif len(names) == len(found):
        matches = list(zip(layers, found, strict=True))
    else:
        raise ValueError(
            explain(
                f"the number of layers with weights differs from that of model '{model.name}'.",
                got=f"{len(found)}: {_listed(found)}",
                expected=f"{len(names)}: {_listed(names)}",
                fix="make the model as it was saved, or pass by_name=True to load_weights",
            )
        )
    for layer, name in matches:
        who = f"{type(layer).__name__} '{layer.name}'"
        _match(plan, misfits, reader, f"{root}{name}", stored[name], legacy_order(layer), who, skip_mismatch)
    if reader.has_group(f"{root}{TOP}"):
        top = reader.names(f"{root}{TOP}", "weight_names")
        variables = list(model._own_variables)
        if top or variables:
            _match(plan, misfits, reader, f"{root}{TOP}", top, variables, f"model '{model.name}'", skip_mismatch)
    warn_misfits(misfits)
    return plan


def legacy_order(layer: Any) -> list[Variable]:
    """The weights of a layer or nested model: all that are trained, then the others.

    Args:
        layer: The layer.
    """
    return [*layer.trainable_weights, *layer.non_trainable_weights]


def _match(
    plan: Plan,
    misfits: list[str],
    reader: H5Reader,
    path: str,
    names: list[str],
    variables: list[Variable],
    who: str,
    skip_mismatch: bool,
) -> None:
    if len(names) != len(variables):
        error = ValueError(
            explain(
                f"{path} does not fit {who}: the number of arrays differs.",
                got=f"{len(names)}: {_listed(names)}",
                expected=f"{len(variables)}: {', '.join(f'{v.name} {v.shape}' for v in variables) or 'none'}",
            )
        )
        if not skip_mismatch:
            raise error
        misfits.append(str(error))
        return
    for name, variable in zip(names, variables, strict=True):
        data = reader.dataset(f"{path}/{name}")
        try:
            check_fits(variable, data, who)
        except ValueError as error:
            if not skip_mismatch:
                raise
            misfits.append(str(error))
            continue
        plan.pairs.append((variable, data))


def _optimizer_pairs(optimizer: Any, reader: H5Reader) -> list[tuple[Variable, Dataset]]:
    """The optimizer's state; nothing, with a warning, if it does not fit."""
    names = reader.names(OPTIMIZER, "weight_names")
    if not names:
        return []
    variables = list(optimizer.variables)
    data = {name: reader.dataset(f"{OPTIMIZER}/{name}") for name in names}
    keras_2 = (reader.text("", "keras_version") or "").startswith(("1.", "2."))
    for order in _orders(variables, names, keras_2):
        pairs = [(variable, data[name]) for variable, name in order]
        if all(variable.shape == item.shape for variable, item in pairs):
            return pairs
    warnings.warn(
        explain(
            f"the state of optimizer '{optimizer.name}' was not loaded; it starts afresh.",
            got=f"{len(names)} arrays in the file: {_listed(names)}",
            expected=f"{len(variables)}: {_listed([v.path for v in variables])}",
            fix="compile the model and go on: only the first steps will differ",
        ),
        stacklevel=5,
    )
    return []


def _orders(variables: list[Variable], names: list[str], keras_2: bool) -> Iterable[list[tuple[Variable, str]]]:
    """The ways in which the names may belong to the variables, the likeliest first."""
    if not keras_2:
        if len(names) == len(variables):
            yield list(zip(variables, names, strict=True))
        return
    plain = {name: name.rpartition("/")[2].partition(":")[0] for name in names}
    step = next((name for name in names if plain[name] in ("iteration", "iter", "iterations")), None)
    rate = next((name for name in names if plain[name] in ("learning_rate", "lr")), None)
    has_rate = len(variables) > 1 and variables[1].name == "learning_rate"
    begin = [(variables[0], step)] if step is not None else []
    if has_rate and rate is not None:
        begin.append((variables[1], rate))
    slots = variables[2 if has_rate else 1 :]
    rest = [name for name in names if name not in (step, rate)]
    # Before Keras 2.11 slots were named `Adam/dense/kernel/m:0`, and listed slot by slot.
    by_slot: dict[str, list[str]] = {}
    for name in rest:
        by_slot.setdefault(plain[name], []).append(name)
    older = by_slot and set(by_slot) <= set(_SLOT_WORDS)
    if older:
        mine: dict[str, list[Variable]] = {}
        for variable in slots:
            mine.setdefault(next((s for s in _SLOT_NAMES if variable.name.endswith(f"_{s}")), ""), []).append(variable)
        order = list(begin)
        for word, members in by_slot.items():
            slot = next((s for s in _SLOT_WORDS[word] if s in mine), "")
            if len(mine.get(slot, ())) == len(members):
                order += zip(mine[slot], members, strict=True)
        if len(order) == len(begin) + len(rest):
            yield order
        return
    rest = [name for name in rest if plain[name] not in _NOT_SLOTS or name.count("/") > 1]
    if len(rest) >= len(slots) and not slots:
        yield begin  # SGD of Keras 2 keeps momentums even if it has no momentum
    elif len(rest) == len(slots):
        yield [*begin, *zip(slots, rest, strict=True)]
    elif len(rest) == len(slots) - 1 and slots[-1].shape == ():
        yield [*begin, *zip(slots, rest, strict=False)]  # Nadam of Keras 2 did not save its running product


def _complete(optimizer: Any, filled: set[int]) -> None:
    """Work out what Keras 2 did not save: the product of all momentums so far, of Nadam."""
    if not isinstance(optimizer, Nadam) or not optimizer.built:
        return
    step, product = optimizer.variables[0], optimizer.variables[-1]
    if id(step) in filled and id(product) not in filled:
        steps = int(step)
        growing = (1 - 0.5 * 0.96**t for t in range(1, min(steps, 1000) + 1))  # the rest are 1
        product.assign(optimizer.beta_1 ** max(steps, 0) * math.prod(growing))


_SLOT_WORDS: dict[str, tuple[str, ...]] = {
    "m": ("momentum",),
    "v": ("velocity", "norm"),
    "vhat": ("velocity_hat",),
    "rms": ("velocity",),
    "mg": ("average_gradient",),
    "momentum": ("momentum",),
    "accumulator": ("accumulator",),
    "accum_grad": ("accumulated_grad",),
    "accum_var": ("accumulated_delta_var",),
    "linear": ("linear",),
}
_SLOT_NAMES = sorted({slot for slots in _SLOT_WORDS.values() for slot in slots}, key=len, reverse=True)


# --------------------------------------------------------------------------------------------- writing


def whole_model(model: Any, include_optimizer: bool) -> memoryview:
    """The bytes of an `.h5` file with a model.

    Args:
        model: The model.
        include_optimizer: Whether to keep how it was compiled, and the optimizer's state.
    """
    described = serialize_sharing(model)
    name = described["class_name"] if described["registered_name"] is None else get_registered_name(type(model))
    config = {**described, "class_name": name}
    compiled = config.pop("compile_config", None)
    for key in ("module", "registered_name"):  # as Keras has it: the outermost object only has a name
        config.pop(key, None)
    attributes: dict[str, Any] = {
        "keras_version": KERAS_VERSION,
        "backend": BACKEND,
        "model_config": config_json(model, config),
    }
    groups: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {"": (attributes, {})}
    optimizer = getattr(model, "optimizer", None)
    if include_optimizer and optimizer is not None and compiled:
        attributes["training_config"] = config_json(model, _training_config(compiled))
    groups |= {f"{WEIGHTS}/{path}".strip("/"): group for path, group in _weights_groups(model).items()}
    if include_optimizer and optimizer is not None:
        groups[OPTIMIZER] = _group(optimizer.variables)
    return write_groups(groups)


def weights_alone(model: Any) -> memoryview:
    """The bytes of an `.h5` file with the weights of a model.

    Args:
        model: The model.
    """
    return write_groups(_weights_groups(model))


def _weights_groups(model: Any) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    layers = model.layers
    names = [layer.name for layer in layers]
    if len(set(names)) < len(names) or TOP in names:
        raise ValueError(
            explain(
                f"model '{model.name}' cannot be saved as .h5: two of its layers have one name.",
                got=_listed(sorted(names)),
                fix="save it as .keras, or give the layers names of their own",
            )
        )
    attributes = {"layer_names": names, "backend": BACKEND, "keras_version": KERAS_VERSION}
    groups: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {"": (attributes, {})}
    groups |= {layer.name: _group(legacy_order(layer)) for layer in layers}
    groups[TOP] = _group(model._own_variables)
    return groups


def _group(variables: Sequence[Variable]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Arrays under the paths of their variables, none twice and none the beginning of another."""
    arrays: dict[str, Any] = {}
    taken: set[str] = set()
    for variable in variables:
        path, number = variable.path, 0
        while path in taken or any(path.startswith(f"{name}/") for name in arrays):
            number += 1
            path = f"{variable.path}_{number}"
        arrays[path] = variable.numpy()
        pieces = path.split("/")
        taken.update("/".join(pieces[: i + 1]) for i in range(len(pieces)))
    return {"weight_names": list(arrays)}, arrays


def _training_config(compiled: dict[str, Any]) -> dict[str, Any]:
    """How a model was compiled, such that Keras, which does not know its own short names there, reads it."""
    training = {name: value for name, value in compiled.items() if name != "optimizer"}
    training["loss"] = _spelled_out(training.get("loss"), _loss_name)
    for name in ("metrics", "weighted_metrics"):
        training[name] = _spelled_out(training.get(name), _metric_config)
    optimizer = compiled["optimizer"]
    name = optimizer["registered_name"] or optimizer["class_name"]
    training["optimizer_config"] = {"class_name": name, "config": optimizer["config"]}
    return training


def _spelled_out(nest: Any, change: Any) -> Any:
    if isinstance(nest, str):
        return change(nest)
    if isinstance(nest, dict):
        return nest if "class_name" in nest else {key: _spelled_out(value, change) for key, value in nest.items()}
    return [_spelled_out(item, change) for item in nest] if isinstance(nest, (list, tuple)) else nest


def _loss_name(name: str) -> str:
    found = losses.get(name)
    return getattr(found, "__name__", name)


def _metric_config(name: str) -> Any:
    if name in ("accuracy", "acc", "crossentropy", "ce"):
        return name
    found = metrics.get(name)
    if not isinstance(found, metrics.Metric):
        return name
    described = serialize_sharing(found)
    return {**described, "config": {**described["config"], "name": name}}


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:6])
    return shown + ", …" if len(names) > 6 else shown or "none"
