"""Functional models: how they are made, fed, trained, taken apart; what goes wrong and what is said then."""

from __future__ import annotations

import copy
import json
import pickle
import time
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import babytf as keras
from babytf import layers, ops
from babytf.errors import ShapeError
from babytf.layers.operation import record
from babytf.layers.operation_names import TABLE, row_of
from babytf.layers.symbolic import KerasTensor, Node
from babytf.models.functional import Functional


def rows(n, features, seed=0):
    return np.random.default_rng(seed).normal(size=(n, features)).astype("float32")


def two_inputs():
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    x = layers.Dense(3, name="d")(a)
    return keras.Model([a, b], layers.Concatenate()([x, b]), name="m")


def two_outputs():
    x = keras.Input((4,), name="x")
    h = layers.Dense(5, activation="tanh", name="h")(x)
    return keras.Model(x, [layers.Dense(1, name="price")(h), layers.Dense(3, activation="softmax", name="kind")(h)])


class TestMaking:
    def test_it_is_a_functional_model(self):
        x = keras.Input((3,))
        model = keras.Model(x, layers.Dense(2)(x))
        assert type(model) is Functional
        assert isinstance(model, keras.Model)
        assert model.built
        assert model.input is x
        assert model.output_shape == (None, 2)

    def test_subclass_that_makes_itself_of_layers(self):
        class Encoder(keras.Model):
            def __init__(self, units=2):
                x = keras.Input((3,))
                super().__init__(inputs=x, outputs=layers.Dense(units, name="code")(x))
                self.units = units

        model = Encoder(5)
        assert isinstance(model, Functional)
        assert model(rows(2, 3)).shape == (2, 5)
        assert [layer.name for layer in model.layers][1:] == ["code"]
        assert Encoder.from_config(model.get_config()).output_shape == (None, 5)
        assert Encoder(4).output_shape == (None, 4)

    def test_subclass_with_a_step_of_its_own(self):
        class Doubled(keras.Model):
            def train_step(self, data):
                return {**super().train_step(data), "mine": ops.cast(2.0, "float32")}

        x = keras.Input((3,))
        model = Doubled(x, layers.Dense(1)(x))
        model.compile("sgd", "mse")
        assert model.fit(rows(4, 3), rows(4, 1), verbose=0).history["mine"] == [2.0]
        again = Doubled.from_config(model.get_config())
        assert isinstance(again, Doubled)
        assert again.output_shape == (None, 1)

    def test_shared_layers_have_one_weight_and_several_calls(self):
        x, y = keras.Input((3,)), keras.Input((3,))
        shared = layers.Dense(2)
        model = keras.Model([x, y], shared(x) - shared(y))
        assert len(model.weights) == 2
        a = rows(2, 3)
        assert_array_equal(model([a, a]).numpy(), np.zeros((2, 2)))

    def test_intermediate_outputs(self):
        model = two_outputs()
        inner = keras.Model(model.input, model.get_layer("h").output)
        a = rows(2, 4)
        assert_allclose(inner(a).numpy(), model.get_layer("h")(a).numpy(), rtol=1e-6)
        assert inner.get_layer("h") is model.get_layer("h")

    def test_the_part_between_two_layers(self):
        model = two_outputs()
        part = keras.Model(model.get_layer("h").output, model.get_layer("price").output)
        a = rows(2, 4)
        h = model.get_layer("h")(a)
        assert_allclose(part(h).numpy(), model(a)[0].numpy(), rtol=1e-6)
        assert [layer.name for layer in part.layers][1:] == ["price"]
        assert model(a)[0].shape == (2, 1)  # the whole is as it was

    def test_a_model_and_a_sequential_inside(self):
        inner = two_outputs()
        stack = keras.Sequential([layers.Dense(4)])
        x = keras.Input((2,))
        price, kind = inner(stack(x))
        model = keras.Model(x, {"price": price, "kind": kind})
        a = rows(3, 2)
        assert_allclose(model(a)["kind"].numpy(), inner(stack(a))[1].numpy(), rtol=1e-6)
        assert len(model.weights) == 8

    def test_a_layer_that_returns_its_input_makes_no_circle(self):
        class Same(layers.Layer):
            def call(self, x):
                return x

            def compute_output_spec(self, x):
                return x

        x = keras.Input((3,))
        model = keras.Model(x, layers.Dense(2)(Same()(x)))
        assert model(rows(1, 3)).shape == (1, 2)

    def test_deep_models_need_no_deep_stack(self):
        x = y = keras.Input((1,))
        for _ in range(1500):
            y = y + 1.0
        model = keras.Model(x, y)
        assert model(np.zeros((1, 1), "float32")).numpy().item() == 1500
        again = keras.Model.from_config(json.loads(json.dumps(model.get_config())))
        assert len(again.operations) == 1501

    def test_making_and_recording_are_quick(self):
        start = time.perf_counter()
        x = y = keras.Input((20,))
        for _ in range(10):
            y = layers.Dense(20, activation="relu")(y)
        model = keras.Model(x, y)
        model(np.zeros((1, 20), "float32"))
        assert time.perf_counter() - start < 1.0

    def test_calls_with_nests_and_keywords(self):
        class Mix(layers.Layer):
            def call(self, pair, scale=None, extra=None):
                return pair["x"] * scale + sum(extra)

        x, y = keras.Input((2,)), keras.Input((2,))
        out = Mix()({"x": x}, scale=y, extra=[x, y])
        model = keras.Model([x, y], out)
        a, b = rows(2, 2), rows(2, 2, seed=1)
        assert_allclose(model([a, b]).numpy(), a * b + a + b, rtol=1e-6)

    def test_unknown_batch_and_fixed_batch(self):
        x = keras.Input(batch_shape=(2, 3))
        assert keras.Model(x, layers.Dense(1)(x)).output_shape == (2, 1)

    def test_only_the_depth_decides_the_order(self):
        x = keras.Input((2,), name="x")
        long = layers.Dense(2, name="l2")(layers.Dense(2, name="l1")(x))
        short = layers.Dense(2, name="s")(x)
        model = keras.Model(x, layers.Add(name="sum")([short, long]))
        assert [layer.name for layer in model.layers] == ["x", "l1", "s", "l2", "sum"]


