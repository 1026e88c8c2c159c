"""The zip and JSON around a model, read with everything checked that can be before memory is taken.

Only members asked for by name are read; nothing is unpacked to the disk. Read `hdf5.py` next.
"""

from __future__ import annotations

import io
import json
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, BinaryIO

from babytf.errors import explain

MAX_MEMBERS = 4096
MAX_DIRECTORY_BYTES = 4 << 20
MAX_JSON_BYTES = 16 << 20
MAX_JSON_DEPTH = 128
MAX_INFLATION = 20  # times the stored size, beyond the bytes that are always allowed
FREE_INFLATION_BYTES = 64 << 20

# The closing quote may be missing: a pattern that could fail would be tried again from each quote inside the string.
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', re.DOTALL)


class Archive:
    """The members of a zip file.

    Args:
        file: The open file.

    Raises:
        ValueError: If it is no zip file, or one that an honest writer would not have made: with members of the same
            name, encrypted, overlapping, links, paths that lead elsewhere, or thousands of them.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        _check_directory_size(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, struct.error, NotImplementedError, EOFError, ValueError) as error:
            raise ValueError(
                explain(
                    "this is not a whole zip file.",
                    got=str(error),
                    expected="a file written by model.save(), not cut short",
                    fix="get the file again, or save the model again",
                )
            ) from None
        self._members = {info.filename: info for info in self._zip.infolist()}
        _check_members(self._zip.infolist(), self._zip.start_dir)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> list[str]:
        """The names of the members, in the order in which they are listed."""
        return list(self._members)

    def json(self, name: str) -> Any:
        """A member parsed as JSON, with its size and depth bounded.

        Args:
            name: The member.

        Raises:
            ValueError: If it is too large, too deep, damaged, or not strict JSON.
        """
        return parse_json(self._bytes(name, MAX_JSON_BYTES), name)

    def open(self, name: str) -> BinaryIO:
        """A member as a file that can be read anywhere, after its checksum was found right.

        A member stored as it is, as Keras stores them, is read in place and takes no memory.

        Args:
            name: The member.

        Raises:
            ValueError: If it is missing, damaged, or would grow too much when inflated.
        """
        info = self._member(name)
        if info.compress_type != zipfile.ZIP_STORED:
            return io.BytesIO(self._bytes(name, FREE_INFLATION_BYTES + MAX_INFLATION * info.compress_size))
        try:
            with self._zip.open(info) as member:
                while member.read(1 << 20):
                    pass
        except (zipfile.BadZipFile, EOFError) as error:
            raise _damaged(name, error) from None
        self._file.seek(info.header_offset)
        header = self._file.read(30)
        start = info.header_offset + 30 + sum(struct.unpack("<HH", header[26:30]))
        return io.BufferedReader(_Window(self._file, start, info.file_size), 1 << 16)

    def _member(self, name: str) -> zipfile.ZipInfo:
        if name not in self._members:
            raise ValueError(
                explain(
                    f"there is no {name} in it.",
                    got=", ".join(sorted(self._members)[:8]) or "an empty zip file",
                    expected="metadata.json, config.json and model.weights.h5",
                    fix="save the model again with model.save('name.keras')",
                )
            )
        return self._members[name]

    def _bytes(self, name: str, most: int) -> bytes:
        info = self._member(name)
        if info.file_size > most:
            raise ValueError(
                explain(
                    f"{name} is too large.",
                    got=f"{info.file_size} bytes, {info.compress_size} of them stored",
                    expected=f"at most {most} bytes",
                )
            )
        try:
            with self._zip.open(info) as member:
                data = member.read(most + 1)
                if len(data) != info.file_size or member.read(1):
                    raise zipfile.BadZipFile("its size is not the one declared")
        except (zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise _damaged(name, error) from None
        return data


class _Window(io.RawIOBase):
    """A stretch of a file, as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, offset + (0, self._at, self._size)[whence])
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        count = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        read = readinto(memoryview(buffer)[:count]) if (readinto := getattr(self._file, "readinto", None)) else None
        if read is None:
            data = self._file.read(count)
            read = len(data)
            buffer[:read] = data
        self._at += read
        return read


