"""Learning rate schedules, beside what real Keras gives (tests/record/schedules.py) and by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf import config
from babytf.engine import Compiled, Variable, convert
from babytf.optimizers import SGD, schedules
from babytf.optimizers.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

RECORDED = json.loads((Path(__file__).parent.parent / "data" / "recorded" / "schedules.json").read_text())
CASES, STEPS = RECORDED["cases"], RECORDED["steps"]


def schedule_of(case):
    return getattr(schedules, CASES[case]["class"])(**CASES[case]["arguments"])


@pytest.mark.parametrize("case", CASES)
def test_rates_are_those_of_keras(case):
    schedule = schedule_of(case)
    rates = [schedule(step) for step in STEPS]
    assert {(r.shape, r.dtype.name) for r in rates} == {((), "float32")}
    assert_allclose([float(r) for r in rates], CASES[case]["rates"], rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("case", CASES)
def test_recorded_once_for_all_steps_with_the_same_bits(case):
    schedule = schedule_of(case)
    compiled = Compiled(schedule, "rate")
    for step in STEPS:
        expected = schedule(convert(step, "int64"))
        assert_array_equal(compiled(np.array(step)).numpy(), expected.numpy())
        assert_array_equal(schedule(step).numpy(), expected.numpy())
    assert len(compiled.programs) == 1


@pytest.mark.parametrize("case", CASES)
def test_config_is_that_of_keras_and_goes_round(case):
    schedule = schedule_of(case)
    assert schedule.get_config() == CASES[case]["config"]
    described = schedules.serialize(schedule)
    assert described["module"] == "keras.optimizers.schedules"
    again = schedules.deserialize(described)
    assert type(again) is type(schedule)
    assert again.get_config() == CASES[case]["config"]


@pytest.mark.parametrize("case", CASES)
def test_steps_of_an_optimizer_follow_the_schedule(case, both_ways):
    # a gradient of 1: w falls by the sum of the rates of steps 0, 1, 2, …
    expected = 1 - np.cumsum([float(schedule_of(case)(step)) for step in range(8)])
    eager, compiled = (steps.follow_one(SGD(schedule_of(case)), n=8) for steps in both_ways)
    assert eager == compiled
    assert_allclose(eager, expected, rtol=1e-5, atol=1e-6)


def test_every_argument_is_recorded_at_a_value_that_is_not_the_default():
    for name in schedules.__all__:
        cls = getattr(schedules, name)
        if not isinstance(cls, type) or cls is LearningRateSchedule:
            continue
        code, defaults = cls.__init__.__code__, cls.__init__.__defaults__
        names = code.co_varnames[1 : code.co_argcount]
        default = dict(zip(names[-len(defaults) :], defaults, strict=True))
        (given,) = (c["arguments"] for case, c in CASES.items() if c["class"] == name and case.endswith("_all"))
        assert set(given) == set(names)
        assert [key for key, value in given.items() if key in default and default[key] == value] == []


def test_float64():
    before = config.floatx()
    config.set_floatx("float64")
    try:
        rate = ExponentialDecay(0.1, 3, 0.5)(np.int64(1))
    finally:
        config.set_floatx(before)
    assert rate.dtype.name == "float64"
    assert_allclose(float(rate), 0.1 * 0.5 ** (1 / 3), rtol=1e-14)


def test_a_rate_that_starts_at_the_integer_0_rises():
    # Keras computes in the dtype of the first rate: whole numbers there
    schedule = CosineDecay(0, decay_steps=10, warmup_target=0.8, warmup_steps=4)
    assert_allclose([float(schedule(t)) for t in range(5)], [0, 0.2, 0.4, 0.6, 0.8], rtol=1e-6)


def test_cosine_by_hand():
    # 0.8 ((1 - 0.25) (1 + cos(pi / 3)) / 2 + 0.25) = 0.8 (0.75 * 0.75 + 0.25)
    assert_allclose(float(CosineDecay(0.8, decay_steps=6, alpha=0.25)(2)), 0.65, rtol=1e-6)


def test_restarts_by_hand():
    # periods of 2, 4 and 8 steps, beginning at 0, 2 and 6; a quarter into the third: i = 2, f = 1/4
    schedule = CosineDecayRestarts(0.8, first_decay_steps=2, m_mul=0.5)
    assert_allclose(float(schedule(8)), 0.8 * 0.25 * 0.5 * (1 + math.cos(math.pi / 4)), rtol=1e-5)


def test_one_value_without_boundaries():
    assert float(PiecewiseConstantDecay([], [0.5])(7)) == 0.5


def test_schedule_may_be_asked_with_a_variable():
    assert float(ExponentialDecay(0.8, 10, 0.5)(Variable(10, dtype="int64"))) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: ExponentialDecay(0.1, 0, 0.5), "ExponentialDecay 'ExponentialDecay': bad `decay_steps`"),
        (lambda: ExponentialDecay("0.1", 1, 0.5), "bad `initial_learning_rate`"),
        (lambda: ExponentialDecay(0.1, 1, None), "bad `decay_rate`"),
        (lambda: ExponentialDecay(0.1, 1, 0.5, staircase=2), "bad `staircase`"),
        (lambda: InverseTimeDecay(0.1, -1, 0.5), "bad `decay_steps`"),
        (lambda: InverseTimeDecay(0.1, 1, "x"), "bad `decay_rate`"),
        (lambda: PolynomialDecay(0.1, 0), "bad `decay_steps`"),
        (lambda: PolynomialDecay(0.1, 9, power="2"), "bad `power`"),
        (lambda: PolynomialDecay(0.1, 9, cycle=None), "bad `cycle`"),
        (lambda: CosineDecay(0.1, 0), "bad `decay_steps`"),
        (lambda: CosineDecay(0.1, 5, warmup_steps=-1), "bad `warmup_steps`"),
        (lambda: CosineDecay(0.1, 5, warmup_target="x"), "bad `warmup_target`"),
        (lambda: CosineDecay(0.1, 5, alpha=None), "bad `alpha`"),
        (lambda: CosineDecayRestarts(0.1, 0), "bad `first_decay_steps`"),
        (lambda: CosineDecayRestarts(0.1, 5, t_mul=0.0), "bad `t_mul`"),
        (lambda: PiecewiseConstantDecay([1, "2"], [0.1, 0.2, 0.3]), "bad `boundaries`"),
        (lambda: PiecewiseConstantDecay([1], [0.1, None]), "bad `values`"),
        (lambda: PiecewiseConstantDecay([1, 2], [0.1, 0.2]), "one value more than boundaries"),
        (lambda: PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]), "boundaries must rise"),
    ],
)
def test_bad_arguments(make, match):
    with pytest.raises(ValueError, match=match + "(?s:.)*got:(?s:.)*fix:"):
        make()
