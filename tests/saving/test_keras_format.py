"""Models to files and back; what happens when something does not fit."""

import io
import json
import os
import pathlib
import zipfile

import h5py
import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.saving import load_model, load_weights, save_model, save_weights
from babytf.saving.archive import write_zip

X = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
Y = np.random.default_rng(1).integers(0, 3, 12)


def make(optimizer="adam", **kwargs):
    babytf.utils.set_random_seed(3)
    model = babytf.Sequential(
        [
            babytf.Input((5,)),
            layers.Dense(8, "relu", kernel_regularizer="l2", name="first"),
            layers.Dropout(0.1),
            layers.Dense(3, name="out"),
        ],
        name="net",
    )
    loss = babytf.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], **kwargs)
    return model


def trained(optimizer="adam"):
    model = make(optimizer)
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0, shuffle=False)
    return model


def state(model):
    return [np.asarray(v) for v in [*model.variables, *model.optimizer.variables]]


def assert_same(got, expected):
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(g, e)


def rewritten(path, **members):
    """The file with some members changed by a function of their bytes."""
    with zipfile.ZipFile(path) as file:
        data = {name: file.read(name) for name in file.namelist()}
    for name, change in members.items():
        key = {"config": "config.json", "weights": "model.weights.h5", "metadata": "metadata.json"}[name]
        data[key] = change(data[key])
        if data[key] is None:
            del data[key]
    with open(path, "wb") as file:
        write_zip(file, data)
    return path


def config_changed(path, change):
    def edit(data):
        config = json.loads(data)
        change(config)
        return json.dumps(config).encode()

    return rewritten(path, config=edit)


def weights_changed(path, change):
    def edit(data):
        file = io.BytesIO(data)
        with h5py.File(file, "r+") as h5:
            change(h5)
        return file.getvalue()

    if path.suffix == ".keras":
        return rewritten(path, weights=edit)
    path.write_bytes(edit(path.read_bytes()))
    return path


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "net.keras"
    trained().save(path)
    return path


# --- there and back


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop", babytf.optimizers.SGD(0.05, momentum=0.9)])
def test_a_model_that_is_read_back_predicts_and_goes_on_training_with_the_same_bits(tmp_path, optimizer):
    if not isinstance(optimizer, str):
        optimizer = type(optimizer).from_config(optimizer.get_config())
    model = trained(optimizer)
    model.save(tmp_path / "net.keras")
    again = load_model(tmp_path / "net.keras")
    assert type(again) is babytf.Sequential
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert_same(state(again), state(model))
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert again.evaluate(X, Y, verbose=0) == model.evaluate(X, Y, verbose=0)
    for _ in range(3):
        babytf.utils.set_random_seed(8)
        for net in (model, again):
            net.layers[1].rate = 0.0
        assert again.train_on_batch(X, Y) == model.train_on_batch(X, Y)
    assert_same(state(again), state(model))


def test_save_is_a_method_that_takes_paths_and_files(tmp_path):
    model = trained()
    model.save(str(tmp_path / "a.keras"))
    buffer = io.BytesIO()
    save_model(model, buffer)
    buffer.seek(0)
    (tmp_path / "b.keras").write_bytes(buffer.getvalue())
    with open(tmp_path / "a.keras", "rb") as file:
        models = [
            load_model(file),
            load_model(buffer),
            load_model(tmp_path / "b.keras"),
            load_model(str(tmp_path / "a.keras")),
        ]
    for again in models:
        assert_same(state(again), state(model))


