"""Files that layers of a user's own keep beside their weights: `save_assets(folder)` and `load_assets(folder)`.

They lie in a `.keras` file below `assets/` and the path of the layer. Only for a class that has `load_assets` are they
written to a folder, which is private, holds that layer's files alone and is gone when the method returns.
"""

from __future__ import annotations

import os
import tempfile
from typing import Any

from babytf.errors import explain
from babytf.saving.archive import Archive
from babytf.saving.walk import walk

ASSETS = "assets"
MAX_ASSET_BYTES = 1 << 30  # of one layer


def gather_assets(model: Any) -> dict[str, bytes]:
    """What the parts of a model write that have `save_assets`.

    Args:
        model: The model.

    Returns:
        From the names of members of a `.keras` file to their bytes.

    Raises:
        ValueError: If something else than files was written.
    """
    found: dict[str, bytes] = {}
    for path, part in walk(model):
        if not hasattr(part, "save_assets"):
            continue
        with tempfile.TemporaryDirectory() as folder:
            part.save_assets(folder)
            for above, _, names in sorted(os.walk(folder)):
                for name in sorted(names):
                    place = os.path.join(above, name)
                    if os.path.islink(place) or not os.path.isfile(place):
                        who = f"{type(part).__name__} '{part.name}'"
                        raise ValueError(explain(f"save_assets of {who} wrote what is no file.", got=name))
                    inside = os.path.relpath(place, folder).replace(os.sep, "/")
                    with open(place, "rb") as file:
                        found["/".join(filter(None, (ASSETS, path, inside)))] = file.read()
    return found


def restore_assets(model: Any, source: Archive | str) -> None:
    """Let the parts of a model that have `load_assets` read their files again.

    Args:
        model: The model.
        source: The `.keras` file; for one that is a directory, its path.

    Raises:
        ValueError: If a file is damaged, or there are too many bytes.
        OSError: If they cannot be written to a folder.
    """
    for path, part in walk(model):
        if not hasattr(part, "load_assets"):
            continue
        if isinstance(source, str):
            folder = os.path.join(source, ASSETS, *path.split("/"))
            if os.path.isdir(folder):
                part.load_assets(folder)
            continue
        prefix = "/".join(filter(None, (ASSETS, path))) + "/"
        names = [name for name in source.names() if name.startswith(prefix) and not name.endswith("/")]
        if names:
            with tempfile.TemporaryDirectory() as folder:
                _unpack(source, {name: name.removeprefix(prefix) for name in names}, folder)
                part.load_assets(folder)


def _unpack(archive: Archive, names: dict[str, str], folder: str) -> None:
    left = MAX_ASSET_BYTES
    for name, inside in names.items():
        with archive.open(name) as member:
            data = member.read(left + 1)
        left -= len(data)
        if left < 0:
            raise ValueError(
                explain(f"{name} is too large.", expected=f"at most {MAX_ASSET_BYTES} bytes for one layer")
            )
        pieces = inside.split("/")
        if not all(piece and piece != "." and "\0" not in piece for piece in pieces):
            raise ValueError(explain(f"member {name[:80]!r} has no plain name.", expected="names of files"))
        place = os.path.join(folder, *pieces)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "xb") as file:
            file.write(data)
