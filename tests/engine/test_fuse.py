"""Fused loops: the same numbers as the NumPy statements, in fewer passes.

Most of this runs without Numba: a loop's text is Python, so it is executed as such on small arrays.
"""

import os
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import babytf.ops as ops
from babytf import config, layers, losses, models, optimizers
from babytf.engine import PRIMITIVES, Compiled, FlatGroup, GradientTape, Tensor, Variable, bind, jit
from babytf.engine import program as programs
from babytf.errors import NotFiniteError

needs_numba = pytest.mark.skipif(not jit.available(), reason="Numba is not installed, or turned off")

SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -1.5, 2.5, 0.5, 1e-42, 3e38, -7.0]


class Plain:
    """A loop run by the interpreter, element by element."""

    def __init__(self, text):
        namespace = {"np": np}
        exec(text, namespace)
        self.function = namespace[text.partition("(")[0].removeprefix("def ")]

    def prepare(self, arrays):
        assert all(type(a) is np.ndarray for a in arrays)


@pytest.fixture
def interpreted(monkeypatch):
    monkeypatch.setattr(jit, "available", lambda: True)
    monkeypatch.setattr(jit, "kernel", Plain)
    monkeypatch.setattr(programs, "FEW", 0)
    monkeypatch.setattr(programs, "SECOND", 0.0)


def fused(function, *arrays):
    """The program of a function with loops, and its results."""
    compiled = Compiled(function, "step", fuse=True)
    program = compiled.program(*arrays)
    assert "@fused" in program.source, program.source
    return program, program(*arrays)


def assert_same(results, expected):
    for a, b in zip(results, expected, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


# --- each row

FLOATS_2 = ("add", "subtract", "multiply", "divide", "divide_no_nan", "maximum", "minimum", "relu_gradient")
FLOATS_1 = (
    *("negative", "absolute", "sign", "square", "reciprocal", "sqrt", "floor", "ceil", "trunc", "rsqrt", "copy"),
    *("relu", "relu6"),
)
COMPARE = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
TESTS = ("isnan", "isinf", "isfinite")
LOGICAL = ("logical_and", "logical_or", "logical_xor")
INTEGERS = ("add", "subtract", "multiply", "negative", "square", *COMPARE)


def every_row(x, y, condition):
    """Each row that has an expression, on floats."""
    results = [bind(n, x, y) for n in (*FLOATS_2, *COMPARE)] + [bind(n, x) for n in (*FLOATS_1, *TESTS)]
    other = bind("greater", x, y)
    results += [bind(n, condition, other) for n in LOGICAL] + [bind("logical_not", condition)]
    results += [bind("select", condition, x, y), bind("clip", x, y, bind("absolute", y))]
    results += [bind("two_class_crossentropy", x, y, x, y, x, y)]
    results += [bind("leaky_relu", x, negative_slope=0.2), bind("round", x, decimals=0)]
    results += [bind("cast", condition, dtype=x.dtype.name), bind("cast", x, dtype="bool")]
    results += [bind("cast", x, dtype="float64" if x.dtype == np.float32 else "float32")]
    return results


def special(dtype):
    x, y = (a.ravel() for a in np.meshgrid(SPECIAL, SPECIAL))
    return x.astype(dtype), y.astype(dtype), x > 1


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_expression_is_what_the_row_computes(interpreted, dtype):
    data = special(dtype)
    program, results = fused(every_row, *data)
    assert_same(results, every_row(*map(Tensor, data)))
    assert not any(line.lstrip().startswith("np.") for line in program.source.partition("\ndef step")[2].split("\n"))


@needs_numba
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_each_expression_compiled_is_what_the_row_computes(dtype):
    data = special(dtype)
    assert_same(fused(every_row, *data)[1], every_row(*map(Tensor, data)))


def whole_numbers(x, y):
    two = [bind(n, x, y) for n in ("add", "subtract", "multiply", *COMPARE)]
    return [
        *two,
        bind("negative", x),
        bind("square", x),
        bind("cast", x, dtype="float32"),
        bind("cast", x, dtype="int64"),
    ]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_integers_wrap_as_in_numpy(interpreted, dtype):
    edges = np.array([0, 1, -1, 7, np.iinfo(dtype).max, np.iinfo(dtype).min], dtype)
    x, y = (a.ravel() for a in np.meshgrid(edges, edges))
    if dtype == "int64":  # NumPy scalars, which stand for the loop here, wrap at 64 bits alike
        assert_same(fused(whole_numbers, x, y)[1], whole_numbers(Tensor(x), Tensor(y)))
    if jit.available():
        with pytest.MonkeyPatch.context() as patch:
            patch.undo()
            assert_same(fused(whole_numbers, x, y)[1], whole_numbers(Tensor(x), Tensor(y)))


@pytest.mark.parametrize("name", ["exp", "tanh", "power", "sigmoid", "erf", "softmax", "matmul", "sum"])
def test_rows_that_libraries_round_differently_stay_with_numpy(interpreted, name):
    def step(x):
        x = x * 2.0 + 1.0
        if name in ("matmul", "power"):
            return bind(name, x, x)
        return bind(
            name, x, **{"softmax": {"axis": 1}, "sum": {"axis": 0, "keepdims": False, "dtype": "float32"}}.get(name, {})
        )

    assert name in PRIMITIVES
    x = np.ones((3, 3), "float32")
    program, result = fused(step, x)
    assert program.source.count("@fused") == 1
    np.testing.assert_array_equal(result.numpy(), step(Tensor(x)).numpy())


def test_half_precision_stays_with_numpy(interpreted):
    x = np.ones((3, 3), "float16")
    assert "@fused" not in Compiled(lambda x: x * 2.0 + 1.0, "f", fuse=True).program(x).source


# --- random chains: what goes together, and where it lies in memory

UNARY = {
    "relu": ops.relu,
    "square": ops.square,
    "half": lambda x: x * 0.5,
    "exp": lambda x: ops.exp(ops.minimum(x, 3.0)),
    "flip": lambda x: x[::-1],
    "reshape": lambda x: ops.reshape(ops.reshape(x, (-1,)) + 1.0, x.shape),
    "rows": lambda x: x - ops.mean(x, axis=1, keepdims=True),
    "columns": lambda x: x * ops.max(x, axis=0),
    "scalar": lambda x: x / (ops.sum(ops.abs(x)) + 1.0),
    "transpose": lambda x: ops.transpose(ops.transpose(x) + 2.0),
    "bool": lambda x: ops.where(ops.logical_or(x > 0, x < -1), x, -x),
}
BINARY = {
    "add": ops.add,
    "multiply": ops.multiply,
    "maximum": ops.maximum,
    "where": lambda a, b: ops.where(a > b, a, b * 2.0),
    "outer": lambda a, b: a[:, :1] * b[:1],
}


@st.composite
def recipes(draw):
    steps, n = [], 3
    for _ in range(draw(st.integers(2, 14))):
        pick = st.integers(0, n - 1)
        if draw(st.booleans()):
            steps.append((draw(st.sampled_from(sorted(UNARY))), draw(pick)))
        else:
            steps.append((draw(st.sampled_from(sorted(BINARY))), draw(pick), draw(pick)))
        n += 1
    return steps, draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=3)), draw(st.integers(0, n - 1))


