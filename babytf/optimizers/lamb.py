r"""LAMB: Adam, with each layer's step in proportion to the size of its weights."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.base import Optimizer


class Lamb(Optimizer):
    r"""Adam whose step, for each weight array, is scaled by the array's norm: made for large batches.

    $$ m \leftarrow m + (1 - \beta_1)(g - m), \qquad v \leftarrow v + (1 - \beta_2)(g^2 - v) $$

    $$ r = \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}, \qquad
       w \leftarrow w - \eta\,\frac{\lVert w \rVert}{\lVert r \rVert}\,r $$

    Where either norm is 0, their ratio counts as 1.

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
        You et al. (2020), algorithm 2, with weight decay before the step rather than in $r$, as in Keras.

    Example:
        >>> from babytf import Variable
        >>> w = Variable([3.0, 4.0])
        >>> Lamb(learning_rate=0.1).apply([[1.0, 1.0]], [w])          # a step of norm 0.1 * 5
        >>> [round(x, 4) for x in w.numpy().tolist()]
        [2.6464, 3.6464]
    """

    elementwise = False
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

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        m, v = slots["momentum"], slots["velocity"]
        m = m + (g - m) * (1 - self.beta_1)
        v = v + (ops.square(g) - v) * (1 - self.beta_2)
        r = m / (1 - self.beta_1**t) / (ops.sqrt(v / (1 - self.beta_2**t)) + self.epsilon)
        w_norm, r_norm = ops.sqrt(ops.sum(ops.square(w))), ops.sqrt(ops.sum(ops.square(r)))
        both = ops.logical_and(w_norm > 0, r_norm > 0)
        ratio = ops.where(both, w_norm / ops.where(both, r_norm, 1.0), 1.0)
        return w - ratio * learning_rate * r, {"momentum": m, "velocity": v}
