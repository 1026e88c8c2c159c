"""Sums, products, averages and extremes of several tensors, element by element. Next: `concatenate.py`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from babytf import ops
from babytf.layers.merge import Merge
from babytf.layers.symbolic import attach_mask


class Add(Merge):
    r"""Sum of the inputs.

    $$ y = \sum_i x_i $$

    Args:
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of shapes that broadcast.

    Output shape:
        The shape they broadcast to.

    Raises:
        ShapeError: If the input is not a list, or the shapes do not go together.

    Example:
        >>> Add()([np.ones((1, 2)), np.array([[3.0, 4.0]])])
        Tensor([[4. 5.]], shape=(1, 2), dtype=float32)
    """

    def _combine(self, inputs: Sequence[Any]) -> Any:
        y = inputs[0]
        for x in inputs[1:]:
            y = y + x
        return y


class Subtract(Merge):
    r"""Difference of two inputs.

    $$ y = x_1 - x_2 $$

    Args:
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of two shapes that broadcast.

    Output shape:
        The shape they broadcast to.

    Raises:
        ShapeError: If there are not two inputs, or their shapes do not go together.

    Example:
        >>> Subtract()([np.ones((1, 2)), np.array([[3.0, 4.0]])])
        Tensor([[-2. -3.]], shape=(1, 2), dtype=float32)
    """

    _two = True

    def _combine(self, inputs: Sequence[Any]) -> Any:
        return inputs[0] - inputs[1]


class Multiply(Merge):
    r"""Product of the inputs; a masked step counts as 1.

    $$ y = \prod_i x_i $$

    Args:
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of shapes that broadcast.

    Output shape:
        The shape they broadcast to.

    Raises:
        ShapeError: If the input is not a list, or the shapes do not go together.

    Example:
        >>> Multiply()([np.array([[2.0, 2.0]]), np.array([[3.0, 4.0]])])
        Tensor([[6. 8.]], shape=(1, 2), dtype=float32)
    """

    def _combine(self, inputs: Sequence[Any]) -> Any:
        masks = [_mask_of(x) for x in inputs]
        y: Any = None
        for x, mask in zip(inputs, masks, strict=True):
            x = x if mask is None else ops.where(mask, x, ops.cast(1, x.dtype))
            y = x if y is None else y * x
        if any(mask is None for mask in masks):
            return y
        mask = masks[0]
        for other in masks[1:]:
            mask = ops.logical_or(mask, other)
        return attach_mask(ops.where(mask, y, ops.cast(0, y.dtype)), ops.any(mask, axis=-1))


class Average(Merge):
    r"""Mean of the inputs.

    $$ y = \tfrac{1}{n} \sum_i x_i $$

    Args:
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of shapes that broadcast.

    Output shape:
        The shape they broadcast to.

    Raises:
        ShapeError: If the input is not a list, or the shapes do not go together.

    Example:
        >>> Average()([np.ones((1, 2)), np.array([[3.0, 4.0]])])
        Tensor([[2.  2.5]], shape=(1, 2), dtype=float32)
    """

    def _combine(self, inputs: Sequence[Any]) -> Any:
        y = inputs[0]
        for x in inputs[1:]:
            y = y + x
        return y / len(inputs)


class _Extreme(Merge):
    """An operation on two tensors, over all inputs; masked steps do not take part."""

    _operation: Callable[[Any, Any], Any]

    def _combine(self, inputs: Sequence[Any]) -> Any:
        y = inputs[0]
        found = _mask_of(y)
        for x in inputs[1:]:
            mask = _mask_of(x)
            x = x if mask is None else ops.where(mask, x, y)
            y = y if found is None else ops.where(found, y, x)
            found = None if mask is None or found is None else ops.logical_or(found, mask)
            y = type(self)._operation(y, x)
        return y if found is None else attach_mask(y, ops.any(found, axis=-1))


class Maximum(_Extreme):
    r"""The largest of the inputs, element by element; masked steps do not take part.

    $$ y = \max_i x_i $$

    Args:
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of shapes that broadcast.

    Output shape:
        The shape they broadcast to.

    Raises:
        ShapeError: If the input is not a list, or the shapes do not go together.

    Example:
        >>> Maximum()([np.array([[2.0, 5.0]]), np.array([[3.0, 4.0]])])
        Tensor([[3. 5.]], shape=(1, 2), dtype=float32)
    """

    _operation = staticmethod(ops.maximum)


class Minimum(_Extreme):
    r"""The smallest of the inputs, element by element; masked steps do not take part.

    $$ y = \min_i x_i $$

    Args:
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        A list of shapes that broadcast.

    Output shape:
        The shape they broadcast to.

    Raises:
        ShapeError: If the input is not a list, or the shapes do not go together.

    Example:
        >>> Minimum()([np.array([[2.0, 5.0]]), np.array([[3.0, 4.0]])])
        Tensor([[2. 4.]], shape=(1, 2), dtype=float32)
    """

    _operation = staticmethod(ops.minimum)


def _mask_of(x: Any) -> Any:
    """The mask of the steps, repeated for each element; `None` if there is none."""
    mask = getattr(x, "_keras_mask", None)
    return None if mask is None else ops.broadcast_to(ops.expand_dims(mask, -1), x.shape)


def add(inputs: Any, **kwargs: Any) -> Any:
    """Sum of the inputs: `Add(**kwargs)(inputs)`.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer.
    """
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """Difference of two inputs: `Subtract(**kwargs)(inputs)`.

    Args:
        inputs: A list of two tensors.
        **kwargs: Arguments of the layer.
    """
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """Product of the inputs: `Multiply(**kwargs)(inputs)`.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer.
    """
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """Mean of the inputs: `Average(**kwargs)(inputs)`.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer.
    """
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """Largest of the inputs: `Maximum(**kwargs)(inputs)`.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer.
    """
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """Smallest of the inputs: `Minimum(**kwargs)(inputs)`.

    Args:
        inputs: A list of tensors.
        **kwargs: Arguments of the layer.
    """
    return Minimum(**kwargs)(inputs)
