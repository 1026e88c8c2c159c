"""Every row of the table: its shape rule, its gradients, and what the engine takes for granted about it."""

from __future__ import annotations

import math

import numpy as np
import pytest

import babytf.ops  # noqa: F401  (fills the table, and gives Tensors their operators)
from babytf import random
from babytf.engine import PRIMITIVES, Compiled, GradientTape, Tensor, bind
from babytf.engine.kernels import ARRAY
from babytf.engine.primitives.key import Key, Places
from babytf.errors import GradientError

# How each row is called here: its inputs (a shape to draw in its domain, or the array itself), and its parameters.
# Rows that are not named take two shapes that broadcast, or one shape.

_INTS = np.array([[2, 0, 2], [1, 3, 2]])
_BOOLS = np.array([[True, False, True, False], [False, True, True, False], [True, True, False, False]])
_GENERATOR = random.SeedGenerator(1).generator
_Q, _K, _V, _P = (2, 3, 2, 4), (2, 5, 2, 4), (2, 5, 2, 6), (2, 2, 3, 5)  # of attention: queries, keys, values, weights
_AXIS = {"axis": 1, "keepdims": False}
_ALL = {"axis": None, "keepdims": True}
_F8 = {"dtype": "float64"}
_NO_MASK = np.zeros((0,), bool)
_MASK = np.array([[True, False], [True, True], [False, True]])  # (T, B)
# What recurrent layers get: x (T, B, F), kernel, recurrent kernel, bias, the first states
_LSTM = [(3, 2, 2), (2, 12), (3, 12), (12,), (2, 3), (2, 3)]
_GRU = [(3, 2, 2), (2, 9), (3, 9), (2, 9), (2, 3)]
_GRU_BEFORE = [*_GRU[:3], (9,), (2, 3)]
_RNN = [(3, 2, 2), (2, 3), (3, 3), (3,), (2, 3)]

_WINDOW = {n: {"strides": (1,) * n, "padding": ((0, 0),) * n, "dilation": (1,) * n, "groups": 1} for n in (1, 2, 3)}
_POOL = {"size": (2, 2), "strides": (2, 2), "padding": ((0, 0), (0, 0))}
_OVERLAPPING = {"size": (3, 3), "strides": (2, 2), "padding": ((1, 1), (1, 1))}
_POOL_1D = {"size": (3,), "strides": (3,), "padding": ((0, 1),)}

