r"""Adagrad: a weight's steps get smaller with all the gradients it has seen. Read `adadelta.py` next."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.base import Optimizer


class Adagrad(Optimizer):
    r"""Divides the gradient by the root of the sum of all its squares so far.

    $$ a \leftarrow a + g^2, \qquad w \leftarrow w - \frac{\eta\,g}{\sqrt{a + \epsilon}} $$

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        initial_accumulator_value: What $a$ starts at; at least 0.
        epsilon: $\epsilon$, under the root.
        weight_decay: See `Optimizer`, as for the arguments that follow.
        clipnorm: Largest norm of each gradient.
        clipvalue: Largest absolute value of a gradient's elements.
        global_clipnorm: Largest norm of all gradients together.
        use_ema: Whether to average the weights.
        ema_momentum: Momentum of that average.
        ema_overwrite_frequency: Every how many steps the average is written back.
        loss_scale_factor: Factor on the loss, taken back from the gradients.
        gradient_accumulation_steps: Batches per update.
        name: Prefix of its variables' paths.

    Raises:
        ValueError: If an argument is out of its range.

    Source:
        Duchi, Hazan & Singer (2011), figure 1 (the diagonal form).

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> Adagrad(learning_rate=0.1, initial_accumulator_value=0.0).apply([2.0], [w])
        >>> round(float(w), 5)
        0.9
    """

    slots = ("accumulator",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
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
        super().__init__(
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            use_ema=use_ema,
            ema_momentum=ema_momentum,
            ema_overwrite_frequency=ema_overwrite_frequency,
            loss_scale_factor=loss_scale_factor,
            gradient_accumulation_steps=gradient_accumulation_steps,
            name=name,
            **kwargs,
        )
        self.initial_accumulator_value = check.non_negative(self, initial_accumulator_value=initial_accumulator_value)
        self.epsilon = check.non_negative(self, epsilon=epsilon)
        self.slot_values = {"accumulator": initial_accumulator_value}

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        a = slots["accumulator"] + ops.square(g)
        return w - learning_rate * g / ops.sqrt(a + self.epsilon), {"accumulator": a}
