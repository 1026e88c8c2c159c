"""Drawings of models: which boxes and arrows there are, where they stand, that the pictures are made."""

from __future__ import annotations

import itertools
import re
import sys

import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.utils import clear_session, model_to_dot, plot_model
from babytf.utils.drawing import draw
from babytf.utils.layout import arrange

SHOWN = {"shapes": False, "dtype": False, "names": True, "activations": False, "trainable": False}


@pytest.fixture
def model():
    """Two inputs, two outputs, a functional model and a Sequential inside, an arrow across several rows."""
    clear_session()
    a = babytf.Input((8,), name="inner_in")
    inner = babytf.Model(a, layers.Dense(8, name="mix")(a) + a, name="residual")
    tail = babytf.Sequential(
        [babytf.Input((8,)), layers.Dense(4, name="t1"), layers.Dropout(0.5, name="t2")], name="tail"
    )
    x, z = babytf.Input((8,), name="x"), babytf.Input((4,), name="z")
    h = inner(layers.Dense(8, activation="relu", name="embed")(x))
    out = layers.Dense(2, name="out")(tail(h) + z)
    return babytf.Model([x, z], [out, layers.Dense(1, name="aux")(h)], name="net")


def test_arrows_between_layers(model):
    arrows = draw("test", model, False, **SHOWN).all_arrows()
    assert sorted(a.replace("net/", "") + " " + b.replace("net/", "") for a, b in arrows) == [
        "add_1 out",
        "embed residual",
        "residual aux",
        "residual tail",
        "tail add_1",
        "x embed",
        "z add_1",
    ]


def test_arrows_lead_into_nested_models(model):
    arrows = draw("test", model, True, **SHOWN).all_arrows()
    assert sorted(a.replace("net/", "") + " " + b.replace("net/", "") for a, b in arrows) == [
        "add_1 out",
        "embed residual/inner_in",
        "residual/add aux",
        "residual/add tail/t1",
        "residual/inner_in residual/add",
        "residual/inner_in residual/mix",
        "residual/mix residual/add",
        "tail/t1 tail/t2",
        "tail/t2 add_1",
        "x embed",
        "z add_1",
    ]


def test_boxes_say_what_is_asked_for(model):
    model.get_layer("embed").trainable = False
    every = {name: True for name in SHOWN}
    boxes = {box.title: box.lines for box in draw("test", model, False, **every).boxes}
    assert boxes["x (InputLayer)"] == [["output: (None, 8)", "dtype: float32"]]
    assert boxes["embed (Dense)"] == [
        ["activation: relu"],
        ["input: (None, 8)", "output: (None, 8)", "dtype: float32", "frozen"],
    ]
    assert [box.title for box in draw("test", model, False, **{**SHOWN, "names": False}).boxes][:2] == [
        "InputLayer",
        "Dense",
    ]


def test_places_do_not_overlap():
    rng = np.random.default_rng(2)
    for _ in range(20):
        sizes = {str(i): (float(rng.integers(20, 200)), float(rng.integers(20, 90))) for i in range(12)}
        pairs = list(itertools.combinations(sizes, 2))
        arrows = [pairs[i] for i in sorted(rng.choice(len(pairs), 16, replace=False))]
        centres, lines, (width, height) = arrange(sizes, arrows)
        for (a, (x, y)), (b, (u, v)) in itertools.combinations(centres.items(), 2):
            apart_x = abs(x - u) - (sizes[a][0] + sizes[b][0]) / 2
            apart_y = abs(y - v) - (sizes[a][1] + sizes[b][1]) / 2
            assert max(apart_x, apart_y) > 10
        for a, b in arrows:
            assert centres[a][1] < centres[b][1]  # down
        for line in lines:
            for (x, y), (u, v) in zip(line[1::2], line[2::2], strict=False):  # through a row, straight past its boxes
                assert x == u
                for key, (cx, cy) in centres.items():
                    inside = abs(cx - x) < sizes[key][0] / 2 and min(y, v) < cy < max(y, v)
                    assert not inside, key
        assert all(0 <= x <= width and 0 <= y <= height for x, y in centres.values())


