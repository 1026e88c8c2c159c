"""`kernels.py`, with some computations as loops compiled by Numba: what `kernels` means in a program with fused loops.

The loops are in `loops.py`. They are for float32; everything else is done as in `kernels.py`.
"""

from __future__ import annotations

import functools
import inspect
import textwrap
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from babytf.engine import gru_kernels, jit, kernels, loops, lstm_compiled, lstm_kernels, simple_rnn_kernels, tiles


def __getattr__(name: str) -> Any:
    return getattr(kernels, name)


def _with(text: str, other: str) -> str:
    """A kernel's text that is another one if what it calls is."""
    return f"{text}\n# with {zlib.crc32(other.encode())}\n"


def _product_text() -> str:
    return _with(inspect.getsource(loops.add_product), inspect.getsource(tiles))


@functools.cache
def product() -> Callable[..., Any]:
    """`loops.add_product` as machine code, for other loops to call."""
    names = {"COLUMNS": tiles.COLUMNS, **tiles.compiled()}
    function: Callable[..., Any] = jit.kernel(_product_text(), names).function
    return function


@functools.cache
def _compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """A loop as machine code. `tanh` goes into it as an inner function, so that its text is complete."""
    first, _, rest = inspect.getsource(loop).partition("\n")
    text = "\n".join([first, textwrap.indent(inspect.getsource(loops.tanh), "    "), rest])
    names: dict[str, Any] = {}
    if "add_product(" in rest:
        names["add_product"] = product()
        text = _with(text, _product_text())
    kernel = jit.kernel(text, names)
    kernel.prepare([_sample(*of) for of in zip(inspect.signature(loop).parameters, _AXES[loop.__name__], strict=True)])
    function: Callable[..., Any] = kernel.function
    return function


_AXES = {
    "lstm_steps": (2, 4, 2, 4, 2, 3, 2, 2, 2, 2, 0, 0, 0, 0, 0),
    "lstm_back": (2, 3, 2, 2, 3, 0, 1, 1, 1, 2, 2, 0, 0, 0, 0, 0, 0),
    "gru_step": (3, 2, 2, 1, 2, 0, 0),
    "gru_back": (3, 2, 2, 1, 3, 0),
    "simple_rnn_step": (2, 2, 0),
    "add_rows": (2, 1, 2),
}
"""How many axes each loop's arguments have; those without are whole numbers."""


def _sample(name: str, axes: int) -> Any:
    """An argument of the type that a loop's parameter of this name has."""
    return np.zeros((1,) * axes, {"rows": np.int64, "mask": np.bool_}.get(name, np.float32)) if axes else 0


def _step(loop: Callable[..., Any], out: np.ndarray) -> Callable[..., Any] | None:
    """The machine code of a loop, for float32."""
    if out.dtype != np.float32 or not jit.available():
        return None
    try:
        return _compiled(loop)
    except Exception as error:
        jit.give_up(error)
        return None


def lstm(*arguments: Any) -> None:
    """See `lstm_kernels.lstm`."""
    loop = _step(loops.lstm_steps, arguments[-1])
    if loop is None:
        lstm_kernels.lstm(*arguments)
    else:
        lstm_compiled.lstm(*arguments, loop=loop)


def lstm_gradient(*arguments: Any) -> None:
    """See `lstm_kernels.lstm_gradient`."""
    loop = _step(loops.lstm_back, arguments[-1])
    if loop is None:
        lstm_kernels.lstm_gradient(*arguments)
    else:
        lstm_compiled.lstm_gradient(*arguments, loop=loop)


def gru(*arguments: Any) -> None:
    """See `gru_kernels.gru`."""
    gru_kernels.gru(*arguments, step=_step(loops.gru_step, arguments[-1]))


def gru_gradient(*arguments: Any) -> None:
    """See `gru_kernels.gru_gradient`."""
    gru_kernels.gru_gradient(*arguments, step=_step(loops.gru_back, arguments[-1]))


def simple_rnn(*arguments: Any) -> None:
    """See `simple_rnn_kernels.simple_rnn`."""
    simple_rnn_kernels.simple_rnn(*arguments, step=_step(loops.simple_rnn_step, arguments[-1]))


def add_at(x: np.ndarray, indices: np.ndarray, axis: int, out: np.ndarray) -> None:
    """See `kernels.add_at`: row by row, in order."""
    step = None if axis or out.ndim != 2 else _step(loops.add_rows, out)
    if step is None:
        kernels.add_at(x, indices, axis, out)
        return
    if x.ndim == 3 and x.transpose(1, 0, 2).flags.c_contiguous:  # from a layer that goes step by step
        x, indices = x.transpose(1, 0, 2), indices.T
    rows = indices.reshape(-1)
    if kernels.checked(rows, len(out), "adding at indices"):
        rows = rows % len(out)
    out.fill(0)
    step(np.ascontiguousarray(x).reshape(rows.size, -1), np.ascontiguousarray(rows, np.int64), out)
