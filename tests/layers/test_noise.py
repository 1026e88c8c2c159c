"""Noise layers in training: what they draw on average, and that one seed gives one result."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf import layers, ops

X = np.linspace(-2, 2, 40000, dtype="float32").reshape(100, 400)


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.GaussianNoise(0.5, seed=1),
        lambda: layers.GaussianDropout(0.25, seed=1),
        lambda: layers.AlphaDropout(0.25, seed=1),
        lambda: layers.SpatialDropout1D(0.25, seed=1),
    ],
)
def test_one_seed_gives_one_result(make):
    x = X.reshape(100, 20, 20)
    first = make()(x, training=True).numpy()
    assert_array_equal(make()(x, training=True).numpy(), first)
    assert not np.array_equal(first, x)
    assert_array_equal(make()(x).numpy(), x)


def test_gaussian_noise_has_its_deviation():
    noise = layers.GaussianNoise(0.5, seed=1)(X, training=True).numpy() - X
    assert_allclose([noise.mean(), noise.std()], [0, 0.5], atol=0.02)


def test_gaussian_dropout_has_the_spread_of_dropout():
    noise = layers.GaussianDropout(0.2, seed=1)(np.ones_like(X), training=True).numpy()
    assert_allclose([noise.mean(), noise.var()], [1, 0.25], atol=0.02)


def test_alpha_dropout_keeps_mean_and_variance():
    x = np.random.default_rng(0).normal(size=(200, 400)).astype("float32")
    y = layers.AlphaDropout(0.3, seed=1)(x, training=True).numpy()
    assert_allclose([y.mean(), y.std()], [0, 1], atol=0.02)
    rows = layers.AlphaDropout(0.3, noise_shape=(None, 1), seed=1)(np.ones((50, 8), "float32"), training=True).numpy()
    assert (rows == rows[:, :1]).all()


@pytest.mark.parametrize(
    ("layer", "shape", "places"),
    [
        (layers.SpatialDropout1D(0.5, seed=1), (8, 5, 6), (1,)),
        (layers.SpatialDropout2D(0.5, seed=1), (8, 3, 4, 6), (1, 2)),
        (layers.SpatialDropout2D(0.5, data_format="channels_first", seed=1), (8, 6, 3, 4), (2, 3)),
        (layers.SpatialDropout3D(0.5, seed=1), (8, 2, 3, 2, 6), (1, 2, 3)),
        (layers.SpatialDropout3D(0.5, data_format="channels_first", seed=1), (8, 6, 2, 3, 2), (2, 3, 4)),
    ],
)
def test_spatial_dropout_drops_features_everywhere(layer, shape, places):
    y = layer(np.ones(shape, "float32"), training=True).numpy()
    assert set(np.unique(y)) == {0.0, 2.0}
    assert_array_equal(y.min(places), y.max(places))


def test_rates_are_checked():
    for make in (layers.GaussianDropout, layers.AlphaDropout, layers.SpatialDropout1D):
        with pytest.raises(ValueError, match="`rate`"):
            make(1.5)
    with pytest.raises(ValueError, match="`stddev`"):
        layers.GaussianNoise(-0.1)
    with pytest.raises(ValueError, match="`data_format`"):
        layers.SpatialDropout2D(0.5, data_format="first")


def test_other_messages():
    with pytest.raises(ValueError, match="bad `dims`"):
        layers.Permute((1, 3))
    with pytest.raises(TypeError, match="bad `n`"):
        layers.RepeatVector(2.0)
    with pytest.raises(ValueError, match="`n`"):
        layers.RepeatVector(0)
    with pytest.raises(ValueError, match="`negative_slope`"):
        layers.LeakyReLU(-1.0)
    with pytest.raises(ValueError, match="no axis 3 to share"):
        layers.PReLU(shared_axes=[3])(np.ones((1, 2, 2)))
    with pytest.raises(ValueError, match="the mask does not fit"):
        layers.Softmax()(np.ones((2, 3)), mask=np.ones((2, 2), bool))
    with pytest.warns(UserWarning, match="older name of `negative_slope`"):
        assert layers.LeakyReLU(alpha=0.5).negative_slope == 0.5


def test_masking_and_softmax_with_a_mask():
    x = np.array([[[1.0, 0.0], [-1.0, -1.0], [0.0, 0.0]]], "float32")
    y = layers.Masking(mask_value=-1.0)(x)
    assert y.numpy().tolist() == [[[1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]]
    assert y._keras_mask.numpy().tolist() == [[True, False, True]]
    p = layers.Softmax()(np.zeros((1, 3)), mask=ops.convert_to_tensor([[1.0, 0.0, 1.0]]))
    assert_allclose(p.numpy(), [[0.5, 0, 0.5]])
    none = layers.Softmax(axis=(0, 1))(np.zeros((1, 3)), mask=np.zeros((1, 3), bool))
    assert_allclose(none.numpy(), np.zeros((1, 3)))


def test_activity_regularization_penalizes_per_sample():
    layer = layers.ActivityRegularization(l1=1.0, l2=2.0)
    layer(np.array([[1.0, -2.0], [3.0, 0.0]]))
    assert float(layer.losses[0]) == (6 + 2 * 14) / 2