CASES: dict[str, list[tuple[list, dict]]] = {
    "sum": [([(3, 4)], _AXIS | _F8), ([(3, 4)], _ALL | _F8), ([(2, 3, 4)], {"axis": (0, 2), "keepdims": False} | _F8)],
    "mean": [([(3, 4)], _AXIS | _F8 | {"count": 4}), ([(3, 4)], _ALL | _F8 | {"count": 12})],
    "prod": [
        ([(3, 4)], _AXIS | _F8),
        ([(2, 3, 2)], {"axis": (0, 2), "keepdims": True} | _F8),
        ([np.array([[2.0, 0.0, 3.0], [0.0, 0.0, 1.0]])], _AXIS | _F8),
    ],
    "argmax": [([(3, 4)], _AXIS), ([(3, 4)], _ALL)],
    "argmin": [([(3, 4)], _AXIS), ([(3, 4)], _ALL)],
    "max": [([(3, 4)], _AXIS), ([(3, 4)], _ALL)],
    "min": [([(3, 4)], _AXIS), ([(3, 4)], _ALL)],
    "any": [([_BOOLS], _AXIS), ([_BOOLS], _ALL)],
    "all": [([_BOOLS], _AXIS), ([_BOOLS], _ALL)],
    "logsumexp": [
        ([(3, 4)], _AXIS | {"lowest": float(np.finfo("float64").min)}),
        ([(3, 4)], _ALL | {"lowest": float(np.finfo("float64").min)}),
    ],
    "softmax": [([(3, 4)], {"axis": 1}), ([(2, 3, 4)], {"axis": (0, 2)})],
    "log_softmax": [([(3, 4)], {"axis": 1}), ([(2, 3, 4)], {"axis": (0, 2)})],
    "cumsum": [([(3, 4)], {"axis": 1}), ([(3, 4)], {"axis": 0})],
    "cumprod": [([(3, 4)], {"axis": 1}), ([np.array([2.0, 0.0, 3.0, 0.0, 1.0])], {"axis": 0})],
    "recurrence": [([(3, 4), (3, 4)], {"axis": 1}), ([(3, 4), (3, 4)], {"axis": 0})],
    "sort": [([(3, 4)], {"axis": 0}), ([(3, 4)], {"axis": 1})],
    "argsort": [([(3, 4)], {"axis": 0})],
    "top_k_indices": [([(3, 4)], {"k": 2})],
    "matmul": [
        ([(2, 3), (3, 4)], {}),
        ([(5, 2, 3), (5, 3, 4)], {}),
        ([(5, 2, 3), (3, 4)], {}),
        ([(2, 1, 2, 3), (5, 3, 4)], {}),
    ],
    "conv": [
        ([(2, 5, 2), (3, 2, 3)], _WINDOW[1]),
        ([(2, 4, 5, 9), (3, 2, 9, 2)], _WINDOW[2] | {"strides": (2, 1), "padding": ((1, 0), (0, 2))}),
        ([(2, 5, 4, 4), (2, 2, 2, 6)], _WINDOW[2] | {"dilation": (2, 1), "groups": 2}),
        ([(2, 4, 4, 3), (2, 3, 1, 6)], _WINDOW[2] | {"groups": 3, "padding": ((1, 1), (0, 0))}),
        ([(2, 3, 3, 3), (1, 1, 3, 2)], _WINDOW[2]),
        ([(1, 3, 4, 3, 2), (2, 2, 2, 2, 2)], _WINDOW[3]),
    ],
    "biased_conv": [([(2, 4, 4, 2), (2, 2, 2, 3), (3,)], _WINDOW[2])],
    "channel_sum": [([(2, 3, 4)], {})],
    "conv_input_gradient": [
        ([(2, 3, 3), (3, 2, 3)], _WINDOW[1] | {"size": (5,), "channels": 2}),
        ([(2, 2, 3, 2), (3, 2, 9, 2)], _WINDOW[2] | {"strides": (2, 2), "size": (6, 6), "channels": 9}),
        ([(2, 3, 3, 6), (2, 2, 1, 6)], _WINDOW[2] | {"groups": 3, "size": (4, 4), "channels": 3}),
    ],
    "conv_kernel_gradient": [
        ([(2, 5, 2), (2, 3, 3)], _WINDOW[1] | {"kernel": (3,), "depth": 2}),
        ([(2, 6, 6, 9), (2, 2, 3, 2)], _WINDOW[2] | {"strides": (2, 2), "kernel": (3, 2), "depth": 9}),
        ([(2, 4, 4, 3), (2, 3, 3, 6)], _WINDOW[2] | {"groups": 3, "kernel": (2, 2), "depth": 1}),
    ],
    "max_pool": [([(2, 4, 6, 3)], _POOL), ([(2, 5, 5, 2)], _OVERLAPPING), ([(2, 5, 300)], _POOL_1D)],
    "sum_pool": [([(2, 4, 6, 3)], _POOL), ([(2, 5, 5, 2)], _OVERLAPPING), ([(2, 5, 300)], _POOL_1D)],
    "max_pool_gradient": [([(2, 2, 3, 3), (2, 4, 6, 3)], _POOL), ([(2, 3, 3, 2), (2, 5, 5, 2)], _OVERLAPPING)],
    "max_pool_pick": [([(2, 4, 6, 3), (2, 4, 6, 3)], _POOL), ([(2, 5, 5, 2), (2, 5, 5, 2)], _OVERLAPPING)],
    "sum_pool_gradient": [
        ([(2, 2, 3, 3)], _POOL | {"inputs": (4, 6)}),
        ([(2, 3, 3, 2)], _OVERLAPPING | {"inputs": (5, 5)}),
    ],
    "diagonal": [([(3, 4)], {"offset": 0}), ([(2, 3, 4)], {"offset": 1}), ([(4, 3)], {"offset": -2})],
    "reshape": [([(3, 4)], {"shape": (2, 6)})],
    "transpose": [([(2, 3, 4)], {"axes": (2, 0, 1)})],
    "broadcast_to": [([(3, 1)], {"shape": (2, 3, 4)})],
    "concatenate": [([(2, 3), (2, 1), (2, 2)], {"axis": 1})],
    "flat_concat": [([(2, 3), (4,)], {})],
    "pad": [([(2, 3)], {"inner": Key((slice(1, 3), slice(0, 3))), "value": 2.0, "shape": (4, 5)})],
    "getitem": [
        ([(4, 5)], {"key": Key((slice(None, None, -2), 1)), "shape": (2,)}),
        ([(4, 5)], {"key": Key((Ellipsis, None, slice(1, 3))), "shape": (4, 1, 2)}),
    ],
    "take": [([(4, 5), _INTS], {"axis": 0}), ([(2, 4), np.array([-1, 0, -1])], {"axis": 1})],
    "add_at": [
        ([(2, 3, 5), _INTS], {"axis": 0, "size": 4}),
        ([(2, 3), np.array([-1, 0, -1])], {"axis": 1, "size": 4}),
    ],
    "take_along_axis": [([(2, 4), _INTS], {"axis": 1}), ([(4, 3), _INTS], {"axis": 0})],
    "add_along_axis": [([(2, 3), _INTS], {"axis": 1, "size": 4}), ([(2, 3), _INTS], {"axis": 0, "size": 4})],
    "gather": [
        ([(4, 5, 2), _INTS, _INTS], {"key": Places((ARRAY, ARRAY, slice(None))), "shape": (2, 3, 2)}),
        ([(4, 5), np.array([0, 3, 0])], {"key": Places((ARRAY, slice(1, 4))), "shape": (3, 3)}),
    ],
    "scatter_add": [
        ([(2, 3, 2), _INTS, _INTS], {"key": Places((ARRAY, ARRAY, slice(None))), "shape": (4, 5, 2)}),
        ([(3, 5), np.array([0, 3, 0])], {"key": Places((ARRAY, slice(None))), "shape": (4, 5)}),
        ([(3,), np.array([0, -1, 0])], {"key": Places((ARRAY,)), "shape": (4,)}),
    ],
    "scatter_update": [
        ([(4, 2), (3, 2), np.array([0, 3, 0])], {"key": Places((ARRAY,)), "how": how})
        for how in ("set", "add", "mul", "max", "min")
    ],
    "pick": [([(2, 3, 5), _INTS], {})],
    "sums_above": [([(3, 4), _BOOLS, (3, 1), np.array([-1.0, 0.0, 0.5, 2.0, 9.0])], {})],
    "sparse_crossentropy": [([(2, 3, 5), (2, 3, 5), _INTS], {})],
    "sparse_crossentropy_gradient": [([(2, 3), (2, 3, 5), _INTS], {})],
    "categorical_crossentropy": [([(3, 4), (3, 4), (3, 4)], {"axis": 1})],
    "ctc": [
        ([(2, 5, 4), np.array([[1, 2, 2], [3, 0, 0]]), np.array([3, 1]), np.array([5, 3])], {"blank": 0}),
        ([(3, 3, 3), np.array([[0, 1], [1, 1], [0, 0]]), np.array([2, 2, 0]), np.array([3, 2, 3])], {"blank": 2}),
    ],
    "ctc_alignment": [
        ([(2, 5, 4), np.array([[1, 2, 2], [3, 0, 0]]), np.array([3, 1]), np.array([5, 3])], {"blank": 0}),
    ],
    "ctc_covariance": [
        ([(2, 4, 3), (2, 4, 3), np.array([[1, 2], [2, 0]]), np.array([2, 1]), np.array([4, 3])], {"blank": 0}),
    ],
    "column_sums": [([(3, 4)], {})],
    "column_dot": [([(3, 4), (3, 4)], {})],
    "row_statistics": [([(3, 4)], {"center": center, "epsilon": 0.1}) for center in (True, False)],
    "row_standard": [([(3, 4), (3, 2)], {})],
    "row_norm": [([(3, 4), (4,), (3, 4), (3, 2)], {"center": True})],
    "row_norm_gradient": [
        ([(3, 4), (4,), (3, 4), (3, 2)], {"center": True}),
        ([(3, 4), (), (3, 4), (3, 2)], {"center": False}),
    ],
    "channel_moments": [([(5, 3)], {})],
    "channel_norm": [([(5, 3), (3,), (3,), (3,), (3,), (3,), (3,)], {})],
    "channel_norm_gradient": [([(5, 3), (5, 3), (3,), (3,), (3,)], {})],
    "head_scores": [([_Q, _K], {})],
    "head_mix": [([_P, _V], {})],
    "head_mix_back": [([_P, (2, 3, 2, 6)], {})],
    "attention_exponentials": [([_Q, _K, bias], {}) for bias in ((), (1, 2, 3, 5), (2, 1, 1, 5))],
    "attention_inverse": [([_P], {})],
    "attention_context": [([_P, (2, 2, 3, 1), _V], {})],
    "attention": [([(2, 3, 2, 6), _Q, _K, _V, (), _P, (2, 2, 3, 1)], {})],
    "attention_scores_gradient": [([(2, 3, 2, 6), (2, 3, 2, 6), _V, _P], {})],
    **{
        f"{name}_states": [([*inputs, mask], params) for mask in (_NO_MASK, _MASK)]
        for name, inputs, params in [("lstm", _LSTM, {}), ("simple_rnn", _RNN, {})]
    },
    "gru_states": [
        ([*inputs, mask], {"reset_after": after})
        for inputs, after in [(_GRU, True), (_GRU_BEFORE, False)]
        for mask in (_NO_MASK, _MASK)
    ],
    "lstm": [([(23, 2, 3), *_LSTM, _NO_MASK], {"first": 1, "count": 3, "begin": 16})],
    "gru": [([(16, 2, 3), *_GRU, _NO_MASK], {"first": 1, "count": 3, "begin": 13, "reset_after": True})],
    "simple_rnn": [([(4, 2, 3), *_RNN, _NO_MASK], {"first": 1, "count": 3})],
    "lstm_gradient": [([(3, 2, 3), (23, 2, 3), *_LSTM, mask], {"first": 1}) for mask in (_NO_MASK, _MASK)],
    "gru_gradient": [
        ([(3, 2, 3), (16, 2, 3), *inputs, mask], {"first": 1, "reset_after": after})
        for inputs, after in [(_GRU, True), (_GRU_BEFORE, False)]
        for mask in (_NO_MASK, _MASK)
    ],
    "simple_rnn_gradient": [([(3, 2, 3), (4, 2, 3), *_RNN, mask], {"first": 1}) for mask in (_NO_MASK, _MASK)],
    "share_crossentropy": [([(2, 3, 4), (2, 3), (2, 3), (2, 3), _INTS], {})],
    "all_but_label": [([(2, 3), (2, 3), _INTS], {"size": 4}), ([(), (), np.array(2)], {"size": 3})],
    "shares_crossentropy": [([(2, 3, 4), (2, 1, 4), *[(2, 3, 4)] * 4], {"axis": 1})],
    "two_class_crossentropy": [([(3, 4)] * 6, {})],
    "hits": [([(2, 3, 4), _INTS], {}), ([(4,), np.array(2)], {})],
    "one_hot": [([np.array([[0], [2], [7]]), np.arange(4)], {"dtype": "float64"})],
    "select": [([_BOOLS, (3, 4), (3, 4)], {}), ([_BOOLS, (4,), ()], {}), ([np.ones((30, 4), bool), (), (30, 4)], {})],
    "clip": [([(3, 4), np.array(-1.0), np.array(1.0)], {}), ([(3, 4), (4,), (3, 1)], {})],
    "relu_gradient": [([(3, 4), (3, 4)], {})],
    "leaky_relu": [([(3, 4)], {"negative_slope": 0.2})],
    "elu": [([(3, 4)], {"alpha": 1.3})],
    "round": [([(3, 4)], {"decimals": 1})],
    "nan_to_num": [([(3, 4)], {"nan": 0.0, "posinf": 1e9, "neginf": -1e9})],
    "cast": [([(3, 4)], {"dtype": "float64"}), ([(3, 4)], {"dtype": "int32"})],
    "random_uniform": [([], {"shape": (2, 3), "generator": _GENERATOR} | _F8)],
    "random_normal": [([], {"shape": (2, 3), "generator": _GENERATOR} | _F8)],
    "random_truncated_normal": [([], {"shape": (2, 3), "generator": _GENERATOR} | _F8)],
    "random_integers": [([], {"shape": (2, 3), "generator": _GENERATOR, "low": -1, "high": 5, "dtype": "int32"})],
    "random_permutation": [([], {"shape": (5,), "generator": _GENERATOR, "dtype": "int64"})],
    "random_gamma": [([np.full((2, 3), 2.0)], {"shape": (2, 3), "generator": _GENERATOR} | _F8)],
    "random_binomial": [([np.full((2, 3), 9), np.full((2, 3), 0.3)], {"shape": (2, 3), "generator": _GENERATOR} | _F8)],
    "dropout_mask": [([], {"shape": (2, 3), "generator": _GENERATOR, "keep": 0.75} | _F8)],
}
for _name in ("logical_and", "logical_or", "logical_xor", "bitwise_and", "bitwise_or", "bitwise_xor"):
    CASES[_name] = [([_BOOLS, _BOOLS[:1]], {})]
