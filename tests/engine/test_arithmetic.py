"""Single numbers as plain arithmetic: the bits, dtypes and order of the calls on arrays that they stand for."""

import threading
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babytf import Input, Sequential, layers, ops, optimizers
from babytf.engine import Compiled, Tensor, Variable, bind

FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64")
SPECIAL = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -1.5, 0.1, 16.0, 1e-42, 3e38, -7.0]
COMPARE = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
LOGICAL = ("logical_and", "logical_or", "logical_xor")


def assert_bits(result, expected):
    """The same dtype, and the same bits; but a NaN is a NaN."""
    result, expected = np.asarray(result), np.asarray(expected)
    assert (result.dtype, result.shape) == (expected.dtype, expected.shape)
    number = expected == expected
    np.testing.assert_array_equal(result == result, number)
    assert result[number].tobytes() == expected[number].tobytes()


def body(program):
    """The statements of a program's function."""
    return [line.split("#")[0].strip() for line in program.source.partition("\ndef ")[2].split("\n")[1:]]


def stored(lines):
    return [line for line in lines if "[()] = " in line]


# --- each row


def rows_of_floats(x, y, condition):
    results = [bind(n, x, y) for n in ("add", "subtract", "multiply", "divide", "divide_no_nan", *COMPARE)]
    results += [bind(n, x) for n in ("negative", "square", "reciprocal", "sqrt", "copy")]
    results += [bind(n, condition, bind("greater", x, y)) for n in LOGICAL] + [bind("logical_not", condition)]
    results += [bind("select", condition, x, y), bind("cast", condition, dtype=x.dtype.name)]
    return [*results, bind("cast", x, dtype="bool"), *[bind("cast", x, dtype=d) for d in FLOATS if d != x.dtype.name]]


@pytest.mark.parametrize("dtype", FLOATS)
def test_each_row_of_floats(dtype):
    compiled = Compiled(rows_of_floats, "step")
    for x in SPECIAL:
        for y in SPECIAL:
            data = np.array(x, dtype), np.array(y, dtype), np.array(x > 1)
            for a, b in zip(compiled(*data), rows_of_floats(*map(Tensor, data)), strict=True):
                assert_bits(a, b)
    lines = body(compiled.program(*data))
    assert len(stored(lines)) == len(rows_of_floats(*map(Tensor, data)))
    assert not any(line.startswith("np.") for line in lines)


def rows_of_integers(x, y):
    results = [bind(n, x, y) for n in ("add", "subtract", "multiply", *COMPARE)]
    results += [bind(n, x) for n in ("negative", "square")]
    return results + [bind("cast", x, dtype=d) for d in (*FLOATS, *INTEGERS, "bool") if d != x.dtype.name]


def edges(dtype):
    info = np.iinfo(dtype)
    some = [0, 1, -1, 7, 2**24 + 1, info.max, info.min, info.max - 2**6 - 1]
    return some + (
        [2**53 + 2**29 + 1, 2**60 + 2**36 + 1] if dtype == "int64" else []
    )  # would round twice by way of float64


@pytest.mark.parametrize("dtype", INTEGERS)
def test_each_row_of_integers(dtype):
    compiled = Compiled(rows_of_integers, "step")
    then = Compiled(lambda x, y: [r * 2 if r.dtype != "bool" else ~r for r in rows_of_integers(x, y)], "then")
    for x in edges(dtype):
        for y in edges(dtype):
            data = np.array(x, dtype), np.array(y, dtype)
            for a, b in zip(compiled(*data), rows_of_integers(*map(Tensor, data)), strict=True):
                assert_bits(a, b)
            for a, b in zip(then(*data), then.function(*map(Tensor, data)), strict=True):
                assert_bits(a, b)
    calls = [line for line in body(compiled.program(*data)) if line.startswith("np.")]
    assert len(calls) == (dtype == "int64"), calls  # to int32: what does not fit wraps around


@pytest.mark.parametrize("name", ["exp", "log", "tanh", "maximum", "minimum", "power", "floor_divide", "isnan"])
def test_what_is_not_exact_or_no_faster_stays_with_numpy(name):
    two = name in ("maximum", "minimum", "power", "floor_divide")

    def step(x, y):
        return bind(name, x * 1.5, *([y] if two else []))

    data = np.array(1.25, "float32"), np.array(-0.0, "float32")
    compiled = Compiled(step, "step")
    assert_bits(compiled(*data), step(*map(Tensor, data)))
    lines = body(compiled.program(*data))
    assert sum(line.startswith("np.") for line in lines) == 1
    assert len(stored(lines)) == 1


@pytest.mark.parametrize("dtype", ["float16", "uint8"])
def test_other_dtypes_stay_with_numpy(dtype):
    x = np.array(3, dtype)
    compiled = Compiled(lambda x: x + x, "step")
    assert_bits(compiled(x), np.array(6, dtype))
    assert not stored(body(compiled.program(x)))


# --- graphs

