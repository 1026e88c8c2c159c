"""The older `.h5` format: there and back, in order and by name, and what does not fit."""

import json
import warnings
from pathlib import Path

import h5py
import numpy as np
import pytest

import babytf
from babytf import layers
from babytf.saving import load_model
from babytf.saving.hdf5 import H5Reader

RECORDED = Path(__file__).parents[1] / "data" / "recorded" / "keras2"
X = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
T = np.random.default_rng(1).normal(size=(12, 3)).astype("float32")


def make(optimizer="adam", loss="mse", metrics=("mae",), units=8):
    babytf.utils.set_random_seed(3)
    model = babytf.Sequential(
        [babytf.Input((5,)), layers.Dense(units, "relu", name="first"), layers.Dense(3, name="out")], name="net"
    )
    model.compile(optimizer, loss, metrics=list(metrics))
    return model


def trained(*args, **kwargs):
    model = make(*args, **kwargs)
    model.fit(X, T, batch_size=4, epochs=2, verbose=0, shuffle=False)
    return model


def graph():
    babytf.utils.set_random_seed(4)
    x = babytf.Input((5,), name="x")
    inner = babytf.Sequential([babytf.Input((5,)), layers.Dense(4, name="a"), layers.PReLU(name="b")], name="inner")
    frozen = layers.Dense(4, name="frozen", trainable=False)
    y = layers.Add(name="added")([inner(x), frozen(x)])
    model = babytf.Model(x, [layers.Dense(3, name="one")(y), babytf.ops.sum(y, axis=-1)], name="graph")
    model.compile("sgd", ["mse", "mse"])
    return model


def state(model):
    return [np.asarray(v) for v in [*model.variables, *model.optimizer.variables]]


def assert_same(got, expected):
    for g, e in zip(got, expected, strict=True):
        np.testing.assert_array_equal(g, e)


# --- there and back


@pytest.mark.parametrize(
    "optimizer",
    ["adam", "sgd", "lamb", "nadam", "adafactor", "ftrl", babytf.optimizers.SGD(0.05, momentum=0.9)],
    ids=str,
)
def test_training_goes_on_with_the_same_bits(tmp_path, optimizer):
    if not isinstance(optimizer, str):
        optimizer = type(optimizer).from_config(optimizer.get_config())
    model = trained(optimizer)
    model.save(tmp_path / "net.h5")
    again = load_model(tmp_path / "net.h5")
    assert_same(state(again), state(model))
    assert again.evaluate(X, T, verbose=0, return_dict=True) == model.evaluate(X, T, verbose=0, return_dict=True)
    for _ in range(3):
        assert again.train_on_batch(X, T) == model.train_on_batch(X, T)
    assert_same(state(again), state(model))


def test_names_of_metrics_and_losses_stay(tmp_path):
    model = trained(metrics=["mae", "accuracy", babytf.metrics.MeanSquaredError(name="own")])
    model.save(tmp_path / "net.h5")
    again = load_model(tmp_path / "net.h5")
    assert sorted(again.evaluate(X, T, verbose=0, return_dict=True)) == ["accuracy", "loss", "mae", "own"]
    with h5py.File(tmp_path / "net.h5") as file:
        assert json.loads(file.attrs["training_config"])["loss"] == "mean_squared_error"  # Keras reads no "mse" there


def test_saving_changes_nothing_in_the_model(tmp_path):
    model = trained()
    before = model.get_compile_config()
    model.save(tmp_path / "net.h5")
    assert model.get_compile_config() == before
    model.save(tmp_path / "net.keras")
    assert_same(state(load_model(tmp_path / "net.keras")), state(model))


def test_a_functional_model_with_a_nested_and_a_frozen_layer(tmp_path):
    model = graph()
    model.fit(X, [T, T[:, 0]], verbose=0)
    model.save(tmp_path / "graph.h5")
    again = load_model(tmp_path / "graph.h5")
    for got, expected in zip(again.predict(X, verbose=0), model.predict(X, verbose=0), strict=True):
        np.testing.assert_array_equal(got, expected)
    assert not again.get_layer("frozen").trainable
    assert_same(state(again), state(model))


