"""What is public: the names are pinned, and their signatures are Keras's (recorded by `record/signatures.py`)."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import pytest

import babytf
from tests.record.signatures import words

HERE = Path(__file__).parent
RECORDED = json.loads((HERE / "data" / "recorded" / "signatures.json").read_text(encoding="utf-8"))

# modules that users import from: those of Keras that were recorded, and all others that `babytf` names, but the engine
OF_KERAS = {name.rpartition(".")[0] for name in RECORDED if name[:1].islower() and "." in name}
OWN = {name for name in babytf.__all__ if inspect.ismodule(getattr(babytf, name))} - {"engine"}
MODULES = ["", *sorted(name for name in OF_KERAS | OWN if not name.rpartition(".")[2][:1].isupper())]

# what a name ends with -> why its signature is not Keras's
DIFFERENT = {
    "Variable": "no `layout`: there is one device",
    "KerasTensor.reshape": "takes sizes one by one too, as NumPy does",
    ".quantize": "not offered: says so when called",
    ".export": "not offered: says so when called",
}


# modules that have all that Keras has there, but for what is named here
COMPLETE = {
    "activations": "",
    "backend": "",
    "config": "enable_flash_attention disable_flash_attention is_flash_attention_enabled is_nnx_enabled",
    "constraints": "",
    "dtype_policies": "AWQDTypePolicy DTypePolicyMap GPTQDTypePolicy Int4DTypePolicy QuantizedDTypePolicy "
    "QuantizedFloat8DTypePolicy",
    "initializers": "",
    "mixed_precision": "",
    "random": "",
    "regularizers": "",
    "tree": "",
    "utils": "FeatureSpace array_to_img audio_dataset_from_directory image_dataset_from_directory img_to_array "
    "load_img save_img text_dataset_from_directory",
}


def find(path):
    thing = babytf
    for part in filter(None, path.split(".")):
        thing = getattr(thing, part, None)
    return thing


def names_of(module):
    """`__all__`, or for a module of one file without it, what is defined there."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    own = ((name, getattr(thing, "__module__", None)) for name, thing in vars(module).items())
    return [name for name, home in own if home == module.__name__ and not name.startswith("_")]


def public_names():
    """Every public name as users write it: `Model`, `layers.Dense`."""
    modules = [(path, find(path)) for path in MODULES]
    return sorted(f"{path}.{name}".lstrip(".") for path, module in modules if module for name in names_of(module))


def claims(signature):
    """The parameters a signature names: without `*args`, `**kwargs`, `*`, and what only one backend of Keras passes."""
    parts = re.split(r", (?=[\w*])(?![^(]*\))", signature)
    return [part for part in parts if part not in ("", "*", "*args", "**kwargs", "cls", "state")]


COMPARED = [name for name, signature in RECORDED.items() if name and find(name) is not None and claims(signature or "")]


def test_public_names_are_pinned():
    """A name taken away breaks somebody's program. To change the list on purpose, run this file."""
    assert public_names() == (HERE / "data" / "public_names.txt").read_text(encoding="utf-8").split()


@pytest.mark.parametrize("module", COMPLETE)
def test_module_has_what_keras_has(module):
    parts = [name.split(".") for name in RECORDED]
    wanted = {name for home, *rest in parts if home == module and len(rest) == 1 for name in rest}
    left_out = set(COMPLETE[module].split())
    assert left_out <= wanted
    assert wanted - left_out == wanted & set(names_of(find(module)))


@pytest.mark.parametrize("name", public_names())
def test_public_name_exists_and_is_documented(name):
    thing = find(name)
    assert thing is not None
    if inspect.isclass(thing) or inspect.isfunction(thing):
        assert (thing.__doc__ or "").strip()


@pytest.mark.parametrize("name", COMPARED)
def test_signature_is_that_of_keras(name):
    for ending, reason in DIFFERENT.items():
        if name.endswith(ending):
            pytest.skip(reason)
    assert claims(words(find(name))) == claims(RECORDED[name])


if __name__ == "__main__":
    (HERE / "data" / "public_names.txt").write_text("\n".join(public_names()) + "\n", encoding="utf-8")