def test_what_is_written_is_laid_out_as_keras_lays_it_out(saved):
    with zipfile.ZipFile(saved) as file:
        assert file.namelist() == ["metadata.json", "config.json", "model.weights.h5"]
        metadata, config = (json.loads(file.read(name)) for name in file.namelist()[:2])
        weights = h5py.File(io.BytesIO(file.read("model.weights.h5")))
    assert sorted(metadata) == ["date_saved", "keras_version"]
    assert metadata["keras_version"].startswith("3.")
    assert (config["module"], config["class_name"], config["registered_name"]) == ("keras", "Sequential", None)
    first, dense = config["config"]["layers"][:2]
    assert first["class_name"] == "InputLayer"
    assert (dense["module"], dense["config"]["units"], dense["config"]["activation"]) == ("keras.layers", 8, "relu")
    assert dense["build_config"] == {"input_shape": [None, 5]}
    assert dense["config"]["dtype"]["config"] == {"name": "float32"}
    assert config["compile_config"]["optimizer"]["class_name"] == "Adam"
    assert config["compile_config"]["metrics"] == ["accuracy"]
    found = []
    weights.visititems(lambda name, item: found.append(name) if isinstance(item, h5py.Dataset) else None)
    assert sorted(found) == sorted(
        [f"layers/dense{n}/vars/{i}" for n in ("", "_1") for i in range(2)] + [f"optimizer/vars/{i}" for i in range(10)]
    )
    assert weights["layers/dense/vars"].attrs["name"] == "first"
    assert "layers/dropout/vars" in weights


def test_an_uncompiled_model_and_compile_false(tmp_path, saved):
    model = babytf.Sequential([babytf.Input((5,)), layers.Dense(2)])
    model.save(tmp_path / "plain.keras")
    again = load_model(tmp_path / "plain.keras")
    assert not again.compiled
    np.testing.assert_array_equal(again(X), model(X))
    assert not load_model(saved, compile=False).compiled


def test_a_model_compiled_and_never_trained(tmp_path):
    model = make()
    model.save(tmp_path / "net.keras")
    again = load_model(tmp_path / "net.keras")
    assert again.train_on_batch(X, Y)[0] > 0


def test_without_the_optimizer(tmp_path):
    model = trained()
    model.save(tmp_path / "net.keras", include_optimizer=False)
    again = load_model(tmp_path / "net.keras")
    assert int(again.optimizer.iterations) == 0
    assert_same(again.get_weights(), model.get_weights())


def test_a_directory(tmp_path):
    model = trained()
    model.save(tmp_path / "net", zipped=False)
    assert sorted(os.listdir(tmp_path / "net")) == ["config.json", "metadata.json", "model.weights.h5"]
    assert_same(state(load_model(tmp_path / "net")), state(model))
    with pytest.raises(ValueError, match=r"does not end in \.keras"):
        model.save(tmp_path / "net.keras", zipped=False)


@pytest.mark.parametrize("name", ["w.weights.h5", "w.keras"])
def test_weights_alone(tmp_path, name):
    model = trained()
    (model.save_weights if name.endswith("h5") else model.save)(tmp_path / name)
    other = make()
    other.train_on_batch(X[:2], Y[:2])
    other.load_weights(tmp_path / name)
    assert_same(state(other), state(model))


def test_weights_into_an_optimizer_that_has_not_begun(tmp_path):
    model = trained()
    model.save_weights(tmp_path / "w.weights.h5")
    other = make()
    other.load_weights(tmp_path / "w.weights.h5")
    assert_same(state(other), state(model))


def test_weights_through_files(tmp_path):
    model, buffer = trained(), io.BytesIO()
    save_weights(model, buffer)
    other = make()
    load_weights(other, buffer, objects_to_skip=[other.layers[2]])
    assert_same(other.layers[0].get_weights(), model.layers[0].get_weights())
    assert not np.array_equal(other.layers[2].get_weights()[0], model.layers[2].get_weights()[0])


# --- objects of a user's own


