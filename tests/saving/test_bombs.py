"""Files made to break a reader: each gives one typed error, soon, in little memory, and changes nothing.

CVE-2026-0897 is among them: an array in a `.keras` file that declares a shape of terabytes.

One process of its own (`measured_load.py`) loads them all, by `load_model` and by `load_weights`, and has the editor
and the command line look at them.
"""

from __future__ import annotations

import io
import json
import stat
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from babytf.saving import load_model
from tests.saving import hostile
from tests.saving.hostile import keras_file, layer, legacy_file, sequential

ROOT = Path(__file__).parents[2]
SECONDS = 1.5  # of processor time; a second, and a margin for a busy machine
MEGABYTES = 300

DENSE = layer("Dense", units=3, name="y")
CONFIG = sequential(DENSE)
KERNEL, BIAS = np.ones((8, 3), "float32"), np.zeros(3, "float32")

# ------------------------------------------------------------------------------------------------ zip


def plain_members():
    with zipfile.ZipFile(io.BytesIO(keras_file(CONFIG, weights(lambda group: None)))) as file:
        return [(name, file.read(name)) for name in file.namelist()]


def zipped(members, method=zipfile.ZIP_STORED, change=None):
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as file:
        warnings.simplefilter("ignore")  # of names that occur twice
        for name, data in members:
            file.writestr(name, data)
    data = bytearray(out.getvalue())
    if change is not None:
        change(data)
    return bytes(data)


def entry(data, name):
    """Where the entry of a member is, in the table of contents."""
    return data.rindex(name) - 46


def encrypted(data):
    data[entry(data, b"model.weights.h5") + 8] |= 1


def overlapping(data):
    at = entry(data, b"model.weights.h5") + 42
    data[at : at + 4] = struct.pack("<L", 10)


def wrong_checksum(data):
    data[data.index(b"\x89HDF") + 2000] ^= 1


def unknown_method(data):
    at = entry(data, b"config.json") + 10
    data[at : at + 2] = struct.pack("<H", 99)


def smaller_than_it_is(data):
    at = entry(data, b"config.json") + 24
    data[at : at + 4] = struct.pack("<L", 10)


def larger_than_it_is(data):
    at = entry(data, b"model.weights.h5") + 20
    data[at : at + 8] = struct.pack("<LL", 1 << 31, 1 << 31)


def directory_elsewhere(data):
    end = data.rindex(b"PK\x05\x06")
    data[end + 16 : end + 20] = struct.pack("<L", 1 << 30)


def linked(name):
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def zips():
    usual = plain_members()
    first, config, heavy = usual
    nothing = b"\0" * (16 << 20)
    yield "twice", zipped([*usual, config])
    yield "twice, another case of weights", zipped([first, config, heavy, ("model.weights.h5", b"")])
    for change in (encrypted, overlapping, wrong_checksum, unknown_method, smaller_than_it_is, larger_than_it_is):
        yield change.__name__.replace("_", " "), zipped(usual, change=change)
    yield "directory elsewhere", zipped(usual, change=directory_elsewhere)
    yield "link", zipped([first, config, (linked("model.weights.h5"), b"/etc/passwd")])
    yield "absolute path", zipped([*usual, ("/etc/cron.d/x", b"x")])
    yield "parent path", zipped([*usual, ("../x", b"x")])
    yield "bzip2", zipped(usual, zipfile.ZIP_BZIP2)
    yield "lzma", zipped(usual, zipfile.ZIP_LZMA)
    yield "many members", zipped([*usual, *((f"{i}", b"") for i in range(5000))])
    yield "config bomb", zipped([first, ("config.json", b" " * (100 << 20)), heavy], zipfile.ZIP_DEFLATED)
    yield "weights bomb", zipped([first, config, ("model.weights.h5", nothing * 8)], zipfile.ZIP_DEFLATED)
    yield "weights missing", zipped([first, config])
    yield "config missing", zipped([first, heavy])
    yield "weights as npz", zipped([first, config, ("model.weights.npz", heavy[1])])
    yield "a zip of a zip", zipped([first, config, ("model.weights.h5", zipped(usual))])
    yield "nothing", b""
    yield "something else", b"\x7fELF" + b"\0" * 4096


# ----------------------------------------------------------------------------------------------- JSON


