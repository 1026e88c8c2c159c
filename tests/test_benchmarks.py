"""The benchmarks run from end to end, refuse what makes no sense, and report what they saw; no time is asserted."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "benchmarks"
CASE = "4-16-3, batch 16"


def start(script, *arguments, **settings):
    env = dict(os.environ, PYTHONPATH=str(ROOT), PYTHONIOENCODING="utf-8", **settings)
    return subprocess.run(
        [sys.executable, str(FOLDER / script), *map(str, arguments)],
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def run(script, *arguments, **settings):
    """Run a script and return what it printed."""
    done = start(script, *arguments, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def imported(expression, *modules):
    """Evaluate an expression among the benchmarks' modules, in a process of its own; return it by way of JSON."""
    code = f"import sys, json; sys.path[:0] = [{str(FOLDER)!r}, {str(ROOT)!r}]\n"
    code += "".join(f"import {module}\n" for module in modules) + f"print(json.dumps({expression}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- arguments


@pytest.mark.parametrize(
    ("script", "arguments", "said"),
    [
        ("run.py", ("--case", "no such"), "--case 'no such' is not one of: 4-16-3, batch 16;"),
        ("run.py", ("--peer", "Theano"), "--peer 'Theano' is not one of: babytf; babytf, Numba;"),
        ("run.py", ("--rounds", "0"), "--rounds must be at least 1, got 0"),
        ("run.py", ("--steps", "-3"), "--steps must be at least 1, got -3"),
        ("scale.py", ("--rounds", "0"), "--rounds must be at least 1, got 0"),
        ("scale.py", ("--sizes", "1"), "--sizes must be at least 2: growth needs two sizes, got 1"),
        ("scale.py", ("--seconds", "0"), "--seconds must be above 0, got 0"),
        ("scale.py", ("--what", "height"), "invalid choice: 'height'"),
        ("soak.py", ("--minutes", "0"), "--minutes must be above 0, got 0"),
        ("soak.py", ("--megabytes", "-1"), "--megabytes must be above 0, got -1"),
        ("profile_step.py", (), "give a case or --script, one of the two"),
        ("profile_step.py", (CASE, "--script", "x.py"), "give a case or --script, one of the two"),
        ("profile_step.py", ("import",), "case 'import' is not one of: 4-16-3, batch 16;"),
        ("profile_step.py", (CASE, "--top", "0"), "--top must be at least 1, got 0"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(script, arguments, said):
    done = start(script, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_list_names_every_case_and_peer():
    printed = run("run.py", "--list")
    for name in (CASE, "MNIST convnet, batch 128", "cold start", "memory", "babytf, Numba", "JAX jit by hand"):
        assert f"\n  {name}\n" in printed


# --- run.py


@pytest.mark.slow
def test_run_measures_steps_calls_and_new_processes(tmp_path):
    path = tmp_path / "new" / "results.json"
    cases = (CASE, "evaluate, 10,000 rows", "model(x), one row", "import", "cold start", "first step")
    chosen = [argument for case in cases for argument in ("--case", case)]
    printed = run(
        "run.py",
        "--rounds",
        2,
        "--steps",
        3,
        "--peer",
        "babytf",
        "--peer",
        "matrix products alone",
        "--output",
        path,
        *chosen,
    )
    report = json.loads(path.read_text())
    assert list(report["cases"]) == list(cases)  # those in new processes last
    for name, case in report["cases"].items():
        ours = case["results"]["babytf"]
        assert 0 < ours["best"] <= ours["median"], name
        assert ours["best"] == min(ours["rounds"])
        assert len(ours["rounds"]) >= (1 if name in ("import", "cold start", "first step") else 2)
    assert "matrix products alone" in report["cases"][CASE]["results"]
    assert "matrix products alone" in report["cases"]["cold start"]["unavailable"]
    assert report["peers"]["babytf"]["versions"]["babytf"]
    assert "numba" not in report["peers"]["babytf"]["versions"]  # NumPy alone
    assert "above 1.00 is slower than babytf" in printed


def test_a_peer_that_fails_or_cannot_is_reported_and_the_run_goes_on(tmp_path):
    # a module that is found but cannot be imported, in the place of scikit-learn
    (tmp_path / "sklearn.py").write_text("raise RuntimeError('broken on purpose')\n")
    env = dict(os.environ, PYTHONPATH=os.pathsep.join([str(ROOT), str(tmp_path)]))
    done = subprocess.run(
        [
            *(sys.executable, str(FOLDER / "run.py"), "--rounds", "1", "--steps", "2", "--case", CASE),
            *("--peer", "scikit-learn", "--peer", "matrix products alone"),
        ],
        env=env,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"scikit-learn +not available: failed: RuntimeError: broken on purpose", done.stdout)
    assert re.search(r"matrix products alone +\d+\.\d", done.stdout)


def test_products_of_a_dense_network():
    # batch 16, 4-16-3: forward 16x4x16; kernel gradient 4x16x16; forward 16x16x3; kernel 16x16x3; input 16x3x16
    shapes = imported(f"products.shapes_of(cases.CASES[{CASE!r}], True)", "cases", "peers.products as products")
    assert shapes == [[16, 4, 16], [4, 16, 16], [16, 16, 3], [16, 16, 3], [16, 3, 16]]


def test_products_of_an_lstm_count_its_parameters():
    # forward, at each of 100 steps and for each of 32 rows: (64 + 64) x 256 multiplications; as many again for the
    # gradient of the weights, and of the inputs and states; last layer 32 x 64 x 1, three times
    shapes = imported(
        "products.shapes_of(cases.CASES['Embedding, LSTM(64), 100 steps, batch 32'], True)",
        *("cases", "peers.products as products"),
    )
    assert sum(math.prod(s) for s in shapes) == 3 * (100 * 32 * (64 + 64) * 256 + 32 * 64)


# --- profile_step.py


def test_profile_times_every_line_of_the_program():
    printed = run("profile_step.py", CASE, "--seconds", 0.2)
    lines = re.findall(r"^ *\d+\.\d +\d+\.\d%.*?  (np\.\S+|serial\(\)|return) ?", printed, re.MULTILINE)
    assert len([line for line in lines if line.startswith("np.matmul")]) == 5
    assert "# dense_1 (Dense), backward" in printed
    assert "matrix products, of all layers together" in printed
    shares = [float(s) for s in re.findall(r"^ *\d+\.\d +(\d+\.\d)%  (?!matrix)\S", printed.split("layer\n")[1], re.M)]
    assert sum(shares) == pytest.approx(100, abs=0.1 * len(shares))


def test_profile_of_a_script(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "import numpy as np, babytf as keras\n"
        "x, y = np.ones((6, 2), 'float32'), np.ones((6, 1), 'float32')\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name='only')])\n"
        "model.compile('sgd', 'mse')\n"
    )
    printed = run("profile_step.py", "--script", script, "--kind", "predict", "--seconds", 0.1, "--top", 1)
    assert "only (Dense)" in printed
    script.write_text("model = 1\n")
    done = start("profile_step.py", "--script", script)
    assert done.returncode != 0
    assert "leaves no variable named x, y" in done.stderr


# --- scale.py


def test_exponent_of_a_power_law():
    # 3 n^2 at n = 1, 2, 4; and a constant
    assert imported("scale.exponent([1, 2, 4], [3.0, 12.0, 48.0])", "scale") == pytest.approx(2.0)
    assert imported("scale.exponent([1, 2, 4], [5.0, 5.0, 5.0])", "scale") == pytest.approx(0.0)


def test_summary_says_what_grows_faster():
    # steps n^2 beside products n: at n = 1 the ratio is 1, at n = 8 it is 8
    found = imported("scale.summary([1, 2, 4, 8], [1.0, 4.0, 16.0, 64.0], [1.0, 2.0, 4.0, 8.0])", "scale")
    assert found == {
        "exponent": 2.0,
        "exponent_of_products": 1.0,
        "ratio_at_smallest": 1.0,
        "ratio_at_largest": 8.0,
        "grows_faster": True,
        "disturbed": False,
    }
    assert not imported("scale.summary([1, 2, 4], [9.0, 10.0, 12.0], [1.0, 2.0, 4.0])", "scale")["grows_faster"]
    # a step of 1 beside products of 2: the clock was disturbed
    assert imported("scale.summary([1, 2], [1.0, 4.0], [2.0, 4.0])", "scale")["disturbed"]


@pytest.mark.slow
def test_scale_from_end_to_end(tmp_path):
    path = tmp_path / "scale.json"
    run("scale.py", "--what", "width", "--sizes", 2, "--rounds", 1, "--seconds", 0.01, "--output", path)
    found = json.loads(path.read_text())["growing"]["width"]
    assert found["sizes"] == [64, 128]
    assert len(found["steps"]) == len(found["products"]) == 2


# --- soak.py


@pytest.mark.slow
def test_soak_from_end_to_end(tmp_path):
    path = tmp_path / "soak.json"
    printed = run("soak.py", "--minutes", 0.2, "--megabytes", 100_000, "--output", path)
    assert printed.endswith("passed\n")
    report = json.loads(path.read_text())
    assert report["cycles"] == len(report["samples"]) >= 4
    assert report["growing"] == []


def samples(megabytes, objects):
    """Twenty samples of one minute; memory and objects as functions of the cycle's number."""
    return [{"cycle": i, "seconds": 3.0 * i, "bytes": 1e6 * megabytes(i), "objects": objects(i)} for i in range(20)]


@pytest.mark.parametrize(
    ("megabytes", "objects", "growing"),
    [
        (lambda i: 100, lambda i: 5000, []),
        (lambda i: 100 + i, lambda i: 5000, ["memory"]),  # a megabyte in three seconds: 1200 an hour
        (lambda i: 100, lambda i: 5000 + 50 * i, ["objects"]),
        (lambda i: 100 + min(i, 6), lambda i: 5000 + 50 * min(i, 6), []),  # in the warm-up, the first twenty seconds
        (lambda i: 100 + 0.01 * i, lambda i: 5000 + i % 3, []),  # 12 MB an hour, and a ripple
        (lambda i: 100 + 5 * (i % 2), lambda i: 5000, []),  # noise
    ],
)
def test_what_counts_as_growth(megabytes, objects, growing):
    taken = samples(megabytes, objects)
    options = "types.SimpleNamespace(minutes=1, megabytes=60, objects=5)"
    assert imported(f"soak.verdict({taken!r}, {options})", "soak", "types")["growing"] == growing


# --- report.py


def a_report():
    def result(*rounds):
        return {"rounds": list(rounds), "best": min(rounds), "median": sorted(rounds)[len(rounds) // 2]}

    step = {"babytf": result(2e-3, 3e-3, 4e-3), "Keras on JAX": result(3e-3, 5e-3, 9e-3)}
    return {
        "cpu": "A Processor",
        "cores": 2,
        "system": "Linux",
        "blas_settings": {"OPENBLAS_CORETYPE": "Haswell"},
        "load_before": 0.2,
        "load_after": 4.5,
        "date": "2026-01-02",
        "rounds": 3,
        "options": "--native-blas",
        "peers": {"babytf": {"versions": {"babytf": "9.8.7"}, "python": "3.12.1", "blas": "some BLAS"}},
        "cases": {
            CASE: {"measure": "step", "unit": "µs", "results": step, "unavailable": {"scikit-learn": "why"}},
            "memory": {
                **{"measure": "memory", "unit": "MB", "unavailable": {"babytf": "no such layer"}},
                "results": {"babytf, Numba": result(5e8), "Keras on JAX": result(1.5e9)},
            },
        },
    }


def a_scale():
    found = {"sizes": [1, 2], "steps": [1e-3, 4e-3], "products": [1e-3, 2e-3], "exponent": 2.0}
    found |= {"exponent_of_products": 1.0, "ratio_at_smallest": 1.0, "ratio_at_largest": 2.0, "grows_faster": True}
    found |= {"disturbed": False}
    growing = {"width": found, "sequence length, LSTM": {"unavailable": "no LSTM"}}
    facts = {"cpu": "A Processor", "cores": 2, "load_before": 0.2, "date": "2026-01-02", "numba": False}
    return {**facts, "growing": growing}


@pytest.fixture
def written(tmp_path):
    (tmp_path / "results.json").write_text(json.dumps(a_report()))
    (tmp_path / "scale.json").write_text(json.dumps(a_scale()))
    page = "# Title\n\n<!-- results: begin -->\nold\n<!-- results: end -->\n\nwords\n"
    page += "<!-- scale: begin -->\n<!-- scale: end -->\n"
    (tmp_path / "page.md").write_text(page)
    return tmp_path


def report_into(folder):
    paths = {"--results": "results.json", "--scale": "scale.json", "--page": "page.md", "--images": "images"}
    return start("report.py", *(part for option, name in paths.items() for part in (option, folder / name)))


def test_report_writes_tables_and_pictures_between_the_marks(written):
    for _ in range(2):  # a second time changes nothing
        done = report_into(written)
        assert done.returncode == 0, done.stderr
        page = (written / "page.md").read_text()
    assert page.startswith("# Title\n\n<!-- results: begin -->")
    assert "old" not in page
    assert page.count("\nwords\n") == page.count("### Times") == 1
    assert f"| {CASE} | 2,000 µs | – | 1.50 |" in page  # 3 ms over 2 ms
    assert "| memory | not available | – | – |" in page
    assert "| memory | 500 MB | 3.00 |" in page  # beside babytf with Numba
    assert f"| {CASE} | µs | 2,000 / 3,000 | – | 3,000 / 5,000 |" in page
    assert "memory: not available in babytf: no such layer" in page
    assert "A Processor, 2 cores" in page
    assert "babytf 9.8.7" in page
    assert "`OPENBLAS_CORETYPE=Haswell`" in page
    assert "Other work was running" in page  # the load of 4.5
    assert "run.py --native-blas --python PEERS" in page
    assert "| width | 1 to 2 | size^2.00 | size^1.00 | 1.00 | 2.00 | **faster than the products** |" in page
    assert "| sequence length, LSTM | – | – | – | – | – | not available yet |" in page
    for name in ("benchmarks.svg", "scale.svg"):
        assert (written / "images" / name).read_text().rstrip().endswith("</svg>")


def test_report_leaves_a_page_without_marks_alone(written):
    (written / "page.md").write_text("nothing here")
    done = report_into(written)
    assert done.returncode != 0
    assert "the page needs one <!-- results: begin -->" in done.stderr
    assert (written / "page.md").read_text() == "nothing here"


def test_report_of_a_file_that_is_not_json(written):
    (written / "results.json").write_text("{")
    done = report_into(written)
    assert done.returncode != 0
    assert "not a JSON file of run.py or scale.py" in done.stderr


def test_the_page_has_its_marks():
    page = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for part in ("results", "scale"):
        assert page.index(f"<!-- {part}: begin -->") < page.index(f"<!-- {part}: end -->")
