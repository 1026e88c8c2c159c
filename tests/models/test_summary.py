"""`summary()`, character by character as real Keras prints it (tests/record/layers.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import babytf
from babytf.layers import Dense, Input, Layer
from babytf.models import Model, Sequential
from babytf.models.summary import column_widths, wrap
from babytf.naming import reset_names
from tests.record.layers import SUMMARIES, sequential, subclassed, summary

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "recorded" / "layers.json").read_text())["summaries"]


@pytest.fixture(autouse=True)
def _names_start_again():
    reset_names()


@pytest.mark.parametrize("name", SUMMARIES)
def test_as_keras_prints_it(name):
    make, arguments = SUMMARIES[name]
    assert summary(make(babytf), arguments) == RECORDED[name]


def test_printed_to_the_standard_output(capsys):
    sequential(babytf).summary(line_length=76)
    assert capsys.readouterr().out == RECORDED["plain"]


def test_as_wide_as_the_terminal_allows(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    sequential(babytf).summary()
    assert max(map(len, capsys.readouterr().out.splitlines())) == 56
    monkeypatch.setenv("COLUMNS", "300")
    sequential(babytf).summary()
    assert max(map(len, capsys.readouterr().out.splitlines())) == 88


def test_the_optimizer_counts_once_it_has_slots():
    model = sequential(babytf)
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    # 75 weights; Adam keeps two numbers for each, the step (int32 or int64) and the learning rate
    assert " Optimizer params: 152 (" in summary(model, {})
    assert " Total params: 227 (" in summary(model, {})


def test_a_layer_that_cannot_tell_its_shape():
    class Strange(Layer):
        def call(self, x):
            return x * float(x[0, 0])

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.strange = Strange()

        def call(self, x):
            return self.strange(x)

    net = Net()
    net([[1.0]])
    assert "│ strange (Strange)               │ ?   " in summary(net, {"line_length": 76})


def test_before_a_subclassed_model_has_seen_data():
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.d = Dense(2)

        def call(self, x):
            return self.d(x)

    assert "0 (unbuilt)" in summary(Net(), {"line_length": 76})


@pytest.mark.parametrize("layer_range", [["x"], ["x", 3], ["nothing", "x"]])
def test_a_range_of_layers_that_are_not_there(layer_range):
    with pytest.raises(ValueError, match="bad `layer_range`"):
        sequential(babytf).summary(layer_range=layer_range)


def test_too_narrow():
    with pytest.raises(ValueError, match="too narrow"):
        sequential(babytf).summary(line_length=12)


def test_columns_fill_the_line_with_their_borders():
    for total in range(40, 140):
        assert sum(column_widths(total, [0.45, 0.8, 1.0])) + 4 == total


def test_sizes_of_many_weights():
    model = Sequential([Input((1024,)), Dense(1024, use_bias=False, dtype="float64")])
    assert " Total params: 1,048,576 (8.00 MB)" in summary(model, {})


def test_wrap():
    assert wrap("a bb ccc", 4) == ["a bb", "ccc"]
    assert wrap("abcdef gh", 4) == ["abc…", "gh"]
    assert wrap("", 4) == [""]


def test_subclassed_lists_layers_in_the_order_of_assignment():
    text = summary(subclassed(babytf), {"line_length": 76})
    assert [text.index(f"│ {name} ") for name in ("head", "b0", "k", "t")] == sorted(
        text.index(f"│ {name} ") for name in ("head", "b0", "k", "t")
    )
