"""`kernels.py`, with some computations as loops compiled by Numba: what `kernels` means in a program with fused loops.

The loops are in `loops.py`. They are for float32; everything else is done as in `kernels.py`.
"""

from __future__ import annotations

import functools
import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from babytf.engine import gru_kernels, jit, kernels, loops, lstm_kernels, simple_rnn_kernels


def __getattr__(name: str) -> Any:
    return getattr(kernels, name)


@functools.cache
def _compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """A loop as machine code. `tanh` goes into it as an inner function, so that its text is complete."""
    first, _, rest = inspect.getsource(loop).partition("\n")
    kernel = jit.kernel("\n".join([first, textwrap.indent(inspect.getsource(loops.tanh), "    "), rest]))
    kernel.prepare([_sample(name) for name in inspect.signature(loop).parameters])
    function: Callable[..., Any] = kernel.function
    return function


def _sample(name: str) -> Any:
    """An argument of the type that the loops' parameter of this name has."""
    if name in ("t", "batch", "lo", "hi"):
        return 0
    axes = 3 if name in ("gates", "dz", "d_gates") else 1 if name in ("dh", "dc", "d_carry", "bias", "rows") else 2
    return np.zeros((1,) * axes, np.int64 if name == "rows" else np.float32)


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
    lstm_kernels.lstm(*arguments, step=_step(loops.lstm_step, arguments[-1]))


def lstm_gradient(*arguments: Any) -> None:
    """See `lstm_kernels.lstm_gradient`."""
    lstm_kernels.lstm_gradient(*arguments, step=_step(loops.lstm_back, arguments[-1]))


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
