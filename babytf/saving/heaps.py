"""The blocks of an HDF5 file that hold its texts, looked at before HDF5 reads them.

A text of any length lies in a block of such objects, a "global heap collection". HDF5 steps from object to object by
the sizes that stand there, and a free one of size zero is a step that never ends.
"""

from __future__ import annotations

import io
import struct
from typing import BinaryIO

from babytf.errors import explain

SIGNATURE = b"GCOL\x01"
MAX_OBJECTS = 1 << 17  # in all blocks together
_PIECE = 1 << 20


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
            raise ValueError(
                explain(
                    "its texts could not be read.",
                    got=f"an object of no size at byte {at}" if step == 0 else f"more than {MAX_OBJECTS} texts",
                    expected="an HDF5 file as model.save() or model.save_weights() writes it",
                    fix="get the file again, or save the model again",
                )
            )
        at += step
    return steps
