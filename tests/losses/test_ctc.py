"""CTC beside a sum over every alignment written out, and at its edges."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf import losses, ops
from babytf.engine import GradientTape, Tensor
from babytf.errors import GradientError, ShapeError


def collapsed(path, blank):
    """What a path reads: runs to one, then blanks out."""
    return [c for i, c in enumerate(path) if c != blank and (i == 0 or path[i - 1] != c)]


def all_alignments(logits, label, blank=0):
    """The probability of a label, and that of each class at each step among its alignments."""
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    total, occupied = 0.0, np.zeros_like(p)
    for path in itertools.product(range(p.shape[1]), repeat=len(p)):
        if collapsed(path, blank) == list(label):
            weight = np.prod(p[np.arange(len(p)), path])
            total += weight
            occupied[np.arange(len(p)), path] += weight
    return total, occupied / total, p


@pytest.mark.parametrize("label", [[], [1], [2, 1], [1, 1], [2, 1, 2], [1, 1, 2], [2, 1, 2, 1]])
@pytest.mark.parametrize("blank", [0, 2])
def test_sum_over_every_alignment(label, blank, rng):
    label = [0 if c == blank else c for c in label]
    logits = rng.normal(size=(5, 3)) * 2
    total, occupied, p = all_alignments(logits, label, blank)
    padded = np.array([[*label, *[blank] * (4 - len(label))]])
    with GradientTape() as tape:
        x = Tensor(logits[None])
        tape.watch(x)
        loss = ops.ctc_loss(padded, x, [len(label)], [5], mask_index=blank)
    assert_allclose(loss, [-np.log(total)], rtol=1e-12)
    assert_allclose(tape.gradient(loss, x)[0], p - occupied, atol=1e-12)


def test_a_batch_is_its_samples(rng):
    logits = rng.normal(size=(4, 6, 5)).astype("float32")
    labels = np.array([[1, 2, 3], [4, 4, 0], [2, 0, 0], [0, 0, 0]])
    lengths = np.array([6, 5, 2, 1])
    together = ops.ctc_loss(labels, logits, [3, 2, 1, 0], lengths).numpy()
    for i, (n, t) in enumerate(zip([3, 2, 1, 0], lengths, strict=True)):
        alone = ops.ctc_loss(labels[i : i + 1, :n], logits[i : i + 1, :t], [n], [t]).numpy()
        assert_allclose(together[i : i + 1], alone, rtol=1e-6)


def test_steps_past_the_end_have_no_gradient(rng):
    with GradientTape() as tape:
        x = Tensor(rng.normal(size=(2, 4, 3)))
        tape.watch(x)
        loss = ops.ctc_loss([[1, 2], [1, 0]], x, [2, 1], [4, 2])
    gradient = tape.gradient(loss, x).numpy()
    assert_array_equal(gradient[1, 2:], 0)
    assert np.all(gradient[1, :2] != 0)


def test_a_long_sequence_neither_underflows_nor_drifts():
    # only blanks, all classes alike: 2000 steps of ln 4
    loss = losses.ctc(np.zeros((1, 3), int), np.zeros((1, 2000, 4), "float32"))
    assert_allclose(loss, [2000 * np.log(4)], rtol=1e-6)
    assert loss.dtype == "float32"


def test_a_label_that_does_not_fit_costs_much_and_has_a_gradient():
    logits = np.zeros((2, 2, 4), "float32")
    with GradientTape() as tape:
        x = Tensor(logits)
        tape.watch(x)
        loss = losses.ctc(np.array([[1, 2, 3], [1, 1, 0]]), x)
    assert_allclose(loss, 1e5, rtol=1e-3)
    gradient = tape.gradient(loss, x).numpy()
    assert np.isfinite(gradient).all()
    assert_allclose(gradient.sum(-1), 0, atol=1e-6)


def test_training_pushes_towards_the_label():
    y_true, logits = np.array([[1, 1, 2]]), np.zeros((1, 7, 3), "float32")
    for _ in range(60):
        with GradientTape() as tape:
            x = Tensor(logits)
            tape.watch(x)
            loss = losses.CTC()(y_true, x)
        logits = logits - 2.0 * tape.gradient(loss, x).numpy()
    assert loss.item() < 0.1
    assert collapsed(logits[0].argmax(-1), 0) == [1, 1, 2]


def test_third_derivative_is_named_as_missing(rng):
    x = Tensor(rng.normal(size=(1, 3, 3)))
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        first = tape.gradient(losses.ctc(np.array([[1, 2]]), x), x)
        second = tape.gradient(first, x, np.asarray(rng.normal(size=(1, 3, 3))))
    with pytest.raises(GradientError, match="'ctc_covariance' has no gradient"):
        tape.gradient(second, x, np.asarray(rng.normal(size=(1, 3, 3))))


# --- what is refused


@pytest.mark.parametrize(("label", "fix"), [(3, "4 units: the blank is a class too"), (-1, "pad with 0")])
def test_labels_that_are_no_classes(label, fix):
    with pytest.raises(ValueError, match=f"(?s)label {label} is out of range.*for 3 classes.*{fix}"):
        losses.ctc(np.array([[1, label]]), np.zeros((1, 4, 3)))


def test_labels_before_training():
    loss = losses.CTC()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loss.check_targets(np.array([[1, 2, 0], [1, 1, 0]]), (None, 3, 3))
        loss.check_targets(np.array([[1, 1, 1]]), (None, None, 3))
    with pytest.raises(ValueError, match=r"(?s)label 3 at index \[0, 1\].*labels from 0 to 2.*fix:"):
        loss.check_targets(np.array([[1, 3]]), (None, 5, 3))
    with pytest.raises(ValueError, match=r"(?s)0 before its end.*got: +\[0, 2, 0\] in row 1.*fix: .*at the end"):
        loss.check_targets(np.array([[1, 2, 0], [0, 2, 0]]), (None, 5, 3))
    with pytest.warns(UserWarning, match="1 of 2 labels do not fit into 3 steps; row 1 needs 4"):
        loss.check_targets(np.array([[1, 2, 1], [1, 1, 2]]), (None, 3, 3))


def test_shapes_and_blanks_of_the_operation():
    with pytest.raises(ShapeError, match=r"(?s)target \(1, 2\), output \(2, 4, 3\).*expected: .*fix:"):
        ops.ctc_loss([[1, 2]], np.zeros((2, 4, 3)), [2], [4])
    with pytest.raises(ShapeError, match=r"output_length \(2,\)"):
        ops.ctc_loss([[1, 2]], np.zeros((1, 4, 3)), [2], [4, 4])
    with pytest.raises(ValueError, match=r"(?s)mask_index=3.*a class from 0 to 2.*fix:"):
        ops.ctc_loss([[1, 2]], np.zeros((1, 4, 3)), [2], [4], mask_index=3)
