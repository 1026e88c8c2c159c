"""Arrays in HDF5: the part of the format that Keras uses, and nothing else of it.

A group is followed only through hard links; an array is looked at (shape, dtype, how it is stored) before it is read.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np

from babytf.errors import explain
from babytf.saving.heaps import check_heaps, text_lengths

MAX_EXPANSION = 20  # times the stored size, beyond the bytes that are always allowed
FREE_BYTES = 64 << 20
FILTERS = frozenset((1, 2, 3))  # deflate, shuffle, checksum: those built into HDF5 that lose nothing
KINDS = "fiub"
MAX_NAMES = 4096  # in one attribute; HDF5 holds no more than that in the usual place
MAX_NAMES_READ = 1 << 17  # bytes in one piece while names are read: HDF5 keeps short texts in blocks of up to 64 KiB
MAX_TEXT_BYTES = 16 << 20
LONGEST_ATTRIBUTE = 64512  # bytes; longer lists are split over several attributes
MAX_PLACES = 1 << 20
MAX_DEPTH = 64


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
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        self._root = self._open(file)
        self._names_root: Any = None
        self._heaps_checked = False

    def _open(self, file: Any) -> Any:
        file.seek(0)
        try:
            return self._h5py.File(file, "r")
        except (OSError, RuntimeError, ValueError, KeyError) as error:
            raise _unreadable("the weights", error) from None

    def __enter__(self) -> H5Reader:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        if self._names_root is not None:
            self._names_root.close()
        self._root.close()

    @property
    def numbers(self) -> int:
        """How many numbers its arrays hold, as far as they can: what is declared and not stored does not count."""
        sizes = (math.prod(item.shape) for _, item in self.places() if isinstance(item, Dataset))
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

    def dataset(self, path: str) -> Dataset:
        """One array.

        Args:
            path: Names joined by `/`.

        Raises:
            ValueError: If there is none, a link on the way leads elsewhere, or it is not a plain array.
        """
        above, _, name = path.rpartition("/")
        try:
            group = self._walk(above)
            if group is not None and group.id.links.exists(name.encode()):
                return self._dataset(group, name, path)
        except (OSError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(path, error) from None
        raise ValueError(explain(f"{path} is missing.", expected="an array, as the names in the file announce it"))

    def has_group(self, path: str) -> bool:
        """Whether there is a group at that path.

        Args:
            path: Names joined by `/`.

        Raises:
            ValueError: If a link on the way leads elsewhere, or there is an array.
        """
        try:
            return self._walk(path) is not None
        except (OSError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable(path, error) from None

    def places(self) -> Iterator[tuple[str, Dataset | ValueError | None]]:
        """Everything in the file, in the order of names: its path, and the array there.

        Yields:
            Paths; with each an array, `None` for a group, or the error for what would be refused.
        """
        waiting: list[tuple[str, Any]] = [("", self._root)]
        seen = {self._address(self._root)}
        count = 0
        try:
            while waiting:
                above, group = waiting.pop()
                below = []
                for name in group:
                    count += 1
                    if count > MAX_PLACES:
                        raise ValueError(explain("there are too many entries.", expected=f"at most {MAX_PLACES}"))
                    path = f"{above}/{name}" if above else name
                    if path.count("/") > MAX_DEPTH:
                        raise ValueError(explain("groups are nested too deep.", expected=f"at most {MAX_DEPTH} levels"))
                    try:
                        self._check_link(group, name, path)
                        item = group[name]
                        if not isinstance(item, self._h5py.Group):
                            yield path, self._dataset(group, name, path)
                            continue
                    except ValueError as error:
                        yield path, error
                        continue
                    yield path, None
                    if self._address(item) not in seen:
                        seen.add(self._address(item))
                        below.append((path, item))
                waiting += reversed(below)
        except (OSError, RuntimeError, KeyError, TypeError, AttributeError) as error:
            raise _unreadable("the weights", error) from None

    def group_paths(self) -> list[str]:
        """The paths of all groups.

        Raises:
            ValueError: If there is something that would be refused.
        """
        found = []
        for path, item in self.places():
            if isinstance(item, ValueError):
                raise item
            if item is None:
                found.append(path)
        return found

    def _address(self, item: Any) -> int:
        return int(self._h5py.h5o.get_info(item.id).addr)

    # --- attributes

    def text(self, path: str, name: str) -> str | None:
        """An attribute that is one text.

        Args:
            path: Path of the group that has it; `""` for the file itself.
            name: Name of the attribute.

        Returns:
            The text; `None` if there is no such group or attribute.

        Raises:
            ValueError: If it is anything but text, or too long.
        """
        try:
            group = self._walk(path)
            return None if group is None else self._text(group, name)
        except (OSError, RuntimeError, KeyError, TypeError, UnicodeError, AttributeError) as error:
            raise _unreadable(f"{path or 'the file'}'s {name}", error) from None

    def _text(self, item: Any, name: str) -> str | None:
        if not self._h5py.h5a.exists(item.id, name.encode()):
            return None
        attribute = self._h5py.h5a.open(item.id, name.encode())
        self._check_text(attribute, name, scalar=True)
        self._check_place(attribute, item, name)
        value = item.attrs[name]
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(-1)[0]
        text = value.decode("utf-8") if isinstance(value, bytes) else value
        if not isinstance(text, str) or len(text) > MAX_TEXT_BYTES:
            raise _no_text(name, f"{type(text).__name__} of length {len(text)}")
        return text

    def names(self, path: str, name: str) -> list[str]:
        """An attribute that lists names; long lists are split, over `name0`, `name1` and so on.

        Args:
            path: Path of the group that has it; `""` for the file itself.
            name: Name of the attribute.

        Returns:
            The names; an empty list if there is no such group or attribute.

        Raises:
            ValueError: If it is anything but text, or too long.
        """
        if self._names_root is None:
            # Texts lie in blocks that several may refer to. A file of its own, for which nothing was read before,
            # shows the size of each block that is needed, before HDF5 copies it for each of the names.
            self._names_root = self._open(io.BufferedReader(_SmallReads(self._file), 512))
        try:
            group = self._walk(path, self._names_root)
            if group is None:
                return []
            exists = self._h5py.h5a.exists
            if exists(group.id, name.encode()):
                return self._name_list(group, name)
            found: list[str] = []
            part = 0
            while exists(group.id, f"{name}{part}".encode()):
                found += self._name_list(group, f"{name}{part}")
                part += 1
            return found
        except (OSError, RuntimeError, KeyError, TypeError, UnicodeError, AttributeError) as error:
            raise _unreadable(f"{path or 'the file'}'s {name}", error) from None

    def _name_list(self, group: Any, name: str) -> list[str]:
        attribute = self._h5py.h5a.open(group.id, name.encode())
        if math.prod(attribute.shape) == 0:
            return []
        self._check_text(attribute, name, scalar=False)
        self._check_place(attribute, group, name)
        values = [v.decode("utf-8") if isinstance(v, bytes) else v for v in np.ravel(group.attrs[name]).tolist()]
        if any(not isinstance(v, str) for v in values) or sum(map(len, values)) > MAX_TEXT_BYTES:
            raise _no_text(name, "something that is no list of names")
        return values

    def _check_place(self, attribute: Any, item: Any, name: str) -> None:
        """Look at where the texts lie, before HDF5 does."""
        if not attribute.get_type().is_variable_str():
            return
        size = sum(text_lengths(self._file, self._address(item), name, base=self._root.userblock_size))
        if size > MAX_TEXT_BYTES:
            raise _no_text(name, f"{size} bytes")
        if not self._heaps_checked:
            check_heaps(self._file)
            self._heaps_checked = True

    def _check_text(self, attribute: Any, name: str, scalar: bool) -> None:
        kind, count = attribute.get_type(), math.prod(attribute.shape)
        problem = None
        if kind.get_class() != self._h5py.h5t.STRING:
            problem = "numbers or other things"
        elif scalar and count != 1:
            problem = f"{count} texts"
        elif not scalar and (len(attribute.shape) != 1 or count > MAX_NAMES):
            problem = f"texts of shape {attribute.shape}"
        elif kind.get_size() * count > MAX_TEXT_BYTES:
            problem = f"{kind.get_size() * count} bytes"
        if problem:
            raise _no_text(name, problem)

    # --- arrays

    def _walk(self, path: str, root: Any = None) -> Any:
        group = self._root if root is None else root
        for part in filter(None, path.split("/")):
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
            or (dtype.kind not in KINDS and not self._is_bfloat16(item))
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
        return Dataset(item, path, self._is_bfloat16(item))

    def _is_bfloat16(self, item: Any) -> bool:
        return item.dtype.itemsize == 2 and self._text(item, "dtype") == "bfloat16"


class _SmallReads(io.RawIOBase):
    """A file that gives no large piece at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._at = file, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = 0 if whence == io.SEEK_SET else self._at if whence == io.SEEK_CUR else self._file.seek(0, io.SEEK_END)
        self._at = start + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        if len(buffer) > MAX_NAMES_READ:
            raise OSError("texts of a length that names do not have")
        self._file.seek(self._at)
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


