r"""Lion: every weight takes a step of the same size, in the direction of a momentum's sign."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.errors import explain
from babytf.optimizers.base import Optimizer


class Lion(Optimizer):
    r"""The sign of a mixture of momentum and gradient; rates should be 3 to 10 times smaller than for Adam.

    $$ w \leftarrow w - \eta\,\text{sign}(\beta_1 m + (1 - \beta_1) g), \qquad
       m \leftarrow \beta_2 m + (1 - \beta_2) g $$

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        beta_1: $\beta_1$ in (0, 1], the share of the momentum in the step.
        beta_2: $\beta_2$ in [0, 1], how slowly the momentum forgets.
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
        Chen et al. (2023), algorithm 2.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> Lion(learning_rate=0.1).apply([2.0], [w])
        >>> round(float(w), 5)
        0.9
    """

    slots = ("momentum",)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        if check.fraction(self, beta_1=beta_1) == 0:
            raise ValueError(
                explain(
                    f"{self._label}: bad `beta_1`.",
                    got=f"beta_1={beta_1!r}",
                    expected="a number above 0, up to 1: with 0 there is no momentum in the sign",
                    fix="beta_1=0.9",
                )
            )
        self.beta_1 = beta_1
        self.beta_2 = check.fraction(self, beta_2=beta_2)

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        m = slots["momentum"]
        direction = ops.sign(m * self.beta_1 + g * (1 - self.beta_1))
        return w - learning_rate * direction, {"momentum": m * self.beta_2 + g * (1 - self.beta_2)}
