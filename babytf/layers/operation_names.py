"""How files name operations in a model's graph: by the classes that Keras has for them.

A row is `function`, or `function=Class` where the class is not the function's name in camel case, with the
arguments that belong to the configuration in parentheses; the others are arguments of the call. Next: `operation.py`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from babytf import activations, ops

TABLE = {
    "ops.numpy": """
        absolute add all(axis keepdims) allclose=AllClose(rtol atol equal_nan) amax(axis keepdims) amin(axis keepdims)
        any(axis keepdims) arange(dtype) arccos arccosh arcsin arcsinh arctan arctan2 arctanh argmax(axis keepdims)
        argmin(axis keepdims) argsort(axis) array(dtype) array_split(indices_or_sections axis) average(axis)
        bitwise_and bitwise_invert bitwise_or bitwise_xor broadcast_to(shape) cbrt ceil clip(x_min x_max)
        concatenate(axis) copy cos cosh count_nonzero(axis) cumprod(axis dtype) cumsum(axis dtype) diag(k)
        diagonal(offset axis1 axis2) divide divide_no_nan dot einsum(subscripts) empty_like(dtype) equal exp exp2
        expand_dims(axis) expm1 flip(axis) floor floor_divide full(shape dtype) full_like(dtype) get_item greater
        greater_equal hstack inner isclose(equal_nan) isfinite isinf isnan less less_equal
        linspace(num endpoint retstep dtype axis) log log10 log1p log2 logaddexp logical_and logical_not logical_or
        logical_xor matmul max(axis keepdims initial) maximum mean(axis keepdims) median(axis keepdims)
        meshgrid(indexing) min(axis keepdims initial) minimum mod moveaxis(source destination) multiply
        nan_to_num(nan posinf neginf) negative nonzero not_equal ones_like(dtype) outer pad(pad_width mode) power
        prod(axis keepdims dtype) ravel reciprocal repeat(repeats axis) reshape(newshape) roll(shift axis)
        round(decimals) sign sin sinh sort(axis) split(indices_or_sections axis) sqrt square squeeze(axis) stack(axis)
        std(axis keepdims) subtract sum(axis keepdims) swapaxes(axis1 axis2) take(axis) take_along_axis(axis) tan tanh
        tensordot(axes) tile(repeats) trace(offset axis1 axis2) transpose(axes) tril(k) triu(k) true_divide trunc
        var(axis keepdims) vdot vstack where zeros_like(dtype)
    """,
    "ops.nn": """
        binary_crossentropy(from_logits) categorical_crossentropy(from_logits axis) celu(alpha)
        ctc_loss=CTCLoss(mask_index) elu(alpha) gelu(approximate) glu(axis) hard_shrink(threshold) hard_sigmoid
        hard_silu hard_tanh leaky_relu(negative_slope) log_sigmoid log_softmax(axis) moments(axes keepdims synchronized)
        normalize(axis order epsilon) one_hot(num_classes axis dtype sparse) relu relu6 selu sigmoid silu
        soft_shrink(threshold) softmax(axis) softplus softsign sparse_categorical_crossentropy(from_logits axis)
        sparse_plus sparse_sigmoid squareplus(b) tanh_shrink threshold(threshold default_value)
    """,
    "ops.math": """
        erf in_top_k(k) logsumexp(axis keepdims) rsqrt segment_sum(num_segments sorted) top_k(k sorted)
    """,
    "ops.core": """
        cast(dtype) convert_to_tensor(dtype sparse ragged) scatter(shape) scatter_update slice(shape) slice_update
        stop_gradient unstack(num axis)
    """,
    "ops.linalg": "norm(ord axis keepdims)",
    "activations.activations": "mish relu=ReLU(negative_slope max_value threshold)",
}

ALIASES = {"abs": "absolute", "hard_swish": "hard_silu", "swish": "silu"}


class Row:
    """How files know one operation.

    Args:
        module: The module of Keras.
        class_name: The class in it.
        function: The operation.
        constants: Names of the arguments that are part of the configuration.
    """

    __slots__ = ("class_name", "constants", "function", "module")

    def __init__(self, module: str, class_name: str, function: Callable[..., Any], constants: tuple[str, ...]) -> None:
        self.module = module
        self.class_name = class_name
        self.function = function
        self.constants = constants


_by_function: dict[str, Row] = {}
_by_class: dict[tuple[str, str], Row] = {}


def _rows() -> Iterator[tuple[str, Row]]:
    for place, text in TABLE.items():
        family: Any = activations if place.startswith("activations") else ops
        for name, class_name, constants in re.findall(r"(\w+)(?:=(\w+))?(?:\(([^)]*)\))?", text):
            function = getattr(family, name)
            class_name = class_name or "".join(part.capitalize() for part in name.split("_"))
            yield name, Row(f"keras.src.{place}", class_name, function, tuple(constants.split()))


def _read_table() -> None:
    for name, row in _rows():
        _by_class[row.module, row.class_name] = row
        if row.module.startswith("keras.src.ops."):
            _by_function[name] = row


def row_of(function: Callable[..., Any]) -> Row | None:
    """The row of an operation of `babytf.ops`; `None` if files have no name for it."""
    if not _by_function:
        _read_table()
    name = function.__name__
    return _by_function.get(ALIASES.get(name, name))


def row_named(module: str, class_name: str) -> Row | None:
    """The row of a class of Keras; `None` if it is unknown."""
    if not _by_function:
        _read_table()
    return _by_class.get((module, class_name))
