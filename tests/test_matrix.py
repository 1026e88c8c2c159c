"""Every optimizer with every loss, and each part of a layer, trains on real digits: compiled as eager, bit for bit.

The classes come from the public names, so a new one is tested from the moment it exists; what it needs beyond the
defaults stands in the tables below.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import babytf as keras
from babytf import activations, constraints, initializers, layers, losses, ops, optimizers, regularizers

SAMPLES, BATCH, EPOCHS = 40, 24, 3  # two batches, the second one smaller
(IMAGES, LABELS), _ = keras.datasets.digits.load_data()
X = (IMAGES[:SAMPLES] / 16).astype("float32").reshape(SAMPLES, -1)
Y = LABELS[:SAMPLES].astype("int32")
ONE_HOT = np.eye(10, dtype="float32")[Y]


def public_classes(family, base):
    """The classes of a family that users can name, each once."""
    things = {getattr(family, name) for name in family.__all__}
    classes = {thing for thing in things if isinstance(thing, type) and issubclass(thing, base) and thing is not base}
    return sorted(classes, key=lambda cls: cls.__name__)


def unit_length(x):
    return x / ops.sqrt(ops.sum(ops.square(x), axis=-1, keepdims=True))


def five_steps(x):
    return ops.reshape(x, (-1, 5, 11))


# Where a loss does not compare ten probabilities with one-hot labels: labels, size of the last layer, its activation.
AS_SIGNS = (2 * ONE_HOT - 1, 10, "tanh")
AS_NUMBERS = (Y, 10, "softmax")
LABELS_AND_OUTPUTS = {
    losses.SparseCategoricalCrossentropy: AS_NUMBERS,
    losses.CategoricalGeneralizedCrossEntropy: AS_NUMBERS,
    losses.Hinge: AS_SIGNS,
    losses.SquaredHinge: AS_SIGNS,
    losses.MeanAbsolutePercentageError: (ONE_HOT + 1, 10, "softplus"),  # it divides by the labels
    losses.Circle: (Y, 10, unit_length),
    losses.CTC: (Y[:, None] + 1, 55, five_steps),  # words of one letter; 0 is the blank
}

# How an optimizer is made, where it is not `cls(learning_rate=0.01)`.
MADE = {
    optimizers.Adadelta: lambda: optimizers.Adadelta(1.0),
    optimizers.Ftrl: lambda: optimizers.Ftrl(0.05, initial_accumulator_value=1e-6),  # 0.1 throws the first weights away
    optimizers.Lion: lambda: optimizers.Lion(0.001),
    optimizers.LossScaleOptimizer: lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.01), initial_scale=64.0),
    optimizers.MultiOptimizer: lambda: optimizers.MultiOptimizer(
        optimizers.OptimizerMap(optimizers.Adam(0.01), {".*bias": optimizers.SGD(0.01)})
    ),
}

# (optimizer, loss) that cannot train together, with the reason.
NOT_TOGETHER: dict[tuple[type, type], str] = {}

# Initializers that a layer of this net cannot have, with the reason.
NOT_IN_THIS_NET = {
    initializers.RandomInitializer: "the base of those that draw",
    initializers.STFT: "gives kernels of three axes, made of windows and waves",
}


def glu_twice(x):
    """As wide as `x`: `glu` alone gives half of it."""
    half = activations.glu(x)
    return ops.concatenate([half, -half], axis=-1)


def threshold_at_a_tenth(x):
    return activations.threshold(x, 0.1, 0.0)


# Activations that are not functions of one tensor with a result of its shape.
CALLED = {activations.glu: glu_twice, activations.threshold: threshold_at_a_tenth}

OPTIMIZERS = public_classes(optimizers, optimizers.Optimizer)
LOSSES = public_classes(losses, losses.Loss)
INITIALIZERS = public_classes(initializers, initializers.Initializer)
PAIRS = [(o, loss) for o in OPTIMIZERS for loss in LOSSES if (o, loss) not in NOT_TOGETHER]


PARTS = [
    *(("activation", CALLED.get(function, function)) for function in dict.fromkeys(activations.TABLE.values())),
    *(("kernel_initializer", cls) for cls in INITIALIZERS if cls not in NOT_IN_THIS_NET),
    *(("kernel_regularizer", cls) for cls in public_classes(regularizers, regularizers.Regularizer)),
    *(("kernel_constraint", cls) for cls in public_classes(constraints, constraints.Constraint)),
]


def train(optimizer, loss, run_eagerly, **hidden):
    """A few epochs; the loss of each, then the weights and the optimizer's state."""
    labels, size, activation = LABELS_AND_OUTPUTS.get(loss, (ONE_HOT, 10, "softmax"))
    keras.utils.set_random_seed(3)
    hidden = {"activation": "tanh", **hidden}
    model = keras.Sequential(
        [keras.Input((64,)), layers.Dense(12, **hidden), layers.Dense(size, activation=activation)]
    )
    make = MADE.get(optimizer, lambda: optimizer(learning_rate=0.01))
    model.compile(make(), loss(), run_eagerly=run_eagerly)
    history = model.fit(X, labels, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0)
    return history.history["loss"], model.get_weights(), [v.numpy() for v in model.optimizer.variables]


def assert_trains_the_same(optimizer, loss, **hidden):
    compiled, weights, state = train(optimizer, loss, False, **hidden)
    eager, eager_weights, eager_state = train(optimizer, loss, True, **hidden)
    assert np.isfinite(compiled).all()
    assert compiled[-1] < compiled[0]
    assert_array_equal(compiled, eager)
    for a, b in zip(weights + state, eager_weights + eager_state, strict=True):
        assert_array_equal(a, b)


@pytest.mark.parametrize(("optimizer", "loss"), PAIRS, ids=lambda cls: cls.__name__)
def test_optimizer_with_loss(optimizer, loss):
    assert_trains_the_same(optimizer, loss)


@pytest.mark.parametrize(("kind", "thing"), PARTS, ids=lambda thing: getattr(thing, "__name__", thing))
def test_part_of_a_layer(kind, thing):
    assert_trains_the_same(
        optimizers.SGD, losses.CategoricalCrossentropy, **{kind: thing() if isinstance(thing, type) else thing}
    )


def test_dropout_and_several_epochs_of_a_shuffled_part():
    """Random numbers are the same in a program as without one."""
    runs = []
    for run_eagerly in (False, True):
        keras.utils.set_random_seed(5)
        model = keras.Sequential([layers.Dense(12, "relu"), layers.Dropout(0.3), layers.Dense(10)])
        model.compile(
            "adam",
            losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            run_eagerly=run_eagerly,
        )
        history = model.fit(X, Y, batch_size=16, epochs=4, validation_split=0.2, verbose=0).history
        runs.append((history, model.get_weights()))
    (compiled, weights), (eager, eager_weights) = runs
    assert compiled == eager
    for a, b in zip(weights, eager_weights, strict=True):
        assert_array_equal(a, b)


def test_the_tables_of_exceptions_name_what_exists():
    assert set(LABELS_AND_OUTPUTS) <= set(LOSSES)
    assert set(MADE) <= set(OPTIMIZERS)
    assert set(NOT_TOGETHER) <= {(optimizer, loss) for optimizer in OPTIMIZERS for loss in LOSSES}
    assert set(NOT_IN_THIS_NET) <= set(INITIALIZERS)
    assert set(CALLED) <= set(activations.TABLE.values())
    assert len(OPTIMIZERS) >= 16
    assert len(LOSSES) >= 22
    assert len(PARTS) >= 50
