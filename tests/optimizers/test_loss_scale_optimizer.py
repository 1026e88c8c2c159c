"""`LossScaleOptimizer`."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from babytf import naming, optimizers
from babytf.engine import Variable
from babytf.optimizers import SGD, Adam, LossScaleOptimizer, MultiOptimizer, OptimizerMap


@pytest.fixture(autouse=True)
def _names_start_again():
    naming.reset_names()


def test_scale_by_hand(steps):
    # scale 8: g = 8 is 1; two finite steps double it, an infinite one halves it and changes nothing else
    optimizer = LossScaleOptimizer(SGD(0.1), initial_scale=8.0, dynamic_growth_steps=2)
    w = Variable(1.0, name="w")
    seen = []
    for g in (8.0, 8.0, 16.0, math.inf, 8.0, math.nan, 4.0):
        ((value,),) = steps.follow(optimizer, [w], [[g]])
        seen.append((round(float(value), 5), float(optimizer.dynamic_scale), int(optimizer.step_counter)))
    assert seen == [
        (0.9, 8.0, 1),
        (0.8, 16.0, 0),
        (0.7, 16.0, 1),
        (0.7, 8.0, 0),
        (0.6, 8.0, 1),
        (0.6, 4.0, 0),
        (0.5, 4.0, 1),
    ]
    assert int(optimizer.iterations) == 5


def test_a_step_left_out_changes_no_state(steps):
    variables = [Variable([1.0, 2.0], name="a"), Variable(3.0, name="b")]
    inner = Adam(0.1, use_ema=True, gradient_accumulation_steps=2, amsgrad=True)
    optimizer = LossScaleOptimizer(inner, initial_scale=2.0)
    steps.follow(optimizer, variables, [[np.ones(2), 1.0]] * 3)
    before = [v.numpy() for v in (*variables, *inner.variables)]
    steps.follow(optimizer, variables, [[np.array([1.0, np.inf]), 1.0]])
    for old, v in zip(before, (*variables, *inner.variables), strict=True):
        assert np.array_equal(old, v.numpy()), v.path


def test_around_several_optimizers(steps):
    a, b = Variable(1.0, name="a"), Variable(1.0, name="b")
    several = MultiOptimizer(OptimizerMap(SGD(0.1), {"b": SGD(0.5, momentum=0.5)}), loss_scale_factor=4.0)
    optimizer = LossScaleOptimizer(several, initial_scale=2.0)
    assert several.loss_scale_factor is None
    values = steps.follow(optimizer, [a, b], [[2.0, 2.0], [np.inf, 2.0]])
    assert_allclose(values, [[0.9, 0.5], [0.9, 0.5]], rtol=1e-6)
    assert int(several.iterations) == 1


def test_what_it_shares_with_the_inner_optimizer():
    inner = SGD(0.1, weight_decay=0.5, loss_scale_factor=16.0, use_ema=True)
    optimizer = LossScaleOptimizer(inner, initial_scale=4.0)
    assert inner.loss_scale_factor is None
    assert float(optimizer.scale_loss(2.0)) == 8.0
    optimizer.learning_rate = 0.25
    assert float(optimizer.learning_rate) == float(inner.learning_rate) == 0.25
    optimizer.exclude_from_weight_decay(var_names=["w"])
    w = Variable(1.0, name="w")
    optimizer.apply([0.0], [w])
    optimizer.finalize_variable_values([w])
    assert float(w) == 1.0
    assert float(optimizer.scale_loss(2.0)) == 8.0
    assert [v.name for v in optimizer.variables] == [
        "iteration",
        "learning_rate",
        "step_counter",
        "dynamic_scale",
        "iteration",
        "learning_rate",
        "w_average",
    ]
    optimizer.apply([])


def test_state_goes_round():
    def made():
        return LossScaleOptimizer(Adam(0.1), initial_scale=8.0, dynamic_growth_steps=3)

    w, other = Variable([1.0, 2.0], name="w"), Variable([1.0, 2.0], name="w")
    optimizer, again = made(), made()
    for _ in range(4):
        optimizer.apply([np.ones(2)], [w])
    again.build([other])
    store = {}
    optimizer.save_own_variables(store)
    again.load_own_variables(store)
    other.assign(w)
    for one, variable in ((optimizer, w), (again, other)):
        for g in (1.0, np.inf, 1.0):
            one.apply([np.full(2, g)], [variable])
    assert w.numpy().tolist() == other.numpy().tolist()
    assert [v.numpy().tolist() for v in optimizer.variables] == [v.numpy().tolist() for v in again.variables]


def test_config_goes_round():
    optimizer = LossScaleOptimizer(Adam(0.5, beta_1=0.5), initial_scale=4.0, dynamic_growth_steps=7, name="mine")
    config = optimizer.get_config()
    assert sorted(config) == ["dynamic_growth_steps", "initial_scale", "inner_optimizer", "name"]
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert again.get_config() == config
    assert (again.initial_scale, again.dynamic_growth_steps, again.inner_optimizer.beta_1) == (4.0, 7, 0.5)


def test_older_files_hold_arguments_of_the_base():
    config = {**LossScaleOptimizer(SGD()).get_config(), "weight_decay": None, "use_ema": False, "ema_momentum": 0.99}
    assert LossScaleOptimizer.from_config({**config, "dynamic": True}).initial_scale == 2.0**15


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"inner_optimizer": "sgd"}, "bad `inner_optimizer`"),
        ({"initial_scale": 0.0}, "bad `initial_scale`"),
        ({"dynamic_growth_steps": 0}, "bad `dynamic_growth_steps`"),
        ({"weight_decay": 0.1}, "weight_decay=0.1"),
        ({"use_ema": True}, "use_ema=True"),
        ({"dynamic": False}, "dynamic=False"),
        ({"learning_rate": 0.1}, "learning_rate=0.1"),
    ],
)
def test_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match=match + "(?s:.)*expected:(?s:.)*fix:"):
        LossScaleOptimizer(**{"inner_optimizer": SGD(), **arguments})
