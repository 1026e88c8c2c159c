"""Losses by hand: the value of a formula worked out in a comment, and what each one is for."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf import losses
from babytf.engine import Compiled, GradientTape, Tensor
from babytf.errors import ShapeError


def gradient(loss, y_true, y_pred):
    with GradientTape() as tape:
        watched = Tensor(np.asarray(y_pred, "float32"))
        tape.watch(watched)
        value = loss(y_true, watched)
    return tape.gradient(value, watched).numpy()


def test_percentage_error():
    # |2 - 1| / 2 = 50 %, |-4 + 5| / 4 = 25 %; the mean of both
    assert losses.mean_absolute_percentage_error([[2.0, -4.0]], [[1.0, -5.0]]).tolist() == [37.5]
    # a target of 0 counts as 1e-7: 100 * 1 / 1e-7
    assert_allclose(losses.mean_absolute_percentage_error([[0.0]], [[1.0]]), [1e9], rtol=1e-6)


def test_squared_logarithmic_error():
    # (ln 8 - ln 2)^2 = (2 ln 2)^2; below 0 both count as 0
    assert_allclose(
        losses.mean_squared_logarithmic_error([[7.0, -1.0]], [[1.0, -9.0]]), [(2 * np.log(2)) ** 2 / 2], 1e-6
    )


def test_cosine_similarity():
    # same way -1, across 0, opposite 1, 45 degrees -sqrt(1/2), nothing 0
    y_true = [[2.0, 0.0], [1.0, 0.0], [1.0, 1.0], [3.0, 0.0], [0.0, 0.0]]
    y_pred = [[5.0, 0.0], [0.0, 4.0], [-2.0, -2.0], [1.0, 1.0], [1.0, 1.0]]
    assert_allclose(losses.cosine_similarity(y_true, y_pred), [-1, 0, 1, -np.sqrt(0.5), 0], atol=1e-6)


def test_cosine_similarity_of_another_axis():
    # the columns (3, 4) and (0, 0), (4, 3) and (1, 0): -(12 + 12) / 25 and 0
    assert_allclose(
        losses.CosineSimilarity(axis=0)([[3.0, 0.0], [4.0, 0.0]], [[4.0, 1.0], [3.0, 0.0]]), -0.48, rtol=1e-6
    )


def test_huber_is_square_then_straight():
    # delta 2: 1/2, at 2 both forms are 2, beyond 2 * 5 - 2
    assert_allclose(losses.Huber(2.0, reduction="none")(np.zeros((3, 1)), [[1.0], [-2.0], [5.0]]), [0.5, 2.0, 8.0])
    # slopes d, d, delta, each over 3 samples
    slopes = gradient(losses.Huber(2.0), np.zeros((3, 1)), [[1.0], [-2.0], [5.0]])
    assert_allclose(slopes, [[1 / 3], [-2 / 3], [2 / 3]], rtol=1e-6)


def test_log_cosh_does_not_overflow():
    assert_allclose(
        losses.log_cosh([[0.0], [0.0], [0.0]], [[1.0], [-1.0], [1000.0]]),
        [np.log(np.cosh(1.0))] * 2 + [1000 - np.log(2)],
        1e-6,
    )


@pytest.mark.parametrize(
    ("y_true", "hinge", "squared"),
    [
        # 1 - y z for z = 0.5, -2: with y = 1, -1 it is 0.5 and -1 (no loss)
        ([[1.0, -1.0]], 0.25, 0.125),
        ([[1, 0]], 0.25, 0.125),  # 0 stands for -1
        ([[True, False]], 0.25, 0.125),
        ([[1.0, 0.5]], (0.5 + 2) / 2, (0.25 + 4) / 2),  # not binary: taken as they are
    ],
)
def test_hinges(y_true, hinge, squared):
    assert losses.hinge(np.array(y_true), [[0.5, -2.0]]).tolist() == [hinge]
    assert losses.squared_hinge(np.array(y_true), [[0.5, -2.0]]).tolist() == [squared]


def test_hinge_reads_each_batch_as_it_is():
    # one program: whether targets are binary is found out in every batch
    step = Compiled(losses.hinge, "hinge")
    for y_true in (np.array([[1.0, 0.0]]), np.array([[1.0, 0.5]])):
        assert_array_equal(step(y_true, np.array([[0.5, -2.0]])), losses.hinge(y_true, np.array([[0.5, -2.0]])))


def test_categorical_hinge():
    # best other 2, true 1: 2 - 1 + 1; lead of 3 enough: 0; negative others: the true class's own 0 counts
    y_pred = [[1.0, 2.0], [5.0, 2.0], [0.5, -3.0]]
    assert losses.categorical_hinge([[1, 0], [1, 0], [1, 0]], y_pred).tolist() == [2.0, 0.0, 0.5]


def test_kl_divergence():
    # 3/4 ln(3/4 / 1/4) + 1/4 ln(1/4 / 3/4) = ln(3) / 2; equal distributions 0
    got = losses.kl_divergence([[0.75, 0.25], [0.3, 0.7]], [[0.25, 0.75], [0.3, 0.7]])
    assert_allclose(got, [np.log(3) / 2, 0], rtol=1e-6)


def test_poisson_is_least_at_the_count():
    assert_allclose(gradient(losses.Poisson(), [[3.0]], [[3.0]]), 0.0, atol=1e-6)  # 1 - y / z


def test_focal_losses_without_focus_are_crossentropies():
    y_true, y_pred = np.eye(3), np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.25, 0.25, 0.5]])
    assert_allclose(
        losses.binary_focal_crossentropy(y_true, y_pred, gamma=0.0), losses.binary_crossentropy(y_true, y_pred)
    )
    assert_allclose(
        losses.categorical_focal_crossentropy(y_true, y_pred, alpha=1.0, gamma=0.0),
        losses.categorical_crossentropy(y_true, y_pred),
    )


def test_focal_losses():
    # p = 0.75 for what is true: (1/4)^2 times -ln(3/4); class 1 weighs 0.8, class 0 weighs 0.2
    each = -np.log(0.75) / 16
    got = losses.binary_focal_crossentropy([[1.0], [0.0]], [[0.75], [0.25]], apply_class_balancing=True, alpha=0.8)
    assert_allclose(got, [0.8 * each, 0.2 * each], rtol=1e-6)
    got = losses.categorical_focal_crossentropy(
        [[0.0, 1.0], [1.0, 0.0]], [[0.25, 0.75], [0.75, 0.25]], alpha=[0.5, 2.0]
    )
    assert_allclose(got, [2.0 * each, 0.5 * each], rtol=1e-6)


def test_weights_of_classes_go_along_their_axis():
    rows = np.random.default_rng(0).uniform(0.1, 0.9, (2, 3, 4))
    y_true = np.moveaxis(np.eye(3)[[[0, 1, 2, 0], [1, 1, 2, 0]]], -1, 1)
    got = losses.categorical_focal_crossentropy(y_true, rows, alpha=[0.1, 0.2, 0.7], axis=1)
    last = losses.categorical_focal_crossentropy(np.moveaxis(y_true, 1, -1), np.moveaxis(rows, 1, -1), [0.1, 0.2, 0.7])
    assert_allclose(got, last, rtol=1e-6)


def test_generalized_crossentropy_between_crossentropy_and_absolute_error():
    y_true, y_pred = np.array([1, 0]), np.array([[0.2, 0.8], [0.3, 0.7]])
    function = losses.categorical_generalized_cross_entropy
    assert_allclose(function(y_true, y_pred, q=0.5), 2 * (1 - np.sqrt([0.8, 0.3])))
    assert_allclose(function(y_true, y_pred, q=1e-9), -np.log([0.8, 0.3]), rtol=1e-6)
    assert_allclose(function(y_true, y_pred, q=1 - 1e-9), [0.2, 0.7], rtol=1e-6)
    with pytest.raises(ValueError, match=r"(?s)bad `q`.*got: +q=1.*without both.*fix:"):
        function(y_true, y_pred, q=1)


def test_a_column_of_labels_is_a_vector_of_labels():
    y_pred = np.array([[0.2, 0.8], [0.3, 0.7]])
    loss = losses.CategoricalGeneralizedCrossEntropy(reduction="none")
    assert_array_equal(loss(np.array([[1], [0]]), y_pred), loss(np.array([1, 0]), y_pred))


def test_dice_and_tversky():
    # overlap 1, 2 and 2 in each: 1 - 2 * 1 / 4; missed 1, too much 1
    y_true, y_pred = [[1.0, 1.0, 0.0]], [[1.0, 0.0, 1.0]]
    assert_allclose(losses.dice(y_true, y_pred), 0.5, rtol=1e-6)
    assert_allclose(losses.tversky(y_true, y_pred), 0.5, rtol=1e-6)
    assert_allclose(losses.tversky(y_true, y_pred, alpha=3.0, beta=0.0), 1 - 1 / (1 + 3), rtol=1e-6)
    assert_allclose(losses.tversky([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]], alpha=0.0, beta=9.0), 0.0, atol=1e-6)


def test_dice_of_the_batch_or_of_each_sample():
    y_true, y_pred = np.array([[1.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 1.0], [1.0, 1.0]])
    assert_allclose(losses.Dice()(y_true, y_pred), 1 - 2 * 2 / 6, rtol=1e-6)
    assert_allclose(losses.Dice(axis=1, reduction="none")(y_true, y_pred), [0.0, 1.0], atol=1e-6)


def test_circle_masks_samples_without_a_pair():
    # from the third no other has its label: 0, and left out of the mean
    x = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    alone, pairs = losses.Circle(gamma=1.0), losses.Circle(gamma=1.0, reduction="none")
    values = pairs(np.array([0, 0, 1]), x).numpy()
    assert values[2] == 0
    assert_allclose(alone(np.array([0, 0, 1]), x), values[:2].mean(), rtol=1e-6)


def test_circle_of_one_label_or_of_labels_all_different():
    x = np.eye(3, dtype="float32")
    for labels in ([1, 1, 1], [0, 1, 2]):
        assert losses.Circle()(np.array(labels), x).item() == 0
        assert_array_equal(gradient(losses.Circle(), np.array(labels), x), 0)


def test_circle_against_references():
    # one reference of the same label at distance 0, one of another at distance 1: as in a batch of three
    x, references = [[1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]
    got = losses.circle([0], x, ref_labels=[0, 1], ref_embeddings=references, remove_diagonal=False, gamma=1.0)
    assert_allclose(got, [np.log1p(np.exp(-0.4 * 0.4) * np.exp(0.4 * -0.4))], rtol=1e-6)
    with pytest.raises(ValueError, match=r"(?s)`ref_labels` came without `ref_embeddings`.*got:.*fix:"):
        losses.circle([0], x, ref_labels=[0])
    with pytest.raises(ShapeError, match=r"ref_embeddings of shape \(R, 2\)"):
        losses.circle([0], x, ref_labels=[0], ref_embeddings=[[1.0, 0.0, 0.0]])
    with pytest.raises(ShapeError, match=r"got: +ref_labels of shape \(1,\), ref_embeddings of shape \(2, 2\)"):
        losses.circle([0], x, ref_labels=[0], ref_embeddings=references)
