"""RemoteMonitor against a server of the test's own."""

from __future__ import annotations

import http.server
import json
import threading
from urllib.parse import parse_qs

import numpy as np
import pytest

from babytf.callbacks import RemoteMonitor


@pytest.fixture
def server():
    posts = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posts.append((self.path, dict(self.headers), body))
            self.send_response(404 if self.path == "/nowhere" else 200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as found:
        thread = threading.Thread(target=found.serve_forever, daemon=True)
        thread.start()
        found.posts, found.root = posts, f"http://127.0.0.1:{found.server_port}"
        yield found
        found.shutdown()
        thread.join()


LOGS = {"loss": 0.5, "acc": np.float32(0.25), "several": np.array([1, 2])}
SENT = {"epoch": 3, "loss": 0.5, "acc": 0.25, "several": [1, 2]}


def test_as_a_form(server):
    RemoteMonitor(server.root).on_epoch_end(3, LOGS)
    RemoteMonitor(server.root, path="/x", field="results", headers={"X-Key": "7"}).on_epoch_end(3, LOGS)
    (path, headers, body), (path_2, headers_2, body_2) = server.posts
    assert path == "/publish/epoch/end/"
    assert headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert json.loads(parse_qs(body)["data"][0]) == SENT
    assert (path_2, headers_2["X-Key"]) == ("/x", "7")
    assert json.loads(parse_qs(body_2)["results"][0]) == SENT


def test_as_json(server):
    RemoteMonitor(server.root, send_as_json=True).on_epoch_end(3, LOGS)
    ((_, headers, body),) = server.posts
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == SENT


def test_a_server_that_refuses_or_is_not_there(server):
    with pytest.warns(UserWarning, match="/nowhere answered 404"):
        RemoteMonitor(server.root, path="/nowhere").on_epoch_end(0, {})
    with pytest.warns(UserWarning, match=r"could not reach http://127\.0\.0\.1:1"):
        RemoteMonitor("http://127.0.0.1:1").on_epoch_end(0, {"loss": 1.0})


def test_only_the_web():
    with pytest.raises(ValueError, match=r"root='file:///etc/passwd'(.|\n)*http://"):
        RemoteMonitor("file:///etc/passwd")
    assert RemoteMonitor().root == "http://localhost:9000"