def cook(steps, values):
    values = list(values)
    for name, *which in steps:
        operation = UNARY[name] if len(which) == 1 else BINARY[name]
        values.append(operation(*[values[i] for i in which]))
    return values


@given(recipe=recipes(), seed=st.integers(0, 2**16), shape=st.sampled_from([(4, 6), (1, 3), (2, 1), (1, 1)]))
def test_a_fused_program_gives_the_bits_of_eager_execution(recipe, seed, shape):
    steps, wanted, written = recipe
    rng = np.random.default_rng(seed)
    x, y, w0 = (rng.normal(size=shape).astype("float32") for _ in range(3))

    def build():
        w, count = Variable(w0, name="w"), Variable(0.0, name="count")

        def step(x, y):
            with GradientTape() as tape:
                values = cook(steps, [x, y, w])
                loss = sum((ops.sum(values[i]) for i in wanted), ops.mean(ops.square(w)))
            gradient = tape.gradient(loss, w)
            count.assign(count + 1.0)
            w.assign(ops.clip(values[written] * 1.0, -2.0, 2.0) - 0.1 / (count + 1.0) * gradient)
            return [values[i] + 0.0 for i in wanted], loss, gradient, count.value

        return w, step

    with pytest.MonkeyPatch.context() as patch, np.errstate(all="ignore"):
        patch.setattr(jit, "available", lambda: True)
        patch.setattr(jit, "kernel", Plain)
        w_eager, eager = build()
        w_fused, function = build()
        compiled = Compiled(function, "step", fuse=True)
        for _ in range(3):
            one, two = eager(Tensor(x), Tensor(y)), compiled(x, y)
            for a, b in zip([*one[0], *one[1:]], [*two[0], *two[1:]], strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy())
            np.testing.assert_array_equal(w_eager.numpy(), w_fused.numpy())