def test_the_layout_is_that_of_keras(tmp_path):
    trained().save(tmp_path / "net.h5")
    with h5py.File(tmp_path / "net.h5") as file:
        assert sorted(file.attrs) == ["backend", "keras_version", "model_config", "training_config"]
        assert list(file["model_weights"].attrs["layer_names"]) == [b"first", b"out"]
        assert list(file["model_weights/first"].attrs["weight_names"]) == [b"net/first/kernel", b"net/first/bias"]
        assert file["model_weights/first/net/first/kernel"].shape == (5, 8)
        assert list(file["model_weights/top_level_model_weights"].attrs["weight_names"]) == []
        assert file["optimizer_weights"].attrs["weight_names"][0].endswith(b"/iteration")
        assert json.loads(file.attrs["model_config"])["class_name"] == "Sequential"


def test_without_compiling_and_without_the_optimizer(tmp_path):
    model = trained()
    model.save(tmp_path / "a.h5")
    assert not load_model(tmp_path / "a.h5", compile=False).compiled
    model.save(tmp_path / "b.h5", include_optimizer=False)
    with pytest.warns(UserWarning, match="how the model was compiled"):
        again = load_model(tmp_path / "b.h5")
    assert not again.compiled
    assert_same(again.get_weights(), model.get_weights())


def test_open_files(tmp_path):
    model = trained()
    model.save(tmp_path / "a.h5")
    with open(tmp_path / "a.h5", "rb") as file:
        assert_same(state(load_model(file)), state(model))


def test_long_lists_of_names_are_split(tmp_path):
    names = [f"{'layer' * 20}_{i}" for i in range(700)]  # 73 kB: more than one attribute holds
    babytf.utils.clear_session()
    model = babytf.Sequential([babytf.Input((2,)), *(layers.Activation("relu", name=name) for name in names)])
    model.save(tmp_path / "deep.h5")
    with h5py.File(tmp_path / "deep.h5") as file:
        assert {"layer_names0", "layer_names1"} <= set(file["model_weights"].attrs)
    with open(tmp_path / "deep.h5", "rb") as file, H5Reader(file) as reader:
        assert reader.names("model_weights", "layer_names") == names


# --- weights alone


def test_weights_alone_in_order_and_by_name(tmp_path):
    model = trained()
    model.save_weights(tmp_path / "w.h5")
    other = make()
    other.load_weights(tmp_path / "w.h5")
    assert_same(other.get_weights(), model.get_weights())
    part = babytf.Sequential([babytf.Input((8,)), layers.Dense(3, name="out"), layers.Dense(2, name="new")])
    new = part.get_layer("new").get_weights()
    part.load_weights(tmp_path / "w.h5", by_name=True)
    assert_same(part.get_layer("out").get_weights(), model.get_layer("out").get_weights())
    assert_same(part.get_layer("new").get_weights(), new)


