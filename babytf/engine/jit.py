"""Fused loops, compiled by Numba and kept on disk.

Numba, and what only it needs, is imported when the first program with a loop is made, not before. What it compiles
is stored beside the loop's source, so that the next process only loads it. The directory must belong to the user
alone, as what lies there is executed; otherwise nothing is stored.
"""

from __future__ import annotations

import importlib
import linecache
import os
import stat
import threading
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from babytf import config


class CompiledKernel:
    """A loop as machine code, one version for each combination of dtypes; called with arrays.

    Attributes:
        text: Its source.
        seconds: What compiling it, or loading it from disk, took so far.
        loaded: How many versions came from disk.
        built: How many were compiled.
    """

    __slots__ = ("_types", "built", "function", "loaded", "seconds", "text")

    def __init__(self, text: str, names: Mapping[str, Any]) -> None:
        start = time.perf_counter()
        self.text = text
        self.function = _decorated(text, names)
        self._types: set[Any] = set()
        self.loaded = self.built = 0
        self.seconds = time.perf_counter() - start

    def prepare(self, arrays: Sequence[np.ndarray]) -> None:
        """Compile for arrays like these, without running."""
        types = tuple(importlib.import_module("numba").typeof(a) for a in arrays)
        if types in self._types:
            return
        start = time.perf_counter()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.function.compile(types)
        self._types.add(types)
        self.loaded = sum(self.function.stats.cache_hits.values())
        self.built = len(self._types) - self.loaded
        self.seconds += time.perf_counter() - start


_kernels: dict[str, CompiledKernel] = {}
_lock = threading.Lock()
_broken = False


def available() -> bool:
    """Whether Numba is there to compile with; does not import it."""
    if _broken or os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return False
    return importlib.import_module("importlib.util").find_spec("numba") is not None


def give_up(error: Exception) -> None:
    """Numba does not work here: warn once, and let programs do without it from now on."""
    global _broken
    if not _broken:
        _broken = True
        warnings.warn(
            f"Numba cannot compile on this machine, so programs run on NumPy alone: {type(error).__name__}: {error}",
            RuntimeWarning,
            stacklevel=2,
        )


def kernel(text: str, names: Mapping[str, Any] | None = None) -> CompiledKernel:
    """The compiled form of a loop's source: one for the whole process.

    Args:
        text: The source.
        names: What it uses besides NumPy. What they stand for must follow from the text.
    """
    with _lock:
        found = _kernels.get(text)
        if found is None:
            found = _kernels[text] = CompiledKernel(text, names or {})
        return found


def report() -> str:
    """What was compiled in this process, what came from disk, and how long each took."""
    lines = []
    for k in _kernels.values():
        name = k.text.partition("(")[0].removeprefix("def ")
        lines.append(f"{name:<40} {k.seconds * 1e3:8.1f} ms   {k.built} compiled, {k.loaded} from disk")
    return "\n".join(lines)


def _decorated(text: str, names: Mapping[str, Any]) -> Any:
    numba = importlib.import_module("numba")
    name = text.partition("(")[0].removeprefix("def ")
    path = _stored(name, text)
    filename = path or f"<babytf kernel {name} {_digest(text)}>"
    if path is None:
        linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"np": np, "__name__": __name__, **names}  # a module that a later process can import
    exec(compile(text if path is None else _file_text(text), filename, "exec"), namespace)
    make: Callable[..., Any] = numba.njit(nogil=True, error_model="numpy", cache=path is not None)
    return make(namespace[name])


def _digest(text: str) -> str:
    return str(importlib.import_module("hashlib").sha256(text.encode()).hexdigest()[:16])


def _file_text(text: str) -> str:
    return f"import numpy as np\n\n\n{text}\n"


def _stored(name: str, text: str) -> str | None:
    """The path of a file with this source, or `None` if there is no safe place for one."""
    directory = _directory()
    if directory is None:
        return None
    path = os.path.join(directory, f"{name[:40]}_{_digest(text)}.py")
    wanted = _file_text(text)
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == wanted:
                return path  # left as it is: what was compiled from it goes by its date
    except OSError:
        pass
    try:
        handle, beside = importlib.import_module("tempfile").mkstemp(dir=directory, suffix=".tmp")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(wanted)
        os.replace(beside, path)
    except OSError:
        return None
    return path


def _directory() -> str | None:
    """The directory of kernels: the user's own, and nobody else's to write into."""
    path = os.path.join(config.cache_home(), "kernels")
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
        info = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISDIR(info.st_mode):
        return None
    if hasattr(os, "getuid") and (info.st_uid != os.getuid() or info.st_mode & 0o077):
        return None
    return path
