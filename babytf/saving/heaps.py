"""Where an HDF5 file keeps its texts, looked at before HDF5 reads them.

An attribute holds the length and the place of a text; HDF5 takes memory of that length first, up to 4 GB, and looks
what is there next. The text lies in a block of such objects, a "global heap collection". HDF5 steps from object to
object by the sizes that stand there, and a free one of size zero is a step that never ends.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from babytf.errors import explain

SIGNATURE = b"GCOL\x01"
MAX_OBJECTS = 1 << 17  # in all blocks together
MAX_BLOCKS = 1 << 10  # of one header
_PIECE = 1 << 20
_ATTRIBUTE, _CONTINUED = 0x0C, 0x10


def check_heaps(file: BinaryIO) -> None:
    """Refuse a file in which HDF5 would not come to the end of a block.

    Args:
        file: The file; it is read through once.

    Raises:
        ValueError: If there is such a block, or there are too many texts.
    """
    left = MAX_OBJECTS
    end = file.seek(0, io.SEEK_END)
    start, tail = 0, b""
    while start < end:
        file.seek(start)
        piece = tail + file.read(_PIECE)
        found = piece.find(SIGNATURE)
        while found >= 0:
            left -= _check_heap(file, start - len(tail) + found, end, left)
            found = piece.find(SIGNATURE, found + 1)
        start += len(piece) - len(tail)
        tail = piece[1 - len(SIGNATURE) :]


def _check_heap(file: BinaryIO, at: int, end: int, left: int) -> int:
    """Step through a block that begins at a byte; how many steps it took, of those that are left."""
    steps = 0
    file.seek(at + 8)
    header = file.read(8)
    stop = min(at + struct.unpack("<Q", header)[0], end) if len(header) == 8 else 0
    at += 16
    while at + 16 <= stop:
        file.seek(at)
        index, _, size = struct.unpack("<HHxxxxQ", file.read(16))
        step = size if index == 0 else 16 + (size + 7) // 8 * 8
        steps += 1
        if step == 0 or steps > left:
            raise _unreadable(f"an object of no size at byte {at}" if step == 0 else f"more than {MAX_OBJECTS} texts")
        at += step
    return steps


def text_lengths(file: BinaryIO, header: int, name: str, base: int = 0) -> list[int]:
    """The lengths of the texts of an attribute, as they are declared.

    Args:
        file: The file.
        header: Where the header of the object is that has the attribute.
        name: Name of the attribute; its texts must be of variable length.
        base: Where the HDF5 file begins in the file; places are counted from there.

    Raises:
        ValueError: If the header is not in the form that Keras's files have, or the attribute is not there.
    """
    file.seek(base + header)
    version, size = struct.unpack("<BxxxxxxxLxxxx", _exactly(file, 16))
    if version != 1:
        raise _unreadable(f"a header in form {version} at byte {header}")
    blocks = [(base + header + 16, size)]
    for at, size in blocks:  # grows while it is walked
        end = at + size
        while at + 8 <= end:
            file.seek(at)
            kind, size = struct.unpack("<HHxxxx", _exactly(file, 8))
            if kind == _CONTINUED and len(blocks) < MAX_BLOCKS:
                place, length = struct.unpack("<QQ", _exactly(file, 16))
                blocks.append((base + place, length))
            elif kind == _ATTRIBUTE:
                data = _data_of(_exactly(file, size), name.encode())
                if data is not None:
                    return [length for length, _, _ in struct.iter_unpack("<LQL", data[: len(data) // 16 * 16])]
            at += 8 + size
    raise _unreadable(f"no attribute {name!r} in the header at byte {header}")


def _data_of(message: bytes, name: bytes) -> bytes | None:
    """What an attribute holds, if it is the one of that name."""
    if len(message) < 9:
        return None
    version, flags, *sizes = struct.unpack("<BBHHH", message[:8])
    at = 9 if version == 3 else 8
    if message[at : at + len(name) + 1] != name + b"\0":
        return None
    if version > 1 and flags:
        raise _unreadable("an attribute whose type is elsewhere")
    return message[at + sum((size + 7) // 8 * 8 if version == 1 else size for size in sizes) :]


def _exactly(file: BinaryIO, size: int) -> bytes:
    data = file.read(size)
    if len(data) != size:
        raise _unreadable("a header that goes beyond the end")
    return data


def _unreadable(got: str) -> ValueError:
    return ValueError(
        explain(
            "its texts could not be read.",
            got=got,
            expected="an HDF5 file as model.save() or model.save_weights() writes it",
            fix="get the file again, or save the model again",
        )
    )
