r"""The kernel of a short-time Fourier transform, written as a convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf import check, config
from babytf.engine import Tensor, convert
from babytf.errors import ShapeError, explain
from babytf.initializers.base import Initializer
from babytf.initializers.windows import known_window, window


class STFT(Initializer):
    r"""Waves under a window: what a convolution must hold to be a short-time Fourier transform.

    $$ K_{t, f} = \frac{w_t}{s} \cos\!\left(-2\pi\,\frac{t f}{2 (F - 1)}\right) $$

    with the sine in place of the cosine for the imaginary part. The scale $s$ is $\sqrt{\sum w_t^2}$ for `"density"`,
    $\sum |w_t|$ for `"spectrum"`.

    Args:
        side: `"real"` or `"imag"`.
        window: Name of the window $w$ as in SciPy, of those that need no further number; an array of its values;
            `None` for no window, and no scale.
        scaling: `"density"`, `"spectrum"`, or `None` for none.
        periodic: Whether a window given by its name repeats, rather than ending as it begins.

    Raises:
        ValueError: If an argument is none of these.
        ShapeError: If the shape asked for is not `(T, 1, F)`, or a window given as an array has not `T` values.

    Example:
        >>> STFT("real", None, None)((4, 1, 3)).numpy()[:, 0, 2].tolist()
        [1.0, -1.0, 1.0, -1.0]
    """

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        self.side = check.one_of(self, ("real", "imag"), side=side)
        if isinstance(window, str):
            known_window(window)
        self.window = window
        self.scaling = check.one_of(self, ("density", "spectrum", None), scaling=scaling)
        self.periodic = periodic

    def __call__(self, shape: Any, dtype: Any = None) -> Tensor:
        """The kernel `(T, 1, F)`: `T` samples, `F` frequencies."""
        if len(shape) != 3 or shape[1] != 1 or shape[2] < 2:
            raise ShapeError(
                explain(
                    "STFT makes kernels of one channel.",
                    got=f"shape {tuple(shape)}",
                    expected="(samples, 1, frequencies), with at least two frequencies",
                    fix="'glorot_uniform' for any other kernel",
                )
            )
        samples, _, frequencies = shape
        dtype = np.dtype(dtype or config.floatx())
        t = np.arange(samples, dtype=dtype)[:, None, None]
        f = np.arange(frequencies, dtype=dtype) / np.asarray(2 * (frequencies - 1), dtype)
        angle = -2 * t * f * np.arccos(np.asarray(-1, dtype))
        kernel = np.cos(angle) if self.side == "real" else np.sin(angle)
        if self.window is not None:
            w = self._window(samples).astype(dtype)[:, None, None]
            kernel = kernel * w / self._scale(w)
        return convert(kernel, dtype.name)

    def _window(self, samples: int) -> np.ndarray:
        if isinstance(self.window, str):
            return window(self.window, samples, self.periodic)
        w = np.asarray(self.window)
        if w.shape != (samples,):
            raise ShapeError(
                explain(
                    "STFT: the window does not fit the kernel.",
                    got=f"a window of shape {w.shape}",
                    expected=f"shape ({samples},)",
                    fix="pass one value for each sample, or the name of a window",
                )
            )
        return w

    def _scale(self, w: np.ndarray) -> Any:
        if self.scaling is None:
            return w.dtype.type(1)
        return np.sqrt(np.sum(np.square(w))) if self.scaling == "density" else np.sum(np.abs(w))