def texts():
    """Configurations as text, wrong as JSON."""
    good = json.dumps(CONFIG)
    for name, opening in (("lists", "["), ("objects", '{"a":'), ("objects in lists", '[{"a":')):
        yield f"{name} 100,000 deep", opening * 100_000
        yield f"{name} 100,000 deep in the configuration", good.replace('"units": 3', f'"units": {opening * 100_000}')
    yield "strings not closed", '"' + '\\"' * 2_000_000
    for number in ("NaN", "Infinity", "-Infinity", "1e999", "9" * 5000, "1" + "0" * 400 + ".5"):
        yield f"number {number[:9]}", good.replace('"units": 3', f'"units": {number}')
    yield "a key twice", good.replace('"units": 3', '"units": 3, "units": 4')
    yield "too large", good + " " * (17 << 20)
    yield "not UTF-8", "\xff\xfe" + good
    yield "lone surrogate", good.replace('"y"', '"\\ud800"')
    for value in (True, False, 3.5, "3", -1, 0, None, [3], {"a": 3}, 10**12, 10**30, 2**63, 1e300):
        yield f"units {value!r}"[:20], json.dumps(sequential(layer("Dense", units=value, name="y")))
    for size in (10**12, 2**63, 10**30, -1, True, "8", 8.0, [8], {}):
        config = json.loads(good)
        config["config"]["layers"][0]["config"]["batch_shape"][1] = size
        yield f"features {size!r}"[:20], json.dumps(config)
    yield (
        "same name twice",
        json.dumps(sequential(layer("Dense", units=3, name="a"), layer("Dense", units=3, name="a"))),
    )


def configs():
    """Configurations that are JSON, and ask for too much; what a file holds bounds them."""
    yield "large from small", sequential(layer("RepeatVector", n=10**12), layer("Flatten"), layer("Dense", units=3))
    yield "10^5 by 10^5", sequential(layer("Dense", units=10**5), layer("Dense", units=10**5))
    yield "many of middling size", sequential(*(layer("Dense", units=1000, name=f"d{i}") for i in range(200)))
    for class_name, more in (
        ("AUC", {"num_thresholds": 10**9}),
        ("AUC", {"num_thresholds": 10**4, "multi_label": True, "num_labels": 10**6}),
        ("PrecisionAtRecall", {"recall": 0.5, "num_thresholds": 10**9}),
        ("MeanIoU", {"num_classes": 10**6}),
        ("MeanIoU", {"num_classes": 10**4}),
    ):
        compiled = {"optimizer": "adam", "loss": "mse", "metrics": [layer(class_name, "keras.metrics", **more)]}
        yield f"{class_name} {next(iter(reversed(more.values())))}", {**CONFIG, "compile_config": compiled}
    deep = DENSE
    for i in range(20):
        deep = {**sequential(deep), "config": {**sequential(deep)["config"], "name": f"n{i}"}}
    yield "models 20 deep", deep


# ----------------------------------------------------------------------------------------------- HDF5