for _name in ("logical_not", "invert"):
    CASES[_name] = [([_BOOLS], {})]

# Rows whose vjp is not the plain derivative of what they compute, and why.
NOT_PLAIN = {
    "stop_gradient": "stops the gradient on purpose",
    "sparse_crossentropy": "sends the gradient of log_probabilities to the logits; checked below",
    "categorical_crossentropy": "sends the gradient of log_probabilities to the logits; checked below",
    "share_crossentropy": "sends the gradient of the share to x; checked in test_probability_crossentropy.py",
    "shares_crossentropy": "sends the gradient of the shares to x; checked there",
    "two_class_crossentropy": "sends the gradient of p and q to x; checked there",
    "row_norm": "sends the gradient of the standardized rows to x; checked in test_attention_and_normalization",
    "channel_norm": "sends the gradient of the statistics to x; checked there",
    "attention": "sends the gradient of the weights to queries and keys; checked there",
    **{
        name: "sends the gradient of what it looks at to what that was computed from; see test_recurrence.py"
        for row in ("lstm", "gru", "simple_rnn")
        for name in (row, f"{row}_gradient")
    },
    "relu_gradient": "its second input only says where relu is on",
    "max_pool_gradient": "its second input only says which is the largest; checked in test_windows.py",
    "max_pool_pick": "its second input only says which is the largest; checked in test_windows.py",
}
# Rows that are flat between jumps, so that a finite difference sees nothing or a jump.
FLAT = {"sign", "floor", "ceil", "trunc", "round", "floor_divide"}
# Rows with a kink: their gradient is checked, the second one is zero or jumps.
KINKED = {
    "max_pool",
    "relu",
    "relu6",
    "leaky_relu",
    "absolute",
    "maximum",
    "minimum",
    "max",
    "min",
    "clip",
    "sort",
    "nan_to_num",
}


