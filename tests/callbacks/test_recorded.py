"""Callbacks against what Keras's own did with the same results of epochs (recorded by `record/callbacks.py`)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import babytf
from tests.record import callbacks as record

RECORDED = json.loads((Path(__file__).parent.parent / "data/recorded/callbacks.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", RECORDED)
def test_as_in_keras(name):
    assert record.case(babytf, *record.cases()[name]) == RECORDED[name]


@pytest.mark.parametrize("name", RECORDED)
def test_one_that_takes_over_with_the_state_does_the_same(name):
    kind, arguments = record.cases()[name]

    def replace(epoch, callback):
        successor = getattr(babytf.callbacks, kind)(**arguments)
        successor.set_model(callback.model)
        successor.on_train_begin()
        if epoch:
            state = callback.get_state()
            successor.set_state(state)
        return successor

    assert record.case(babytf, kind, arguments, replace) == RECORDED[name]


def test_every_case_is_recorded():
    assert sorted(RECORDED) == sorted(record.cases())


def test_each_argument_makes_a_difference():
    """Otherwise a case would not notice that its argument is ignored."""
    for kind in ("EarlyStopping", "ReduceLROnPlateau"):
        plain = RECORDED[f"{kind}.default"]
        for name, found in RECORDED.items():
            if name.startswith(kind) and "default" not in name:
                assert found != plain, name