class Dataset:
    """One array that has been looked at and not read.

    Args:
        item: What h5py gives.
        path: Where it is, for messages.
        bfloat16: Whether its two bytes are the upper half of a float32.
    """

    def __init__(self, item: Any, path: str, bfloat16: bool = False) -> None:
        self._item, self.path = item, path
        self.shape: tuple[int, ...] = item.shape
        self.dtype: np.dtype[Any] = np.dtype("float32") if bfloat16 else item.dtype.newbyteorder("=")
        self.label = "bfloat16" if bfloat16 else self.dtype.name
        self.stored_bytes: int = item.id.get_storage_size()
        self._half = bfloat16

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

    def read_into(self, array: np.ndarray[Any, Any]) -> None:
        """Read the values into memory that is there: of the same shape, contiguous.

        Args:
            array: Where to; cast to its dtype.

        Raises:
            ValueError: If the file is damaged there.
        """
        if self._half or self.dtype != array.dtype or not array.flags.c_contiguous or not array.size:
            np.copyto(array, self.read(), casting="unsafe")
            return
        try:
            self._item.read_direct(array)
        except (OSError, RuntimeError, ValueError, TypeError) as error:
            raise _unreadable(self.path, error) from None


Arrays = Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]]
"""From paths of groups to their attributes (texts, or lists of names) and their arrays."""


