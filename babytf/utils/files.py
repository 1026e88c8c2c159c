"""Files from the network, kept in a cache directory.

A file takes its name only when all of it is there and its checksum is right.
"""

from __future__ import annotations

import hashlib
import os
from typing import Any

from babytf.config import cache_home
from babytf.errors import explain
from babytf.utils.extraction import unpack

HASHES = {64: "sha256", 32: "md5"}


def get_file(
    fname: str | os.PathLike[str] | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Download a file, unless it is in the cache already, and unpack it if asked to.

    Args:
        fname: Name in the cache; `None` means the last part of the URL.
        origin: Address of the file, `http://` or `https://`.
        untar: The same as `extract` with `archive_format="tar"`.
        md5_hash: The same as `file_hash` with `hash_algorithm="md5"`.
        file_hash: The expected checksum in hexadecimal. Without one, what is downloaded is not checked.
        cache_subdir: Directory inside the cache.
        hash_algorithm: `"sha256"`, `"md5"`, or `"auto"`: by the length of the checksum.
        extract: Whether to unpack an archive. Only regular files and directories are, and only to a bounded size.
        archive_format: `"tar"` (also compressed), `"zip"`, a list of them, or `"auto"` for both.
        cache_dir: The cache; `None` means `$BABYTF_HOME`, or `~/.babytf`.
        force_download: Whether to download it even if it is there.

    Returns:
        Path of the file; of the directory with what was in it, if it is unpacked.

    Raises:
        ValueError: If the address or a name is not one, the checksum is not the one expected, or an archive is none,
            or holds links, or paths that lead outside of it.
        OSError: If it cannot be downloaded, or arrived cut short; nothing is left behind.
    """
    if not isinstance(origin, str) or not origin.lower().startswith(("http://", "https://")):
        raise ValueError(explain("bad `origin`.", got=f"origin={origin!r}", expected="an http:// or https:// address"))
    name = os.fspath(fname) if fname else os.path.basename(origin.partition("?")[0].partition("#")[0])
    if not name or name in (".", "..") or os.path.basename(name) != name or "\\" in name:
        raise ValueError(
            explain("bad `fname`.", got=repr(name), expected="a file name", fix="a directory goes into `cache_dir`")
        )
    if md5_hash is not None and file_hash is None:
        file_hash, hash_algorithm = md5_hash, "md5"
    algorithm = _algorithm(file_hash, hash_algorithm)
    directory = os.path.join(os.fspath(cache_dir) if cache_dir is not None else cache_home(), cache_subdir)
    directory = os.path.expanduser(directory)
    if not (extract or untar):
        path = os.path.join(directory, name)
        _fetch(origin, path, file_hash, algorithm, force_download)
        return path
    archive, unpacked = _names_of_archive(name, given=bool(fname))
    path, target = os.path.join(directory, archive), os.path.join(directory, unpacked)
    fresh = _fetch(origin, path, file_hash, algorithm, force_download)
    if fresh or not os.path.isdir(target):
        try:
            unpack(path, target, "tar" if untar else archive_format)
        except BaseException:
            if fresh:
                os.unlink(path)
            raise
    return target


def _names_of_archive(name: str, given: bool) -> tuple[str, str]:
    """The names of an archive and of the directory it is unpacked to, as in Keras."""
    if given and "." in name.lstrip("."):
        return name, name[: name.index(".", 1)] + "_extracted"
    return f"{name}_archive", name


def _fetch(origin: str, target: str, file_hash: str | None, algorithm: str, force_download: bool) -> bool:
    """Have the file there, whole and right; whether it was downloaded for it."""
    name = os.path.basename(target)
    if os.path.isfile(target) and not force_download:
        if file_hash is None or _checksum(target, algorithm) == file_hash.lower():
            return False
    os.makedirs(os.path.dirname(target), exist_ok=True)
    beside = f"{target}.{os.urandom(6).hex()}.part"
    try:
        _download(origin, beside, name)
        if file_hash is not None and _checksum(beside, algorithm) != file_hash.lower():
            raise ValueError(
                explain(
                    f"{name} is not the file expected.",
                    got=f"{algorithm} {_checksum(beside, algorithm)} from {origin}",
                    expected=f"{algorithm} {file_hash}",
                    fix="try again; if it stays so, the file was changed at its source",
                )
            )
        os.replace(beside, target)
    finally:
        if os.path.exists(beside):
            os.unlink(beside)
    return True


def _algorithm(file_hash: str | None, name: str) -> str:
    if name == "auto":
        name = HASHES.get(len(file_hash), "") if file_hash is not None else "sha256"
    if name not in HASHES.values():
        raise ValueError(
            explain("bad `hash_algorithm` or `file_hash`.", got=f"{name!r}, {file_hash!r}", expected="sha256 or md5")
        )
    return name


def _checksum(path: str, algorithm: str) -> str:
    digest = hashlib.new(algorithm, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _download(origin: str, path: str, name: str) -> None:
    """Fetch a file, with a bar; redirections may not change the scheme."""
    import http.client
    import urllib.error
    import urllib.request

    from tqdm.auto import tqdm

    class SameScheme(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
            if newurl.partition(":")[0].lower() != req.full_url.partition(":")[0].lower():
                raise urllib.error.URLError(f"redirected to {newurl}, which is of another scheme")
            return super().redirect_request(req, fp, code, msg, headers, newurl)

    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        SameScheme(),
    ):
        opener.add_handler(handler)
    try:
        with opener.open(origin, timeout=60) as response, open(path, "xb") as file:
            length = response.headers.get("Content-Length")
            total = int(length) if length is not None and length.isdigit() else None
            with tqdm(total=total, unit="B", unit_scale=True, desc=name) as bar:
                while block := response.read(1 << 16):
                    file.write(block)
                    bar.update(len(block))
            size = file.tell()
    except (urllib.error.URLError, http.client.HTTPException) as error:
        raise OSError(
            explain(
                f"{name} could not be downloaded.", got=f"{origin}: {error}", fix="check the network and the address"
            )
        ) from None
    if total is not None and size != total:
        raise OSError(
            explain(f"{name} arrived cut short.", got=f"{size} bytes", expected=f"{total} bytes", fix="try again")
        )
