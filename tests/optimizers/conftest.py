"""Runs optimizers on gradients that are given, eagerly and through a compiled program."""

from __future__ import annotations

import pytest

from babytf.engine import Compiled, Variable, convert


class Steps:
    """How the steps of a test are run."""

    def __init__(self, compiled):
        self.compiled = compiled

    def follow(self, optimizer, variables, gradients):
        """The values of the variables after each step, as `[step][variable]`."""
        optimizer.build(variables)
        apply = (lambda *grads: optimizer.apply(grads, variables)) if not self.compiled else None
        if self.compiled:
            apply = Compiled(lambda *grads: optimizer.apply(grads, variables), "step")
        values = []
        for grads in gradients:
            apply(*(convert(g, v.dtype) for g, v in zip(grads, variables, strict=True)))
            values.append([v.numpy() for v in variables])
        return values

    def follow_one(self, optimizer, w=1.0, g=1.0, n=3):
        """The values of one number after each of `n` steps with the gradient `g`, or `g(step)`."""
        gradient_of = g if callable(g) else lambda step: g
        values = self.follow(optimizer, [Variable(w, name="w")], [[gradient_of(step)] for step in range(n)])
        return [float(v) for (v,) in values]


@pytest.fixture(params=["eager", "compiled"])
def steps(request):
    return Steps(request.param == "compiled")


@pytest.fixture
def both_ways():
    return Steps(compiled=False), Steps(compiled=True)
