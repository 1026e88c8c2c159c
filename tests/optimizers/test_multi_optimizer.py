"""`OptimizerMap` and `MultiOptimizer`."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

from babytf import naming, optimizers
from babytf.engine import Variable, name_scope
from babytf.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, OptimizerMap
from babytf.serialization import register_keras_serializable


@pytest.fixture(autouse=True)
def _names_start_again():
    naming.reset_names()


def weights():
    made = []
    for layer in ("encoder", "head"):
        with name_scope(layer):
            made += [Variable(np.ones(2), name="kernel"), Variable(1.0, name="bias")]
    return made


ONES = [np.ones(2), 1.0, np.ones(2), 1.0]


def test_path_then_pattern_then_default():
    first, second, third = SGD(), SGD(), SGD()
    optimizers = OptimizerMap(third, {"encoder/.*": first})
    optimizers["encoder/bias"] = second
    assert optimizers["encoder/bias"] is second
    assert optimizers["encoder/kernel"] is first
    assert optimizers["encoder"] is third  # patterns fit the whole
    assert [optimizers(w) for w in weights()] == [first, second, third, third]
    assert (len(optimizers), list(optimizers)) == (2, ["encoder/.*", "encoder/bias"])
    del optimizers["encoder/bias"]
    assert optimizers["encoder/bias"] is first


def test_map_refuses():
    optimizers = OptimizerMap(SGD(), {"a.*": SGD(), ".*b": SGD()})
    with pytest.raises(ValueError, match=r"(?s)'ab' has more than one optimizer.*'a\.\*', '\.\*b'.*fix:"):
        optimizers["ab"]
    with pytest.raises(ValueError, match="has an optimizer already"):
        optimizers["a.*"] = SGD()
    with pytest.raises(ValueError, match="keys are paths"):
        optimizers[3] = SGD()
    for bad in ("sgd", LossScaleOptimizer(SGD()), MultiOptimizer(OptimizerMap(SGD()))):
        with pytest.raises(ValueError, match="cannot be part of a MultiOptimizer"):
            optimizers["c"] = bad
        with pytest.raises(ValueError, match="cannot be part of a MultiOptimizer"):
            MultiOptimizer(lambda variable, bad=bad: bad).build(weights())
    with pytest.raises(ValueError, match="'default' cannot be part"):
        MultiOptimizer(OptimizerMap(LossScaleOptimizer(SGD())))
    with pytest.raises(TypeError, match="bad `default_optimizer`"):
        OptimizerMap("sgd")
    with pytest.raises(TypeError, match="bad `optimizer_map`"):
        OptimizerMap(SGD(), [SGD()])
    with pytest.raises(ValueError, match="bad `optimizer_map`"):
        MultiOptimizer({"a": SGD()})


def test_each_weight_by_its_own_optimizer(steps):
    variables = weights()
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.5), {".*/bias": SGD(0.1, momentum=0.9)}))
    values = steps.follow(optimizer, variables, [ONES] * 2)
    assert_allclose(values[1][0], [0.0, 0.0], atol=1e-7)
    assert_allclose(values[1][1], 0.71, rtol=1e-6)
    assert [int(o.iterations) for o in (optimizer, *optimizer.optimizers)] == [2, 2, 2]


def test_function_from_variable_to_optimizer(steps):
    made = {"encoder": Adam(0.1), "head": SGD(0.5)}
    optimizer = MultiOptimizer(lambda variable: made[variable.path.partition("/")[0]])
    values = steps.follow(optimizer, weights(), [ONES])
    assert_allclose(values[0][1], 0.9, rtol=1e-5)
    assert_allclose(values[0][3], 0.5, rtol=1e-5)
    assert optimizer.optimizers == list(made.values())


def test_some_gradients_missing():
    variables = weights()
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.5), {"head/.*": SGD(0.1)}))
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        optimizer.apply([np.ones(2), 1.0, None, None], variables)
    assert [float(np.mean(v)) for v in variables] == [0.5, 0.5, 1.0, 1.0]
    optimizer.apply([])


def test_loss_scale_is_one_for_all(steps):
    inner = SGD(0.1, loss_scale_factor=16.0)
    optimizer = MultiOptimizer(OptimizerMap(inner), loss_scale_factor=4.0)
    assert inner.loss_scale_factor == 4.0
    assert float(optimizer.scale_loss(2.0)) == 8.0
    values = steps.follow(optimizer, weights(), [[np.full(2, 8.0), 8.0, np.full(2, 8.0), 8.0]])
    assert_allclose(values[0][1], 0.8, rtol=1e-6)
    optimizer.loss_scale_factor = None
    assert inner.loss_scale_factor is None


def test_no_learning_rate_of_its_own():
    optimizer = MultiOptimizer(OptimizerMap(SGD()))
    with pytest.raises(AttributeError, match=r"(?s)no learning rate of its own.*optimizers\[0\]"):
        optimizer.learning_rate  # noqa: B018
    with pytest.raises(AttributeError, match="no learning rate of its own"):
        optimizer.learning_rate = 0.1
    with pytest.raises(ValueError, match="call it on the optimizers"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])


def test_averages_are_written_by_those_who_have_them():
    variables = weights()
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.1), {"head/.*": SGD(0.1, use_ema=True, ema_momentum=0.5)}))
    for _ in range(2):
        optimizer.apply(ONES, variables)
    optimizer.finalize_variable_values(variables)
    assert_allclose([float(np.mean(v)) for v in variables], [0.8, 0.8, 0.85, 0.85], rtol=1e-6)


def test_state_goes_round():
    def made():
        return MultiOptimizer(OptimizerMap(SGD(0.1, momentum=0.9), {"head/.*": Adam(0.2)}))

    variables, others = weights(), weights()
    optimizer, again = made(), made()
    optimizer.apply(ONES, variables)
    again.build(others)
    again.set_weights([v.numpy() for v in optimizer.variables])
    store = {}
    optimizer.save_own_variables(store)
    assert list(store) == [str(i) for i in range(2 + 6 + 4)]
    for v, other in zip(variables, others, strict=True):
        other.assign(v)
    for one, ws in ((optimizer, variables), (again, others)):
        one.apply(ONES, ws)
    assert [v.numpy().tolist() for v in variables] == [v.numpy().tolist() for v in others]


@register_keras_serializable("tests")
def choose(variable):
    return SGD() if variable.ndim else Adam()


def test_config_goes_round():
    optimizer = MultiOptimizer(OptimizerMap(SGD(0.3), {"a": Adam(0.2, beta_1=0.5)}), loss_scale_factor=4.0, name="many")
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == optimizer.get_config()
    assert (again.name, again.loss_scale_factor, again.optimizer_map["a"].beta_1) == ("many", 4.0, 0.5)
    again = optimizers.deserialize(optimizers.serialize(MultiOptimizer(choose)))
    assert again.optimizer_map is choose
