"""Normalization and attention layers: by hand, beside one another, in training, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import babytf as keras
from babytf import layers

X = np.random.default_rng(2).normal(size=(6, 5, 8)).astype("float32")


def block(mask):
    """A small transformer, with everything in it that keeps state."""
    keras.utils.set_random_seed(4)
    x = inputs = keras.Input((5, 8))
    x = layers.Masking()(x) if mask else x
    y = layers.MultiHeadAttention(2, 3, dropout=0.1 if mask else 0.0, seed=1)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    y = layers.GroupQueryAttention(4, 4, 2, use_gate=True)(x, x)
    x = layers.BatchNormalization()(layers.Add()([x, y]))
    x = layers.GroupNormalization(2)(layers.RMSNormalization()(x))
    x = layers.Flatten()(layers.UnitNormalization()(x)) if not mask else layers.Dense(1)(x)
    return keras.Model(inputs, layers.Dense(1)(x))


@pytest.mark.parametrize("mask", [False, True], ids=["plain", "masked, with dropout"])
@pytest.mark.filterwarnings("ignore:.*does not support masks")
def test_a_compiled_step_gives_the_bits_of_an_eager_one(mask):
    found = []
    for eager in (False, True):
        model = block(mask)
        x = X.copy()
        x[:, 3:] = 0 if mask else x[:, 3:]
        y = X[:, :, :1] if mask else X[:, 0, :1]
        model.compile("sgd", "mse", run_eagerly=eager)
        losses = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0).history["loss"]
        assert losses[1] < losses[0]
        found.append([np.array(losses), *model.get_weights(), model.predict(x, verbose=0)])
    for compiled, run_eagerly in zip(*found, strict=True):
        assert_array_equal(compiled, run_eagerly)


def test_moving_averages_by_hand():
    # mean 2, variance 1; from 0 and 1 with momentum 0.9: 0.2, 1.0; then 0.9 * 0.2 + 0.2 = 0.38
    layer = layers.BatchNormalization(momentum=0.9)
    x = np.array([[1.0], [3.0]])
    layer(x, training=True)
    assert_allclose(layer.moving_mean.numpy(), [0.2], rtol=1e-6)
    assert_allclose(layer.moving_variance.numpy(), [1.0], rtol=1e-6)
    layer(x, training=True)
    assert_allclose(layer.moving_mean.numpy(), [0.38], rtol=1e-6)
    layer.trainable = False
    y = layer(x, training=True)  # frozen: as in inference
    assert_allclose(layer.moving_mean.numpy(), [0.38], rtol=1e-6)
    assert_allclose(y.numpy(), (x - 0.38) / np.sqrt(1.001), rtol=1e-6)


def test_a_mask_leaves_steps_out_of_the_statistics():
    layer = layers.BatchNormalization(momentum=0.0)
    mask = np.zeros((6, 5), bool)
    mask[:, :2] = True
    layer(X, training=True, mask=mask)
    counted = X[:, :2].reshape(-1, 8)
    assert_allclose(layer.moving_mean.numpy(), counted.mean(0), atol=1e-6)
    assert_allclose(layer.moving_variance.numpy(), counted.var(0), atol=1e-6)


def test_batch_normalization_in_half_precision_keeps_its_statistics_in_single():
    layer = layers.BatchNormalization(dtype="mixed_float16")
    y = layer(np.full((4, 2), 300.0, "float16"), training=True)  # 300 squared overflows
    assert (y.dtype, layer.moving_mean.dtype) == ("float16", "float32")
    assert_array_equal(y.numpy(), np.zeros((4, 2)))


def test_groups_are_layers_of_some_channels():
    y = layers.GroupNormalization(2)(X).numpy()
    for channels in (slice(0, 4), slice(4, 8)):
        part = X[..., channels]
        mean, variance = part.mean((1, 2), keepdims=True), part.var((1, 2), keepdims=True)
        assert_allclose(y[..., channels], (part - mean) / np.sqrt(variance + 1e-3), atol=1e-5)
    first = layers.GroupNormalization(2, axis=1)(np.moveaxis(X, -1, 1)).numpy()
    assert_allclose(np.moveaxis(first, 1, -1), y, atol=1e-6)


def test_attention_over_two_axes_is_attention_over_one_long_axis():
    images = np.random.default_rng(0).normal(size=(2, 3, 4, 6)).astype("float32")
    layer = layers.MultiHeadAttention(2, 3, attention_axes=(1, 2))
    y, weights = layer(images, images, return_attention_scores=True)
    flat = layers.MultiHeadAttention(2, 3)
    sequence = images.reshape(2, 12, 6)
    flat(sequence, sequence)
    flat.set_weights(layer.get_weights())
    z, flat_weights = flat(sequence, sequence, return_attention_scores=True)
    assert weights.shape == (2, 2, 3, 4, 3, 4)
    assert_allclose(y.numpy().reshape(z.shape), z.numpy(), atol=1e-6)
    assert_allclose(weights.numpy().reshape(flat_weights.shape), flat_weights.numpy(), atol=1e-6)
    rows = layers.MultiHeadAttention(2, 3, attention_axes=2)
    rows(images, images)
    rows.set_weights(layer.get_weights())
    one = flat(images[:, 1], images[:, 1])
    assert_allclose(rows(images, images).numpy()[:, 1], one.numpy(), atol=1e-6)


@pytest.mark.parametrize("scores", [False, True])
def test_a_masked_step_is_as_if_it_were_not_there(scores):
    layer = layers.MultiHeadAttention(2, 3)
    mask = np.ones((6, 5), bool)
    mask[:, 3:] = False
    extra = {"return_attention_scores": scores}
    got = layer(X, X, value_mask=mask, **extra)
    expected = layer(X, X[:, :3], **extra)
    got, expected = (got[0], expected[0]) if scores else (got, expected)
    assert_allclose(got.numpy(), expected.numpy(), atol=1e-6)
    near = layers.MultiHeadAttention(2, 3, sliding_window=1)
    near(X, X)
    near.set_weights(layer.get_weights())
    _, weights = near(X, X, return_attention_scores=True)
    assert_allclose(weights.numpy(), np.broadcast_to(np.eye(5), (6, 2, 5, 5)), atol=1e-6)


def test_heads_that_share_keys_are_heads_with_equal_keys():
    shared = layers.GroupQueryAttention(3, 4, 2)
    y = shared(X, X)
    full = layers.MultiHeadAttention(4, 3)
    full(X, X)
    twice = [w.repeat(2, axis=-2) if i in (2, 3, 4, 5) else w for i, w in enumerate(shared.get_weights())]
    full.set_weights(twice)
    assert_allclose(full(X, X).numpy(), y.numpy(), atol=1e-6)


def test_attention_by_hand():
    query, value = np.array([[[1.0]]], "float32"), np.array([[[0.0], [np.log(3.0)]]], "float32")
    y, weights = layers.Attention()([query, value], return_attention_scores=True)  # scores 0 and ln 3
    assert_allclose(weights.numpy(), [[[0.25, 0.75]]], rtol=1e-6)
    assert_allclose(y.numpy(), [[[0.75 * np.log(3.0)]]], rtol=1e-6)
    y = layers.Attention()([query, value], mask=[None, np.array([[True, False]])])
    assert_allclose(y.numpy(), [[[0.0]]], atol=1e-6)
    tanh = np.exp(np.tanh([1.0, 1.0 + np.log(3.0)]))
    for layer in (layers.AdditiveAttention(use_scale=False), layers.Attention(score_mode="concat")):
        _, weights = layer([query, value], return_attention_scores=True)
        assert_allclose(weights.numpy()[0, 0], tanh / tanh.sum(), rtol=1e-6)


def test_spectral_norm_comes_near_to_one():
    layer = layers.SpectralNormalization(layers.Dense(3, use_bias=False), power_iterations=50)
    layer(X[:, 0], training=True)
    assert_allclose(np.linalg.norm(layer.layer.kernel.numpy(), 2), 1.0, rtol=1e-4)


def test_adapt_takes_arrays_and_batches():
    data = np.random.default_rng(1).normal(size=(40, 3)) * 5 + 100
    whole, parts = layers.Normalization(), layers.Normalization()
    whole.adapt(data)
    parts.adapt([data[:7], (data[7:],)])
    for layer in (whole, parts):
        y = layer(data).numpy()
        assert_allclose(y.mean(0), 0, atol=1e-4)
        assert_allclose(y.std(0), 1, atol=1e-4)
    back = layers.Normalization(invert=True, mean=data.mean(0), variance=data.var(0))
    assert_allclose(back(whole(data)).numpy(), data, rtol=1e-5)
    assert layers.Normalization.from_config(back.get_config()).get_config() == back.get_config()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.BatchNormalization(synchronized=True), ValueError, "synchronized"),
        (lambda: layers.BatchNormalization(renorm=True, renorm_clipping={"max": 1}), ValueError, "renorm_clipping"),
        (lambda: layers.LayerNormalization(axis="last"), TypeError, "axis"),
        (lambda: layers.GroupNormalization(3)(X), ValueError, "8 channels, groups=3"),
        (lambda: layers.MultiHeadAttention(2, 3, flash_attention=True), NotImplementedError, "flash_attention"),
        (lambda: layers.MultiHeadAttention(0, 3), ValueError, "num_heads"),
        (lambda: layers.MultiHeadAttention(2, 3)(X, X, X[:, :2]), ValueError, "differ in length"),
        (lambda: layers.GroupQueryAttention(3, 4, 3), ValueError, "num_key_value_heads=3"),
        (lambda: layers.Attention()(X), ValueError, "query, value"),
        (lambda: layers.Attention(score_mode="sum"), ValueError, "score_mode"),
        (lambda: layers.Normalization(mean=1.0), ValueError, "variance"),
        (lambda: layers.EinsumDense("ab->ab", 3), ValueError, "equation"),
        (lambda: layers.EinsumDense("ab,bc->ac", 3, lora_rank=2), NotImplementedError, "lora_rank"),
        (lambda: layers.EinsumDense("ab,bc->ac", 3)(X), ValueError, "as many axes"),
        (lambda: layers.SpectralNormalization(layers.Flatten())(X), ValueError, "kernel"),
    ],
)
def test_what_is_refused_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("equation", "sizes", "bias", "shape", "by_hand"),
    [
        ("ab,bc->ac", 4, "c", (3, 5), "ab,bc->ac"),
        ("abc,cd->abd", (None, 4), "d", (2, 3, 5), "abc,cd->abd"),
        ("...x,xy->...y", 4, "y", (2, 3, 5), "abx,xy->aby"),
        ("abc,cde->abde", (None, 2, 4), "e", (2, 3, 5), "abc,cde->abde"),
        ("ab...,bc->ac...", 4, "c", (2, 3, 5), "abz,bc->acz"),
    ],
)
def test_einsum_dense_is_the_sum_its_letters_say(equation, sizes, bias, shape, by_hand):
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    layer = layers.EinsumDense(equation, sizes, bias_axes=bias, bias_initializer="random_normal")
    y = layer(x).numpy()
    expected = np.einsum(by_hand, x, layer.kernel.numpy()) + layer.bias.numpy()
    assert_allclose(y, expected, rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *y.shape[1:])
