r"""`Optimizer`: how gradients become new weights, the part common to all. Read the formulas in `sgd.py` next.

One step is: clip the gradients, decay the weights, update, average, apply the constraints:

$$ w \leftarrow \text{update}(w - \eta\,\lambda\,w,\; \text{clip}(g),\; \eta) $$

with learning rate $\eta$ and weight decay $\lambda$. An optimizer of the library is a pure formula on
arrays (`update`). It runs on one contiguous vector that holds all weights of a dtype, or weight by weight where
the rule asks for that.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from babytf import check, config, ops
from babytf.engine import Tensor, Variable, convert, name_scope, scope
from babytf.errors import explain
from babytf.naming import checked_name
from babytf.optimizers import gradients
from babytf.optimizers.schedules.learning_rate_schedule import LearningRateSchedule
from babytf.optimizers.state import Block, State
from babytf.serialization import custom_object_scope, serialize_argument

_BASE_ARGUMENTS = (
    "name",
    "weight_decay",
    "clipnorm",
    "global_clipnorm",
    "clipvalue",
    "use_ema",
    "ema_momentum",
    "ema_overwrite_frequency",
    "loss_scale_factor",
    "gradient_accumulation_steps",
)


class Optimizer(State):
    r"""Base of the optimizers. Keras's arguments and order of operations.

    Write one of your own in either of two ways. As a formula, which runs on all weights at once:

    ```python
    class Momentum(Optimizer):
        slots = ("momentum",)                     # one array per weight, zeros at first

        def update(self, w, g, slots, learning_rate, t):
            m = 0.9 * slots["momentum"] - learning_rate * g
            return w + m, {"momentum": m}
    ```

    or as in Keras, variable by variable: override `build(variables)`, which makes the state with
    `add_variable_from_reference`, and `update_step(gradient, variable, learning_rate)`, which assigns.

    Args:
        learning_rate: $\eta$: a number, a `LearningRateSchedule`, or a callable without arguments. A callable is
            asked each time a step is recorded (once per `fit`, unless it runs eagerly): for a rate that
            changes from step to step, pass a schedule.
        weight_decay: $\lambda$: before each update, $w \leftarrow w - \eta \lambda w$. `None` for none.
        clipnorm: Largest norm of the gradient of each single weight; longer ones are scaled down.
        clipvalue: Largest absolute value of a gradient's elements.
        global_clipnorm: Largest norm of all gradients taken together. At most one of the three is given.
        use_ema: Whether to keep a moving average of each weight, written into the weights at the end of `fit`.
        ema_momentum: $\mu$ in [0, 1]: $\text{average} \leftarrow \mu\,\text{average} + (1 - \mu) w$.
        ema_overwrite_frequency: Write the averages into the weights every so many steps too; `None`: only at the end.
        loss_scale_factor: The loss is multiplied by this before gradients are taken, and the gradients divided by it:
            keeps float16 gradients from vanishing.
        gradient_accumulation_steps: At least 2: gradients of that many batches are averaged, then applied in one
            update. `None` for an update per batch.
        name: Prefix of its variables' paths.

    Raises:
        ValueError: If an argument is out of its range, two ways of clipping are asked for at once, or an
            argument is unknown.
    """

    elementwise = True
    """Whether `update` treats every element alike, so that it may run on all weights as one vector."""

    wraps: tuple[str, ...] = ()
    """Attributes with the optimizers that make its steps, if it makes none itself."""

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = checked_name(type(self).__name__, name)
        if kwargs.pop("decay", None) is not None:
            warnings.warn(f"{self._label}: the argument `decay` of old Keras versions has no effect.", stacklevel=3)
        if kwargs:
            raise ValueError(
                explain(
                    f"{self._label}: unknown argument.",
                    got=", ".join(f"{k}={v!r}" for k, v in kwargs.items()),
                    expected="learning_rate, " + ", ".join(_BASE_ARGUMENTS),
                    fix="leave it out",
                )
            )
        self.weight_decay = _at_least_0(self, weight_decay=weight_decay)
        self.clipnorm = _at_least_0(self, clipnorm=clipnorm)
        self.clipvalue = _at_least_0(self, clipvalue=clipvalue)
        self.global_clipnorm = _at_least_0(self, global_clipnorm=global_clipnorm)
        asked = {n: v for n in ("clipnorm", "clipvalue", "global_clipnorm") if (v := getattr(self, n)) is not None}
        if len(asked) > 1:
            raise ValueError(
                explain(
                    f"{self._label}: gradients are clipped in one way only.",
                    got=", ".join(f"{n}={v!r}" for n, v in asked.items()),
                    expected="one of clipnorm, clipvalue and global_clipnorm",
                    fix=f"keep {next(iter(asked))} alone",
                )
            )
        self.use_ema = check.boolean(self, use_ema=use_ema)
        self.ema_momentum = check.fraction(self, ema_momentum=ema_momentum) if use_ema else ema_momentum
        self.ema_overwrite_frequency = check.optional_positive_int(
            self, ema_overwrite_frequency=ema_overwrite_frequency or None
        )
        self.loss_scale_factor = loss_scale_factor
        if loss_scale_factor is not None and check.non_negative(self, loss_scale_factor=loss_scale_factor) == 0:
            raise ValueError(
                explain(
                    f"{self._label}: bad `loss_scale_factor`.",
                    got=f"loss_scale_factor={loss_scale_factor!r}",
                    expected="a number above 0, or None",
                    fix="loss_scale_factor=1024.0",
                )
            )
        steps = check.optional_positive_int(self, gradient_accumulation_steps=gradient_accumulation_steps or None)
        if steps == 1:
            raise ValueError(
                explain(
                    f"{self._label}: bad `gradient_accumulation_steps`.",
                    got="gradient_accumulation_steps=1",
                    expected="an integer of at least 2, or None",
                    fix="None: every batch is applied by itself",
                )
            )
        self.gradient_accumulation_steps = steps

        self._not_decayed: set[Variable] = set()
        self._not_decayed_names: re.Pattern[str] | None = None

        self._start()
        with name_scope(self.name):
            self._iterations = Variable(0, dtype="int64", trainable=False, name="iteration")
        self._variables.append(self._iterations)
        self._learning_rate: Any = learning_rate
        if not callable(learning_rate):
            rate = check.number(self, learning_rate=_plain(learning_rate))
            with name_scope(self.name):
                self._learning_rate = Variable(rate, dtype=config.floatx(), trainable=False, name="learning_rate")
            self._variables.append(self._learning_rate)

    # --- what a subclass writes

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula: old values in, new values out; nothing else is touched.

        Args:
            w: The weights.
            g: Their gradient, of the same shape and dtype.
            slots: The arrays named in `slots`, of the same shape and dtype.
            learning_rate: Scalar of the same dtype.
            t: Number of this step, from 1; scalar of the same dtype.

        Returns:
            The new weights, and the new slots by name.
        """
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} has no rule.",
                expected="a subclass that overrides `update` or `update_step`",
                fix="def update(self, w, g, slots, learning_rate, t): return w - learning_rate * g, {}",
            )
        )

    def update_step(self, gradient: Any, variable: Variable, learning_rate: Any) -> None:
        """Update one variable. A subclass may override this, as in Keras.

        Args:
            gradient: Tensor of the variable's shape.
            variable: The variable; assign its new value.
            learning_rate: Scalar.
        """
        g = convert(gradient, variable.dtype)
        self._update_block(self._block_of(variable), g, learning_rate, self.iterations + 1)

    # --- variables

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the optimizer's variables for these weights. `apply` does it on its first call.

        Args:
            variables: The trainable variables. Where the rule is a formula, they move into one vector.
        """
        if self.built:
            return
        self._lay_out(variables, as_vectors=self._is_formula() and self.elementwise)
        if self.use_ema:
            self._add_slots("average")
        if self.gradient_accumulation_steps:
            self._add_slots("gradient_accumulator")
        self._make_slots()
        self.built = True

    def _is_formula(self) -> bool:
        return type(self).update_step is Optimizer.update_step

    @property
    def iterations(self) -> Any:
        """How many updates were made: the batches, divided by the accumulation steps."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    @property
    def learning_rate(self) -> Any:
        """The learning rate now: a Variable (assign it whenever you like), or what the schedule or callable gives."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations)
        if callable(self._learning_rate):
            return self._learning_rate()
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        if callable(learning_rate):
            if isinstance(self._learning_rate, Variable):
                self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = learning_rate
        elif isinstance(self._learning_rate, Variable):
            self._learning_rate.assign(learning_rate)
        else:
            kind = "a schedule" if isinstance(self._learning_rate, LearningRateSchedule) else "a callable"
            raise TypeError(
                explain(
                    f"{self._label}: the learning rate comes from {kind} and cannot be set to a number.",
                    got=f"learning_rate = {learning_rate!r}",
                    expected="another schedule or callable",
                    fix=f"make the optimizer with a number: {type(self).__name__}(learning_rate={learning_rate!r})",
                )
            )

    # --- one step

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Make one step.

        Args:
            grads_and_vars: Pairs of a gradient and its variable.

        Returns:
            The count of steps, a Variable.
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def apply(self, grads: Iterable[Any], trainable_variables: Iterable[Variable] | None = None) -> None:
        """Make one step: update the variables by their gradients.

        Args:
            grads: A gradient per variable; `None` for a variable that the loss does not depend on.
            trainable_variables: The variables; by default those the optimizer was built with. The first call
                builds the optimizer with them.

        Raises:
            ValueError: If a variable is unknown to the optimizer, numbers differ, or every gradient is `None`.
            ShapeError: If a gradient does not have its variable's shape.
        """
        grads = list(grads)
        if not grads:
            return
        pairs = gradients.existing(self._label, grads, self._known(trainable_variables))
        with scope(self.name, type(self).__name__):
            blocks, whole = self._arrange(pairs)
            if self.loss_scale_factor is not None:
                whole = [g / self.loss_scale_factor for g in whole]
            batches = self._iterations + 1  # this one included
            if self.gradient_accumulation_steps:
                self._accumulate(blocks, whole, batches)
            else:
                self._update(blocks, whole, batches)
            if self.use_ema:
                self._average(batches)
            for _, variable in pairs:
                if variable.constraint is not None:
                    variable.assign(variable.constraint(variable))
            self._iterations.assign(batches)

    def stateless_apply(self, optimizer_variables: Any, grads: Any, trainable_variables: Any) -> Any:
        """Not offered: variables here hold their values."""
        raise NotImplementedError(
            explain(
                f"{self._label}: no stateless_apply, which is for arrays that cannot change; variables here can.",
                fix="optimizer.apply(grads, trainable_variables)",
            )
        )

    def _known(self, variables: Iterable[Variable] | None) -> list[Variable]:
        """The variables of a call, the optimizer being built with them if it is not yet."""
        if variables is None:
            if not self.built:
                raise ValueError(
                    explain(
                        f"{self._label} does not know which variables the gradients belong to.",
                        got="apply(grads) before build(variables)",
                        fix="optimizer.apply(grads, model.trainable_variables)",
                    )
                )
            variables = self._trainable_variables
        else:
            variables = list(variables)
            if not self.built:
                self.build(variables)
        unknown = [v.path for v in variables if v not in self._index]
        if unknown:
            raise ValueError(
                explain(
                    f"{self._label} was built for other variables.",
                    got=f"unknown: {', '.join(unknown)}",
                    expected=f"among {', '.join(v.path for v in self._trainable_variables)}",
                    fix="make a new optimizer for a new set of variables (compile again after unfreezing layers)",
                )
            )
        return variables

    def _arrange(self, pairs: list[tuple[Tensor, Variable]]) -> tuple[list[Block], list[Tensor]]:
        """Blocks that cover these variables, and a gradient for each: the whole vectors if they are all there."""
        self._adopt()
        by_variable = {v: g for g, v in pairs}
        if len(by_variable) == len(self._index):
            return self._blocks, [b.join([by_variable[v] for v in b.members]) for b in self._blocks]
        return [self._block_of(v) for v in by_variable], list(by_variable.values())

    def _accumulate(self, blocks: list[Block], grads: list[Tensor], batches: Tensor) -> None:
        """Add to the sums; on every last batch of a round, update by their mean and start again from 0.

        The update is computed each time and kept or thrown away by `where`, so that one recorded step serves all.
        """
        steps = self.gradient_accumulation_steps
        due = ops.equal(batches % steps, 0)
        changing = [v for b in blocks for v in (b.variable, *b.slots.values())] + self._own_variables
        before = [v.value for v in changing]
        accumulators = [a for b in blocks if (a := b.accumulator) is not None]
        sums = [g + a for g, a in zip(grads, accumulators, strict=True)]
        self._update(blocks, [s / steps for s in sums], batches)
        for v, old in zip(changing, before, strict=True):
            v.assign(ops.where(due, v, old))
        for a, s in zip(accumulators, sums, strict=True):
            a.assign(ops.where(due, ops.zeros_like(s), s))

    def _update(self, blocks: list[Block], grads: list[Tensor], batches: Tensor) -> None:
        """Clip, decay, update."""
        if self.clipnorm:
            grads = gradients.clip_by_norm(blocks, grads, self.clipnorm)
        elif self.global_clipnorm:
            grads = gradients.clip_by_global_norm(grads, self.global_clipnorm)
        elif self.clipvalue:
            grads = gradients.clip_by_value(grads, self.clipvalue)
        rate = self.learning_rate
        for block in blocks:
            self._decay(block, rate)
        t = self._step_number(batches)
        for block, g in zip(blocks, grads, strict=True):
            if self._is_formula():
                self._update_block(block, g, rate, t)
            else:
                self.update_step(g, block.variable, rate)

    def _step_number(self, batches: Tensor) -> Tensor:
        """Number of this update, from 1."""
        return self.iterations + 1 if self.gradient_accumulation_steps else batches

    def _update_block(self, block: Block, g: Tensor, learning_rate: Any, step: Tensor) -> None:
        dtype = block.variable.dtype
        t = convert(step, dtype)
        old = {name: v.value for name, v in block.slots.items()}
        w, new = self.update(block.variable.value, g, old, convert(learning_rate, dtype), t)
        for name, value in new.items():
            block.slots[name].assign(value)
        block.variable.assign(w)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave variables out of weight decay. To be called before the optimizer is built.

        Args:
            var_list: The variables.
            var_names: Patterns; a variable is left out if one is found in its name (`"bias"`).

        Raises:
            ValueError: If the optimizer is built already.
        """
        if self.built:
            raise ValueError(
                explain(
                    f"{self._label}: weight decay is settled once the optimizer is built.",
                    fix="call exclude_from_weight_decay right after making the optimizer",
                )
            )
        self._not_decayed = set(var_list or ())
        patterns = sorted(set(var_names or ()))
        self._not_decayed_names = re.compile("|".join(patterns)) if patterns else None

    def _is_decayed(self, variable: Variable) -> bool:
        by_name = self._not_decayed_names is not None and self._not_decayed_names.search(variable.name) is not None
        return not by_name and variable not in self._not_decayed

    def _decay_of(self, variable: Variable) -> float | None:
        r"""$\lambda$ for one variable; an optimizer that treats some otherwise overrides this."""
        return self.weight_decay

    def _decay(self, block: Block, learning_rate: Any) -> None:
        r"""$w \leftarrow w - \lambda \eta w$, except for the members left out."""
        decays = [(self._decay_of(v) if self._is_decayed(v) else None) or 0.0 for v in block.members]
        if not any(decays):
            return
        w = block.variable.value
        alike = len(set(decays)) == 1
        decay = decays[0] if alike else np.repeat(np.array(decays, w.dtype), [v.size for v in block.members])
        block.variable.assign(w - w * (convert(learning_rate, w.dtype) * decay))

    def _average(self, batches: Tensor) -> None:
        r"""$a \leftarrow \mu a + (1 - \mu) w$; the first time $a \leftarrow w$."""
        for block in self._blocks:
            w, average = block.variable.value, block.average
            assert average is not None
            momentum = convert(ops.not_equal(self.iterations, 0), w.dtype) * self.ema_momentum
            new = momentum * average + (1 - momentum) * w
            average.assign(new)
            if self.ema_overwrite_frequency:
                due = ops.equal(self._step_number(batches) % self.ema_overwrite_frequency, 0)
                block.variable.assign(ops.where(due, new, w))

    def finalize_variable_values(self, var_list: Iterable[Variable]) -> None:
        """What remains to be done after the last step: with `use_ema`, write the averages into the variables.

        Args:
            var_list: The variables the optimizer was built with.
        """
        if not self.use_ema:
            return
        variables = list(var_list)
        if not self.built or any(v not in self._index for v in variables):
            raise ValueError(
                explain(
                    f"{self._label} holds no averages of these variables.",
                    got=", ".join(v.path for v in variables if v not in self._index),
                    expected="the variables it was built with",
                )
            )
        for v in variables:
            v.assign(self._slot_variables["average"][self._index[v]])

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`: what gradients are to be taken of."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # --- saving

    def get_config(self) -> dict[str, Any]:
        """The arguments, from which `from_config` makes an optimizer of the same settings without its state."""
        settings = super().get_config()
        of_a_user = not type(self).__module__.startswith("babytf.")
        if of_a_user and type(self).get_config is Optimizer.get_config:
            if "learning_rate" in settings:
                settings["learning_rate"] = serialize_argument(self._learning_rate)
            return {"name": self.name, **settings}  # as it was given them: its constructor may take no others
        base = {name: serialize_argument(getattr(self, name)) for name in _BASE_ARGUMENTS}
        return {**base, **settings, "learning_rate": serialize_argument(self._learning_rate)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """An optimizer with these arguments.

        Args:
            config: What `get_config` gave.
            custom_objects: Classes and functions of your own, by name (a schedule, say).
        """
        with custom_object_scope(custom_objects):
            return super().from_config(config)


def _at_least_0(owner: Any, **named: Any) -> float | None:
    ((_, value),) = named.items()
    return None if value is None else check.non_negative(owner, **named)


def _plain(rate: Any) -> Any:
    """A scalar array as a number; anything else as it is."""
    return float(rate) if getattr(rate, "shape", None) == () else rate
