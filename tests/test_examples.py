"""The examples run, and print what they promise. (The full MNIST run is in the continuous integration.)"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


def run(path, *arguments, cwd):
    """Run an example as a user would, in another folder, with warnings as errors, and return what it printed."""
    env = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONIOENCODING="utf-8", PYTHONWARNINGS="error::RuntimeWarning")
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / path), *map(str, arguments)],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def small_mnist(tmp_path):
    """Every 20th training image and every 10th test image of the real data."""
    with np.load(EXAMPLES / "data" / "mnist.npz") as full:
        path = tmp_path / "small.npz"
        train, test = slice(None, None, 20), slice(None, None, 10)
        np.savez(
            path,
            x_train=full["x_train"][train],
            y_train=full["y_train"][train],
            x_test=full["x_test"][test],
            y_test=full["y_test"][test],
        )
    return path


def test_mnist_on_a_part_of_the_data(small_mnist, tmp_path):
    folder = tmp_path / "a folder"
    printed = run(
        "mnist.py", "--data", small_mnist, "--epochs", 4, "--batch-size", 64, "--output", folder, cwd=tmp_path
    )
    accuracy = float(re.search(r"test accuracy (\d+\.\d+)%", printed)[1])
    assert accuracy > 88  # 3000 images, four epochs
    assert "loaded it again: predictions identical" in printed
    rows = re.findall(r"^ +(\d) +(\d+) +(\d+) +\d+\.\d+%", printed, re.MULTILINE)
    assert [int(digit) for digit, _, _ in rows] == list(range(10))
    misread = sum(int(count) for _, _, count in rows)
    assert accuracy == pytest.approx(100 * (1 - misread / sum(int(images) for _, images, _ in rows)), abs=0.01)
    assert (folder / "mnist.keras").stat().st_size > 1_000_000
    for picture in ("mnist_misread.png", "mnist_curves.png"):
        assert (folder / picture).read_bytes().startswith(b"\x89PNG")


def test_mnist_repeats_itself_with_one_seed(small_mnist, tmp_path):
    arguments = ("--data", small_mnist, "--epochs", 1, "--seed", 3)
    runs = [run("mnist.py", *arguments, cwd=tmp_path) for _ in range(2)]
    tails = [text[text.index("test loss") :] for text in runs]
    assert tails[0] == tails[1]


@pytest.mark.parametrize("content", [None, {"x": [1]}], ids=["missing", "other arrays"])
def test_mnist_says_what_is_wrong_with_its_data(content, tmp_path):
    path = tmp_path / "data.npz"
    if content:
        np.savez(path, **content)
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "mnist.py"), "--data", str(path)],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "data.npz" in done.stderr
    assert "x_train" in done.stderr


def test_mnist_differs_from_a_keras_program_by_its_import_only():
    source = (EXAMPLES / "mnist.py").read_text(encoding="utf-8")
    assert source.count("babytf") == 1
    assert "import babytf as keras" in source


def test_three_layers(tmp_path):
    printed = run("three_layers.py", cwd=tmp_path)
    pairs = re.findall(r"dE/d([wv])(\d)(\d) = ([+-]\d\.\d{9}) +([+-]\d\.\d{9})", printed)
    assert [p[0] + p[1] + p[2] for p in pairs] == "w11 w12 w21 w22 w31 w32 v11 v12 v21 v22".split()
    for *_, gradient, difference in pairs:
        assert float(gradient) == pytest.approx(float(difference), abs=2e-9)

    # the chain rule by hand: E = sum (t - y)^2, y = sigmoid(h V), h = sigmoid(x W)
    x, t = np.array([[0.9, 0.1, 0.8]]), np.array([[0.99, 0.01]])
    W, V = np.array([[0.9, 0.2], [0.3, 0.8], [0.4, 0.5]]), np.array([[0.3, 0.7], [0.6, 0.5]])
    h = 1 / (1 + np.exp(-x @ W))
    y = 1 / (1 + np.exp(-h @ V))
    g = -2 * (t - y) * y * (1 - y)
    dV, dW = h.T @ g, x.T @ ((g @ V.T) * h * (1 - h))
    by_hand = [*dW.ravel(), *dV.ravel()]
    np.testing.assert_allclose([float(p[3]) for p in pairs], by_hand, atol=1e-9)

    updated = [float(value) for value in re.findall(r"= (\d\.\d{9})$", printed, re.MULTILINE)]
    np.testing.assert_allclose(updated[-10:], [*(W - 0.1 * dW).ravel(), *(V - 0.1 * dV).ravel()], atol=1e-9)
    before, after = (float(value) for value in re.findall(r"error   E = (\d\.\d{9})", printed))
    assert after < before
    assert before == pytest.approx(np.sum((t - y) ** 2), abs=1e-9)


STEPS = re.compile(r"step +(\d+): E = (\d\.\d+)")


def test_learn_1_finds_the_law(tmp_path):
    assert "learned: fahrenheit = 1.800 * celsius + 32.00" in run("learn/1_one_neuron.py", cwd=tmp_path)


def test_learn_2_to_4_walk_one_path(tmp_path):
    by_hand, by_tape, by_fit = (
        run(f"learn/{name}.py", cwd=tmp_path) for name in ("2_backpropagation", "3_tape", "4_layers")
    )
    steps = STEPS.findall(by_hand)
    assert [step for step, _ in steps] == ["0", "400", "800", "1200", "1600", "2000"]
    assert STEPS.findall(by_tape) == steps
    errors = [[float(error) for _, error in STEPS.findall(text)] for text in (by_hand, by_fit)]
    np.testing.assert_allclose(*errors, rtol=1e-2, atol=2e-6)  # fit runs in float32
    for text in (by_hand, by_fit):
        answers = [float(answer) for answer in re.findall(r"xor \d = (\d\.\d+)", text)]
        np.testing.assert_allclose(answers, [0, 1, 1, 0], atol=0.05)


def test_learn_2_checks_its_chain_rule(tmp_path):
    pairs = re.findall(r"dE/d\w+ +([+-]\d\.\d{9}) +([+-]\d\.\d{9})", run("learn/2_backpropagation.py", cwd=tmp_path))
    assert len(pairs) == 3
    for by_hand, by_difference in pairs:
        assert float(by_hand) == pytest.approx(float(by_difference), abs=1e-8)


def test_learn_3_gives_first_and_second_derivatives(tmp_path):
    rows = re.findall(
        r"y' = ([\d.]+) \(1 - y\^2 = ([\d.]+)\), y'' = (\S+) \(.* = (\S+)\)", run("learn/3_tape.py", cwd=tmp_path)
    )
    assert len(rows) == 3
    for slope, slope_by_hand, curvature, curvature_by_hand in rows:
        assert float(slope) == pytest.approx(float(slope_by_hand), abs=1e-9)
        assert float(curvature) == pytest.approx(float(curvature_by_hand), abs=1e-9)


def test_learn_5_trains_parts_without_derivatives(tmp_path):
    shares = re.findall(r"within a tenth (\d+\.\d)%", run("learn/5_your_own_parts.py", cwd=tmp_path))
    assert float(shares[-1]) > 75
    assert float(shares[-1]) > float(shares[0])


def test_learn_6_prints_numpy(tmp_path):
    program = run("learn/6_the_program.py", cwd=tmp_path)
    compile(program, "printed", "exec")
    assert "np.matmul(" in program
    for layer in ("hidden", "output"):
        assert f"# {layer}" in program
