"""`convert`: a model file in another format."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from babytf.errors import explain
from babytf.saving import load_model, save_model, save_weights
from babytf.saving.doors import convert_weights

_EXAMPLES = """\
examples:
  python -m babytf convert keras2_model.h5 model.keras
  python -m babytf convert model.keras model.weights.h5
  python -m babytf convert model.keras model.weights.json --max-shard-size 0.5
  python -m babytf convert model.weights.json model.weights.h5
  python -m babytf convert trained.keras slim.keras --without-optimizer
"""


WEIGHTS = (".weights.h5", ".weights.json")


def add_to(commands: Any) -> None:
    """Add the command to the parser.

    Args:
        commands: What `add_subparsers` returned.
    """
    parser = commands.add_parser(
        "convert",
        help="write a model file in another format",
        description="Read a .keras or .h5 model, of Keras 2 or Keras 3, and write it in the format of OUT's name: "
        ".keras, .h5, .weights.h5 or .weights.json. A file of weights alone becomes another file of weights.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("input", metavar="IN", help="the model file")
    parser.add_argument("output", metavar="OUT", help="where to write")
    parser.add_argument("--overwrite", action="store_true", help="replace OUT if it is there")
    parser.add_argument("--without-optimizer", action="store_true", help="leave out how to train on")
    parser.add_argument("--max-shard-size", type=float, metavar="GB", help="for .weights.json: size of one file (5)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    out, compiled = options.output, not options.without_optimizer
    if not out.endswith((".keras", ".h5", ".hdf5", ".weights.json")):
        raise ValueError(
            explain("OUT's name does not say a format.", got=out, expected=".keras, .h5, .weights.h5 or .weights.json")
        )
    size = options.max_shard_size
    if size is not None and not out.endswith(".weights.json"):
        raise ValueError(explain("--max-shard-size is for .weights.json.", got=out))
    if out.endswith(WEIGHTS) and options.input.endswith((".keras", *WEIGHTS)):
        count = convert_weights(options.input, out, options.overwrite, size, compiled)
        sys.stdout.write(f"{out}: {count:,} numbers\n")
        return
    model = load_model(options.input, compile=compiled)
    if out.endswith(".weights.json"):
        save_weights(model, out, options.overwrite, 5.0 if size is None else size)
    elif out.endswith(".weights.h5"):
        save_weights(model, out, options.overwrite)
    else:
        save_model(model, out, options.overwrite)
    sys.stdout.write(f"{out}: {type(model).__name__} '{model.name}', {model.count_params():,} parameters\n")