class TestFeeding:
    def test_list_tuple_dict(self):
        model = two_inputs()
        a, b = rows(2, 4), rows(2, 3)
        y = model([a, b]).numpy()
        assert_array_equal(model((a, b)).numpy(), y)
        assert_array_equal(model({"b": b, "a": a, "spare": b}).numpy(), y)
        assert_allclose(model.predict({"a": a, "b": b}, verbose=0), y, rtol=1e-6)

    def test_dict_inputs_and_nested_inputs(self):
        x, y, z = (keras.Input((2,), name=name) for name in "xyz")
        model = keras.Model({"y": y, "x": x}, x - y)
        a, b = rows(2, 2), rows(2, 2, seed=1)
        assert_allclose(model({"x": a, "y": b}).numpy(), a - b)
        nested = keras.Model([x, {"z": z, "y": [y]}], [x - y, {"k": z}])
        out = nested([a, {"y": [b], "z": a}])
        assert_allclose(out[0].numpy(), a - b)
        assert_allclose(out[1]["k"].numpy(), a)

    def test_a_dict_whose_keys_are_not_the_names_warns(self):
        x = keras.Input((2,), name="x")
        with pytest.warns(UserWarning, match="'left' of model 'm' is named 'x'"):
            keras.Model({"left": x}, x * 1, name="m")

    def test_dtype_of_the_input_decides(self):
        x = keras.Input((2,), dtype="int32")
        model = keras.Model(x, x + 1)
        y = model(np.array([[1.7, 2.2]]))
        assert y.dtype == np.int32
        assert y.numpy().tolist() == [[2, 3]]

    def test_a_last_axis_of_one_may_be_missing(self):
        x = keras.Input((1,))
        model = keras.Model(x, x * 2)
        assert model(np.ones(4, "float32")).shape == (4, 1)
        assert model.predict(np.ones(4), verbose=0).shape == (4, 1)

    def test_optional_inputs(self):
        class Maybe(layers.Layer):
            def call(self, x, more=None):
                return x if more is None else x + more

            def compute_output_shape(self, x_shape):
                return x_shape

        x, more = keras.Input((2,)), keras.Input((2,), optional=True)
        model = keras.Model([x, more], Maybe()(x, more))
        a = rows(1, 2)
        assert_allclose(model([a, None]).numpy(), a)
        assert_allclose(model([a, a]).numpy(), 2 * a)

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ([rows(2, 4)], r"'m' takes 2 inputs\.\n  got:      1\n  expected: 'a', 'b'"),
            ({"a": rows(2, 4)}, r"'m' is missing the input 'b'"),
            ([rows(2, 4), rows(2, 5)], r"input 'b' of shape \(2, 5\)"),
            ([rows(2, 4), rows(2, 3)[None]], r"input 'b' of shape \(1, 2, 3\)"),
            ([rows(2, 4), None], "takes arrays|is not optional|needs the input 'b'"),
        ],
    )
    def test_what_does_not_fit(self, data, message):
        with pytest.raises(ShapeError, match=message):
            two_inputs()(data)

    def test_a_model_for_a_dict_in_no_order_refuses_a_list(self):
        x, y = keras.Input((2,), name="x"), keras.Input((2,), name="y")
        model = keras.Model({"y": y, "x": x}, x - y)
        with pytest.raises(ShapeError, match="takes its inputs as a dict"):
            model([rows(1, 2), rows(1, 2)])


