"""`RemoteMonitor`: results of every epoch, sent to a server."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from babytf.callbacks.callback import Callback
from babytf.errors import explain

SECONDS_TO_WAIT = 30.0


class RemoteMonitor(Callback):
    """Posts the results of each epoch to a web server. A server that does not answer gives a warning.

    Args:
        root: The server: `http://…` or `https://…`.
        path: Where on the server.
        field: Field of the form that holds the results as JSON; only if `send_as_json` is False.
        headers: Further HTTP headers, by name.
        send_as_json: Send the results as `application/json` rather than within a form.

    Raises:
        ValueError: If `root` is no address of a web server.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        super().__init__()
        if not str(root).lower().startswith(("http://", "https://")):
            raise ValueError(
                explain(
                    "RemoteMonitor: bad `root`.",
                    got=f"root={root!r}",
                    expected="an address that begins with http:// or https://",
                    fix="root='http://localhost:9000'",
                )
            )
        self.root = root
        self.path = path
        self.field = field
        self.headers = headers
        self.send_as_json = send_as_json

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        import json  # slow to import, all of these, and needed here only
        from http.client import HTTPException
        from urllib import error, parse, request

        text = json.dumps({"epoch": epoch, **{name: _plain(value) for name, value in (logs or {}).items()}})
        if self.send_as_json:
            kind, body = "application/json", text.encode()
        else:
            kind, body = "application/x-www-form-urlencoded", parse.urlencode({self.field: text}).encode()
        headers = {"Content-Type": kind, **(self.headers or {})}
        post = request.Request(self.root + self.path, body, headers, method="POST")
        try:
            with request.urlopen(post, timeout=SECONDS_TO_WAIT):
                pass
        except error.HTTPError as answer:
            answer.close()
            warnings.warn(
                f"RemoteMonitor: {self.root + self.path} answered {answer.code} {answer.reason}.",
                UserWarning,
                stacklevel=2,
            )
        except (OSError, HTTPException) as problem:
            warnings.warn(f"RemoteMonitor: could not reach {self.root}: {problem}", UserWarning, stacklevel=2)


def _plain(value: Any) -> Any:
    """A NumPy number as Python's own, an array as lists."""
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value
