"""Thousands of real files with something changed: no crash, no hang, nothing run, no error but the few promised.

`fuzzing.py` makes and loads them. CI repeats the same ones every time; to try others:
`python -m tests.saving.fuzzing SEED COUNT`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COUNT = 2000 if os.environ.get("CI") else 300
MEGABYTES = 300


@pytest.mark.parametrize("start", [0, 1_000_000])
def test_files_changed_at_random(start):
    command = [sys.executable, "-m", "tests.saving.fuzzing", str(start), str(COUNT)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"a crash, or no end: {done.stderr[-3000:]}"
    *wrong, summary = found
    assert wrong == []
    assert summary["loaded"] + summary["refused"] == COUNT
    assert min(summary["loaded"], summary["refused"]) > COUNT / 10  # changed enough, and not too much
    assert summary["megabytes"] < MEGABYTES