class TestTraining:
    def test_losses_weights_and_metrics_by_name(self):
        model = two_outputs()
        model.compile(
            "adam",
            loss={"price": "mse", "kind": "sparse_categorical_crossentropy"},
            loss_weights={"price": 0.5, "kind": 2.0},
            metrics={"kind": ["accuracy"], "price": "mae"},
        )
        x, price, kind = rows(32, 4), rows(32, 1), np.arange(32) % 3
        logs = model.fit({"x": x}, {"price": price, "kind": kind}, epochs=2, verbose=0).history
        assert set(logs) == {"loss", "price_loss", "kind_loss", "kind_accuracy", "price_mae"}
        assert_allclose(logs["loss"], 0.5 * np.array(logs["price_loss"]) + 2 * np.array(logs["kind_loss"]), rtol=1e-5)
        by_list = model.evaluate(x, [price, kind], verbose=0, return_dict=True)
        assert by_list == model.evaluate(x, {"price": price, "kind": kind}, verbose=0, return_dict=True)

    def test_compiled_and_eager_give_the_same_bits(self):
        found = []
        for run_eagerly in (False, True):
            keras.utils.set_random_seed(1)
            keras.utils.clear_session()
            model = two_outputs()
            model.compile("adam", loss=["mse", "sparse_categorical_crossentropy"], run_eagerly=run_eagerly)
            model.fit(rows(16, 4), [rows(16, 1), np.arange(16) % 3], batch_size=4, verbose=0)
            found.append(model.get_weights())
        for compiled, eager in zip(*found, strict=True):
            assert_array_equal(compiled, eager)

    def test_a_model_without_the_user_s_code_runs_as_a_program(self):
        model = two_inputs()
        model({"a": rows(2, 4), "b": rows(2, 3)})
        assert "np.concatenate" in str(model.program("call")) or "concatenate" in str(model.program("call"))
        for _ in range(2):
            model([rows(5, 4), rows(5, 3)])
        assert len(model._shortcut.programs) == 2

    def test_training_reaches_the_layers(self):
        x = keras.Input((50,))
        model = keras.Model(x, layers.Dropout(0.5)(x))
        a = np.ones((4, 50), "float32")
        assert_array_equal(model(a).numpy(), a)
        assert (model(a, training=True).numpy() == 0).any()
        forced = keras.Model(x, layers.Dropout(0.5)(x, training=True))
        assert (forced(a).numpy() == 0).any()
        assert_array_equal(forced(a, training=False).numpy(), a)

    def test_frozen_parts(self):
        x = keras.Input((3,))
        inner = keras.Model(x, layers.Dense(2)(x))
        inner.trainable = False
        model = keras.Model(x, layers.Dense(1)(inner(x)))
        assert [len(model.trainable_weights), len(model.non_trainable_weights)] == [2, 2]
        again = keras.Model.from_config(model.get_config())
        assert [len(again.trainable_weights), len(again.non_trainable_weights)] == [2, 2]

    def test_penalties_of_layers_count(self):
        x = keras.Input((3,))
        y = layers.Dense(2, kernel_regularizer=keras.regularizers.L2(0.5), activity_regularizer="l1")(x)
        model = keras.Model(x, y)
        model.compile("sgd", "mse")
        a = rows(4, 3)
        kernel = model.layers[1].kernel.numpy()
        expected = (model(a).numpy() ** 2).mean() + 0.5 * (kernel**2).sum() + 0.01 * np.abs(model(a).numpy()).sum() / 4
        assert_allclose(model.evaluate(a, np.zeros((4, 2)), verbose=0), expected, rtol=1e-5)

    def test_add_loss_says_where_it_belongs(self):
        with pytest.raises(NotImplementedError, match=r"call\(\) of a layer"):
            two_inputs().add_loss(1.0)

    def test_gradients_through_a_model(self):
        model = two_inputs()
        a, b = keras.Variable(rows(2, 4)), rows(2, 3)
        with keras.GradientTape() as tape:
            loss = ops.sum(model([a, b]))
        assert_allclose(
            tape.gradient(loss, a).numpy(), np.tile(model.layers[1].kernel.numpy().sum(1), (2, 1)), rtol=1e-5
        )