@babytf.saving.register_keras_serializable("tests")
class Scaled(layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.inner = layers.Dense(4, name="anything")
        self.blocks = [layers.Dense(3), {"deep": layers.Dense(3)}]

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")
        self.inner.build(input_shape)
        self.blocks[0].build((None, 4))
        self.blocks[1]["deep"].build((None, 3))

    def call(self, x):
        return self.blocks[1]["deep"](self.blocks[0](self.inner(x) * self.scale * self.factor))


def test_a_layer_of_ones_own_with_parts(tmp_path):
    model = babytf.Sequential([babytf.Input((5,)), Scaled(3.0), layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    assert again.layers[0].factor == 3.0
    np.testing.assert_array_equal(again(X), model(X))
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        weights = h5py.File(io.BytesIO(file.read("model.weights.h5")))
    part = weights["layers/scaled"]
    assert part["vars/0"].shape == (4,)
    assert part["inner/vars/0"].shape == (5, 4)
    assert part["blocks/dense/vars/0"].shape == (4, 3)
    assert part["blocks/container/dense/vars/0"].shape == (3, 3)


class Keeper(layers.Layer):
    """Saves its state in a way of its own."""

    def build(self, input_shape):
        self.w = self.add_weight(shape=(2,), initializer="ones", name="w")

    def call(self, x):
        return x * self.w[0]

    def save_own_variables(self, store):
        store["halves"] = self.w.numpy() / 2

    def load_own_variables(self, store):
        self.w.assign(store["halves"] * 2)


def test_state_saved_in_a_way_of_its_own(tmp_path):
    model = babytf.Sequential([babytf.Input((5,)), Keeper(), layers.Dense(2)])
    model.layers[0].w.assign([3.0, 5.0])
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", custom_objects={"Keeper": Keeper})
    np.testing.assert_array_equal(again.layers[0].w, [3.0, 5.0])
    before = [w.copy() for w in again.get_weights()]
    model.save_weights(tmp_path / "m.weights.h5")

    def rename(file):
        file.move("layers/keeper/vars/halves", "layers/keeper/vars/other")

    weights_changed(tmp_path / "m.weights.h5", rename)
    with pytest.raises(ValueError, match="'halves'"):
        again.load_weights(tmp_path / "m.weights.h5")
    assert_same(again.get_weights(), before)


def half(x):
    return x / 2


def test_functions_by_name(tmp_path):
    model = babytf.Sequential([babytf.Input((5,)), layers.Dense(3, half)])
    model.save(tmp_path / "m.keras")
    with pytest.raises(TypeError, match=r"m.keras: (.|\n)*unknown function 'half'(.|\n)*custom_objects"):
        load_model(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", custom_objects={"half": half})
    np.testing.assert_array_equal(again(X), model(X))


def test_a_lambda_needs_ones_own_copy_of_the_function(tmp_path):
    model = babytf.Sequential([babytf.Input((5,)), layers.Lambda(lambda x: x * 3, name="treble")])
    with pytest.warns(UserWarning, match="without its code"):
        model.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"(?s)Lambda 'treble' holds a function of a file.*never run.*safe_mode=False"):
        load_model(tmp_path / "m.keras")
    with pytest.raises(ValueError, match="never run"):
        load_model(tmp_path / "m.keras", safe_mode=False)
    again = load_model(tmp_path / "m.keras", custom_objects={"treble": lambda x: x * 3}, safe_mode=False)
    np.testing.assert_array_equal(again(X), model(X))


@babytf.saving.register_keras_serializable("tests")
def treble(x):
    return x * 3


def test_low_rank_adaptation_is_left_out_with_a_warning(tmp_path):
    """Keras writes the kernel with the product of the low-rank parts added, and the rank beside it."""
    model = babytf.Sequential([babytf.Input((5,)), layers.Dense(2, name="adapted")])
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        members = {name: file.read(name) for name in file.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["layers"][1]["config"] |= {"lora_rank": 2, "lora_alpha": 4}
    with open(tmp_path / "m.keras", "wb") as file:
        write_zip(file, {**members, "config.json": json.dumps(config).encode()})
    with pytest.warns(UserWarning, match=r"(?s)low-rank adaptation.*lora_rank of adapted"):
        again = load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again(X), model(X))


def test_a_page_in_place_of_a_file_is_told_as_what_it_is_not(tmp_path):
    for name, kind in (("m.h5", "HDF5 file"), ("m.keras", "zip file")):
        (tmp_path / name).write_bytes(b"<!DOCTYPE html><html>")
        with pytest.raises(ValueError, match=rf"(?s){name}: .*{kind}"):
            load_model(tmp_path / name)


@pytest.mark.parametrize("name", ["m.keras", "m.h5", "folder"])
@pytest.mark.parametrize("function", [treble, babytf.activations.relu])
def test_a_lambda_of_a_function_with_a_name_needs_safe_mode_false(tmp_path, name, function):
    model = babytf.Sequential([babytf.Input((5,)), layers.Lambda(function, name="l"), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.save(tmp_path / name, **({"zipped": False} if name == "folder" else {}))
    with pytest.raises(ValueError, match=r"(?s)Lambda 'l' holds a function of a file.*named.*safe_mode=False"):
        load_model(tmp_path / name)
    again = load_model(tmp_path / name, safe_mode=False)
    np.testing.assert_array_equal(again(X), model(X))


def test_a_lambda_of_a_function_that_is_not_known_is_refused_without_safe_mode_too(tmp_path):
    def own(x):
        return x * 3

    model = babytf.Sequential([babytf.Input((5,)), layers.Lambda(own, name="l")])
    model.save(tmp_path / "m.keras")
    with pytest.raises(TypeError, match=r"(?s)unknown function 'own'.*custom_objects"):
        load_model(tmp_path / "m.keras", safe_mode=False)
    again = load_model(tmp_path / "m.keras", safe_mode=False, custom_objects={"own": own})
    np.testing.assert_array_equal(again(X), model(X))


def test_a_lambda_by_the_doors_that_have_no_safe_mode(tmp_path):
    model = babytf.Sequential([babytf.Input((5,)), layers.Lambda(treble, name="l")])
    config = json.loads(model.to_json())
    for make in (
        lambda: babytf.models.model_from_json(model.to_json()),
        lambda: babytf.Sequential.from_config(config["config"]),
        lambda: layers.deserialize(config["config"]["layers"][1]),
    ):
        with pytest.raises(ValueError, match="holds a function of a file"):
            make()
    again = babytf.saving.deserialize_keras_object(config, safe_mode=False)
    np.testing.assert_array_equal(again(X), model(X))


# --- what does not fit changes nothing


def test_another_architecture(tmp_path):
    trained().save_weights(tmp_path / "w.weights.h5")
    other = babytf.Sequential([babytf.Input((5,)), layers.Dense(8), layers.Dense(4)])
    before = [w.copy() for w in other.get_weights()]
    with pytest.raises(
        ValueError,
        match=r"w.weights.h5: layers/dense_1/vars/0 does not fit 'kernel'(.|\n)*\(8, 3\)(.|\n)*\(8, 4\)(.|\n)*fix:",
    ):
        other.load_weights(tmp_path / "w.weights.h5")
    assert_same(other.get_weights(), before)
    with pytest.warns(UserWarning, match="1 part of the model did not fit"):
        other.load_weights(tmp_path / "w.weights.h5", skip_mismatch=True)
    assert not np.array_equal(other.get_weights()[0], before[0])
    np.testing.assert_array_equal(other.get_weights()[2], before[2])


@pytest.mark.parametrize("fraction", [0.0, 0.01, 0.3, 0.6, 0.9, 0.999])
@pytest.mark.parametrize("name", ["w.weights.h5", "w.keras"])
def test_files_cut_short(tmp_path, name, fraction):
    model = trained()
    path = tmp_path / name
    (model.save_weights if name.endswith("h5") else model.save)(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * fraction)])
    before = state(model)
    with pytest.raises(ValueError, match=name):
        model.load_weights(path)
    assert_same(state(model), before)


def test_a_missing_array(saved):
    def drop(file):
        del file["layers/dense_1/vars/1"]

    with pytest.raises(ValueError, match=r"net.keras: layers/dense_1/vars does not fit Dense 'out'"):
        load_model(weights_changed(saved, drop))


def test_a_missing_layer(saved):
    def drop(file):
        del file["layers/dense_1"]

    with pytest.raises(ValueError, match=r"Dense 'out'(.|\n)*no arrays there"):
        load_model(weights_changed(saved, drop))


def test_integers_where_floats_were(saved):
    def change(file):
        del file["optimizer/vars/0"]
        file["optimizer/vars/0"] = np.float32(1.5)

    with pytest.raises(ValueError, match="optimizer/vars/0 does not fit 'iteration'"):
        load_model(weights_changed(saved, change))


def test_the_state_of_another_optimizer_is_passed_over_with_a_warning(tmp_path):
    trained().save_weights(tmp_path / "w.weights.h5")
    other = trained("sgd")
    with pytest.warns(UserWarning, match=r"state of optimizer 'sgd\w*' was not loaded"):
        other.load_weights(tmp_path / "w.weights.h5")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda c: c.update(class_name="Sequentail"), r"unknown class 'Sequentail'(.|\n)*did you mean 'Sequential'"),
        (lambda c: c.update(module="os", class_name="system"), "unknown class 'system'"),
        (lambda c: c["config"]["layers"][1].update(class_name="Dence"), "did you mean 'Dense'"),
        (lambda c: c["config"]["layers"][1]["config"].update(units=-1), "units"),
        (lambda c: c["config"]["layers"][1]["config"].update(units=8.5), "units"),
        (lambda c: c["config"]["layers"][1]["config"].update(units=None), "units"),
        (lambda c: c["config"]["layers"][1]["config"].update(surprise=3), "surprise"),
        (lambda c: c["config"]["layers"][1].update(config=None), "units"),
        (lambda c: c["config"].update(layers=None), "net.keras"),
        (lambda c: c["config"].update(layers=[1, 2]), "net.keras"),
        (lambda c: c["config"]["layers"][0]["config"].update(batch_shape="x"), "net.keras"),
        (lambda c: c["compile_config"].update(loss="mean_squared_eror"), "did you mean 'mean_squared_error'"),
        (lambda c: c["compile_config"].update(surprise=1), "surprise"),
        (lambda c: c.pop("config"), "does not describe a model"),
    ],
)
def test_a_changed_configuration_is_one_typed_error(saved, change, match):
    with pytest.raises((ValueError, TypeError), match=match) as caught:
        load_model(config_changed(saved, change))
    assert str(caught.value).startswith("net.keras: ")


