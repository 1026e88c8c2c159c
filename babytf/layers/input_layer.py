"""`Input`, the shape of the data a model is for, and `InputLayer`, which holds it in the model's list of layers."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from babytf import config
from babytf.engine import dtypes
from babytf.errors import ShapeError, explain
from babytf.layers.layer import Layer
from babytf.layers.symbolic import KerasTensor, Node, refuse_sparse, standardize_shape


class InputLayer(Layer):
    """The beginning of a model: shape and dtype of its input. Usually made by `Input`.

    Args:
        shape: Shape of a sample, `None` where a size may vary.
        batch_size: Number of samples in a batch, if it is fixed.
        dtype: Dtype that input is cast to; `floatx()` by default.
        sparse: Must be false: there are no sparse arrays.
        ragged: Must be false: there are no ragged arrays.
        batch_shape: Shape of a batch, in place of `shape` and `batch_size`.
        input_tensor: A KerasTensor to take shape and dtype from.
        optional: Whether the input may be `None`.
        name: Name; `input_layer`, `input_layer_1`, … by default.
        **kwargs: `input_shape` and `batch_input_shape`, the older names of `shape` and `batch_shape`.

    Output shape:
        `batch_shape`

    Raises:
        ValueError: If there is no shape, or two of them.
        ShapeError: If `input_tensor` differs from what is given beside it.

    Example:
        >>> InputLayer((28, 28)).batch_shape
        (None, 28, 28)
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if "input_shape" in kwargs:
            warnings.warn("InputLayer: `input_shape` is the older name of `shape`.", stacklevel=2)
            shape = kwargs.pop("input_shape")
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, **kwargs)
        refuse_sparse(f"InputLayer '{self.name}'", sparse=sparse, ragged=ragged)
        if batch_shape is not None and (shape is not None or batch_size is not None):
            given = {"shape": shape, "batch_size": batch_size, "batch_shape": batch_shape}
            raise self._bad_shape("is given its shape twice", **given)
        if shape is not None:
            batch_shape = (batch_size, *standardize_shape(shape))
        if input_tensor is not None:
            batch_shape, dtype = self._as_tensor(input_tensor, shape, batch_size, batch_shape, dtype)
        if batch_shape is None:
            raise self._bad_shape("needs a shape", shape=None)
        self.batch_shape = standardize_shape(batch_shape)
        self._dtype = dtypes.standardize(config.floatx() if dtype is None else dtype).name
        self.sparse = False
        self.ragged = False
        self.optional = bool(optional)
        self._tensor = KerasTensor(self.batch_shape, self._dtype, name=name) if input_tensor is None else input_tensor
        Node(self, (), {}, self._tensor)
        self._built_from_start()

    def _bad_shape(self, problem: str, **given: Any) -> ValueError:
        return ValueError(
            explain(
                f"InputLayer '{self.name}' {problem}.",
                got=", ".join(f"{k}={v!r}" for k, v in given.items() if v is not None or len(given) == 1),
                expected="`shape` (with or without `batch_size`), or `batch_shape`",
                fix="Input((784,)) for samples of 784 features",
            )
        )

    def _as_tensor(self, tensor: Any, shape: Any, batch_size: Any, batch_shape: Any, dtype: Any) -> tuple[Any, str]:
        if not isinstance(tensor, KerasTensor):
            raise ValueError(
                explain(f"InputLayer '{self.name}': bad `input_tensor`.", got=repr(tensor), expected="a KerasTensor")
            )
        for name, value, own in (
            ("shape", None if shape is None else standardize_shape(shape), tensor.shape[1:]),
            ("batch_size", batch_size, tensor.shape[0] if tensor.shape else None),
            ("batch_shape", None if shape is not None or batch_shape is None else tuple(batch_shape), tensor.shape),
            ("dtype", dtype, tensor.dtype),
        ):
            if value is not None and value != own:
                raise ShapeError(
                    explain(
                        f"InputLayer '{self.name}': `{name}` differs from that of `input_tensor`.",
                        got=f"{name}={value!r}",
                        expected=repr(own),
                        fix=f"leave `{name}` out",
                    )
                )
        return tensor.shape, tensor.dtype

    @property
    def dtype(self) -> str:
        """The dtype that input is cast to."""
        return self._dtype

    def call(self) -> None:
        """Nothing: the input comes from outside."""

    def get_config(self) -> dict[str, Any]:
        """Shape, dtype and name; the batch is part of the shape."""
        names = ("batch_shape", "dtype", "sparse", "ragged", "name", "optional")
        return {name: getattr(self, name) for name in names}


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: KerasTensor | None = None,
    optional: bool = False,
) -> KerasTensor:
    """The shape of the data a model is for; first in a `Sequential`.

    Args:
        shape: Shape of a sample, `None` where a size may vary.
        batch_size: Number of samples in a batch, if it is fixed.
        dtype: Dtype that input is cast to; `floatx()` by default.
        sparse: Must be false: there are no sparse arrays.
        ragged: Must be false: there are no ragged arrays.
        batch_shape: Shape of a batch, in place of `shape` and `batch_size`.
        name: Name of the layer.
        tensor: A KerasTensor to take shape and dtype from.
        optional: Whether the input may be `None`.

    Returns:
        A KerasTensor: shape and dtype without values.

    Raises:
        ValueError: If there is no shape, or two of them.

    Example:
        >>> Input((28, 28), name="pixels").shape
        (None, 28, 28)
    """
    return InputLayer(
        shape=shape,
        batch_size=batch_size,
        dtype=dtype,
        sparse=sparse,
        ragged=ragged,
        batch_shape=batch_shape,
        input_tensor=tensor,
        optional=optional,
        name=name,
    ).output
