"""`Sequential`: building, adding, popping, calling, shapes, configuration."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import babytf
from babytf import ops
from babytf.errors import DTypeError, ShapeError, TracingError
from babytf.layers import Dense, Dropout, Flatten, Identity, Input, InputLayer, Lambda, Layer, Rescaling, Reshape
from babytf.models import Sequential, model_from_json
from babytf.naming import reset_names
from tests.record.layers import deferred, described, nested, sequential, subclassed

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "recorded" / "layers.json").read_text())["models"]


@pytest.fixture(autouse=True)
def _names_start_again():
    reset_names()


def plain(thing):
    return json.loads(json.dumps(thing))


def without_empty(recorded):
    """Without the `compile_config` of models inside of models that were not compiled, which is an empty dict."""
    for layer in (recorded["config"] or {"layers": []})["layers"]:
        assert layer.pop("compile_config", {}) == {}
    return recorded


@pytest.mark.parametrize("make", [sequential, nested, subclassed])
def test_names_paths_orders_and_configuration_are_those_of_keras(make):
    assert plain(described(make(babytf))) == without_empty(RECORDED[make.__name__])


def test_deferred_configuration_is_that_of_keras():
    assert plain(described(deferred(babytf, False))) == RECORDED["deferred"]


class TestBuilding:
    def test_at_once_with_an_input(self):
        model = Sequential([Input((4,)), Dense(3), Dense(2)])
        assert model.built
        assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
        assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
        assert [x.shape for x in (*model.inputs, *model.outputs)] == [(None, 4), (None, 2)]

    def test_step_by_step(self):
        model = Sequential()
        model.add(Input((4,)))
        assert model.layers == []
        model.add(Dense(3))
        assert len(model.weights) == 2
        model.add(Dense(2))
        assert [w.shape for w in model.weights] == [(4, 3), (3,), (3, 2), (2,)]

    def test_later_by_data(self):
        model = Sequential([Dense(3), Dense(2)])
        assert not model.built
        assert model.weights == []
        with pytest.raises(AttributeError, match="has no output shape yet"):
            model.output_shape  # noqa: B018
        model(np.ones((5, 4)))
        assert (model.input_shape, model.output_shape) == ((5, 4), (5, 2))
        assert model(np.ones((7, 4))).shape == (7, 2)

    def test_later_by_hand(self):
        model = Sequential([Dense(3), Dense(2)])
        model.build((None, 4))
        assert model.count_params() == 15 + 8
        assert model.get_build_config() == {"input_shape": (None, 4)}

    def test_by_fit(self):
        model = Sequential([Dense(3), Dense(1)])
        model.compile("sgd", "mse")
        model.fit(np.ones((5, 4)), np.ones((5, 1)), verbose=0)
        assert model.output_shape[1:] == (1,)

    @pytest.mark.parametrize(
        ("arguments", "shape"),
        [
            ({"input_shape": (4,)}, (None, 4)),
            ({"input_dim": 4}, (None, 4)),
            ({"input_shape": (6, 4), "batch_size": 8}, (8, 6, 4)),
            ({"batch_input_shape": (2, 4)}, (2, 4)),
        ],
    )
    def test_as_older_programs_give_the_input(self, arguments, shape):
        model = Sequential([Dense(3, **arguments)])
        assert model.input_shape == shape
        assert model.layers[0].kernel.shape == (4, 3)
        assert "input_shape" not in model.layers[0].get_config()

    def test_a_batch_size_alone(self):
        with pytest.raises(ValueError, match="`batch_size` needs the shape of a sample"):
            Dense(3, batch_size=8)

    def test_an_input_layer_in_place_of_an_input(self):
        assert Sequential([InputLayer((4,)), Dense(3)]).output_shape == (None, 3)

    def test_a_nested_model_gives_its_input(self):
        inner = Sequential([Input((4,)), Dense(3)])
        assert Sequential([inner, Dense(2)]).input_shape == (None, 4)

    def test_no_layers(self):
        with pytest.raises(ValueError, match="has no layers to build"):
            Sequential().build((None, 3))
        with pytest.raises(ValueError, match="has no layers to build"):
            Sequential()(np.ones((1, 2)))

    def test_another_shape_than_that_of_the_input(self):
        model = Sequential([Input((4,)), Dense(3)])
        model.build((None, 4))
        model.build((2, 4))
        with pytest.raises(ValueError, match=r"build\(\(None, 5\)\)(.|\n)*\(None, 4\)"):
            model.build((None, 5))

    def test_a_layer_of_two_inputs(self):
        class Two(Layer):
            def call(self, x, y):
                return x + y

        with pytest.raises(ValueError, match=r"Two 'two' does not take one input(.|\n)*call\(self, x, y\)"):
            Sequential([Input((3,)), Two()])

    def test_a_layer_that_looks_at_values_waits_for_data(self):
        class Gate(Layer):
            def call(self, x):
                return x if ops.sum(x) > 0 else -x

        model = Sequential([Input((3,)), Gate(), Dense(2)])
        assert not model.layers[1].built
        assert model(np.ones((1, 3))).shape == (1, 2)
        model.compile("sgd", "mse")
        with pytest.raises(TracingError, match="run_eagerly=True"):
            model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)
        model.compile("sgd", "mse", run_eagerly=True)
        model.fit(np.ones((4, 3)), np.ones((4, 2)), verbose=0)


class TestAddAndPop:
    @pytest.mark.parametrize("thing", ["dense", 3, None, np.sin, Dense])
    def test_layers_only(self, thing):
        with pytest.raises(ValueError, match=r"takes layers only(.|\n)*got: (.|\n)*fix: "):
            Sequential([thing])

    def test_names_are_unique(self):
        with pytest.raises(ValueError, match=r"has a layer named 'a' already"):
            Sequential([Dense(1, name="a"), Dense(2, name="a")])

    def test_one_input(self):
        model = Sequential([Input((4,)), Dense(3)])
        with pytest.raises(ValueError, match=r"has an input already(.|\n)*\(None, 5\)(.|\n)*\(None, 4\)"):
            model.add(Input((5,)))

    def test_a_layer_that_does_not_fit(self):
        model = Sequential([Input((4,)), Dense(3)])
        built = Dense(2, name="built")
        built.build((None, 7))
        with pytest.raises(ShapeError, match="Dense 'built' was built for 7 features"):
            model.add(built)

    def test_pop(self):
        model = Sequential([Input((4,)), Dense(3), Dense(2)])
        kernel = model.layers[0].kernel
        assert model.pop().name == "dense_1"
        assert model.output_shape == (None, 3)
        assert model.weights[0] is kernel
        model.add(Dense(5))
        assert model(np.ones((2, 4))).shape == (2, 5)

    def test_pop_of_nothing(self):
        with pytest.raises(IndexError, match="no layers to pop"):
            Sequential().pop()

    def test_layers_is_a_list_of_its_own(self):
        model = Sequential([Input((4,)), Dense(3)])
        model.layers.clear()
        assert len(model.layers) == 1
        with pytest.raises(AttributeError, match="cannot be assigned"):
            model.layers = []

    def test_added_after_compile_and_a_call(self):
        model = Sequential([Input((4,)), Dense(3)])
        x = np.ones((2, 4), "float32")
        before = model(x)
        model.add(Rescaling(2.0))
        assert_array_equal(model(x).numpy(), before.numpy() * 2)
        assert_array_equal(model.predict(x, verbose=0), before.numpy() * 2)


class TestCalling:
    def test_the_layers_one_after_the_other(self, rng):
        x = rng.normal(size=(6, 4)).astype("float32")
        model = Sequential([Input((4,)), Dense(5, "tanh"), Dense(2)])
        w1, b1, w2, b2 = (w.astype("float64") for w in model.get_weights())
        assert_allclose(model(x).numpy(), np.tanh(x @ w1 + b1) @ w2 + b2, rtol=1e-5, atol=1e-6)

    def test_the_shape_is_checked_and_the_layer_named(self):
        model = Sequential([Input((784,)), Dense(64, name="hidden")])
        for run in (model, lambda x: model.predict(x, verbose=0)):
            with pytest.raises(ShapeError) as raised:
                run(np.zeros((32, 783), "float32"))
            assert "Dense 'hidden' was built for 784 features" in str(raised.value)
            assert "(32, 783)" in str(raised.value)

    def test_a_shape_that_the_first_layer_would_take(self):
        model = Sequential([Input((28, 28)), Flatten(name="pixels"), Dense(10)], name="digits")
        with pytest.raises(ShapeError) as raised:
            model(np.zeros((2, 27, 28)))
        for part in ("'digits'", "Flatten 'pixels'", "(2, 27, 28)", "(None, 28, 28)"):
            assert part in str(raised.value)

    def test_a_last_axis_of_one_may_be_missing_or_too_many(self):
        model = Sequential([Input((1,)), Dense(2)])
        assert model(np.ones(5)).shape == (5, 2)
        model = Sequential([Input((4,)), Dense(2)])
        assert model(np.ones((5, 4, 1))).shape == (5, 2)

    @pytest.mark.parametrize("dtype", ["float64", "float16", "uint8", "int64", "bool", ">f8", ">i4"])
    def test_the_input_is_cast(self, dtype):
        model = Sequential([Input((3,)), Identity()])
        y = model(np.ones((2, 3), dtype))
        assert y.dtype.name == "float32"
        assert_array_equal(y.numpy(), np.ones((2, 3)))

    def test_arrays_of_every_layout(self, rng):
        x = rng.normal(size=(4, 6)).astype("float32")
        model = Sequential([Input((3,)), Dense(2)])
        expected = model(x[:, ::2].copy()).numpy()
        frozen = x[:, ::2].copy()
        frozen.flags.writeable = False
        for given in (x[:, ::2], np.asfortranarray(x[:, ::2]), frozen, x[:, ::2].tolist()):
            assert_array_equal(model(given).numpy(), expected)

    @pytest.mark.parametrize("x", [np.array([["a", "b", "c"]]), np.array([[None, 1, 2]]), [[1, 2, 3], [4]]])
    def test_what_is_no_array_of_numbers(self, x):
        with pytest.raises(DTypeError):
            Sequential([Input((3,)), Dense(2)])(x)

    def test_no_samples(self):
        assert Sequential([Input((3,)), Dense(2)])(np.zeros((0, 3))).shape == (0, 2)

    def test_training_reaches_the_layers(self):
        model = Sequential([Input((50,)), Dropout(0.5, seed=1), Sequential([Dropout(0.5, seed=2)])])
        x = np.ones((4, 50), "float32")
        assert_array_equal(model(x).numpy(), x)
        assert set(np.unique(model(x, training=True).numpy())) == {0.0, 4.0}

    def test_several_inputs_before_a_first_layer_that_takes_them(self):
        model = Sequential([Lambda(lambda pair: pair[0] + pair[1]), Dense(2)])
        assert model((np.ones((3, 4)), np.ones((3, 4)))).shape == (3, 2)

    def test_a_mask_travels(self):
        class Makes(Layer):
            def call(self, x):
                return x + 0

            def compute_mask(self, inputs, mask=None):
                return ops.not_equal(inputs, 0)

        class Hears(Layer):
            def call(self, x, mask=None):
                self.__dict__["heard"] = mask
                return x

        model = Sequential([Makes(), Dropout(0.5), Hears()])
        with pytest.warns(UserWarning, match="does not support masks"):
            model(np.array([[1.0, 0.0]]))
        assert_array_equal(model.layers[-1].heard.numpy(), [[True, False]])

    def test_compute_output_shape(self):
        model = Sequential([Input((4, 3)), Flatten(), Dense(6), Reshape((2, 3))])
        assert model.compute_output_shape((7, 4, 3)) == (7, 2, 3)


class TestGetLayer:
    def test_by_name_and_by_index(self):
        model = Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")])
        assert model.get_layer("b") is model.get_layer(index=1) is model.get_layer(name="b")

    @pytest.mark.parametrize(
        ("arguments", "match"),
        [
            ({"name": "hiden"}, r"no layer 'hiden'(.|\n)*did you mean 'hidden'"),
            ({"index": 5}, "no layer 5"),
            ({}, "takes a name or an index"),
            ({"name": "hidden", "index": 0}, "takes a name or an index"),
        ],
    )
    def test_not_there(self, arguments, match):
        with pytest.raises(ValueError, match=match):
            Sequential([Input((4,)), Dense(3, name="hidden")]).get_layer(**arguments)


class TestWeights:
    def test_set_weights_all_or_none(self):
        model = Sequential([Input((4,)), Dense(3, name="a"), Dense(2, name="b")], name="m")
        before = model.get_weights()
        wrong = [np.zeros((4, 3)), np.zeros(3), np.zeros((3, 3)), np.zeros(2)]
        with pytest.raises(ShapeError, match=r"'m/b/kernel'(.|\n)*\(3, 3\)(.|\n)*\(3, 2\)"):
            model.set_weights(wrong)
        assert_array_equal(model.get_weights()[0], before[0])
        model.set_weights([w * 2 for w in before])
        assert_array_equal(model.get_weights()[0], before[0] * 2)


class TestConfiguration:
    def test_round_trip(self, rng):
        model = sequential(babytf)
        again = Sequential.from_config(model.get_config())
        assert again.get_config() == model.get_config()
        again.set_weights(model.get_weights())
        x = rng.normal(size=(3, 4, 2)).astype("float32")
        assert_array_equal(again(x).numpy(), model(x).numpy())

    def test_json(self):
        model = nested(babytf)
        assert model_from_json(model.to_json()).get_config() == model.get_config()
        assert "\n" in model.to_json(indent=1)

    def test_built_by_a_shape(self):
        model = deferred(babytf, True)
        again = Sequential.from_config(plain(model.get_config()))
        assert again.output_shape == (None, 3)

    def test_frozen(self):
        model = sequential(babytf)
        model.trainable = False
        again = Sequential.from_config(model.get_config())
        assert not again.trainable
        assert again.trainable_weights == []

    @pytest.mark.parametrize("config", [{"layers": []}, {"name": "x"}, [], None])
    def test_something_else(self, config):
        with pytest.raises(ValueError, match="not the configuration of a Sequential"):
            Sequential.from_config(config)
