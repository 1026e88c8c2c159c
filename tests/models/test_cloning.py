"""`clone_model`: same architecture, other weights; what the two functions may change."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import babytf as keras
from babytf import layers
from babytf.models import clone_model


def functional():
    x = keras.Input((4,), name="x")
    shared = layers.Dense(4, name="shared")
    y = layers.Add(name="sum")([shared(shared(x)), x * 2])
    return keras.Model(x, layers.Dense(2, name="out")(y), name="m")


def sequential():
    return keras.Sequential(
        [keras.Input((4,), name="x"), layers.Dense(3, name="a"), layers.Dense(2, name="b")], name="s"
    )


@pytest.mark.parametrize("make", [functional, sequential])
def test_same_architecture_and_weights_of_its_own(make):
    model = make()
    clone = clone_model(model)
    assert type(clone) is type(model)
    assert clone.name == model.name
    assert [layer.name for layer in clone.layers] == [layer.name for layer in model.layers]
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    assert all(mine is not theirs for mine, theirs in zip(clone.weights, model.weights, strict=True))
    clone.set_weights(model.get_weights())
    a = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    assert_allclose(clone(a).numpy(), model(a).numpy())


def test_it_is_compiled_in_the_same_way():
    model = functional()
    assert not clone_model(model).compiled
    model.compile(keras.optimizers.SGD(0.25), "mae", metrics=["mse"])
    clone = clone_model(model)
    assert clone.compiled
    assert float(clone.optimizer.learning_rate) == 0.25
    assert clone.optimizer is not model.optimizer
    assert clone.loss == "mae"


def test_a_clone_function_replaces_layers():
    def wider(layer):
        config = layer.get_config()
        if isinstance(layer, layers.Dense):
            config["activation"] = "tanh"
        return type(layer).from_config(config)

    clone = clone_model(functional(), clone_function=wider)
    assert clone.get_layer("out").activation is keras.activations.tanh
    clone = clone_model(sequential(), clone_function=wider)
    assert clone.get_layer("a").activation is keras.activations.tanh


def test_a_call_function_inserts_layers():
    def followed_by_dropout(layer, *args, **kwargs):
        y = layer(*args, **kwargs)
        return layers.Dropout(0.5)(y) if isinstance(layer, layers.Dense) else y

    model = functional()
    clone = clone_model(model, clone_function=lambda layer: layer, call_function=followed_by_dropout)
    assert sum(isinstance(layer, layers.Dropout) for layer in clone.layers) == 3
    assert clone.get_layer("out") is model.get_layer("out")


def test_recursive_cloning_reaches_inner_models():
    x = keras.Input((4,))
    model = keras.Model(
        x, sequential()(functional()(keras.Sequential([layers.Dense(4)])(x)) @ np.ones((2, 4), "float32"))
    )
    seen = []

    def note(layer):
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    clone = clone_model(model, clone_function=note, recursive=True)
    assert {"shared", "out", "a", "b"} <= set(seen)
    assert "m" not in seen
    assert [w.shape for w in clone.weights] == [w.shape for w in model.weights]
    seen.clear()
    clone_model(model, clone_function=note)
    assert "m" in seen
    assert "shared" not in seen


def test_new_inputs():
    new = keras.Input((4,), name="new")
    assert clone_model(functional(), input_tensors=new).input is new
    assert clone_model(sequential(), input_tensors=[new]).inputs[0] is new
    batch = keras.Input(batch_shape=(2, 4))
    assert clone_model(functional(), input_tensors=batch).output_shape == (2, 2)


def test_models_of_your_own():
    @keras.utils.register_keras_serializable("cloning")
    class Net(keras.Model):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.d = layers.Dense(units)

        def call(self, x):
            return self.d(x)

    assert clone_model(Net(3)).units == 3
    with pytest.raises(ValueError, match="`clone_function` does not go with"):
        clone_model(Net(3), clone_function=lambda layer: layer)


def test_mistakes():
    with pytest.raises(ValueError, match="`call_function` does not go with 's'"):
        clone_model(sequential(), call_function=lambda layer, x: layer(x))
    with pytest.raises(ValueError, match="bad `input_tensors`"):
        clone_model(functional(), input_tensors=np.ones((1, 4)))
    with pytest.raises(ValueError, match="one KerasTensor"):
        clone_model(sequential(), input_tensors=[keras.Input((4,)), keras.Input((4,))])
    with pytest.raises(ValueError, match="unknown argument"):
        clone_model(sequential(), deep=True)


@pytest.mark.parametrize("by_function", [False, True])
def test_functions_without_a_name_are_taken_over(by_function):
    """A copy in the same process is no file: the functions that are there go on being used."""

    def halved(x):
        return x * 0.5

    x = keras.Input((3,))
    y = layers.Lambda(lambda x: x * 3, mask=lambda x, mask: mask, name="treble")(x)
    model = keras.Model(x, layers.Dense(2, activation=halved, kernel_initializer="ones")(y))
    model.compile("sgd", lambda y_true, y_pred: keras.ops.mean((y_true - y_pred) ** 2, axis=-1))
    again = (lambda layer: type(layer).from_config(layer.get_config())) if by_function else None
    clone = clone_model(model, clone_function=again)
    assert_allclose(clone(np.ones((1, 3))).numpy(), [[4.5, 4.5]])
    assert clone.evaluate(np.ones((1, 3)), np.ones((1, 2)), verbose=0) == 12.25


def test_a_lambda_in_a_sequential_is_cloned():
    model = keras.Sequential([keras.Input((3,)), layers.Lambda(lambda x: x * 3), layers.Dense(2)])
    assert clone_model(model).count_params() == 8
