"""The formulas of the optimizers, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf.engine import Variable, name_scope
from babytf.optimizers import (
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Muon,
    Nadam,
    RMSprop,
    ScheduleFreeAdamW,
)


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


def test_adamw_by_hand(steps):
    # decay first: 1 - 0.1 * 0.5, then Adam's step of the rate
    assert_allclose(steps.follow_one(AdamW(0.1, weight_decay=0.5), g=4.0, n=2), [0.85, 0.85 * 0.95 - 0.1], rtol=1e-5)


def test_adamax_by_hand(steps):
    # g = 4, 1: m = 2, 1.5; u = 4, max(2, 1) = 2; divided by 1 - 1/2, 1 - 1/4
    got = steps.follow_one(Adamax(0.1, beta_1=0.5, beta_2=0.5, epsilon=0.0), g=lambda step: [4.0, 1.0][step], n=2)
    assert_allclose(got, [0.9, 0.9 - 0.1 * 1.5 / (0.75 * 2)], rtol=1e-6)


def test_nadam_by_hand(steps):
    # mu_1 = 0.5 (1 - 0.48) = 0.26, mu_2 = 0.5 (1 - 0.5 * 0.9216) = 0.2696; m = 2, v / (1 - beta_2) = 16
    m_hat = 0.2696 * 2 / (1 - 0.26 * 0.2696) + 0.74 * 4 / (1 - 0.26)
    optimizer = Nadam(0.1, beta_1=0.5, beta_2=0.5, epsilon=0.0)
    assert_allclose(steps.follow_one(optimizer, g=4.0, n=1), [1 - 0.1 * m_hat / 4], rtol=1e-6)
    assert_allclose(optimizer.variables[-1], 0.26, rtol=1e-6)


def test_adagrad_by_hand(steps):
    # a: 9 + 16 = 25, then 25 + 0 and 25 + 144 = 169
    optimizer = Adagrad(0.1, initial_accumulator_value=9.0, epsilon=0.0)
    got = steps.follow_one(optimizer, g=lambda step: [4.0, 0.0, 12.0][step])
    assert_allclose(got, [0.92, 0.92, 0.92 - 1.2 / 13], rtol=1e-6)


def test_adadelta_by_hand(steps):
    # epsilon 1: a = 8, delta = -sqrt(1) 4 / 3; d = 8/9; a = 4 + 8 = 12, delta = -sqrt(17/9) 4 / sqrt(13)
    second = math.sqrt(17 / 9) * 4 / math.sqrt(13)
    got = steps.follow_one(Adadelta(0.3, rho=0.5, epsilon=1.0), g=4.0, n=2)
    assert_allclose(got, [0.6, 0.6 - 0.3 * second], rtol=1e-6)


def test_ftrl_by_hand(steps):
    # n' = 9 + 16 = 25, sigma = (5 - 3) / 0.5 = 4, z = 4 - 4 * 1 = 0: the weight is 0
    # g = 0: nothing changes; g = 12: n' = 169, z = 12, w = (2 - 12) / (13 / 0.5 + 2 * 3)
    optimizer = Ftrl(0.5, initial_accumulator_value=9.0, l1_regularization_strength=2.0, l2_regularization_strength=3.0)
    got = steps.follow_one(optimizer, g=lambda step: [4.0, 0.0, 12.0][step])
    assert_allclose(got, [0.0, 0.0, -10 / 32], rtol=1e-6, atol=1e-7)


def test_ftrl_shrinkage_and_beta_by_hand(steps):
    # fixed rate: sigma = 0; z = 4 + 2 * 0.25 * 1 = 4.5; w = -4.5 / (1 / 0.5 + 2 * (3 / (2 * 0.5)))
    optimizer = Ftrl(0.5, learning_rate_power=0.0, l2_shrinkage_regularization_strength=0.25, beta=3.0)
    assert_allclose(steps.follow_one(optimizer, g=4.0, n=1), [-4.5 / 8], rtol=1e-6)


def test_lion_by_hand(steps):
    # m before: 0, 2, 0.5; the sign of m / 2 + g / 2 with g = 4, -1, -0.5: +, +, 0
    got = steps.follow_one(Lion(0.1, beta_1=0.5, beta_2=0.5), g=lambda step: [4.0, -1.0, -0.5][step])
    assert_allclose(got, [0.9, 0.8, 0.8], rtol=1e-6)


def test_lamb_by_hand(steps):
    # first step: r = sign(g), of norm 2; w of norm 10; then a weight and a gradient that are 0
    a, b, c = Variable([5.0] * 4, name="a"), Variable([0.0], name="b"), Variable([1.0], name="c")
    values = steps.follow(Lamb(0.1, epsilon=0.0001), [a, b, c], [[[3.0, -3.0, 3.0, 3.0], [2.0], [0.0]]])
    assert_allclose(values[0][0], [4.5, 5.5, 4.5, 4.5], rtol=1e-4)
    assert_allclose(values[0][1], [-0.1], rtol=1e-4)
    assert_array_equal(values[0][2], [1.0])


def test_adafactor_by_hand(steps):
    # first step: averages forget all (1 - 1 = 0), r = (10, 40), c = (8, 42), v = r c / 25; rms(w) = 2
    g = np.sqrt([[4.0, 16.0], [12.0, 68.0]])
    v = np.outer([10, 40], [8, 42]) / 25
    u = g / np.sqrt(v)
    expected = 2 - 0.1 * 2 * u / max(1, math.sqrt(np.mean(u**2)))
    optimizer = Adafactor(0.1)
    values = steps.follow(
        optimizer, [Variable(np.full((2, 2), 2.0), name="w"), Variable([0.0], name="b")], [[g, [3.0]]]
    )
    assert_allclose(values[0][0], expected, rtol=1e-5)
    assert_allclose(values[0][1], [-0.1 * 1e-3], rtol=1e-5)  # a weight of 0 counts as epsilon_2
    assert [x.shape for x in optimizer.variables[2:]] == [(2,), (2,), (2, 2), (), (), (1,)]


def test_adafactor_of_more_axes_takes_the_last_two(steps):
    g = np.arange(1.0, 13.0).reshape(2, 3, 2)
    optimizer = Adafactor(0.1)
    steps.follow(optimizer, [Variable(np.ones((2, 3, 2)), name="w")], [[g]])
    r, c, v = (x.numpy() for x in optimizer.variables[2:])
    assert_allclose(r, (g**2).mean(axis=2), rtol=1e-6)
    assert_allclose(c, (g**2).mean(axis=1), rtol=1e-6)
    assert_allclose(v[1], np.outer(r[1], c[1]) / r[1].mean(), rtol=1e-6)


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4)])
def test_muon_steps_are_nearly_orthogonal(shape, steps, rng):
    g = rng.normal(size=shape)
    u, _, v = np.linalg.svd(g, full_matrices=False)
    values = steps.follow(Muon(1.0, weight_decay=None, rms_rate=None), [Variable(np.zeros(shape), name="w")], [[g]])
    singular = np.diag(u.T @ -values[0][0] @ v.T)
    assert (np.abs(singular - 1) < 0.35).all()  # the iteration lands between 0.7 and 1.2
    assert_allclose(-values[0][0], u @ np.diag(singular) @ v, atol=1e-3)


def test_muon_factor_and_momentum_by_hand(steps):
    # one column: x = u / |u| stays in its direction; a polynomial with a = 1, b = c = 0 leaves it alone
    optimizer = Muon(0.1, weight_decay=None, muon_a=1.0, muon_b=0.0, muon_c=0.0, rms_rate=0.5, momentum=0.5)
    values = steps.follow(optimizer, [Variable(np.zeros((4, 1)), name="w")], [[np.array([[3.0], [4.0], [0.0], [0.0]])]])
    assert_allclose(values[0][0].ravel(), [-0.1 * 2 * 0.5 * 0.6, -0.1 * 2 * 0.5 * 0.8, 0, 0], rtol=1e-5)


def test_muon_leaves_some_weights_to_adam():
    paths = (("embedding", "embeddings"), ("dense", "kernel"), ("head", "kernel"), ("dense", "bias"))
    variables = []
    for (layer, name), shape in zip(paths, ((3, 2), (3, 2), (3, 2), (2,)), strict=True):
        with name_scope(layer):
            variables.append(Variable(np.ones(shape), name=name))

    def with_velocity(**arguments):
        optimizer = Muon(**arguments)
        optimizer.build(variables)
        return [v.name.removesuffix("_velocity") for v in optimizer.variables if v.name.endswith("velocity")]

    assert with_velocity() == ["embedding_embeddings", "dense_bias"]
    assert with_velocity(exclude_embeddings=False) == ["dense_bias"]
    assert with_velocity(exclude_layers=["^hea"]) == ["embedding_embeddings", "head_kernel", "dense_bias"]


def test_schedule_free_average_is_that_of_the_steps(steps):
    # beta_1 = 1: the weight is the mean of z = 0.9, 0.8, 0.7
    got = steps.follow_one(ScheduleFreeAdamW(0.1, beta_1=1.0), g=4.0)
    assert_allclose(got, [0.9, 0.85, 0.8], rtol=1e-5)


def test_schedule_free_mixture_and_warmup_by_hand(steps):
    # rates 0.05, 0.1, 0.1: z = 0.95, 0.85, 0.75; means 0.95, 0.9, 0.85; the weight a mixture of 1/4 and 3/4
    got = steps.follow_one(ScheduleFreeAdamW(0.1, beta_1=0.75, warmup_steps=2), g=4.0)
    assert_allclose(got, [0.95, 0.25 * 0.85 + 0.75 * 0.9, 0.25 * 0.75 + 0.75 * 0.85], rtol=1e-5)


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
        (lambda: AdamW(weight_decay=None), "AdamW 'adam_w.*: bad `weight_decay`"),
        (lambda: Adamax(beta_1=2.0), "bad `beta_1`"),
        (lambda: Adamax(epsilon=-1.0), "bad `epsilon`"),
        (lambda: Nadam(beta_2=2.0), "bad `beta_2`"),
        (lambda: Adagrad(initial_accumulator_value=-1.0), "bad `initial_accumulator_value`"),
        (lambda: Adadelta(rho=-1.0), "bad `rho`"),
        (lambda: Adafactor(beta_2_decay="x"), "bad `beta_2_decay`"),
        (lambda: Adafactor(epsilon_1=-1.0), "bad `epsilon_1`"),
        (lambda: Adafactor(epsilon_2=-1.0), "bad `epsilon_2`"),
        (lambda: Adafactor(clip_threshold=0.0), "bad `clip_threshold`"),
        (lambda: Adafactor(relative_step=1), "bad `relative_step`"),
        (lambda: Ftrl(learning_rate_power=0.5), "bad `learning_rate_power`"),
        (lambda: Ftrl(initial_accumulator_value=-0.5), "bad `initial_accumulator_value`"),
        (lambda: Ftrl(l1_regularization_strength=-0.5), "bad `l1_regularization_strength`"),
        (lambda: Ftrl(l2_regularization_strength=-0.5), "bad `l2_regularization_strength`"),
        (lambda: Ftrl(l2_shrinkage_regularization_strength=-0.5), "bad `l2_shrinkage_regularization_strength`"),
        (lambda: Ftrl(beta=None), "bad `beta`"),
        (lambda: Lion(beta_1=0.0), "bad `beta_1`"),
        (lambda: Lion(beta_1=1.1), "bad `beta_1`"),
        (lambda: Lamb(beta_2=1.1), "bad `beta_2`"),
        (lambda: Muon(ns_steps=-1), "bad `ns_steps`"),
        (lambda: Muon(momentum=2.0), "bad `momentum`"),
        (lambda: Muon(adam_weight_decay=-1.0), "bad `adam_weight_decay`"),
        (lambda: Muon(rms_rate="x"), "bad `rms_rate`"),
        (lambda: ScheduleFreeAdamW(beta_1=0.0), "bad `beta_1`"),
        (lambda: ScheduleFreeAdamW(warmup_steps=-1), "bad `warmup_steps`"),
    ],
)
def test_bad_arguments(make, match):
    with pytest.raises(ValueError, match=match + "(?s:.)*got:(?s:.)*expected:(?s:.)*fix:"):
        make()
