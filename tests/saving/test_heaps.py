"""Blocks of texts that HDF5 would not come to the end of."""

import io
import struct

import h5py
import numpy as np
import pytest

from babytf.saving import heaps
from babytf.saving.hdf5 import H5Reader
from babytf.saving.heaps import check_heaps, text_lengths


def texts(*values):
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for i, value in enumerate(values):
            file.attrs[str(i)] = value
    return bytearray(out.getvalue())


def test_texts_as_they_are():
    data = texts("a", "b" * 70_000, "c" * 4000, "")
    check_heaps(io.BytesIO(data))
    with H5Reader(io.BytesIO(data)) as reader:
        assert reader.text("", "1") == "b" * 70_000


def test_an_object_of_no_size_would_be_read_for_ever():
    data = texts("a", "b" * 40)
    second = data.index(b"GCOL") + 16 + 24
    data[second : second + 16] = bytes(16)
    with H5Reader(io.BytesIO(data)) as reader, pytest.raises(ValueError, match="an object of no size at byte"):
        reader.text("", "1")


@pytest.mark.parametrize("shift", range(8))
def test_a_block_is_found_wherever_pieces_meet(monkeypatch, shift):
    monkeypatch.setattr(heaps, "_PIECE", 64)
    block = b"GCOL\x01\0\0\0" + struct.pack("<Q", 4096) + bytes(16)
    with pytest.raises(ValueError, match="no size"):
        check_heaps(io.BytesIO(bytes(120 + shift) + block + bytes(100)))


def test_many_blocks_of_many_texts_do_not_take_long():
    block = b"GCOL\x01\0\0\0" + struct.pack("<Q", 1 << 40) + struct.pack("<HHLQ", 1, 1, 0, 0) * 3000
    with pytest.raises(ValueError, match="more than"):
        check_heaps(io.BytesIO(block * 100))


@pytest.mark.parametrize("attributes", [1, 3, 7, 40])
def test_the_lengths_of_texts(attributes):
    data = texts(*("x" * i for i in range(attributes)))
    with h5py.File(io.BytesIO(data)) as file:
        address = h5py.h5o.get_info(file.id).addr
    for i in range(attributes):
        assert text_lengths(io.BytesIO(data), address, str(i)) == [i]
    with pytest.raises(ValueError, match="no attribute 'other'"):
        text_lengths(io.BytesIO(data), address, "other")


def test_lengths_of_lists_of_texts():
    data = texts(np.array(["a", "bcd", ""], dtype=h5py.string_dtype()))
    with h5py.File(io.BytesIO(data)) as file:
        assert text_lengths(io.BytesIO(data), h5py.h5o.get_info(file.id).addr, "0") == [1, 3, 0]


def test_a_text_that_declares_four_gigabytes():
    data = texts("abc")
    place = data.index(struct.pack("<LQL", 3, data.index(b"GCOL"), 1))
    data[place : place + 4] = b"\xff" * 4
    with H5Reader(io.BytesIO(data)) as reader:
        with pytest.raises(ValueError, match="4294967295 bytes"):
            reader.text("", "0")


@pytest.mark.parametrize("block", [0, 512, 2048])
def test_files_that_begin_with_something_else(block):
    out = io.BytesIO()
    with h5py.File(out, "w", userblock_size=block) as file:
        file.attrs["a"] = "text"
    with H5Reader(out) as reader:
        assert reader.text("", "a") == "text"
