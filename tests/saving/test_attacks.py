"""The published attacks on Keras's model files, each with a harmless canary, through every door a file comes in by.

What each did to Keras is said at its test. Here it gives one typed error (or a model in which nothing of it is left),
and nothing happens: no flag appears, and a watch on the interpreter sees nothing imported, opened, started,
connected to, or unpickled.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import marshal
import pickle
import socket
import sys
import tarfile
import types

import h5py
import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.cli import main as command_line
from babytf.registry import builtin_names, find_builtin
from babytf.saving import KerasFileEditor, load_model
from babytf.utils import get_file
from tests.saving import hostile
from tests.saving.hostile import DOORS, FAMILIES, call, function, functional, layer, sequential, tensor

DENSE = layer("Dense", units=3, name="y")


def assert_fails_well(error):
    message = str(error)
    assert 0 < len(message) < 4500, message
    assert not any(name in message for name in ("RecursionError", "MemoryError", "struct.error")), message


@pytest.fixture(scope="module")
def used(tmp_path_factory):
    """Every door was used once, and all that a file may name is imported, so that a door has nothing left to import."""
    hostile.import_what_a_file_may_name()
    hostile.unwatched.append(True)
    made = list(hostile.harmless(tmp_path_factory.mktemp("used")))
    hostile.unwatched.clear()
    return made


@pytest.fixture(params=DOORS)
def door(request, tmp_path, used):
    """A function from a configuration to what a door makes of it, `None` for an error."""

    def through(config):
        try:
            return DOORS[request.param](config, tmp_path)
        except FAMILIES as error:
            assert_fails_well(error)
            return None

    return through


def test_a_harmless_model_comes_through_every_door_and_does_none_of_it(used, tmp_path):
    for name, made in hostile.harmless(tmp_path):
        if isinstance(made, Exception):  # these weights are another model's
            assert any(text in str(made) for text in ("stored", "layers/", "number of layers")), (name, made)
            assert name.startswith(("keras", "h")), (name, made)
        else:
            assert made.count_params() == 27 or made.part.count_params() == 27, name


@pytest.fixture
def flag(tmp_path):
    """A file that must not appear."""
    path = tmp_path / "flag"
    yield path
    assert not path.exists()


def refused(door, config):
    assert door(config) is None, "it was loaded"


def test_the_canaries_sing(tmp_path, used):
    """What the tests below would see, if it happened."""
    flags = [tmp_path / name for name in "ab"]
    with hostile.watched() as seen:
        exec_of = types.FunctionType(marshal.loads(base64.b64decode(hostile.bytecode(flags[0]))), {"open": open})
        assert exec_of(3) == 3
        pickle.loads(base64.b64decode(hostile.pickled(flags[1]))).close()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", 9), 0.1)
        (tmp_path / "a").read_bytes()
    assert [flag.exists() for flag in flags] == [True, True]
    text = " ".join(seen)
    for event in ("marshal.loads", "pickle.find_class", "socket.connect", f"open {flags[0]} w", f"open {flags[0]} r"):
        assert event in text


# ------------------------------------------------------------------------------------ code in a file


def lambdas(flag):
    """`Lambda` layers with code, in all forms that any Keras has written."""
    code = hostile.bytecode(flag)
    stored = {"class_name": "__lambda__", "config": {"code": code, "defaults": None, "closure": None}}
    older = {"function_type": "lambda", "module": "m", "output_shape": None, "output_shape_type": "raw"}
    plain = layer("Lambda", function=stored, name="y", arguments={})
    return {
        "Keras 3": plain,
        "Keras 3, raw": layer("Lambda", function=code, name="y"),
        "Keras 2": layer("Lambda", function=[code, None, None], name="y", **older),
        "Keras 2, old": {"class_name": "Lambda", "config": {"function": [code, None, None], "name": "y", **older}},
        "as output_shape": layer("Lambda", function=function("relu"), output_shape=stored, name="y"),
        "as mask": layer("Lambda", function=function("relu"), mask=stored, name="y"),
        "as activation": layer("Dense", units=3, activation=stored, name="y"),
        "as initializer": layer("Dense", units=3, kernel_initializer=stored, name="y"),
        "below a list": layer("Dense", units=3, kernel_constraint=[{"deep": stored}], name="y"),
    }


@pytest.mark.parametrize("form", list(lambdas("x")))
def test_cve_2024_3660_2025_9905_2026_12481_code_of_a_lambda(door, flag, form):
    """Marshalled bytecode was run when a model was loaded.

    CVE-2024-3660: by Keras 2, always. CVE-2025-9905: from legacy `.h5`, where `safe_mode` was not looked at.
    CVE-2026-12481: by `from_config`, `layers.deserialize` and `clone_model`, outside of a scope of safe mode.
    """
    refused(door, sequential(lambdas(flag)[form]))


@pytest.mark.parametrize("form", ["Keras 3", "Keras 3, raw", "Keras 2"])
def test_cve_2026_12481_the_layer_alone(flag, form):
    """As above, by the layer's own class, which no loader is around."""
    described = lambdas(flag)[form]
    for make in (
        layers.Lambda.from_config,
        lambda config: layers.Lambda.from_config(config, custom_objects={"z": len}, safe_mode=False),
        lambda config: layers.Lambda.from_config(config=dict(config), safe_mode=True),
    ):
        with hostile.door_watched(), pytest.raises(FAMILIES):
            make(described["config"])
    with hostile.door_watched(), pytest.raises(FAMILIES):
        layers.deserialize(described, custom_objects={"z": len})


