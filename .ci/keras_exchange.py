"""Files exchanged with real Keras, both ways.

Run as: python .ci/keras_exchange.py [FOLDER]

Makes an environment of its own with Keras and JAX. babytf and Keras each write the models of `tests/exchange/models.py`
in every format, before and after training; each loads what the other wrote, must predict the same, and go on training
with the same losses. FOLDER keeps the environment and the files; without it they are temporary.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ["keras>=3.15,<3.16", "jax>=0.5,<0.11"]


def exchange(folder: Path) -> int:
    """Run all four parts; the number of those that failed."""
    environment, ours, theirs = folder / "environment", folder / "babytf", folder / "keras"
    python = environment / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not python.exists():
        venv.create(environment, with_pip=True)
        subprocess.run([str(python), "-m", "pip", "install", "-qq", *PACKAGES], check=True)
    for path in (ours, theirs):
        path.mkdir(exist_ok=True)
    variables = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
    run = ["-m", "tests.exchange.run"]

    def start(interpreter: object, *arguments: object) -> subprocess.Popen[str]:
        command = [str(interpreter), "-W", "ignore", *run, *map(str, arguments)]
        return subprocess.Popen(command, cwd=ROOT, env=variables, text=True, stderr=subprocess.PIPE)

    def failed(process: subprocess.Popen[str]) -> int:
        _, error = process.communicate()
        if process.returncode:
            print(error[-3000:], file=sys.stderr)
        return int(process.returncode != 0)

    writing = start(python, "keras", "write", theirs)
    failures = failed(start(sys.executable, "babytf", "write", ours))
    reading = start(python, "keras", "read", ours)
    failures += failed(writing) + failed(reading)
    return failures + failed(start(sys.executable, "babytf", "read", theirs))


def main() -> None:
    """Exchange files, and exit with the number of parts that failed."""
    if len(sys.argv) > 1:
        folder = Path(sys.argv[1]).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        sys.exit(exchange(folder))
    with tempfile.TemporaryDirectory() as temporary:
        sys.exit(exchange(Path(temporary)))


if __name__ == "__main__":
    main()
