"""Archives: unpacked whole and inside their directory, or not at all."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile

import pytest

from babytf.utils import extraction
from babytf.utils.extraction import unpack

FILES = {"a.txt": b"one", "deep/er/b.bin": bytes(range(256)) * 100, "deep/empty": b""}


def make_tar(path, members=(), mode="w:gz", files=FILES):
    with tarfile.open(path, mode) as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        for member in members:
            tar.addfile(member)
    return str(path)


def make_zip(path, files=FILES):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return str(path)


def tar_member(name, kind, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def content(path):
    with open(path, "rb") as file:
        return file.read()


def found(directory):
    return {
        os.path.relpath(os.path.join(home, name), directory).replace(os.sep, "/"): content(os.path.join(home, name))
        for home, _, names in os.walk(directory)
        for name in names
    }


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz", "zip"])
def test_what_was_packed_comes_out(tmp_path, mode):
    path = make_zip(tmp_path / "x") if mode == "zip" else make_tar(tmp_path / "x", mode=mode)
    unpack(path, str(tmp_path / "out"))
    assert found(tmp_path / "out") == FILES
    make_zip(tmp_path / "x", {"new": b"2"})
    unpack(path, str(tmp_path / "out"))  # takes the place of what was there
    assert found(tmp_path / "out") == {"new": b"2"}
    assert sorted(os.listdir(tmp_path)) == ["out", "x"]


def refused(tmp_path, path, match, **arguments):
    with pytest.raises(ValueError, match=match):
        unpack(path, str(tmp_path / "out"), **arguments)
    assert sorted(os.listdir(tmp_path)) == ["x"]


@pytest.mark.parametrize("name", ["/abs", "../up", "a/../../up", "a\\..\\b", "c:/x"])
@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_paths_that_lead_outside(tmp_path, name, make):
    refused(tmp_path, make(tmp_path / "x", files={"fine": b"1", name: b"2"}), r"leads outside(?s:.)*without extract")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices(tmp_path, kind):
    path = make_tar(tmp_path / "x", [tar_member("thing", kind, "a.txt")])
    refused(tmp_path, path, "'thing': a link, a device")


def test_links_in_a_zip(tmp_path):
    with zipfile.ZipFile(tmp_path / "x", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
    refused(tmp_path, str(tmp_path / "x"), "'link': a link")


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_too_much(tmp_path, make, monkeypatch):
    monkeypatch.setattr(extraction, "USUAL_BYTES", 1000)
    monkeypatch.setattr(extraction, "MOST_GROWTH", 2)
    refused(tmp_path, make(tmp_path / "x", files={"zeros": bytes(10**6)}), "unpacks to too much")
    monkeypatch.setattr(extraction, "MOST_FILES", 3)
    refused(tmp_path, make(tmp_path / "x", files={str(i): b"" for i in range(5)}), "more than 3 files")


def test_a_forged_header_takes_no_memory(tmp_path):
    info = tarfile.TarInfo("././@PaxHeader")
    info.type, info.size = tarfile.XHDTYPE, 1 << 40
    (tmp_path / "x").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    refused(tmp_path, str(tmp_path / "x"), r"header that is too large|cannot be unpacked|no archive")


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_damaged(tmp_path, make):
    path = make(tmp_path / "x", files={"a": os.urandom(5000)})
    data = bytearray((tmp_path / "x").read_bytes())
    data[2000:3000] = bytes(1000)
    (tmp_path / "x").write_bytes(bytes(data))
    refused(tmp_path, path, r"cannot be unpacked|no archive")


def test_a_tar_that_ends_with_a_zip(tmp_path):
    files = {"a": b"1", "inner.zip": content(make_zip(tmp_path / "y"))}
    unpack(make_tar(tmp_path / "x", mode="w", files=files), str(tmp_path / "out"))
    assert found(tmp_path / "out") == files


def test_no_archive(tmp_path):
    (tmp_path / "x").write_bytes(b"text")
    refused(tmp_path, str(tmp_path / "x"), r"x is no archive(?s:.)*tar or zip")
    refused(tmp_path, make_zip(tmp_path / "x"), "no archive", archive_format="tar")
    refused(tmp_path, str(tmp_path / "x"), "bad `archive_format`", archive_format="rar")
    refused(tmp_path, str(tmp_path / "x"), "no archive", archive_format=[])