def test_what_does_not_fit_changes_nothing(tmp_path):
    trained().save_weights(tmp_path / "w.h5")
    model = trained(units=9)
    before = state(model)
    with pytest.raises(ValueError, match=r"w.h5: first/net/first/kernel(.|\n)*\(5, 8\)(.|\n)*\(5, 9\)"):
        model.load_weights(tmp_path / "w.h5")
    assert_same(state(model), before)
    deeper = babytf.Sequential([babytf.Input((5,)), layers.Dense(8), layers.Dense(3), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"number of layers(.|\n)*got: *2: first, out(.|\n)*expected: 3"):
        deeper.load_weights(tmp_path / "w.h5")
    with pytest.warns(UserWarning, match="did not fit"):
        model.load_weights(tmp_path / "w.h5", skip_mismatch=True)


@pytest.mark.parametrize("change", ["weights", "attribute", "dataset", "link", "numbers"])
def test_damage_gives_one_typed_error(tmp_path, change):
    trained().save(tmp_path / "net.h5")
    with h5py.File(tmp_path / "net.h5", "r+") as file:
        if change == "weights":
            del file["model_weights/out"]
        elif change == "attribute":
            file.attrs["model_config"] = np.arange(3)
        elif change == "dataset":
            del file["model_weights/out/net/out/kernel"]
        elif change == "link":
            del file["model_weights/out"]
            file["model_weights/out"] = h5py.ExternalLink("other.h5", "/x")
        else:
            file["model_weights"].attrs["layer_names"] = np.arange(2)
    with pytest.raises(ValueError, match=r"net.h5: "):
        load_model(tmp_path / "net.h5")


def test_one_long_text_behind_many_names_is_refused(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["model_config"] = "x" * (1 << 20)
        file.attrs["layer_names"] = np.array(["y" * (1 << 19)] * 40, dtype=h5py.string_dtype())
    with pytest.raises(ValueError, match=r"texts of a length that names do not have|20971520 bytes"):
        make().load_weights(tmp_path / "w.h5")


def test_a_lambda_of_keras_2_is_refused_and_replaced_by_ones_own(tmp_path):
    model = babytf.Sequential([babytf.Input((5,)), layers.Activation("linear", name="f")])
    model.save(tmp_path / "net.h5")
    with h5py.File(tmp_path / "net.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        code = {"name": "f", "trainable": True, "dtype": "float32", "function": ["4wEAAAAA", None, None]}
        code |= {"function_type": "lambda", "module": "__main__", "output_shape": None, "output_shape_type": "raw"}
        code |= {"output_shape_module": None, "arguments": {}}
        config["config"]["layers"][1] = {"class_name": "Lambda", "config": code}
        file.attrs["model_config"] = json.dumps(config)
    with pytest.raises(ValueError, match=r"never run"):
        load_model(tmp_path / "net.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        again = load_model(tmp_path / "net.h5", custom_objects={"f": lambda x: 2 * x}, safe_mode=False)
    np.testing.assert_array_equal(again(X), 2 * X)


# --- files of Keras 2

FACTS = json.loads((RECORDED / "facts.json").read_text())
KX, KT = np.array(FACTS["x"], "float32"), np.array(FACTS["t"], "float32")


def assert_is_recorded(model, name):
    facts = FACTS["cases"][name]
    np.testing.assert_allclose(model.predict(KX, verbose=0), facts["predicted"], atol=2e-6)
    got = model.evaluate(KX, KT, verbose=0, return_dict=True)
    assert got == pytest.approx(facts["evaluated"], rel=1e-5)
    losses = [float(model.train_on_batch(KX, KT, return_dict=True)["loss"]) for _ in range(3)]
    np.testing.assert_allclose(losses, facts["losses"], rtol=1e-5)


@pytest.mark.parametrize("name", FACTS["cases"])
def test_files_of_keras_2_predict_and_train_on_as_there(name):
    assert_is_recorded(load_model(RECORDED / f"{name}.h5"), name)


def test_other_files_of_keras_2():
    assert_is_recorded(load_model(RECORDED / "graph_adam.keras"), "graph_adam")
    for weights in ("graph_weights.h5", "graph.weights.h5"):
        model = babytf.models.model_from_json((RECORDED / "graph.json").read_text())
        model.load_weights(RECORDED / weights)
        np.testing.assert_allclose(model.predict(KX, verbose=0), FACTS["cases"]["graph_adam"]["predicted"], atol=2e-6)


def test_operators_and_the_layers_of_their_names_are_told_apart(tmp_path):
    x = babytf.Input((3,))
    y = layers.Dense(3, name="dense")(x)
    z = layers.Multiply()([x + y, layers.Add()([x, y, y])])
    model = babytf.Model(x, babytf.ops.maximum(z, y) - x)
    model.save(tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        config = json.loads(file.attrs["model_config"])
        for entry in config["config"]["layers"]:
            entry.pop("module", None)  # as Keras writes them
        file.attrs["model_config"] = json.dumps(config)
    data = np.arange(6, dtype="float32").reshape(2, 3)
    again = load_model(tmp_path / "model.h5", compile=False)
    np.testing.assert_array_equal(again.predict(data), model.predict(data))
