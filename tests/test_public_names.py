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

MODULES = ["", *sorted({name.rpartition(".")[0] for name in RECORDED if name[:1].islower() and "." in name})]

# what a name ends with -> why its signature is not Keras's
DIFFERENT = {
    "Variable": "no `layout`: there is one device",
    ".quantize": "not offered: says so when called",
    ".export": "not offered: says so when called",
}


def find(path):
    thing = babytf
    for part in filter(None, path.split(".")):
        thing = getattr(thing, part, None)
    return thing


def public_names():
    """Every public name of babytf as users write it: `layers.Dense`, `Model.fit` not included."""
    names = []
    for module in MODULES:
        found = find(module)
        if found is None:
            continue
        assert isinstance(getattr(found, "__all__", None), list | tuple), f"babytf.{module} has no __all__"
        names += [f"{module}.{name}".lstrip(".") for name in found.__all__]
    return sorted(names)


def claims(signature):
    """The parameters a signature names: without `*args`, `**kwargs`, `*`, and what only one backend of Keras passes."""
    parts = re.split(r", (?=[\w*])(?![^(]*\))", signature)
    return [part for part in parts if part not in ("", "*", "*args", "**kwargs", "cls", "state")]


COMPARED = [name for name, signature in RECORDED.items() if name and find(name) is not None and claims(signature or "")]


def test_public_names_are_pinned():
    """Change data/public_names.txt on purpose: a name taken away breaks somebody's program."""
    assert public_names() == (HERE / "data" / "public_names.txt").read_text(encoding="utf-8").split()


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