BINARY = ("add", "subtract", "multiply", "divide", "divide_no_nan", "maximum", *COMPARE, "select")
UNARY = ("negative", "square", "sqrt", "exp", "cast", "copy")
NUMBERS = [0.0, -0.0, 1.0, 0.1, 0.999, 1e-7, 3e38, float("inf"), float("nan"), -2.5]


@st.composite
def recipes(draw):
    """Operations, each on results of earlier ones or a constant; what is wanted, and what variables hold afterwards."""
    steps, n = [], 4
    for _ in range(draw(st.integers(2, 16))):
        pick = st.integers(0, n - 1)
        name = draw(st.sampled_from(BINARY + UNARY + ("constant", "vector")))
        if name == "constant":
            steps.append(
                (name, draw(st.sampled_from(NUMBERS)), draw(st.sampled_from(["add", "multiply", "divide"])), draw(pick))
            )
        else:
            steps.append((name, draw(pick), draw(pick), draw(pick)))
        n += 1
    wanted = draw(st.lists(st.integers(0, n - 1), min_size=1, max_size=3))
    return steps, wanted, draw(st.integers(0, n - 1)), draw(st.integers(0, n - 1))


def cook(steps, values, dtype):
    values = [ops.convert_to_tensor(v) for v in values]
    whole = dtype in INTEGERS
    for name, i, j, k in steps:
        if name == "constant":
            name, x = j, values[k]
            number = int(np.clip(np.nan_to_num(i), -9, 9)) if whole else i
            values.append(bind("subtract" if whole and name == "divide" else name, x, np.array(number, dtype)))
            continue
        x, y, z = values[i], values[j], values[k]
        if whole and name in ("divide", "divide_no_nan", "sqrt", "exp"):
            name = "subtract" if "divide" in name else "negative"
        if name == "vector":  # a number that an array takes, and one that comes from an array
            values.append(bind("sum", np.arange(3).astype(dtype) * x, axis=None, keepdims=False, dtype=dtype))
        elif name == "select":
            values.append(bind("select", bind("less", x, y), z, x))
        elif name == "cast":
            other = {"float32": "float64", "float64": "float32", "int32": "int64", "int64": "float32"}[dtype]
            wide = bind("cast", x, dtype=other)
            values.append(
                bind("cast", wide, dtype=dtype)
                if not (whole and other == "float32")
                else bind("cast", bind("greater", wide, 1.0), dtype=dtype)
            )
        elif name in COMPARE:
            values.append(bind("cast", bind("logical_not", bind(name, x, y)), dtype=dtype))
        elif name in UNARY:
            values.append(bind(name, x))
        else:
            values.append(bind(name, x, y))
    return values


def numbers(dtype):
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        return st.one_of(st.integers(info.min, info.max), st.sampled_from(edges(dtype)))
    return st.one_of(st.floats(width=int(dtype[-2:])), st.sampled_from(SPECIAL))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
@given(data=st.data(), recipe=recipes())
def test_a_program_gives_the_bits_of_eager_execution(dtype, data, recipe):
    steps, wanted, one, other = recipe
    first = data.draw(st.lists(numbers(dtype), min_size=6, max_size=6))
    x, y, v0, w0, x2, y2 = (np.array(n).astype(dtype) for n in first)

    def build():
        v, w = Variable(v0, dtype=dtype, name="v"), Variable(w0, dtype=dtype, name="w")

        def step(x, y):
            values = cook(steps, [x, y, v, w], dtype)
            w.assign(values[one])  # read before and after
            again = bind("add", w.read(), v.read())
            v.assign(values[other])
            return [*[values[i] for i in wanted], again, v.read()]

        return v, w, step

    (v_eager, w_eager, eager), (v, w, function) = build(), build()
    compiled = Compiled(function, "step")
    for pair in ((x, y), (x2, y2)):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            results, expected = compiled(*pair), eager(*map(Tensor, pair))
        for a, b in zip([*results, v, w], [*expected, v_eager, w_eager], strict=True):
            assert_bits(a, b)


# --- what a number goes into


def test_a_number_for_arrays_is_kept_in_an_array():
    def step(x, v):
        rate = x * 0.1
        return v * (rate / 3.0), rate * rate

    x, v = np.array(0.7, "float32"), np.linspace(-1, 1, 5).astype("float32")
    compiled = Compiled(step, "step")
    for a, b in zip(compiled(x, v), step(Tensor(x), Tensor(v)), strict=True):
        assert_bits(a, b)
    lines = body(compiled.program(x, v))
    assert "product = input_0[()] * 0.1" in [line.replace("x[()]", "input_0[()]") for line in lines]
    assert any(line.startswith("quotient[()] = product / 3.0") for line in lines), lines


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("number", [-1.0, 0.0, 3.0])
def test_a_choice_between_constants_has_their_dtype(dtype, number):
    def step(x):
        chosen = bind("select", bind("greater", x, np.zeros((), dtype)), np.array(0.1, dtype), np.array(0.2, dtype))
        ratio = bind("divide_no_nan", x, x)
        nothing = bind("logical_not", bind("logical_not", x > 1.0))
        return chosen * chosen, bind("reciprocal", ratio), bind("cast", nothing, dtype=dtype) + x

    compiled, x = Compiled(step, "step"), np.array(number, dtype)
    for a, b in zip(compiled(x), step(Tensor(x)), strict=True):
        assert_bits(a, b)
    lines = body(compiled.program(x))
    assert sum(" = " in line for line in lines) > len(stored(lines)) == 3  # the rest are local names


