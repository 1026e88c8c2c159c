"""Arrays in HDF5: the part of the format that Keras uses, and nothing else of it.

A group is followed only through hard links; an array is looked at (shape, dtype, how it is stored) before it is read.
"""

from __future__ import annotations

import io
import math
from typing import Any, BinaryIO

import numpy as np

from babytf.errors import explain

MAX_EXPANSION = 20  # times the stored size, beyond the bytes that are always allowed
FREE_BYTES = 64 << 20
FILTERS = frozenset((1, 2, 3))  # deflate, shuffle, checksum: those built into HDF5 that lose nothing
KINDS = "fiub"


class H5Reader:
    """The arrays of an HDF5 file, a group at a time.

    Args:
        file: The open file.

    Raises:
        ValueError: If it is no HDF5 file, or damaged.
    """

    def __init__(self, file: BinaryIO) -> None:
        import h5py

        self._h5py = h5py
        self._size = file.seek(0, io.SEEK_END)
        file.seek(0)
        try:
            self._root = h5py.File(file, "r")
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise _unreadable("the weights", error) from None

    def __enter__(self) -> H5Reader:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._root.close()

    @property
    def numbers(self) -> int:
        """How many numbers its arrays hold, as far as they can: what is declared and not stored does not count."""
        sizes = []

        def count(_: str, item: Any) -> None:
            if isinstance(item, self._h5py.Dataset) and item.shape is not None:
                size, stored = math.prod(item.shape), item.id.get_storage_size()
                if size * item.dtype.itemsize <= FREE_BYTES + MAX_EXPANSION * stored:
                    sizes.append(size)

        try:
            self._root.visititems(count)
        except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
            raise _unreadable("the weights", error) from None
        return min(sum(sizes), (FREE_BYTES + MAX_EXPANSION * self._size) // 4)

    def group(self, path: str) -> dict[str, Dataset]:
        """The arrays of one group, by name; empty if there is no such group.

        Args:
            path: Names joined by `/`.

        Raises:
            ValueError: If a link on the way leads elsewhere, or something there is not a plain array.
        """
        try:
            group = self._walk(path)
            if group is None:
                return {}
            return {name: self._dataset(group, name, f"{path}/{name}") for name in group}
        except (OSError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(path, error) from None

    def _walk(self, path: str) -> Any:
        group = self._root
        for part in path.split("/"):
            if not group.id.links.exists(part.encode()):
                return None
            self._check_link(group, part, path)
            group = group[part]
            if not isinstance(group, self._h5py.Group):
                raise ValueError(explain(f"{path} is not a group of arrays.", got=type(group).__name__))
        return group

    def _check_link(self, group: Any, name: str, path: str) -> None:
        # By way of h5py.Group the link would be followed, and what it leads to opened.
        kind = group.id.links.get_info(name.encode()).type
        if kind != self._h5py.h5l.TYPE_HARD:
            raise ValueError(
                explain(
                    f"{path} is a link that leads elsewhere.",
                    got="a soft or external link",
                    expected="weights that lie in this file",
                    fix="do not use this file unless you know who made it",
                )
            )

    def _dataset(self, group: Any, name: str, path: str) -> Dataset:
        self._check_link(group, name, path)
        item = group[name]
        if not isinstance(item, self._h5py.Dataset):
            raise ValueError(explain(f"{path} is not an array.", got=type(item).__name__))
        shape, dtype = item.shape, item.dtype
        problem = None
        if item.external or item.is_virtual:
            problem = "its values lie in another file"
        elif (
            shape is None
            or dtype.fields is not None
            or dtype.subdtype is not None
            or (dtype.kind not in KINDS and not _is_bfloat16(item))
        ):
            problem = f"dtype {dtype}" if shape is not None else "no shape"
        else:
            created = item.id.get_create_plist()
            used = {created.get_filter(i)[0] for i in range(created.get_nfilters())}
            size, stored = math.prod(shape) * dtype.itemsize, item.id.get_storage_size()
            if used - FILTERS:
                problem = f"a filter that is not built in, number {min(used - FILTERS)}"
            elif size > FREE_BYTES + MAX_EXPANSION * stored:
                problem = f"shape {shape}, {size} bytes, of which {stored} are stored"
        if problem:
            raise ValueError(
                explain(
                    f"{path} is not an array that is read.",
                    got=problem,
                    expected="floats, integers or booleans, stored in the file",
                )
            )
        return Dataset(item, path)


def _is_bfloat16(item: Any) -> bool:
    return item.dtype.itemsize == 2 and item.attrs.get("dtype") in ("bfloat16", b"bfloat16")


class Dataset:
    """One array that has been looked at and not read.

    Args:
        item: What h5py gives.
        path: Where it is, for messages.
    """

    def __init__(self, item: Any, path: str) -> None:
        self._item, self.path = item, path
        self.shape: tuple[int, ...] = item.shape
        self.dtype: np.dtype[Any] = item.dtype
        self._half = _is_bfloat16(item)

    def read(self) -> np.ndarray[Any, Any]:
        """The values, in this machine's byte order; bfloat16 widened to float32.

        Raises:
            ValueError: If the file is damaged there.
        """
        try:
            values = np.asarray(self._item[()])
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise _unreadable(self.path, error) from None
        if self._half:
            return (values.view(np.uint16).astype(np.uint32) << 16).view(np.float32)
        return values.astype(values.dtype.newbyteorder("="), copy=False)


def write_h5(groups: dict[str, tuple[str | None, dict[str, Any]]]) -> memoryview:
    """The bytes of an HDF5 file.

    Args:
        groups: From paths to a name, kept as the attribute `name` of the group, and its arrays.

    Returns:
        The file's contents.
    """
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for path, (name, arrays) in groups.items():
            group = file.create_group(path)
            if name is not None:
                group.attrs["name"] = name
            for key, value in arrays.items():
                group.create_dataset(str(key), data=np.asarray(value))
    return out.getbuffer()


def _unreadable(what: str, error: Exception) -> ValueError:
    return ValueError(
        explain(
            f"{what} could not be read.",
            got=str(error)[:200],
            expected="an HDF5 file as model.save() or model.save_weights() writes it",
            fix="get the file again, or save the model again",
        )
    )
