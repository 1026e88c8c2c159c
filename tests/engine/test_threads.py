"""Small products run in one thread; the user's own choice stands."""

import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from babytf import ops
from babytf.engine import Compiled, threads


@pytest.fixture
def pool():
    if not threads._pool.find() or threads._pool.get() < 2:
        pytest.skip("NumPy's BLAS has one thread here, or is not OpenBLAS")
    return threads._pool


def test_serial_and_back(pool):
    usual = pool.get()
    threads.serial()
    threads.serial()  # once is enough
    assert pool.get() == 1
    threads.parallel()
    threads.parallel()
    assert pool.get() == usual


def test_programs_choose_by_size():
    small, large = np.ones((8, 8), "float32"), np.ones((300, 300), "float32")
    f = Compiled(lambda a, b: (a @ a, b @ b, a @ a.T), "f")
    lines = [line.split("#")[0].strip() for line in f.program(small, large).source.split("def f():")[1].splitlines()]
    order = [line.split("(")[0] for line in lines if line.startswith(("serial", "parallel", "np.matmul"))]
    expected = ["serial", "np.matmul", "parallel", "np.matmul", "serial", "np.matmul", "parallel"]
    assert order == expected


def test_the_usual_number_comes_back_after_an_error(pool):
    usual = pool.get()
    program = Compiled(lambda a: ops.tanh(a @ a), "f").program(np.ones((8, 8), "float32"))
    program.instance().namespace["buffer"] = None

    class Broken:
        matmul = staticmethod(np.matmul)

    program.instance().namespace["np"] = Broken
    with pytest.raises(AttributeError):
        program.run()
    assert pool.get() == usual


def test_a_setting_of_the_user_stands():
    code = textwrap.dedent(
        """
        import numpy as np
        from babytf.engine import threads
        assert not threads._pool.find()
        threads.serial()
        threads.parallel()
        """
    )
    environment = dict(os.environ, OPENBLAS_NUM_THREADS="2", PYTHONPATH=os.pathsep.join(sys.path))
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