def cases():
    for row in PRIMITIVES.all():
        default = [([(3, 4)], {})] if len(row.inputs) < 2 else [([(3, 4), (3, 4)], {}), ([(3, 1), (2, 1, 4)], {})]
        for i, (inputs, params) in enumerate(CASES.get(row.name, default)):
            yield pytest.param(row, inputs, params, id=f"{row.name}-{i}")


ALL = list(cases())
DIFFERENTIABLE = [
    case
    for case in ALL
    if case.values[0].vjp is not None
    and case.values[0].kind != "effect"
    and case.values[0].name not in {*NOT_PLAIN, *FLAT}
    and case.values[2].get("dtype") != "int32"
]
# Rows whose gradient is the end of a chain: its own derivative, the third of a loss, is not offered.
LAST = {"ctc_alignment"}
SMOOTH = [case for case in DIFFERENTIABLE if case.values[0].name not in KINKED | LAST]


def draw(row, inputs, rng):
    low, high = row.domain or (-3.0, 3.0)
    return [rng.uniform(low, high, x) if isinstance(x, tuple) else x for x in inputs]


def moving(arrays):
    """The inputs that can be moved a little: the floats."""
    return [i for i, a in enumerate(arrays) if a.dtype.kind == "f"]


def assert_derivative(f, gradients, arrays, rng, rtol=1e-6):
    """The gradients predict how `f`, a number, changes along a random direction."""
    for i in moving(arrays):
        direction = rng.normal(size=arrays[i].shape)
        h = 1e-5
        ahead, back = (
            f([np.asarray(a + sign * h * direction) if j == i else a for j, a in enumerate(arrays)]) for sign in (1, -1)
        )
        got = 0.0 if gradients[i] is None else float(np.sum(gradients[i].numpy() * direction))
        np.testing.assert_allclose(got, (ahead - back) / (2 * h), rtol=rtol, atol=1e-7, err_msg=f"input {i}")


