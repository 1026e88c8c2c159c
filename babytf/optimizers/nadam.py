r"""Nadam: Adam that looks one step ahead."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, Variable, convert
from babytf.optimizers.base import Optimizer
from babytf.optimizers.state import Block


class Nadam(Optimizer):
    r"""Adam with Nesterov's momentum: the mean of gradients is used as it will stand a step later.

    The momentum grows with the steps, $\mu_t = \beta_1 (1 - \tfrac12\, 0.96^t)$; $\Pi_t = \mu_1 \mu_2 \cdots \mu_t$:

    $$ m \leftarrow m + (1 - \beta_1)(g - m), \qquad v \leftarrow v + (1 - \beta_2)(g^2 - v) $$

    $$ \hat m = \frac{\mu_{t+1}\, m}{1 - \Pi_{t+1}} + \frac{(1 - \mu_t)\, g}{1 - \Pi_t}, \qquad
       \hat v = \frac{v}{1 - \beta_2^t}, \qquad w \leftarrow w - \frac{\eta\,\hat m}{\sqrt{\hat v} + \epsilon} $$

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        beta_1: $\beta_1$ in [0, 1], how slowly the mean of gradients forgets.
        beta_2: $\beta_2$ in [0, 1], how slowly the mean of squares forgets.
        epsilon: $\epsilon$, outside of the root.
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
        Dozat (2016), algorithm 2, with the schedule of momentum of Sutskever et al. (2013) as in Keras.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> Nadam(learning_rate=0.1, epsilon=0.0).apply([2.0], [w])
        >>> bool(w < 0.9)                                   # farther than Adam's first step
        True
    """

    slots = (("momentum", "velocity"),)

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

    def _make_slots(self) -> None:
        super()._make_slots()
        dtype = self._trainable_variables[0].dtype if self._trainable_variables else None
        self._product: Variable = self.add_variable((), initializer="ones", dtype=dtype, name="variable")

    def _update(self, blocks: list[Block], grads: list[Tensor], batches: Tensor) -> None:
        t = convert(self._step_number(batches), self._product.dtype)
        self._product.assign(self._product * self._momentum(t))
        super()._update(blocks, grads, batches)

    def _momentum(self, t: Tensor) -> Tensor:
        r"""$\mu_t$."""
        return self.beta_1 * (1 - 0.5 * 0.96**t)

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above; the product is already that of step $t$."""
        m, v = slots["momentum"], slots["velocity"]
        product, following = convert(self._product, w.dtype), self._momentum(t + 1)
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (ops.square(g) - v) * (1 - self.beta_2)
        m_hat = following * m / (1 - product * following) + (1 - self._momentum(t)) * g / (1 - product)
        v_hat = v / (1 - self.beta_2**t)
        return w - m_hat * learning_rate / (ops.sqrt(v_hat) + self.epsilon), {"momentum": m, "velocity": v}
