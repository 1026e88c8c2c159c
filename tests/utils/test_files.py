"""Downloads: whole and right, or not there."""

import contextlib
import hashlib
import http.server
import io
import os
import threading
import zipfile

import pytest

from babytf.utils import get_file
from babytf.utils.files import cache_home

DATA = bytes(range(256)) * 1000


def packed(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


ARCHIVES = {"/good.zip": packed({"a/b.txt": b"hello"}), "/bad.zip": packed({"../b.txt": b"hello"})}
SHA256 = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    served = 0

    def do_GET(self):
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/data.bin")
            self.end_headers()
        elif self.path in ("/away", "/file"):
            self.send_response(302)
            self.send_header("Location", "ftp://localhost/x" if self.path == "/away" else "file:///etc/passwd")
            self.end_headers()
        elif self.path.startswith(("/data.bin", "/short.bin")):
            Handler.served += 1
            self.send_response(200)
            self.send_header("Content-Length", str(len(DATA) + (1000 if "short" in self.path else 0)))
            self.end_headers()
            self.wfile.write(DATA)
        elif self.path in ARCHIVES:
            Handler.served += 1
            self.send_response(200)
            self.end_headers()
            self.wfile.write(ARCHIVES[self.path])
        else:
            self.send_error(404)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def url():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("BABYTF_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "home"


def left(home):
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(home / "datasets"))
    return []


@pytest.mark.parametrize("checksum", [{}, {"file_hash": SHA256}, {"file_hash": SHA256.upper()}, {"md5_hash": MD5}])
def test_a_file_is_fetched_once(url, home, checksum):
    before = Handler.served
    path = get_file(origin=f"{url}/data.bin?x=1", **checksum)
    assert path == str(home / "datasets" / "data.bin")
    with open(path, "rb") as file:
        assert file.read() == DATA
    assert get_file(origin=f"{url}/data.bin?x=1", **checksum) == path
    assert Handler.served == before + 1
    get_file(origin=f"{url}/data.bin", force_download=True)
    assert Handler.served == before + 2
    assert left(home) == ["data.bin"]


def test_names_and_places(url, tmp_path):
    path = get_file("other", origin=f"{url}/data.bin", cache_dir=tmp_path / "c", cache_subdir="s")
    assert path == str(tmp_path / "c" / "s" / "other")


def test_a_cached_file_that_is_wrong_is_fetched_again(url, home):
    (home / "datasets").mkdir(parents=True)
    (home / "datasets" / "data.bin").write_bytes(b"old")
    path = get_file(origin=f"{url}/data.bin", file_hash=SHA256)
    with open(path, "rb") as file:
        assert file.read() == DATA


def test_a_wrong_checksum_leaves_nothing(url, home):
    with pytest.raises(ValueError, match=r"not the file expected(.|\n)*" + SHA256):
        get_file(origin=f"{url}/data.bin", file_hash="0" * 64)
    assert left(home) == []


def test_a_wrong_checksum_keeps_what_was_there(url, home):
    get_file(origin=f"{url}/data.bin")
    with pytest.raises(ValueError, match="not the file expected"):
        get_file(origin=f"{url}/data.bin", file_hash="0" * 64)
    assert left(home) == ["data.bin"]


def test_a_download_cut_short_leaves_nothing(url, home):
    with pytest.raises(OSError, match=r"short\.bin"):
        get_file(origin=f"{url}/short.bin")
    assert left(home) == []


def test_what_is_not_there(url, home):
    with pytest.raises(OSError, match=r"could not be downloaded(.|\n)*404"):
        get_file(origin=f"{url}/nothing")
    with pytest.raises(OSError, match="could not be downloaded"):
        get_file(origin="http://127.0.0.1:9/x")
    assert left(home) == []


def test_redirections(url, home):
    get_file("x", origin=f"{url}/moved", file_hash=SHA256)
    for path in ("away", "file"):
        with pytest.raises(OSError, match=r"another scheme|not allowed"):
            get_file("y", origin=f"{url}/{path}")
    assert left(home) == ["x"]


@pytest.mark.parametrize("origin", [None, "file:///etc/passwd", "ftp://x/y", "/etc/passwd", "data:,x"])
def test_other_addresses(origin):
    with pytest.raises(ValueError, match="bad `origin`"):
        get_file("x", origin=origin)


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "..", "a\\b"])
def test_names_that_are_paths(name):
    with pytest.raises(ValueError, match="bad `fname`"):
        get_file(name, origin="http://127.0.0.1:9/x")
    with pytest.raises(ValueError, match="bad `fname`"):
        get_file(origin="http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("name", "archive", "directory"),
    [(None, "good.zip_archive", "good.zip"), ("d.zip", "d.zip", "d_extracted"), ("d", "d_archive", "d")],
)
def test_archives_are_unpacked(url, home, name, archive, directory):
    before = Handler.served
    for _ in range(2):
        path = get_file(name, origin=f"{url}/good.zip", extract=True)
        assert path == str(home / "datasets" / directory)  # names as in Keras
        with open(os.path.join(path, "a", "b.txt"), "rb") as file:
            assert file.read() == b"hello"
    assert Handler.served == before + 1
    assert left(home) == sorted([archive, directory])


def test_an_archive_that_is_refused_leaves_nothing(url, home):
    with pytest.raises(ValueError, match="leads outside"):
        get_file(origin=f"{url}/bad.zip", extract=True)
    with pytest.raises(ValueError, match="no archive"):
        get_file(origin=f"{url}/good.zip", untar=True)
    assert left(home) == []


def test_what_is_refused():
    for wrong in ({"file_hash": "abc"}, {"hash_algorithm": "crc32"}):
        with pytest.raises(ValueError, match="bad `hash_algorithm`"):
            get_file("x", origin="http://127.0.0.1:9/x", **wrong)


def test_the_cache_is_in_the_home_directory(monkeypatch):
    monkeypatch.delenv("BABYTF_HOME")
    assert cache_home() == os.path.join(os.path.expanduser("~"), ".babytf")
