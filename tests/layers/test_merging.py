"""Merging layers: function forms, gradients, masks, messages. Values are in models/test_functional_recorded.py."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import babytf as keras
from babytf import layers
from babytf.errors import ShapeError

A = np.array([[1.0, 5.0], [2.0, -1.0]], "float32")
B = np.array([[3.0, 4.0], [0.5, 6.0]], "float32")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (layers.add, A + B),
        (layers.subtract, A - B),
        (layers.multiply, A * B),
        (layers.average, (A + B) / 2),
        (layers.maximum, np.maximum(A, B)),
        (layers.minimum, np.minimum(A, B)),
        (layers.concatenate, np.concatenate([A, B], -1)),
        (layers.dot, (A * B).sum(-1, keepdims=True)),
    ],
)
def test_function_forms(function, expected):
    assert_allclose(function([A, B]).numpy(), expected)
    x, y = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([x, y], function([x, y], name="merged"))
    assert model.layers[-1].name == "merged"
    assert_allclose(model([A, B]).numpy(), expected)


def test_function_forms_take_the_layer_s_arguments():
    assert layers.concatenate([A, B], axis=0).shape == (4, 2)
    assert_allclose(layers.dot([A, A], axes=1, normalize=True).numpy(), np.ones((2, 1)), rtol=1e-6)


def test_one_input_is_a_list_of_one():
    assert_allclose(layers.Add()([A]).numpy(), A)


@pytest.mark.parametrize("name", ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"])
def test_a_single_tensor_is_refused(name):
    with pytest.raises(ShapeError, match=rf"{name} 'm' takes a list of (2 )?inputs"):
        getattr(layers, name)(name="m")(A)


def test_a_single_tensor_is_refused_by_dot():
    with pytest.raises(ShapeError, match="takes a list of 2 inputs"):
        layers.Dot(axes=1)(A)


@pytest.mark.parametrize("layer", [layers.Subtract(), layers.Dot(axes=1)])
def test_two_inputs_and_no_more(layer):
    with pytest.raises(ShapeError, match="list of 2 inputs"):
        layer([A, B, A])


@pytest.mark.parametrize(
    ("layer", "shapes"),
    [
        (layers.Add(name="m"), [(2, 3), (2, 4)]),
        (layers.Add(name="m"), [(2, 3), (4, 3)]),
        (layers.Maximum(name="m"), [(2, 3, 2), (2, 4)]),
        (layers.Concatenate(name="m"), [(2, 3, 2), (2, 4, 2)]),
        (layers.Concatenate(name="m"), [(2, 3), (2, 3, 1)]),
        (layers.Dot(axes=1, name="m"), [(2, 3), (2, 4)]),
        (layers.Dot(axes=0, name="m"), [(2, 3), (2, 3)]),
        (layers.Dot(axes=(1, 3), name="m"), [(2, 3), (2, 3)]),
    ],
)
def test_shapes_that_do_not_go_together(layer, shapes):
    with pytest.raises(
        ShapeError, match=r"'m': the shapes of the inputs do not go together\.\n  got:      \(2, 3"
    ) as said:
        layer([np.ones(shape) for shape in shapes])
    assert str(shapes[1]) in str(said.value)


def test_arguments():
    with pytest.raises(TypeError, match="bad `axes`"):
        layers.Dot(axes="1")
    with pytest.raises(ValueError, match="bad `axes`"):
        layers.Dot(axes=(1, 2, 3))
    with pytest.raises(ShapeError, match="there is no axis 2"):
        layers.Concatenate(axis=2)([A, B])


def test_gradients():
    x, y = keras.Variable(A), keras.Variable(B)
    with keras.GradientTape() as tape:
        z = layers.Multiply()([layers.Maximum()([x, y]), layers.Subtract()([x, y])])
    gx, gy = tape.gradient(z, [x, y])
    larger = A > B
    assert_allclose(gx.numpy(), np.where(larger, 2 * A - B, B))
    assert_allclose(gy.numpy(), np.where(larger, -A, A - 2 * B))


def test_maximum_leaves_masked_steps_out():
    x = np.array([[[1.0], [9.0]]], "float32")
    y = np.array([[[2.0], [3.0]]], "float32")
    masked = layers.Masking(mask_value=9.0)
    out = layers.Maximum()([masked(x), masked(y)])
    assert out.numpy().tolist() == [[[2.0], [3.0]]]
    assert out._keras_mask.numpy().tolist() == [[True, True]]


def test_one_input_without_a_mask_ends_the_mask():
    x = np.array([[[1.0], [0.0]]], "float32")
    masked = layers.Masking()(x)
    assert getattr(layers.Add()([masked, x]), "_keras_mask", None) is None
    assert layers.Add()([masked, masked])._keras_mask.numpy().tolist() == [[True, False]]
    assert layers.Concatenate(axis=1)([masked, x])._keras_mask.numpy().tolist() == [[True, False, True, True]]
