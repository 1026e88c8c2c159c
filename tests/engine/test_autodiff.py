"""GradientTape: first and second derivatives, by hand and against differences."""

import numpy as np
import pytest

from babytf import ops
from babytf.engine import Compiled, GradientTape, Tensor, Variable
from babytf.errors import GradientError


def test_first_and_second_derivative_of_a_cube():
    x = Tensor(np.array(3.0))
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        dy = inner.gradient(y, x)  # 3 x^2 = 27
    d2y = outer.gradient(dy, x)  # 6 x = 18
    assert (dy.item(), d2y.item()) == (27.0, 18.0)


def test_derivatives_inside_a_program_equal_the_eager_ones():
    def both(x):
        with GradientTape() as outer:
            outer.watch(x)
            with GradientTape() as inner:
                inner.watch(x)
                y = ops.sum(ops.sin(x) * ops.exp(x))
            dy = inner.gradient(y, x)
        return dy, outer.gradient(dy, x)

    x = np.linspace(-1, 1, 5)
    for got, expected in zip(both(Tensor(x)), Compiled(both, "f")(x), strict=True):
        np.testing.assert_array_equal(got.numpy(), expected.numpy())
    # (sin x e^x)' = e^x (sin x + cos x);  '' = 2 e^x cos x
    np.testing.assert_allclose(both(Tensor(x))[0].numpy(), np.exp(x) * (np.sin(x) + np.cos(x)))
    np.testing.assert_allclose(both(Tensor(x))[1].numpy(), 2 * np.exp(x) * np.cos(x))


def test_variables_are_watched_when_read():
    w, frozen = Variable([2.0, 3.0], name="w"), Variable([1.0, 1.0], name="f", trainable=False)
    with GradientTape() as tape:
        y = ops.sum(w * w * frozen)
    assert tape.watched_variables() == (w,)
    gw, gf = tape.gradient(y, [w, frozen])
    np.testing.assert_array_equal(gw.numpy(), [4, 6])
    assert gf is None


def test_a_variable_read_before_and_after_an_assignment_sums_both():
    w = Variable(2.0, name="w")
    with GradientTape() as tape:
        first = w * 3.0
        w.assign(5.0)
        y = first + w * w  # 3 + 2 * 5
    assert tape.gradient(y, w).item() == 13.0


def test_watch_accessed_variables_off():
    w = Variable(2.0, name="w")
    with GradientTape(watch_accessed_variables=False) as tape:
        y = w * w
    assert tape.gradient(y, w) is None
    with GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(w)
        y = w * w
    assert tape.gradient(y, w).item() == 4.0


def test_persistent_and_single_use():
    x = Tensor(2.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = x * x, x * 5.0
    assert (tape.gradient(y, x).item(), tape.gradient(z, x).item()) == (4.0, 5.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent=True"):
        tape.gradient(y, x)


def test_output_gradients_and_unconnected():
    x, other = Tensor([1.0, 2.0]), Tensor([1.0])
    with GradientTape(persistent=True) as tape:
        tape.watch([x, other])
        y = x * x
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=[1.0, 10.0]).numpy(), [2, 40])
    assert tape.gradient(y, other) is None
    assert tape.gradient(y, {"a": other}, unconnected_gradients="zero")["a"].numpy().tolist() == [0]
    with pytest.raises(ValueError, match="unconnected_gradients"):
        tape.gradient(y, x, unconnected_gradients="nothing")


def test_jacobian():
    x = Tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.stack([x[0] * x[1], x[0] + x[1], x[1] * x[1]])
    np.testing.assert_array_equal(tape.jacobian(y, x).numpy(), [[2, 1], [1, 1], [0, 4]])


def test_stop_gradient_and_operations_without_gradient():
    x = Tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = ops.sum(x * ops.stop_gradient(x))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [1, 2])


def test_integers_cannot_be_watched():
    with pytest.raises(GradientError, match=r"(?s)watch.*int32.*fix:"):
        GradientTape().watch(Tensor([1]))


def test_plain_numpy_is_differentiable():
    w = Variable(np.array([0.5, -1.0, 2.0]), name="w", dtype="float64")
    y_true = np.array([1.0, 2.0, 3.0])

    def loss():
        return np.mean(np.square(y_true - np.tanh(w) * np.exp(-w))) + np.sum(np.where(w > 0, w, 0.1 * w))

    with GradientTape() as tape:
        y = loss()
    g = tape.gradient(y, w).numpy()
    numeric = np.zeros(3)
    start = w.numpy()
    for i in range(3):
        step = np.eye(3)[i] * 1e-6
        w.assign(start + step)
        up = loss().item()
        w.assign(start - step)
        numeric[i] = (up - loss().item()) / 2e-6
    np.testing.assert_allclose(g, numeric, rtol=1e-7)
