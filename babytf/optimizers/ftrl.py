r"""FTRL-Proximal: online learning that leaves weights at exactly 0."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.errors import explain
from babytf.optimizers.base import Optimizer


class Ftrl(Optimizer):
    r"""Follow the regularized leader: each weight solves its own small problem in closed form.

    With $p$ the learning rate power, $\lambda_1, \lambda_2$ the strengths, $\lambda_s$ that of shrinkage, and
    $\lambda_2' = \lambda_2 + \beta / 2\eta$:

    $$ n' = n + g^2, \qquad z \leftarrow z + g + 2 \lambda_s w - \frac{n'^{-p} - n^{-p}}{\eta}\,w,
       \qquad n \leftarrow n' $$

    $$ w \leftarrow \frac{\text{clip}(z, -\lambda_1, \lambda_1) - z}{n'^{-p} / \eta + 2 \lambda_2'} $$

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        learning_rate_power: $p$, at most 0: how the rate falls with the squares seen; 0 for a fixed rate.
        initial_accumulator_value: What $n$ starts at; at least 0.
        l1_regularization_strength: $\lambda_1$, at least 0: weights with $|z| \le \lambda_1$ are 0.
        l2_regularization_strength: $\lambda_2$, at least 0.
        l2_shrinkage_regularization_strength: $\lambda_s$, at least 0: a penalty on the size of weights.
        beta: $\beta$ of the paper.
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
        McMahan et al. (2013), algorithm 1; shrinkage as in TensorFlow.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(1.0)
        >>> Ftrl(learning_rate=0.1, l1_regularization_strength=20.0).apply([2.0], [w])
        >>> float(w)                                        # z = 2 - (sqrt(4.1) - sqrt(0.1)) / 0.1, about -15
        0.0
    """

    slots = (("accumulator", "linear"),)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        if check.number(self, learning_rate_power=learning_rate_power) > 0:
            raise ValueError(
                explain(
                    f"{self._label}: bad `learning_rate_power`.",
                    got=f"learning_rate_power={learning_rate_power!r}",
                    expected="a number of at most 0",
                    fix="learning_rate_power=-0.5, or 0.0 for a fixed rate",
                )
            )
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = check.non_negative(self, initial_accumulator_value=initial_accumulator_value)
        self.l1_regularization_strength = check.non_negative(
            self, l1_regularization_strength=l1_regularization_strength
        )
        self.l2_regularization_strength = check.non_negative(
            self, l2_regularization_strength=l2_regularization_strength
        )
        self.l2_shrinkage_regularization_strength = check.non_negative(
            self, l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength
        )
        self.beta = check.number(self, beta=beta)
        self.slot_values = {"accumulator": initial_accumulator_value}

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        n, z = slots["accumulator"], slots["linear"]
        l1, power = self.l1_regularization_strength, -self.learning_rate_power
        l2 = self.l2_regularization_strength + self.beta / (2 * learning_rate)
        new_n = n + ops.square(g)
        sigma = (new_n**power - n**power) / learning_rate
        z = z + (g + 2 * self.l2_shrinkage_regularization_strength * w - sigma * w)
        w = (ops.clip(z, -l1, l1) - z) / (new_n**power / learning_rate + 2 * l2)
        return w, {"accumulator": new_n, "linear": z}
