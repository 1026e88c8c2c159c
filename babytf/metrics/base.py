"""`Metric`: a number that accumulates over batches.

Its state is in variables, so that updates can be part of the recorded training step. Read `mean.py` next.
"""

from __future__ import annotations

from typing import Any

from babytf import config, dtype_policies, initializers, ops
from babytf.engine import Variable, name_scope
from babytf.errors import explain
from babytf.limits import claim
from babytf.naming import auto_name
from babytf.serialization import Configurable


class Metric(Configurable):
    """Base class of metrics.

    Args:
        dtype: Dtype to accumulate in; `floatx()` by default.
        name: Name of the metric; the class name in snake case by default.

    Example:
        >>> class LargestError(Metric):
        ...     def __init__(self, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.largest = self.add_variable(shape=(), initializer="zeros", name="largest")
        ...
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.largest.assign(ops.maximum(self.largest, ops.max(ops.abs(y_true - y_pred))))
        ...
        ...     def result(self):
        ...         return self.largest.value
        >>> LargestError()(np.array([1.0, 2.0]), np.array([1.5, 4.0])).item()
        2.0
    """

    _direction: str | None = None
    """`"up"` if more is better, `"down"` if less is; callbacks that watch for the best value ask."""

    _variables: list[Variable]
    _metrics: list[Metric]

    def __init__(self, dtype: Any = None, name: str | None = None):
        object.__setattr__(self, "_variables", [])
        object.__setattr__(self, "_metrics", [])
        self.name = name or auto_name(type(self).__name__)
        self._dtype = dtype_policies.get(dtype or config.floatx()).compute_dtype

    @property
    def dtype(self) -> str:
        """The dtype it accumulates in."""
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """Its state, with that of the metrics it holds."""
        own = list(self._variables)
        for metric in self._metrics:
            own.extend(metric.variables)
        return own

    def add_variable(
        self, shape: Any, initializer: Any, dtype: Any = None, aggregation: str = "sum", name: str | None = None
    ) -> Variable:
        """Make a variable of the state.

        Args:
            shape: Its shape.
            initializer: Name, callable or value.
            dtype: Its dtype; `floatx()` by default.
            aggregation: Recorded; there is one replica.
            name: Its name.
        """
        self._check_started()
        claim(f"{type(self).__name__} '{self.name}'", tuple(shape) if isinstance(shape, (tuple, list)) else ())
        with name_scope(self.name.replace("/", ">")):
            variable = Variable(
                initializers.get(initializer),
                shape=shape,
                dtype=dtype,
                trainable=False,
                aggregation=aggregation,
                synchronization="on_read",
                name=name,
            )
        self._track(variable)
        return variable

    def add_weight(
        self, shape: Any = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Make a variable of the state: the older name of `add_variable`."""
        return self.add_variable(shape=shape, initializer=initializer or "zeros", dtype=dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> Any:
        """Take in a batch."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} does not say how it accumulates.", fix="define update_state(self, …)")
        )

    def result(self) -> Any:
        """The value so far: a scalar, or a dict of scalars."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} does not say what its result is.", fix="define result(self)")
        )

    def reset_state(self) -> None:
        """Start again: every variable becomes zero."""
        for variable in self.variables:
            variable.assign(ops.zeros(variable.shape, dtype=variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take in a batch and return the value so far."""
        self._check_started()
        self.update_state(*args, **kwargs)
        return self.result()

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Variable, Metric)):
            self._check_started()
            self._track(value)
        super().__setattr__(name, value)

    def _track(self, value: Variable | Metric) -> None:
        kept: list[Any] = self._variables if isinstance(value, Variable) else self._metrics
        if not any(value is one for one in kept):
            kept.append(value)

    def _check_started(self) -> None:
        if "_variables" not in self.__dict__:
            raise RuntimeError(
                explain(
                    f"{type(self).__name__}.__init__ did not call super().__init__().",
                    fix="call super().__init__(name=name, dtype=dtype) before anything else",
                )
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
