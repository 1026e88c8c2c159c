r"""Schedule-free AdamW: an average of the weights in place of a schedule."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, eager
from babytf.errors import explain
from babytf.optimizers.base import Optimizer


class ScheduleFreeAdamW(Optimizer):
    r"""AdamW that needs no learning rate schedule: gradients are taken between its steps and their average.

    The weights $w$ of the model are a mixture of $z$, which makes the steps (saved as `momentum`), and of the average
    $x$ of all $z$, which follows from the two. With $t$ from 1 and the rate rising over the first $T$ steps,
    $\eta_t = \eta \min(1, t / T)$:

    $$ x = \frac{w - (1 - \beta_1) z}{\beta_1}, \qquad v \leftarrow v + (1 - \beta_2)(g^2 - v) $$

    $$ z \leftarrow z - \frac{\eta_t\,g}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}, \qquad
       x \leftarrow (1 - \tfrac1t) x + \tfrac1t z, \qquad w \leftarrow (1 - \beta_1) z + \beta_1 x $$

    Keras gives other numbers on each of its backends, as some read $z$ after it has changed. These are the paper's, and
    those of Keras on JAX.

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        beta_1: $\beta_1$ in (0, 1], the share of the average in the weights.
        beta_2: $\beta_2$ in [0, 1], how slowly the mean of squares forgets.
        epsilon: $\epsilon$, outside of the root.
        warmup_steps: $T$, at least 0; with 0 the rate is $\eta$ from the start.
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
        Defazio et al. (2024), algorithm 1 with equal shares; decay of the weights as in `Optimizer`.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> ScheduleFreeAdamW(learning_rate=0.1).apply([2.0], [w])    # the first average is z itself
        >>> round(float(w), 5)
        0.9
    """

    slots = (("momentum", "velocity"),)

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
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
                    expected="a number above 0, up to 1: the average is found by a division by it",
                    fix="beta_1=0.9",
                )
            )
        self.beta_1 = beta_1
        self.beta_2 = check.fraction(self, beta_2=beta_2)
        self.epsilon = check.non_negative(self, epsilon=epsilon)
        self.warmup_steps = check.non_negative_int(self, warmup_steps=warmup_steps)

    def _make_slots(self) -> None:
        super()._make_slots()
        with eager():
            for block in self._blocks:
                block.slots["momentum"].assign(block.variable)  # z starts where the weights are

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        z, v = slots["momentum"], slots["velocity"]
        if self.warmup_steps:
            learning_rate = learning_rate * ops.minimum(t / self.warmup_steps, 1.0)
        x = (w - (1 - self.beta_1) * z) / self.beta_1
        v = v + (ops.square(g) - v) * (1 - self.beta_2)
        z = z - learning_rate * g / (ops.sqrt(v / (1 - self.beta_2**t)) + self.epsilon)
        share = 1 / t
        x = (1 - share) * x + share * z
        return (1 - self.beta_1) * z + self.beta_1 * x, {"momentum": z, "velocity": v}
