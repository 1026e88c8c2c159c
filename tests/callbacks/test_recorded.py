"""Callbacks against what Keras's own did with the same results of epochs (recorded by `record/callbacks.py`)."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

import babytf
from tests.record import callbacks as record

RECORDED = json.loads((Path(__file__).parent.parent / "data/recorded/callbacks.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RECORDED)
def test_as_in_keras(name):
    with warnings.catch_warnings():
        if "CSV" in name:
            warnings.simplefilter("ignore")
        found = record.case(babytf, *record.cases()[name])
    assert found == RECORDED[name]


def test_every_case_is_recorded():
    assert sorted(RECORDED) == sorted(record.cases())


def test_each_argument_makes_a_difference():
    """Otherwise a case would not notice that its argument is ignored."""
    for kind in ("EarlyStopping", "ReduceLROnPlateau"):
        plain = RECORDED[f"{kind}.default"]
        for name, found in RECORDED.items():
            if name.startswith(kind) and "default" not in name:
                assert found != plain, name