@pytest.mark.parametrize("dtype", ["float16", *FLOATS])
def test_a_mean_is_divided_in_plain_arithmetic(dtype):
    x = np.array([[1, 2, 4], [0.1, 3e4, 7]], dtype)
    compiled = Compiled(lambda x: (ops.mean(x), ops.mean(x, axis=0), ops.mean(x[:0, 0])), "step")
    for a, b in zip(compiled(x), compiled.function(Tensor(x)), strict=True):
        assert_bits(a, b)
    lines = body(compiled.program(x))
    assert sum(line.endswith("[()] / 6") for line in lines) == 1, lines  # halves are summed up in float32


def test_results_are_arrays_of_their_own():
    compiled = Compiled(lambda x: (x + 1.0, x > 0), "step")
    first = compiled(np.array(1, "float32"))
    kept = [t.numpy() for t in first]
    compiled(np.array(-5, "float32"))
    assert [type(t._array) for t in first] == [np.ndarray] * 2
    np.testing.assert_array_equal([t.numpy() for t in first], kept)
    assert [t.dtype for t in first] == ["float32", "bool"]


def test_a_variable_read_before_and_after_it_changes():
    v = Variable(2.0, name="v")

    def step(x):
        before = v.read()
        v.assign(before * x)
        return before + 0.0, v.read() + before

    compiled = Compiled(step, "step")
    # v: 2 -> 6 -> 18
    assert [float(t) for t in compiled(np.array(3, "float32"))] == [2.0, 8.0]
    assert [float(t) for t in compiled(np.array(3, "float32"))] == [6.0, 24.0]


@pytest.mark.parametrize("number", [0.1, 1 / 3, 16777216.0, 1e-45, 3.4028235e38, 0.9999999, 5e-324, 2.0**-149])
@pytest.mark.parametrize("dtype", FLOATS)
def test_a_literal_stands_for_the_very_constant(number, dtype):
    constant = np.array(number, dtype)
    compiled = Compiled(lambda x: bind("add", x, constant), "step")
    assert_bits(compiled(np.array(0, dtype)), constant)
    assert len(stored(body(compiled.program(np.array(0, dtype))))) == 1


@pytest.mark.parametrize("size", [200_000, 300_000])
def test_long_chains_take_numbers_from_memory(size):
    w, t = Variable(np.linspace(-1, 1, size).astype("float32"), name="w"), Variable(0.0, name="t")
    twin, twin_t = Variable(w.numpy(), name="w"), Variable(0.0, name="t")

    def step(w, t):
        def run(x):
            t.assign_add(1.0)
            rate = x / (1.0 - t.read() * 0.25)
            w.assign(w - rate * (w * w + 0.5) * rate)
            return rate

        return run

    compiled, eager = Compiled(step(w, t), "step"), step(twin, twin_t)
    for _ in range(3):
        x = np.array(0.01, "float32")
        assert_bits(compiled(x), eager(Tensor(x)))
        assert_bits(w, twin)
    source = compiled.program(x).source
    assert "shared(" in source
    assert "t[()] = t[()] + 1.0" in source


def test_overflow_and_division_by_zero_are_silent_in_every_thread():
    def step(x, n):
        return x / (x - x), x * 3e38 * 9.0, (x - x) / (x - x), n * n, ops.sqrt(-x)

    compiled = Compiled(step, "step")
    data = np.array(2.0, "float32"), np.array(2**31 - 1, "int32")
    found, before = [], np.geterr()

    def work():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            np.seterr(all="raise")
            found.append([np.asarray(t) for t in compiled(*data)])
            assert np.geterr()["over"] == "raise"

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found.append([np.asarray(t) for t in compiled(*data)])
    assert len(found) == 2
    assert np.geterr() == before
    for a, b in zip(*found, strict=True):
        assert_bits(a, b)


def test_a_training_step_in_plain_arithmetic():
    model = Sequential([Input((4,)), layers.Dense(3)])
    model.compile(optimizers.Adam(name="adam"), "mse", metrics=["mae"], jit_compile=False)
    model.fit(np.ones((32, 4)), np.ones((32, 3)), batch_size=16, verbose=0)
    lines = body(model.program("train"))
    for line in (
        "loss_count[()] = loss_count[()] + 16.0",
        "adam_iteration[()] = adam_iteration[()] + 1",
        "adam_cast[()] = adam_iteration[()]",
        "quotient[()] = loss_total[()] / loss_count[()] if loss_count[()] != 0.0 else 0.0",
    ):
        assert line in lines, lines