def write_h5(groups: Mapping[str, tuple[str | None, Mapping[str, Any]]]) -> memoryview:
    """The bytes of an HDF5 file.

    Args:
        groups: From paths to a name, kept as the attribute `name` of the group, and its arrays.

    Returns:
        The file's contents.
    """
    return write_groups(
        {path: ({} if name is None else {"name": name}, arrays) for path, (name, arrays) in groups.items()}
    )


def write_groups(groups: Arrays) -> memoryview:
    """The bytes of an HDF5 file.

    Args:
        groups: From paths to the attributes of a group and its arrays, by paths relative to it; `""` is the file.

    Returns:
        The file's contents.
    """
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for path, (attributes, arrays) in groups.items():
            group = file.require_group(path) if path else file
            for name, value in attributes.items():
                if isinstance(value, str):
                    group.attrs[name] = value
                else:
                    _write_names(group, name, value)
            for key, value in arrays.items():
                group.create_dataset(str(key), data=np.asarray(value))
    return out.getbuffer()


def _write_names(group: Any, name: str, values: Sequence[str]) -> None:
    encoded = [value.encode() for value in values]
    width = max([len(value) for value in encoded], default=0) or 1
    most = max(LONGEST_ATTRIBUTE // width, 1)
    parts = [encoded[i : i + most] for i in range(0, len(encoded), most)] or [[]]
    for i, part in enumerate(parts):
        group.attrs[name if len(parts) == 1 else f"{name}{i}"] = np.array(part, dtype=f"S{width}")


def _no_text(name: str, got: str) -> ValueError:
    return ValueError(
        explain(
            f"the attribute {name!r} is not what it should be.",
            got=got,
            expected="text, as Keras writes it",
            fix="do not use this file unless you know who made it",
        )
    )


def _unreadable(what: str, error: Exception) -> ValueError:
    return ValueError(
        explain(
            f"{what} could not be read.",
            got=str(error)[:200],
            expected="an HDF5 file as model.save() or model.save_weights() writes it",
            fix="get the file again, or save the model again",
        )
    )
