"""Saving by real processes that are killed, run out of room, or write at once: the old file or the new one, whole."""

from __future__ import annotations

import errno
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.saving import load_model

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, modes and limits as POSIX has them")

ROOT = Path(__file__).parents[2]
SIZE = 300  # the weights of a layer take SIZE * SIZE * 4 bytes
NAMES = ["m.keras", "m.h5", "m.weights.h5"]


def make():
    return babytf.Sequential([babytf.Input((SIZE,)), layers.Dense(SIZE, name="a"), layers.Dense(SIZE, name="b")])


def fill(model, number):
    model.set_weights([np.full(w.shape, number, "float32") for w in model.get_weights()])
    return model


def save(model, path):
    (model.save_weights if path.name.endswith(".weights.h5") else model.save)(path)


def number_in(path):
    """The number that a file is full of; fails if it is not whole."""
    if path.name.endswith(".weights.h5"):
        model = make()
        model.load_weights(path)
    else:
        model = load_model(path, compile=False)
    found = {float(value) for w in model.get_weights() for value in np.unique(w)}
    assert len(found) == 1, found
    return found.pop()


def left_over(folder):
    return [path for path in folder.iterdir() if path.suffix == ".part"]


WRITER = """
import resource, signal, sys
from pathlib import Path
from tests.saving.test_processes import fill, make, save
path, start, end = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if len(sys.argv) > 4:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[4]),) * 2)
model = make()
print("ready", flush=True)
for number in range(start, end):
    save(fill(model, number), path)
"""


def writer(path, start, end, *limit):
    command = [sys.executable, "-W", "ignore", "-c", WRITER, str(path), str(start), str(end), *map(str, limit)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n", process.communicate()
    return process


@pytest.fixture(params=NAMES)
def path(request, tmp_path):
    target = tmp_path / request.param
    save(fill(make(), -1), target)
    return target


@pytest.mark.filterwarnings("ignore:.*how the model was compiled")
def test_killed_at_any_moment(path):
    chance = random.Random(3)
    for _ in range(4):
        process = writer(path, 1, 10**6)
        time.sleep(chance.uniform(0, 0.15))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert number_in(path) >= -1
        assert (
            len(left_over(path.parent)) <= 1
        )  # what a killed process leaves is beside the file, under a name of its own
        for part in left_over(path.parent):
            part.unlink()
    save(fill(make(), -2), path)
    assert number_in(path) == -2


@pytest.mark.filterwarnings("ignore:.*how the model was compiled")
@pytest.mark.parametrize("limit", [0, 4096, SIZE * SIZE * 4])
def test_files_that_may_not_grow_so_large(path, limit):
    process = writer(path, 1, 2, limit)
    _, error = process.communicate()
    assert process.returncode == 1
    assert "OSError" in error
    assert number_in(path) == -1
    assert left_over(path.parent) == []


@pytest.fixture
def small_disk(tmp_path):
    """A disk of one megabyte, where the system lets us have one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(disk)]
    try:
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("mounting a small disk is not allowed here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.filterwarnings("ignore:.*how the model was compiled")
@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk(small_disk, name):
    path = small_disk / name
    save(fill(make(), -1), path)  # 720 kB: there is no room for a second
    before = path.read_bytes()
    with pytest.raises(OSError, match="No space left") as caught:
        save(fill(make(), 1), path)
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == before
    assert left_over(small_disk) == []
    assert number_in(path) == -1


@pytest.mark.parametrize("name", NAMES)
def test_a_write_that_fails_half_way(tmp_path, name, monkeypatch):
    """As on a full disk, where there can be no small one: the file system fails when the data is forced to it."""
    path = tmp_path / name
    save(fill(make(), -1), path)
    before = path.read_bytes()

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save(fill(make(), 1), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [name]


@pytest.mark.filterwarnings("ignore:.*how the model was compiled")
def test_two_writers_and_a_reader(path):
    writers = [writer(path, 1, 15), writer(path, 101, 115)]
    seen = set()
    while any(process.poll() is None for process in writers):
        seen.add(number_in(path))
    assert [process.communicate() and process.returncode for process in writers] == [0, 0]
    assert number_in(path) in (14, 114)
    assert seen <= {-1, *range(1, 15), *range(101, 115)}
    assert left_over(path.parent) == []


@pytest.mark.filterwarnings("ignore:.*how the model was compiled")
def test_a_link_is_followed(path):
    link = path.parent / f"link_{path.name}"
    link.symlink_to(path.name)
    save(fill(make(), 5), link)
    assert link.is_symlink()
    assert number_in(path) == number_in(link) == 5
    assert sorted(os.listdir(path.parent)) == sorted([path.name, link.name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_modes(tmp_path, name, umask):
    before = os.umask(umask)
    try:
        save(make(), tmp_path / name)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o666 & ~umask
    (tmp_path / name).chmod(0o640)
    save(make(), tmp_path / name)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o640


def test_what_cannot_be_described_is_noticed_before_the_file_is_touched(tmp_path):
    class Odd(layers.Layer):
        def call(self, x):
            return x

        def get_config(self):
            return {"name": self.name, "thing": object()}

    path = tmp_path / "m.keras"
    save(fill(make(), 1), path)
    with pytest.raises((TypeError, ValueError)):
        babytf.Sequential([babytf.Input((3,)), Odd()]).save(path)
    assert number_in(path) == 1
    assert os.listdir(tmp_path) == ["m.keras"]
