"""Long arrays begin where a line of the processor's cache does."""

import numpy as np
import pytest

import babytf as keras
from babytf.engine import memory


@pytest.mark.parametrize("shape", [(), (0, 3), (7,), (1023,), (1024,), (33, 1001)])
@pytest.mark.parametrize("dtype", ["float32", "int8", "bool", "complex128"])
def test_zeros_are_zeros(shape, dtype):
    array = memory.zeros(shape, dtype)
    assert array.shape == shape
    assert array.dtype == dtype
    assert array.flags.writeable
    assert array.flags.c_contiguous
    np.testing.assert_array_equal(array, np.zeros(shape, dtype))
    assert array.nbytes < memory.LONG or array.ctypes.data % memory.LINE == 0


@pytest.mark.parametrize("nbytes", [0, 1, memory.LONG - 1, memory.LONG, memory.LONG + 1])
def test_empty_has_the_bytes_asked_for(nbytes):
    room = memory.empty(nbytes)
    assert room.shape == (nbytes,)
    assert room.flags.c_contiguous
    assert nbytes < memory.LONG or room.ctypes.data % memory.LINE == 0


def test_weights_gradients_and_the_optimizers_state_begin_at_a_line():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(64), keras.layers.Dense(64)])
    model.compile("adam", loss="mse")
    x = np.zeros((8, 64), "float32")
    namespace = model.program("train", x, x).instance().namespace
    size = model.count_params()
    vectors = {n: a for n, a in namespace.items() if isinstance(a, np.ndarray) and a.shape == (size,)}
    assert {n.rpartition("_")[2] for n in vectors} >= {"momentum", "velocity", "vector"}
    assert [n for n, a in vectors.items() if a.ctypes.data % memory.LINE] == []
