r"""Adafactor: Adam's mean of squares from its rows' and columns' means alone, to save memory."""

from __future__ import annotations

from typing import Any

from babytf import check, ops
from babytf.engine import Tensor
from babytf.optimizers.base import Optimizer


class Adafactor(Optimizer):
    r"""Keeps, for each matrix, the mean square of each row and of each column in place of each element.

    The rate follows the size of the weights. With $\text{rms}(x)$ the root mean square of an array and
    $\beta_{2t} = 1 - t^{\gamma}$:

    $$ \rho_t = \min(\eta, 1/\sqrt t), \qquad \alpha_t = \max(\epsilon_2, \text{rms}(w))\,\rho_t $$

    $$ r \leftarrow \beta_{2t} r + (1 - \beta_{2t})\,\text{mean}_{\text{columns}}(g^2 + \epsilon_1), \qquad
       c \leftarrow \beta_{2t} c + (1 - \beta_{2t})\,\text{mean}_{\text{rows}}(g^2 + \epsilon_1) $$

    $$ v_{ij} = \frac{r_i\,c_j}{\text{mean}(r)}, \qquad u = \frac{g}{\sqrt v}, \qquad
       w \leftarrow w - \alpha_t\,\frac{u}{\max(1, \text{rms}(u) / d)} $$

    Of an array with more than two axes the last two are rows and columns. A vector keeps
    $v \leftarrow \beta_{2t} v + (1 - \beta_{2t})(g^2 + \epsilon_1)$ itself.

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        beta_2_decay: $\gamma$, below 0: how fast the averages come to forget slowly.
        epsilon_1: $\epsilon_1$, at least 0, which keeps the division finite.
        epsilon_2: $\epsilon_2$, at least 0: weights smaller than this are taken to be of this size.
        clip_threshold: $d$, above 0: steps with a larger root mean square are scaled down to it.
        relative_step: Whether a constant rate is bounded by $1/\sqrt t$. As in Keras, $\rho_t$ has that bound in
            any case, so this changes nothing.
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
        Shazeer & Stern (2018), algorithms 4 and 5.

    Example:
        >>> from babytf import Variable
        >>> w = Variable([[3.0, 3.0], [3.0, 3.0]])
        >>> Adafactor(learning_rate=0.1).apply([[[2.0, 2.0], [2.0, 2.0]]], [w])     # 0.1 rms(w) sign(g)
        >>> bool(np.all(np.abs(w - 2.7) < 1e-6))
        True
    """

    elementwise = False

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        self.beta_2_decay = check.number(self, beta_2_decay=beta_2_decay)
        self.epsilon_1 = check.non_negative(self, epsilon_1=epsilon_1)
        self.epsilon_2 = check.non_negative(self, epsilon_2=epsilon_2)
        self.clip_threshold = check.positive(self, clip_threshold=clip_threshold)
        self.relative_step = check.boolean(self, relative_step=relative_step)

    def _make_slots(self) -> None:
        for block in self._blocks:
            v = block.variable
            rows, columns = (v.shape[:-1], (*v.shape[:-2], v.shape[-1])) if v.ndim >= 2 else ((), ())
            self._add_slot(block, "r", rows, label=v.name)  # scalars, never used, for vectors: files have them
            self._add_slot(block, "c", columns, label=v.name)
            self._add_slot(block, "velocity")

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formula above."""
        rho = ops.minimum(learning_rate, 1 / ops.sqrt(t))
        alpha = ops.maximum(_rms(w), self.epsilon_2) * rho
        beta = 1 - t**self.beta_2_decay
        square = ops.square(g) + self.epsilon_1
        new = {}
        if w.ndim >= 2:
            new["r"] = r = beta * slots["r"] + (1 - beta) * ops.mean(square, axis=-1)
            new["c"] = c = beta * slots["c"] + (1 - beta) * ops.mean(square, axis=-2)
            share = r / ops.mean(r, axis=-1, keepdims=True)
            v = ops.expand_dims(share, -1) * ops.expand_dims(c, -2)  # (..., rows, 1) * (..., 1, columns)
        else:
            v = beta * slots["velocity"] + (1 - beta) * square
        new["velocity"] = v
        u = g / ops.sqrt(v)
        return w - alpha * (u / ops.maximum(_rms(u) / self.clip_threshold, 1.0)), new


def _rms(x: Tensor) -> Tensor:
    return ops.sqrt(ops.mean(ops.square(x)))
