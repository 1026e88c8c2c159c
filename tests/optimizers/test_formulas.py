"""The formulas of SGD, RMSprop and Adam, by hand."""

from __future__ import annotations

import math

import pytest
from numpy.testing import assert_allclose

from babytf.optimizers import SGD, Adam, RMSprop


def test_sgd_by_hand(steps):
    assert_allclose(steps.follow_one(SGD(learning_rate=0.1), g=2.0), [0.8, 0.6, 0.4], rtol=1e-6)


def test_sgd_momentum_by_hand(steps):
    # m: -0.1, -0.19, -0.271      w: 1 -> 0.9 -> 0.71 -> 0.439
    optimizer = SGD(learning_rate=0.1, momentum=0.9)
    assert_allclose(steps.follow_one(optimizer, w=1.0, g=1.0, n=3), [0.9, 0.71, 0.439], rtol=1e-6)


def test_sgd_nesterov_by_hand(steps):
    # m: -0.1, -0.19, -0.271      steps 0.9 m - 0.1: -0.19, -0.271, -0.3439
    optimizer = SGD(learning_rate=0.1, momentum=0.9, nesterov=True)
    assert_allclose(steps.follow_one(optimizer), [0.81, 0.539, 0.1951], rtol=1e-6)


def test_nesterov_without_momentum_changes_nothing(steps):
    assert_allclose(steps.follow_one(SGD(0.1, nesterov=True)), [0.9, 0.8, 0.7], rtol=1e-6)


def test_rmsprop_by_hand(steps):
    # v: 0.5 * 16 = 8, 12, 14      w: 1 - 0.1 * 4 / sqrt(v)
    expected = [1.0]
    for v in (8.0, 12.0, 14.0):
        expected.append(expected[-1] - 0.4 / math.sqrt(v))
    assert_allclose(steps.follow_one(RMSprop(0.1, rho=0.5), g=4.0), expected[1:], rtol=1e-6)


def test_rmsprop_epsilon_is_under_the_root(steps):
    # v = 8, and with epsilon 1: 0.1 * 4 / 3
    assert_allclose(steps.follow_one(RMSprop(0.1, rho=0.5, epsilon=1.0), g=4.0, n=1), [1 - 0.4 / 3], rtol=1e-6)


def test_rmsprop_centered_by_hand(steps):
    # a = 2, v = 8: 8 - 4 = 4 under the root
    assert_allclose(steps.follow_one(RMSprop(0.1, rho=0.5, centered=True), g=4.0, n=1), [0.8], rtol=1e-6)


def test_rmsprop_momentum_by_hand(steps):
    # steps s = 0.4 / sqrt(v), m = s1, then s1 / 2 + s2
    s1, s2 = 0.4 / math.sqrt(8), 0.4 / math.sqrt(12)
    expected = [1 - s1, 1 - s1 - (0.5 * s1 + s2)]
    assert_allclose(steps.follow_one(RMSprop(0.1, rho=0.5, momentum=0.5), g=4.0, n=2), expected, rtol=1e-6)


def test_adam_by_hand(steps):
    # Of a constant gradient, both corrected averages are exact: each step is the rate times 4 / (4 + tiny).
    assert_allclose(steps.follow_one(Adam(0.1), g=4.0), [0.9, 0.8, 0.7], rtol=1e-5)


def test_adam_two_different_gradients_by_hand(steps):
    # beta_1 = beta_2 = 0.5.  g = 1: m = v = 1/2, alpha = 0.1 sqrt(1/2) / (1/2), step 0.1
    # g = 3: m = 1.75, v = 4.75, alpha = 0.1 sqrt(3/4) / (3/4)
    optimizer = Adam(0.1, beta_1=0.5, beta_2=0.5)
    second = 1.75 * 0.1 * math.sqrt(0.75) / 0.75 / math.sqrt(4.75)
    got = steps.follow_one(optimizer, g=lambda step: [1.0, 3.0][step], n=2)
    assert_allclose(got, [0.9, 0.9 - second], rtol=1e-5)


def test_adam_epsilon_is_outside_of_the_root_and_not_corrected(steps):
    # m = v = 1/2, alpha = 0.1 sqrt(1/2) / (1/2): step 0.1 sqrt(1/2) / (sqrt(1/2) + 1)
    optimizer = Adam(0.1, beta_1=0.5, beta_2=0.5, epsilon=1.0)
    assert_allclose(steps.follow_one(optimizer, n=1), [1 - 0.1 * math.sqrt(0.5) / (math.sqrt(0.5) + 1)], rtol=1e-5)


def test_amsgrad_keeps_the_largest_average_of_squares(steps):
    # beta_1 = 0, beta_2 = 0.5, g = 4 then 0.5: v = 8, then 4.125; the larger one stays: 8
    plain = steps.follow_one(Adam(0.1, beta_1=0.0, beta_2=0.5), g=lambda step: [4.0, 0.5][step], n=2)
    kept = steps.follow_one(Adam(0.1, beta_1=0.0, beta_2=0.5, amsgrad=True), g=lambda step: [4.0, 0.5][step], n=2)
    alpha = 0.1 * math.sqrt(0.75)
    assert_allclose(plain[1], 0.9 - alpha * 0.5 / math.sqrt(4.125), rtol=1e-5)
    assert_allclose(kept[1], 0.9 - alpha * 0.5 / math.sqrt(8), rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: SGD(momentum=1.5), "SGD 'sgd.*: bad `momentum`"),
        (lambda: SGD(momentum=-0.1), "bad `momentum`"),
        (lambda: SGD(nesterov="yes"), "bad `nesterov`"),
        (lambda: RMSprop(rho=2.0), "bad `rho`"),
        (lambda: RMSprop(momentum=2.0), "bad `momentum`"),
        (lambda: RMSprop(epsilon=-1.0), "bad `epsilon`"),
        (lambda: RMSprop(centered=1.0), "bad `centered`"),
        (lambda: Adam(beta_1=1.5), "bad `beta_1`"),
        (lambda: Adam(beta_2=-0.5), "bad `beta_2`"),
        (lambda: Adam(epsilon=float("nan")), "bad `epsilon`"),
        (lambda: Adam(amsgrad=None), "bad `amsgrad`"),
    ],
)
def test_bad_arguments(make, match):
    with pytest.raises(ValueError, match=match + "(?s:.)*got:(?s:.)*expected:(?s:.)*fix:"):
        make()