def parse_json(data: bytes, what: str) -> Any:
    """Parse JSON strictly: UTF-8, no NaN or Infinity, no key twice, not too large and not too deep.

    Args:
        data: The text.
        what: Its name, for messages.

    Raises:
        ValueError: If it is anything else.
    """
    if len(data) > MAX_JSON_BYTES:
        raise ValueError(
            explain(f"{what} is too large.", got=f"{len(data)} bytes", expected=f"at most {MAX_JSON_BYTES}")
        )
    depth = 0
    for token in _TOKEN.finditer(data):
        first = data[token.start()]
        if first in b"[{":
            depth += 1
            if depth > MAX_JSON_DEPTH:
                raise ValueError(
                    explain(f"{what} is nested too deep.", got=f"more than {MAX_JSON_DEPTH} levels of brackets")
                )
        elif first in b"]}":
            depth -= 1
    try:
        return json.loads(
            data.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            object_pairs_hook=_unique,
        )
    except (ValueError, RecursionError) as error:
        raise ValueError(explain(f"{what} is not valid JSON.", got=str(error)[:200])) from None


def write_zip(file: BinaryIO, members: Mapping[str, bytes | memoryview]) -> None:
    """Write a zip file with these members, stored without compression, in this order."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:20]} is beyond the range of numbers")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    out = dict(pairs)
    if len(out) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise ValueError(f"key {twice[:40]!r} occurs twice in one object")
    return out


def _damaged(name: str, error: Exception) -> ValueError:
    return ValueError(
        explain(f"{name} is damaged.", got=str(error)[:200], fix="get the file again, or save the model again")
    )


def _check_directory_size(file: BinaryIO) -> None:
    """Bound the zip's table of contents before it is parsed."""
    size = file.seek(0, io.SEEK_END)
    file.seek(max(0, size - (1 << 16) - 128))
    tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    sizes = [struct.unpack("<L", tail[end + 12 : end + 16])[0]] if 0 <= end <= len(tail) - 22 else []
    wide = tail.rfind(b"PK\x06\x06")  # ZIP64, for files beyond 4 GB
    if 0 <= wide <= len(tail) - 56:
        sizes = [struct.unpack("<Q", tail[wide + 40 : wide + 48])[0]]
    if sizes and sizes[0] > MAX_DIRECTORY_BYTES:
        raise ValueError(
            explain("the zip file's table of contents is too large.", got=f"{sizes[0]} bytes", expected="three members")
        )
    file.seek(0)


def _check_members(members: list[zipfile.ZipInfo], end: int) -> None:
    if len(members) > MAX_MEMBERS:
        raise ValueError(explain("it has too many members.", got=str(len(members)), expected=f"at most {MAX_MEMBERS}"))
    seen: set[str] = set()
    for info in members:
        name, problem = info.filename, None
        if name in seen:
            problem = "occurs twice"
        elif info.flag_bits & 0x1:
            problem = "is encrypted"
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            problem = f"is packed by an unknown method, {info.compress_type}"
        elif stat.S_ISLNK(info.external_attr >> 16):
            problem = "is a link"
        elif "\\" in name or name.startswith("/") or ".." in name.split("/") or name[1:2] == ":":
            problem = "has a path that leads out of the file"
        elif info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
            problem = "declares two sizes"
        if problem:
            raise ValueError(
                explain(f"member {name[:80]!r} {problem}.", expected="a zip file as model.save() writes it")
            )
        seen.add(name)
    ordered = sorted(members, key=lambda info: info.header_offset)
    starts = [*(info.header_offset for info in ordered[1:]), end]
    for info, following in zip(ordered, starts, strict=True):
        if (
            info.header_offset < 0
            or info.header_offset + 30 + len(info.orig_filename.encode()) + info.compress_size > following
        ):
            raise ValueError(
                explain(
                    f"member {info.filename[:80]!r} overlaps another.", expected="a zip file as model.save() writes it"
                )
            )
