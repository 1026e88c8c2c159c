"""`python -m babytf`: inspect, convert, predict."""

import json
import subprocess
import sys
import time

import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.cli import main
from babytf.saving import load_model

X = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")


@pytest.fixture
def model(tmp_path):
    babytf.utils.set_random_seed(1)
    model = babytf.Sequential([babytf.Input((4,)), layers.Dense(5, "relu", name="hidden"), layers.Dense(2)], name="net")
    model.compile(babytf.optimizers.SGD(0.5, momentum=0.9), "mse", metrics=["mae"])
    model.train_on_batch(X, X[:, :2])
    model.save(tmp_path / "net.keras")
    model.save(tmp_path / "net.h5")
    model.save_weights(tmp_path / "net.weights.h5")
    return model


@pytest.mark.parametrize("name", ["net.keras", "net.h5"])
def test_inspect(model, tmp_path, capsys, name):
    assert main(["inspect", str(tmp_path / name)]) == 0
    out = capsys.readouterr().out
    for line in ("Sequential 'net'", "37 parameters, 39 numbers of optimizer state", "Loss: m", "Safety: plain data: "):
        assert line in out
    assert main(["inspect", str(tmp_path / name), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [layer["parameters"] for layer in report["model"]["layers"]] == [0, 25, 12]
    assert report["model"]["layers"][1]["settings"] == {"units": 5, "activation": "relu"}
    assert report["parameters"] == 37
    assert report["training"]["optimizer"]["class_name"] == "SGD"
    assert report["safety"] == {"verdict": report["safety"]["verdict"], "findings": []}
    assert report["keras_version"].startswith("3.")


def test_inspect_weights_alone(model, tmp_path, capsys):
    assert main(["inspect", str(tmp_path / "net.weights.h5"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["weights"][0] == {
        "group": "layers/dense/vars",
        "name": "hidden",
        "arrays": [{"key": "0", "shape": [4, 5], "dtype": "float32"}, {"key": "1", "shape": [5], "dtype": "float32"}],
    }


def test_inspect_tells_what_a_file_needs(tmp_path, capsys):
    class Own(layers.Layer):
        def call(self, x):
            return x

    babytf.Sequential([babytf.Input((4,)), Own(name="own")]).save(tmp_path / "own.keras")
    assert main(["inspect", str(tmp_path / "own.keras")]) == 0
    out = capsys.readouterr().out
    assert "custom: own: needs the class 'Own'" in out
    assert "loads only with your copies" in out


def test_inspect_of_a_large_file_is_fast(tmp_path, capsys):
    model = babytf.Sequential([babytf.Input((2000,)), layers.Dense(2000, kernel_initializer="zeros")])
    model.save(tmp_path / "large.keras")  # 16 MB
    main(["inspect", str(tmp_path / "large.keras")])
    start = time.perf_counter()
    main(["inspect", str(tmp_path / "large.keras")])
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(("source", "target"), [("net.h5", "new.keras"), ("net.keras", "new.h5")])
def test_convert_keeps_everything(model, tmp_path, capsys, source, target):
    assert main(["convert", str(tmp_path / source), str(tmp_path / target)]) == 0
    assert "37 parameters" in capsys.readouterr().out
    again = load_model(tmp_path / target)
    for got, expected in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert main(["convert", str(tmp_path / source), str(tmp_path / target)]) == 1
    assert "is there already" in capsys.readouterr().err
    assert main(["convert", str(tmp_path / source), str(tmp_path / target), "--overwrite", "--without-optimizer"]) == 0
    assert not load_model(tmp_path / target, compile=False).compiled


@pytest.mark.parametrize("target", ["new.weights.h5", "new.weights.json"])
def test_convert_to_weights(model, tmp_path, target):
    assert main(["convert", str(tmp_path / "net.keras"), str(tmp_path / target)]) == 0
    other = load_model(tmp_path / "net.keras", compile=False)
    other.set_weights([w * 0 for w in other.get_weights()])
    other.load_weights(tmp_path / target)
    np.testing.assert_array_equal(other(X), model(X))


@pytest.mark.parametrize("source", ["net.keras", "net.h5", "new.weights.h5", "new.weights.json"])
@pytest.mark.parametrize("target", ["other.weights.h5", "other.weights.json"])
def test_convert_weights_as_they_are(model, tmp_path, capsys, source, target):
    model.save_weights(tmp_path / "new.weights.h5")
    model.save_weights(tmp_path / "new.weights.json", max_shard_size=1)
    command = ["convert", str(tmp_path / source), str(tmp_path / target)]
    assert main(command) == 0
    other = load_model(tmp_path / "net.keras")
    for variable in [*other.variables, *other.optimizer.variables]:
        variable.assign(variable.numpy() * 0)
    other.load_weights(tmp_path / target)
    pairs = [*zip(other.variables, model.variables, strict=True)]
    pairs += zip(other.optimizer.variables, model.optimizer.variables, strict=True)
    for got, expected in pairs:
        np.testing.assert_array_equal(got, expected)
    assert main(command) == 1
    assert main([*command, "--overwrite", "--without-optimizer"]) == 0
    without = load_model(tmp_path / "net.keras", compile=False)
    without.load_weights(tmp_path / target)
    np.testing.assert_array_equal(without(X), model(X))


def test_weights_are_converted_where_the_model_cannot_be_made(tmp_path):
    """Of a class that nobody has: the arrays are there all the same."""

    class Unknown(layers.Dense):
        pass

    model = babytf.Sequential([babytf.Input((4,)), Unknown(3)])
    model.save(tmp_path / "own.keras")
    assert main(["convert", str(tmp_path / "own.keras"), str(tmp_path / "own.weights.h5")]) == 0
    model.load_weights(tmp_path / "own.weights.h5")


def test_predict(model, tmp_path, capsys):
    expected = model.predict(X, verbose=0)
    np.save(tmp_path / "x.npy", X)
    np.savetxt(tmp_path / "x.csv", X, delimiter=",", header="a,b,c,d", comments="", fmt="%.9g")
    for i, o in (("x.npy", "y.npy"), ("x.csv", "y.csv")):
        command = ["predict", tmp_path / "net.keras", "--input", tmp_path / i, "--output", tmp_path / o]
        assert main([*map(str, command)]) == 0
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), expected)
    np.testing.assert_allclose(np.loadtxt(tmp_path / "y.csv", delimiter=","), expected, rtol=1e-6)
    assert main(["predict", str(tmp_path / "net.h5"), "--input", str(tmp_path / "x.csv"), "--output", "-"]) == 0
    printed = np.array([line.split(",") for line in capsys.readouterr().out.split()], "float32")
    np.testing.assert_allclose(printed, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["inspect", "missing.keras"], "there is no file"),
        (["inspect", "text.keras"], "could not be read"),
        (["convert", "net.keras", "net.onnx"], "does not say a format"),
        (["convert", "net.weights.h5", "x.keras"], "weights alone"),
        (["predict", "net.keras", "--input", "bad.csv", "--output", "y.npy"], "could not be read"),
        (["predict", "net.keras", "--input", "short.csv", "--output", "y.npy"], "3"),
        (["predict", "net.keras", "--input", "short.csv", "--output", "y.txt"], "written as .npy or .csv"),
    ],
)
def test_errors_are_one_message_and_exit_code_1(model, tmp_path, monkeypatch, capsys, arguments, match):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.keras").write_text("hello")
    (tmp_path / "bad.csv").write_text("1,2,3,4\n1,x,3,4\n")
    (tmp_path / "short.csv").write_text("1,2,3\n")
    assert main(arguments) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert match in error
    assert "Traceback" not in error


def test_as_a_program():
    run = subprocess.run([sys.executable, "-m", "babytf", "--help"], capture_output=True, text=True, check=True)
    assert "python -m babytf convert" in run.stdout
    wrong = subprocess.run([sys.executable, "-m", "babytf", "dance"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
