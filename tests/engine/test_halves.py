"""A graph's two halves do together what the whole does, bit for bit."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from babytf import ops
from babytf.engine import Compiled, Variable
from babytf.engine.halves import MOST
from tests.engine.test_compiled import cook, recipes


@given(recipes(), st.integers(0, 2**31))
def test_halves_of_random_steps_do_what_the_whole_does(recipe, seed):
    (steps, wanted, written), shape = recipe, (4, 6)
    rng = np.random.default_rng(seed)
    batches = [rng.normal(size=shape).astype("float32") for _ in range(3)]
    weight = Variable(rng.normal(size=shape).astype("float32"), name="weight")
    total, latest = Variable(np.zeros((), "float32")), Variable(np.ones(shape, "float32"))

    def step(x):
        values = cook(steps, [x, weight, latest])
        total.assign_add(ops.sum(values[wanted[0]]))
        latest.assign(ops.clip(ops.convert_to_tensor(values[written]), -2.0, 2.0) + total)
        return [total / 3, ops.sum(latest), *[values[i] + 0.0 for i in wanted]]

    program = Compiled(step, "step").program(batches[0])
    whole = []
    for batch in batches:
        whole.append([np.array(t) for t in program(batch)])
    after = [np.array(total), np.array(latest)]
    total.assign(np.zeros(()))
    latest.assign(np.ones(shape))
    halves = program.halves()
    assume(halves is not None)
    first, second = halves
    assert not first.graph.writes
    for batch, expected in zip(batches, whole, strict=True):
        results = second([np.array(t) for t in first(batch)])
        for mine, theirs in zip(results, expected, strict=True):
            np.testing.assert_array_equal(np.array(mine), theirs)
    np.testing.assert_array_equal(np.array(total), after[0])
    np.testing.assert_array_equal(np.array(latest), after[1])


def test_nothing_is_divided_that_writes_nothing_or_hands_over_too_much():
    seen = Variable(np.zeros((MOST // 4 + 1,), "float32"))
    x = np.ones(seen.shape, "float32")
    assert Compiled(lambda x: x * 2, "pure").program(x).halves() is None

    def sums(x):
        seen.assign_add(x * 2)

    assert Compiled(sums, "sums").program(x).halves() is None


def test_what_is_written_as_it_is_belongs_to_the_second_half():
    last, count = Variable(np.zeros(3, "float32")), Variable(np.zeros((), "float32"))

    def step(x):
        last.assign(x)
        count.assign_add(ops.sum(x * 2))
        return count * 1

    x = np.arange(3, dtype="float32")
    first, second = Compiled(step, "step").program(x).halves()
    (total,) = (second([np.array(t) for t in first(x)]),)
    assert total.item() == 6 == np.array(count)
    x_before = np.array(last)
    second([np.array(t) for t in first(x + 1)])
    np.testing.assert_array_equal(x_before, x)
    np.testing.assert_array_equal(np.array(last), x + 1)
