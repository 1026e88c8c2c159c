r"""Adadelta: steps measured in the units of the weights, from running averages."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.base import Optimizer


class Adadelta(Optimizer):
    r"""Scales the gradient by the recent size of the steps over the recent size of the gradients.

    With $\text{rms}(x) = \sqrt{x + \epsilon}$:

    $$ a \leftarrow \rho a + (1 - \rho) g^2, \qquad \Delta = -\frac{\text{rms}(d)}{\text{rms}(a)}\,g $$

    $$ d \leftarrow \rho d + (1 - \rho) \Delta^2, \qquad w \leftarrow w + \eta\,\Delta $$

    Args:
        learning_rate: $\eta$: a number (1.0 in the paper), a schedule or a callable.
        rho: $\rho$ in [0, 1], how slowly the averages forget.
        epsilon: $\epsilon$, under the roots; without it no step would ever be made.
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
        Zeiler (2012), algorithm 1.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> Adadelta(learning_rate=1.0, rho=0.0, epsilon=0.01).apply([2.0], [w])
        >>> round(float(w), 4)                              # 0.1 * 2 / sqrt(4.01)
        0.9001
    """

    slots = (("accumulated_grad", "accumulated_delta_var"),)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
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
        self.rho = check.fraction(self, rho=rho)
        self.epsilon = check.non_negative(self, epsilon=epsilon)

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        a = self.rho * slots["accumulated_grad"] + (1 - self.rho) * ops.square(g)
        d = slots["accumulated_delta_var"]
        delta = -(ops.sqrt(d + self.epsilon) * g / ops.sqrt(a + self.epsilon))
        d = self.rho * d + (1 - self.rho) * ops.square(delta)
        return w + learning_rate * delta, {"accumulated_grad": a, "accumulated_delta_var": d}
