"""`predict`: the outputs of a model for the rows of a file."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np

from babytf.engine import tree
from babytf.errors import explain
from babytf.saving import load_model

_EXAMPLES = """\
examples:
  python -m babytf predict model.keras --input x.npy --output y.npy
  python -m babytf predict model.h5 --input x.csv --output -
  python -m babytf predict two_inputs.keras --input a.npy --input b.npy --output y.csv
"""

Array = np.ndarray[Any, Any]


def add_to(commands: Any) -> None:
    """Add the command to the parser.

    Args:
        commands: What `add_subparsers` returned.
    """
    parser = commands.add_parser(
        "predict",
        help="predict for the rows of a .npy or .csv file",
        description="Load a model and write its outputs for the samples in a file. A first line of a .csv file that is "
        "not numbers is taken for a header.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", help="the model file")
    parser.add_argument(
        "--input", action="append", required=True, metavar="X", help=".npy or .csv; once for each input of the model"
    )
    parser.add_argument(
        "--output",
        action="append",
        required=True,
        metavar="Y",
        help=".npy or .csv, or - to print; once for each output",
    )
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="samples at a time (32)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Run the command."""
    for name in options.output:
        if name != "-" and not name.endswith((".npy", ".csv")):
            raise ValueError(explain("outputs are written as .npy or .csv.", got=name, fix=f"use {name + '.npy'!r}"))
    model = load_model(options.file, compile=False)
    arrays = [read_array(name) for name in options.input]
    for i, shape in enumerate(_input_shapes(model)[: len(arrays)]):
        if arrays[i].ndim == 2 and shape is not None and len(shape) > 2 and None not in shape[1:]:
            if arrays[i].shape[1] == np.prod(shape[1:]):
                arrays[i] = arrays[i].reshape(-1, *shape[1:])  # a row of a .csv file is a sample
    predicted = model.predict(arrays[0] if len(arrays) == 1 else arrays, batch_size=options.batch_size, verbose=0)
    outputs = [np.asarray(output) for output in tree.flatten(predicted)]
    if len(outputs) != len(options.output):
        raise ValueError(
            explain(
                f"the model has {len(outputs)} outputs.",
                got=f"--output {len(options.output)} times",
                fix="give --output once for each",
            )
        )
    for name, output in zip(options.output, outputs, strict=True):
        write_array(name, output)


def read_array(name: str) -> Array:
    """The samples in a `.npy` or `.csv` file.

    Args:
        name: Its path.

    Raises:
        ValueError: If it holds something other than numbers.
        OSError: If there is no such file.
    """
    if name.endswith(".npy"):
        try:
            array = np.load(name, allow_pickle=False)
        except ValueError as error:
            raise ValueError(explain(f"{name} could not be read.", got=str(error)[:200], expected="numbers")) from None
        if array.dtype.kind not in "fiub" or array.ndim == 0:
            raise ValueError(explain(f"{name} holds no samples.", got=f"{array.dtype}, shape {array.shape}"))
        return array
    if not name.endswith(".csv"):
        raise ValueError(explain("inputs are read from .npy or .csv files.", got=name))
    with open(name, encoding="utf-8-sig") as file:
        rows = [line for line in file if line.strip()]
    if rows and not _is_numbers(rows[0]):
        rows = rows[1:]
    if not rows:
        raise ValueError(explain(f"{name} holds no samples.", got="no rows of numbers"))
    try:
        return np.loadtxt(rows, delimiter=",", dtype="float32", ndmin=2)
    except ValueError as error:
        raise ValueError(
            explain(f"{name} could not be read.", got=str(error)[:200], expected="numbers and ,")
        ) from None


def write_array(name: str, array: Array) -> None:
    """Write outputs to a `.npy` or `.csv` file, or print them.

    Args:
        name: The path, or `-`.
        array: The outputs, a sample per row.
    """
    if name.endswith(".npy"):
        np.save(name, array, allow_pickle=False)
        return
    flat = array.reshape(len(array), -1) if array.ndim != 2 else array
    np.savetxt(sys.stdout if name == "-" else name, flat, delimiter=",", fmt="%.9g")


def _is_numbers(line: str) -> bool:
    try:
        [float(cell) for cell in line.split(",")]
    except ValueError:
        return False
    return True


def _input_shapes(model: Any) -> list[Any]:
    try:
        return [tensor.shape for tensor in tree.flatten(model.inputs)]
    except AttributeError:
        return []
