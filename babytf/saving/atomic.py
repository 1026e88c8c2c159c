"""Writing a file so that a reader sees the old one or the new one, whole.

What is written goes to a file beside the target, is forced to the disk, and takes the target's name in one step.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Mapping
from typing import BinaryIO


def write_atomically(path: str, write: Callable[[BinaryIO], object]) -> None:
    """Write a file whole, or leave what was there.

    Args:
        path: Where to. A link is followed: the file it points to is replaced, the link stays.
        write: Called with the open file, to write the contents.

    Raises:
        OSError: If the directory does not exist, the disk is full, …; the target is as it was.
    """
    target = os.path.realpath(path)
    beside = _beside(target)
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_RDWR | getattr(os, "O_BINARY", 0), 0o666)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        if os.path.exists(target):
            os.chmod(beside, stat.S_IMODE(os.stat(target).st_mode))
        os.replace(beside, target)
    except BaseException:
        remove(beside)
        raise
    _sync_directory(os.path.dirname(target))


def write_new(path: str, data: bytes | memoryview) -> None:
    """Write a file that is not there yet, and force it to the disk.

    Args:
        path: Where to.
        data: The contents.

    Raises:
        FileExistsError: If there is one.
        OSError: If it cannot be written; then nothing is left of it.
    """
    with open(path, "xb") as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            remove(path)
            raise


def write_directory_atomically(path: str, contents: Mapping[str, bytes | memoryview]) -> None:
    """Write a directory of files whole, or leave what was there.

    Args:
        path: The directory; one that is there is replaced.
        contents: From file names, with folders where they have any, to bytes.

    Raises:
        OSError: If it cannot be written.
    """
    target = os.path.realpath(path)
    beside, old = _beside(target), _beside(target)
    os.mkdir(beside)
    try:
        for name, data in contents.items():
            os.makedirs(os.path.dirname(os.path.join(beside, name)), exist_ok=True)
            with open(os.path.join(beside, name), "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        if os.path.lexists(target):
            os.rename(target, old)
        os.rename(beside, target)
    except BaseException:
        if os.path.lexists(old) and not os.path.lexists(target):
            os.rename(old, target)
        shutil.rmtree(beside, ignore_errors=True)
        raise
    shutil.rmtree(old, ignore_errors=True)
    _sync_directory(os.path.dirname(target))


def _beside(target: str) -> str:
    directory, name = os.path.split(target)
    return os.path.join(directory, f".{name[:80]}.{os.urandom(6).hex()}.part")


def remove(path: str) -> None:
    """Remove a file; if that cannot be done, it stays."""
    try:
        os.unlink(path)
    except OSError:
        return


def _sync_directory(directory: str) -> None:
    """Force a rename to the disk, where the system can."""
    if os.name != "posix":
        return
    try:
        descriptor = os.open(directory, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError:
        return
    finally:
        os.close(descriptor)