class TestMistakes:
    def test_disconnected(self):
        a, b = keras.Input((2,), name="a"), keras.Input((2,), name="b")
        with pytest.raises(ValueError, match=r"disconnected.*\n.*'sum' uses 'b'.*\n.*\n.*add the KerasTensor 'b'"):
            keras.Model(a, layers.Add(name="sum")([a, b]))

    def test_two_layers_of_one_name(self):
        x = keras.Input((2,), name="x")
        y = layers.Dense(2, name="d")(layers.Dense(2, name="d")(x))
        with pytest.raises(ValueError, match="have the name 'd'"):
            keras.Model(x, y)

    def test_no_keras_tensors(self):
        x = keras.Input((2,))
        with pytest.raises(ValueError, match="`inputs` must be KerasTensors"):
            keras.Model(np.ones((1, 2)), x)
        with pytest.raises(ValueError, match="`outputs` must be KerasTensors"):
            keras.Model(x, [])

    def test_a_keras_tensor_of_nowhere(self):
        with pytest.raises(ValueError, match="comes from no layer"):
            keras.Model(KerasTensor((None, 2)), KerasTensor((None, 2)))

    def test_a_circle(self):
        x = keras.Input((2,))
        first, second = layers.Dense(2), layers.Dense(2)
        y = first(x)
        z = second(y)
        first._inbound_nodes[0].input_tensors[:] = [z]
        with pytest.raises(ValueError, match="has a cycle"):
            keras.Model(x, z)

    def test_an_operation_without_a_name_in_files(self):
        assert row_of(ops.eye) is None
        with pytest.raises(TypeError, match="cannot be a part of a model"):
            record(ops.eye, (keras.Input((2,)),), {})

    def test_layers_cannot_be_assigned(self):
        with pytest.raises(AttributeError, match="cannot be assigned"):
            two_inputs().layers = []

    @pytest.mark.parametrize(
        "damage",
        [
            lambda config: config["layers"][1]["inbound_nodes"][0].pop("args"),
            lambda config: config["layers"][1].update(inbound_nodes=[[["x", 0, 0]], "?"]),
            lambda config: config["layers"][1].pop("class_name"),
            lambda config: config["layers"].append(config["layers"][1]),
            lambda config: config.update(layers={}),
            lambda config: config.update(output_layers=["x", 5, 0]),
            lambda config: config.update(output_layers=["x", -1, 0]),
            lambda config: config.update(output_layers=["nobody", 0, 0]),
            lambda config: config.update(output_layers="x"),
            lambda config: config["layers"][1]["inbound_nodes"][0]["args"][0]["config"].update(
                keras_history=["h", 0, 0]
            ),
            lambda config: config["layers"][1]["inbound_nodes"][0]["args"][0].update(config=3),
        ],
    )
    def test_damaged_configurations(self, damage):
        x = keras.Input((2,), name="x")
        model = keras.Model(x, layers.Dense(2, name="h")(x))
        config = json.loads(json.dumps(model.get_config()))
        damage(config)
        with pytest.raises((ValueError, TypeError), match=r"configuration of model|cycle|arguments"):
            keras.Model.from_config(config)


