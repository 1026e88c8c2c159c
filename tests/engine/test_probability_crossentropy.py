"""Crossentropies from probabilities: gradients, second gradients, the ends of the scale, NaN and infinity."""

import numpy as np
import pytest

from babytf import ops
from babytf.engine import Compiled, GradientTape, Tensor, convert

LABELS = np.array([2, 0, 3, 3])
ROWS = np.eye(4)[LABELS]
LOW, HIGH = np.float32(1e-7), np.float32(1 - 1e-7)


def loss_of(kind):
    return {
        "sparse": ops.sparse_categorical_crossentropy,
        "categorical": ops.categorical_crossentropy,
        "binary": ops.binary_crossentropy,
    }[kind]


def target_of(kind, rng):
    if kind == "sparse":
        return LABELS
    return rng.uniform(0.1, 0.9, ROWS.shape)


def by_hand(kind, target, p):
    """The formulas, with all classes written out."""
    if kind == "binary":
        p = np.clip(p, 1e-7, 1 - 1e-7)
        return -target * np.log(p) - (1 - target) * np.log(1 - p)
    q = np.clip(p / p.sum(-1, keepdims=True), 1e-7, 1 - 1e-7)
    return -((ROWS if kind == "sparse" else target) * np.log(q)).sum(-1)


def gradients(kind, target, p, weights):
    """The loss, and its gradient for the probabilities."""
    p = convert(p)
    with GradientTape() as tape:
        tape.watch(p)
        loss = loss_of(kind)(target, p)
        total = ops.sum(loss * weights)
    return loss, tape.gradient(total, p)


@pytest.mark.parametrize("kind", ["sparse", "categorical", "binary"])
def test_both_gradients_agree_with_central_differences(kind, rng):
    p = rng.uniform(0.1, 0.9, ROWS.shape)
    p[3] = [0.4, 0.3, 0.3, 1e-9]  # the last one is clipped
    target, direction = target_of(kind, rng), rng.normal(size=p.shape)
    weights = rng.normal(size=by_hand(kind, target, p).shape)
    loss, first = gradients(kind, target, p, weights)
    np.testing.assert_allclose(loss.numpy(), by_hand(kind, target, p), rtol=1e-12)

    h = 1e-6 * np.where(p > 1e-6, 1.0, 1e-4)  # the clipped one stays clipped

    def difference(f):
        return (f(p + h * direction) - f(p - h * direction)) / 2e-6

    moved = direction * h / 1e-6
    expected = difference(lambda x: np.sum(by_hand(kind, target, x) * weights))
    np.testing.assert_allclose(np.sum(first.numpy() * moved), expected, rtol=1e-6)

    other = rng.normal(size=p.shape)
    x = Tensor(p)
    with GradientTape() as tape:
        tape.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            total = ops.sum(loss_of(kind)(target, x) * weights)
        slope = ops.sum(inner.gradient(total, x) * other)
    second = tape.gradient(slope, x).numpy()
    expected = difference(lambda x: np.sum(gradients(kind, target, x, weights)[1].numpy() * other))
    np.testing.assert_allclose(np.sum(second * moved), expected, rtol=1e-6)


@pytest.mark.parametrize("kind", ["categorical", "binary"])
def test_targets_have_a_gradient(kind, rng):
    p, target = rng.uniform(0.1, 0.9, ROWS.shape), Tensor(target_of(kind, rng))
    with GradientTape() as tape:
        tape.watch(target)
        total = ops.sum(loss_of(kind)(target, p))
    q = p if kind == "binary" else p / p.sum(-1, keepdims=True)
    expected = np.log(1 - q) - np.log(q) if kind == "binary" else -np.log(q)
    np.testing.assert_allclose(tape.gradient(total, target).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["sparse", "categorical", "binary"])
