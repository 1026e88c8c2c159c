"""The command line, `python -m babytf`: look into model files, convert them, predict with them."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence

from babytf.cli import convert, inspect, predict

__all__ = ["main"]

_EXAMPLES = """\
examples:
  python -m babytf inspect model.keras
  python -m babytf convert old_keras2_model.h5 model.keras
  python -m babytf predict model.keras --input x.csv --output y.csv

exit codes: 0 done, 1 the file or the data did not fit, 2 the command was not understood
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: What comes after `python -m babytf`; the program's own by default.

    Returns:
        The exit code: 0, or 1 after an error, which is written to the standard error stream.
    """
    parser = argparse.ArgumentParser(
        prog="python -m babytf",
        description="Look into Keras model files, convert them, predict with them. Nothing in a file is ever run.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="command", required=True)
    for command in (inspect, convert, predict):
        command.add_to(commands)
    options = parser.parse_args(arguments)
    with warnings.catch_warnings():
        warnings.showwarning = _note  # type: ignore[assignment]
        try:
            options.run(options)
        except (ValueError, TypeError, OSError) as error:
            sys.stderr.write(f"error: {error}\n")
            return 1
    return 0


def _note(message: Warning | str, *rest: object) -> None:
    sys.stderr.write(f"note: {message}\n")
