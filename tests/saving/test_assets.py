"""Files of layers of one's own: `save_assets` and `load_assets`."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.saving import load_model
from babytf.saving.archive import write_zip


@babytf.saving.register_keras_serializable("assets")
class Table(layers.Layer):
    """Keeps a word, and one in a folder."""

    word = deep = "none"
    seen: Path

    def call(self, x):
        return x

    def save_assets(self, dir_path):
        Path(dir_path, "word.txt").write_text(self.word)
        Path(dir_path, "below").mkdir()
        Path(dir_path, "below", "deep.txt").write_text(self.deep)

    def load_assets(self, dir_path):
        self.seen = Path(dir_path)
        self.word = (self.seen / "word.txt").read_text()
        self.deep = (self.seen / "below" / "deep.txt").read_text()


def make():
    model = babytf.Sequential([babytf.Input((3,)), Table(name="one"), layers.Dense(2), Table(name="two")])
    for i, table in enumerate((model.layers[0], model.layers[2])):
        table.word, table.deep = f"word {i}", f"deep {i}"
    return model


@pytest.mark.parametrize("name", ["m.keras", "folder", "object"])
def test_there_and_back(tmp_path, name):
    model, target = make(), io.BytesIO() if name == "object" else tmp_path / name
    model.save(target, **({"zipped": False} if name == "folder" else {}))
    again = load_model(target)
    for i, table in enumerate((again.layers[0], again.layers[2])):
        assert (table.word, table.deep) == (f"word {i}", f"deep {i}")
        assert table.seen.exists() == (name == "folder")  # the folder was for the call alone
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_the_layout_is_that_of_keras(tmp_path):
    make().save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        names = {name for name in file.namelist() if name.startswith("assets/")}
    places = ("assets/layers/table", "assets/layers/table_1")
    assert names == {f"{place}/{name}" for place in places for name in ("word.txt", "below/deep.txt")}


def changed(path, **members):
    """The file with members added."""
    with zipfile.ZipFile(path) as file:
        all_of_them = {name: file.read(name) for name in file.namelist()} | members
    out = io.BytesIO()
    write_zip(out, all_of_them)
    path.write_bytes(out.getvalue())


@pytest.mark.parametrize("name", ["../../escaped", "./x", "x//y", "word.txt/x"])
def test_names_that_lead_elsewhere(tmp_path, name):
    make().save(tmp_path / "m.keras")
    changed(tmp_path / "m.keras", **{f"assets/layers/table/{name}": b"x"})
    with pytest.raises((ValueError, OSError)):
        load_model(tmp_path / "m.keras")
    assert not list(tmp_path.rglob("escaped"))


def test_files_that_nobody_asks_for_are_not_unpacked(tmp_path, monkeypatch):
    model = babytf.Sequential([babytf.Input((3,)), layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    changed(tmp_path / "m.keras", **{"assets/layers/dense/x": b"x"})
    monkeypatch.setattr("tempfile.TemporaryDirectory", None)
    load_model(tmp_path / "m.keras")


def test_a_method_that_fails_leaves_nothing(tmp_path):
    make().save(tmp_path / "m.keras")

    class Other(Table):
        def load_assets(self, dir_path):
            self.seen = seen.append(Path(dir_path))
            raise ValueError("not mine")

    Other.__name__ = "Table"  # which the path of its files is made of
    seen = []
    with pytest.raises(ValueError, match=r"m\.keras: not mine"):
        load_model(tmp_path / "m.keras", custom_objects={"assets>Table": Other})
    assert not seen[0].exists()
