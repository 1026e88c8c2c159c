r"""Adamax: Adam with the largest recent gradient in place of the mean of squares."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.base import Optimizer


class Adamax(Optimizer):
    r"""Adam with the infinity norm: the scale of a weight is its largest gradient, slowly forgotten.

    $$ m \leftarrow m + (1 - \beta_1)(g - m), \qquad u \leftarrow \max(\beta_2 u, |g|) $$

    $$ w \leftarrow w - \frac{\eta\,m}{(1 - \beta_1^t)(u + \epsilon)} $$

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        beta_1: $\beta_1$ in [0, 1], how slowly the mean of gradients forgets.
        beta_2: $\beta_2$ in [0, 1], how slowly the largest gradient is forgotten.
        epsilon: $\epsilon$, which keeps the division finite.
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
        Kingma & Ba (2015), algorithm 2.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> Adamax(learning_rate=0.1).apply([2.0], [w])     # m / (1 - beta_1) = u = 2
        >>> round(float(w), 5)
        0.9
    """

    slots = (("momentum", "norm"),)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1 = check.fraction(self, beta_1=beta_1)
        self.beta_2 = check.fraction(self, beta_2=beta_2)
        self.epsilon = check.non_negative(self, epsilon=epsilon)

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        m, u = slots["momentum"], slots["norm"]
        m = m + (g - m) * (1 - self.beta_1)
        u = ops.maximum(self.beta_2 * u, ops.abs(g))
        step = learning_rate * m / ((1 - self.beta_1**t) * (u + self.epsilon))
        return w - step, {"momentum": m, "norm": u}
