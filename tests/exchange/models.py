"""Models written once for both libraries: `keras` is babytf, or Keras itself.

Each covers parts of a file that the others do not. Inputs, targets and the batches trained on come from NumPy, so that
both libraries see the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

BATCH, STEPS = 16, 3


class Case(NamedTuple):
    """A model that is compiled, what it is trained on, and whether Keras had better compile its steps too."""

    model: Any
    inputs: Any
    targets: Any
    long: bool = False


def rows(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(BATCH, *shape)).astype("float32")


def classes(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, count, BATCH)


def adam(keras: Any) -> Case:
    model = keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(16, "relu"), keras.layers.Dense(3, "softmax")], name="adam_mlp"
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Case(model, rows(0, 8), classes(3))


def momentum_and_penalties(keras: Any) -> Case:
    layers, regularizers, constraints = keras.layers, keras.regularizers, keras.constraints
    model = keras.Sequential(
        [
            keras.Input((6,), name="features"),
            layers.Dense(12, "tanh", kernel_regularizer=regularizers.L1L2(1e-3, 1e-2), name="first layer"),
            layers.Dense(
                6, activity_regularizer="l2", bias_regularizer=regularizers.L2(0.1), kernel_constraint="non_neg"
            ),
            layers.Dense(2, kernel_constraint=constraints.MaxNorm(0.8), bias_initializer="ones"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0), keras.losses.Huber())
    return Case(model, rows(1, 6), rows(2, 2))


def dropout_and_shapes(keras: Any) -> Case:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4, 6)),
            layers.Rescaling(0.5, offset=0.1),
            layers.Permute((2, 1)),
            layers.Reshape((8, 3)),
            layers.Dropout(0.0, seed=3),
            layers.Flatten(),
            layers.PReLU(),
            layers.Dense(5),
            layers.LeakyReLU(negative_slope=0.2),
            layers.Activation("gelu"),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True), "binary_crossentropy", metrics=["AUC"])
    return Case(model, rows(3, 4, 6), (rows(4, 1) > 0).astype("float32"))


def schedule(keras: Any) -> Case:
    rate = keras.optimizers.schedules.CosineDecay(0.02, 20, alpha=0.1, warmup_target=0.05, warmup_steps=3)
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(7, "silu"), keras.layers.Dense(2)])
    model.compile(keras.optimizers.AdamW(rate, weight_decay=0.02), "mse", metrics=["mae", "mse"])
    return Case(model, rows(5, 5), rows(6, 2))


def averages(keras: Any) -> Case:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, "elu"), keras.layers.Dense(2)])
    optimizer = keras.optimizers.Adam(0.01, amsgrad=True, use_ema=True, ema_momentum=0.9, global_clipnorm=0.5)
    model.compile(optimizer, keras.losses.LogCosh())
    return Case(model, rows(7, 5), rows(8, 2))


def accumulation(keras: Any) -> Case:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, "selu"), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adagrad(0.1, gradient_accumulation_steps=2), "mean_absolute_error")
    return Case(model, rows(9, 5), rows(10, 2))


def older_optimizers(keras: Any) -> Case:
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(4, "softplus", use_bias=False), keras.layers.Dense(2)]
    )
    model.compile(keras.optimizers.Nadam(0.01), "log_cosh", metrics=["cosine_similarity"])
    return Case(model, rows(11, 5), rows(12, 2))


def follow_the_leader(keras: Any) -> Case:
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(4, "mish"), keras.layers.Dense(3, "softmax")])
    optimizer = keras.optimizers.Ftrl(0.1, l1_regularization_strength=0.01)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1)
    model.compile(optimizer, loss, weighted_metrics=["categorical_accuracy"])
    return Case(model, rows(13, 5), np.eye(3, dtype="float32")[classes(3)])


def two_inputs(keras: Any) -> Case:
    layers = keras.layers
    left, right = keras.Input((4,), name="left"), keras.Input((6,), name="right")
    joined = layers.Concatenate()([layers.Dense(5, "relu", name="l")(left), layers.Dense(3, name="r")(right)])
    added = layers.Add()([layers.Dense(8, name="s")(joined), joined])
    first, second = layers.Dense(1, name="first")(added), layers.Dense(3, "softmax", name="second")(added)
    model = keras.Model([left, right], [first, second], name="two_by_two")
    losses = ["mse", "sparse_categorical_crossentropy"]
    model.compile(keras.optimizers.Adamax(0.01), losses, loss_weights=[0.3, 1.0], metrics=[["mae"], ["accuracy"]])
    return Case(model, [rows(14, 4), rows(15, 6)], [rows(16, 1), classes(3)])


def shared_layers(keras: Any) -> Case:
    layers = keras.layers
    encoder = layers.Dense(4, "tanh", name="encoder")
    one, two = keras.Input((5,), name="one"), keras.Input((5,), name="two")
    a, b = encoder(one), encoder(two)
    apart = layers.Subtract(name="apart")([a, b])
    near = layers.Dot(axes=1, normalize=True, name="near")([a, b])
    model = keras.Model({"one": one, "two": two}, layers.Dense(1)(layers.Concatenate()([apart, near, a * 2.0])))
    model.compile(keras.optimizers.Lion(0.003), "mse")
    return Case(model, {"one": rows(17, 5), "two": rows(18, 5)}, rows(19, 1))


def nested(keras: Any) -> Case:
    layers = keras.layers
    x = keras.Input((6,), name="inside")
    inner = keras.Model(x, layers.Add()([layers.Dense(6, "relu", name="deep")(x), x]), name="inner")
    tail = keras.Sequential([layers.Dense(4, "relu"), layers.Dense(2)], name="tail")
    y = keras.Input((6,), name="outside")
    model = keras.Model(y, tail(inner(inner(y))), name="outer")
    model.compile(keras.optimizers.Adadelta(1.0), "mse")
    return Case(model, rows(20, 6), rows(21, 2))


def frozen(keras: Any) -> Case:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(4, trainable=False),
            layers.GaussianNoise(0.0),
            layers.Dense(3, name="x"),
            layers.ReLU(6.0),
        ]
    )
    model.compile(keras.optimizers.Adafactor(0.01), "poisson")
    return Case(model, rows(22, 5), np.abs(rows(23, 3)))


def convnet(keras: Any) -> Case:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.Conv2D(6, 3, padding="same", activation="relu", kernel_regularizer="l2"),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(8, 3, depth_multiplier=2),
            layers.Conv2DTranspose(4, 3, strides=2, use_bias=False),
            layers.DepthwiseConv2D((2, 3), activation="silu"),
            layers.AveragePooling2D(2, strides=1, padding="same"),
            layers.ZeroPadding2D(1),
            layers.Conv2D(8, 3, dilation_rate=2, groups=2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return Case(model, rows(24, 12, 12, 3), classes(3), long=True)


def convolutions_in_time(keras: Any) -> Case:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((20, 4)),
            layers.Conv1D(8, 5, padding="causal", activation="relu"),
            layers.MaxPooling1D(2),
            layers.SeparableConv1D(6, 3),
            layers.UpSampling1D(2),
            layers.Cropping1D(1),
            layers.GlobalMaxPooling1D(),
            layers.Dense(2),
        ]
    )
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "mse")
    return Case(model, rows(25, 20, 4), rows(26, 2), long=True)


def normalised(keras: Any) -> Case:
    """The moving averages are weights that are not trained, and change all the same."""
    layers = keras.layers
    x = keras.Input((6, 8))
    y = layers.BatchNormalization(momentum=0.8, name="batch")(layers.Dense(8, use_bias=False)(x))
    y = layers.LayerNormalization(name="layer")(layers.Activation("relu")(y))
    y = layers.BatchNormalization(scale=False, center=False)(y + x)
    y = layers.GroupNormalization(groups=2)(y)
    y = layers.UnitNormalization()(layers.Flatten()(y))
    model = keras.Model(x, layers.Dense(2)(y), name="normalised")
    model.compile("rmsprop", "mse")
    return Case(model, rows(27, 6, 8), rows(28, 2), long=True)


def lstm(keras: Any) -> Case:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((9,), dtype="int32"),
            layers.Embedding(20, 6, mask_zero=True),
            layers.LSTM(7, return_sequences=True, unit_forget_bias=True, kernel_regularizer="l2"),
            layers.LSTM(5, go_backwards=True, recurrent_activation="hard_sigmoid"),
            layers.Dense(3, "softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01, clipnorm=1.0), "sparse_categorical_crossentropy")
    words = np.random.default_rng(29).integers(0, 20, (BATCH, 9)).astype("int32")
    words[:, 6:] *= words[:, :3] > 9  # some are shorter: 0 pads
    return Case(model, words, classes(3), long=True)


def both_directions(keras: Any) -> Case:
    layers = keras.layers
    x = keras.Input((7, 4))
    y = layers.Bidirectional(layers.GRU(5, return_sequences=True), merge_mode="concat", name="both")(x)
    y = layers.Bidirectional(layers.GRU(3, reset_after=False), backward_layer=None, merge_mode="sum")(y)
    y = layers.Concatenate()([y, layers.SimpleRNN(4, activation="tanh")(layers.TimeDistributed(layers.Dense(4))(x))])
    model = keras.Model(x, layers.Dense(2)(y))
    model.compile("nadam", "mse")
    return Case(model, rows(30, 7, 4), rows(31, 2), long=True)


def transformer_block(keras: Any) -> Case:
    layers = keras.layers
    x = keras.Input((10, 8))
    attended = layers.MultiHeadAttention(2, 4, dropout=0.0, name="attention")(x, x, use_causal_mask=True)
    y = layers.LayerNormalization(epsilon=1e-6)(layers.Add()([x, attended]))
    inner = layers.Dense(8)(layers.Dense(16, "gelu")(y))
    y = layers.LayerNormalization(epsilon=1e-6)(y + inner)
    model = keras.Model(x, layers.Dense(2)(layers.GlobalAveragePooling1D()(y)), name="transformer")
    model.compile(keras.optimizers.AdamW(0.005, weight_decay=0.01), "mse")
    return Case(model, rows(32, 10, 8), rows(33, 2), long=True)


def shared_and_nested_layers(keras: Any) -> Case:
    """One convolutional model applied twice, with weights that are not trained inside."""
    layers = keras.layers
    x = keras.Input((8, 8, 1))
    y = layers.BatchNormalization()(layers.Conv2D(4, 3, padding="same")(x))
    encoder = keras.Model(x, layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(y)), name="encoder")
    one, two = keras.Input((8, 8, 1), name="one"), keras.Input((8, 8, 1), name="two")
    apart = layers.Subtract()([encoder(one), encoder(two)])
    model = keras.Model([one, two], layers.Dense(1, "sigmoid")(apart))
    model.compile("adam", "binary_crossentropy")
    return Case(model, [rows(34, 8, 8, 1), rows(35, 8, 8, 1)], (rows(36, 1) > 0).astype("float32"), long=True)


CASES: dict[str, Callable[[Any], Case]] = {
    function.__name__: function
    for function in (
        adam,
        momentum_and_penalties,
        dropout_and_shapes,
        schedule,
        averages,
        accumulation,
        older_optimizers,
        follow_the_leader,
        two_inputs,
        shared_layers,
        nested,
        frozen,
        convnet,
        convolutions_in_time,
        normalised,
        lstm,
        both_directions,
        transformer_block,
        shared_and_nested_layers,
    )
}