@pytest.mark.parametrize("units", [10**12, 10**9, 10**7])
def test_a_layer_larger_than_the_file_takes_no_memory(saved, units):
    def enlarge(config):
        config["config"]["layers"][1]["config"]["units"] = units

    with pytest.raises(ValueError, match="larger than the file it comes from"):
        load_model(config_changed(saved, enlarge))


def test_a_configuration_that_is_another_object(saved):
    def change(config):
        config.clear()
        config.update(babytf.layers.serialize(layers.Dense(3)))

    with pytest.raises(ValueError, match="does not describe a model"):
        load_model(config_changed(saved, change))


def test_metadata_is_not_depended_on(saved):
    load_model(rewritten(saved, metadata=lambda data: None))


# --- paths


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("m", r"ends in .keras(.|\n)*use '.*m.keras'"),
        ("m.weights.h5", "save_weights"),
        ("m.pt", r"use '.*m.keras'"),
    ],
)
def test_other_extensions(tmp_path, name, match):
    for action in (make().save, load_model):
        with pytest.raises(ValueError, match=match):
            action(tmp_path / name)


def test_other_extensions_of_weights(tmp_path):
    with pytest.raises(ValueError, match=r"use '.*w.weights.h5'"):
        make().save_weights(tmp_path / "w.npz")
    with pytest.raises(ValueError, match="not the name of a weights file"):
        make().load_weights(tmp_path / "w.npz")