def test_the_code_of_a_lambda_is_not_run_even_when_it_is_asked_for(flag, tmp_path):
    """With `safe_mode=False` the caller's own function takes its place, and without one nothing does."""
    path = tmp_path / "m.keras"
    path.write_bytes(hostile.keras_file(sequential(lambdas(flag)["Keras 3"])))
    with pytest.raises(ValueError, match="never run"):
        load_model(path, safe_mode=False)
    model = load_model(path, safe_mode=False, custom_objects={"y": lambda x: x * 2})
    np.testing.assert_array_equal(model.predict(np.ones((1, 8), "float32"), verbose=0), 2 * np.ones((1, 8)))


def test_code_in_the_training_configuration(door, flag):
    """The same code as a loss, a metric, an optimizer or a schedule."""
    stored = lambdas(flag)["Keras 3"]["config"]["function"]
    for key in ("loss", "metrics", "weighted_metrics", "optimizer", "loss_weights"):
        compiled = {"optimizer": "adam", "loss": "mse", "metrics": None, key: [stored] if "metrics" in key else stored}
        door({**sequential(DENSE), "compile_config": compiled})


# -------------------------------------------------------------------- names of modules and functions


@pytest.fixture
def bad_module(tmp_path, monkeypatch, flag):
    """A module that, when it is imported, makes the flag; and one of its functions."""
    folder = tmp_path / "modules"
    folder.mkdir()
    (folder / "canary_of_keras_files.py").write_text(f"open({str(flag)!r}, 'w').close()\ndef run(*a, **k): pass\n")
    monkeypatch.syspath_prepend(str(folder))
    yield "canary_of_keras_files"
    assert "canary_of_keras_files" not in sys.modules


REACHED = [
    ("os", "system"),
    ("subprocess", "Popen"),
    ("builtins", "exec"),
    ("builtins", "open"),
    ("builtins", "__import__"),
    ("pickle", "loads"),
    ("babytf", "os"),
    ("babytf.serialization", "types"),
    ("keras.layers", "__class__"),
    ("keras.src.utils.file_utils", "shutil"),
    ("keras.src.saving.saving_lib", "zipfile"),
    (None, "os.system"),
    ("canary_of_keras_files", "run"),
    ("keras.canary_of_keras_files", "run"),
]


