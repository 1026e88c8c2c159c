"""Record the signatures of Keras's public names, to compare babytf's with: needs Keras, not babytf.

KERAS_BACKEND=jax python tests/record/signatures.py > tests/data/recorded/signatures.json
"""

import enum
import inspect
import json
import sys

MODULES = [
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets.mnist",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "optimizers.schedules",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
]
WITH_METHODS = {
    "Model", "Sequential", "Layer", "Variable", "Optimizer", "Metric", "Loss", "Callback", "Initializer", "Regularizer",
    "Constraint", "LearningRateSchedule", "Progbar", "PyDataset", "SeedGenerator", "KerasTensor",
}  # fmt: skip


def plain(value):
    """A default as text that does not depend on where an object lives."""
    if isinstance(value, enum.Enum):
        value = value.value
    if value is None or isinstance(value, bool | int | float | str):
        return repr(value)
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(plain, value)) + ")"
    return f"<{type(value).__name__}>"


def words(thing):
    """The parameters without self and annotations, as text: `units, activation=None, *, name=None, **kwargs`."""
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    words, star = [], False
    for p in parameters:
        if p.name == "self":
            continue
        if p.kind is p.KEYWORD_ONLY and not star:
            words.append("*")
        star = star or p.kind in (p.VAR_POSITIONAL, p.KEYWORD_ONLY)
        mark = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        words.append(mark + p.name + ("" if p.default is p.empty else "=" + plain(p.default)))
    return ", ".join(words)


def record(prefix, module, found):
    for name in sorted(vars(module)):
        thing = getattr(module, name)
        if name.startswith("_") or inspect.ismodule(thing) or not callable(thing):
            continue
        found[prefix + name] = words(thing)
        if name in WITH_METHODS and inspect.isclass(thing):
            for method in sorted(dir(thing)):
                function = inspect.getattr_static(thing, method)
                if isinstance(function, classmethod | staticmethod):
                    function = function.__func__
                if not method.startswith("_") and inspect.isfunction(function):
                    found[f"{prefix}{name}.{method}"] = words(function)


def main():
    import keras

    found = {}
    record("", keras, found)
    for path in MODULES:
        module = keras
        for part in path.split("."):
            module = getattr(module, part)
        record(path + ".", module, found)
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(rows)}" for name, rows in found.items())
    sys.stdout.write("{\n" + f'"": {json.dumps("Keras " + keras.__version__)},\n' + lines + "\n}\n")


if __name__ == "__main__":
    main()