@pytest.mark.parametrize("what", [3, None, io.StringIO()])
def test_what_is_no_path(what):
    for action in (make().save, load_model, make().save_weights, make().load_weights):
        with pytest.raises(TypeError, match="not a path"):
            action(what)


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no file .*x.keras"):
        load_model(tmp_path / "x.keras")
    with pytest.raises(FileNotFoundError, match=r"no file .*x.weights.h5"):
        make().load_weights(tmp_path / "x.weights.h5")


def test_arguments_that_are_not_taken(tmp_path):
    model = make()
    for action in (model.save, model.save_weights):
        with pytest.raises((ValueError, TypeError), match="surprise"):
            action(tmp_path / "x.keras", surprise=1)
    model.save_weights(tmp_path / "x.weights.h5")
    with pytest.raises(ValueError, match="by_name"):
        model.load_weights(tmp_path / "x.weights.h5", by_name=True)


def test_overwriting(saved, monkeypatch):
    model, before = make(), saved.read_bytes()
    with pytest.raises(FileExistsError, match="there already"):
        model.save(saved, overwrite=False)
    monkeypatch.setattr("sys.stdin", type("Terminal", (), {"isatty": lambda self: True})())
    monkeypatch.setattr("builtins.input", lambda question: "n")
    model.save(saved, overwrite=False)
    assert saved.read_bytes() == before
    monkeypatch.setattr("builtins.input", lambda question: "y")
    model.save(saved, overwrite=False)
    assert saved.read_bytes() != before


