"""`Model`: subclassing, and the programs behind `model(x)`."""

from __future__ import annotations

import copy
import pickle
import threading

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import babytf
from babytf import ops
from babytf.engine import Compiled, GradientTape, Tensor
from babytf.layers import Activation, Dense, Dropout, Flatten, Input, Lambda, Layer
from babytf.models import Model, Sequential
from babytf.naming import reset_names


@pytest.fixture(autouse=True)
def _names_start_again():
    reset_names()


class Net(Model):
    def __init__(self, units=3, **kwargs):
        super().__init__(**kwargs)
        self.hidden = Dense(units, activation="relu")
        self.out = Dense(2)
        self.drop = Dropout(0.5)

    def call(self, x, training=None):
        return self.out(self.drop(self.hidden(x), training=training))


def small():
    return Sequential([Input((4,)), Dense(5, "relu"), Dropout(0.5, seed=1), Dense(2)])


class TestSubclass:
    def test_built_by_its_first_call(self):
        net = Net()
        assert not net.built
        assert net(np.ones((3, 4))).shape == (3, 2)
        assert [layer.name for layer in net.layers] == ["dense", "dense_1", "dropout"]
        assert [w.path for w in net.weights][:2] == ["net/dense/kernel", "net/dense/bias"]
        assert net.get_layer("dense_1") is net.out
        assert net.count_params() == 15 + 8

    def test_built_by_a_shape(self):
        net = Net()
        net.build((None, 4))
        assert net.count_params() == 15 + 8
        assert net.compute_output_shape((7, 4)) == (7, 2)

    def test_trains(self, rng):
        x = rng.normal(size=(40, 4)).astype("float32")
        y = x[:, :2] * 2 + 1
        babytf.utils.set_random_seed(0)
        net = Net(16)
        net.compile(babytf.optimizers.Adam(0.02), "mse")
        net.fit(x, y, epochs=1, verbose=0)
        before = net.evaluate(x, y, verbose=0)
        net.fit(x, y, epochs=30, verbose=0)
        assert net.evaluate(x, y, verbose=0) < before / 2

    def test_configuration(self):
        config = Net(7, name="n").get_config()
        assert {k: v for k, v in config.items() if k != "dtype"} == {"name": "n", "trainable": True, "units": 7}
        assert Net.from_config(config).hidden.units == 7

    def test_configuration_with_a_layer_of_ones_own(self):
        class Mine(Dense):
            pass

        class Holds(Model):
            def __init__(self, inner, **kwargs):
                super().__init__(**kwargs)
                self.inner = inner

        config = Holds(Mine(2, name="mine")).get_config()
        again = Holds.from_config(config, custom_objects={"Mine": Mine})
        assert (type(again.inner), again.inner.units) == (Mine, 2)

    def test_an_argument_without_a_configuration(self):
        class Holds(Model):
            def __init__(self, thing):
                super().__init__()

        with pytest.raises(NotImplementedError, match=r"argument 'thing'(.|\n)*get_config"):
            Holds(object()).get_config()

    def test_without_call(self):
        with pytest.raises(NotImplementedError, match=r"has no call\(\)"):
            Model()(np.ones((1, 2)))

    def test_layers_is_reserved(self):
        with pytest.raises(AttributeError, match="cannot be assigned"):
            Net().layers = []

    def test_the_functional_form_in_all_its_spellings(self):
        x = Input((3,))
        for make in (lambda: Model(x, x), lambda: Model(inputs=x, outputs=x), lambda: Model(x, outputs=x)):
            assert type(make()).__name__ == "Functional"

    def test_other_positional_arguments_are_refused(self):
        with pytest.raises(TypeError, match="`inputs` and `outputs`"):
            Model(Input((3,)))

    def test_export_says_what_to_do(self):
        with pytest.raises(NotImplementedError, match=r"model.save"):
            small().export("x")

    def test_a_build_config_that_does_not_build(self):
        class Peeks(Net):
            def call(self, x, training=None):
                return super().call(x) if float(x[0, 0]) else x

        with pytest.warns(UserWarning, match="not built"):
            Peeks().build_from_config({"input_shape": [None, 4]})

        class Fails(Net):
            def build(self, input_shape):
                raise ZeroDivisionError

        with pytest.warns(UserWarning, match="could not be built"):
            Fails().build_from_config({"input_shape": [None, 4]})

    def test_sublayers_called_with_several_arguments(self):
        class Add(Model):
            def call(self, a, b):
                return a + b

        assert_array_equal(Add()(np.ones(2), b=np.ones(2)).numpy(), [2.0, 2.0])