def test_a_program_gives_the_bits_of_eager_execution(kind, rng):
    p = rng.random(ROWS.shape).astype("float32")
    p[1], p[2, 1] = [1, 0, 0, 0], 0
    weights = rng.normal(size=by_hand(kind, ROWS, p).shape).astype("float32")
    target = LABELS if kind == "sparse" else ROWS.astype("float32")
    compiled = Compiled(lambda t, x, w: gradients(kind, t, x, w)[1], "step")
    found = compiled(target, p, weights).numpy()
    np.testing.assert_array_equal(found, gradients(kind, target, p, weights)[1].numpy())
    assert np.isfinite(found).all()
    assert np.count_nonzero(found) > 8


@pytest.mark.parametrize(
    ("p", "slope"),
    [(0.0, 0), (np.nextafter(LOW, 0), 0), (LOW, 1 / LOW), (HIGH, 1 / HIGH), (np.nextafter(HIGH, 2), 0)],
)
def test_the_ends_of_the_scale_are_inside(p, slope):
    """A share of exactly epsilon is not clipped, and has a gradient; one beyond it has none."""
    x = np.array([[p, np.float32(1) - p]], "float32")
    assert x.sum() == 1
    _, sparse = gradients("sparse", np.array([0]), x, 1.0)
    _, categorical = gradients("categorical", np.array([[1, 0]], "float32"), x, 1.0)
    for found in (sparse.numpy(), categorical.numpy()):
        np.testing.assert_allclose(found[0, 0] - found[0, 1], -slope, rtol=1e-6)
    _, binary = gradients("binary", np.ones((1, 1), "float32"), x[:, :1], 1.0)
    np.testing.assert_allclose(binary.numpy()[0, 0], -slope, rtol=1e-6)


NAN, INF = np.nan, np.inf


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", ["sparse", "categorical"])
def test_nan_and_infinity_spread_over_their_row(kind):
    p = [[NAN, 0.5, 0.2, 0.3], [0, 0, 0, 0], [0, 0.1, 0, INF], [INF, 0, 0, 1], [0.1, 0.2, 0.3, 0.4]]
    p = np.array(p, "float32")
    labels = np.array([1, 0, 3, 3, 3])
    target = labels if kind == "sparse" else np.eye(4, dtype="float32")[labels]
    loss, gradient = gradients(kind, target, p, 1.0)
    clipped = -np.log(LOW)  # 1 / infinity; among all classes infinity / infinity comes in too, times 0
    expected = [NAN, NAN, NAN, clipped if kind == "sparse" else NAN, -np.log(np.float32(0.4))]
    np.testing.assert_allclose(loss.numpy(), expected, rtol=1e-6)
    assert np.isnan(gradient.numpy()[:4]).all()
    np.testing.assert_allclose(gradient.numpy()[4], [1, 1, 1, 1 - 1 / 0.4], rtol=1e-6)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_nan_stays_where_it_is_of_two_classes():
    loss, gradient = gradients("binary", np.ones((3, 1), "float32"), np.array([[NAN], [INF], [0.5]], "float32"), 1.0)
    np.testing.assert_allclose(loss.numpy()[:, 0], [NAN, -np.log(HIGH), np.log(2)], rtol=1e-6)
    np.testing.assert_array_equal(gradient.numpy()[:, 0], [NAN, 0, -2])


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize(("label", "named"), [(-1, "-1"), (4, "4")])
def test_a_label_out_of_range_is_named(dtype, label, named):
    labels = LABELS.astype(dtype)
    labels[2] = label
    with pytest.raises(ValueError, match=rf"label {named} is out of range"):
        ops.sparse_categorical_crossentropy(labels, np.full((4, 4), 0.25, "float32"))


def test_only_the_labels_entries_are_gone_through():
    """Beside the sum over the classes and the gradient itself, all arrays have one number per sample."""

    def step(labels, p):
        return gradients("sparse", labels, p, 1.0)

    program = Compiled(step, "step").program(LABELS, np.full((4, 9), 0.1, "float32"))
    wide = {id(n.output) for n in program.graph.nodes if n.output.spec.shape == (4, 9)}
    assert len(wide) == 1