def test_a_model_that_cannot_be_written_leaves_the_old_file(saved):
    class Odd(layers.Layer):
        def get_config(self):
            return {**super().get_config(), "value": float("nan")}

    before = saved.read_bytes()
    model = babytf.Sequential([babytf.Input((5,)), Odd()])
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        model.save(saved)
    assert saved.read_bytes() == before
    assert [p.name for p in pathlib.Path(saved).parent.iterdir()] == ["net.keras"]


def test_a_model_that_is_not_built(tmp_path):
    model = babytf.Sequential([layers.Dense(2)])
    with pytest.raises(ValueError, match="not built"):
        model.save_weights(tmp_path / "x.weights.h5")
    with pytest.raises(ValueError, match="not built"):
        model.load_weights(tmp_path / "x.weights.h5")
    with pytest.warns(UserWarning, match="before it was built"):
        model.save(tmp_path / "x.keras")
    assert load_model(tmp_path / "x.keras")(X).shape == (12, 2)


@babytf.saving.register_keras_serializable("tests")
def squared(y_true, y_pred):
    return babytf.ops.mean(babytf.ops.square(y_true - y_pred), axis=-1)


def test_functions_given_to_compile(tmp_path):
    model = babytf.Sequential([babytf.Input((5,)), layers.Dense(2), layers.Lambda(babytf.activations.relu)])
    model.compile("sgd", squared, metrics=[babytf.metrics.mean_absolute_error, squared])
    y = np.ones((12, 2), "float32")
    model.fit(X, y, verbose=0)
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", safe_mode=False)  # for the Lambda; functions given to compile need none
    assert again.evaluate(X, y, verbose=0, return_dict=True) == model.evaluate(X, y, verbose=0, return_dict=True)


class Gate(babytf.Model):
    """Has the same layer under two names, and a part that is made when it is built."""

    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.gate = layers.Dense(units, "sigmoid")
        self.again = self.gate
        self.last = layers.Dense(2)

    def call(self, x):
        return self.last(self.gate(x) * self.again(x))


def test_a_model_of_ones_own(tmp_path):
    model = Gate(units=4)
    model.compile("adam", "mse")
    model.fit(X, np.ones((12, 2), "float32"), verbose=0)
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras", custom_objects={"Gate": Gate})
    assert again.gate is again.again
    assert_same(state(again), state(model))
    with zipfile.ZipFile(tmp_path / "m.keras") as file:
        weights = h5py.File(io.BytesIO(file.read("model.weights.h5")))
    # Attributes in sorted order: `again` comes before `gate`, and each part is stored once.
    assert sorted(weights) == ["again", "last", "optimizer", "vars"]
