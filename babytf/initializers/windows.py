r"""Windows: how much each sample of a stretch of sound counts, by the names SciPy gives them.

Each takes the number of samples, symmetric from end to end. `window` also makes the periodic form, which a
Fourier transform sees as endless: that of one sample more, without the last.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from babytf.errors import unknown_name

Array = np.ndarray


def _cosines(*weights: float) -> Callable[[int], Array]:
    r"""$\sum_k a_k \cos(k x)$ with $x$ from $-\pi$ to $\pi$."""

    def window(size: int) -> Array:
        x = np.linspace(-np.pi, np.pi, size)
        return sum((a * np.cos(k * x) for k, a in enumerate(weights)), np.zeros(size))

    return window


def _steps(size: int) -> Array:
    """How far each sample is from the middle."""
    return np.abs(np.arange(size) - (size - 1) / 2)


def triang(size: int) -> Array:
    """A triangle whose ends are not yet zero."""
    return 1 - _steps(size) / ((size + size % 2) / 2)


def bartlett(size: int) -> Array:
    """A triangle whose ends are zero."""
    return 1 - _steps(size) / ((size - 1) / 2)


def parzen(size: int) -> Array:
    """Four rectangles folded into one another."""
    x = _steps(size) / (size / 2)
    inner = 1 - 6 * x**2 + 6 * x**3
    return np.where(_steps(size) <= (size - 1) / 4, inner, 2 * (1 - x) ** 3)


def bohman(size: int) -> Array:
    """Two halves of a cosine, folded into one another."""
    x = np.abs(np.linspace(-1, 1, size))
    w = (1 - x) * np.cos(np.pi * x) + np.sin(np.pi * x) / np.pi
    w[[0, -1]] = 0
    return w


def barthann(size: int) -> Array:
    """Between the triangle and Hann's."""
    x = _steps(size) / (size - 1)
    return 0.62 - 0.48 * x + 0.38 * np.cos(2 * np.pi * x)


def cosine(size: int) -> Array:
    """Half a wave."""
    return np.sin(np.pi / size * (np.arange(size) + 0.5))


def exponential(size: int) -> Array:
    """Falls by a factor e with each sample from the middle."""
    return np.exp(-_steps(size))


def tukey(size: int) -> Array:
    """Flat in the middle; a quarter at either end falls off as Hann's does."""
    rise = np.minimum(1, ((size - 1) / 2 - _steps(size)) / ((size - 1) / 4))
    return 0.5 * (1 - np.cos(np.pi * rise))


def taylor(size: int) -> Array:
    """Taylor's, with four side lobes 30 dB below the main one."""
    lobes, below = 4, 30.0
    a = math.acosh(10 ** (below / 20)) / math.pi
    m = np.arange(1, lobes)
    near = lobes**2 / (a**2 + (lobes - 0.5) ** 2) * (a**2 + (m - 0.5) ** 2)
    weights = [
        (-1) ** (k + 1) * np.prod(1 - k**2 / near) / (2 * np.prod(1 - k**2 / np.delete(m, k - 1) ** 2)) for k in m
    ]
    n = np.append(np.arange(size), (size - 1) / 2)  # the middle sets the height
    w = 1 + 2 * np.array(weights) @ np.cos(2 * np.pi * m[:, None] * (n - size / 2 + 0.5) / size)
    return w[:-1] / w[-1]


def lanczos(size: int) -> Array:
    """The main lobe of a sinc."""
    return np.sinc(2 * np.arange(size) / (size - 1) - 1)


WINDOWS: dict[str, Callable[[int], Array]] = {
    "barthann": barthann,
    "bartlett": bartlett,
    "blackman": _cosines(0.42, 0.5, 0.08),
    "blackmanharris": _cosines(0.35875, 0.48829, 0.14128, 0.01168),
    "bohman": bohman,
    "boxcar": np.ones,
    "cosine": cosine,
    "exponential": exponential,
    "flattop": _cosines(0.21557895, 0.41663158, 0.277263158, 0.083578947, 0.006947368),
    "hamming": _cosines(0.54, 0.46),
    "hann": _cosines(0.5, 0.5),
    "lanczos": lanczos,
    "nuttall": _cosines(0.3635819, 0.4891775, 0.1365995, 0.0106411),
    "parzen": parzen,
    "taylor": taylor,
    "triang": triang,
    "tukey": tukey,
}
_SHORT = {
    "barthann": "brthan bth",
    "bartlett": "bart brt",
    "blackman": "black blk",
    "blackmanharris": "blackharr bkh",
    "bohman": "bman bmn",
    "boxcar": "box ones rect rectangular",
    "cosine": "halfcosine",
    "exponential": "poisson",
    "flattop": "flat flt",
    "hamming": "hamm ham",
    "hann": "han",
    "lanczos": "sinc",
    "nuttall": "nutl nut",
    "parzen": "parz par",
    "taylor": "taylorwin",
    "triang": "triangle tri",
    "tukey": "tuk",
}
_FULL = {short: name for name, words in _SHORT.items() for short in words.split()}


def known_window(name: str) -> str:
    """The full name of a window.

    Raises:
        ValueError: If there is none of that name.
    """
    name = _FULL.get(name, name)
    if name not in WINDOWS:
        raise unknown_name("window", name, WINDOWS)
    return name


def window(name: str, size: int, periodic: bool = False) -> Array:
    """The window of that name, in float64.

    Args:
        name: As in SciPy, of those that need no further number.
        size: How many samples.
        periodic: Whether it repeats, rather than ending as it begins.

    Example:
        >>> window("hann", 3), window("hann", 4, periodic=True)
        (array([0., 1., 0.]), array([0. , 0.5, 1. , 0.5]))
    """
    if size < 2:
        return np.ones(size)
    w = WINDOWS[known_window(name)](size + 1 if periodic else size)
    return w[:-1] if periodic else w
