"""Convolution, pooling, padding, cropping and upsampling beside what real Keras did (tests/record/windows.py)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import babytf as keras
from babytf import GradientTape, Tensor, layers, ops
from babytf.engine import bind, pool_kernels, threads, window_kernels
from babytf.engine.primitives import window as window
from babytf.errors import ShapeError
from babytf.layers.symbolic import KerasTensor
from tests.layers.windows_calls import CALLS, digest, label, run

RECORDED = np.load(Path(__file__).parent.parent / "data" / "recorded" / "windows.npz")
KNOWN = [call for call in CALLS if label(call) in RECORDED]


@pytest.mark.parametrize("call", KNOWN, ids=label)
def test_output_and_gradients_are_those_of_keras(call):
    layer, y, x = run(layers, call)
    assert_allclose(digest(y.numpy()), RECORDED[label(call)], rtol=2e-5, atol=3e-5)
    weights = np.random.default_rng(1).normal(size=y.shape).astype("float32")
    x = Tensor(x)
    with GradientTape() as tape:
        tape.watch(x)
        loss = ops.sum(layer(x) * weights)
    watched = [x, *layer.trainable_variables]
    for i, g in enumerate(tape.gradient(loss, watched)):
        scale = float(np.abs(g.numpy()).sum())
        assert_allclose(digest(g.numpy())[g.ndim], RECORDED[f"{label(call)} gradient {i}"], atol=2e-6 * scale + 1e-4)


@pytest.mark.parametrize("call", KNOWN, ids=label)
def test_shape_is_known_before_there_is_data(call):
    layer, y, x = run(layers, call)
    assert layer.compute_output_shape((None, *x.shape[1:])) == (None, *y.shape[1:])
    free = layer.compute_output_spec(KerasTensor((None, *x.shape[1:]), "float32"))
    assert (free.shape, free.dtype) == ((None, *y.shape[1:]), "float32")


def test_all_calls_are_recorded():
    assert len(KNOWN) == len(CALLS)


# --- another way


def by_definition(x, w, strides, dilation, groups):
    """One place and one filter at a time."""
    b, h, v, _ = x.shape
    kh, kw, depth, filters = w.shape
    oh = (h - (kh - 1) * dilation - 1) // strides + 1
    ow = (v - (kw - 1) * dilation - 1) // strides + 1
    y = np.zeros((b, oh, ow, filters))
    for i in range(oh):
        for j in range(ow):
            for f in range(filters):
                g = f // (filters // groups)
                rows = slice(i * strides, i * strides + (kh - 1) * dilation + 1, dilation)
                columns = slice(j * strides, j * strides + (kw - 1) * dilation + 1, dilation)
                part = x[:, rows, columns, g * depth : (g + 1) * depth]
                y[:, i, j, f] = (part * w[..., f]).sum(axis=(1, 2, 3))
    return y


@pytest.mark.parametrize("block", [60, window_kernels.BLOCK])
@pytest.mark.parametrize(
    ("channels", "depth", "strides", "dilation"),
    [(1, 1, 1, 1), (6, 6, 2, 1), (6, 3, 1, 2), (4, 1, 1, 1), (20, 20, 1, 1)],
)
def test_convolution_by_definition_however_it_is_cut(monkeypatch, rng, block, channels, depth, strides, dilation):
    """Small blocks, shared among threads, give what one block gives."""
    monkeypatch.setattr(window_kernels, "BLOCK", block)
    monkeypatch.setattr(window_kernels, "ROWS", 4)
    monkeypatch.setattr(window_kernels, "ALONE", 1)
    window_kernels.geometry.cache_clear()
    x, w = rng.normal(size=(3, 9, 8, channels)), rng.normal(size=(3, 2, depth, 12))
    y = ops.conv(x, w, strides, "valid", "channels_last", dilation).numpy()
    window_kernels.geometry.cache_clear()
    assert_allclose(y, by_definition(x, w, strides, dilation, channels // depth), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("block", [60, window_kernels.BLOCK])
@pytest.mark.parametrize(
    ("size", "kernel", "strides", "padding", "dilation", "lines"),
    [
        ((17,), (3,), (1,), "valid", (1,), True),
        ((17,), (4,), (1,), "same", (1,), True),
        ((17,), (3,), (2,), "same", (1,), False),
        ((7, 9), (3, 3), (1, 1), "same", (1, 1), True),
        ((7, 9), (3, 2), (2, 1), "valid", (1, 1), True),
        ((7, 9), (2, 3), (1, 1), "same", (3, 1), True),
        ((7, 9), (2, 3), (1, 1), "same", (1, 2), False),
        ((7, 4), (3, 4), (1, 1), "valid", (1, 1), False),  # one place in a line: too many products at its ends
        ((4, 5, 6), (2, 3, 2), (1, 2, 1), "same", (1, 1, 1), True),
    ],
)
def test_the_input_gradient_is_what_the_convolution_is_turned_around(
    monkeypatch, rng, block, size, kernel, strides, padding, dilation, lines
):
    """The sum of y g is that of x dx for any x, y = conv(x): however it is cut, and by whichever way."""
    monkeypatch.setattr(window_kernels, "BLOCK", block)
    monkeypatch.setattr(window_kernels, "ROWS", 4)
    monkeypatch.setattr(window_kernels, "ALONE", 1)
    window_kernels.geometry.cache_clear()
    calls = []
    by_lines = window_kernels._spread_lines
    monkeypatch.setattr(window_kernels, "_spread_lines", lambda *args: (calls.append(args), by_lines(*args)))
    w = Tensor(rng.normal(size=(*kernel, 16, 5)))
    x = Tensor(rng.normal(size=(3, *size, 16)))
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.conv(x, w, strides, padding, "channels_last", dilation)
        g = rng.normal(size=y.shape)
        total = ops.sum(y * g)
    dx = tape.gradient(total, x).numpy()
    for _ in range(3):
        other = rng.normal(size=x.shape)
        y = ops.conv(Tensor(other), w, strides, padding, "channels_last", dilation).numpy()
        assert_allclose(np.sum(other * dx), np.sum(y * g), rtol=1e-9)
    assert bool(calls) == lines
    window_kernels.geometry.cache_clear()


def test_convolution_by_hand():
    # (1, 2, 3, 4) with (1, 10): 1+20, 2+30, 3+40; each is a dot product, the kernel is not turned around
    assert ops.conv(np.array([[[1.0], [2.0], [3.0], [4.0]]]), np.array([[[1.0]], [[10.0]]])).tolist() == [
        [[21.0], [32.0], [43.0]]
    ]


def test_separable_is_depthwise_then_pointwise(rng):
    x, d, p = rng.normal(size=(2, 7, 7, 3)), rng.normal(size=(3, 3, 3, 2)), rng.normal(size=(1, 1, 6, 4))
    assert_allclose(
        ops.separable_conv(x, d, p, 2, "same").numpy(),
        ops.depthwise_conv(x, d, 2, "same").numpy() @ p[0, 0].astype("float32"),
        rtol=1e-5,
        atol=1e-5,
    )


def test_gradient_of_pooling_goes_to_the_first_largest():
    x = Tensor(np.array([[[1.0], [1.0], [0.0]], [[1.0], [2.0], [2.0]]], "float32")[None])
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.max_pool(x, (2, 3))
    assert tape.gradient(y, x).numpy()[0, ..., 0].tolist() == [[0, 0, 0], [0, 1, 0]]


def test_of_equal_values_across_a_window_the_first_in_reading_order_gets_the_gradient():
    # the largest stands at (0, 1) and at (1, 0): row by row, (0, 1) comes first
    x = np.array([[0.0, 3.0], [3.0, 0.0]], "float32").reshape(1, 2, 2, 1)
    g = bind(
        "max_pool_gradient", np.ones((1, 1, 1, 1), "float32"), x, size=(2, 2), strides=(2, 2), padding=((0, 0), (0, 0))
    )
    assert g.numpy().reshape(2, 2).tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize("alone", [1, pool_kernels.ALONE])
def test_pooling_however_it_is_cut(monkeypatch, rng, alone):
    monkeypatch.setattr(pool_kernels, "ALONE", alone)
    x = rng.normal(size=(5, 6, 8, 3)).astype("float32")
    expected = x.reshape(5, 3, 2, 4, 2, 3).max(axis=(2, 4))
    assert_array_equal(ops.max_pool(x, 2).numpy(), expected)
    assert_allclose(ops.average_pool(x, 2).numpy(), x.reshape(5, 3, 2, 4, 2, 3).mean(axis=(2, 4)), rtol=1e-5, atol=1e-6)


def test_average_over_edges_counts_what_is_inside():
    # windows of 3 around 1, 2, 3 with steps of 1: (1+2)/2, (1+2+3)/3, (2+3)/2
    y = ops.average_pool(np.array([[[1.0], [2.0], [3.0]]]), 3, 1, "same")
    assert_allclose(y.numpy().ravel(), [1.5, 2.0, 2.5], rtol=1e-6)


def test_global_average_leaves_out_masked_steps():
    x = np.array([[[1.0], [2.0], [9.0]]], "float32")
    y = layers.GlobalAveragePooling1D()(x, mask=np.array([[True, True, False]]))
    assert y.tolist() == [[1.5]]
    assert getattr(y, "_keras_mask", None) is None


@pytest.mark.parametrize("fast", [True, False])
def test_compiled_trains_like_eager(monkeypatch, fast):
    if fast:
        monkeypatch.setattr(window_kernels, "ALONE", 1)
    runs = []
    for run_eagerly in (False, True):
        keras.utils.set_random_seed(4)
        model = keras.Sequential(
            [
                layers.Input((12, 12, 1)),
                layers.Conv2D(8, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.DepthwiseConv2D(2, padding="same", activation="relu"),
                layers.SeparableConv2D(6, 2),
                layers.AveragePooling2D(2, padding="same"),
                layers.Conv2DTranspose(4, 2, strides=2, activation="relu"),
                layers.GlobalMaxPooling2D(),
                layers.Dense(3, activation="softmax"),
            ]
        )
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=run_eagerly, jit_compile=False)
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(40, 12, 12, 1)).astype("float32"), rng.integers(0, 3, 40)
        losses = model.fit(x, y, batch_size=16, epochs=2, verbose=0, shuffle=False).history["loss"]
        runs.append((losses, model.get_weights()))
    (a, weights), (b, eager) = runs
    assert a == b
    for v, w in zip(weights, eager, strict=True):
        assert_array_equal(v, w)


def test_threads_are_left_as_they_were():
    before = threads.count()
    with threads.one_thread(), threads.one_thread():
        assert threads.count() == before
    assert threads.count() == before


# --- errors


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv2D(0, 3), "positive integer"),
        (lambda: layers.Conv2D(4, (3, 3, 3)), "or 2 of them"),
        (lambda: layers.Conv2D(4, 3, padding="causal"), "'valid', 'same'"),
        (lambda: layers.Conv1D(4, 3, padding="causal", data_format="channels_first"), "channels last"),
        (lambda: layers.Conv2D(4, 3, strides=2, dilation_rate=2), "steps and gaps"),
        (lambda: layers.Conv2D(4, 3, groups=3), "multiple of 3"),
        (lambda: layers.Conv2D(4, 3, groups=2)(np.ones((1, 5, 5, 3))), "multiple of 2 channels"),
        (lambda: layers.Conv2D(4, 3)(np.ones((1, 2, 5, 3))), "window is larger"),
        (lambda: layers.Conv2D(4, 3)(KerasTensor((None, 5, 5, None))), "number of channels"),
        (lambda: layers.MaxPooling2D(3)(np.ones((1, 2, 5, 3))), "window is larger"),
        (lambda: layers.MaxPooling2D(2, data_format="last"), "channels_last"),
        (lambda: layers.Conv2DTranspose(4, 3, output_padding=1), "below strides"),
        (lambda: layers.Cropping1D(3)(np.ones((1, 5, 3))), "nothing would be left"),
        (lambda: layers.ZeroPadding2D(-1), "at least 0"),
        (lambda: layers.UpSampling2D(2, interpolation="spline"), "'nearest'"),
        (lambda: ops.conv(np.ones((1, 5, 5, 3)), np.ones((3, 3, 2, 4))), "do not go together"),
        (lambda: ops.conv(np.ones((5, 5)), np.ones((3, 3, 2, 4))), "spatial axes"),
        (lambda: ops.max_pool(np.ones((1, 2, 3)), 3), "window is larger"),
    ],
)
def test_errors_say_what_is_wrong(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_another_number_of_channels_is_refused():
    layer = layers.Conv2D(2, 3)
    layer(np.ones((1, 5, 5, 3)))
    with pytest.raises(ShapeError, match="features"):
        layer(np.ones((1, 5, 5, 4)))


@pytest.mark.parametrize("strides", [2, 1])
def test_pooling_goes_before_relu_in_programs(rng, strides):
    model = keras.Sequential(
        [
            layers.Input((9, 9, 2)),
            layers.Conv2D(4, 2, activation="relu"),
            layers.MaxPooling2D(2, strides=strides),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    model.compile("sgd", "mse", jit_compile=False)
    x, y = rng.normal(size=(6, 9, 9, 2)).astype("float32"), rng.normal(size=(6, 1)).astype("float32")
    before = model.get_weights()
    compiled = model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"], model.get_weights()
    text = str(model.program("train"))
    assert text.index("pools.max_pool(") < text.index("np.maximum(")
    assert text.index("np.greater(") < text.index("pools.max_pool_gradient(")
    model.set_weights(before)
    model.compile("sgd", "mse", run_eagerly=True)
    eager = model.fit(x, y, epochs=3, shuffle=False, verbose=0).history["loss"], model.get_weights()
    assert compiled[0] == eager[0]
    for a, b in zip(compiled[1], eager[1], strict=True):
        assert_array_equal(a, b)


def test_relu_stays_where_something_else_needs_it(rng):
    inputs = layers.Input((8, 8, 2))
    activated = layers.Conv2D(3, 3, activation="relu")(inputs)
    model = keras.Model(inputs, [layers.MaxPooling2D()(activated), activated])
    pooled, whole = model.predict(rng.normal(size=(2, 8, 8, 2)).astype("float32"), verbose=0)
    assert_array_equal(pooled, whole.reshape(2, 3, 2, 3, 2, 3).max(axis=(2, 4)))
