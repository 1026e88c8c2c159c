"""`Loss`: one number per sample, then weighted and reduced to one number for the batch.

A loss says only how a sample's value is computed (`call`); weights, masks and reduction are here.
Read `mean_squared_error.py` next: the smallest loss. The rules for shapes are in `weighting.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from babytf import check, config, dtype_policies
from babytf.engine import Tensor, convert, scope, tree
from babytf.errors import explain
from babytf.losses.weighting import (
    REDUCTIONS,
    keras_mask,
    per_sample,
    present,
    reduce_weighted_values,
    squeeze_or_expand_to_same_rank,
)
from babytf.naming import auto_name
from babytf.serialization import Configurable, deserialize_keras_object, serialize_keras_object


class Loss(Configurable):
    r"""Base class of losses.

    $$ L = \frac{1}{n} \sum_{i=1}^{n} w_i \, \ell_i $$

    with the values $\ell_i$ from `call` and $w_i = 1$ without sample weights. That is
    `reduction="sum_over_batch_size"`, which divides by the number of values $n$, not by the sum of weights.

    Args:
        name: Name of the loss; the class name in snake case by default.
        reduction: `"sum_over_batch_size"` or `"mean"` (above), `"sum"` ($\sum w_i \ell_i$),
            `"mean_with_sample_weight"` ($\sum w_i \ell_i / \sum w_i$), `"none"` or `None` (all $w_i \ell_i$).
        dtype: Dtype to compute in; `floatx()` by default.

    Raises:
        ValueError: If `reduction` is none of these.

    Example:
        >>> class Cubed(Loss):
        ...     def call(self, y_true, y_pred):  # (B, F), (B, F) -> (B,)
        ...         return babytf.ops.mean(abs(y_pred - y_true) ** 3, axis=-1)
        >>> Cubed()([[0.0], [0.0]], [[1.0], [2.0]]).item()
        4.5
    """

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None):
        self.name = name or auto_name(type(self).__name__)
        self.reduction = check.one_of(self, REDUCTIONS, reduction=reduction)
        self._dtype = dtype_policies.get(dtype or config.floatx()).compute_dtype

    @property
    def dtype(self) -> str:
        """The dtype it computes in."""
        return self._dtype

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The value of each sample.

        Args:
            y_true: Targets, `(B, ...)`.
            y_pred: Predictions, `(B, ...)`.

        Returns:
            `(B,)`, or more values per sample.
        """
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} does not say how it is computed.",
                got=f"{type(self).__name__}.call is not defined",
                fix="define call(self, y_true, y_pred) to return one value per sample",
            )
        )

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The loss of a batch.

        Args:
            y_true: Targets, `(B, ...)`; or a nest of them if `call` takes one.
            y_pred: Predictions, likewise.
            sample_weight: One weight per sample, `(B,)`, or any shape that broadcasts with what `call` returns.

        Returns:
            A scalar; with no reduction, the weighted values.

        Raises:
            ShapeError: If shapes do not fit.
            TypeError: If `call` does not return numbers.
        """
        mask = keras_mask(y_pred)
        y_true = _map_arrays(self.convert_target, present(self._who, y_true))
        y_pred = _map_arrays(lambda x: convert(x, self.dtype), y_pred)
        with scope(self.name, type(self).__name__):
            values = self.call(y_true, y_pred)
            own_mask = keras_mask(values)
            if own_mask is not None:
                mask = own_mask if mask is None else mask & own_mask
            values = per_sample(self._who, values, self.dtype)
            return reduce_weighted_values(values, sample_weight, mask, self.reduction, self.dtype, self._who)

    def convert_target(self, y_true: Any) -> Tensor:
        """The target as `call` takes it: cast to the loss's dtype."""
        return convert(y_true, self.dtype)

    def check_targets(self, y_true: np.ndarray, output_shape: tuple[int | None, ...]) -> None:
        """Look at the values of targets once, before training: a program that runs does not.

        Args:
            y_true: Targets.
            output_shape: Shape of the output they belong to.

        Raises:
            ValueError: If a value cannot be a target of this loss.
        """

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, `name` and `reduction` first.

        Keras never writes `dtype`; it is written where it is not `floatx()`, so that it is not lost.
        """
        written = {"name": self.name, "reduction": self.reduction, **super().get_config()}
        if self.dtype == config.floatx():
            written.pop("dtype", None)
        return written

    @property
    def _who(self) -> str:
        return f"{type(self).__name__} {self.name!r}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name!r}, reduction={self.reduction!r}>"


def _map_arrays(function: Callable[[Any], Tensor], y: Any) -> Any:
    """Apply a function to the arrays of a nest; nested lists of plain numbers are one array."""
    if not isinstance(y, (list, tuple, dict)):
        return function(y)
    leaves = tree.flatten(y)
    if not isinstance(y, dict) and all(isinstance(leaf, (bool, int, float, np.number, np.bool_)) for leaf in leaves):
        return function(y)
    return tree.map_structure(function, y)


class LossFunctionWrapper(Loss):
    """A loss made of a function.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, which returns one value per sample. A scalar will do where there are
            no weights to apply.
        reduction: As for `Loss`.
        name: Name of the loss.
        dtype: Dtype to compute in.
        **kwargs: Passed on to `fn`.
    """

    def __init__(
        self,
        fn: Callable[..., Any],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if isinstance(y_true, Tensor) and isinstance(y_pred, Tensor):
            y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """The function, and what is passed on to it."""
        return super().get_config() | serialize_keras_object({"fn": self.fn, **self._fn_kwargs})

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LossFunctionWrapper:
        """Make the loss that `get_config` described."""
        return cls(**deserialize_keras_object(config, module="keras.losses"))

    @property
    def _who(self) -> str:
        return f"loss {self.name!r}"
