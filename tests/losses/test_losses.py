"""Losses: by hand, beside recorded Keras values, their gradients beside differences, and what they refuse."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from babytf import losses, ops
from babytf.engine import Compiled, GradientTape, Tensor, convert
from babytf.errors import ShapeError
from babytf.losses import Loss
from babytf.losses.base import LossFunctionWrapper
from babytf.serialization import custom_object_scope
from tests import golden

HERE = Path(__file__).parents[1] / "data" / "recorded"
CASES = [case for name in ("losses", "more_losses") for case in json.loads((HERE / f"{name}.json").read_text())]
RECORDED = [case for case in CASES if "loss" in case]
FUNCTIONS = [case for case in CASES if "function" in case]
CLASSES = sorted(losses.CLASS_OF.values(), key=lambda cls: cls.__name__)


def array(written):
    return None if written is None else np.array(written["values"], written["dtype"]).reshape(written["shape"])


def value_and_gradient(loss, y_true, y_pred, sample_weight=None):
    with GradientTape() as tape:
        watched = Tensor(y_pred)
        tape.watch(watched)
        value = loss(y_true, watched, sample_weight)
        total = ops.sum(value)
    return value.numpy(), tape.gradient(total, watched).numpy()


# --- beside Keras


@pytest.mark.parametrize(
    "name", [n for n in golden.tolerances() if n.startswith("loss/") and n.split("/")[1].split(".")[0] in dir(losses)]
)
def test_recorded_by_keras(name):
    _, tolerance = golden.tolerances()[name]
    for part, error in golden.replay(name).items():
        assert error <= tolerance[part]


def _label(case):
    return f"{case['loss']}-{case['arguments']}"


def tuples(arguments):
    return {name: tuple(v) if isinstance(v, list) and name == "axis" else v for name, v in arguments.items()}


@pytest.mark.parametrize("case", RECORDED, ids=_label)
def test_other_arguments_recorded_by_keras(case):
    loss = getattr(losses, case["loss"])(**tuples(case["arguments"]))
    y_true, y_pred, weight = (array(case[key]) for key in ("y_true", "y_pred", "sample_weight"))
    value, gradient = value_and_gradient(loss, y_true, y_pred, weight)
    # Where a probability is clipped or divided by a sum that rounds, JAX's float32 and ours differ in the last bits.
    tolerance = 2e-3 if case["arguments"].get("dtype") == "float16" else 2e-6
    expected = array(case["value"])
    assert value.shape == expected.shape
    assert value.dtype == expected.dtype
    assert_allclose(value, expected, rtol=tolerance, atol=tolerance)
    if "gradient" in case:
        assert_allclose(gradient, array(case["gradient"]), rtol=5 * tolerance, atol=5 * tolerance)


@pytest.mark.parametrize("case", FUNCTIONS, ids=lambda case: f"{case['function']}-{list(case['arguments'])}")
def test_functions_with_other_arguments_recorded_by_keras(case):
    arguments = {name: array(v) if isinstance(v, dict) else v for name, v in tuples(case["arguments"]).items()}
    value = getattr(losses, case["function"])(array(case["y_true"]), array(case["y_pred"]), **arguments).numpy()
    expected = array(case["value"])
    assert (value.shape, value.dtype) == (expected.shape, expected.dtype)
    assert_allclose(value, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("case", RECORDED, ids=_label)
def test_configuration_is_that_of_keras(case):
    config = getattr(losses, case["loss"])(**tuples(case["arguments"])).get_config()
    forgotten = {"dtype", "axis", "delta"} - set(case["config"])  # by Keras
    kept = {key: value for key, value in config.items() if key not in forgotten}
    assert kept == tuples(case["config"])
    assert set(config) - set(kept) == forgotten & set(case["arguments"])


# --- gradients


WITH_LOGITS = [(cls, True) for cls in CLASSES if "from_logits" in inspect.signature(cls).parameters]


@pytest.mark.parametrize(("cls", "from_logits"), [*((cls, False) for cls in CLASSES), *WITH_LOGITS])
def test_gradient_agrees_with_central_difference(cls, from_logits, rng):
    options = {"dtype": "float64"} | ({"from_logits": True} if from_logits else {})
    y_pred = rng.normal(size=(5, 4)) if from_logits else rng.uniform(0.1, 0.9, size=(5, 4))
    y_true = rng.uniform(0.1, 0.9, size=(5, 4)) + ("Focal" not in cls.__name__)
    if cls.__name__ in ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy"):
        y_true = rng.integers(0, 4, 5)
    if cls is losses.Circle:
        y_true, y_pred, options["gamma"] = np.array([0, 1, 0, 1, 0]), y_pred / 2, 2.0  # x.x < 1: away from the kink
    if cls is losses.CTC:
        y_true, y_pred = np.array([[1, 2], [3, 3], [1, 0], [0, 0], [2, 1]]), rng.normal(size=(5, 4, 4))
    weight, direction, step = rng.uniform(size=5), rng.normal(size=y_pred.shape), 1e-5
    loss = cls(**options)
    _, gradient = value_and_gradient(loss, y_true, y_pred, weight)
    ends = [loss(y_true, y_pred + s * step * direction, weight).item() for s in (1, -1)]
    assert_allclose(np.sum(gradient * direction), (ends[0] - ends[1]) / (2 * step), rtol=1e-6)


def test_sparse_gradient_from_logits_is_p_minus_y_over_n():
    # z = 0: p = 1/3 each; two samples, so (p - y) / 2
    _, gradient = value_and_gradient(
        losses.SparseCategoricalCrossentropy(from_logits=True), np.array([0, 2]), np.zeros((2, 3), "float32")
    )
    assert_allclose(gradient, (np.full((2, 3), 1 / 3) - [[1, 0, 0], [0, 0, 1]]) / 2, rtol=1e-6)


@pytest.mark.parametrize("from_logits", [False, True])
def test_ignored_entries_have_no_gradient_even_if_they_are_nan(from_logits):
    y_pred = np.array([[0.2, 0.8], [np.nan, np.nan], [0.5, 0.5]], "float32")
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1, from_logits=from_logits)
    value, gradient = value_and_gradient(loss, np.array([1, -1, 0]), y_pred)
    assert np.isfinite(value)
    assert_array_equal(gradient[1], 0)
    assert np.all(gradient[[0, 2]] != 0)


# --- by hand


def test_mean_squared_error_by_hand():
    # ((0-1)^2 + (1-1)^2)/2 = 0.5, ((0-2)^2 + 0)/2 = 2; mean 1.25
    y_true, y_pred = [[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [2.0, 0.0]]
    assert_allclose(losses.mean_squared_error(y_true, y_pred), [0.5, 2.0])
    assert losses.MeanSquaredError()(y_true, y_pred).item() == 1.25


def test_mean_absolute_error_by_hand():
    # (1 + 0)/2 = 0.5, (2 + 0)/2 = 1; mean 0.75
    assert losses.MeanAbsoluteError()([[0, 1], [0, 0]], [[1.0, 1.0], [2.0, 0.0]]).item() == 0.75


def test_binary_crossentropy_by_hand():
    # -log 0.8 for y = 1, -log(1 - 0.4) for y = 0
    expected = -(np.log(0.8) + np.log(0.6)) / 2
    assert_allclose(losses.binary_crossentropy([[1, 0]], [[0.8, 0.4]]), [expected], rtol=1e-6)
    logits = np.log([[0.8 / 0.2, 0.4 / 0.6]])
    assert_allclose(losses.binary_crossentropy([[1, 0]], logits, from_logits=True), [expected], rtol=1e-6)
    # smoothing 0.5: targets 0.75 and 0.25
    smooth = -np.mean([0.75 * np.log(0.8) + 0.25 * np.log(0.2), 0.25 * np.log(0.4) + 0.75 * np.log(0.6)])
    assert_allclose(losses.binary_crossentropy([[1, 0]], [[0.8, 0.4]], label_smoothing=0.5), [smooth], rtol=1e-6)


def test_categorical_crossentropies_by_hand():
    # unnormalized [1, 3, 4] -> [1/8, 3/8, 1/2]
    assert_allclose(losses.categorical_crossentropy([[0, 1, 0]], [[1.0, 3.0, 4.0]]), [-np.log(3 / 8)], rtol=1e-6)
    assert_allclose(losses.sparse_categorical_crossentropy([1], [[1.0, 3.0, 4.0]]), [-np.log(3 / 8)], rtol=1e-6)
    logits = np.log([[1.0, 3.0, 4.0]])
    for got in (
        losses.categorical_crossentropy([[0, 1, 0]], logits, from_logits=True),
        losses.sparse_categorical_crossentropy([1], logits, from_logits=True),
    ):
        assert_allclose(got, [-np.log(3 / 8)], rtol=1e-6)
    # smoothing 0.3: targets 0.1, 0.8, 0.1
    smooth = -(0.1 * np.log(1 / 8) + 0.8 * np.log(3 / 8) + 0.1 * np.log(1 / 2))
    got = losses.categorical_crossentropy([[0, 1, 0]], [[1.0, 3.0, 4.0]], label_smoothing=0.3)
    assert_allclose(got, [smooth], rtol=1e-6)


def test_probabilities_are_clipped_and_logits_are_not():
    # -log 1e-7 = 16.118; from a logit of -100 the loss is 100
    assert_allclose(losses.binary_crossentropy([[1.0]], [[0.0]]), [-np.log(1e-7)], rtol=1e-6)
    assert_allclose(losses.sparse_categorical_crossentropy([0], [[0.0, 1.0]]), [-np.log(1e-7)], rtol=1e-6)
    assert_allclose(losses.binary_crossentropy([[1.0]], [[-100.0]], from_logits=True), [100.0])
    assert_allclose(losses.sparse_categorical_crossentropy([0], [[-100.0, 0.0]], from_logits=True), [100.0])
    assert_allclose(losses.categorical_crossentropy([[1.0, 0.0]], [[-100.0, 0.0]], from_logits=True), [100.0])


def test_class_axis_in_the_middle(rng):
    # classes on axis 1, as in images with channels first: equal to moving them last
    y_pred, y_true = rng.uniform(0.1, 0.9, (2, 3, 4)), rng.integers(0, 3, (2, 4))
    got = losses.sparse_categorical_crossentropy(y_true, y_pred, axis=1)
    assert_allclose(got, losses.sparse_categorical_crossentropy(y_true, np.moveaxis(y_pred, 1, -1)))


@pytest.mark.parametrize(
    ("reduction", "expected"),
    [
        # squared errors 1, 4, 9 with weights 1, 0.5, 0
        ("sum_over_batch_size", (1 + 2) / 3),
        ("mean", (1 + 2) / 3),
        ("sum", 3),
        ("mean_with_sample_weight", 3 / 1.5),
        ("none", [1, 2, 0]),
        (None, [1, 2, 0]),
    ],
)
def test_reductions_by_hand(reduction, expected):
    loss = losses.MeanSquaredError(reduction=reduction)
    assert_allclose(loss(np.zeros((3, 1)), np.array([[1.0], [2.0], [3.0]]), [1.0, 0.5, 0.0]), expected)


def test_mean_over_no_weight_is_zero():
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    assert loss(np.zeros((2, 1)), np.ones((2, 1)), np.zeros(2)).item() == 0.0


def test_a_mask_on_the_prediction_leaves_samples_out():
    # squared errors 1, 4, 9; the last is masked: (1 + 4) / 2
    y_pred = convert(np.array([[1.0], [2.0], [3.0]], "float32"))
    y_pred._keras_mask = convert(np.array([True, True, False]))
    assert losses.MeanSquaredError()(np.zeros((3, 1)), y_pred).item() == 2.5
    assert losses.MeanSquaredError(reduction="sum")(np.zeros((3, 1)), y_pred).item() == 5.0
    # weights 1, 0.5, 1: (1 + 2) / 2
    assert losses.MeanSquaredError()(np.zeros((3, 1)), y_pred, np.array([1.0, 0.5, 1.0])).item() == 1.5


def test_a_mask_and_an_ignored_class_leave_out_both():
    # -log 1/2 and -log 1/4 are left of four: the second is masked, the third of the ignored class
    y_pred = convert(np.array([[0.5, 0.5], [0.1, 0.9], [0.1, 0.9], [0.25, 0.75]], "float32"))
    y_pred._keras_mask = convert(np.array([True, False, True, True]))
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    assert_allclose(loss(np.array([0, 0, -1, 0]), y_pred), (np.log(2) + np.log(4)) / 2, rtol=1e-6)


@pytest.mark.parametrize(("true_shape", "pred_shape"), [((3, 1), (3,)), ((3,), (3, 1)), ((3, 1), (3, 1))])
def test_a_column_fits_a_vector(true_shape, pred_shape):
    # one value per sample in each case: 1, 4, 9
    loss = losses.MeanSquaredError(reduction="none")
    got = loss(np.zeros(true_shape), np.array([1.0, 2.0, 3.0]).reshape(pred_shape))
    assert_allclose(got, [1.0, 4.0, 9.0])


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float64", ">i4"])
def test_labels_of_any_dtype(dtype):
    y_pred = np.array([[0.2, 0.8], [0.5, 0.5]], "float32")
    expected = losses.SparseCategoricalCrossentropy()(np.array([1, 0], "int32"), y_pred).item()
    assert losses.SparseCategoricalCrossentropy()(np.array([1, 0]).astype(dtype), y_pred).item() == expected
    assert losses.MeanSquaredError()(np.array([1, 0]).astype(dtype), y_pred[:, :1]).dtype == "float32"


# --- user's own


class Cubed(Loss):
    def __init__(self, factor=1.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * np.mean(np.abs(y_true - y_pred) ** 3, axis=-1)


def test_own_loss_with_numpy_functions():
    value, gradient = value_and_gradient(Cubed(2.0), np.zeros((2, 1)), np.array([[1.0], [2.0]], "float32"))
    # 2 (1 + 8) / 2 = 9; d = 2 * 3 y^2 / 2 = 3, 12
    assert value == 9.0
    assert_allclose(gradient, [[3.0], [12.0]])


def test_own_loss_is_configured_by_its_arguments():
    loss = Cubed(factor=3.0, name="mine", reduction="sum")
    with custom_object_scope({"Cubed": Cubed}):
        again = losses.deserialize(losses.serialize(loss))
    assert (again.factor, again.name, again.reduction) == (3.0, "mine", "sum")


def test_own_function_may_return_a_scalar():
    def total(y_true, y_pred):
        return ops.sum(y_true - y_pred)

    loss = LossFunctionWrapper(total, name="total")
    assert loss(np.ones((2, 2)), np.zeros((2, 2))).item() == 4.0
    assert loss(np.ones((2, 2)), np.zeros((2, 2)), np.array([1.0, 2.0])).item() == 6.0  # 4 (1 + 2) / 2, as in Keras


def test_own_function_may_take_a_nest():
    def difference(y_true, y_pred):
        return y_pred["a"] - y_true["a"] + y_pred["b"]

    loss = LossFunctionWrapper(difference, name="difference", reduction="sum")
    assert loss({"a": np.ones(2), "b": np.ones(2)}, {"a": np.zeros(2), "b": np.ones(2)}).item() == 0.0


# --- tracing


@pytest.mark.parametrize("case", RECORDED, ids=_label)
def test_compiled_equals_eager(case):
    loss = getattr(losses, case["loss"])(**tuples(case["arguments"]))
    y_true, y_pred, weight = (array(case[key]) for key in ("y_true", "y_pred", "sample_weight"))

    def step(y_true, y_pred, weight):
        with GradientTape() as tape:
            tape.watch(y_pred)
            value = loss(y_true, y_pred, weight)
            total = ops.sum(value)
        return value, tape.gradient(total, y_pred)

    compiled = Compiled(step, "loss")(y_true, y_pred, weight)
    for got, expected in zip(compiled, value_and_gradient(loss, y_true, y_pred, weight), strict=True):
        assert_array_equal(got.numpy(), expected)


# --- names and configurations


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("mse", losses.mean_squared_error),
        ("MSE", losses.mean_squared_error),
        ("mean_squared_error", losses.mean_squared_error),
        ("mae", losses.mean_absolute_error),
        ("MAE", losses.mean_absolute_error),
        ("bce", losses.binary_crossentropy),
        ("BCE", losses.binary_crossentropy),
        ("mape", losses.mean_absolute_percentage_error),
        ("MAPE", losses.mean_absolute_percentage_error),
        ("msle", losses.mean_squared_logarithmic_error),
        ("MSLE", losses.mean_squared_logarithmic_error),
        ("kld", losses.kl_divergence),
        ("KLD", losses.kl_divergence),
        ("kullback_leibler_divergence", losses.kl_divergence),
        ("logcosh", losses.log_cosh),
        ("categorical_crossentropy", losses.categorical_crossentropy),
        ("sparse_categorical_crossentropy", losses.sparse_categorical_crossentropy),
    ],
)
def test_names_of_functions(name, expected):
    assert losses.get(name) is expected
    assert losses.as_loss(name).name == name
    assert type(losses.as_loss(name)) is losses.CLASS_OF[expected.__name__]


@pytest.mark.parametrize("cls", CLASSES)
def test_names_of_classes(cls):
    for identifier in (cls.__name__, cls, {"class_name": cls.__name__, "config": {}}):
        assert type(losses.get(identifier)) is cls
    assert losses.get(None) is None
    own = cls(name="own")
    assert losses.get(own) is own


DISTINCT = {
    "from_logits": True,
    "label_smoothing": 0.25,
    "axis": 0,
    "ignore_class": 3,
    "alpha": 0.75,
    "beta": 0.375,
    "gamma": 3.0,
    "delta": 2.0,
    "q": 0.625,
    "margin": 0.125,
    "remove_diagonal": False,
    "apply_class_balancing": True,
    "reduction": "sum",
    "name": "other",
    "dtype": "float64",
}


@pytest.mark.parametrize("cls", CLASSES)
def test_every_argument_survives_a_configuration(cls):
    arguments = {name: DISTINCT[name] for name in inspect.signature(cls).parameters}
    loss = losses.deserialize(json.loads(json.dumps(losses.serialize(cls(**arguments)))))
    assert type(loss) is cls
    assert {name: getattr(loss, name) for name in arguments} == arguments


def test_wrapper_survives_a_configuration():
    loss = LossFunctionWrapper(losses.binary_crossentropy, name="w", reduction="sum", from_logits=True)
    again = losses.deserialize(json.loads(json.dumps(losses.serialize(loss))))
    assert again.fn is losses.binary_crossentropy
    y_true, y_pred = np.ones((2, 1)), np.full((2, 1), -3.0)
    assert again(y_true, y_pred).item() == loss(y_true, y_pred).item()


def test_automatic_names():
    from babytf.naming import reset_names

    reset_names()
    assert [Cubed().name, Cubed().name, losses.MeanSquaredError().name] == ["cubed", "cubed_1", "mean_squared_error"]


# --- what is refused


def test_unknown_name():
    with pytest.raises(ValueError, match="did you mean 'mse'") as caught:
        losses.get("msee")
    assert "unknown loss 'msee'" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("CategoricalCrossentropy", {"reduction": "avg"}, "one of 'sum_over_batch_size'"),
        ("CategoricalCrossentropy", {"label_smoothing": 1.5}, "from 0 to 1"),
        ("CategoricalCrossentropy", {"axis": True}, "an integer"),
        ("CategoricalFocalCrossentropy", {"label_smoothing": -0.1}, "from 0 to 1"),
        ("CategoricalFocalCrossentropy", {"alpha": -1.0}, "at least 0"),
        ("CategoricalFocalCrossentropy", {"gamma": -2.0}, "at least 0"),
        ("CategoricalFocalCrossentropy", {"axis": (0, 1)}, "an integer"),
        ("BinaryFocalCrossentropy", {"label_smoothing": 2}, "from 0 to 1"),
        ("BinaryFocalCrossentropy", {"alpha": 1.25}, "from 0 to 1"),
        ("BinaryFocalCrossentropy", {"gamma": -1}, "at least 0"),
        ("BinaryFocalCrossentropy", {"apply_class_balancing": 0.3}, "True or False"),
        ("CategoricalGeneralizedCrossEntropy", {"q": 1.0}, "between 0 and 1"),
        ("CategoricalGeneralizedCrossEntropy", {"q": 0}, "between 0 and 1"),
        ("CategoricalGeneralizedCrossEntropy", {"q": 1.5}, "from 0 to 1"),
        ("Huber", {"delta": 0.0}, "above 0"),
        ("Huber", {"delta": "1"}, "a number"),
        ("CosineSimilarity", {"axis": None}, "an integer"),
        ("Tversky", {"alpha": -0.5}, "at least 0"),
        ("Tversky", {"beta": float("nan")}, "a number"),
        ("Circle", {"gamma": 0}, "above 0"),
        ("Circle", {"margin": 1.5}, "from -1 to 1"),
        ("Circle", {"remove_diagonal": None}, "True or False"),
    ],
)
def test_bad_arguments(name, arguments, expected):
    ((argument, value),) = arguments.items()
    with pytest.raises(ValueError, match=f"bad `{argument}`") as caught:
        getattr(losses, name)(**arguments)
    message = str(caught.value)
    assert re.search(rf"got: +{argument}={re.escape(repr(value))}\n +expected: .*{expected}.*\n +fix: ", message)


def test_each_weight_of_a_list_is_checked():
    assert losses.CategoricalFocalCrossentropy(alpha=np.array([0.5, 0.25])).get_config()["alpha"] == [0.5, 0.25]
    with pytest.raises(ValueError, match=r"alpha=-1\.0"):
        losses.CategoricalFocalCrossentropy(alpha=[0.5, -1.0])
    with pytest.raises(ValueError, match=r"(?s)alpha of shape \(2,\), for 3 classes.*each class"):
        losses.CategoricalFocalCrossentropy(alpha=[0.5, 1.0])(np.eye(3), np.ones((3, 3)))


@pytest.mark.parametrize(
    ("loss", "true_shape", "pred_shape", "fix"),
    [
        (losses.MeanSquaredError(), (4, 3), (4, 2), "units"),
        (losses.MeanAbsoluteError(), (5, 3), (4, 3), "rows"),
        (losses.BinaryCrossentropy(), (4, 3), (4, 1), "units"),
        (losses.CategoricalCrossentropy(), (4,), (4, 3), "sparse_categorical_crossentropy"),
        (losses.CategoricalCrossentropy(), (4, 1), (4, 3), "sparse_categorical_crossentropy"),
        (losses.SparseCategoricalCrossentropy(), (4, 3), (4, 3), "use categorical_crossentropy"),
        (losses.SparseCategoricalCrossentropy(), (3,), (4, 3), "rows"),
        *((cls(), (4, 3), (4, 2), "units") for cls in CLASSES if cls not in (losses.Circle, losses.CTC)),
        *((cls(), (5, 3), (4, 3), "rows") for cls in CLASSES if cls is not losses.CTC),
        (losses.CategoricalFocalCrossentropy(), (4,), (4, 3), "to_categorical"),
        (losses.CategoricalGeneralizedCrossEntropy(), (4, 3), (4, 3), "argmax"),
        (losses.Circle(), (4, 3), (4, 3), "argmax"),
        (losses.Circle(), (4,), (4, 3, 2), "units"),
        (losses.CTC(), (4, 2), (4, 3), "an output for each step"),
        (losses.CTC(), (4,), (4, 5, 3), "targets"),
        (losses.CTC(), (3, 2), (4, 5, 3), "rows"),
    ],
)
def test_shapes_that_do_not_fit(loss, true_shape, pred_shape, fix):
    with pytest.raises(ShapeError, match=fix) as caught:
        loss(np.zeros(true_shape), np.ones(pred_shape))
    assert loss.name.removesuffix("_loss") in str(caught.value)
    assert f"y_true of shape {true_shape}, y_pred of shape {pred_shape}" in str(caught.value)


def test_missing_target():
    with pytest.raises(ValueError, match="y_true=None"):
        losses.MeanSquaredError()(None, np.ones((2, 2)))


@pytest.mark.parametrize("weight_shape", [(3,), (4, 3)])
def test_weights_that_do_not_fit(weight_shape):
    with pytest.raises(ShapeError, match="one weight per sample") as caught:
        losses.MeanSquaredError()(np.zeros((4, 3)), np.ones((4, 3)), np.ones(weight_shape))
    assert f"loss values of shape (4,), sample_weight of shape {weight_shape}" in str(caught.value)


def test_weights_per_sample_for_values_per_step():
    with pytest.raises(ShapeError, match=r"reshape the weights to \(2, 1\)"):
        losses.MeanSquaredError()(np.zeros((2, 4, 3)), np.ones((2, 4, 3)), np.ones(2))


def test_a_function_that_reduces_the_wrong_axis_cannot_be_weighted():
    loss = LossFunctionWrapper(lambda y_true, y_pred: ops.mean(y_true - y_pred, axis=0), name="wrong")
    loss(np.zeros((4, 3)), np.ones((4, 3)))  # as in Keras
    with pytest.raises(ShapeError, match="axis -1, not axis 0"):
        loss(np.zeros((4, 3)), np.ones((4, 3)), np.ones(4))


@pytest.mark.parametrize("returned", [None, "text", (1.0, [2.0, 3.0])])
def test_a_function_that_returns_no_values(returned):
    with pytest.raises(TypeError, match="loss 'odd' did not return per-sample values"):
        LossFunctionWrapper(lambda y_true, y_pred: returned, name="odd")(np.zeros(2), np.ones(2))


def test_a_loss_without_call():
    with pytest.raises(NotImplementedError, match="define call"):
        Loss()(np.zeros(2), np.ones(2))


@pytest.mark.parametrize(
    ("labels", "got", "fix"),
    [
        ([0, 1, 3, 5], r"label 3 at index \[2\]; the labels go from 0 to 5", "6 units"),
        ([1, 2, 3, 1], r"label 3 at index \[2\]", "y - 1"),
        ([0, -1, 2, 1], r"label -1 at index \[1\]", "ignore_class=-1"),
        ([[0], [2], [1], [9]], r"label 9 at index \[3, 0\]", "10 units"),
        ([0.0, np.nan, 1.0], r"label nan at index \[1\]", "correct the labels"),
    ],
)
def test_labels_out_of_range(labels, got, fix):
    with pytest.raises(ValueError, match=got) as caught:
        losses.SparseCategoricalCrossentropy(name="scce").check_targets(np.array(labels), (None, 3))
    assert "labels from 0 to 2: the output has 3 classes" in str(caught.value)
    assert "'scce'" in str(caught.value)
    assert fix in str(caught.value)


def test_labels_in_range():
    losses.SparseCategoricalCrossentropy().check_targets(np.array([0, 2, 1], "uint8"), (None, 3))
    losses.SparseCategoricalCrossentropy(ignore_class=255).check_targets(np.array([0, 255], "uint8"), (None, 3))
    losses.SparseCategoricalCrossentropy(axis=1).check_targets(np.array([[4, 0]]), (None, 5, 2))
    losses.MeanSquaredError().check_targets(np.array([7]), (None, 3))
    losses.CategoricalGeneralizedCrossEntropy().check_targets(np.array([0, 2]), (None, 3))


def test_labels_out_of_range_of_a_loss_that_ignores_none():
    with pytest.raises(ValueError, match=r"(?s)label -1 at index \[1\].*fix: +correct the labels"):
        losses.CategoricalGeneralizedCrossEntropy().check_targets(np.array([0, -1]), (None, 3))
    with pytest.raises(ValueError, match="label 3 is out of range"):
        losses.CategoricalGeneralizedCrossEntropy()(np.array([0, 3]), np.ones((2, 3)))


def test_one_class_is_remarked_on():
    with pytest.warns(SyntaxWarning, match="binary_crossentropy"):
        losses.categorical_crossentropy([[1.0]], [[0.5]])