@pytest.mark.parametrize(("row", "inputs", "params"), ALL)
def test_infer_agrees_with_what_is_computed(row, inputs, params, rng):
    arrays = draw(row, inputs, rng)
    expected = row.infer(*arrays, **params)
    got = bind(row.name, *arrays, **params).numpy()
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)


@pytest.mark.parametrize(("row", "inputs", "params"), DIFFERENTIABLE)
def test_vjp_agrees_with_central_difference(row, inputs, params, rng):
    arrays = draw(row, inputs, rng)
    weights = rng.normal(size=row.infer(*arrays, **params).shape)
    tensors = [Tensor(a) for a in arrays]
    y = bind(row.name, *tensors, **params)
    gradients = row.vjp(Tensor(weights), y, *tensors, **params)
    for g, a in zip(gradients, arrays, strict=True):
        assert g is None or (g.shape, g.dtype) == (a.shape, a.dtype)

    def f(moved):
        return float(np.sum(weights * bind(row.name, *moved, **params).numpy()))

    assert_derivative(f, gradients, arrays, rng)


@pytest.mark.parametrize(("row", "inputs", "params"), SMOOTH)
def test_second_derivative_agrees_with_central_difference(row, inputs, params, rng):
    arrays = draw(row, inputs, rng)
    weights = rng.normal(size=row.infer(*arrays, **params).shape)
    directions = [rng.normal(size=a.shape) for a in arrays]

    def slope(tensors):
        """The derivative along `directions`, a number that depends on the inputs."""
        with GradientTape() as tape:
            tape.watch([tensors[i] for i in moving(arrays)])
            y = bind("sum", bind(row.name, *tensors, **params) * weights, axis=None, keepdims=False, dtype="float64")
        gradients = tape.gradient(y, [tensors[i] for i in moving(arrays)])
        total = Tensor(np.float64(0.0), "float64")
        for i, g in zip(moving(arrays), gradients, strict=True):
            if g is not None:
                total = total + bind("sum", g * directions[i], axis=None, keepdims=False, dtype="float64")
        return total

    tensors = [Tensor(a) for a in arrays]
    with GradientTape() as outer:
        outer.watch([tensors[i] for i in moving(arrays)])
        total = slope(tensors)
    found = outer.gradient(total, [tensors[i] for i in moving(arrays)])
    gradients = [None] * len(arrays)
    for i, g in zip(moving(arrays), found, strict=True):
        gradients[i] = g
    assert_derivative(lambda moved: float(slope([Tensor(a) for a in moved]).numpy()), gradients, arrays, rng, rtol=1e-5)


