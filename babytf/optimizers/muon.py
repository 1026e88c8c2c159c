r"""Muon: matrices take steps of which all directions are equally long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from babytf import check, ops
from babytf.engine import Tensor, Variable
from babytf.optimizers.base import Optimizer


class Muon(Optimizer):
    r"""Momentum, made orthogonal, for matrices; AdamW for all else.

    $$ m \leftarrow \mu m + g, \qquad u = \mu m + g \;\text{ (with `nesterov`; otherwise } u = m) $$

    $$ w \leftarrow w - \eta\,\rho \sqrt{\max(\text{rows}, \text{columns})}\; \text{orthogonal}(u) $$

    `orthogonal` brings all singular values near 1 by steps of a Newton-Schulz iteration, which needs
    products of matrices only. From $X = u / \lVert u \rVert$, on the side that makes $X X^\top$ the smaller:

    $$ A = X X^\top, \qquad X \leftarrow a X + (b A + c A^2) X $$

    Weights that do not have two axes, embeddings, and those excluded are updated as by `Adam`, with the rate
    times `adam_lr_ratio`.

    Args:
        learning_rate: $\eta$: a number, a schedule or a callable.
        adam_beta_1: $\beta_1$ in [0, 1] of `Adam`.
        adam_beta_2: $\beta_2$ in [0, 1] of `Adam`.
        adam_weight_decay: Weight decay of the weights updated as by `Adam`; `None` for none.
        epsilon: $\epsilon$ of `Adam`.
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
        exclude_layers: Patterns; weights with one of them in their path are updated as by `Adam`.
        exclude_embeddings: Whether weights with "embedding" in their path are.
        muon_a: $a$.
        muon_b: $b$.
        muon_c: $c$.
        adam_lr_ratio: The rate of weights updated as by `Adam`, in units of $\eta$.
        momentum: $\mu$ in [0, 1].
        ns_steps: Steps of the iteration.
        nesterov: Whether to look ahead.
        rms_rate: $\rho$, the root mean square of a step in units of $\eta$; `None` leaves the factor with the root out.

    Raises:
        ValueError: If an argument is out of its range.

    Source:
        Jordan et al. (2024), Muon; the factor $\rho \sqrt{\max}$: Liu et al. (2025), eq. 4.

    Example:
        >>> from babytf import Variable
        >>> w = Variable(np.zeros((2, 2)))
        >>> Muon(learning_rate=1.0, rms_rate=None).apply([np.diag([5.0, 3.0])], [w])
        >>> bool(np.all(np.abs(np.diag(w) + 1) < 0.4))          # near -1 along both
        True
    """

    elementwise = False

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
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
        self.adam_beta_1 = check.fraction(self, adam_beta_1=adam_beta_1)
        self.adam_beta_2 = check.fraction(self, adam_beta_2=adam_beta_2)
        self.adam_weight_decay = (
            None if adam_weight_decay is None else check.non_negative(self, adam_weight_decay=adam_weight_decay)
        )
        self.epsilon = check.non_negative(self, epsilon=epsilon)
        self.exclude_layers = list(exclude_layers or ())
        self.exclude_embeddings = check.boolean(self, exclude_embeddings=exclude_embeddings)
        self.muon_a = check.number(self, muon_a=muon_a)
        self.muon_b = check.number(self, muon_b=muon_b)
        self.muon_c = check.number(self, muon_c=muon_c)
        self.adam_lr_ratio = check.non_negative(self, adam_lr_ratio=adam_lr_ratio)
        self.momentum = check.fraction(self, momentum=momentum)
        self.ns_steps = check.non_negative_int(self, ns_steps=ns_steps)
        self.nesterov = check.boolean(self, nesterov=nesterov)
        self.rms_rate = None if rms_rate is None else check.non_negative(self, rms_rate=rms_rate)

    def _is_for_adam(self, variable: Variable) -> bool:
        path = variable.path
        return (
            variable.ndim != 2
            or (self.exclude_embeddings and "embedding" in path.lower())
            or any(re.search(pattern, path) for pattern in self.exclude_layers)
        )

    def _make_slots(self) -> None:
        for block in self._blocks:
            self._add_slot(block, "momentum")
            if self._is_for_adam(block.variable):
                self._add_slot(block, "velocity")

    def _decay_of(self, variable: Variable) -> float | None:
        return self.adam_weight_decay if self._is_for_adam(variable) else self.weight_decay

    def update(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """The formulas above; a weight with a velocity is for `Adam`'s."""
        if "velocity" in slots:
            return self._adam(w, g, slots, learning_rate * self.adam_lr_ratio, t)
        m = slots["momentum"]
        m = m + (g + m * (self.momentum - 1))
        u = self._orthogonal(g + self.momentum * m if self.nesterov else m)
        step = learning_rate * u
        if self.rms_rate is not None:
            step = step * (max(w.shape) ** 0.5 * self.rms_rate)
        return w - step, {"momentum": m}

    def _adam(
        self, w: Tensor, g: Tensor, slots: dict[str, Tensor], learning_rate: Tensor, t: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """`Adam.update`, without amsgrad."""
        m, v = slots["momentum"], slots["velocity"]
        m = m + (g - m) * (1 - self.adam_beta_1)
        v = v + (ops.square(g) - v) * (1 - self.adam_beta_2)
        alpha = learning_rate * ops.sqrt(1 - self.adam_beta_2**t) / (1 - self.adam_beta_1**t)
        return w - m * alpha / (ops.sqrt(v) + self.epsilon), {"momentum": m, "velocity": v}

    def _orthogonal(self, x: Tensor) -> Tensor:
        """A matrix of the same singular vectors, its singular values near 1."""
        a, b, c = self.muon_a, self.muon_b, self.muon_c
        tall = x.shape[0] > x.shape[1]
        x = ops.transpose(x) if tall else x
        x = x / (ops.sqrt(ops.sum(ops.square(x))) + 1e-7)
        for _ in range(self.ns_steps):
            gram = x @ ops.transpose(x)
            x = a * x + (b * gram + (c * gram) @ gram) @ x
        return ops.transpose(x) if tall else x