@pytest.mark.parametrize(("module", "name"), REACHED)
def test_cve_2025_1550_any_function_of_any_module(door, flag, bad_module, module, name):
    """`module` and `class_name` named any function, which was imported and called with arguments of the file."""
    command = f"touch {flag}"
    places = [
        functional(({**function(name, module), "name": "y"}, [call(command)])),
        functional(({**layer(name, module), "name": "y"}, [call(command, shell=True)])),
        sequential({**function(name, module)}),
        sequential(layer(name, module, args=[command], shell=True, command=command)),
        sequential(layer(name, module, f"{module}>{name}", command=command)),
        sequential(layer("Lambda", function=function(name, module), arguments={"command": command}, name="y")),
        sequential(layer("Dense", units=3, activation=function(name, module), name="y")),
        sequential(layer("Dense", units=3, activation=layer(name, module, command=command), name="y")),
        sequential(layer("Dense", units=3, kernel_initializer={"class_name": name, "module": module, "config": {}})),
    ]
    for config in places:
        refused(door, config)


SIDE_EFFECTS = [
    ("keras.utils", "get_file", {"fname": "x", "origin": "http://127.0.0.1:9/x", "extract": True}),
    ("keras.saving", "load_model", {"filepath": "/etc/passwd"}),
    ("keras.saving", "load_weights", {"filepath": "/etc/passwd"}),
    ("keras.utils", "set_random_seed", {"seed": 3}),
    ("keras.config", "set_floatx", {"value": "float64"}),
    ("keras.datasets.mnist", "load_data", {"path": "/etc/passwd"}),
    ("keras.models", "model_from_json", {"json_string": "{}"}),
    ("keras.saving", "register_keras_serializable", {}),
    ("keras.callbacks", "BackupAndRestore", {"backup_dir": "flag"}),
]


@pytest.mark.parametrize(("module", "name", "arguments"), SIDE_EFFECTS)
def test_cve_2025_8747_functions_of_the_library_that_do_something(door, flag, module, name, arguments):
    """Where only functions of Keras could be named: `get_file` downloads, and unpacks, whatever it is told to."""
    arguments = {key: str(flag) if value in ("flag", "/etc/passwd") else value for key, value in arguments.items()}
    for config in (
        sequential(layer("Lambda", function=function(name, module), arguments=arguments, name="y")),
        sequential(layer("Lambda", function=function(name), arguments=arguments, name="y")),
        sequential(layer(name, module, **arguments)),
        functional(({**function(name, module), "name": "y"}, [call(**arguments)])),
        sequential(layer("Dense", units=3, kernel_regularizer=layer(name, module, **arguments), name="y")),
    ):
        refused(door, config)
    assert babytf.config.floatx() == "float32"


def test_cve_2025_8747_no_name_in_the_table_does_anything_but_compute():
    """What a file can name at all: activations, losses, metrics, and classes of which a model is made."""
    for name in builtin_names():
        thing = find_builtin(None, name)
        if thing is None or isinstance(thing, type):  # no single thing, or a class, which from_config makes
            assert thing is None or hasattr(thing, "from_config"), name
            continue
        assert thing.__module__.split(".")[1] in ("activations", "losses", "metrics", "ops"), name


def test_cve_2025_9906_a_file_that_turns_the_guard_off_first(door, flag):
    """`enable_unsafe_deserialization`, called by the first layer of a file, let the second one run its code."""
    off = [function("enable_unsafe_deserialization", module) for module in ("keras.config", "babytf.config", None)]
    off.append(function("enable_unsafe_deserialization", "keras.src.backend.config"))
    bad = lambdas(flag)["Keras 3"]
    for switch in off:
        refused(door, sequential(switch, bad))
        refused(door, sequential(layer("Lambda", function=switch, name="z"), bad))
        refused(door, functional(({**switch, "name": "z"}, [call()]), (bad, [call(tensor("x"))])))


# ------------------------------------------------------------------------- paths and things in configs


@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "Embedding"])
def test_cve_2025_12058_a_vocabulary_that_is_a_path_or_an_address(door, tmp_path, name):
    """`StringLookup(vocabulary="/etc/passwd")` read the file into the model, or fetched the address."""
    secret = tmp_path / "secret.txt"
    secret.write_text("very\nsecret\nwords\n")
    for place in (str(secret), f"file://{secret}", "http://127.0.0.1:9/x", "gs://bucket/x"):
        for argument in ("vocabulary", "vocabulary_file", "idf_weights", "weights"):
            made = door(sequential(layer(name, name="y", **{argument: place})))
            if made is not None:
                assert "secret" not in json.dumps(made.get_config(), default=str).replace(str(secret), "")


