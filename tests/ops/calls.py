"""Calls of operations on small arrays: Keras's results are recorded, babytf's are held against them.

`python -m tests.record.ops` records; `test_against_keras.py` compares.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


def calls() -> Iterator[tuple[str, str, list[Any], dict[str, Any]]]:
    """Yield `(id, operation, arguments, keywords)`."""
    counts: dict[str, int] = {}
    for name, args, kwargs in _calls():
        counts[name] = counts.get(name, -1) + 1
        yield f"{name}-{counts[name]}", name, list(args), kwargs


def _calls() -> Iterator[tuple[str, tuple, dict[str, Any]]]:
    r = np.random.default_rng(0)

    def normal(*shape: int) -> np.ndarray:
        return r.normal(size=shape).astype("float32")

    x, y, m, v, square = normal(3, 4), normal(3, 4), normal(2, 3, 4), normal(4), normal(4, 4)
    positive = np.abs(x) + np.float32(0.1)
    k = r.integers(-5, 6, size=(3, 4)).astype("int32")
    columns = np.array([[2, 0, -1], [1, 3, 2]])

    # functions of one array
    for name in (
        "abs absolute negative sign square exp expm1 sin cos tan arctan sinh cosh tanh arcsinh floor ceil round "
        "trunc erf relu relu6 sigmoid silu swish softplus softsign elu selu gelu leaky_relu log_sigmoid hard_sigmoid "
        "hard_silu hard_swish hard_tanh squareplus sparse_plus sparse_sigmoid tanh_shrink hard_shrink soft_shrink celu "
        "softmax log_softmax glu isnan isinf isfinite ravel copy"
    ).split():
        yield name, (x * 3,), {}
    for name in "sqrt rsqrt log log1p log2 log10 reciprocal cbrt exp2".split():
        yield name, (positive,), {}
    for name in "arcsin arccos arctanh".split():
        yield name, (np.tanh(x),), {}
    yield "arccosh", (positive + 1,), {}
    yield "round", (x,), {"decimals": 1}
    yield "gelu", (x * 3,), {"approximate": False}
    yield "elu", (x,), {"alpha": 0.3}
    yield "leaky_relu", (x,), {"negative_slope": 0.1}
    yield "threshold", (x, 0.3, 7.0), {}
    yield "softmax", (m,), {"axis": (0, 2)}
    yield "log_softmax", (m,), {"axis": 0}
    wild = np.array([np.nan, np.inf, -np.inf, 1.0], "float32")
    for name in ("isnan", "isinf", "isfinite", "nan_to_num"):
        yield name, (wild,), {}
    yield "nan_to_num", (wild,), {"nan": 2.0, "posinf": 3.0, "neginf": 4.0}
    yield "logical_not", (k,), {}
    yield "bitwise_invert", (k,), {}
    yield "cast", (x, "int32"), {}

    # of two
    for name in (
        "add subtract multiply divide true_divide maximum minimum arctan2 logaddexp equal not_equal less less_equal "
        "greater greater_equal divide_no_nan mod floor_divide logical_and logical_or logical_xor outer inner vdot "
        "isclose allclose"
    ).split():
        yield name, (x, y), {}
    yield "divide_no_nan", (x, np.zeros_like(x)), {}
    for name, other in (("floor_divide", 3), ("mod", 3), ("mod", -3), ("power", 2), ("divide", 2)):
        yield name, (k, other), {}
    for exponent in (y, 2, 3, 0.5, -0.5, -1, 1, 0):
        yield "power", (positive, exponent), {}
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor"):
        yield name, (k, 3), {}
    yield "clip", (x, -0.5, 0.7), {}
    yield "where", (x > 0, x, y), {}
    yield "where", (x > 0, x, 0), {}
    yield "nonzero", (k,), {}

    # reductions
    for name in "sum mean var std max min prod any all argmax argmin logsumexp count_nonzero median amax amin".split():
        for axis in (None, 1, -1, (0, 2)):
            if not (isinstance(axis, tuple) and name in ("argmax", "argmin", "median")):
                yield name, (m,), {"axis": axis}
        if name != "count_nonzero":
            yield name, (m,), {"axis": 2, "keepdims": True}
    yield "norm", (m,), {}
    for order in (None, 1, 2, 3, 0, np.inf, -np.inf):
        yield "norm", (x,), {"ord": order, "axis": 1}
    for order in ("fro", 1, -1, np.inf, -np.inf):
        yield "norm", (x,), {"ord": order, "axis": (0, 1)}
        yield "norm", (x,), {"ord": order, "axis": (1, 0), "keepdims": True}
    yield "max", (x,), {"initial": 1.0}
    yield "average", (x,), {"axis": 1, "weights": v}
    yield "average", (x,), {"weights": positive}
    yield "normalize", (x,), {}
    yield "normalize", (x,), {"axis": 0, "order": 3}
    yield "moments", (x,), {"axes": [0]}
    yield "cumsum", (x,), {}
    yield "cumsum", (x,), {"axis": 1}
    yield "cumprod", (x,), {"axis": 0}

    # products
    for a, b in (
        ((3, 4), (4, 5)),
        ((4,), (4,)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4,)),
        ((4,), (2, 4, 5)),
        ((2, 1, 3, 4), (5, 4, 2)),
    ):
        left, right = normal(*a), normal(*b)
        yield "matmul", (left, right), {}
        yield "dot", (left, right), {}
    yield "tensordot", (m, normal(3, 4, 5)), {}
    yield "tensordot", (m, normal(4, 2, 5)), {"axes": [[2, 0], [0, 1]]}
    yield "tensordot", (x, y), {"axes": 0}
    for letters, *shapes in (
        ("ij,jk->ik", (3, 4), (4, 5)),
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
        ("ij,ij->i", (3, 4), (3, 4)),
        ("ii", (4, 4)),
        ("ii->i", (4, 4)),
        ("ij->ji", (3, 4)),
        ("...ij,...jk->...ik", (2, 3, 4), (2, 4, 5)),
        ("ij,jk,kl->il", (3, 4), (4, 5), (5, 2)),
        ("i,j->ij", (3,), (4,)),
        ("abc,cd->abd", (2, 3, 4), (4, 5)),
        ("bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)),
        ("bhqk,bkhd->bqhd", (2, 2, 3, 5), (2, 5, 2, 4)),
        ("ij,k->", (2, 3), (4,)),
        ("ij,jk", (3, 4), (4, 5)),
        ("...i,i->...", (2, 3, 4), (4,)),
        ("ab,ab,ab->ab", (2, 3), (2, 3), (2, 3)),
        ("iij,jk->ik", (3, 3, 4), (4, 2)),
        ("ab,bc,cd,de->ae", (2, 3), (3, 4), (4, 5), (5, 6)),
    ):
        yield "einsum", (letters, *[normal(*shape) for shape in shapes]), {}
    yield "triu", (square, 1), {}
    yield "tril", (m, -1), {}
    for offset in (0, 1, -2):
        yield "diag", (v, offset), {}
        yield "diag", (square, offset), {}
        yield "diagonal", (m, offset, 1, 2), {}
        yield "trace", (m,), {"offset": offset}

    # shapes and places
    yield "transpose", (m,), {}
    yield "transpose", (m,), {"axes": (1, 0, 2)}
    yield "swapaxes", (m, 0, -1), {}
    yield "moveaxis", (m, 0, -1), {}
    yield "moveaxis", (m, [0, 1], [-1, -2]), {}
    yield "reshape", (m, (4, -1)), {}
    yield "squeeze", (m[:1],), {}
    yield "squeeze", (m[:, :1],), {"axis": 1}
    yield "expand_dims", (x, 1), {}
    yield "expand_dims", (x, (0, -1)), {}
    yield "broadcast_to", (v, (3, 4)), {}
    yield "concatenate", ([x, y],), {"axis": 1}
    yield "concatenate", ([x, k],), {}
    yield "stack", ([x, y],), {"axis": -1}
    yield "hstack", ([x, y],), {}
    yield "vstack", ([v, v],), {}
    yield "unstack", (x,), {}
    yield "split", (x, 2), {"axis": 1}
    yield "split", (x, [1, 3]), {"axis": 1}
    yield "array_split", (v, 3), {}
    yield "pad", (x, 1), {}
    yield "pad", (x, ((1, 2), (0, 3))), {"constant_values": 2.0}
    yield "pad", (x, ((1, 2), (2, 3))), {"mode": "reflect"}
    yield "pad", (x, ((1, 2), (2, 3))), {"mode": "symmetric"}
    for times in (2, (2, 1, 3)):
        yield "tile", (x, times), {}
    yield "repeat", (x, 2), {}
    yield "repeat", (x, 2), {"axis": 1}
    yield "flip", (m,), {}
    yield "flip", (m,), {"axis": 1}
    for shift, axis in ((2, None), (1, 1), (-1, 0)):
        yield "roll", (x, shift), {"axis": axis}
    yield "meshgrid", (v, v[:2]), {}
    yield "meshgrid", (v, v[:2]), {"indexing": "ij"}

    # by position
    yield "take", (x, columns % 3), {"axis": 0}
    yield "take", (x, columns), {"axis": 1}
    yield "take", (x, np.array([5, 0])), {}
    yield "take", (x, 1), {"axis": 1}
    yield "take_along_axis", (x, np.argsort(x, axis=1)), {"axis": 1}
    yield "take_along_axis", (x, np.array([[0], [1], [2]])), {"axis": 1}
    yield "get_item", (x, 1), {}
    yield "get_item", (x, (slice(None), [0, 2])), {}
    yield "get_item", (x, (Ellipsis, None, -1)), {}
    yield "slice", (x, (1, 1), (2, 2)), {}
    yield "slice_update", (x, (1, 1), y[:2, :2]), {}
    yield "segment_sum", (x, np.array([0, 2, 0]), 4), {}
    yield "scatter", (np.array([[0], [2], [0]]), x, (4, 4)), {}
    yield "scatter", (np.array([[0, 1], [2, 1], [0, 1]]), v[:3], (4, 4)), {}
    yield "scatter_update", (x, np.array([[0], [2]]), y[:2]), {}
    for reduction in ("add", "max", "min", "mul"):
        yield "scatter_update", (x, np.array([[0, 1], [2, 1]]), v[:2]), {"reduction": reduction}
    for axis in (-1, 0, None):
        yield "sort", (x,), {"axis": axis}
        yield "argsort", (k,), {"axis": axis}
    yield "top_k", (x, 2), {}
    yield "top_k", (k, 3), {}
    yield "in_top_k", (np.array([1, 2, 0]), x, 2), {}

    # made from a shape
    yield "one_hot", (np.array([0, 2, 5, -1]), 4), {}
    yield "one_hot", (np.array([[0, 2]]), 3), {"axis": 0}
    yield "one_hot", (np.array([[0, 2]]), 3), {"axis": 1, "dtype": "int32"}
    for args in ((5,), (1, 7, 2), (0.0, 1.0, 0.25)):
        yield "arange", args, {}
    yield "linspace", (0, 1, 5), {}
    yield "linspace", (0.0, 1.0, 5), {"endpoint": False}
    yield "linspace", (v, v + 1, 3), {}
    yield "linspace", (v, v + 1, 3), {"axis": -1}
    yield "eye", (3,), {}
    yield "eye", (2, 4), {"k": 1}
    yield "identity", (3,), {}
    yield "tri", (3, 4), {"k": 1}
    yield "full", ((2, 2), 3), {}
    yield "zeros", (3,), {}
    yield "ones", ((2,),), {"dtype": "int32"}
    yield "zeros_like", (k,), {}
    yield "ones_like", (x,), {"dtype": "bool"}
    yield "full_like", (x, 2), {}

    # crossentropies
    p = np.exp(x) / np.exp(x).sum(-1, keepdims=True)
    t = np.exp(y) / np.exp(y).sum(-1, keepdims=True)
    yield "categorical_crossentropy", (t, p), {}
    yield "categorical_crossentropy", (t, x), {"from_logits": True}
    yield "categorical_crossentropy", (t, x), {"from_logits": True, "axis": 0}
    yield "sparse_categorical_crossentropy", (np.array([0, 3, 1]), p), {}
    yield "sparse_categorical_crossentropy", (np.array([[0], [3], [1]]), x), {"from_logits": True}
    yield "binary_crossentropy", (t, p), {}
    yield "binary_crossentropy", (t, x), {"from_logits": True}
    ends = np.array([0.0, 1.0, 1.0, 0.0], "float32"), np.array([0.0, 1.0, 0.0, 1.0], "float32")
    yield "binary_crossentropy", ends, {}
    yield "categorical_crossentropy", ends, {}
