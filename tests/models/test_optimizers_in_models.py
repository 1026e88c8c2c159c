"""Models with wrapped optimizers and schedules: compile, fit, save and load."""

from __future__ import annotations

import pytest
from numpy.testing import assert_array_equal

import babytf as keras
from babytf.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, OptimizerMap
from babytf.optimizers.schedules import CosineDecay


@pytest.fixture
def mixed():
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    yield
    keras.config.set_dtype_policy(before)


@pytest.fixture
def data(rng):
    return rng.normal(size=(64, 8)).astype("float32"), rng.integers(0, 3, 64)


def model_with(optimizer, **arguments):
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(3)])
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), **arguments)
    return model


def several():
    return MultiOptimizer(OptimizerMap(Adam(CosineDecay(0.05, 20)), {".*bias": SGD(0.1, momentum=0.5)}))


def test_mixed_float16_scales_the_loss(mixed, data):
    inner = Adam(0.01)
    model = model_with(inner)
    assert isinstance(model.optimizer, LossScaleOptimizer)
    assert model.optimizer.inner_optimizer is inner
    assert model.optimizer.name == "loss_scale_optimizer"
    assert model.get_compile_config()["optimizer"]["class_name"] == "Adam"  # compile puts it in again
    model.fit(*data, epochs=2, batch_size=16, verbose=0)
    assert int(model.optimizer.step_counter) == int(inner.iterations) == 8


def test_mixed_float16_without_scaling(mixed):
    inner = Adam(0.01)
    assert model_with(inner, auto_scale_loss=False).optimizer is inner
    scaled = LossScaleOptimizer(inner)
    assert model_with(scaled).optimizer is scaled
    assert model_with(None).optimizer is None


@pytest.mark.parametrize("policy", ["float32", "float16"])
def test_other_policies_do_not_scale(policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        assert isinstance(model_with("adam").optimizer, Adam)
    finally:
        keras.config.set_dtype_policy(before)


def test_too_large_a_scale_comes_down_in_fit(mixed, data):
    optimizer = LossScaleOptimizer(Adam(0.01), initial_scale=2.0**24)
    model = model_with(optimizer)
    before = model.get_weights()
    model.fit(*data, batch_size=64, verbose=0)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert_array_equal(old, new)  # float16 has no 2**24: the first step is left out
    history = model.fit(*data, batch_size=16, epochs=10, verbose=0).history["loss"]
    assert float(optimizer.dynamic_scale) < 2.0**24
    assert history[-1] < history[0]


@pytest.mark.parametrize("make", [lambda: LossScaleOptimizer(Adam(0.05), dynamic_growth_steps=3), several])
def test_compiled_equals_eager(make, data):
    results = []
    for run_eagerly in (False, True):
        model = model_with(make(), run_eagerly=run_eagerly)
        loss = model.fit(*data, batch_size=16, epochs=3, shuffle=False, verbose=0).history["loss"]
        assert loss[-1] < loss[0]
        results.append([loss, *model.get_weights(), *(v.numpy() for v in model.optimizer.variables)])
    for one, other in zip(*results, strict=True):
        assert_array_equal(one, other)


@pytest.mark.parametrize("make", [lambda: LossScaleOptimizer(Adam(0.05), dynamic_growth_steps=3), several])
def test_saved_and_loaded_it_goes_on(make, data, tmp_path):
    model = model_with(make())
    model.fit(*data, batch_size=16, verbose=0)
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    assert type(again.optimizer) is type(model.optimizer)
    for v, other in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        assert_array_equal(v.numpy(), other.numpy())
    for m in (model, again):
        m.fit(*data, batch_size=16, shuffle=False, verbose=0)
    for v, other in zip(model.get_weights(), again.get_weights(), strict=True):
        assert_array_equal(v, other)