@pytest.mark.parametrize("module", ["keras.layers", "keras.src.utils.torch_utils", None])
def test_cve_2025_49655_a_pickle_inside_of_a_layer(door, flag, module):
    """`TorchModuleWrapper` unpickled its configuration, in safe mode as well."""
    data = hostile.pickled(flag)
    for value in (data, {"class_name": "__bytes__", "config": {"value": data}}, base64.b64decode(data).hex()):
        refused(door, sequential(layer("TorchModuleWrapper", module, module=value, name="y")))
        refused(door, sequential(layer("FlaxLayer", module, module=value, variables=value, name="y")))


@pytest.mark.parametrize("name", ["TFSMLayer", "JaxLayer", "FlaxLayer"])
def test_cve_2026_1462_a_program_beside_the_file(door, tmp_path, name):
    """`TFSMLayer(filepath=…)` loaded a TensorFlow program from any path when the model was loaded."""
    program = tmp_path / "program"
    program.mkdir()
    (program / "saved_model.pb").write_bytes(b"\x08\x01")
    for module in ("keras.layers", "keras.src.export.tfsm_layer", None):
        config = {"filepath": str(program), "call_endpoint": "serve", "name": "y"}
        refused(door, sequential(layer(name, module, **config)))


NAMES = ["../../flag", "/flag", "..", "a/../../flag", "..\\..\\flag", "a\\b", ".", "a\0b"]


@pytest.mark.parametrize("name", NAMES)
def test_cve_2026_12479_layers_named_as_paths(door, tmp_path, name):
    """Assets and sharded weights were written under paths made of layers' names, `../` and all."""
    for config in (
        sequential(layer("Dense", units=3, name=name)),
        {**sequential(DENSE), "config": {**sequential(DENSE)["config"], "name": name}},
        functional(({**layer("Dense", units=3, name=name), "name": name}, [call(tensor("x"))]), output=name),
    ):
        refused(door, config)


def test_cve_2026_12479_what_is_saved_stays_where_it_is_saved(tmp_path):
    """Nothing is written under a name of a layer."""
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    model = babytf.Sequential([babytf.Input((3,)), layers.Dense(2, name="...")])
    before = set(tmp_path.rglob("*"))
    model.save(folder / "m.keras")
    model.save(folder / "m", zipped=False)
    model.save_weights(folder / "m.weights.h5")
    made = {str(path.relative_to(folder)) for path in set(tmp_path.rglob("*")) - before}
    members = {"config.json", "metadata.json", "model.weights.h5"}
    assert made == {"m.keras", "m", "m.weights.h5", *(f"m/{name}" for name in members)}


# ----------------------------------------------------------------------------------- arrays elsewhere


SECRET = np.arange(24, dtype="float32").reshape(8, 3) + 4242


def victim():
    model = babytf.Sequential([babytf.Input((8,)), layers.Dense(3, name="y")])
    model.compile("adam", "mse")
    return model


@pytest.fixture
def secret(tmp_path):
    """A file of numbers, and an HDF5 file, that another's model file points to."""
    (tmp_path / "secret.bin").write_bytes(SECRET.tobytes())
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["layers/dense/vars/0"] = SECRET
        file["layers/dense/vars/1"] = np.zeros(3, "float32")
        file["model_weights/y/y/kernel"] = SECRET
        file["model_weights/y/y/bias"] = np.zeros(3, "float32")
    return tmp_path


def external_link(group, name, secret, path):
    group[name] = h5py.ExternalLink(str(secret / "secret.h5"), path)


def soft_link(group, name, secret, path):
    group.file["elsewhere"] = SECRET
    group[name] = h5py.SoftLink("/elsewhere")


def external_storage(group, name, secret, path):
    group.create_dataset(name, SECRET.shape, "float32", external=[(str(secret / "secret.bin"), 0, SECRET.nbytes)])


def virtual_dataset(group, name, secret, path):
    layout = h5py.VirtualLayout(SECRET.shape, "float32")
    layout[:] = h5py.VirtualSource(str(secret / "secret.h5"), path, SECRET.shape)
    group.create_virtual_dataset(name, layout)


ELSEWHERE = [external_link, soft_link, external_storage, virtual_dataset]


