"""Metrics: numbers to watch while training and evaluating.

Read `base.py` first, then `mean.py`: most metrics are the mean of a function.
"""

from __future__ import annotations

from typing import Any

from babytf.losses import (
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)
from babytf.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
)
from babytf.metrics.base import Metric
from babytf.metrics.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from babytf.metrics.mean import Mean, MeanMetricWrapper, Sum
from babytf.metrics.regression import MeanAbsoluteError, MeanSquaredError, RootMeanSquaredError
from babytf.metrics.top_k_accuracy import (
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from babytf.naming import to_snake_case
from babytf.serialization import builtin, deserialize_keras_object, lookup, serialize_keras_object

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "Mean",
    "MeanAbsoluteError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "Metric",
    "RootMeanSquaredError",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "Sum",
    "TopKCategoricalAccuracy",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "deserialize",
    "get",
    "mean_absolute_error",
    "mean_squared_error",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]

CLASSES: tuple[type[Metric], ...] = (
    Accuracy,
    BinaryAccuracy,
    BinaryCrossentropy,
    CategoricalAccuracy,
    CategoricalCrossentropy,
    Mean,
    MeanAbsoluteError,
    MeanSquaredError,
    RootMeanSquaredError,
    SparseCategoricalAccuracy,
    SparseCategoricalCrossentropy,
    SparseTopKCategoricalAccuracy,
    Sum,
    TopKCategoricalAccuracy,
)

TABLE: dict[str, type[Metric]] = {
    **{cls.__name__: cls for cls in CLASSES},
    **{to_snake_case(cls.__name__): cls for cls in CLASSES},
    "BCE": BinaryCrossentropy,
    "MAE": MeanAbsoluteError,
    "MSE": MeanSquaredError,
    "bce": BinaryCrossentropy,
    "mae": MeanAbsoluteError,
    "mse": MeanSquaredError,
}

builtin(
    "keras.metrics",
    Metric,
    MeanMetricWrapper,
    *CLASSES,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
    binary_crossentropy,
    categorical_crossentropy,
    mean_absolute_error,
    mean_squared_error,
    sparse_categorical_crossentropy,
)


def get(identifier: Any) -> Any:
    """The metric that an argument means.

    Args:
        identifier: A name (`"mse"`, `"mean_squared_error"`, `"MeanSquaredError"`), a configuration, a class, a
            function, a `Metric`, or `None`. Which accuracy `"accuracy"` is depends on shapes, so `compile` decides
            that; here it is `Accuracy`.

    Returns:
        A `Metric` or a function; `None` for `None`.

    Raises:
        ValueError: If the name is unknown.
    """
    return lookup("metric", identifier, TABLE, "keras.metrics")


def serialize(metric: Any) -> Any:
    """A metric, or the name of a metric function, as plain data."""
    return serialize_keras_object(metric)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The metric that `serialize` described.

    Args:
        config: A configuration, or the name of a metric.
        custom_objects: From names to metrics of your own.

    Raises:
        TypeError: If the configuration names nothing known.
        ValueError: If a name is unknown.
    """
    if isinstance(config, str):
        return (custom_objects or {}).get(config) or lookup("metric", config, TABLE, "keras.metrics")
    return deserialize_keras_object(config, custom_objects=custom_objects, module="keras.metrics")
