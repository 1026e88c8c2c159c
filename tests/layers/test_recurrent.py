"""Recurrent layers beside what real Keras did (tests/record/recurrent.py), and what they do with states and dropout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import babytf as keras
from babytf import layers
from babytf.engine import jit
from babytf.errors import ShapeError
from tests.record import recurrent
from tests.record.recurrent import BATCH, CASES, COMPOSED, FEATURES, STEPS, TRAINED, UNITS

RECORDED = np.load(Path(__file__).parent.parent / "data" / "recorded" / "recurrent.npz", allow_pickle=False)
X, MASK, STATES = recurrent.data()


def recorded(name):
    found = []
    while f"{name}:{len(found)}" in RECORDED.files:
        found.append(RECORDED[f"{name}:{len(found)}"])
    assert found
    return found


@pytest.mark.parametrize("name", [*CASES, *COMPOSED])
def test_output_is_that_of_keras(name):
    for got, expected in zip(recurrent.called(keras, name), recorded(f"{name}:call"), strict=True):
        assert_allclose(got, expected, rtol=1e-5, atol=2e-6)


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.filterwarnings("ignore:.*does not support masks")
def test_a_training_step_is_that_of_keras(name):
    for got, expected in zip(recurrent.trained(keras, name), recorded(f"{name}:train"), strict=True):
        assert_allclose(got, expected, rtol=1e-5, atol=2e-6)


def test_everything_recorded_is_used():
    names = {f"{name}:call" for name in [*CASES, *COMPOSED]} | {f"{name}:train" for name in TRAINED}
    assert {key.rpartition(":")[0] for key in RECORDED.files} == names


# --- one operation or many


@pytest.mark.parametrize("name", ["lstm", "gru", "gru_before", "simple"])
@pytest.mark.parametrize("masked", [False, True])
def test_all_steps_at_once_are_the_cell_step_by_step(name, masked):
    cls, arguments = recurrent.KINDS[name]
    layer = getattr(layers, cls)(UNITS, return_sequences=True, return_state=True, **arguments)
    by_step = layers.RNN(layer.cell, return_sequences=True, return_state=True)
    keywords = {"mask": MASK} if masked else {}
    for got, expected in zip(layer(X, **keywords), by_step(X, **keywords), strict=True):
        assert_allclose(got, expected, rtol=1e-5, atol=1e-6)


def lstm_by_hand(x, kernel, recurrent_kernel, bias):
    h = c = np.zeros((len(x), UNITS))
    for t in range(x.shape[1]):
        i, f, g, o = np.split(x[:, t] @ kernel + h @ recurrent_kernel + bias, 4, axis=1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.tanh(g)
        h = o * np.tanh(c)
    return h


def test_lstm_by_hand():
    layer = layers.LSTM(UNITS)
    layer.build(X.shape)
    recurrent.set_weights(layer)
    assert_allclose(layer(X), lstm_by_hand(X.astype("float64"), *layer.get_weights()), rtol=1e-5)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("masked", [False, True])
def test_a_program_computes_what_an_eager_run_does(name, masked):
    runs = []
    for eager in (False, True):
        keras.utils.set_random_seed(4)
        front = [layers.Embedding(9, 3, mask_zero=masked)]
        cls = getattr(layers, name)
        model = keras.Sequential(
            [
                keras.Input((7,), dtype="int32"),
                *front,
                cls(4, return_sequences=True),
                cls(3, dropout=0.2),
                layers.Dense(1),
            ]
        )
        model.compile("adam", "mse", run_eagerly=eager)
        ids = np.random.default_rng(0).integers(0, 9, (12, 7))
        history = model.fit(ids, np.ones((12, 1)), batch_size=5, epochs=2, verbose=0).history["loss"]
        runs.append([np.array(history), *model.get_weights(), model.predict(ids, verbose=0)])
    for compiled, eager_run in zip(*runs, strict=True):
        if jit.available():  # compiled loops round differently
            assert_allclose(compiled, eager_run, rtol=2e-5, atol=1e-6)
        else:
            assert_array_equal(compiled, eager_run)


@pytest.mark.parametrize("dtype", ["float16", "float64", "mixed_float16"])
@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
def test_other_dtypes(name, dtype):
    layer = getattr(layers, name)(UNITS, return_sequences=True, dtype=dtype)
    layer.build(X.shape)
    recurrent.set_weights(layer)
    wide = getattr(layers, name)(UNITS, return_sequences=True, dtype="float64")
    wide.build(X.shape)
    wide.set_weights(layer.get_weights())
    y = layer(X)
    assert y.dtype == layer.compute_dtype
    assert_allclose(y, wide(X), atol=2e-2 if "16" in dtype else 1e-6)


# --- states that stay


@pytest.mark.parametrize(
    "make", [layers.LSTM, layers.GRU, layers.SimpleRNN, lambda n, **kw: layers.RNN(layers.LSTMCell(n), **kw)]
)
def test_a_stateful_layer_goes_on_where_it_was(make):
    whole = make(UNITS)
    whole.build(X.shape)
    parts = make(UNITS, stateful=True)
    parts.build((BATCH, 2, FEATURES))
    parts.set_weights(whole.get_weights())
    parts(X[:, :2])
    assert_allclose(parts(X[:, 2:]), whole(X), rtol=1e-5, atol=1e-6)
    parts.reset_states()
    assert_allclose(parts(X), whole(X), rtol=1e-5, atol=1e-6)


def test_a_stateful_model_predicts_piece_by_piece():
    model = keras.Sequential([keras.Input(batch_shape=(BATCH, None, FEATURES)), layers.LSTM(UNITS, stateful=True)])
    first = model.predict(X, batch_size=BATCH, verbose=0)
    second = model.predict(X, batch_size=BATCH, verbose=0)
    assert np.abs(first - second).max() > 1e-3
    model.layers[0].reset_state()
    assert_allclose(model.predict(X, batch_size=BATCH, verbose=0), first, rtol=1e-6)


def test_stateful_layers_name_what_they_need():
    with pytest.raises(ValueError, match=r"(?s)stateful=True needs.*got:.*fix:.*batch_shape"):
        layers.LSTM(2, stateful=True).build((None, 3, 2))
    layer = layers.LSTM(2, stateful=True)
    layer(X)
    with pytest.raises(ShapeError, match=r"(?s)keeps the states of 3 sequences.*got:\s+a batch of 2.*batch_size=3"):
        layer(X[:2])
    with pytest.raises(ValueError, match=r"(?s)wrong number of states.*got:.*1 tensors.*expected: 2"):
        layers.LSTM(4)(X, initial_state=[STATES[0]])


# --- dropout


@pytest.mark.parametrize("name", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize(
    "rate", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}, {"dropout": 0.5, "recurrent_dropout": 0.5}]
)
def test_dropout_only_in_training(name, rate):
    layer = getattr(layers, name)(UNITS, seed=3, **rate)
    plain = getattr(layers, name)(UNITS)
    plain.build(X.shape)
    layer.build(X.shape)
    plain.set_weights(layer.get_weights())
    assert_allclose(layer(X), plain(X), rtol=1e-5)
    first, second = layer(X, training=True), layer(X, training=True)
    assert np.abs(first.numpy() - plain(X).numpy()).max() > 1e-3
    assert np.abs(first.numpy() - second.numpy()).max() > 1e-3


def test_what_is_dropped_stays_dropped_for_a_sequence():
    layer = layers.SimpleRNN(1, dropout=0.5, activation="linear", use_bias=False, return_sequences=True)
    layer.build((64, 4, 1))
    layer.set_weights([np.ones((1, 1)), np.zeros((1, 1))])
    y = layer(np.ones((64, 4, 1), "float32"), training=True).numpy()[..., 0]
    assert set(np.unique(y)) == {0.0, 2.0}
    assert_array_equal(y, y[:, :1].repeat(4, axis=1))


# --- cells of one's own, wrappers, masks, files


class Counter(layers.Layer):
    state_size = 1

    def call(self, x, states):
        return x[:, :1] + states[0], states[0] + 1


def test_a_cell_of_ones_own():
    y, last = layers.RNN(Counter(), return_sequences=True, return_state=True)(np.zeros((2, 4, 3), "float32"))
    assert_array_equal(y.numpy()[0, :, 0], [0, 1, 2, 3])
    assert_array_equal(last, [[4], [4]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RNN(layers.Dense(3)), "has no `state_size`"),
        (lambda: layers.StackedRNNCells([layers.Dense(3)]), "has no `state_size`"),
        (lambda: layers.LSTM(0), "bad `units`"),
        (lambda: layers.GRU(2, dropout=1.5), "bad `dropout`"),
        (lambda: layers.LSTM(2, use_cudnn="yes"), "bad `use_cudnn`"),
        (lambda: layers.Bidirectional(layers.Dense(2)), "no recurrent layer"),
        (lambda: layers.Bidirectional(layers.LSTM(2), merge_mode="max"), "bad `merge_mode`"),
        (lambda: layers.Bidirectional(layers.LSTM(2), backward_layer=layers.LSTM(2)), "in the same direction"),
        (
            lambda: layers.Bidirectional(
                layers.LSTM(2), backward_layer=layers.LSTM(2, go_backwards=True, return_sequences=True)
            ),
            "differ in `return_sequences`",
        ),
        (lambda: layers.TimeDistributed("dense"), "`layer` is no layer"),
        (lambda: layers.TimeDistributed(layers.Dense(2)).build((None, 3)), "takes sequences"),
        (lambda: layers.Embedding(0, 3), "bad `input_dim`"),
    ],
)
def test_errors_name_the_argument(make, message):
    with pytest.raises(ValueError, match=rf"(?s){message}.*got:"):
        make()


@pytest.mark.parametrize("name", ["lora_rank", "lora_alpha", "quantization_config"])
def test_what_embeddings_do_not_offer_is_said(name):
    with pytest.raises(NotImplementedError, match=f"(?s)not available.*{name}=4"):
        layers.Embedding(3, 2, **{name: 4})


def test_embedding_takes_rows_and_masks_zeros():
    table = np.arange(12, dtype="float32").reshape(4, 3)
    layer = layers.Embedding(4, 3, weights=table, mask_zero=True)
    y = layer(np.array([[0, 2], [3, 3]]))
    assert_array_equal(y, table[[[0, 2], [3, 3]]])
    assert_array_equal(y._keras_mask, [[False, True], [True, True]])
    with pytest.raises(IndexError, match="4 is out of range"):
        layer(np.array([[4]]))


@pytest.mark.parametrize("compiled", [False, True])
def test_embedding_gradient_adds_up_what_occurs_twice(compiled):
    model = keras.Sequential([keras.Input((3,), dtype="int32"), layers.Embedding(5, 8, embeddings_initializer="zeros")])
    model.compile(keras.optimizers.SGD(1.0), lambda t, p: keras.ops.sum(p, axis=(1, 2)), run_eagerly=not compiled)
    model.train_on_batch(np.array([[1, 1, 4], [1, 0, 4]]), np.zeros((2, 3, 8)))
    # the mean over two samples of the sum: each occurrence counts a half
    assert_allclose(model.get_weights()[0], -np.array([[0.5], [1.5], [0], [0], [1.0]]) * np.ones((1, 8)))


def test_masks_go_on_through_sequences_only():
    x = layers.Masking()(np.where(MASK[..., None], X, 0))
    y, *states = layers.LSTM(2, return_sequences=True, return_state=True)(x)
    assert_array_equal(y._keras_mask, MASK)
    assert not any(hasattr(s, "_keras_mask") and s._keras_mask is not None for s in states)
    assert getattr(layers.GRU(2)(x), "_keras_mask", None) is None
    both = layers.Bidirectional(layers.GRU(2, return_sequences=True))(x)
    assert_array_equal(both._keras_mask, MASK)


def test_a_mask_of_another_shape_is_refused_by_time_distributed():
    with pytest.raises(ShapeError, match="the mask does not fit"):
        layers.TimeDistributed(layers.Dense(2))(X, mask=MASK[:, :2])


def test_a_backward_layer_of_ones_own_is_in_the_configuration():
    layer = recurrent.pair(keras)
    again = layers.deserialize(layers.serialize(layer))
    assert type(again.backward_layer) is layers.GRU
    assert again.backward_layer.units == UNITS
    assert again.get_config() == layer.get_config()


def test_weights_of_a_bidirectional_layer_may_be_given():
    given = layers.Bidirectional(layers.GRU(2))
    given.build(X.shape)
    again = layers.Bidirectional(layers.GRU(2), weights=given.get_weights())
    assert_array_equal(again(X), given(X))


@pytest.mark.parametrize(
    "name", ["lstm.all", "gru_before.all", "simple.all", "stacked.last", "bidirectional.concat.True.False"]
)
def test_saved_and_loaded_predicts_the_same(name, tmp_path):
    layer, _ = recurrent.made(keras, name)
    model = keras.Sequential([keras.Input((STEPS, FEATURES)), layer])
    recurrent.set_weights(layer)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))


def test_an_encoder_and_a_decoder():
    source, target = keras.Input((None, FEATURES)), keras.Input((None, FEATURES))
    _, h, c = layers.LSTM(UNITS, return_state=True)(source)
    y = layers.LSTM(UNITS, return_sequences=True)(target, initial_state=[h, c])
    model = keras.Model([source, target], layers.TimeDistributed(layers.Dense(FEATURES))(y))
    model.compile("adam", "mse")
    first = model.train_on_batch([X, X], X)
    for _ in range(60):
        last = model.train_on_batch([X, X[:, :STEPS]], X)
    assert last < 0.9 * first
