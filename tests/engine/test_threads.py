"""Products are shared among threads by their size; the user's own choice stands."""

import os
import subprocess
import sys
import textwrap
import threading

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


def test_programs_choose_by_size(monkeypatch):
    monkeypatch.setattr(threads, "count", lambda: 2)
    small, large = np.ones((32, 32), "float32"), np.ones((300, 300), "float32")
    f = Compiled(lambda a, b: (a @ a, b @ b, a @ a.T), "f")
    lines = [line.split("#")[0].strip() for line in f.program(small, large).source.split("def f():")[1].splitlines()]
    order = [line.split("(")[0] for line in lines if line.startswith(("serial", "parallel", "np.matmul", "multiply"))]
    assert order == ["serial", "np.matmul", "multiply", "np.matmul", "parallel"]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((300, 400), (400, 250)),
        ((30, 900), (900, 700)),
        ((3, 200, 400), (400, 300)),
        ((2, 300, 300), (2, 300, 310)),
        ((1, 300, 300), (4, 300, 310)),
        ((1, 300, 300), (1, 300, 310)),
    ],
)
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_parts_cover_the_product_once(a, b, count, monkeypatch, rng):
    monkeypatch.setattr(threads, "count", lambda: count)
    x, y = rng.normal(size=a), rng.normal(size=b)
    out = np.full((*np.broadcast_shapes(a[:-2], b[:-2]), a[-2], b[-1]), np.nan)
    pieces = threads.parts(x, y, out)
    assert len(pieces) <= count
    assert all(np.shares_memory(piece[2], out) for piece in pieces)
    assert sum(piece[2].size for piece in pieces) == out.size
    threads.multiply(pieces)
    np.testing.assert_allclose(out, x @ y, rtol=1e-10, atol=1e-10)


def test_large_products_have_the_same_bits_everywhere(rng):
    x, y = (rng.normal(size=(400, 400)).astype("float32") for _ in range(2))
    f = Compiled(lambda a, b: a @ b, "f")
    eager, compiled = ops.matmul(x, y).numpy(), f(x, y).numpy()
    np.testing.assert_array_equal(eager, compiled)
    np.testing.assert_allclose(eager, x.astype("float64") @ y.astype("float64"), rtol=1e-3, atol=1e-3)
    with threads._workers.busy:  # another thread has the workers
        np.testing.assert_array_equal(ops.matmul(x, y).numpy(), eager)


def test_several_callers_at_once(rng):
    x, y = (rng.normal(size=(300, 300)).astype("float32") for _ in range(2))
    expected = ops.matmul(x, y).numpy()
    f = Compiled(lambda a, b: a @ b, "f")
    wrong = []

    def work():
        wrong.extend(1 for _ in range(30) if not np.array_equal(f(x, y).numpy(), expected))

    callers = [threading.Thread(target=work) for _ in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_computes_too():
    code = textwrap.dedent(
        """
        import os, numpy as np
        from babytf import ops
        x = np.ones((400, 400), "float32")
        expected = ops.matmul(x, x).numpy()
        child = os.fork()
        if child == 0:
            os._exit(0 if np.array_equal(ops.matmul(x, x).numpy(), expected) else 1)
        raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), PYTHONWARNINGS="ignore")
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)


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


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_shared_calls_are_made_once_each_and_pass_errors_on(count):
    seen, lock = [], threading.Lock()

    def note(number):
        with lock:
            seen.append(number)

    threads.shared(note, [[(i,), (i + count,)] for i in range(count)])
    assert sorted(seen) == list(range(2 * count))

    def fail(number):
        if number == count - 1:
            raise KeyError("the last thread")

    with pytest.raises(KeyError, match="the last thread"):
        threads.shared(fail, [[(i,)] for i in range(count)])
    threads.shared(note, [[(1,)], [(2,)]])  # the threads go on
