"""Configurations of Keras 2 in the form of Keras 3; the expected ones are written by hand."""

import copy

from babytf.saving.keras2 import outputs_of, upgrade_model, upgrade_optimizer, upgrade_training


def tensor(*history):
    return {"class_name": "__keras_tensor__", "config": {"shape": None, "dtype": None, "keras_history": list(history)}}


def layer(class_name, **config):
    return {"class_name": class_name, "config": {"dtype": "float32", **config}}


def upgraded(class_name, **config):
    return upgrade_model(layer(class_name, **config))["config"]


def test_arguments_that_were_renamed_or_are_gone():
    assert upgraded("InputLayer", batch_input_shape=[None, 3])["batch_shape"] == [None, 3]
    assert upgraded("LeakyReLU", alpha=0.2) == {"dtype": "float32", "negative_slope": 0.2}
    assert upgraded("LSTM", units=3, time_major=False, implementation=2) == {"dtype": "float32", "units": 3}
    assert "time_major" in upgraded("LSTM", time_major=True)  # refused later, by name
    assert upgraded("BatchNormalization", axis=[3])["axis"] == 3
    assert upgraded("LayerNormalization", axis=[1, 2])["axis"] == [1, 2]
    assert upgraded("Embedding", input_dim=4, input_length=6) == {"dtype": "float32", "input_dim": 4}
    assert upgraded("Dense", dtype=layer("Policy", name="mixed_float16"))["dtype"]["class_name"] == "DTypePolicy"
    inner = upgraded("Bidirectional", layer=layer("GRU", units=2, time_major=False))["layer"]
    assert inner == {"class_name": "GRU", "config": {"dtype": "float32", "units": 2}, "module": "keras.layers"}


def test_initializers_get_the_module_that_their_place_tells():
    got = upgraded("Dense", kernel_initializer={"class_name": "Identity", "config": {}})["kernel_initializer"]
    assert got["module"] == "keras.initializers"


def test_registered_classes():
    got = upgrade_model(layer("mine>Own"))
    assert (got["class_name"], got["registered_name"], got["module"]) == ("Own", "mine>Own", "mine")


def test_what_is_in_todays_form_stays_and_nothing_is_changed_in_place():
    today = {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"dtype": {"class_name": "DTypePolicy", "config": {"name": "float32"}, "module": "keras"}},
        "registered_name": None,
    }
    assert upgrade_model(today) == today
    old = model([[["x", 0, 0, {}]]])
    before = copy.deepcopy(old)
    upgrade_model(old)
    assert old == before


def model(nodes, ends=("y", 0, 0)):
    inner = {"class_name": "Sequential", "config": {"name": "inner", "layers": []}}
    return {
        "class_name": "Model",
        "config": {
            "name": "m",
            "layers": [
                {**layer("InputLayer", name="x", batch_input_shape=[None, 3]), "name": "x", "inbound_nodes": []},
                {**inner, "name": "inner", "inbound_nodes": [[["x", 0, 0, {}]]]},
                {**layer("Dense", name="y"), "name": "y", "inbound_nodes": nodes},
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [list(ends)],
        },
    }


def node(nodes, **kwargs):
    return upgrade_model(model(nodes, **kwargs))["config"]["layers"][2]["inbound_nodes"][0]


def test_calls():
    assert node([[["x", 0, 0, {}]]]) == {"args": [tensor("x", 0, 0)], "kwargs": {}}
    assert node([[["x", 0, 0], ["x", 0, 1, {"mask": None}]]]) == {
        "args": [[tensor("x", 0, 0), tensor("x", 0, 1)]],
        "kwargs": {"mask": None},
    }
    assert node([[["x", 0, 0, {"value": ["x", 0, 0], "n": [1, 2, 3]}]]])["kwargs"] == {
        "value": tensor("x", 0, 0),
        "n": [1, 2, 3],
    }
    assert node([[["_CONSTANT_VALUE", -1, 2.5, {}]]]) == {"args": [2.5], "kwargs": {}}


def test_the_making_of_a_nested_model_is_no_call():
    assert node([[["inner", 1, 0, {}]]])["args"] == [tensor("inner", 0, 0)]
    assert node([[["inner", 0, 0, {}]]])["args"] == [tensor("inner", 0, 0)]
    got = upgrade_model(model([[["x", 0, 0, {}]]], ends=("inner", 1, 0)))["config"]
    assert got["output_layers"] == ["inner", 0, 0]
    assert got["input_layers"] == ["x", 0, 0]


def test_sequential_as_a_bare_list():
    got = upgrade_model({"class_name": "Sequential", "config": [layer("Dense", batch_input_shape=[None, 2])]})
    assert got["config"]["layers"][0]["config"]["batch_input_shape"] == [None, 2]


def test_optimizers():
    old = {"class_name": "Custom>Adam", "config": {"lr": 0.5, "jit_compile": True, "is_legacy_optimizer": False}}
    got = upgrade_optimizer(old)
    assert got["class_name"] == "Adam"
    assert got["module"] == "keras.optimizers"
    assert got["config"] == {"learning_rate": 0.5}
    slower = upgrade_optimizer({"class_name": "SGD", "config": {"learning_rate": 0.5, "decay": 0.1}})["config"]
    assert slower["learning_rate"]["class_name"] == "InverseTimeDecay"
    assert upgrade_optimizer("adam") == "adam"


def test_training():
    wrapper = {"class_name": "MeanMetricWrapper", "config": {"name": "accuracy", "fn": "binary_accuracy"}}
    loss = {"class_name": "Huber", "config": {"reduction": "auto", "fn": "huber", "delta": 2.0}}
    got = upgrade_training({"loss": loss, "metrics": [[wrapper]], "optimizer_config": "sgd"}, outputs=1)
    assert got["loss"]["config"] == {"reduction": "sum_over_batch_size", "delta": 2.0}
    assert got["loss"]["module"] == "keras.losses"
    (metric,) = got["metrics"]
    assert metric["config"]["fn"]["config"] == "binary_accuracy"
    two = upgrade_training({"loss": ["mse", "mae"], "metrics": [["mae"], []], "optimizer_config": "sgd"}, outputs=2)
    assert two["metrics"] == [["mae"], []]
    assert outputs_of({"config": {"output_layers": [["a", 0, 0], ["b", 0, 0]]}}) == 2