@pytest.mark.parametrize("name", sorted(FLAT))
def test_flat_rows_have_no_gradient_and_say_nothing(name):
    x = Tensor(np.array([0.3, -1.6]))
    with GradientTape() as tape:
        tape.watch(x)
        params = {"decimals": 0} if name == "round" else {}
        y = bind(name, *[x] * len(PRIMITIVES[name].inputs), **params)
    assert tape.gradient(y, x) is None


def test_a_row_without_gradient_is_named():
    rows = [row for row in PRIMITIVES.all() if row.vjp is None]
    assert {"argmax", "equal"} <= {row.name for row in rows}
    row = PRIMITIVES["one_hot"]
    x = Tensor(np.array([[1.0]]))
    with GradientTape() as tape:
        tape.watch(x)
        y = bind(row.name, x, np.arange(3.0), dtype="float64")
    with pytest.raises(GradientError, match=r"'one_hot' has no gradient"):
        tape.gradient(y, x)


# --- the two crossentropies that share one exponential, as a whole


@pytest.mark.parametrize("kind", ["sparse", "categorical"])
def test_crossentropy_gradients_from_logits(kind, rng):
    logits = rng.normal(size=(2, 3, 5))
    target = _INTS if kind == "sparse" else rng.uniform(size=logits.shape)
    weights = rng.normal(size=(2, 3))

    def loss(z, t):
        log_p = bind("log_softmax", z, axis=2)
        if kind == "sparse":
            return bind("sparse_crossentropy", z, log_p, t)
        return bind("categorical_crossentropy", z, log_p, t, axis=2)

    def weighted(arrays):
        return float(np.sum(weights * loss(*arrays).numpy()))

    z, t = Tensor(logits), Tensor(target)
    watched = [z] if kind == "sparse" else [z, t]
    with GradientTape() as outer:
        outer.watch(watched)
        with GradientTape() as tape:
            tape.watch(watched)
            y = loss(z, t)
        first = tape.gradient(y, watched, weights)
    assert_derivative(weighted, [*first, None], [logits, target], rng)

    # p - y, by hand
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    if kind == "sparse":
        by_hand = weights[..., None] * (p - np.eye(5)[target])
        np.testing.assert_allclose(first[0].numpy(), by_hand, rtol=1e-10, atol=1e-12)

    direction = rng.normal(size=logits.shape)
    second = outer.gradient(first[0], z, direction)

    def slope(arrays):
        moved = Tensor(arrays[0])
        with GradientTape() as inner:
            inner.watch(moved)
            value = loss(moved, t)
        return float(np.sum(inner.gradient(value, moved, weights).numpy() * direction))

    assert_derivative(slope, [second], [logits], rng)