@pytest.mark.parametrize(
    ("shape", "other"),
    [
        ((5, 4), (4,)),
        ((5, 4), (5, 1)),
        ((2, 3, 4), (3, 1)),
        ((2, 3, 4), (2, 1, 4)),
        ((2, 3, 4), ()),
        ((6,), (1,)),
        ((1, 1), (1,)),
    ],
)
def test_broadcasting(interpreted, rng, shape, other):
    x, y = rng.normal(size=shape).astype("float32"), rng.normal(size=other).astype("float32")

    def step(x, y):
        return ops.maximum(x + y, 0.0) * y - x

    assert_same([fused(step, x, y)[1]], [step(Tensor(x), Tensor(y))])


def test_four_loops_are_too_many(interpreted, rng):
    x = rng.normal(size=(2, 3, 2, 3)).astype("float32")
    y = rng.normal(size=(2, 1, 2, 1)).astype("float32")
    assert_same([Compiled(lambda x, y: (x + y) * y, "f", fuse=True)(x, y)], [(Tensor(x) + Tensor(y)) * Tensor(y)])


# --- what it looks like


def momentum_step():
    variables = [Variable(np.linspace(-1, 1, n).astype("float32"), name=f"w{n}") for n in (10, 3)]
    group = FlatGroup(variables)
    slot = group.zeros_like(["m1", "m2"])

    def step(x):
        with GradientTape() as tape:
            loss = sum(ops.sum(ops.square(v - x)) for v in variables)
        g = group.concat(tape.gradient(loss, variables))
        m = 0.9 * slot.vector.value - 0.01 * g
        slot.vector.assign(m)
        group.vector.assign(group.vector + m)
        return loss

    return variables, step


def test_the_update_of_a_vector_is_one_loop_in_place(interpreted):
    variables, step = momentum_step()
    x = np.full((), 0.5, "float32")
    program = Compiled(step, "step", fuse=True).program(x)
    loop = """
        new_flat = c_0_9 * flat[i] - c_0_01 * vector[i]
        new_flat_2 = flat_2[i] + new_flat
        flat[i] = new_flat
        flat_2[i] = new_flat_2
"""
    assert loop in program.source
    assert "np.copyto" not in program.source
    expected, eager = momentum_step()
    for _ in range(3):
        eager(Tensor(x))
        program(x)
    assert_same([v.value for v in variables], [v.value for v in expected])


def mlp(**options):
    model = models.Sequential(
        [layers.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(8, activation="relu"), layers.Dense(3)]
    )
    loss = losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizers.Adam(0.01), loss, metrics=["accuracy"], **options)
    for i, w in enumerate(model.weights):
        w.assign(np.random.default_rng(i).normal(size=w.shape))
    return model


def data(rows=20):
    rng = np.random.default_rng(3)
    return rng.normal(size=(rows, 6)).astype("float32"), rng.integers(0, 3, rows)


def test_a_model_reads_as_a_few_loops(interpreted):
    model = mlp()
    model.fit(*data(), batch_size=10, verbose=0)
    source = str(model.program("train"))
    assert source.count("def add_relu(z, bias):") == 1
    assert source.count("    add_relu(dense") == 2
    assert source.count("def adam_update(") == 1
    assert "new_velocity = velocity[i] + (vector[i] * vector[i] - velocity[i]) * c_0_001" in source
    assert "np.subtract(adam" not in source


def test_another_batch_size_needs_no_new_kernel(interpreted):
    model = mlp()
    model.fit(*data(23), batch_size=10, verbose=0)
    kernels = [
        set(program._emitted(False)[0].kernels.values()) for program in model.make_train_function().programs.values()
    ]
    assert len(kernels) == 2
    assert kernels[0] == kernels[1]


def test_jit_compile_chooses(interpreted):
    x, y = data()
    kinds = ("train", "test", "predict")
    for option, expected in (("auto", [True, False, False]), (True, [True, True, True]), (False, [False] * 3)):
        model = mlp(jit_compile=option)
        model.fit(x, y, verbose=0)
        model.evaluate(x, y, verbose=0)
        model.predict(x, verbose=0)
        assert ["@fused" in str(model.program(kind)) for kind in kinds] == expected
        assert model.get_compile_config()["jit_compile"] == option
    model.jit_compile = True
    model.fit(x, y, verbose=0)
    assert "@fused" in str(model.program("train"))