class TestProgram:
    def test_equals_the_layers_line_by_line(self, rng):
        model = small()
        x = rng.normal(size=(3, 4)).astype("float32")
        eager = Layer.__call__(model, x).numpy()
        assert_array_equal(model(x).numpy(), eager)
        assert_array_equal(model(x).numpy(), eager)
        assert model.program("call").source.count("np.matmul") == 2

    def test_results_are_not_overwritten_by_the_next_call(self):
        model = small()
        first = model(np.ones((1, 4), "float32"))
        kept = first.numpy().copy()
        model(np.zeros((1, 4), "float32"))
        assert_array_equal(first.numpy(), kept)

    def test_one_program_per_shape_dtype_and_training(self):
        model = small()
        for x in (np.ones((1, 4)), np.ones((2, 4)), np.ones((2, 4), "float32"), Tensor(np.ones((2, 4), "float32"))):
            model(x)
        model(x, training=False)
        model(x, training=True)
        assert len(model.__dict__["_shortcut"].programs) == 5

    def test_many_shapes_do_not_fill_the_memory(self):
        model = small()
        for n in range(1, 40):
            assert model(np.ones((n, 4))).shape == (n, 2)
        assert len(model.__dict__["_shortcut"].programs) <= 32

    def test_follows_assigned_weights_and_training(self):
        model = small()
        x = np.ones((2, 4), "float32")
        model(x)
        model.set_weights([np.zeros_like(w) for w in model.get_weights()])
        assert not model(x).numpy().any()
        model.compile("sgd", "mse")
        model.fit(x, np.ones((2, 2)), verbose=0)
        assert model(x).numpy().any()

    def test_follows_changed_settings(self):
        model = small()
        x = np.ones((1, 4), "float32")
        before = model(x).numpy()
        model.layers[-1].activation = babytf.activations.get("sigmoid")
        np.testing.assert_allclose(model(x).numpy(), 1 / (1 + np.exp(-before)), rtol=1e-5)

    @pytest.mark.parametrize(
        "layer",
        [
            lambda: Lambda(lambda x: x),
            lambda: Activation(lambda x: x),
            lambda: Dense(2, activation=lambda x: x),
            lambda: Dense(2, activity_regularizer="l2"),
            lambda: Sequential([Activation(lambda x: x)]),
            lambda: type("Mine", (Dense,), {})(2),
        ],
    )
    def test_code_of_ones_own_runs_line_by_line(self, layer):
        model = Sequential([Input((4,)), layer()])
        model(np.ones((1, 4)))
        assert not model.__dict__["_shortcut"].programs

    def test_effects_of_ones_own_code_happen_in_every_call(self):
        calls = []
        model = Sequential([Input((4,)), Lambda(lambda x: (calls.append(1), x)[1])])
        calls.clear()
        model(np.ones((1, 4)))
        model(np.ones((1, 4)))
        assert len(calls) == 2

    def test_dropout_draws_anew(self):
        model = Sequential([Input((50,)), Dropout(0.5, seed=1)])
        x = np.ones((1, 50), "float32")
        a, b = model(x, training=True).numpy(), model(x, training=True).numpy()
        assert set(np.unique(a)) == {0.0, 2.0}
        assert (a != b).any()

    def test_gradients_under_a_tape(self):
        model = small()
        x = np.ones((2, 4), "float32")
        model(x)
        with GradientTape() as tape:
            loss = ops.sum(model(x))
        assert all(g is not None for g in tape.gradient(loss, model.trainable_weights))

    def test_inside_of_a_recording(self):
        model = small()
        x = np.ones((2, 4), "float32")
        expected = model(x).numpy()
        assert_array_equal(Compiled(lambda x: model(x), "f")(x).numpy(), expected)

    def test_threads(self, rng):
        model = small()
        inputs = [rng.normal(size=(1, 4)).astype("float32") for _ in range(4)]
        expected = [model(x).numpy() for x in inputs]
        wrong = []

        def work(i):
            for _ in range(200):
                if not np.array_equal(model(inputs[i]).numpy(), expected[i]):
                    wrong.append(i)

        threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong

    @pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
    def test_a_copy_has_its_own(self, duplicate):
        model = small()
        x = np.ones((2, 4), "float32")
        before = model(x).numpy()
        twin = duplicate(model)
        assert_array_equal(twin(x).numpy(), before)
        twin.set_weights([np.zeros_like(w) for w in twin.get_weights()])
        assert not twin(x).numpy().any()
        assert_array_equal(model(x).numpy(), before)

    def test_the_input_is_left_alone(self):
        model = Sequential([Input((2, 2)), Flatten()])
        x = np.ones((1, 2, 2), "float32")
        y = model(x).numpy()
        y[:] = 7
        assert x.max() == 1
