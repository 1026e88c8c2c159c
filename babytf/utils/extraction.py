"""Unpack an archive from somewhere else: regular files and directories, inside the target, and not too much of it.

An archive with anything else in it is refused as a whole; a directory appears under its name when all of it is there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import IO, Any

from babytf.errors import explain

FORMATS = ("tar", "zip")
MOST_FILES = 1_000_000
MOST_BYTES = 1 << 37
USUAL_BYTES = 100 << 20
MOST_GROWTH = 200
"""An archive may unpack to this many times its own size, or to `USUAL_BYTES` if that is more."""

BLOCK = 1 << 20

Member = tuple[str, bool, Any]
"""Name, whether it is a directory, and what opens it."""


def unpack(path: str, target: str, archive_format: Any = "auto") -> None:
    """Unpack an archive into a directory, in place of one that is there.

    Args:
        path: The archive.
        target: The directory; made with all that is in it, or not at all.
        archive_format: `"tar"` (also compressed), `"zip"`, a list of them to try, or `"auto"` for both.

    Raises:
        ValueError: If it is no such archive, is damaged, or holds what is not unpacked.
    """
    import shutil  # seldom needed

    kinds = FORMATS if archive_format == "auto" else (archive_format,)
    if isinstance(archive_format, (list, tuple)):
        kinds = tuple(archive_format)
    for kind in kinds:
        if kind not in FORMATS:
            raise ValueError(
                explain("bad `archive_format`.", got=repr(archive_format), expected="'auto', 'tar', 'zip' or a list")
            )
    mark = os.urandom(6).hex()
    beside, old = f"{target}.{mark}.part", f"{target}.{mark}.old"
    try:
        os.mkdir(beside)
        _open_and_write(path, beside, kinds)
        if os.path.lexists(target):
            os.rename(target, old)
        os.rename(beside, target)
    finally:
        for left in (beside, old):
            if os.path.isdir(left) and not os.path.islink(left):
                shutil.rmtree(left, ignore_errors=True)
            elif os.path.lexists(left):
                os.unlink(left)


def _open_and_write(path: str, directory: str, kinds: tuple[str, ...]) -> None:
    import lzma
    import tarfile
    import zipfile
    import zlib

    name, most = os.path.basename(path), _most_bytes(path)
    damaged = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError)
    try:
        if "tar" in kinds:
            with _decompressed(path) as file:
                tar = _opened_tar(file, damaged)
                if tar is not None:
                    _write(name, directory, _of_tar(tar), most)
                    _read_to_the_end(file, most)
                    return
        if "zip" in kinds and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                _write(name, directory, _of_zip(archive), most)
            return
    except (*damaged, RuntimeError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk, not of the archive
            raise
        raise ValueError(
            explain(f"{name} cannot be unpacked.", got=f"{type(error).__name__}: {error}", fix="download it again")
        ) from None
    raise ValueError(
        explain(
            f"{os.path.basename(path)} is no archive.",
            got=f"{os.path.getsize(path)} bytes of something else",
            expected=" or ".join(kinds) or "an archive_format",
            fix="call get_file without extract=True, and open the file",
        )
    )


def _opened_tar(file: Any, damaged: tuple[type[BaseException], ...]) -> Any:
    """The archive; `None` if this is not one."""
    import tarfile

    measured: Any = _Measured(file)
    try:
        return tarfile.TarFile(fileobj=measured)
    except damaged:
        return None


def _decompressed(path: str) -> Any:
    """The file, without the compression that its first bytes tell of."""
    with open(path, "rb") as file:
        begin = file.read(6)
    if begin.startswith(b"\x1f\x8b"):
        import gzip

        return gzip.open(path)
    if begin.startswith(b"BZh"):
        import bz2

        return bz2.open(path)
    if begin == b"\xfd7zXZ\x00":
        import lzma

        return lzma.open(path)
    return open(path, "rb")


def _read_to_the_end(file: Any, most: int) -> None:
    """Read what follows the last member, since checksums of compressed files stand at their end."""
    for _ in range(most // BLOCK + 1):
        if not file.read(BLOCK):
            break


def _most_bytes(path: str) -> int:
    return min(MOST_BYTES, max(USUAL_BYTES, MOST_GROWTH * os.path.getsize(path)))


class _Measured:
    """A file that refuses to be read in pieces as large as only a forged header asks for."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= 16 * BLOCK:
            raise ValueError(explain("the archive has a header that is too large.", got=f"{size} bytes"))
        return self._file.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _of_tar(tar: Any) -> Iterator[Member]:
    for member in tar:
        if not member.isreg() and not member.isdir():
            raise _refused(member.name, "a link, a device or the like")
        yield member.name, member.isdir(), lambda member=member: tar.extractfile(member)


def _of_zip(archive: Any) -> Iterator[Member]:
    for member in archive.infolist():
        kind = stat.S_IFMT(member.external_attr >> 16)
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise _refused(member.filename, "a link, a device or the like")
        yield member.filename, member.is_dir(), lambda member=member: archive.open(member)


def _refused(name: str, what: str) -> ValueError:
    return ValueError(
        explain(
            "the archive holds what is not unpacked.",
            got=f"{name[:200]!r}: {what}",
            expected="regular files and directories, inside the archive's own directory",
            fix="call get_file without extract=True, and look at the archive yourself",
        )
    )


def _write(archive: str, directory: str, members: Iterator[Member], most: int) -> None:
    written = count = 0
    for name, is_directory, open_member in members:
        count += 1
        path = os.path.join(directory, *_parts(name))
        if is_directory:
            os.makedirs(path, exist_ok=True)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        source: IO[bytes]
        with open_member() as source, open(path, "wb") as file:
            while block := source.read(BLOCK):
                written += len(block)
                if written > most:
                    break
                file.write(block)
        if written > most or count > MOST_FILES:
            raise ValueError(
                explain(
                    f"{archive} unpacks to too much.",
                    got=f"more than {most} bytes" if written > most else f"more than {MOST_FILES} files",
                    expected=f"at most {MOST_GROWTH} times its own size",
                    fix="call get_file without extract=True, and look at the archive yourself",
                )
            )


def _parts(name: str) -> list[str]:
    """The parts of a member's path; refused if they lead anywhere but inside."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or any(c in name for c in "\\\0") or ":" in (parts or [""])[0]:
        raise _refused(name, "a path that leads outside")
    return parts
