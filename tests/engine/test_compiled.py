"""Emitted programs: the same bits as eager execution, planned memory, results nobody overwrites."""

import linecache
import threading
import traceback

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from babytf import ops
from babytf.engine import Compiled, FlatGroup, GradientTape, Tensor, Variable, passes
from babytf.engine.plan import Plan
from babytf.engine.trace import MOST_PROGRAMS
from babytf.errors import TracingError

UNARY = {
    "tanh": ops.tanh,
    "exp": lambda x: ops.exp(ops.minimum(x, 3.0)),
    "relu": ops.relu,
    "sigmoid": ops.sigmoid,
    "square": ops.square,
    "negative": ops.negative,
    "transpose": lambda x: ops.reshape(ops.transpose(x), x.shape),
    "flip": lambda x: x[::-1],
    "half": lambda x: ops.concatenate([x[:2], x[2:] * 0.5], axis=0),
    "center": lambda x: x - ops.mean(x, axis=0, keepdims=True),
    "softmax": ops.softmax,
    "cumsum": lambda x: ops.cumsum(x, axis=1),
    "twice": lambda x: x * 1.0 + ops.reshape(ops.reshape(x, (-1,)), x.shape),
}
BINARY = {
    "add": ops.add,
    "subtract": ops.subtract,
    "multiply": ops.multiply,
    "maximum": ops.maximum,
    "matmul": lambda a, b: ops.matmul(ops.matmul(a, ops.transpose(b)), b) * 0.1,
    "where": lambda a, b: ops.where(a > b, a, b * 2.0),
    "swap": lambda a, b: ops.stack([b[0], a[1], b[2], a[3]]),
}


@st.composite
def recipes(draw):
    """A list of operations, each on results of earlier ones; and which results are wanted."""
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


@given(recipe=recipes(), seed=st.integers(0, 2**16))
def test_a_program_gives_the_bits_of_eager_execution(recipe, seed):
    steps, wanted, written = recipe
    rng = np.random.default_rng(seed)
    x, y, w0 = (rng.normal(size=(4, 6)).astype("float32") for _ in range(3))

    def build():
        w = Variable(w0, name="w")

        def step(x, y):
            with GradientTape() as tape:
                values = cook(steps, [x, y, w])
                loss = sum((ops.sum(values[i]) for i in wanted), ops.mean(ops.square(w)))
            gradient = tape.gradient(loss, w)
            w.assign(ops.clip(ops.convert_to_tensor(values[written]), -2.0, 2.0) - 0.1 * gradient)
            return [values[i] + 0.0 for i in wanted], loss, gradient

        return w, step

    w_eager, eager = build()
    w_compiled, function = build()
    compiled = Compiled(function, "step")
    for _ in range(3):
        one, two = eager(Tensor(x), Tensor(y)), compiled(x, y)
        for a, b in zip([*one[0], one[1], one[2]], [*two[0], two[1], two[2]], strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
        np.testing.assert_array_equal(w_eager.numpy(), w_compiled.numpy())


@given(recipe=recipes(), seed=st.integers(0, 2**16))
def test_a_graph_evaluated_node_by_node_gives_the_bits_of_its_program(recipe, seed):
    steps, wanted, _ = recipe
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=(4, 6)).astype("float32") for _ in range(3)]
    compiled = Compiled(lambda *xs: [cook(steps, xs)[i] for i in wanted], "f")
    program = compiled.program(*arrays)
    for a, b in zip(program.graph.evaluate(arrays), program(*arrays), strict=True):
        np.testing.assert_array_equal(a, b.numpy())


def momentum_step(size):
    variables = [Variable(np.linspace(-1, 1, n).astype("float32"), name=f"w{n}") for n in (size, 3, size + 5)]
    group = FlatGroup(variables)
    slot = group.zeros_like(["m1", "m2", "m3"])

    def step(x):
        with GradientTape() as tape:
            loss = sum(ops.sum(ops.square(v - x)) for v in variables)
        g = group.concat(tape.gradient(loss, variables))
        m = 0.9 * slot.vector.value - 0.01 * g
        slot.vector.assign(m)
        group.vector.assign(group.vector + m * ops.sqrt(ops.abs(m) + 1.0))
        return loss

    return variables, step


