"""`KerasFileEditor`: looking, comparing, editing, writing."""

import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.saving import KerasFileEditor


def make(*units):
    return babytf.Sequential([babytf.Input((2,)), *(layers.Dense(n) for n in units)])


@pytest.fixture
def editor(tmp_path):
    make(3, 4).save(tmp_path / "net.keras")
    return KerasFileEditor(str(tmp_path / "net.keras"))


def test_what_is_in_the_file(editor, capsys):
    assert sorted(editor.weights_dict["layers"]) == ["dense", "dense_1"]
    assert editor.weights_dict["layers"]["dense"]["0"].shape == (2, 3)
    assert editor.metadata["keras_version"].startswith("3.")
    assert editor.config["class_name"] == "Sequential"
    editor.summary()
    out = capsys.readouterr().out
    assert "├─ 0: shape=(2, 3), dtype=float32" in out
    editor.weights_summary()
    assert capsys.readouterr().out in out


def test_compare(editor, capsys):
    assert editor.compare(make(3, 4)) == {"status": "success", "error_count": 0, "match_count": 4}
    result = editor.compare(make(3, 5, 1))
    # dense_1: kernel and bias of other shapes; dense_2: an object more
    assert result == {"status": "error", "error_count": 3, "match_count": 2}
    assert "shape mismatch for /layers/dense_1/0" in capsys.readouterr().out


def test_edit_and_save(editor, tmp_path):
    editor.rename_object("dense_1", "dense_2")
    editor.rename_object("layers/dense", "dense_1")
    editor.add_object("layers/dense", {"0": np.eye(2, dtype="float32"), "1": np.zeros(2, "float32")})
    editor.save(tmp_path / "new.weights.h5")
    model = make(2, 3, 4)
    model.load_weights(tmp_path / "new.weights.h5")
    np.testing.assert_array_equal(model.layers[0].kernel, np.eye(2))
    np.testing.assert_array_equal(model.layers[2].kernel, editor.weights_dict["layers"]["dense_2"]["0"])


def test_weights_of_an_object(editor, tmp_path):
    editor.delete_weight("layers/dense", "1")
    assert list(editor.weights_dict["layers"]["dense"]) == ["0"]
    editor.add_weights("layers/dense", {"1": np.ones(3)})
    editor.delete_object("dense_1")
    editor.resave_weights(tmp_path / "new.weights.h5")
    assert KerasFileEditor(str(tmp_path / "new.weights.h5")).compare(make(3))["status"] == "success"


def test_what_cannot_be_done(editor, tmp_path):
    for action, match in [
        (lambda: editor.delete_object("layers/dense_7"), "is not in the file"),
        (lambda: editor.delete_object("0"), "more than once"),
        (lambda: editor.delete_weight("dense", "9"), "has no weight '9'"),
        (lambda: editor.rename_object("dense", "a/b"), "new_name"),
        (lambda: editor.rename_object("dense", "dense_1"), "already"),
        (lambda: editor.add_object("nowhere/x", {}), "no 'nowhere'"),
        (lambda: editor.add_object("layers/x", [1]), "must be a dict"),
        (lambda: editor.add_weights("dense", {"0": np.array(["a"])}), "no array of numbers"),
        (lambda: editor.save(tmp_path / "x.keras"), "weights.h5"),
        (lambda: KerasFileEditor(str(tmp_path / "x.h5")), "opens .keras"),
    ]:
        with pytest.raises(ValueError, match=match):
            action()