def test_dot(model):
    text = str(model_to_dot(model, show_shapes=True, expand_nested=True, rankdir="LR", dpi=90, splines="curved"))
    assert text.startswith('digraph "net" {\n  graph [rankdir=LR, splines=curved, dpi=90,')
    assert '"net/residual/add" -> "net/tail/t1";' in text
    assert 'subgraph "cluster_net/tail" {' in text
    assert "<td>output: (None, 8)</td>" in text
    assert text.count("{") == text.count("}")
    assert str(model_to_dot(model)) == str(model_to_dot(model))
    assert str(model_to_dot(model, subgraph=True)).startswith('subgraph "cluster_net" {')


def test_dot_escapes_names(tmp_path):
    model = babytf.Sequential([babytf.Input((2,)), layers.Dense(1, name='a<b>"c"')], name='say "hi"')
    dot = model_to_dot(model)
    assert "&lt;b&gt;" in dot.to_string()
    assert 'digraph "say \\"hi\\"" {' in dot.to_string()
    dot.write(tmp_path / "m.dot")
    assert (tmp_path / "m.dot").read_text(encoding="utf-8") == str(dot)


@pytest.mark.parametrize("rankdir", ["TB", "LR", "BT", "RL"])
def test_picture(model, tmp_path, rankdir):
    image = pytest.importorskip("matplotlib.image")
    path = tmp_path / "model.png"
    every = {"show_shapes": True, "show_dtype": True, "show_layer_names": True, "show_layer_activations": True}
    found = plot_model(model, path, rankdir=rankdir, expand_nested=True, dpi=50, show_trainable=True, **every)
    assert found is None
    pixels = image.imread(path)
    assert (pixels.shape[0] > pixels.shape[1]) == (rankdir in ("TB", "BT"))
    assert (pixels[[0, -1]][..., :3] == 1).all()  # a white margin all around: nothing is cut off
    assert (pixels[:, [0, -1]][..., :3] == 1).all()
    assert 0.02 < (pixels[..., 0] < 0.5).mean() < 0.6


@pytest.mark.parametrize("splines", ["ortho", "curved", "line"])
def test_kinds_of_pictures(model, tmp_path, splines):
    pytest.importorskip("matplotlib")
    plot_model(model, tmp_path / "model.svg", splines=splines)
    assert "<svg" in (tmp_path / "model.svg").read_text(encoding="utf-8")
    plot_model(model, tmp_path / "model.pdf", splines=splines)
    assert (tmp_path / "model.pdf").read_bytes().startswith(b"%PDF")


def test_models_of_ones_own_are_one_box(tmp_path):
    class Net(babytf.Model):
        def __init__(self):
            super().__init__(name="own")
            self.head = layers.Dense(2)

        def call(self, x):
            return self.head(x)

    model = Net()
    for function in (model_to_dot, plot_model):
        with pytest.raises(ValueError, match=r"'own' is not built yet(?s:.)*Input"):
            function(model)
    model(np.ones((1, 3)))
    assert [box.title for box in draw("test", model, True, **SHOWN).boxes] == ["own (Net)"]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"rankdir": "UP"}, "bad `rankdir`"),
        ({"splines": "wavy"}, "bad `splines`"),
        ({"dpi": 0}, "bad `dpi`"),
        ({"layer_range": ["a", "b"]}, r"unknown argument(?s:.)*layer_range"),
        ({"colour": 1}, r"unknown argument(?s:.)*colour"),
    ],
)
@pytest.mark.parametrize("function", [model_to_dot, plot_model])
def test_what_is_refused(model, function, arguments, match):
    with pytest.raises(ValueError, match=match):
        function(model, **arguments)


def test_without_matplotlib(model, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=re.escape("pip install 'babytf[plot]'")):
        plot_model(model, tmp_path / "model.png")