class TestOperations:
    def test_every_operation_has_a_name_and_constants_that_exist(self):
        for place in TABLE:
            assert TABLE[place].split()
        assert row_of(ops.concatenate).constants == ("axis",)
        assert row_of(ops.abs).class_name == "Absolute"

    def test_numpy_functions(self):
        x = keras.Input((4, 3))
        a = rows(2, 12).reshape(2, 4, 3)
        for f in (
            lambda x: np.mean(x, axis=1),
            lambda x: np.concatenate([x, x], axis=-1),
            lambda x: np.where(x > 0, x, 0.0),
            lambda x: np.var(x, axis=1, ddof=1),
            lambda x: np.ones((3, 2), "float32").T @ np.swapaxes(x, 1, 2),
            lambda x: np.clip(x, -1, 1) + np.expand_dims(x[:, 0], 1),
            lambda x: np.maximum(x, 0) / np.abs(x),
            lambda x: x.mean(axis=1) - x.T.T[:, 0],
            lambda x: 2.0 ** np.exp(-x) // 1 % 3,
            lambda x: -x + abs(x) - (+x),
            lambda x: ((x > 0) & (x < 1)) | ~(x > -1) ^ (x > 2),
            lambda x: np.sum(x.reshape(-1, 12), axis=1),
        ):
            model = keras.Model(x, f(x))
            assert_allclose(model(a).numpy(), f(a), rtol=2e-5, atol=1e-6)

    def test_questions_are_answered_at_once(self):
        x = keras.Input((4, 3))
        assert ops.shape(x) == np.shape(x) == (None, 4, 3)
        assert ops.ndim(x) == np.ndim(x) == 3
        assert ops.size(keras.Input(batch_shape=(2, 3))) == 6
        with pytest.raises(TypeError, match="size of this KerasTensor"):
            ops.size(x)

    def test_activations_take_keras_tensors(self):
        x = keras.Input((3,))
        a = rows(2, 3)
        for name in ("relu", "gelu", "mish", "softmax", "hard_sigmoid", "elu", "log_softmax", "silu", "linear"):
            f = keras.activations.get(name)
            model = keras.Model(x, f(x) * 1.0)
            assert_allclose(model(a).numpy(), f(a * np.float32(1)), rtol=1e-6)

    def test_operations_on_variables_and_tensors(self):
        x = keras.Input((3,))
        v = keras.Variable([1.0, 2.0, 3.0])
        model = keras.Model(x, v * x + ops.ones((3,)))
        a = rows(2, 3)
        assert_allclose(model(a).numpy(), a * [1, 2, 3] + 1, rtol=1e-6)

    def test_other_dtypes_are_cast_by_an_operation(self):
        x = keras.Input((3,), dtype="float64")
        model = keras.Model(x, layers.Dense(2)(x))
        assert [type(operation).__name__ for operation in model.operations] == ["InputLayer", "Cast", "Dense"]

    def test_a_layer_as_a_function_of_recorded_masks(self):
        x = keras.Input((4, 2))
        masked = layers.Masking()(x)
        scores = masked[..., 0]
        y = layers.Softmax()(scores, mask=masked._keras_mask)
        model = keras.Model(x, y)
        a = rows(2, 8).reshape(2, 4, 2)
        a[0, 2:] = 0
        out = model(a).numpy()
        assert (out[0, 2:] == 0).all()
        assert_allclose(out.sum(1), 1, rtol=1e-6)


class TestCopies:
    def test_deepcopy(self):
        model = two_inputs()
        again = copy.deepcopy(model)
        a, b = rows(2, 4), rows(2, 3)
        assert_array_equal(again([a, b]).numpy(), model([a, b]).numpy())
        again.layers[1].kernel.assign(again.layers[1].kernel * 0)
        assert model.layers[1].kernel.numpy().any()

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
    def test_deep_models(self, copied):
        x = y = keras.Input((2,))
        for _ in range(200):
            y = layers.Dense(2)(y) * 0.5 + y
        model = keras.Model(x, y)
        again = copied(model)
        a = rows(3, 2)
        assert_array_equal(again(a).numpy(), model(a).numpy())
        assert again.output._keras_history[0] is again.operations[-1]
        assert len(again.layers[5]._inbound_nodes) == 1
        part = keras.Model(again.input, again.layers[5].output)
        assert part(a).shape == (3, 2)
        assert json.dumps(again.get_config()) == json.dumps(model.get_config())

    def test_json(self):
        model = two_inputs()
        again = keras.models.model_from_json(model.to_json())
        again.set_weights(model.get_weights())
        a, b = rows(2, 4), rows(2, 3)
        assert_array_equal(again([a, b]).numpy(), model([a, b]).numpy())

    def test_the_older_form_of_calls_is_read(self):
        x = keras.Input((2,), name="x")
        inner = keras.Model(x, layers.Dense(2, name="h")(x), name="inner")
        model = keras.Model(x, layers.Add(name="sum")([inner(x), x]))
        config = json.loads(json.dumps(model.get_config()))
        for layer in config["layers"]:
            if layer["name"] == "inner":
                layer["inbound_nodes"] = [[["x", 0, 0, {}]]]
            if layer["name"] == "sum":
                layer["inbound_nodes"] = [[["inner", 1, 0, {}], ["x", 0, 0, {}]]]
        again = keras.Model.from_config(config)
        again.set_weights(model.get_weights())
        a = rows(3, 2)
        assert_array_equal(again(a).numpy(), model(a).numpy())


def test_nodes_know_their_place():
    x = keras.Input((2,))
    d = layers.Dense(2)
    y = d(d(x))
    assert [node.index for node in d._inbound_nodes] == [0, 1]
    assert y._keras_history == (d, 1, 0)
    assert isinstance(d._inbound_nodes[0], Node)
    assert d.input is x
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert keras.Model(x, y).count_params() == 6
