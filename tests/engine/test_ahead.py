"""Loops over time on several threads: what comes before them is done once, and the same bits as on one."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf.engine import ahead, compiled_kernels, jit, kernels, lstm_compiled, threads
from tests.engine.test_recurrence import run_kernels


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize(("worth", "several"), [(96, True), (97, False)])
def test_every_stretch_is_written_once_before_the_loop(count, worth, several, monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: count)
    monkeypatch.setattr(ahead, "WORTH", worth)
    monkeypatch.setattr(ahead, "AT_ONCE", 20)
    given = []
    ahead.before(given.append, 12, 8)  # two steps of 8 elements are at most 20
    assert len(given) == (count if several else 1)
    assert sorted((s.start, s.stop) for some in given for s in some) == [(t, t + 2) for t in range(0, 12, 2)]


def drawn(kind, rng):
    steps, batch, features, units = 9, 7, 3, 6
    blocks, bias = (4, (4 * units,)) if kind == "lstm" else (3, (2, 3 * units))
    shapes = [(steps, batch, features), (features, blocks * units), (units, blocks * units), bias]
    shapes += [(batch, units)] * (2 if kind == "lstm" else 1)
    return [(rng.normal(size=shape) * 0.7).astype("float32") for shape in shapes], rng.random((steps, batch)) < 0.6


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("module", [kernels, compiled_kernels])
@pytest.mark.parametrize("own", [0, 128])
def test_what_comes_before_gives_the_bits_of_one_thread_on_several(kind, masked, module, own, monkeypatch, rng):
    inputs, mask = drawn(kind, rng)
    mask = mask if masked else np.zeros((0,), bool)
    monkeypatch.setattr(ahead, "AT_ONCE", 84)  # two steps
    monkeypatch.setattr(lstm_compiled, "OWN", own)
    monkeypatch.setattr(threads, "count", lambda: 1)
    alone = run_kernels(module, kind, inputs, mask, np.random.default_rng(1))
    monkeypatch.setattr(threads, "count", lambda: 3)
    monkeypatch.setattr(ahead, "WORTH", 0)
    several = run_kernels(module, kind, inputs, mask, np.random.default_rng(1))
    for got, expected in zip(several, alone, strict=True):
        assert_array_equal(got, expected)


@pytest.mark.skipif(not jit.available(), reason="the loops are compiled where Numba is installed")
@pytest.mark.parametrize("masked", [False, True])
def test_a_compiled_loop_gives_each_sample_the_same_bits_in_any_share(masked, monkeypatch, rng):
    inputs, mask = drawn("lstm", rng)
    mask = mask if masked else np.zeros((0,), bool)
    alone = run_kernels(compiled_kernels, "lstm", inputs, mask, np.random.default_rng(1))
    for count in (2, 3):  # of 7 samples: tiles of four rows and of one fall differently
        monkeypatch.setattr(ahead, "shares", lambda batch, units, least, count=count: threads.shares(batch, count))
        shared = run_kernels(compiled_kernels, "lstm", inputs, mask, np.random.default_rng(1))
        for got, expected in zip(shared, alone, strict=True):
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
