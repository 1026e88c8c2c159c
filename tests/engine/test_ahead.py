"""Loops over time on several threads: every call made once and in order, and the same bits as on one."""

import threading
import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf.engine import ahead, compiled_kernels, gru_kernels, jit, kernels, threads
from tests.engine.test_recurrence import run_kernels


@pytest.mark.parametrize("count", [1, 2, 3])
def test_calls_are_made_once_and_in_order(count, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: count)
    made = []
    with ahead.ahead(True) as calls:
        numbers = [calls.give(made.append, i) for i in range(50)]
        for i, number in enumerate(numbers):
            calls.need(number)
            assert made[: i + 1] == list(range(i + 1))
        calls.give(made.append, 50)
    assert made == list(range(51))


def test_a_call_that_another_thread_is_making_is_waited_for(monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 2)
    made = []

    def slow():
        time.sleep(0.02)
        made.append(threading.get_ident())

    with ahead.ahead(True) as calls:
        number = calls.give(slow)
        time.sleep(0.01)
        calls.need(number)
        assert len(made) == 1


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_in_a_call_is_raised(count, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: count)
    with pytest.raises(ZeroDivisionError), ahead.ahead(True) as calls:
        calls.give(lambda: 1 // 0)
    with ahead.ahead(True) as calls:  # the threads are free again
        calls.give(int)


@pytest.mark.parametrize("count", [1, 2])
def test_an_error_in_the_block_is_raised(count, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: count)

    def block():
        with ahead.ahead(True) as calls:
            calls.give(int)
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        block()


def drawn(kind, rng):
    steps, batch, features, units = 9, 7, 3, 6
    blocks, bias = (4, (4 * units,)) if kind == "lstm" else (3, (2, 3 * units))
    shapes = [(steps, batch, features), (features, blocks * units), (units, blocks * units), bias]
    shapes += [(batch, units)] * (2 if kind == "lstm" else 1)
    return [(rng.normal(size=shape) * 0.7).astype("float32") for shape in shapes], rng.random((steps, batch)) < 0.6


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("module", [kernels, compiled_kernels])
def test_one_loop_with_help_gives_the_bits_of_one_without(kind, masked, module, monkeypatch, rng):
    inputs, mask = drawn(kind, rng)
    mask = mask if masked else np.zeros((0,), bool)
    monkeypatch.setattr(ahead, "AT_ONCE", 84)  # two steps
    alone = run_kernels(module, kind, inputs, mask, np.random.default_rng(1))
    monkeypatch.setattr(threads, "count", lambda: 2)
    for owner in (ahead, gru_kernels):
        monkeypatch.setattr(owner, "WORTH", 0)
    helped = run_kernels(module, kind, inputs, mask, np.random.default_rng(1))
    for got, expected in zip(helped, alone, strict=True):
        assert_array_equal(got, expected)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("module", [kernels, compiled_kernels])
def test_loops_for_samples_of_each_thread_agree_with_one_loop(count, masked, module, monkeypatch, rng):
    inputs, mask = drawn("lstm", rng)
    mask = mask if masked else np.zeros((0,), bool)
    if module is compiled_kernels and not jit.available():
        pytest.skip("the loops are compiled where Numba is installed")
    alone = run_kernels(module, "lstm", inputs, mask, np.random.default_rng(1))
    monkeypatch.setattr(threads, "count", lambda: count)
    cuts = []

    def all_long(batch, units, least, shares=threads.shares):
        cuts.append(shares(batch, count))
        return cuts[-1]

    monkeypatch.setattr(ahead, "shares", all_long)
    shared = run_kernels(module, "lstm", inputs, mask, np.random.default_rng(1))
    assert len(cuts[0]) == count
    for got, expected in zip(shared, alone, strict=True):  # products of fewer rows may be rounded otherwise
        assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
