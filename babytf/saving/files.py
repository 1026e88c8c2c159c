"""What a user gives as a file: a path or an open file, checked, opened, and named in errors.

The formats are in `keras_format.py` and `legacy_h5.py`.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from babytf.errors import explain

LEGACY = (".h5", ".hdf5")


def path_of(filepath: Any, method: str) -> str | None:
    """The path that was given; `None` for an open file.

    Args:
        filepath: What the user gave.
        method: What an open file has to have: `"read"` or `"write"`.

    Raises:
        TypeError: If it is neither.
    """
    if isinstance(filepath, (str, os.PathLike)):
        return os.fspath(filepath)
    if hasattr(filepath, method) and not isinstance(filepath, io.TextIOBase):
        return None
    raise TypeError(
        explain("this is not a path.", got=repr(filepath)[:80], expected="a str, a pathlib.Path or an open binary file")
    )


def check_model_path(path: str, zipped: bool | None = None) -> None:
    """Refuse names that no format of models has.

    Args:
        path: The path.
        zipped: `False` for a directory.

    Raises:
        ValueError: If the name does not say which format is meant.
    """
    fix: str | None = f"use {os.path.splitext(path)[0] + '.keras'!r}"
    if zipped is False:
        if path.endswith(".keras"):
            raise ValueError(
                explain(
                    "zipped=False writes a directory, whose name does not end in .keras.",
                    got=repr(path),
                    fix=f"use {path.removesuffix('.keras')!r}, or leave out zipped=False",
                )
            )
        return
    if "://" in path:
        fix = "download it first"
    elif path.endswith((".weights.h5", ".weights.json")):
        fix = "weights alone: model.save_weights() and model.load_weights()"
    elif path.endswith((".keras", *LEGACY)):
        return
    raise ValueError(
        explain("the name of a model file ends in .keras or .h5.", got=repr(path), expected="'name.keras'", fix=fix)
    )


def may_replace(path: str, overwrite: bool) -> bool:
    """Whether to write there; asks on a terminal if something is there and `overwrite` is false.

    Raises:
        FileExistsError: If there is nobody to ask.
    """
    if overwrite or not os.path.lexists(path):
        return True
    if sys.stdin is None or not sys.stdin.isatty():
        raise FileExistsError(
            explain(
                f"{path} is there already.",
                got="overwrite=False",
                fix="pass overwrite=True, or another name",
            )
        )
    answer = ""
    while answer not in ("y", "n"):
        answer = input(f"{path} is there already. Replace it? [y/n] ").strip().lower()
    return answer == "y"


def check_built(model: Any, what: str) -> None:
    """Refuse a model that has no weights yet."""
    if not model.built:
        raise ValueError(
            explain(
                f"model '{model.name}' is not built: it has no weights yet.",
                got=f"{what}()",
                fix="call the model on data first, or model.build(input_shape)",
            )
        )


def no_more(kwargs: dict[str, Any], function: str) -> None:
    """Refuse arguments that are left over."""
    if kwargs:
        raise ValueError(
            explain(f"{function}() does not take {next(iter(kwargs))!r}.", got=f"{', '.join(map(repr, kwargs))}")
        )


@contextlib.contextmanager
def opened(path: str | None, file: Any) -> Iterator[BinaryIO]:
    """The file, open for reading anywhere in it."""
    if path is None:
        yield file if file.seekable() else io.BytesIO(file.read())
        return
    try:
        handle = open(path, "rb")
    except FileNotFoundError:
        raise FileNotFoundError(
            explain(f"there is no file {path}.", got=f"{path!r}, from {os.getcwd()}", fix="check the path")
        ) from None
    with handle:
        yield handle


@contextlib.contextmanager
def naming(path: str | None) -> Iterator[None]:
    """Let an error say which file it is about, and be of one of the families promised."""
    where = f"{os.path.basename(path)}: " if path is not None else ""
    try:
        yield
    except OSError:
        raise
    except (ValueError, TypeError) as error:
        family = TypeError if isinstance(error, TypeError) else ValueError
        raise (type(error) if type(error).__module__ == "babytf.errors" else family)(where + str(error)) from error
    except NotImplementedError as error:
        raise ValueError(where + str(error)) from error
    except (LookupError, ArithmeticError, AttributeError, AssertionError, RuntimeError, MemoryError) as error:
        raise ValueError(
            explain(
                f"{where}the file does not fit together.",
                got=f"{type(error).__name__}: {error}"[:300],
                expected="a file written by model.save() or model.save_weights()",
            )
        ) from error