@pytest.mark.parametrize("size", [10, 70_000, 200_000])
def test_a_long_chain_in_pieces_gives_the_same_bits(size):
    x = np.float32(0.25) * np.ones((), "float32")
    eager_variables, eager = momentum_step(size)
    variables, function = momentum_step(size)
    compiled = Compiled(function, "step")
    for _ in range(3):
        a, b = eager(Tensor(x)), compiled(x)
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    for a, b in zip(eager_variables, variables, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert ("pieces(" in compiled.program(x).source) == (size > 65_000)


def test_gradients_are_computed_inside_the_flat_vector():
    _, function = momentum_step(10)
    source = Compiled(function, "step").program(np.zeros((), "float32")).source
    assert "w10_grad = vector[0:10].reshape((10,))" in source
    assert "np.concatenate" not in source
    assert "np.copyto" not in source


def test_arrays_that_are_not_needed_together_share_memory():
    def chain(x):
        for _ in range(10):
            x = ops.transpose(ops.matmul(x, x))
        return x

    program = Compiled(chain, "chain").program(np.zeros((8, 8), "float32"))
    assert len(Plan(program.graph).slots) == 2
    assert program.memory() == {"inputs": 256, "buffers": 512, "total": 768}


def test_results_survive_the_next_run():
    double = Compiled(lambda x: x * 2, "double")
    first = double(np.ones(3, "float32"))
    second = double(np.full(3, 5, "float32"))
    np.testing.assert_array_equal(first.numpy(), [2, 2, 2])
    np.testing.assert_array_equal(second.numpy(), [10, 10, 10])


def test_an_input_given_back_is_a_copy():
    same = Compiled(lambda x: (x, x[1:]), "same")
    first, tail = same(np.arange(3, dtype="float32"))
    same(np.zeros(3, "float32"))
    np.testing.assert_array_equal(first.numpy(), [0, 1, 2])
    np.testing.assert_array_equal(tail.numpy(), [1, 2])


def test_swapping_two_variables():
    a, b = Variable([1.0, 2.0], name="a"), Variable([3.0, 4.0], name="b")

    def swap():
        old = a.value
        a.assign(b)
        b.assign(old)
        return a + b

    total = Compiled(swap, "swap")()
    np.testing.assert_array_equal(a.numpy(), [3, 4])
    np.testing.assert_array_equal(b.numpy(), [1, 2])
    np.testing.assert_array_equal(total.numpy(), [4, 6])


@pytest.mark.parametrize("shape", [(), (3,)])
def test_a_variable_takes_over_another_that_changes(shape):
    v, w = Variable(np.full(shape, 1.0), name="v"), Variable(np.full(shape, 2.0), name="w")

    def step(x):
        old = ops.reshape(w.read() * 1.0, (-1,))  # no operation is left of this
        w.assign(x)
        v.assign(ops.reshape(old, shape))
        return x * 1.5

    compiled = Compiled(step, "step")
    for x, before in ((5.0, 2.0), (6.0, 5.0)):
        compiled(np.full(shape, x, "float32"))
        np.testing.assert_array_equal(v.numpy(), np.full(shape, before))
        np.testing.assert_array_equal(w.numpy(), np.full(shape, x))


def test_a_variable_read_before_the_program_keeps_its_value():
    v = Variable([1.0, 2.0], name="v")
    before = v.value
    step = Compiled(lambda x: v.assign(v + x).value, "up")
    after = step(np.ones(2, "float32"))
    np.testing.assert_array_equal(before.numpy(), [1, 2])
    np.testing.assert_array_equal(after.numpy(), [2, 3])
    np.testing.assert_array_equal(v.numpy(), [2, 3])


def test_member_and_vector_of_a_group_agree_inside_a_program():
    a, b = Variable([1.0, 2.0], name="a"), Variable([[3.0]], name="b")
    group = FlatGroup([a, b])

    def step():
        group.vector.assign(group.vector * 2.0)  # 2 4 6
        a.assign(a + 1.0)  # 3 5
        seen = group.vector + 0.0  # 3 5 6
        group.vector.assign(group.vector + b[0, 0])  # 9 11 12
        return seen, a.value, b + 0.0

    for run in (step, Compiled(step, "step")):
        a.assign([1.0, 2.0])
        b.assign([[3.0]])
        seen, seen_a, seen_b = run()
        np.testing.assert_array_equal(np.asarray(seen), [3, 5, 6])
        np.testing.assert_array_equal(np.asarray(seen_a), [9, 11])
        np.testing.assert_array_equal(np.asarray(seen_b), [[12]])
        np.testing.assert_array_equal(a.numpy(), [9, 11])
        np.testing.assert_array_equal(b.numpy(), [[12]])


def test_programs_follow_a_variable_that_moves():
    v = Variable([1.0, 2.0], name="v")
    read = Compiled(lambda x: v * x, "read")
    read(np.ones(2, "float32"))
    FlatGroup([v, Variable([5.0], name="u")])
    v.assign([7.0, 8.0])
    np.testing.assert_array_equal(read(np.ones(2, "float32")).numpy(), [7, 8])


def test_two_groups_may_train_one_variable_in_turn():
    shared = Variable([1.0, 2.0], name="shared")
    first = FlatGroup([shared, Variable([5.0], name="a")])
    add = Compiled(lambda: [first.vector.assign_add([1.0, 1.0, 1.0])][1:], "add")
    add()
    second = FlatGroup([Variable([7.0], name="b"), shared])
    double = Compiled(lambda: [second.vector.assign(second.vector * 2.0)][1:], "double")
    double()  # (1 + 1, 2 + 1) * 2
    np.testing.assert_array_equal(shared.numpy(), [4, 6])
    add()
    double()
    np.testing.assert_array_equal(shared.numpy(), [10, 14])


def test_programs_for_ever_new_shapes_do_not_pile_up():
    f = Compiled(lambda x: x + 1, "f")
    lines = len(linecache.cache)
    for n in range(1, 200):
        f(np.zeros(n, "float32"))
    assert len(f.programs) == MOST_PROGRAMS
    assert len(linecache.cache) - lines <= MOST_PROGRAMS
    np.testing.assert_array_equal(f(np.zeros(2, "float32")).numpy(), [1, 1])


def test_one_program_per_signature():
    f = Compiled(lambda x, flag: x + 1 if flag else x - 1, "f")
    assert f(np.zeros(2, "float32"), True).numpy().tolist() == [1, 1]
    assert f(np.zeros(2, "float32"), False).numpy().tolist() == [-1, -1]
    assert f(np.zeros(3, "float32"), True).numpy().tolist() == [1, 1, 1]
    assert f(np.zeros(2, "int64"), True).dtype == "int64"
    f(np.zeros(2, "float32"), True)
    assert len(f.programs) == 4


def test_a_python_branch_on_a_value_is_refused_while_tracing():
    def branch(x):
        return x if ops.sum(x) > 0 else -x

    with pytest.raises(
        TracingError,
        match=r"(?s)`if`.*got:.*traced.*scalar.*test_compiled\.py:\d+ \(branch\).*fix:.*ops\.where.*run_eagerly",
    ):
        Compiled(branch, "branch")(np.ones(2, "float32"))


def test_a_tensor_kept_from_a_recording_is_refused_later():
    kept = []
    Compiled(lambda x: kept.append(x) or x, "leak")(np.ones(2, "float32"))
    with pytest.raises(TracingError, match=r"recording"):
        kept[0] + 1
    with pytest.raises(TracingError, match=r"recording that has ended"):
        Compiled(lambda x: x + kept[0], "again")(np.ones(2, "float32"))


def test_an_error_while_tracing_leaves_no_recording_behind():
    def bad(x):
        raise KeyError("oops")

    with pytest.raises(KeyError):
        Compiled(bad, "bad")(np.ones(2, "float32"))
    assert (Tensor([1.0]) + 1).numpy().tolist() == [2.0]


def test_tracebacks_show_the_lines_of_the_program():
    program = Compiled(lambda x: ops.tanh(x) + 1, "shown").program(np.ones(2, "float32"))
    code = program.instance().function.__code__
    assert "np.tanh(x, out=" in "".join(linecache.getlines(code.co_filename))
    program.instance().namespace["np"] = None
    with pytest.raises(AttributeError) as caught:
        program.run()
    assert "np.tanh(x, out=" in "".join(traceback.format_exception(caught.value))


def test_threads_have_arrays_of_their_own():
    w = Variable(np.eye(64, dtype="float32") * 2, name="w")
    f = Compiled(lambda x: ops.tanh(x @ w) @ w, "f")
    wrong = []

    def work(seed):
        rng = np.random.default_rng(seed)
        for _ in range(200):
            x = rng.normal(size=(32, 64)).astype("float32")
            if not np.array_equal(f(x).numpy(), np.matmul(np.tanh(np.matmul(x, w.numpy())), w.numpy())):
                wrong.append(seed)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert not wrong


def test_check_numerics_names_the_layer_and_the_line():
    from babytf import config
    from babytf.engine import scope
    from babytf.errors import NotFiniteError

    def bad(x):
        with scope("hidden", "Dense"):
            return ops.log(x) * 2.0

    f = Compiled(bad, "bad")
    assert np.isneginf(f(np.zeros(2, "float32")).numpy()).all()
    config.enable_check_numerics()
    try:
        assert f(np.ones(2, "float32")).numpy().tolist() == [0, 0]
        with pytest.raises(NotFiniteError, match=r"(?s)'hidden'.*np\.log\(x"):
            f(np.zeros(2, "float32"))
    finally:
        config.disable_check_numerics()
    assert np.isneginf(f(np.zeros(2, "float32")).numpy()).all()


def test_what_is_true_is_counted_as_it_is(rng):
    """No array of ones and zeros is made to be added up, unless a sum of it could round."""

    def step(x):
        return ops.sum(ops.cast(x > 0, "float32")), ops.mean(ops.cast(x > 1, "float32"), axis=1)

    x = rng.normal(size=(50, 8)).astype("float32")
    compiled = Compiled(step, "step")
    assert "cast" not in {node.row.name for node in compiled.program(x).graph.nodes}
    total, means = compiled(x)
    assert total.dtype == means.dtype == "float32"
    assert total.item() == (x > 0).sum()
    np.testing.assert_array_equal(means.numpy(), (x > 1).sum(axis=1).astype("float32") / np.float32(8))
    for one, two in zip(compiled(x), step(Tensor(x)), strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_counts_that_would_round_are_added_up_as_they_were(monkeypatch):
    monkeypatch.setitem(passes.EXACT, "float32", 3)
    compiled = Compiled(lambda x: ops.sum(ops.cast(x > 0, "float32")), "step")
    assert "cast" in {node.row.name for node in compiled.program(np.ones(4, "float32")).graph.nodes}
