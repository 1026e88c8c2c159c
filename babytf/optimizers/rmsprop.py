r"""RMSprop: each weight's step is divided by the recent size of its gradient. Read `adam.py` next."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.base import Optimizer


class RMSprop(Optimizer):
    r"""Divides the gradient by a running root mean square of itself.

    $$ v \leftarrow \rho v + (1 - \rho) g^2, \qquad w \leftarrow w - \frac{\eta g}{\sqrt{v + \epsilon}} $$

    With `centered`, $a \leftarrow \rho a + (1 - \rho) g$ and the root is $\sqrt{v - a^2 + \epsilon}$. With
    momentum $\mu$ the fraction goes through $m \leftarrow \mu m + \eta g / \sqrt{\cdot}$ and $w \leftarrow w - m$.

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        rho: $\rho$ in [0, 1], how slowly the averages forget.
        momentum: $\mu$ in [0, 1].
        epsilon: $\epsilon$, under the root.
        centered: Whether to divide by the gradient's standard deviation instead of its root mean square.
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
        Tieleman & Hinton (2012), lecture 6.5; centered: Graves (2013), eq. 38-45.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> RMSprop(learning_rate=0.1, rho=0.75).apply([2.0], [w])    # v = 1
        >>> round(float(w), 5)
        0.8
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
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
        self.rho = check.fraction(self, rho=rho)
        self.momentum = check.fraction(self, momentum=momentum)
        self.epsilon = check.non_negative(self, epsilon=epsilon)
        self.centered = check.boolean(self, centered=centered)
        self.slots = (
            "velocity",
            *(("momentum",) if self.momentum else ()),
            *(("average_gradient",) if self.centered else ()),
        )

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        v = self.rho * slots["velocity"] + (1 - self.rho) * ops.square(g)
        new = {"velocity": v}
        if self.centered:
            new["average_gradient"] = a = self.rho * slots["average_gradient"] + (1 - self.rho) * g
            v = v - ops.square(a)
        step = learning_rate * g / ops.sqrt(v + self.epsilon)
        if self.momentum:
            new["momentum"] = step = self.momentum * slots["momentum"] + step
        return w - step, new
