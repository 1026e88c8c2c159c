"""Imports point down, and `import babytf` stays cheap."""

from __future__ import annotations

import ast
import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import babytf

PACKAGE = Path(babytf.__file__).parent

# From the ground up: a module may import from its own row and from the rows above it in this list.
LEVELS = [
    ("errors", "lazy"),
    ("check", "config", "limits", "naming", "tree"),
    ("engine",),
    ("ops", "random"),
    ("registry", "serialization", "dtype_policies"),
    ("activations", "initializers", "regularizers", "constraints"),
    ("losses", "metrics", "optimizers", "layers"),
    ("data", "callbacks"),
    ("saving",),
    ("models",),
    ("datasets", "mixed_precision", "utils"),
    ("cli",),
    ("__main__",),
    ("backend",),
]
LEVEL = {name: height for height, row in enumerate(LEVELS) for name in row}

MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imported(path):
    """Yield (area of babytf, line, whether at the top of the module) for each import of babytf in a file."""
    relative = path.relative_to(PACKAGE)
    package = ("babytf", *relative.parts[:-1])
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types_only = {
        id(node)
        for test in ast.walk(tree)
        if isinstance(test, ast.If) and ast.unparse(test.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        for node in ast.walk(test)
    }
    in_function = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    for node in ast.walk(tree):
        if id(node) in for_types_only:
            continue
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            start = ".".join(package[: len(package) + 1 - node.level]) if node.level else ""
            module = ".".join(part for part in (start, node.module) if part)
            targets = [f"babytf.{alias.name}" for alias in node.names] if module == "babytf" else [module]
        else:
            continue
        for target in targets:
            if target.split(".")[0] == "babytf":
                yield [*target.split("."), ""][1], node.lineno, id(node) not in in_function


def area(relative):
    return relative.parts[0].removesuffix(".py")


@pytest.mark.parametrize("relative", MODULES, ids=str)
def test_imports_point_down(relative):
    assert area(relative) in LEVEL, f"give {area(relative)} a place in LEVELS"
    for target, line, _ in imported(PACKAGE / relative):
        assert target in LEVEL, f"{relative}:{line} imports the whole of babytf, or babytf.{target}, which has no level"
        assert LEVEL[target] <= LEVEL[area(relative)], f"{relative}:{line} imports babytf.{target}, which lies above it"


@pytest.mark.parametrize("relative", MODULES, ids=str)
def test_no_import_of_babytf_hides_in_a_function(relative):
    hidden = [f"{relative}:{line} (babytf.{target})" for target, line, top in imported(PACKAGE / relative) if not top]
    assert not hidden


def test_areas_of_one_level_do_not_import_each_other_in_a_ring():
    edges = {name: set() for name in LEVEL}
    for relative in MODULES:
        for target, _, _ in imported(PACKAGE / relative):
            if target != area(relative):
                edges[area(relative)].add(target)
    done = set()

    def visit(name, path):
        assert name not in path, " -> ".join([*path[path.index(name) :], name])
        if name not in done:
            for target in sorted(edges.get(name, ())):
                visit(target, [*path, name])
            done.add(name)

    for name in edges:
        visit(name, [])


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


# `multiprocessing` and `urllib` are needed by few programs; h5py and matplotlib take longer to import than babytf.
SELDOM = """
asyncio h5py hashlib matplotlib multiprocessing numba pathlib random shutil tempfile tqdm urllib.request zipfile
"""


@pytest.mark.parametrize("name", SELDOM.split())
def test_import_babytf_does_not_bring(name):
    brought = run_python(
        "import sys, numpy; before = set(sys.modules); import babytf; print(*(set(sys.modules) - before))"
    )
    assert "babytf.engine" in brought
    assert [module for module in brought if module == name or module.startswith(name + ".")] == []


def test_every_module_imports_alone():
    names = [".".join(("babytf", *path.with_suffix("").parts)).removesuffix(".__init__") for path in MODULES]
    code = f"import importlib\nfor name in {names!r}: importlib.import_module(name)\nprint('all')"
    assert run_python(code) == ["all"]


@pytest.mark.parametrize("name", sorted(LEVEL))
def test_each_area_can_be_imported_first(name):
    if not ((PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file()):
        pytest.skip(f"no babytf.{name}")
    assert run_python(f"import babytf.{name}; print('yes')") == ["yes"]


# --- what is imported when it is first used

LAZY = [
    "babytf",
    "babytf.callbacks",
    "babytf.initializers",
    "babytf.layers",
    "babytf.losses",
    "babytf.metrics",
    "babytf.models",
    "babytf.optimizers",
    "babytf.optimizers.schedules",
]
MOST = 110
"""Modules of babytf that `import babytf` may bring. It is not a goal: raise it for what every program needs."""


def test_import_babytf_brings_few_modules():
    brought = run_python("import sys, babytf; print(*(name for name in sys.modules if name.startswith('babytf.')))")
    assert len(brought) <= MOST, f"{len(brought)} modules: {brought}"
    assert len(brought) < len(MODULES) / 2
    seldom = ["layers.dense", "layers.lstm", "losses.hinge", "metrics.auc", "optimizers.adam", "models", "callbacks"]
    seldom += ["engine.primitives.window", "engine.primitives.lstm", "engine.lstm_kernels", "engine.compiled_kernels"]
    assert not {f"babytf.{name}" for name in seldom} & set(brought)


def test_a_program_brings_what_it_uses_and_no_more():
    brought = run_python(
        "import sys, numpy as np, babytf as keras\n"
        "model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2, activation='softmax')])\n"
        "model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])\n"
        "model.fit(np.zeros((2, 4), 'float32'), np.zeros(2, int), verbose=0)\n"
        "print(*(name for name in sys.modules if name.startswith('babytf.')))"
    )
    families = {name for name in brought if name.split(".")[1] in ("layers", "losses", "optimizers")}
    assert {
        "babytf.layers.dense",
        "babytf.losses.sparse_categorical_crossentropy",
        "babytf.optimizers.adam",
    } <= families
    others = {"layers.lstm", "layers.conv", "layers.attention", "losses.hinge", "losses.mean_squared_error"}
    others |= {"metrics.auc", "optimizers.sgd", "engine.window_kernels", "saving"}
    assert not {f"babytf.{name}" for name in others} & set(brought)


@pytest.mark.parametrize("package", LAZY)
def test_names_are_in_the_table_for_checkers_and_in_all(package):
    module = importlib.import_module(package)
    source = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
    (block,) = [node for node in source.body if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    shown = set()
    for node in block.body:
        if isinstance(node, ast.ImportFrom):
            shown |= {alias.asname or alias.name for alias in node.names}
        else:
            shown |= {target.id for target in node.targets}
    assert shown == set(module._later), "the table and the imports under TYPE_CHECKING differ"
    assert sorted(shown - set(module.__all__)) in ([], ["MeanMetricWrapper"] * (package == "babytf.metrics"))


@pytest.mark.parametrize("package", LAZY)
def test_each_name_is_what_its_module_defines(package):
    code = (
        f"import sys, importlib, types, {package}\n"
        f"module = sys.modules['{package}']\n"
        "assert set(module.__all__) <= set(dir(module))\n"
        "for name, entry in module._later.items():\n"
        "    value = getattr(module, name)\n"
        "    assert isinstance(value, types.ModuleType) == (not entry.name), name\n"
        "    assert value is entry.get() is vars(module)[name], name\n"
        "    assert not entry.name or value is getattr(sys.modules[value.__module__], value.__name__), name\n"
        f"scope = {{}}; exec('from {package} import *', scope)\n"
        "assert set(module.__all__) <= set(scope)\n"
        "print('all')"
    )
    assert run_python(code) == ["all"]


def test_a_module_does_not_take_the_place_of_the_function_it_is_named_after():
    code = (
        "import babytf, babytf.losses.hinge\n"
        "from babytf.losses.huber import Huber\n"
        "from babytf.layers.dot import Dot\n"
        "from babytf.losses import hinge, huber\n"
        "print(*(thing.__class__.__name__ for thing in (hinge, huber, babytf.losses.huber, babytf.layers.dot)))"
    )
    assert run_python(code) == ["function"] * 4


def test_an_unknown_name_is_an_attribute_error_and_imports_nothing():
    code = (
        "import sys, babytf\n"
        "for module in (babytf, babytf.layers, babytf.losses):\n"
        "    for name in ('nothing', 'os', '__wrapped__'):\n"
        "        assert not hasattr(module, name)\n"
        "described = {'module': 'antigravity', 'class_name': 'this', 'config': {}, 'registered_name': 'this'}\n"
        "try: babytf.layers.deserialize(described)\n"
        "except TypeError: print(*({'antigravity', 'this'} & set(sys.modules)), 'none')"
    )
    assert run_python(code) == ["none"]


def test_a_class_not_yet_asked_for_is_known_by_its_public_name():
    code = (
        "from babytf.layers.dense import Dense\n"
        "from babytf.registry import public_name\n"
        "class Other: pass\n"
        "Other.__module__, Other.__name__ = Dense.__module__, 'Dense'\n"
        "print(*public_name(Dense), public_name(Other))"
    )
    assert run_python(code) == ["keras.layers", "Dense", "None"]


def test_names_resolve_in_many_threads_at_once():
    code = (
        "import babytf\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "names = ['LSTM', 'Conv2D', 'Dense', 'MultiHeadAttention'] * 8\n"
        "with ThreadPoolExecutor(16) as pool:\n"
        "    found = list(pool.map(lambda name: getattr(babytf.layers, name), names))\n"
        "print(*(cls.__name__ for cls in found))"
    )
    assert run_python(code) == ["LSTM", "Conv2D", "Dense", "MultiHeadAttention"] * 8


def test_pickling_a_lazy_class_and_function_in_a_fresh_process():
    data = pickle.dumps((babytf.layers.Dense, babytf.losses.hinge, babytf.layers.MaxPool2D))
    code = f"import pickle; print(*(thing.__name__ for thing in pickle.loads({data!r})))"
    assert run_python(code) == ["Dense", "hinge", "MaxPooling2D"]


def test_the_families_of_rows_have_the_rows_they_are_listed_with():
    code = (
        "import babytf\n"
        "from babytf.engine import PRIMITIVES\n"
        "from babytf.engine.primitives import _LATER\n"
        "import importlib\n"
        "for family, rows in _LATER.items():\n"
        "    before = set(PRIMITIVES)\n"
        "    importlib.import_module(f'babytf.engine.primitives.{family}')\n"
        "    assert set(PRIMITIVES) - before == set(rows.split()), family\n"
        "try: PRIMITIVES['nothing']\n"
        "except KeyError: print('all')"
    )
    assert run_python(code) == ["all"]


def test_each_later_row_can_be_bound_first():
    code = (
        "import numpy as np, babytf\n"
        "from babytf import ops\n"
        "x = np.arange(24.0, dtype='float32').reshape(1, 4, 6)\n"
        "ops.cumsum(x), ops.sort(x), ops.layer_normalization(x), ops.max_pool(x, 2)\n"
        "ops.dot_product_attention(x[:, :, None], x[:, :, None], x[:, :, None])\n"
        "print('all')"
    )
    assert run_python(code) == ["all"]
