"""`LossScaleOptimizer`: keeps float16 gradients from vanishing and from overflowing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from babytf import check, initializers, ops
from babytf.engine import Tensor, Variable, convert, scope
from babytf.errors import explain
from babytf.optimizers import gradients
from babytf.optimizers.base import Optimizer
from babytf.serialization import serialize_argument

# What older files hold, of no effect then either.
_OLD_ARGUMENTS = {
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "use_ema": False,
    "ema_momentum": 0.99,
    "ema_overwrite_frequency": None,
    "loss_scale_factor": None,
    "gradient_accumulation_steps": None,
    "dynamic": True,
}


class LossScaleOptimizer(Optimizer):
    r"""Multiplies the loss by a factor that it finds out by itself, and lets another optimizer make the steps.

    The gradients of the loss times $s$ are divided by $s$ before they are used. A step whose gradients are not all
    finite is left out, and $s$ is halved; after so many finite ones in a row, $s$ is doubled.

    Models of the policy `mixed_float16` get one around their optimizer by themselves: see `compile`.

    Args:
        inner_optimizer: The optimizer that makes the steps. Its own `loss_scale_factor` is taken away.
        initial_scale: $s$ at first, above 0; too much is better than too little, as $s$ falls faster than it rises.
        dynamic_growth_steps: After how many finite steps $s$ is doubled.
        name: Prefix of its variables' paths.

    Raises:
        ValueError: If an argument is out of its range, or one that belongs to the inner optimizer.

    Source:
        Micikevicius et al. (2018), section 3.2.

    Example:
        >>> from babytf import Variable
        >>> from babytf.optimizers import SGD
        >>> w, optimizer = Variable(1.0), LossScaleOptimizer(SGD(0.1), initial_scale=8.0)
        >>> optimizer.apply([16.0], [w])                    # the gradient of 8 times the loss
        >>> optimizer.apply([np.inf], [w])                  # left out
        >>> round(float(w), 5), float(optimizer.dynamic_scale)
        (0.8, 4.0)
    """

    wraps = ("inner_optimizer",)

    def __init__(
        self,
        inner_optimizer: Optimizer,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate=0.0, name=name)
        refused = [key for key, value in kwargs.items() if key not in _OLD_ARGUMENTS or value != _OLD_ARGUMENTS[key]]
        if refused:
            raise ValueError(
                explain(
                    f"{self._label}: arguments of the inner optimizer, or of none.",
                    got=", ".join(f"{key}={kwargs[key]!r}" for key in refused),
                    expected="inner_optimizer, initial_scale, dynamic_growth_steps, name",
                    fix="give them to the inner optimizer; for a fixed scale use its loss_scale_factor alone",
                )
            )
        if not isinstance(inner_optimizer, Optimizer):
            raise ValueError(
                explain(
                    f"{self._label}: bad `inner_optimizer`.",
                    got=f"inner_optimizer={inner_optimizer!r}",
                    expected="an Optimizer",
                    fix="LossScaleOptimizer(keras.optimizers.Adam())",
                )
            )
        self.inner_optimizer = inner_optimizer
        self.inner_optimizer.loss_scale_factor = None  # or gradients would be divided twice
        self.initial_scale = check.positive(self, initial_scale=initial_scale)
        self.dynamic_growth_steps = check.positive_int(self, dynamic_growth_steps=dynamic_growth_steps)

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the variables of both optimizers.

        Args:
            variables: The trainable variables.
        """
        if self.built:
            return
        variables = list(variables)
        self.step_counter = self.add_variable((), dtype="int64", name="step_counter")
        start = initializers.Constant(self.initial_scale)
        self.dynamic_scale = self.add_variable((), initializer=start, dtype="float32", name="dynamic_scale")
        self.inner_optimizer.build(variables)
        self._trainable_variables = variables
        self._index = {v: i for i, v in enumerate(variables)}
        self.built = True

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """Make one step, unless a gradient is not finite.

        The step is computed each time, with zeros for gradients that will not do, and kept or thrown away by
        `where`, so that one recorded step serves both.

        Args:
            grads: Gradients of the scaled loss, one per variable.
            trainable_variables: The variables; by default those the optimizer was built with.
        """
        grads = list(grads)
        if not grads:
            return
        pairs = gradients.existing(self._label, grads, self._known(trainable_variables))
        with scope(self.name, type(self).__name__):
            finite = self._finite([g for g, _ in pairs])
            scale, count = self.dynamic_scale.value, self.step_counter.value
            unscaled = [(ops.where(finite, g / convert(scale, g.dtype), ops.zeros_like(g)), v) for g, v in pairs]
            held = self.inner_optimizer._held()
            before = [v.value for v in held]
        self.inner_optimizer.apply_gradients(unscaled)
        with scope(self.name, type(self).__name__):
            for v, old in zip(held, before, strict=True):
                v.assign(ops.where(finite, v, old))
            grown = ops.equal(count, self.dynamic_growth_steps - 1)
            self.dynamic_scale.assign(ops.where(finite, ops.where(grown, scale * 2, scale), scale / 2))
            going_on = ops.logical_and(finite, ops.logical_not(grown))
            self.step_counter.assign(ops.where(going_on, count + 1, ops.zeros_like(count)))

    def _finite(self, grads: list[Tensor]) -> Tensor:
        finite = ops.all(ops.isfinite(grads[0]))
        for g in grads[1:]:
            finite = ops.logical_and(finite, ops.all(ops.isfinite(g)))
        return finite

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the scale as it stands: what gradients are to be taken of."""
        return ops.multiply(loss, self.dynamic_scale if self.built else self.initial_scale)

    @property
    def variables(self) -> list[Variable]:
        """A count and a rate that are not used, the finite steps in a row, the scale; then the inner optimizer's."""
        return [*self._variables, *self.inner_optimizer.variables]

    def _held(self) -> list[Variable]:
        return [*self._own_variables, *self.inner_optimizer._held()]

    @property
    def iterations(self) -> Any:
        """How many updates the inner optimizer made."""
        return self.inner_optimizer.iterations

    @property
    def learning_rate(self) -> Any:
        """That of the inner optimizer."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave variables out of the inner optimizer's weight decay.

        Args:
            var_list: The variables.
            var_names: Patterns; a variable is left out if one is found in its name.
        """
        self.inner_optimizer.exclude_from_weight_decay(var_list, var_names)

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """What the inner optimizer has to do after the last step.

        Args:
            var_list: The variables the optimizer was built with.
        """
        self.inner_optimizer.finalize_variable_values(var_list)

    def get_config(self) -> dict[str, Any]:
        """The arguments, from which `from_config` makes an optimizer of the same settings without its state."""
        names = ("name", "inner_optimizer", "initial_scale", "dynamic_growth_steps")
        return {name: serialize_argument(getattr(self, name)) for name in names}
