"""The zip and the JSON around a model: what is read, and what is refused before memory is taken."""

import io
import stat
import struct
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babytf.saving.archive import MAX_JSON_DEPTH, Archive, parse_json, write_zip


def packed(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, data in members:
            file.writestr(name, data)
    return out


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read(method):
    data = bytes(range(256)) * 300
    archive = Archive(packed([("a", b"[1]"), ("b", data)], method))
    assert "a" in archive
    assert "c" not in archive
    assert archive.json("a") == [1]
    with archive.open("b") as file:
        assert file.read() == data
        file.seek(100)
        assert file.read(3) == data[100:103]
        file.seek(-5, io.SEEK_END)
        assert file.read(10) == data[-5:]
        assert file.tell() == len(data)


def test_what_is_written_is_stored_plainly_and_in_order():
    out = io.BytesIO()
    write_zip(out, {"metadata.json": b"{}", "config.json": b"[]", "model.weights.h5": memoryview(b"\0" * 1000)})
    with zipfile.ZipFile(out) as file:
        assert file.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        assert {info.compress_type for info in file.infolist()} == {zipfile.ZIP_STORED}
        assert file.testzip() is None


def test_a_missing_member_says_what_there_is():
    with pytest.raises(ValueError, match=r"there is no config.json(.|\n)*got: +other"):
        Archive(packed([("other", b"")])).json("config.json")


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip file at all" * 10, b"PK\x05\x06" + b"\0" * 10])
def test_something_else(data):
    with pytest.raises(ValueError, match="not a whole zip file"):
        Archive(io.BytesIO(data))


def test_a_file_cut_short():
    whole = packed([("a", b"x" * 5000)]).getvalue()
    for end in (10, 2000, len(whole) - 1):
        with pytest.raises(ValueError, match="zip"):
            Archive(io.BytesIO(whole[:end]))


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_changed_byte_is_noticed_before_use(method):
    data = bytearray(packed([("a", bytes(range(200)) * 20)], method).getvalue())
    data[60] ^= 0xFF
    with pytest.raises(ValueError, match="a is damaged"):
        Archive(io.BytesIO(bytes(data))).open("a")


def refused(file, match):
    with pytest.raises(ValueError, match=match):
        Archive(file)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_twice_the_same_name():
    refused(packed([("a", b"1"), ("a", b"2")]), "'a' occurs twice")


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../b", "C:/x", "a\\b"])
def test_paths_that_lead_elsewhere(name):
    refused(packed([(name, b"1")]), "leads out of the file")


def test_a_link():
    info = zipfile.ZipInfo("a")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    refused(packed([(info, b"/etc/passwd")]), "is a link")


def test_methods_that_are_not_read():
    refused(packed([("a", b"1" * 100)], zipfile.ZIP_BZIP2), "unknown method, 12")


def test_encryption():
    data = bytearray(packed([("a", b"1")]).getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    refused(io.BytesIO(bytes(data)), "is encrypted")


def test_overlapping_members():
    data = bytearray(packed([("a", b"1" * 50), ("b", b"2" * 50)]).getvalue())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<L", 10)
    refused(io.BytesIO(bytes(data)), "overlaps another")


def test_too_many_members():
    refused(packed([(f"m{i}", b"") for i in range(4097)]), "too many members")


def test_a_huge_table_of_contents_is_not_parsed():
    data = bytearray(packed([("a", b"1")]).getvalue())
    end = data.rindex(b"PK\x05\x06")
    data[end + 12 : end + 16] = struct.pack("<L", 5 << 20)
    refused(io.BytesIO(bytes(data)), "table of contents is too large")


def test_a_zip_bomb_is_refused_by_its_declared_size():
    archive = Archive(packed([("config.json", b"0" * (80 << 20))], zipfile.ZIP_DEFLATED))
    started = time.perf_counter()
    for read in (archive.json, archive.open):
        with pytest.raises(ValueError, match=r"config.json is too large(.|\n)*83886080 bytes"):
            read("config.json")
    assert time.perf_counter() - started < 1


def test_a_member_larger_than_it_declares():
    data = bytearray(packed([("a", b"0" * 10000)], zipfile.ZIP_DEFLATED).getvalue())
    entry = data.rindex(b"PK\x01\x02")
    data[entry + 24 : entry + 28] = struct.pack("<L", 10)
    with pytest.raises(ValueError, match="damaged"):
        Archive(io.BytesIO(bytes(data))).open("a")


# --- JSON


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_json_round_trip(value):
    import json

    assert parse_json(json.dumps(value).encode(), "it") == value


@pytest.mark.parametrize(
    "text",
    ['{"a": NaN}', "[Infinity]", "[-Infinity]", "[1e999]", '{"a": 1, "a": 2}', "{", '"\\ud800', "[1,]", "", "\xff"],
)
def test_what_is_not_strict_json(text):
    with pytest.raises(ValueError, match=r"config\.json is not valid JSON"):
        parse_json(text.encode("latin-1"), "config.json")


@pytest.mark.parametrize("opening", ["[", '{"a":', '["]",'])
def test_depth_is_bounded_before_parsing(opening):
    with pytest.raises(ValueError, match="nested too deep"):
        parse_json(opening.encode() * 100_000, "config.json")
    closing = "]" if opening[0] == "[" else "}"
    fits = opening * (MAX_JSON_DEPTH - 1) + "[]" + closing * (MAX_JSON_DEPTH - 1)
    assert parse_json(fits.encode(), "config.json")


def test_brackets_inside_strings_do_not_count():
    assert parse_json(b'["' + b"[" * 1000 + b'\\"' + b'"]', "it") == ["[" * 1000 + '"']


def test_size_is_bounded():
    with pytest.raises(ValueError, match="too large"):
        parse_json(b" " * (17 << 20), "it")


def test_numbers_of_many_digits():
    with pytest.raises(ValueError, match="not valid JSON"):
        parse_json(b"[" + b"9" * 5000 + b"]", "it")