def test_check_numerics_sees_every_step(interpreted):
    model = mlp()
    x, y = data()
    config.enable_check_numerics()
    try:
        x[0, 0] = np.nan
        with pytest.raises(NotFiniteError, match="dense"):
            model.train_on_batch(x, y)
    finally:
        config.disable_check_numerics()


def test_a_broken_numba_is_said_once_and_done_without(monkeypatch):
    def fail(text):
        raise ImportError("needs an older NumPy")

    monkeypatch.setattr(jit, "available", lambda: not jit._broken)
    monkeypatch.setattr(jit, "kernel", fail)
    monkeypatch.setattr(jit, "_broken", False)
    x, y = data()
    model, twin = mlp(jit_compile=True), mlp(jit_compile=False)
    with pytest.warns(RuntimeWarning, match="needs an older NumPy"):
        model.fit(x, y, verbose=0, shuffle=False)
    twin.fit(x, y, verbose=0, shuffle=False)
    assert "@fused" not in str(model.program("train"))
    assert_same(model.get_weights(), twin.get_weights())
    mlp(jit_compile=True).fit(x, y, verbose=0)  # no second warning


def test_training_is_compiled_after_so_many_steps(interpreted, monkeypatch):
    x, y = data()
    monkeypatch.setattr(programs, "FEW", 3)
    results = []
    for option in ("auto", False):
        model = mlp(jit_compile=option)
        found = []
        for _ in range(6):
            found.append(model.train_on_batch(x[:16], y[:16]))
            assert ("@fused" in str(model.program("train"))) == (option == "auto" and len(found) >= 3)
        results.append(found)
    assert results[0] == results[1]


def test_what_rounds_differently_when_compiled_is_compiled_at_once(interpreted, monkeypatch):
    monkeypatch.setattr(programs, "FEW", 1000)
    indices = np.array([[0, 1], [1, 1]])

    def step(x):
        return bind("add_at", x, Tensor(indices), axis=0, size=3) * 2.0 + 1.0

    x = np.ones((2, 2, 5), "float32")
    assert "@fused" in Compiled(step, "f", fuse="later").program(x).source
    assert "@fused" not in Compiled(lambda x: x * 2.0 + 1.0, "f", fuse="later").program(x).source


# --- Numba itself


@needs_numba
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw", "rmsprop", "lion", "adagrad", "nadam"])
def test_training_gives_the_bits_of_training_without(optimizer):
    x, y = data()
    weights = []
    for option in (True, False):
        model = mlp()
        model.compile(optimizer, losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=option)
        model.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
        weights.append(model.get_weights())
    assert "@fused" not in str(model.program("train"))
    assert_same(*weights)


def run(code, home, **environment):
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env={**os.environ, "BABYTF_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()


STEP = """
    import sys
    import numpy as np
    from babytf.engine import Compiled, jit
    x = np.ones((4, 5), "float32")
    compiled = Compiled(lambda x: (x + 1.0) * x, "f", fuse=True)
    assert (compiled(x).numpy() == 2).all()
    (kernel,) = jit._kernels.values()
    print(kernel.built, kernel.loaded)
    """


@needs_numba
@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_the_second_process_loads_what_the_first_compiled(tmp_path):
    assert run(STEP, tmp_path) == ["1", "0"]
    directory = tmp_path / "kernels"
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert run(STEP, tmp_path) == ["0", "1"]


@needs_numba
@pytest.mark.skipif(os.name != "posix", reason="permissions")
def test_nothing_is_stored_where_others_may_write(tmp_path):
    (tmp_path / "kernels").mkdir(mode=0o777)
    (tmp_path / "kernels").chmod(0o777)
    assert run(STEP, tmp_path) == ["1", "0"]
    assert list((tmp_path / "kernels").iterdir()) == []


@needs_numba
def test_numba_is_imported_only_for_loops(tmp_path):
    code = """
    import sys
    import numpy as np
    import babytf
    model = babytf.Sequential([babytf.layers.Input((3,)), babytf.layers.Dense(2, activation="relu")])
    model.compile("adam", "mse", jit_compile=False)
    x, y = np.ones((4, 3), "float32"), np.ones((4, 2), "float32")
    model.fit(x, y, verbose=0)
    model.predict(x, verbose=0)
    print("numba" in sys.modules)
    model.compile("adam", "mse", jit_compile=True)
    print("numba" in sys.modules)
    model.fit(x, y, verbose=0)
    print("numba" in sys.modules)
    """
    assert run(code, tmp_path) == ["False", "False", "True"]
