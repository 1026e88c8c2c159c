"""What the README and the docs show runs, and what they point at exists."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

import babytf

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def name(page):
    return str(page.relative_to(ROOT))


def blocks(page, language):
    """Yield (line, code) of each fenced block in a language."""
    text = page.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        if match[1] == language:
            yield text.count("\n", 0, match.start()) + 2, match[2]


@pytest.mark.parametrize("page", [page for page in PAGES if any(blocks(page, "python"))], ids=name)
def test_python_blocks_run_in_order(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    babytf.utils.set_random_seed(0)
    names = {"__name__": "__main__"}
    for line, code in blocks(page, "python"):
        # blank lines in front give a traceback the page's own line numbers
        exec(compile("\n" * (line - 1) + code, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_to_files_lead_somewhere(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not broken


def test_the_excerpt_of_a_program_is_what_is_printed(capsys, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")  # it shows the program that runs on NumPy alone
    babytf.utils.clear_session()  # names of layers start at the beginning
    page = ROOT / "docs" / "engine.md"
    names = {"__name__": "__main__"}
    for _, code in blocks(page, "python"):
        exec(code, names)
    printed = capsys.readouterr().out.splitlines()
    excerpt = [line for _, text in blocks(page, "text") for line in text.splitlines() if re.match(r" +(np\.|# )", line)]
    assert len(excerpt) > 8
    assert [line for line in excerpt if line not in printed] == []


def test_functions_hidden_by_a_file_of_their_name_are_in_the_reference():
    """The reference reads the sources: there `losses.huber` is the file."""
    reference = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "api").glob("*.md"))
    homes = [getattr(babytf, name) for name in babytf.__all__]
    things = [getattr(home, name) for home in homes for name in getattr(home, "__all__", ())]
    functions = [f for f in things if inspect.isfunction(f) and f.__module__.endswith(f".{f.__name__}")]
    assert len(functions) > 20
    assert [f for f in functions if f"::: {f.__module__}.{f.__name__}\n" not in reference] == []


def test_every_path_in_the_table_of_the_readme_exists():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.split("## What's where")[1].split("\n## ")[0]
    paths = [
        path for cell in re.findall(r"^\| (.*?) \|", table, re.MULTILINE) for path in re.findall(r"`([^`]+)`", cell)
    ]
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_two_commands_are_one_line_each_and_make_their_own_environment():
    commands = [code.strip() for _, code in blocks(ROOT / "README.md", "bash")][:2]
    assert len(commands) == 2
    for command in commands:
        assert "\n" not in command
        assert command.startswith("python3 -m venv .venv && .venv/bin/python -m pip install")
    assert "examples/mnist.py" in commands[0]
    assert commands[1].endswith("pytest")
