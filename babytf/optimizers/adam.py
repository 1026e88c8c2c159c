r"""Adam: momentum, and a step size per weight. The usual choice."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.base import Optimizer


class Adam(Optimizer):
    r"""Moving averages of the gradient and of its square, corrected for their start at 0.

    $$ m \leftarrow m + (1 - \beta_1)(g - m), \qquad v \leftarrow v + (1 - \beta_2)(g^2 - v) $$

    $$ w \leftarrow w - \eta\,\frac{\sqrt{1 - \beta_2^t}}{1 - \beta_1^t} \cdot \frac{m}{\sqrt{v} + \epsilon} $$

    $\epsilon$ stands outside of the root and is not corrected for the start (the "epsilon hat" of the paper).
    With `amsgrad`, $\hat v \leftarrow \max(\hat v, v)$ takes the place of $v$ under the root.

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        beta_1: $\beta_1$ in [0, 1], how slowly the mean of gradients forgets.
        beta_2: $\beta_2$ in [0, 1], how slowly the mean of squares forgets.
        epsilon: $\epsilon$, which keeps the division finite.
        amsgrad: Whether step sizes may never grow again.
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
        Kingma & Ba (2015), algorithm 1 in the form at the end of section 2.
        Amsgrad: Reddi, Kale & Kumar (2018), algorithm 2.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> Adam(learning_rate=0.1).apply([2.0], [w])     # the first step has the size of the rate
        >>> round(float(w), 5)
        0.9
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.amsgrad = check.boolean(self, amsgrad=amsgrad)
        self.slots = (("momentum", "velocity"), *(("velocity_hat",) if self.amsgrad else ()))

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        m, v = slots["momentum"], slots["velocity"]
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (ops.square(g) - v) * (1 - self.beta_2)
        new = {"momentum": m, "velocity": v}
        if self.amsgrad:
            new["velocity_hat"] = v = ops.maximum(slots["velocity_hat"], v)
        alpha = learning_rate * ops.sqrt(1 - self.beta_2**t) / (1 - self.beta_1**t)
        return w - m * alpha / (ops.sqrt(v) + self.epsilon), new
