"""The compiled products of recurrent layers: beside NumPy's, and beside what their Python says."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf.engine import compiled_kernels, jit, loops, tiles

SHAPES = [(1, 1, 1), (3, 5, 7), (4, 3, 16), (9, 8, 17), (5, 1, 31), (6, 20, 32), (2, 9, 33), (7, 4, 50), (0, 4, 16)]


def compiled_product(x, w, out):
    compiled_kernels.product()(x.reshape(-1), tiles.panels(w), w.shape[1], out.reshape(-1))


def drawn(shape, rng):
    rows, inner, columns = shape
    return [rng.integers(-9, 9, s).astype("float32") for s in ((rows, inner), (inner, columns), (rows, columns))]


@pytest.mark.parametrize("columns", [1, 15, 16, 17, 40])
def test_panels_hold_every_column(columns, rng):
    w = rng.normal(size=(2, 3, columns))
    found = tiles.panels(w)
    assert found.shape == (2, -(-columns // 16), 3, 16)
    for j in range(columns):
        start = min(j // 16 * 16, max(columns - 16, 0))
        assert_array_equal(found[:, j // 16, :, j - start], w[:, :, j])


@pytest.mark.parametrize("shape", SHAPES)
def test_the_python_of_a_product_is_the_product(shape, rng):
    x, w, out = drawn(shape, rng)  # whole numbers: every order of sums is exact
    expected = out + x @ w
    flat = out.reshape(-1)
    loops.add_product(x.reshape(-1), tiles.panels(w), w.shape[1], flat)
    assert_array_equal(flat.reshape(out.shape), expected)


@pytest.mark.skipif(not jit.available(), reason="compiled where Numba is installed")
@pytest.mark.parametrize("shape", SHAPES)
def test_the_compiled_product_is_the_product(shape, rng):
    x, w, out = drawn(shape, rng)
    expected = out + x @ w
    around = np.full((out.size + 40,), 7, "float32")  # nothing beside it is touched
    inside = around[20 : 20 + out.size]
    inside[:] = out.reshape(-1)
    compiled_product(x, w, inside.reshape(out.shape))
    assert_array_equal(inside.reshape(out.shape), expected)
    assert (around[:20] == 7).all()
    assert (around[20 + out.size :] == 7).all()


@pytest.mark.skipif(not jit.available(), reason="compiled where Numba is installed")
@pytest.mark.parametrize("columns", [20, 9])
def test_what_is_not_finite_stays_in_its_row_and_column(columns, rng):
    x, w = rng.normal(size=(6, 12)).astype("float32"), rng.normal(size=(12, columns)).astype("float32")
    x[1, 3], x[4, 5], w[2, 7] = np.nan, np.inf, -np.inf
    got = np.zeros((6, columns), "float32")
    compiled_product(x, w, got)
    with np.errstate(invalid="ignore"):
        expected = np.sum(x[:, :, None].astype("float64") * w, axis=1)
    assert_allclose(got, expected, rtol=1e-5, atol=1e-5)
