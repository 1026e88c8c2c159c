r"""Stochastic gradient descent: a step against the gradient. Read `rmsprop.py` and `adam.py` next."""

from __future__ import annotations

from typing import Any

from babytf import check
from babytf.engine import Tensor
from babytf.optimizers.base import Optimizer


class SGD(Optimizer):
    r"""Gradient descent, with momentum if asked for.

    Without momentum:

    $$ w \leftarrow w - \eta g $$

    With momentum $\mu$:

    $$ m \leftarrow \mu m - \eta g, \qquad w \leftarrow w + m $$

    and with `nesterov`, $w \leftarrow w + \mu m - \eta g$ instead.

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        momentum: $\mu$ in [0, 1].
        nesterov: Whether to look ahead (Nesterov's momentum).
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
        ValueError: If `momentum` is not in [0, 1], or an argument of `Optimizer` is out of its range.

    Source:
        Polyak (1964), eq. 9; Sutskever, Martens, Dahl & Hinton (2013), eq. 3 and 4 in Keras's rearranged form.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> SGD(learning_rate=0.1).apply([2.0], [w])
        >>> round(float(w), 6)
        0.8
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        self.momentum = float(check.fraction(self, momentum=momentum))
        self.nesterov = check.boolean(self, nesterov=nesterov)
        self.slots = ("momentum",) if self.momentum else ()

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        step = learning_rate * g
        if not self.momentum:
            return w - step, {}
        m = self.momentum * slots["momentum"] - step
        if self.nesterov:
            return w + (self.momentum * m - step), {"momentum": m}
        return w + m, {"momentum": m}
