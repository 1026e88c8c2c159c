"""A program for several batches at once has the bits of one batch after the other, or there is none."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from babytf import ops
from babytf.engine import Compiled, Variable, threads
from babytf.engine.wide import coupled, rows_of
from tests.engine.test_compiled import cook, recipes


def batches(rng, count=3, shape=(4, 6), dtype="float32"):
    return [rng.normal(size=shape).astype(dtype) for _ in range(count)]


def both(function, given, times=None):
    """What a program for several batches gives, and what one batch after the other does; `None` if there is none."""
    program = Compiled(function, "f").program(given[0])
    wide = program.wide(times or len(given))
    if wide is None:
        return None
    assert wide[1] is None
    return wide[0](np.concatenate(given)).numpy(), np.concatenate([program(x).numpy() for x in given])


@given(recipe=recipes(), seed=st.integers(0, 2**16))
def test_random_steps_have_the_bits_of_one_batch_after_the_other(recipe, seed):
    (steps, wanted, _), rng = recipe, np.random.default_rng(seed)
    weight = Variable(rng.normal(size=(4, 6)).astype("float32"))

    def f(x):
        return cook(steps, [x, x * 0.5, weight])[wanted[0]] + x

    found = both(f, batches(rng))
    assume(found is not None)
    assert found[0].tobytes() == found[1].tobytes()


WEIGHTS = np.random.default_rng(3).normal(size=(6, 5)).astype("float32")

BY_ROW = {
    "product": lambda x: x @ WEIGHTS,
    "product of a product": lambda x: ops.relu(x @ WEIGHTS) @ WEIGHTS.T + 1.0,
    "softmax": lambda x: ops.softmax(x) - ops.logsumexp(x, axis=-1, keepdims=True),
    "sum of a row": lambda x: x / ops.sum(ops.abs(x), axis=-1, keepdims=True),
    "reshape": lambda x: ops.reshape(ops.reshape(x, (4, 2, 3)) * 2.0, (4, 6)),
    "transpose of the rest": lambda x: ops.transpose(ops.reshape(x, (4, 2, 3)), (0, 2, 1)) + 0.0,
    "concatenate": lambda x: ops.concatenate([x, x * x], axis=1),
    "largest": lambda x: ops.argmax(x, axis=-1),
    "broadcast": lambda x: ops.broadcast_to(ops.mean(x, axis=1, keepdims=True), (4, 6)) * 1.0,
    "where": lambda x: ops.where(x > 0, x, ops.exp(x)),
    "some rows for each sample": lambda x: ops.reshape(ops.reshape(x, (8, 3)) @ WEIGHTS[:3], (4, 10)),
    "one number after the other": lambda x: ops.reshape(ops.reshape(x, (24,)) * 2.0, (4, 2, 3)),
    "normalization": lambda x: ops.layer_normalization(x, WEIGHTS[:, 0], WEIGHTS[:, 1], axis=-1),
    "beside weights": lambda x: x * ops.sum(ops.square(WEIGHTS)),
}

NOT_BY_ROW = {
    "mean over samples": lambda x: x - ops.mean(x, axis=0),
    "sorted samples": lambda x: ops.sort(x, axis=0),
    "turned": lambda x: ops.flip(x, axis=0),
    "rows of a weight": lambda x: x + np.arange(24, dtype="float32").reshape(4, 6),
    "product of samples": lambda x: (x @ ops.transpose(x)) @ x,
    "one sample for all": lambda x: x + x[:1],
    "rows for several samples": lambda x: ops.reshape(ops.reshape(x, (2, 12)) * 2.0, (4, 6)),
    "rows in another order": lambda x: ops.reshape(ops.transpose(ops.reshape(x, (4, 2, 3)), (1, 0, 2)), (8, 3)) * 2.0,
    "no rows": lambda x: ops.sum(x),
    "other rows": lambda x: ops.reshape(x, (6, 4)) * 2.0,
}


@pytest.mark.parametrize("name", BY_ROW)
def test_what_treats_each_sample_by_itself_takes_several_batches(name, rng):
    one, other = both(BY_ROW[name], batches(rng))
    assert one.tobytes() == other.tobytes()
    assert one.dtype == other.dtype


@pytest.mark.parametrize("name", NOT_BY_ROW)
def test_what_does_not_has_no_program_for_several_batches(name, rng):
    given = batches(rng)
    assert both(NOT_BY_ROW[name], given) is None


def test_a_random_draw_belongs_to_its_batch(rng):
    from babytf.random import SeedGenerator, uniform

    seeds = SeedGenerator(1)
    assert both(lambda x: x * uniform((), seed=seeds), batches(rng)) is None


@pytest.mark.parametrize(("size", "count"), [(64, 2), (65, 2), (32, 1), (7, 2)])
def test_products_round_as_those_of_one_batch(size, count, rng, monkeypatch):
    """Cut among threads or not: with as many rows as OpenBLAS sees of one batch."""
    monkeypatch.setattr(threads, "count", lambda: count)
    weights = [rng.normal(size=shape).astype("float32") for shape in [(300, 130), (130, 10)]]
    found = both(lambda x: ops.relu(x @ weights[0]) @ weights[1], batches(rng, 4, (size, 300)))
    if count == 2 and size == 65:
        assert found is None  # the threads' parts of a batch differ
    else:
        assert found[0].tobytes() == found[1].tobytes()


def test_what_is_summed_up_is_left_for_later(rng):
    total = Variable(np.zeros((), "float32"))

    def step(x):
        total.assign_add(ops.sum(ops.softmax(x @ WEIGHTS)[:, 0]))
        return total / 2.0

    given = batches(rng)
    program = Compiled(step, "step").program(given[0])
    graph = program.graph
    assert len(rows_of(graph)) > 3
    assert not coupled(graph) & rows_of(graph)
    expected = [program(x).numpy() for x in given]
    total.assign(0.0)
    first, second = program.wide(3)
    (picked,) = first(np.concatenate(given))
    found = [second([picked.numpy()[i : i + 4]]).numpy() for i in (0, 4, 8)]
    assert [a.tobytes() for a in found] == [a.tobytes() for a in expected]
