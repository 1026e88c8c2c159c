r"""AdamW: Adam with weight decay."""

from __future__ import annotations

from typing import Any

from babytf.errors import explain
from babytf.optimizers.adam import Adam


class AdamW(Adam):
    r"""`Adam`, after each weight has been drawn towards 0 a little.

    $$ w \leftarrow w - \eta\,\lambda\,w, \qquad \text{then Adam's step} $$

    Unlike a penalty in the loss, the decay is not divided by the size of gradients.

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        weight_decay: $\lambda$, at least 0; see also `exclude_from_weight_decay`.
        beta_1: $\beta_1$ in [0, 1], how slowly the mean of gradients forgets.
        beta_2: $\beta_2$ in [0, 1], how slowly the mean of squares forgets.
        epsilon: $\epsilon$, which keeps the division finite.
        amsgrad: Whether step sizes may never grow again.
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
        Loshchilov & Hutter (2019), algorithm 2.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> AdamW(learning_rate=0.1, weight_decay=0.5).apply([2.0], [w])      # 1 - 0.05 - 0.1
        >>> round(float(w), 5)
        0.85
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            amsgrad=amsgrad,
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
        if self.weight_decay is None:
            raise ValueError(
                explain(
                    f"{self._label}: bad `weight_decay`.",
                    got="weight_decay=None",
                    expected="a number of at least 0",
                    fix="use Adam, which decays nothing",
                )
            )