# --- what the engine takes for granted


@pytest.mark.parametrize(("row", "inputs", "params"), [case for case in ALL if case.values[0].kind == "elementwise"])
def test_elementwise_rows_may_write_over_an_input(row, inputs, params, rng):
    arrays = draw(row, inputs, rng)
    spec = row.infer(*arrays, **params)
    expected = row.run(arrays, params)
    for i, array in enumerate(arrays):
        if array.shape != spec.shape or array.dtype != spec.dtype:
            continue
        copies = [a.copy() for a in arrays]
        scratch = [_garbage(s(*arrays, **params)) for s in row.scratch.values()]
        row.function(copies[i], *copies, *scratch, *[params[n] for n in row.param_names])
        np.testing.assert_array_equal(copies[i], expected, err_msg=f"over input {i}")


@pytest.mark.parametrize(
    ("row", "inputs", "params"), [c for c in ALL if c.values[0].kind in ("elementwise", "general")]
)
def test_rows_leave_their_inputs_alone_and_fill_the_destination(row, inputs, params, rng):
    arrays = draw(row, inputs, rng)
    expected = row.run(arrays, params)
    kept = [a.copy() for a in arrays]
    for a in arrays:
        a.flags.writeable = False
    out = _garbage(row.infer(*arrays, **params))
    scratch = [_garbage(s(*arrays, **params)) for s in row.scratch.values()]
    args = (tuple(arrays),) if row.variadic else arrays
    row.function(out, *args, *scratch, *[params[n] for n in row.param_names])
    np.testing.assert_array_equal(out, expected)
    for a, before in zip(arrays, kept, strict=True):
        np.testing.assert_array_equal(a, before)


@pytest.mark.parametrize(("row", "inputs", "params"), [c for c in ALL if c.values[0].kind == "view"])
def test_views_share_memory_with_their_input(row, inputs, params, rng):
    arrays = draw(row, inputs, rng)
    assert np.shares_memory(row.run(arrays, params), arrays[0])


@pytest.mark.parametrize(
    ("row", "inputs", "params"), [c for c in ALL if c.values[0].kind != "effect" and c.values[0].name != "flat_concat"]
)
def test_each_row_gives_the_same_bits_in_a_program(row, inputs, params, rng):
    arrays = draw(row, inputs, rng)
    expected = row.run(arrays, params)
    step = Compiled(lambda *xs: bind(row.name, *xs, **params), "step")
    for _ in range(2):
        got = step(*arrays).numpy()
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got, expected)


