"""`KerasFileEditor`: look into a file of weights, compare it with a model, rename, add and delete what is in it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from babytf.errors import did_you_mean, explain
from babytf.saving import keras_format
from babytf.saving.archive import Archive
from babytf.saving.atomic import write_atomically
from babytf.saving.files import naming, opened, path_of
from babytf.saving.hdf5 import Dataset, H5Reader, write_h5
from babytf.saving.walk import walk

Tree = dict[str, Any]


class KerasFileEditor:
    """Edit the weights of a file, for a model that has changed since it was saved.

    Args:
        filepath: Path of a `.keras` or `.weights.h5` file.

    Attributes:
        weights_dict: What is in it: dicts of objects (`"layers"`, `"dense"`), in the innermost arrays by number.
        metadata: For a `.keras` file: version and date.
        config: For a `.keras` file: the configuration.
        object_metadata: From paths (`"/layers/dense"`) to attributes (`{"name": …}`).

    Raises:
        ValueError: If the extension is another, or the file is damaged or refused.
        OSError: If there is no such file.

    Example:
        >>> keras.Sequential([Input((2,)), Dense(3, name="first")], name="small").save_weights("old.weights.h5")
        >>> editor = KerasFileEditor("old.weights.h5")
        Keras model file 'old.weights.h5'
        >>> editor.rename_object("layers/dense", "dense_1")
        >>> editor.summary()
        Weights structure
          └─ layers
             └─ dense_1
                ├─ 0: shape=(2, 3), dtype=float32
                └─ 1: shape=(3,), dtype=float32
        >>> editor.resave_weights("new.weights.h5")
    """

    def __init__(self, filepath: Any) -> None:
        path = path_of(filepath, "read")
        if path is None or not path.endswith((".keras", ".weights.h5")):
            raise ValueError(
                explain(
                    "KerasFileEditor opens .keras and .weights.h5 files.",
                    got=f"filepath={filepath!r}",
                    expected="'name.keras' or 'name.weights.h5'",
                )
            )
        self.filepath = path
        self.metadata: Any = None
        self.config: Any = None
        self.model: Any = None
        self.object_metadata: dict[str, dict[str, str]] = {}
        self.weights_dict: Tree = {}
        with naming(path), opened(path, None) as file:
            weights = file
            if path.endswith(".keras"):
                archive = Archive(file)
                self.config = archive.json(keras_format.CONFIG)
                self.metadata = archive.json(keras_format.METADATA)
                weights = archive.open(keras_format.WEIGHTS)
            with H5Reader(weights) as reader:
                self._read(reader)
        _say(f"Keras model file {path!r}")
        if isinstance(self.metadata, dict):
            version, date = self.metadata.get("keras_version"), self.metadata.get("date_saved")
            _say(f"Saved with Keras {version} - date: {date}")

    def _read(self, reader: H5Reader) -> None:
        for path, item in reader.places():
            if isinstance(item, ValueError):
                raise item
            pieces = path.split("/")
            if item is None:
                name = reader.text(path, "name")
                if name is not None:
                    self.object_metadata[f"/{path}".removesuffix("/vars")] = {"name": name}
                if pieces[-1] != "vars":
                    self._at(pieces)
            elif isinstance(item, Dataset):
                self._at([piece for piece in pieces[:-1] if piece != "vars"])[pieces[-1]] = item.read()

    def _at(self, pieces: list[str]) -> Tree:
        here = self.weights_dict
        for piece in pieces:
            here = here.setdefault(piece, {})
        return here

    # --- look

    def summary(self) -> None:
        """Print what is in the file."""
        _say("Weights structure")
        for line in _lines(self.weights_dict, "  "):
            _say(line)

    def weights_summary(self) -> None:
        """Print what is in the file; the same as `summary`."""
        self.summary()

    def compare(self, reference_model: Any) -> dict[str, Any]:
        """Print what differs between the file and a model.

        Args:
            reference_model: The model.

        Returns:
            `status` (`"success"` or `"error"`), `error_count` (an object that is missing counts once, however many
            arrays it has) and `match_count` (arrays).
        """
        _say("Running comparison")
        mine = dict(_leaves(self.weights_dict))
        wanted: dict[str, tuple[int, ...]] = {}
        for path, part in walk(reference_model):
            store: dict[str, Any] = {}
            part.save_own_variables(store)
            wanted |= {f"{path}/{key}".lstrip("/"): np.shape(value) for key, value in store.items()}
        errors = matches = 0
        for (here, there), found, others in (
            (("reference model", "saved file"), wanted, mine),
            (("saved file", "reference model"), mine, wanted),
        ):
            missing = {_missing(path, others) for path in found if path not in others}
            for path in sorted(missing):
                kind = "Weight" if path in found else "Object"
                _say(f"...{kind} /{path} present in {here}, missing from {there}")
            errors += len(missing)
        for path in sorted({*mine} & {*wanted}):
            if mine[path].shape == wanted[path]:
                matches += 1
                continue
            errors += 1
            _say(
                f"...Weight shape mismatch for /{path}\n    In reference model: shape={wanted[path]}\n"
                f"    In saved file: shape={mine[path].shape}"
            )
        if errors:
            _say(f"Found {errors} error{'s' if errors > 1 else ''}: the file does not fit the reference model")
        else:
            _say(f"The file fits the reference model: {matches} matching weight{'s' if matches != 1 else ''}")
        return {"status": "error" if errors else "success", "error_count": errors, "match_count": matches}

    # --- edit

    def rename_object(self, object_name: str, new_name: str) -> None:
        """Rename an object.

        Args:
            object_name: Its name, or its path: `"layers/dense_2"`.
            new_name: The new name, without a path.

        Raises:
            ValueError: If there is no such object, more than one of that name, or one of the new name.
        """
        _check_name(new_name, "new_name")
        above, name = self._find(object_name)
        if new_name in above:
            raise ValueError(explain(f"there is a {new_name!r} already.", got=f"rename_object({object_name!r}, …)"))
        renamed = {new_name if key == name else key: value for key, value in above.items()}
        above.clear()
        above.update(renamed)

    def delete_object(self, object_name: str) -> None:
        """Delete an object with all below it.

        Args:
            object_name: Its name, or its path.

        Raises:
            ValueError: If there is no such object, or more than one of that name.
        """
        above, name = self._find(object_name)
        del above[name]

    def add_object(self, object_path: str, weights: dict[str, Any]) -> None:
        """Add an object.

        Args:
            object_path: Its path; what comes before the last `/` must be there.
            weights: From names, `"0"`, `"1"`, …, to arrays.

        Raises:
            ValueError: If its place is not there, or `weights` is no such dict.
        """
        above, _, name = object_path.rpartition("/")
        _check_name(name, "object_path")
        place = self.weights_dict
        for piece in filter(None, above.split("/")):
            if not isinstance(place.get(piece), dict):
                raise ValueError(explain(f"there is no {above!r} in the file.", got=f"add_object({object_path!r}, …)"))
            place = place[piece]
        place[name] = _checked_weights(weights)

    def delete_weight(self, object_name: str, weight_name: str) -> None:
        """Delete one array of an object.

        Args:
            object_name: The object's name, or its path.
            weight_name: The array's, such as `"0"`.

        Raises:
            ValueError: If there is no such object or array.
        """
        above, name = self._find(object_name)
        if not isinstance(above[name], dict) or weight_name not in above[name]:
            raise ValueError(
                explain(
                    f"{object_name!r} has no weight {weight_name!r}.",
                    got=f"delete_weight({object_name!r}, {weight_name!r})",
                    expected=", ".join(map(repr, above[name])) if isinstance(above[name], dict) else "an object",
                )
            )
        del above[name][weight_name]

    def add_weights(self, object_name: str, weights: dict[str, Any]) -> None:
        """Add arrays to an object, or replace some.

        Args:
            object_name: The object's name, or its path.
            weights: From names, `"0"`, `"1"`, …, to arrays.

        Raises:
            ValueError: If there is no such object, or `weights` is no such dict.
        """
        above, name = self._find(object_name)
        above[name].update(_checked_weights(weights))

    def save(self, filepath: Any) -> None:
        """Write what is there now; the file that was opened stays as it is unless it is named.

        Args:
            filepath: Path that ends in `.weights.h5`.

        Raises:
            ValueError: If the extension is another.
            OSError: If it cannot be written.
        """
        path = path_of(filepath, "write")
        if path is None or not path.endswith(".weights.h5"):
            raise ValueError(
                explain(
                    "the name of a weights file ends in .weights.h5.", got=repr(filepath), expected="'name.weights.h5'"
                )
            )
        groups: dict[str, tuple[str | None, dict[str, Any]]] = {}
        for leaf, value in _leaves(self.weights_dict):
            above, _, key = leaf.rpartition("/")
            group = f"{above}/vars".lstrip("/")
            name = self.object_metadata.get(above and f"/{above.lstrip('/')}", {}).get("name")
            groups.setdefault(group, (name, {}))[1][key] = value
        data = write_h5(groups)
        write_atomically(path, lambda file: file.write(data))

    def resave_weights(self, filepath: Any) -> None:
        """The same as `save`."""
        self.save(filepath)

    def _find(self, name: str) -> tuple[Tree, str]:
        """The dict that holds an object, and its key there."""
        if "/" in name:
            above, _, key = name.strip("/").rpartition("/")
            place: Any = self.weights_dict
            for piece in filter(None, above.split("/")):
                place = place.get(piece) if isinstance(place, dict) else None
            found = [place] if isinstance(place, dict) and key in place else []
        else:
            key = name
            found = [tree for _, tree in _objects(self.weights_dict) if key in tree]
        if len(found) != 1:
            trees = [tree for _, tree in _objects(self.weights_dict)]
            known = sorted({key for tree in trees for key, value in tree.items() if isinstance(value, dict)})
            raise ValueError(
                explain(
                    f"{name!r} is in the file more than once." if found else f"{name!r} is not in the file.",
                    got=repr(name),
                    expected="a path, 'layers/dense'" if found else ", ".join(known[:12]),
                    fix="pass the whole path" if found else did_you_mean(key, known) or "summary() shows what is there",
                )
            )
        return found[0], key


def _missing(path: str, others: Iterable[str]) -> str:
    """The outermost object on the way to an array that is not there, or the array."""
    pieces = path.split("/")
    for length in range(1, len(pieces)):
        above = "/".join(pieces[:length])
        if not any(other.startswith(f"{above}/") for other in others):
            return above
    return path


def _objects(tree: Tree, path: str = "") -> Iterator[tuple[str, Tree]]:
    yield path, tree
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _objects(value, f"{path}/{key}")


def _leaves(tree: Tree) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
    for path, found in _objects(tree):
        yield from ((f"{path}/{key}".lstrip("/"), v) for key, v in found.items() if not isinstance(v, dict))


def _lines(tree: Tree, indent: str) -> Iterator[str]:
    shown = [(key, value) for key, value in tree.items() if not isinstance(value, dict) or _has_leaves(value)]
    for i, (key, value) in enumerate(shown):
        last = i == len(shown) - 1
        corner, below = ("└─ ", "   ") if last else ("├─ ", "│  ")
        if isinstance(value, dict):
            yield f"{indent}{corner}{key}"
            yield from _lines(value, indent + below)
        else:
            yield f"{indent}{corner}{key}: shape={value.shape}, dtype={value.dtype}"


def _has_leaves(tree: Tree) -> bool:
    return next(_leaves(tree), None) is not None


def _checked_weights(weights: Any) -> Tree:
    if not isinstance(weights, dict):
        raise ValueError(
            explain("`weights` must be a dict.", got=repr(weights)[:80], expected='{"0": an array, "1": an array, …}')
        )
    for name in weights:
        _check_name(name, "weights")
    arrays = {name: np.asarray(value) for name, value in weights.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "fiub":
            raise ValueError(explain(f"the weight {name!r} is no array of numbers.", got=str(array.dtype)))
    return arrays


def _check_name(name: Any, argument: str) -> None:
    if not isinstance(name, str) or not name or "/" in name or "\0" in name or name in (".", "..", "vars"):
        raise ValueError(
            explain(f"bad name in `{argument}`.", got=repr(name)[:80], expected="a name without '/', such as 'dense_2'")
        )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
