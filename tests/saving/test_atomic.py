"""A file is the old one or the new one, whole."""

import os
import stat
import subprocess
import sys

import pytest

from babytf.saving import atomic
from babytf.saving.atomic import write_atomically, write_directory_atomically

posix = pytest.mark.skipif(os.name != "posix", reason="links and modes as POSIX has them")


def test_a_new_file_and_a_replaced_one(tmp_path):
    path = tmp_path / "x"
    for data in (b"first", b"second"):
        write_atomically(str(path), lambda file, data=data: file.write(data))
        assert path.read_bytes() == data
    assert os.listdir(tmp_path) == ["x"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail(file):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_atomically(str(path), fail)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failing_system_call_leaves_the_old_file(tmp_path, monkeypatch, step):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(atomic.os, step, fail)
    with pytest.raises(OSError, match="Input/output"):
        write_atomically(str(path), lambda file: file.write(b"new"))
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_an_interrupt_leaves_the_old_file(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")

    def interrupted(file):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(str(path), interrupted)
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_a_missing_directory_is_an_os_error(tmp_path):
    with pytest.raises(OSError, match="No such file"):
        write_atomically(str(tmp_path / "no" / "x"), lambda file: file.write(b""))


@posix
def test_a_link_is_followed_and_stays(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write_atomically(str(link), lambda file: file.write(b"new"))
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


@posix
def test_modes_are_those_of_the_umask_or_of_the_old_file(tmp_path):
    before = os.umask(0o027)
    try:
        write_atomically(str(tmp_path / "new"), lambda file: file.write(b""))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    (tmp_path / "new").chmod(0o604)
    write_atomically(str(tmp_path / "new"), lambda file: file.write(b""))
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o604


def test_a_directory(tmp_path):
    path = tmp_path / "model"
    write_directory_atomically(str(path), {"a": b"1", "b": b"2"})
    write_directory_atomically(str(path), {"a": b"3"})
    assert {p.name: p.read_bytes() for p in path.iterdir()} == {"a": b"3"}
    assert os.listdir(tmp_path) == ["model"]


def test_a_directory_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "model"
    write_directory_atomically(str(path), {"a": b"1"})
    with pytest.raises(TypeError):
        write_directory_atomically(str(path), {"a": b"2", "b": "not bytes"})
    rename, calls = os.rename, []

    def fails_second(*args):
        calls.append(args)
        if len(calls) == 2:
            raise OSError(5, "Input/output error")
        rename(*args)

    monkeypatch.setattr(atomic.os, "rename", fails_second)
    with pytest.raises(OSError, match="Input/output"):
        write_directory_atomically(str(path), {"a": b"2"})
    assert {p.name: p.read_bytes() for p in path.iterdir()} == {"a": b"1"}
    assert os.listdir(tmp_path) == ["model"]


KILLED = """
import os, sys
from babytf.saving.atomic import write_atomically
def write(file):
    file.write(b"new" * 1000)
    file.flush()
    os._exit(9)
write_atomically(sys.argv[1], write)
"""


def test_a_process_killed_while_writing(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == 9
    assert path.read_bytes() == b"old"


WRITER = """
import sys
from babytf.saving.atomic import write_atomically
for _ in range(30):
    write_atomically(sys.argv[1], lambda file: [file.write(sys.argv[2].encode() * 1000) for _ in range(20)])
"""


def test_two_writers_and_a_reader(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"a" * 20000)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(path), letter]) for letter in "ab"]
    while any(writer.poll() is None for writer in writers):
        data = path.read_bytes()
        assert len(data) == 20000
        assert len(set(data)) == 1
    assert [writer.returncode for writer in writers] == [0, 0]
    assert os.listdir(tmp_path) == ["x"]