def _garbage(spec):
    array = np.empty(spec.shape, spec.dtype)
    array.fill(np.nan if spec.dtype.kind == "f" else True if spec.dtype.kind == "b" else 99)
    return array


@pytest.mark.parametrize("row", PRIMITIVES.all(), ids=lambda row: row.name)
def test_every_row_has_a_formula_that_takes_its_fields(row):
    if row.name == "flat_concat":
        return
    fields = dict.fromkeys((*row.inputs, *row.param_names), "x")
    formula = row.latex.format(**fields)
    assert formula.count("{") == formula.count("}")
    assert formula


def test_no_case_is_left_over():
    assert set(CASES) | set(NOT_PLAIN) | FLAT | KINKED | LAST <= {row.name for row in PRIMITIVES.all()}


# --- float32 keeps its accuracy, and extremes do not overflow


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 5e-7), ("float64", 1e-15)])
def test_erf_is_accurate(dtype, rtol):
    x = np.concatenate([np.linspace(-7, 7, 4001), [1e-30, -0.0, 0.46875, 4.0]]).astype(dtype)
    expected = np.array([math.erf(v) for v in x])
    np.testing.assert_allclose(bind("erf", x).numpy(), expected, rtol=rtol)
    np.testing.assert_array_equal(bind("erf", np.array([np.inf, -np.inf, np.nan], dtype)).numpy(), [1, -1, np.nan])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_extremes_do_not_overflow(dtype):
    x = np.array([-1e4, -100.0, 0.0, 100.0, 1e4], dtype)
    np.testing.assert_allclose(bind("sigmoid", x).numpy(), [0, 0, 0.5, 1, 1], atol=1e-6)
    np.testing.assert_array_equal(bind("softplus", x).numpy()[[0, 3, 4]], np.array([0, 100, 1e4], dtype))
    np.testing.assert_allclose(bind("softmax", x, axis=0).numpy(), [0, 0, 0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(bind("log_softmax", x, axis=0).numpy(), x - x.max(), rtol=1e-3)
    lowest = float(np.finfo(dtype).min)
    np.testing.assert_allclose(bind("logsumexp", x, axis=0, keepdims=False, lowest=lowest).numpy(), 1e4, rtol=1e-3)
    loss = bind("binary_crossentropy", x, np.array([0, 1, 1, 0, 0], dtype)).numpy()
    np.testing.assert_allclose(loss, [0, 100, math.log(2), 100, 1e4], rtol=1e-3)


def test_logsumexp_of_infinities():
    low = {"keepdims": False, "lowest": float(np.finfo("float64").min), "axis": 0}
    assert bind("logsumexp", np.array([-np.inf, -np.inf]), **low).numpy() == -np.inf
    assert bind("logsumexp", np.array([np.inf, 0.0]), **low).numpy() == np.inf


def test_select_moves_bits_and_so_keeps_nan_and_signs(rng):
    condition = rng.random((50, 7)) < 0.5
    a = rng.normal(size=(50, 7))
    a[0], a[1], a[2] = np.nan, -0.0, np.inf
    for b in (rng.normal(size=(50, 7)), np.array(0.0), np.array(-0.0), np.array(np.nan), rng.normal(size=7)):
        for pair in ((a, b), (b, a)):
            got = bind("select", condition, *pair).numpy()
            expected = np.where(condition, *pair)
            np.testing.assert_array_equal(got.view("int64"), expected.view("int64"))


@pytest.mark.parametrize(
    ("name", "indices", "params"),
    [
        ("take", [0, 3], {"axis": 1}),
        ("take_along_axis", [[0], [3]], {"axis": 1}),
        ("add_at", [0, 0, 3], {"axis": 1, "size": 3}),
        ("pick", [0, 3], {}),
    ],
)
def test_an_index_out_of_range_is_named(name, indices, params):
    with pytest.raises((IndexError, ValueError), match=r"(?s)\b3\b is out of range.*got:.*expected:.*fix:"):
        bind(name, np.zeros((2, 3)), np.array(indices), **params)
