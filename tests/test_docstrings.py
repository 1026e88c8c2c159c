"""The examples in docstrings say what is true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import numpy as np
import pytest

import babytf

# what an example may use without importing it: what a program has after `import babytf as keras`, and the layers
COMMON = {"np": np, "babytf": babytf, "keras": babytf}
COMMON.update((name, getattr(home, name)) for home in (babytf, babytf.layers) for name in home.__all__)

MODULES = ["babytf", *(found.name for found in pkgutil.walk_packages(babytf.__path__, "babytf."))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    babytf.utils.clear_session()  # names start at the beginning
    babytf.utils.set_random_seed(0)
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS, verbose=False)
    report = []
    for case in doctest.DocTestFinder().find(module, name, globs={**COMMON, **vars(module)}):
        runner.run(case, out=report.append)
    if runner.failures:
        pytest.fail("".join(report), pytrace=False)