def weights_file(change, *, legacy=False):
    """Weights for `victim`, of which `change(group, name, path)` makes the kernel."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        if legacy:
            file.attrs["layer_names"] = np.array([b"y"])
            group = file.create_group("y")
            group.attrs["weight_names"] = np.array([b"y/kernel", b"y/bias"])
            change(group.create_group("y"), "kernel", "/model_weights/y/y/kernel")
            group["y/bias"] = np.zeros(3, "float32")
        else:
            change(file.create_group("layers/dense/vars"), "0", "/layers/dense/vars/0")
            file["layers/dense/vars/1"] = np.zeros(3, "float32")
    return out.getvalue()


def state(model):
    return [v.numpy() for v in [*model.variables, *model.optimizer.variables]]


def loads_nothing(load, model):
    """The load fails in a typed way, and the model has the bits that it had."""
    before = state(model)
    with pytest.raises(FAMILIES) as caught:
        load()
    assert_fails_well(caught.value)
    for array, old in zip(state(model), before, strict=True):
        assert array.tobytes() == old.tobytes()


@pytest.mark.parametrize("way", ELSEWHERE, ids=lambda way: way.__name__)
@pytest.mark.parametrize("name", ["w.weights.h5", "m.keras", "w.h5"])
def test_cve_2026_1669_weights_that_lie_in_another_file(secret, way, name):
    """An HDF5 file that points to others gave a model their contents: any file that the process could read."""
    model = victim()
    data = weights_file(lambda group, key, path: way(group, key, secret, path), legacy=name == "w.h5")
    if name == "m.keras":
        data = hostile.keras_file(sequential(DENSE), data)
    (secret / name).write_bytes(data)
    loads_nothing(lambda: model.load_weights(secret / name), model)
    if name == "m.keras":
        with pytest.raises(FAMILIES, match="layers/dense/vars/0"):
            load_model(secret / name)


def whole_legacy_model(way, secret):
    """A whole model in the older format, of which the kernel lies elsewhere."""
    out = io.BytesIO(hostile.legacy_file(sequential(DENSE)))
    with h5py.File(out, "r+") as file:
        del file["model_weights"]
        file.create_group("model_weights").attrs["layer_names"] = np.array([b"y"])
        group = file.create_group("model_weights/y")
        group.attrs["weight_names"] = np.array([b"y/kernel", b"y/bias"])
        way(group.create_group("y"), "kernel", secret, "/model_weights/y/y/kernel")
        group["y/bias"] = np.zeros(3, "float32")
    return out.getvalue()


def through_editor(folder, data):
    (folder / "e.weights.h5").write_bytes(data)
    KerasFileEditor(folder / "e.weights.h5")


def through_editor_of_a_model(folder, data):
    (folder / "e.keras").write_bytes(hostile.keras_file(sequential(DENSE), data))
    KerasFileEditor(folder / "e.keras")


def through_a_set_of_files(folder, data):
    (folder / "s_00000.weights.h5").write_bytes(data)
    (folder / "s.weights.json").write_text(json.dumps({"weight_map": {"/layers/dense/vars": "s_00000.weights.h5"}}))
    victim().load_weights(folder / "s.weights.json")


def through_the_command_line(folder, data):
    (folder / "c.weights.h5").write_bytes(data)
    if command_line(["convert", str(folder / "c.weights.h5"), str(folder / "out.weights.h5")]):
        raise ValueError("refused")


def through_the_open_file(folder, data):
    victim().load_weights(io.BytesIO(data))


MORE_DOORS = [
    through_editor,
    through_editor_of_a_model,
    through_a_set_of_files,
    through_the_command_line,
    through_the_open_file,
]


@pytest.mark.parametrize("way", ELSEWHERE, ids=lambda way: way.__name__)
@pytest.mark.parametrize("through", MORE_DOORS, ids=lambda through: through.__name__)
def test_cve_2026_1669_by_the_other_doors(secret, way, through):
    data = weights_file(lambda group, key, path: way(group, key, secret, path))
    with pytest.raises(FAMILIES):
        through(secret, data)
    assert not (secret / "out.weights.h5").exists()


@pytest.mark.parametrize("way", ELSEWHERE, ids=lambda way: way.__name__)
def test_cve_2026_1669_by_a_whole_model_of_the_older_format(secret, way):
    (secret / "m.h5").write_bytes(whole_legacy_model(way, secret))
    with pytest.raises(FAMILIES, match="kernel"):
        load_model(secret / "m.h5")


@pytest.mark.parametrize("path", ["layers", "layers/dense", "layers/dense/vars", "optimizer", "model_weights", "y"])
@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5"])
def test_cve_2026_1669_a_group_that_lies_in_another_file(secret, path, name):
    """The same by a link in place of a group, which is followed before any array is looked at."""
    model = victim()
    whole = weights_file(lambda group, key, _: group.__setitem__(key, SECRET), legacy=name == "w.h5")
    out = io.BytesIO(whole)
    with h5py.File(out, "r+") as file:
        if path in file:
            del file[path]
        elif "layer_names" in file.attrs and path == "model_weights":
            del file.attrs["layer_names"]
        else:
            return  # a place that this kind of file does not have
        file[path] = h5py.ExternalLink(str(secret / "secret.h5"), f"/{path}")
    (secret / name).write_bytes(out.getvalue())
    loads_nothing(lambda: model.load_weights(secret / name), model)


# ------------------------------------------------------------------------------------------- archives


def tar(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type = kind
            if kind == tarfile.REGTYPE:
                info.size = len(content)
                file.addfile(info, io.BytesIO(content))
            else:
                info.linkname = content
                file.addfile(info)
    return out.getvalue()


def deep_links():
    """A way out of `realpath`: links through a path too long for the system to resolve (CVE-2025-4517 of Python)."""
    long, members, here = "d" * 247, [], ""
    for letter in "abcdefghijklmnop":
        members.append((here + long, tarfile.DIRTYPE, ""))
        members.append((here + letter, tarfile.SYMTYPE, long))
        here += f"{long}/"
    short = "/".join("abcdefghijklmnop")
    members.append((f"{short}/{'l' * 254}", tarfile.SYMTYPE, "../" * 16))
    members.append(("escape", tarfile.SYMTYPE, f"{short}/{'l' * 254}/../../.."))
    members.append(("escape/flag", tarfile.REGTYPE, b"x"))
    return members


ESCAPES = {
    "parent": [("../../flag", tarfile.REGTYPE, b"x")],
    "absolute": [("ABSOLUTE", tarfile.REGTYPE, b"x")],
    "link": [("out", tarfile.SYMTYPE, "../.."), ("out/flag", tarfile.REGTYPE, b"x")],
    "absolute link": [("out", tarfile.SYMTYPE, "ROOT"), ("out/flag", tarfile.REGTYPE, b"x")],
    "hard link": [("secret", tarfile.LNKTYPE, "../../secret.txt")],
    "hard link through a link": [
        ("in", tarfile.SYMTYPE, "."),
        ("out", tarfile.LNKTYPE, "in/../../../secret.txt"),
        ("out", tarfile.REGTYPE, b"x"),
    ],
    "long links": deep_links(),
    "device": [("device", tarfile.CHRTYPE, "")],
    "pipe": [("pipe", tarfile.FIFOTYPE, "")],
}


@pytest.mark.parametrize("escape", ESCAPES)
def test_cve_2025_12060_and_12638_archives_that_write_outside_of_their_folder(tmp_path, monkeypatch, flag, escape):
    """`get_file(…, extract=True)` unpacked members wherever their names, or links among them, led."""
    (tmp_path / "secret.txt").write_text("secret")
    members = [
        (str(flag) if name == "ABSOLUTE" else name, kind, str(tmp_path) if content == "ROOT" else content)
        for name, kind, content in ESCAPES[escape]
    ]
    cache = tmp_path / "cache" / "datasets"
    cache.mkdir(parents=True)
    (cache / "data.tar.gz").write_bytes(tar(("fine.txt", tarfile.REGTYPE, b"fine"), *members))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    with pytest.raises(FAMILIES):
        get_file("data.tar.gz", "http://127.0.0.1:9/data.tar.gz", extract=True, cache_dir=tmp_path / "cache")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]
