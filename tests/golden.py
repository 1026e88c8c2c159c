"""Replays what real Keras was recorded to do, through the public API alone.

`data/keras/INDEX.json` lists the cases and says, under `kinds`, what each is. A case has sub-cases
(`model/mlp_adam:resume`), and a sub-case one error figure per quantity, to be held against a tolerance.
"""

from __future__ import annotations

import copy
import functools
import importlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

import babytf

ROOT = Path(__file__).parent / "data" / "keras"

Errors = dict[str, float]


@functools.cache
def index() -> dict:
    return json.loads((ROOT / "INDEX.json").read_text())


@functools.cache
def arrays(relative: str) -> dict[str, np.ndarray]:
    with np.load(ROOT / relative, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


@functools.cache
def tolerances() -> dict[str, tuple[dict, Errors]]:
    """From each sub-case's name to its case and tolerances; those on which real backends disagree left out."""
    found = {}
    for case in index()["cases"]:
        for name, tolerance in case["tol"].items():
            if name not in case.get("unstable", {}):
                found[name] = (case, tolerance)
    return found


def replay(name: str) -> Errors:
    """Run one sub-case; raises whatever the library raises."""
    case, _ = tolerances()[name]
    part = name.removeprefix(case["id"] + ":")
    babytf.utils.clear_session(free_memory=False)
    errors = KINDS[case["kind"]](case, part)
    return errors if isinstance(errors, dict) else {part: errors}


# ------------------------------------------------------------------------------------- errors


class Misfit(AssertionError):
    """A result of another shape, dtype or number than the recorded one."""


def scaled(got, expected) -> float:
    """The largest difference, in units of the largest number expected."""
    got, expected = both(got, expected)
    return float(np.abs(got - expected).max(initial=0) / max(np.abs(expected).max(initial=0), 1e-6))


def mixed(got, expected, ignore=()) -> float:
    """The largest |got - expected| / (1 + |expected|)."""
    got, expected = both(got, expected)
    error = np.abs(got - expected) / (1 + np.abs(expected))
    return float(np.delete(error, ignore).max(initial=0))


def both(got, expected) -> tuple[np.ndarray, np.ndarray]:
    """As float64, with what is not finite checked to be the same and set to zero."""
    got, expected = np.asarray(got), np.asarray(expected)
    if got.shape != expected.shape:
        raise Misfit(f"shape {got.shape}, expected {expected.shape}")
    got, expected = got.astype("float64"), expected.astype("float64")
    odd = ~np.isfinite(expected)
    if (odd != ~np.isfinite(got)).any() or not np.array_equal(got[odd], expected[odd], equal_nan=True):
        raise Misfit("NaN and infinity are not where they were recorded")
    return np.where(odd, 0, got), np.where(odd, 0, expected)


def each(got, expected, measure=scaled) -> float:
    got = list(got)
    if len(got) != len(expected):
        raise Misfit(f"{len(got)} arrays, expected {len(expected)}")
    return max([measure(g, e) for g, e in zip(got, expected, strict=True)], default=0.0)


def each_of_dict(got: dict, expected: dict) -> float:
    if sorted(got) != sorted(expected):
        raise Misfit(f"keys {sorted(got)}, expected {sorted(expected)}")
    return max(mixed(np.asarray(got[key], "float64"), expected[key]) for key in expected)


# ------------------------------------------------------------------------- objects as plain data

FUNCTIONS: dict[str, Callable] = {
    "halve_odd": lambda epoch, lr: lr * 0.5 if epoch % 2 == 1 else lr,
    "absolute": lambda epoch: [0.2, 0.1, 0.05, 0.02, 0.01, 0.005][min(epoch, 5)],
}


def public(path: str):
    """`"losses.Huber"` -> babytf.losses.Huber."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(f"babytf.{module}"), name)


def make(spec):
    """`{"$": "losses.Huber", "kw": {…}}` -> babytf.losses.Huber(…), nested freely."""
    if isinstance(spec, list):
        return [make(item) for item in spec]
    if not isinstance(spec, dict):
        return spec
    if "$fn" in spec:
        return FUNCTIONS[spec["$fn"]]
    if "$tuple" in spec:
        return tuple(make(item) for item in spec["$tuple"])
    if "$" not in spec:
        return {key: make(value) for key, value in spec.items()}
    thing = public(spec["$"])
    return thing if spec.get("call") is False else thing(*make(spec.get("args", [])), **make(spec.get("kw", {})))


def from_config(described: dict):
    cls = {"Sequential": babytf.Sequential, "Functional": babytf.Model}[described["class_name"]]
    return cls.from_config(copy.deepcopy(described["config"]))


def series(data: dict, prefix: str) -> list[np.ndarray]:
    found = []
    while f"{prefix}{len(found)}" in data:
        found.append(data[f"{prefix}{len(found)}"])
    return found


def one_or_all(items: list):
    return items[0] if len(items) == 1 else items


def flat(tree) -> list:
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in flat(tree[key])]
    if isinstance(tree, (list, tuple)):
        return [leaf for item in tree for leaf in flat(item)]
    return [tree]


def part_of(case: dict) -> dict[str, np.ndarray]:
    """The arrays of a case that shares its file with others."""
    prefix = case["key"] + "/"
    found = arrays(case["data"])
    return {name.removeprefix(prefix): array for name, array in found.items() if name.startswith(prefix)}


# --------------------------------------------------------------------------------------- kinds


def model_file(case: dict, part: str) -> float | Errors:
    data, batch_size = arrays(case["data"]), case.get("batch_size", 32)
    x, t, y = (series(data, prefix) for prefix in "xty")

    def load(kind: str):
        compile = case.get(f"{kind}_compile", True)
        return babytf.saving.load_model(ROOT / case["files"][kind], compile=compile)

    def predict(model) -> float:
        got = flat(model.predict(one_or_all(x), batch_size=batch_size, verbose=0))
        if [g.dtype for g in got] != [e.dtype for e in y]:
            raise Misfit(f"dtypes {[g.dtype for g in got]}")
        return each(got, y)

    if part in case["files"] and part != "weights_h5":
        return predict(load(part))
    if part == "weights_h5":
        model = from_config(json.loads((ROOT / case["config"]).read_text()))
        if not model.built:
            model.build(one_or_all([a.shape for a in x]))
        model.load_weights(ROOT / case["files"]["weights_h5"])
        return predict(model)
    model = load("keras")
    if part == "config_roundtrip":
        again = from_config({"class_name": case["class_name"], "config": model.get_config()})
        again.set_weights(model.get_weights())
        return predict(again)
    if part == "evaluate":
        got = model.evaluate(one_or_all(x), one_or_all(t), batch_size=batch_size, verbose=0, return_dict=True)
        return each_of_dict(got, case["evaluate"])
    assert part == "resume"
    errors = {"loaded_optimizer": each(model.optimizer.variables, series(data, "ov"))}
    losses = [
        model.train_on_batch(one_or_all(x), one_or_all(t), return_dict=True)["loss"]
        for _ in range(case["resume_steps"])
    ]
    errors["losses"] = scaled(losses, data["resume_losses"])
    errors["weights"] = each(model.get_weights(), series(data, "rw"))
    errors["optimizer"] = each(model.optimizer.variables, series(data, "ro"))
    return errors


def train(case: dict, part: str) -> Errors:
    data, batch_size = arrays(case["data"]), case["batch_size"]
    x, t, vx, vt = (series(data, prefix) for prefix in ("x", "t", "vx", "vt"))
    model = from_config(json.loads((ROOT / case["config"]).read_text()))
    if not model.built:
        model.build((None, *x[0].shape[1:]))
    model.set_weights(series(data, "w0_"))
    model.compile(**make(case["compile"]))
    extra = {}
    if case.get("class_weight"):
        extra["class_weight"] = {int(label): weight for label, weight in case["class_weight"].items()}
    if case["mode"] == "steps":
        losses = []
        for step in range(case["steps"]):
            start = step % (len(x[0]) // batch_size) * batch_size
            rows = slice(start, start + batch_size)
            if "sw" in data:
                extra["sample_weight"] = data["sw"][rows]
            batch = one_or_all([a[rows] for a in x]), one_or_all([a[rows] for a in t])
            losses.append(model.train_on_batch(*batch, return_dict=True, **extra)["loss"])
        errors = {"losses": scaled(losses, data["losses"])}
    else:
        extra |= {key: value for key, value in case.get("fit", {}).items() if key != "callbacks"}
        if "sw" in data:
            extra["sample_weight"] = data["sw"]
        if vx:
            extra["validation_data"] = (one_or_all(vx), one_or_all(vt), *([data["vsw"]] if "vsw" in data else []))
        extra["callbacks"] = make(case.get("callbacks", []))
        history = model.fit(
            one_or_all(x), one_or_all(t), batch_size=batch_size, shuffle=False, verbose=0, **extra
        ).history
        expected = {key.removeprefix("hist_"): value for key, value in data.items() if key.startswith("hist_")}
        errors = {"history": each_of_dict(history, expected)}
    errors["weights"] = each(model.get_weights(), series(data, "w1_"))
    errors["optimizer"] = each(model.optimizer.variables, series(data, "ov"))
    if case.get("evaluate") is not None:
        on = (one_or_all(vx), one_or_all(vt)) if vx else (one_or_all(x), one_or_all(t))
        got = model.evaluate(*on, batch_size=batch_size, verbose=0, return_dict=True)
        errors["evaluate"] = each_of_dict(got, case["evaluate"])
    return errors


def loss(case: dict, part: str) -> float:
    data = part_of(case)
    y_true, y_pred, weights = data["y_true"], data["y_pred"], data.get("sw")
    if part == "function":
        return mixed(public(case["fn"])(y_true, y_pred, **make(case.get("fn_kw", {}))), data["fn_value"])
    compute = make(case["obj"])
    extra = {} if weights is None else {"sample_weight": weights}
    if part == "value":
        return mixed(compute(y_true, y_pred, **extra), data["value"])
    assert part == "gradient"
    with babytf.GradientTape() as tape:
        watched = babytf.Tensor(y_pred)
        tape.watch(watched)
        value = compute(y_true, watched, **extra)
    return mixed(tape.gradient(value, watched), data["grad"], case.get("ignore", {}).get("gradient", ()))


def activation(case: dict, part: str) -> float:
    data, ignore = part_of(case), case.get("ignore", {}).get(part, ())
    function, keywords = public(case["fn"]), case.get("kw", {})
    if part == "value":
        return mixed(function(data["x"], **keywords), data["y"], ignore)
    assert part == "gradient"
    with babytf.GradientTape() as tape:
        x = babytf.Tensor(data["gx"])
        tape.watch(x)
        value = babytf.ops.sum(function(x, **keywords) * np.asarray(case["cotangent_sign"], "float32"))
    return mixed(tape.gradient(value, x), data["grad"], ignore)


def metric(case: dict, part: str) -> float:
    data, measured = part_of(case), make(case["obj"])

    def update(i: int) -> float:
        arguments = [data[f"{i}/{name}"] for name in "ab" if f"{i}/{name}" in data]
        weights = {"sample_weight": data[f"{i}/sw"]} if f"{i}/sw" in data else {}
        measured.update_state(*arguments, **weights)
        return mixed(measured.result(), data[f"{i}/result"])

    errors = [update(i) for i in range(case["updates"])]
    measured.reset_state()
    return max(*errors, update(0))


def schedule(case: dict, part: str) -> float:
    rate = make(case["obj"])
    return max(scaled(rate(step), value) for step, value in zip(case["steps"], case["values"], strict=True))


def array_fn(case: dict, part: str) -> float:
    data = part_of(case)
    function = make(case["obj"]) if "obj" in case else public(case["fn"])
    return each(flat(function(*series(data, "x"), **make(case.get("kw", {})))), series(data, "y"), mixed)


def initializer(case: dict, part: str) -> float:
    facts = case["facts"]
    values = np.asarray(make(case["obj"])(tuple(case["shape"])), "float64")
    if list(values.shape) != case["shape"]:
        raise Misfit(f"shape {values.shape}")
    if facts.get("exact"):
        return mixed(values, part_of(case)["y"])
    if facts.get("orthogonal"):
        matrix = values.reshape(-1, values.shape[-1]) / facts["gain"]
        product = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
        return float(np.abs(product - np.eye(len(product))).max())
    # In units of six standard errors, so that a right one practically never exceeds 1.
    mean = abs(values.mean() - facts["mean"]) / (facts["std"] / np.sqrt(values.size)) / 6
    std = abs(values.std() - facts["std"]) / facts["std"] / (6 / np.sqrt(2 * values.size))
    reach = np.abs(values - facts["mean"]).max() / facts.get("max_abs", np.inf)
    return max(mean, std, 0.0 if "max_abs" not in facts or 0.9 <= reach <= 1 + 1e-6 else 2.0)


def layer(case: dict, part: str) -> Errors:
    data, tested = part_of(case), make(case["obj"])

    def value(spec):
        if isinstance(spec, dict) and "npz" in spec:
            return data[spec["npz"]]
        return [value(item) for item in spec] if isinstance(spec, list) else spec

    arguments = [value(spec) for spec in case["args"]]
    keywords = {key: value(spec) for key, spec in case.get("kw", {}).items()}
    tested(*arguments, **{key: v for key, v in keywords.items() if key != "training"})
    tested.set_weights(series(data, "w"))
    errors = {"output": each(flat(tested(*arguments, **keywords)), series(data, "y"))}
    if after := series(data, "after"):
        errors["weights_after"] = each(tested.get_weights(), after)
    return errors


def random_layer(case: dict, part: str) -> float:
    tested = make(case["obj"])
    x = np.full(case["shape"], case["fill"], "float32")
    if not np.array_equal(np.asarray(tested(x, training=False)), x):
        raise Misfit("the output of inference differs from the input")
    y = np.asarray(tested(x, training=True), "float64")
    facts: dict[str, Callable[[], float]] = {
        "mean": y.mean,
        "std": y.std,
        "zero_fraction": lambda: (y == 0).mean(),
        "max": y.max,
        "min": y.min,
        "channel_constant": lambda: float((y == y.max(axis=tuple(range(1, y.ndim - 1)), keepdims=True)).all()),
    }
    return max(abs(facts[name]() - expected) / tolerance for name, (expected, tolerance) in case["facts"].items())


KINDS: dict[str, Callable[[dict, str], float | Errors]] = {
    function.__name__: function
    for function in (
        model_file,
        train,
        loss,
        activation,
        metric,
        schedule,
        array_fn,
        initializer,
        layer,
        random_layer,
    )
}
