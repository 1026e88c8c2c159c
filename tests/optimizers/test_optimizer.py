"""What all optimizers share: arguments, variables, the learning rate, optimizers of a user's own."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf import constraints, naming, ops, optimizers
from babytf.engine import Compiled, Variable, name_scope
from babytf.errors import ShapeError
from babytf.optimizers import SGD, Adam, Optimizer, RMSprop
from babytf.optimizers.schedules import LearningRateSchedule
from babytf.serialization import register_keras_serializable


@pytest.fixture(autouse=True)
def _names_start_again():
    naming.reset_names()


# --- arguments


@pytest.mark.parametrize("bad", ["0.1", None, True, [0.1, 0.2], float("nan")])
def test_bad_learning_rate(bad):
    with pytest.raises(ValueError, match=r"SGD 'sgd.*': bad `learning_rate`"):
        SGD(learning_rate=bad)


@pytest.mark.parametrize("rate", [1, 0.5, np.float32(0.5), np.float64(0.5), np.array(0.5)])
def test_any_number_is_a_learning_rate(rate):
    assert float(SGD(learning_rate=rate).learning_rate) == float(rate)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "clipped in one way only"),
        ({"clipnorm": 1.0, "global_clipnorm": 1.0}, "clipped in one way only"),
        ({"clipvalue": 0.0, "global_clipnorm": 1.0}, "clipped in one way only"),
        ({"clipnorm": -1.0}, "bad `clipnorm`"),
        ({"clipvalue": -1.0}, "bad `clipvalue`"),
        ({"global_clipnorm": -1.0}, "bad `global_clipnorm`"),
        ({"weight_decay": -1.0}, "bad `weight_decay`"),
        ({"use_ema": True, "ema_momentum": 1.5}, "bad `ema_momentum`"),
        ({"use_ema": 3}, "bad `use_ema`"),
        ({"use_ema": True, "ema_overwrite_frequency": -1}, "bad `ema_overwrite_frequency`"),
        ({"use_ema": True, "ema_overwrite_frequency": 1.5}, "bad `ema_overwrite_frequency`"),
        ({"loss_scale_factor": 0.0}, "bad `loss_scale_factor`"),
        ({"gradient_accumulation_steps": 1}, "bad `gradient_accumulation_steps`"),
        ({"gradient_accumulation_steps": 2.5}, "bad `gradient_accumulation_steps`"),
        ({"name": "a/b"}, "bad `name`"),
        ({"momentun": 0.9}, "unknown argument"),
    ],
)
def test_bad_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        SGD(**arguments)


def test_old_decay_argument_warns():
    with pytest.warns(UserWarning, match="`decay`"):
        SGD(decay=0.1)
    SGD(decay=None)


@pytest.mark.parametrize("argument", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_a_limit_of_0_clips_nothing(argument):
    w = Variable(1.0)
    SGD(0.1, **{argument: 0}).apply([2.0], [w])
    assert_allclose(float(w), 0.8)


# --- one step


def test_clipnorm_is_per_weight_and_global_clipnorm_over_all(steps):
    # norms 5 and 12, together 13
    gradients = [[[3.0, 4.0], [0.0, 12.0]]]

    def values(**arguments):
        variables = [Variable([0.0, 0.0], name="a"), Variable([0.0, 0.0], name="b")]
        return np.array(steps.follow(SGD(1.0, **arguments), variables, gradients)[0])

    assert_allclose(values(clipnorm=6.0), [[-3.0, -4.0], [0.0, -6.0]], rtol=1e-6)
    assert_allclose(values(global_clipnorm=6.5), [[-1.5, -2.0], [0.0, -6.0]], rtol=1e-6)
    assert_allclose(values(global_clipnorm=20.0), [[-3.0, -4.0], [0.0, -12.0]], rtol=0)
    assert_allclose(values(clipvalue=3.5), [[-3.0, -3.5], [0.0, -3.5]], rtol=0)


@pytest.mark.parametrize("argument", ["clipnorm", "global_clipnorm"])
def test_clipping_a_zero_gradient(argument, steps):
    assert steps.follow_one(SGD(1.0, **{argument: 1.0}), g=0.0, n=1) == [1.0]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_broken_gradient_shows_in_all_weights_under_global_clipnorm(value):
    a, b = Variable(1.0, name="a"), Variable(1.0, name="b")
    SGD(1.0, global_clipnorm=1.0).apply([value, 1.0], [a, b])
    assert math.isnan(float(a))
    assert math.isnan(float(b))


def test_weight_decay_by_hand(steps):
    # w (1 - 0.1 * 0.5) - 0.1: 1 -> 0.85 -> 0.7075
    assert_allclose(steps.follow_one(SGD(0.1, weight_decay=0.5), n=2), [0.85, 0.7075], rtol=1e-6)


def test_excluded_from_weight_decay(steps):
    kernel, bias, gamma = (Variable(1.0, name=n) for n in ("kernel", "bias", "gamma"))
    optimizer = SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_list=[kernel], var_names=["bia"])
    values = steps.follow(optimizer, [kernel, bias, gamma], [[0.0, 0.0, 0.0]])
    assert_allclose(values[0], [1.0, 1.0, 0.95])
    with pytest.raises(ValueError, match="settled once the optimizer is built"):
        optimizer.exclude_from_weight_decay(var_names=["kernel"])


def test_everything_excluded_from_weight_decay(steps):
    optimizer = SGD(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["w"])
    assert steps.follow_one(optimizer, g=0.0) == [1.0, 1.0, 1.0]


def test_ema_by_hand(steps):
    # w: 0.9, 0.8, 0.7      average: 0.9, 0.5 * 0.9 + 0.5 * 0.8 = 0.85, 0.775
    w = Variable(1.0, name="w")
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.5)
    assert_allclose(steps.follow(optimizer, [w], [[1.0]] * 3), [[0.9], [0.8], [0.7]], rtol=1e-6)
    optimizer.finalize_variable_values([w])
    assert_allclose(float(w), 0.775, rtol=1e-6)


def test_ema_overwrite_by_hand(steps):
    # second step: average 0.5 * 0.9 + 0.5 * 0.8 = 0.85 is written back
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    assert_allclose(steps.follow_one(optimizer), [0.9, 0.85, 0.75], rtol=1e-6)


def test_finalize_refuses_other_variables():
    optimizer = SGD(use_ema=True)
    with pytest.raises(ValueError, match="holds no averages"):
        optimizer.finalize_variable_values([Variable(1.0)])
    SGD().finalize_variable_values([Variable(1.0)])  # nothing to do


def test_accumulation_by_hand(steps):
    # means of 1, 2 and of 3, 4
    optimizer = SGD(0.1, gradient_accumulation_steps=2)
    assert_allclose(steps.follow_one(optimizer, g=lambda s: s + 1.0, n=4), [1.0, 0.85, 0.85, 0.5], rtol=1e-6)
    assert int(optimizer.iterations) == 2
    assert int(optimizer.variables[0]) == 4


def test_accumulation_equals_one_batch_of_the_mean(steps, rng):
    gradients = rng.normal(size=(6, 5)).astype("float32")
    a = steps.follow(Adam(0.1, gradient_accumulation_steps=3), [Variable(np.ones(5))], [[g] for g in gradients])
    means = [(x + (y + z)) / 3 for x, y, z in (gradients[:3], gradients[3:])]
    b = steps.follow(Adam(0.1), [Variable(np.ones(5))], [[g] for g in means])
    assert_allclose([a[2], a[5]], b, rtol=1e-5)


def test_loss_scale(steps):
    optimizer = SGD(0.1, loss_scale_factor=4.0)
    assert float(optimizer.scale_loss(2.0)) == 8.0
    assert_allclose(steps.follow_one(optimizer, g=8.0, n=1), [0.8])
    assert SGD().scale_loss(2.0) == 2.0


def test_constraint_comes_last(steps):
    w = Variable([1.0, 1.0], name="w")
    w.constraint = constraints.NonNeg()
    assert_array_equal(steps.follow(SGD(1.0), [w], [[[3.0, 0.5]]]), [[[0.0, 0.5]]])


def test_two_dtypes(steps):
    a, b = Variable([1.0], dtype="float32", name="a"), Variable([1.0], dtype="float64", name="b")
    optimizer = Adam(0.1, global_clipnorm=1.0)
    values = steps.follow(optimizer, [a, b], [[[3.0], [4.0]]])
    assert [v.dtype.name for v in values[0]] == ["float32", "float64"]
    assert_allclose(values[0], [[0.9], [0.9]], rtol=1e-5)
    assert [v.dtype for v in optimizer.variables[2:]] == ["float32", "float32", "float64", "float64"]


def test_gradients_of_another_dtype_are_cast():
    w = Variable([1.0], dtype="float32")
    SGD(0.1).apply([np.array([1], "int64")], [w])
    assert_allclose(w, [0.9])


def test_no_gradient_for_some_variables():
    a, b, c = (Variable(1.0, name=n) for n in "abc")
    optimizer = SGD(0.1, momentum=0.5, use_ema=True)
    with pytest.warns(UserWarning, match=r"Gradients do not exist for variables \['b'\]"):
        optimizer.apply([1.0, None, 2.0], [a, b, c])
    assert_allclose([float(v) for v in (a, b, c)], [0.9, 1.0, 0.8])
    optimizer.apply([1.0, 1.0, 0.0], [a, b, c])  # momentum went on where there was a gradient
    assert_allclose([float(v) for v in (a, b, c)], [0.75, 0.9, 0.7], rtol=1e-6)


def test_no_gradient_at_all():
    with pytest.raises(ValueError, match=r"(?s)no gradients provided for any variable.*got:.*fix:"):
        SGD().apply([None, None], [Variable(1.0), Variable(1.0)])


def test_no_pair_at_all_does_nothing():
    SGD().apply([])


def test_some_of_the_variables():
    a, b = Variable(1.0, name="a"), Variable(1.0, name="b")
    optimizer = SGD(0.1, momentum=0.5)
    optimizer.build([a, b])
    optimizer.apply([1.0], [b])
    optimizer.apply([1.0, 1.0], [b, a])  # in any order
    assert_allclose([float(a), float(b)], [0.9, 0.75])


def test_other_variables_than_those_built_with():
    optimizer = SGD()
    optimizer.build([Variable(1.0, name="a")])
    with pytest.raises(ValueError, match=r"(?s)built for other variables.*unknown: new.*make a new optimizer"):
        optimizer.apply([1.0], [Variable(1.0, name="new")])


def test_gradient_of_another_shape():
    with pytest.raises(ShapeError, match=r"(?s)gradient of 'w' has another shape.*\(3,\).*\(2,\)"):
        SGD().apply([np.ones(3)], [Variable([1.0, 1.0], name="w")])


def test_numbers_differ():
    with pytest.raises(ValueError, match=r"2 gradients, 1 variables"):
        SGD().apply([1.0, 1.0], [Variable(1.0)])


def test_apply_without_variables():
    w = Variable(1.0)
    optimizer = SGD(0.1)
    with pytest.raises(ValueError, match="does not know which variables"):
        optimizer.apply([1.0])
    optimizer.build([w])
    optimizer.apply([1.0])
    assert_allclose(float(w), 0.9)


def test_apply_gradients_takes_pairs_and_returns_the_count():
    w = Variable(1.0)
    optimizer = SGD(0.1)
    assert int(optimizer.apply_gradients([(1.0, w)])) == 1
    assert int(optimizer.apply_gradients(zip([1.0], [w], strict=True))) == 2
    assert_allclose(float(w), 0.8)


def test_stateless_apply_says_what_to_use():
    with pytest.raises(NotImplementedError, match=r"optimizer\.apply"):
        SGD().stateless_apply([], [], [])


def test_two_optimizers_take_turns_on_the_same_variables():
    w = [Variable([1.0, 1.0], name="a"), Variable(1.0, name="b")]
    first, second = SGD(0.1, momentum=0.5), Adam(0.1)
    first.apply([np.ones(2), 1.0], w)
    second.apply([np.ones(2), 1.0], w)
    first.apply([np.ones(2), 1.0], w)  # 1 - 0.1 - 0.1 - 0.15
    assert_allclose(w[0], [0.65, 0.65], rtol=1e-5)
    assert_allclose(float(w[1]), 0.65, rtol=1e-5)


# --- learning rate


def test_learning_rate_is_assigned_between_steps(steps):
    optimizer = SGD(0.1)
    w = Variable(1.0)
    step = Compiled(lambda g: optimizer.apply([g], [w]), "step")
    optimizer.build([w])
    step(np.float32(1.0))
    optimizer.learning_rate = 0.5
    step(np.float32(1.0))
    assert_allclose(float(w), 0.4, rtol=1e-6)
    assert len(step.programs) == 1
    assert float(optimizer.learning_rate) == 0.5


class Halving(LearningRateSchedule):
    def __init__(self, start):
        self.start = start

    def __call__(self, step):
        return self.start * 0.5 ** ops.cast(step, "float32")


def test_schedule(steps):
    # 0.8, 0.4, 0.2
    optimizer = SGD(Halving(0.8), weight_decay=None)
    assert_allclose(steps.follow_one(optimizer), [0.2, -0.2, -0.4], rtol=1e-5)
    assert_allclose(float(optimizer.learning_rate), 0.1)
    assert [v.path for v in optimizer.variables] == ["sgd/iteration"]


def test_schedule_counts_batches_under_accumulation(steps):
    # updates at batches 1 and 3: rates 0.4 and 0.1
    optimizer = SGD(Halving(0.8), gradient_accumulation_steps=2)
    assert_allclose(steps.follow_one(optimizer, n=4), [1.0, 0.6, 0.6, 0.5], rtol=1e-5)


def test_schedule_goes_round():
    register_keras_serializable("tests")(Halving)
    optimizer = SGD(Halving(0.8), momentum=0.3)
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert isinstance(again._learning_rate, Halving)
    assert again._learning_rate.start == 0.8
    other = SGD.from_config(
        {"learning_rate": {"class_name": "H", "config": {"start": 0.3}, "registered_name": "H"}}, {"H": Halving}
    )
    assert float(other.learning_rate) == pytest.approx(0.3)


def test_schedule_cannot_be_set_to_a_number():
    optimizer = SGD(Halving(0.8))
    with pytest.raises(TypeError, match="comes from a schedule"):
        optimizer.learning_rate = 0.1
    optimizer.learning_rate = Halving(0.2)
    assert float(optimizer.learning_rate) == pytest.approx(0.2)


def test_a_schedule_may_take_the_place_of_a_number():
    optimizer = SGD(0.1)
    optimizer.learning_rate = Halving(0.8)
    assert [v.path for v in optimizer.variables] == ["sgd/iteration"]


def test_callable_learning_rate(steps):
    assert_allclose(steps.follow_one(SGD(lambda: 0.1)), [0.9, 0.8, 0.7], rtol=1e-6)
    with pytest.raises(TypeError, match="comes from a callable"):
        SGD(lambda: 0.1).learning_rate = 0.1


def test_base_schedule_says_what_to_override():
    with pytest.raises(NotImplementedError, match="__call__"):
        LearningRateSchedule()(0)


# --- variables and saving


def test_names():
    assert [SGD().name, SGD().name, RMSprop().name, Adam(name="mine").name] == ["sgd", "sgd_1", "rm_sprop", "mine"]


def test_iteration_counts_steps(steps):
    optimizer = Adam()
    steps.follow_one(optimizer, n=3)
    assert int(optimizer.iterations) == 3


def test_state_of_another_size_is_left_out_with_a_warning():
    optimizer = SGD(0.25)
    optimizer.build([Variable(1.0)])
    with pytest.warns(UserWarning, match="it has 2 variables, the saved one 1"):
        optimizer.load_own_variables({"0": np.array(7)})
    with pytest.warns(UserWarning, match="not built yet"):
        Adam().load_own_variables({"0": np.array(7)})
    assert int(optimizer.iterations) == 0


def test_state_of_another_shape_changes_nothing():
    optimizer = SGD(0.25, momentum=0.5)
    optimizer.build([Variable([1.0, 2.0], name="w")])
    with pytest.raises(ShapeError, match=r"(?s)sgd/w_momentum.*\(3,\).*\(2,\)"):
        optimizer.load_own_variables({"0": np.array(7), "1": np.array(0.5), "2": np.zeros(3)})
    assert int(optimizer.iterations) == 0
    assert float(optimizer.learning_rate) == 0.25


def test_set_weights():
    optimizer = SGD(0.25)
    with pytest.raises(ValueError, match="no slots yet"):
        optimizer.set_weights([])
    optimizer.build([Variable(1.0)])
    optimizer.set_weights([np.array(4), np.array(0.5)])
    assert (int(optimizer.iterations), float(optimizer.learning_rate)) == (4, 0.5)
    with pytest.raises(ValueError, match="wrong number of arrays"):
        optimizer.set_weights([np.array(4)])


SIMPLE = [cls for cls in optimizers.TABLE.values() if not cls.wraps]
SHARED = {
    "learning_rate": 0.25,
    "weight_decay": 0.5,
    "use_ema": True,
    "ema_momentum": 0.75,
    "ema_overwrite_frequency": 3,
    "loss_scale_factor": 8.0,
    "gradient_accumulation_steps": 2,
    "name": "mine",
}


@pytest.mark.parametrize("clip", [{"clipnorm": 2.0}, {"clipvalue": 2.5}, {"global_clipnorm": 3.0}], ids=str)
@pytest.mark.parametrize("cls", SIMPLE)
def test_shared_arguments_go_round(cls, clip):
    arguments = {**SHARED, **clip}
    optimizer = cls(**arguments)
    for made in (optimizer, cls.from_config(optimizer.get_config())):
        assert {key: value for key, value in made.get_config().items() if key in arguments} == arguments


RATES = {SGD: 0.1, optimizers.Adadelta: 50.0, optimizers.Adagrad: 0.5, optimizers.Ftrl: 0.5, optimizers.Muon: 0.2}


@pytest.mark.parametrize("cls", SIMPLE)
def test_every_optimizer_finds_the_minimum_of_a_parabola(cls, both_ways):
    results = []
    for steps in both_ways:
        w, optimizer = Variable([[1.0, -2.0], [0.5, 3.0]], name="w"), cls(learning_rate=RATES.get(cls, 0.1))
        for _ in range(60):
            steps.follow(optimizer, [w], [[2 * (w.numpy() - 0.25)]])
        results.append(w.numpy())
    assert_array_equal(*results)
    assert np.abs(results[0] - 0.25).mean() < 0.5  # from 1.5


@pytest.mark.parametrize("name", ["sgd", "SGD", "rmsprop", "RMSprop", "adam", "Adam", "ADAM", "lamb", "AdamW", "muon"])
def test_get_by_name(name):
    found = optimizers.get(name)
    assert type(found).__name__.lower() == name.lower()
    assert type(optimizers.get({"class_name": name, "config": {}})) is type(found)


def test_get_of_other_things():
    optimizer = SGD()
    assert optimizers.get(None) is None
    assert optimizers.get(optimizer) is optimizer
    assert isinstance(optimizers.get(Adam), Adam)
    with pytest.raises(ValueError, match=r"(?s)unknown optimizer 'admm'.*did you mean 'adam'"):
        optimizers.get("admm")
    for bad in (3, print, {"class_name": "L2", "config": {}}):
        with pytest.raises((ValueError, TypeError)):
            optimizers.get(bad)


@pytest.mark.parametrize("twin", [lambda x: pickle.loads(pickle.dumps(x)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_copied_optimizer_goes_on(twin, steps):
    w = [Variable([1.0, 2.0], name="a"), Variable(1.0, name="b")]
    optimizer = Adam(0.1, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_list=w[:1])
    steps.follow(optimizer, w, [[np.ones(2), 1.0]])
    w2, optimizer2 = twin((w, optimizer))
    a = steps.follow(optimizer, w, [[np.full(2, 3.0), 3.0]] * 2)
    b = steps.follow(optimizer2, w2, [[np.full(2, 3.0), 3.0]] * 2)
    for x, y in zip((*a[0], *a[1]), (*b[0], *b[1]), strict=True):
        assert_array_equal(x, y)
    for v, v2 in zip(optimizer.variables, optimizer2.variables, strict=True):
        assert v is not v2
        assert_array_equal(v.numpy(), v2.numpy())


# --- optimizers of a user's own


class Formula(Optimizer):
    slots = ("momentum",)

    def update(self, w, g, slots, learning_rate, t):
        m = 0.9 * slots["momentum"] - learning_rate * g
        return w + m, {"momentum": m}


class KerasStyle(Optimizer):
    def __init__(self, learning_rate=0.1, factor=0.9, **kwargs):
        super().__init__(learning_rate=learning_rate, **kwargs)
        self.factor = factor

    def build(self, variables):
        super().build(variables)
        self.momentums = [self.add_variable_from_reference(v, name="momentum") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        learning_rate = ops.cast(learning_rate, variable.dtype)
        m = self.momentums[self._get_variable_index(variable)]
        self.assign(m, ops.subtract(ops.multiply(m, self.factor), ops.multiply(gradient, learning_rate)))
        self.assign_add(variable, m)

    def get_config(self):
        config = super().get_config()
        config.update({"factor": self.factor})
        return config


@pytest.mark.parametrize("cls", [Formula, KerasStyle])
def test_own_optimizer_by_hand(cls, steps):
    optimizer = cls(learning_rate=0.1)
    assert_allclose(steps.follow_one(optimizer), [0.9, 0.71, 0.439], rtol=1e-6)
    name = naming.to_snake_case(cls.__name__)
    assert [v.path for v in optimizer.variables] == [
        f"{name}/{v}" for v in ("iteration", "learning_rate", "w_momentum")
    ]


@pytest.mark.parametrize("cls", [Formula, KerasStyle])
def test_own_optimizer_with_all_the_arguments(cls, steps):
    arguments = {
        "learning_rate": 0.1,
        "weight_decay": 0.2,
        "clipvalue": 1.5,
        "use_ema": True,
        "ema_momentum": 0.5,
        "ema_overwrite_frequency": 3,
        "gradient_accumulation_steps": 2,
    }
    got = steps.follow_one(cls(**arguments), g=lambda step: float(step), n=8)
    assert_allclose(got, steps.follow_one(SGD(momentum=0.9, **arguments), g=lambda step: float(step), n=8), rtol=1e-6)


def test_own_optimizer_goes_round():
    register_keras_serializable("tests")(KerasStyle)
    optimizer = KerasStyle(0.3, factor=0.4, clipnorm=2.0, name="mine")
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is KerasStyle
    assert (again.factor, again.clipnorm, again.name) == (0.4, 2.0, "mine")
    assert float(again.learning_rate) == pytest.approx(0.3)


def test_own_optimizer_without_get_config_goes_round():
    @register_keras_serializable("tests")
    class Plain(Optimizer):
        def __init__(self, rate, name="plain"):
            super().__init__(rate, name=name)
            self.something_else = rate

        def update(self, w, g, slots, learning_rate, t):
            return w - learning_rate * g, {}

    again = optimizers.deserialize(optimizers.serialize(Plain(0.3)))
    assert again.something_else == 0.3


def test_update_step_that_extends_one_of_the_library(steps):
    class Doubled(SGD):
        def update_step(self, gradient, variable, learning_rate):
            super().update_step(2 * gradient, variable, learning_rate)

    assert_allclose(steps.follow_one(Doubled(0.1, momentum=0.9)), [0.8, 0.42, -0.122], rtol=1e-5)


def test_several_names_are_saved_weight_by_weight():
    optimizer = SGD()
    variables = [Variable([1.0, 1.0], name="a"), Variable(1.0, name="b")]
    first, second = optimizer.add_optimizer_variables(variables, ["x", "y"], ["zeros", "ones"])
    assert [v.name for v in optimizer.variables[2:]] == ["a_x", "a_y", "b_x", "b_y"]
    assert_array_equal(first[0], [0, 0])
    assert_array_equal(second[0], [1, 1])
    assert [v.name for v in optimizer.add_optimizer_variables(variables, "z")] == ["a_z", "b_z"]
    with pytest.raises(ValueError, match="2 names, 1 initializers"):
        optimizer.add_optimizer_variables(variables, ["x", "y"], ["zeros"])


def test_variable_of_its_own_shape():
    optimizer = SGD(name="mine")
    v = optimizer.add_variable((2, 3), initializer="ones", dtype="float64", name="extra")
    assert (v.shape, v.dtype, v.path, v.trainable) == ((2, 3), "float64", "mine/extra", False)
    with pytest.raises(ValueError, match="bad `layout`"):
        optimizer.add_variable((2,), layout="x")


def test_no_rule():
    with pytest.raises(NotImplementedError, match=r"(?s)has no rule.*update"):
        Optimizer(0.1).apply([1.0], [Variable(1.0)])


def test_paths_of_slots():
    with name_scope("sequential"), name_scope("dense"):
        kernel = Variable([1.0], name="kernel")
    optimizer = Adam()
    optimizer.build([kernel])
    assert [v.path for v in optimizer.variables[2:]] == [
        "adam/sequential_dense_kernel_momentum",
        "adam/sequential_dense_kernel_velocity",
    ]
