"""`MultiOptimizer`: other optimizers for other weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from babytf.engine import Variable
from babytf.errors import explain
from babytf.optimizers import gradients
from babytf.optimizers.base import Optimizer
from babytf.optimizers.optimizer_map import OptimizerMap, may_be_inside
from babytf.serialization import serialize_argument


class MultiOptimizer(Optimizer):
    """Gives each weight to one of several optimizers.

    There is no one learning rate: ask or set those of `optimizers`.

    Args:
        optimizer_map: An `OptimizerMap`, or a function from a `Variable` to its optimizer.
        loss_scale_factor: Takes the place of that of the optimizers: see `Optimizer`.
        name: Prefix of its variables' paths.

    Raises:
        ValueError: When built, if the function gives no optimizer, or one that wraps others.
        AttributeError: If asked for its `learning_rate`.

    Example:
        >>> from babytf import Variable
        >>> from babytf.optimizers import SGD
        >>> a, b = Variable(1.0, name="a"), Variable(1.0, name="b")
        >>> MultiOptimizer(OptimizerMap(SGD(0.1), {"b": SGD(0.5)})).apply([1.0, 1.0], [a, b])
        >>> round(float(a), 5), round(float(b), 5)
        (0.9, 0.5)
    """

    wraps = ("optimizers",)

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Variable], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        self.optimizers: list[Optimizer] = []
        super().__init__(learning_rate=0.0, loss_scale_factor=loss_scale_factor, name=name)
        if not callable(optimizer_map):
            raise ValueError(
                explain(
                    f"{self._label}: bad `optimizer_map`.",
                    got=f"optimizer_map={optimizer_map!r}",
                    expected="an OptimizerMap, or a function from a variable to its optimizer",
                    fix='OptimizerMap(keras.optimizers.Adam(), {"encoder/.*": keras.optimizers.SGD()})',
                )
            )
        self.optimizer_map = optimizer_map
        self._chosen: dict[Variable, Optimizer] = {}
        if isinstance(optimizer_map, OptimizerMap):
            for optimizer in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._include(may_be_inside(optimizer, "default"))

    def _include(self, optimizer: Optimizer) -> None:
        if not any(optimizer is one for one in self.optimizers):
            optimizer.loss_scale_factor = self.loss_scale_factor
            self.optimizers.append(optimizer)

    def build(self, variables: Iterable[Variable]) -> None:
        """Choose the optimizer of each weight, and build them all.

        Args:
            variables: The trainable variables.
        """
        if self.built:
            return
        variables = list(variables)
        chosen = {v: may_be_inside(self.optimizer_map(v), v.path) for v in variables}
        for optimizer in chosen.values():
            self._include(optimizer)
        for optimizer in self.optimizers:
            mine = [v for v in variables if chosen[v] is optimizer]
            if mine:
                optimizer.build(mine)
        self._trainable_variables = variables
        self._index = {v: i for i, v in enumerate(variables)}
        self._chosen = chosen
        self.built = True

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """Let each optimizer make one step with its own weights.

        Args:
            grads: A gradient per variable; `None` for a variable that the loss does not depend on.
            trainable_variables: The variables; by default those the optimizer was built with.
        """
        grads = list(grads)
        if not grads:
            return
        pairs = gradients.existing(self._label, grads, self._known(trainable_variables))
        for optimizer in self.optimizers:
            mine = [(g, v) for g, v in pairs if self._chosen[v] is optimizer]
            if mine:
                optimizer.apply_gradients(mine)
        self._iterations.assign_add(1)

    @property
    def variables(self) -> list[Variable]:
        """Its count of steps and a rate that is not used, then the variables of each of `optimizers`."""
        return [*self._variables, *(v for optimizer in self.optimizers for v in optimizer.variables)]

    def _held(self) -> list[Variable]:
        return [self._iterations, *(v for optimizer in self.optimizers for v in optimizer._held())]

    @property
    def loss_scale_factor(self) -> float | None:
        """The factor on the loss; setting it sets that of each of `optimizers`."""
        return self._loss_scale_factor

    @loss_scale_factor.setter
    def loss_scale_factor(self, value: float | None) -> None:
        self._loss_scale_factor = value
        for optimizer in self.optimizers:
            optimizer.loss_scale_factor = value

    @property
    def learning_rate(self) -> NoReturn:
        """Not there: each of `optimizers` has its own."""
        raise self._no_learning_rate("learning_rate")

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> NoReturn:
        raise self._no_learning_rate(f"learning_rate = {learning_rate!r}")

    def _no_learning_rate(self, got: str) -> AttributeError:
        return AttributeError(
            explain(
                f"{self._label} has no learning rate of its own.",
                got=got,
                expected="the learning rate of one of `optimizers`",
                fix="optimizer.optimizers[0].learning_rate",
            )
        )

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Not there: to be called on the optimizers that decay weights."""
        raise ValueError(
            explain(
                f"{self._label} decays no weights itself.",
                got="exclude_from_weight_decay()",
                fix="call it on the optimizers that were given",
            )
        )

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """Let each optimizer do it with its own weights.

        Args:
            var_list: The variables the optimizer was built with.
        """
        variables = self._known(var_list)
        for optimizer in self.optimizers:
            mine = [v for v in variables if self._chosen[v] is optimizer]
            if mine:
                optimizer.finalize_variable_values(mine)

    def get_config(self) -> dict[str, Any]:
        """The arguments, from which `from_config` makes an optimizer of the same settings without its state."""
        names = ("optimizer_map", "loss_scale_factor", "name")
        return {name: serialize_argument(getattr(self, name)) for name in names}
