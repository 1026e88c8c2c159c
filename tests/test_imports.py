"""Imports point down, and `import babytf` stays cheap."""

from __future__ import annotations

import ast
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
@pytest.mark.parametrize(
    "name", ["h5py", "tqdm", "matplotlib", "numba", "asyncio", "multiprocessing", "urllib.request", "zipfile"]
)
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