def weights(change):
    """Weights of a Dense layer, changed."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        group = file.create_group("layers/dense/vars")
        group["0"], group["1"] = KERNEL, BIAS
        file.create_group("optimizer/vars")
        change(group)
    return out.getvalue()


def replaced(make):
    def change(group):
        del group["0"]
        make(group)

    return weights(change)


def typed(dtype, shape=(8, 3)):
    return replaced(lambda group: group.create_dataset("0", shape, dtype))


def filtered(number):
    def make(group):
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_chunk((8, 3))
        plist.set_filter(number, h5py.h5z.FLAG_OPTIONAL, (1, 2, 3, 4))
        space = h5py.h5s.create_simple((8, 3))
        h5py.h5d.create(group.id, b"0", h5py.h5t.NATIVE_FLOAT, space, plist)

    return replaced(make)


def deflated_zeros(group):
    """A gigabyte of zeros in a few hundred kilobytes."""
    chunk = zlib.compress(b"\0" * (32 << 20), 9)
    data = group.create_dataset("0", (1 << 28,), "float32", chunks=(8 << 20,), compression="gzip")
    for i in range(32):
        data.id.write_direct_chunk((i * (8 << 20),), chunk)


def nested(depth):
    def change(group):
        for _ in range(depth):
            group = group.create_group("g")

    return weights(change)


def null_space(group):
    group["0"] = h5py.Empty("float32")


def text_attribute(value):
    return weights(lambda group: group.attrs.__setitem__("dtype", value))


def hdf5():
    for kind in ("complex64", "S8", "V8", h5py.ref_dtype, h5py.regionref_dtype, h5py.string_dtype()):
        yield f"dtype {str(kind)[:12]} {h5py.check_ref_dtype(np.dtype(kind))}", typed(kind)
    yield "dtype compound", typed(np.dtype([("a", "f4"), ("b", "i4")]))
    yield "dtype array", typed(np.dtype(("f4", (1000,))))
    yield "dtype ragged", typed(h5py.vlen_dtype("f4"))
    yield "dtype opaque", typed(h5py.opaque_dtype("M8[s]"))
    yield "null", replaced(null_space)
    yield "shape (10^6)^3", replaced(lambda g: g.create_dataset("0", (10**6,) * 3, "float32", chunks=(64, 64, 64)))
    yield "shape 10^12", replaced(lambda g: g.create_dataset("0", (10**12,), "float32"))
    yield "shape 2^30 by 8", replaced(lambda g: g.create_dataset("0", (8, 1 << 30), "float64", chunks=(8, 1024)))
    yield "deflated zeros", replaced(deflated_zeros)
    yield "another shape", typed("float32", (8, 4))
    yield "one axis more", typed("float32", (8, 3, 1))
    yield "32 axes", typed("float32", (1,) * 32)
    for number in (4, 5, 6, 32000, 32001, 32015, 40000):  # szip, nbit, scaleoffset, lzf, blosc, zstd, no one's
        yield f"filter {number}", filtered(number)
    yield "groups 3,000 deep", nested(3000)
    yield "a group for an array", replaced(lambda group: group.create_group("0"))
    yield "a datatype for an array", replaced(lambda group: group.__setitem__("0", np.dtype("float32")))
    yield "link to itself", replaced(lambda group: group.__setitem__("0", h5py.SoftLink("/layers/dense/vars/0")))
    yield "group in itself", replaced(lambda group: group.__setitem__("0", group))
    yield "missing", replaced(lambda group: None)
    yield "one too many", weights(lambda group: group.create_dataset("2", (3,), "float32"))
    whole = weights(lambda group: None)
    for part in (0, 1, 8, 100, 500, len(whole) // 2, len(whole) - 1):
        yield f"cut at {part}", whole[:part]
    yield "doubled size", whole[:40] + struct.pack("<Q", 1 << 60) + whole[48:]


def legacy():
    """Legacy files with odd attributes."""
    odd = {
        "a number": 3,
        "floats": np.zeros(3),
        "two texts": np.array([b"{}", b"{}"]),
        "a million texts": None,
        "empty": h5py.Empty("S1"),
        "not text": np.void(b"\0\1\2"),
        "no object": "[]",
        "a text": '"x"',
        "null": "null",
    }
    for name, value in odd.items():
        for attribute in ("model_config", "training_config"):
            out = io.BytesIO(hostile.LEGACY)
            with h5py.File(out, "r+") as file:
                del file.attrs[attribute]
                if value is not None:
                    file.attrs[attribute] = value
                else:
                    file.attrs.create(attribute, np.full(10**4, b"{}"), dtype="S2")
            yield f"{attribute} {name}", out.getvalue()
    for name, value in {
        "layer_names": np.array([b"../x", b"/", b".."]),
        "weight_names": np.array([b"/model_weights/dense/x", b"../../x"]),
    }.items():
        out = io.BytesIO(hostile.LEGACY)
        with h5py.File(out, "r+") as file:
            group = file["model_weights"] if name == "layer_names" else file["model_weights/dense"]
            group.attrs[name] = value
        yield name, out.getvalue()


# -------------------------------------------------------------------------------------------- the lot


def cases():
    """Names of files, the door they come in by, and their bytes."""
    for name, data in zips():
        yield f"zip, {name}", "model", "keras", data
        if name not in ("config bomb", "config missing", "twice, another case of weights"):
            yield f"zip, {name}", "weights", "keras", data
    for name, text in texts():
        data = text.encode("latin-1") if name == "not UTF-8" else text.encode()
        yield f"JSON, {name}", "model", "keras", keras_file(data)
        yield f"JSON, {name}", "model", "h5", legacy_file(data) if len(data) < 1 << 20 else None
        if name != "not UTF-8":
            yield f"JSON, {name}", "json", "json", data
    for name, config in configs():
        yield f"config, {name}", "model", "keras", keras_file(config)
        yield f"config, {name}", "model", "h5", legacy_file(config)
    for name, data in hdf5():
        yield f"HDF5, {name}", "weights", "weights.h5", data
        yield f"HDF5, {name}", "weights", "keras", keras_file(CONFIG, data)
        yield f"HDF5, {name}", "model", "keras", keras_file(CONFIG, data)
    for name, data in legacy():
        yield f"legacy, {name}", "model", "h5", data


def lookers():
    """Most of them once more, for what looks into a file and makes no model: the editor, and the command line."""
    for name, door, extension, data in cases():
        if data is not None and extension != "json" and (door == "model" or extension == "weights.h5"):
            yield name, "editor", extension, data
            yield name, "inspect", extension, data


def larger_than_the_memory():
    """Layers with nothing beside them that says how large they may be, by every door."""
    for units in (10**11, 10**12, 2**62):
        config = sequential(layer("Dense", units=units, name="y"))
        for door in ("json", "deserialize", "from_config", "clone"):
            yield f"units {units}, {door}", door, "json", json.dumps(config).encode()
        for door in ("inspect", "convert", "predict"):
            yield f"units {units}, {door}", door, "keras", keras_file(config)
            yield f"units {units}, {door}", door, "h5", legacy_file(config)


# What stands where it does no harm: a name that no file can hold, and a training configuration that is none.
LOADED = {
    ("JSON, lone surrogate", "json"),
    ("legacy, training_config null", "model"),
    ("legacy, training_config no object", "model"),
    ("legacy, training_config a text", "model"),
}


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bombs")
    (folder / "good.keras").write_bytes(keras_file(CONFIG, weights(lambda group: None)))
    (folder / "good.weights.h5").write_bytes(weights(lambda group: None))
    names, lines = {}, []
    for i, (name, door, extension, data) in enumerate((*cases(), *lookers(), *larger_than_the_memory())):
        if data is not None:
            path = folder / f"{i}.{extension}"
            path.write_bytes(data)
            names[str(path)] = (f"{name} by {extension}", door)
            lines.append(json.dumps([str(path), door]))
    command = [sys.executable, "-m", "tests.saving.measured_load", "good.keras", "good.weights.h5"]
    command[3:] = [str(folder / name) for name in command[3:]]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, cwd=ROOT, check=False)
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, (names.get(json.loads(lines[len(found)])[0]), done.stderr[-3000:])
    return {names[each["path"]]: each for each in found}


def test_hostile_files(results):
    assert len(results) > 250
    wrong = {}
    for (name, door), found in results.items():
        message = found["message"]
        looked = door in ("editor", "inspect") and found["error"] is None
        loaded = looked or (name.rpartition(" by ")[0], door) in LOADED
        problems = [
            not loaded and not found["family"] and f"{found['error']}: {message[:200]}",
            found["seconds"] > SECONDS and f"{found['seconds']:.2f} s",
            found["megabytes"] > MEGABYTES and f"{found['megabytes']:.0f} MB",
            found["unchanged"] is False and "changed the model",
            len(message) > 3000 and f"{len(message)} letters",
            not loaded
            and door in ("model", "weights")
            and not message.startswith(Path(found["path"]).name)
            and f"{message[:99]!r}",
            any(word in message for word in ("RecursionError", "struct.error")) and message[:200],
        ]
        if any(problems):
            wrong[name, door] = [problem for problem in problems if problem]
    assert wrong == {}, "\n".join(f"{key}: {value}" for key, value in wrong.items())


def test_the_harmless_file_is_harmless(results, tmp_path):
    """So that it is for the bombs, and not for the rest of the file, that they are refused."""
    path = tmp_path / "m.keras"
    path.write_bytes(keras_file(CONFIG, weights(lambda group: None)))
    np.testing.assert_array_equal(load_model(path).get_weights()[0], KERNEL)


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f8", ">f8", "<f2", ">i4", "u1", "?"])
def test_values_of_any_byte_order_and_size_load(tmp_path, dtype):
    values = (np.arange(24).reshape(8, 3) % 5).astype(dtype)
    path = tmp_path / "m.keras"
    path.write_bytes(keras_file(CONFIG, replaced(lambda group: group.__setitem__("0", values))))
    np.testing.assert_array_equal(load_model(path).get_weights()[0], values.astype("float32"))


def test_values_that_are_not_finite_load(tmp_path):
    values = np.full((8, 3), np.nan, "float32")
    values[0], values[1] = np.inf, -np.inf
    path = tmp_path / "m.keras"
    path.write_bytes(keras_file(CONFIG, replaced(lambda group: group.__setitem__("0", values))))
    np.testing.assert_array_equal(load_model(path).get_weights()[0], values)
