"""Metrics: numbers to watch while training and evaluating.

Read `base.py` first, then `mean.py`: most metrics are the mean of a function.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import babytf.losses  # noqa: F401  (first: the functions that are in both are known by their names there)
from babytf.lazy import Table, later
from babytf.metrics.base import Metric
from babytf.naming import to_snake_case
from babytf.serialization import builtin, deserialize_keras_object, lookup, serialize_keras_object

if TYPE_CHECKING:
    from babytf.losses import (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_hinge,
        hinge,
        huber,
        kl_divergence,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        poisson,
        sparse_categorical_crossentropy,
        squared_hinge,
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
    from babytf.metrics.auc import AUC
    from babytf.metrics.confusion_counts import (
        FalseNegatives,
        FalsePositives,
        TrueNegatives,
        TruePositives,
    )
    from babytf.metrics.correlation import (
        ConcordanceCorrelation,
        CosineSimilarity,
        PearsonCorrelation,
        concordance_correlation,
        pearson_correlation,
    )
    from babytf.metrics.crossentropy import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
    from babytf.metrics.f_score import F1Score, FBetaScore
    from babytf.metrics.hinges import CategoricalHinge, Hinge, SquaredHinge
    from babytf.metrics.iou import (
        BinaryIoU,
        IoU,
        MeanIoU,
        OneHotIoU,
        OneHotMeanIoU,
    )
    from babytf.metrics.mean import Mean, MeanMetricWrapper, Sum
    from babytf.metrics.precision_recall import Precision, Recall
    from babytf.metrics.probabilistic import KLDivergence, Poisson
    from babytf.metrics.r2_score import R2Score
    from babytf.metrics.regression import (
        LogCoshError,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        RootMeanSquaredError,
    )
    from babytf.metrics.sensitivity_specificity import (
        PrecisionAtRecall,
        RecallAtPrecision,
        SensitivityAtSpecificity,
        SpecificityAtSensitivity,
    )
    from babytf.metrics.top_k_accuracy import (
        SparseTopKCategoricalAccuracy,
        TopKCategoricalAccuracy,
        sparse_top_k_categorical_accuracy,
        top_k_categorical_accuracy,
    )

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_LATER = later(
    __name__,
    {
        "accuracy": (
            "Accuracy BinaryAccuracy CategoricalAccuracy SparseCategoricalAccuracy binary_accuracy "
            "categorical_accuracy sparse_categorical_accuracy"
        ),
        "auc": "AUC",
        "confusion_counts": "FalseNegatives FalsePositives TrueNegatives TruePositives",
        "correlation": (
            "ConcordanceCorrelation CosineSimilarity PearsonCorrelation concordance_correlation pearson_correlation"
        ),
        "crossentropy": "BinaryCrossentropy CategoricalCrossentropy SparseCategoricalCrossentropy",
        "f_score": "F1Score FBetaScore",
        "hinges": "CategoricalHinge Hinge SquaredHinge",
        "iou": "BinaryIoU IoU MeanIoU OneHotIoU OneHotMeanIoU",
        "mean": "Mean MeanMetricWrapper Sum",
        "precision_recall": "Precision Recall",
        "probabilistic": "KLDivergence Poisson",
        "r2_score": "R2Score",
        "regression": (
            "LogCoshError MeanAbsoluteError MeanAbsolutePercentageError MeanSquaredError "
            "MeanSquaredLogarithmicError RootMeanSquaredError"
        ),
        "sensitivity_specificity": (
            "PrecisionAtRecall RecallAtPrecision SensitivityAtSpecificity SpecificityAtSensitivity"
        ),
        "top_k_accuracy": (
            "SparseTopKCategoricalAccuracy TopKCategoricalAccuracy sparse_top_k_categorical_accuracy "
            "top_k_categorical_accuracy"
        ),
        "babytf.losses.binary_crossentropy": "binary_crossentropy",
        "babytf.losses.binary_focal_crossentropy": "binary_focal_crossentropy",
        "babytf.losses.categorical_crossentropy": "categorical_crossentropy",
        "babytf.losses.categorical_focal_crossentropy": "categorical_focal_crossentropy",
        "babytf.losses.categorical_hinge": "categorical_hinge",
        "babytf.losses.hinge": "hinge",
        "babytf.losses.huber": "huber",
        "babytf.losses.kl_divergence": "kl_divergence",
        "babytf.losses.log_cosh": "log_cosh",
        "babytf.losses.mean_absolute_error": "mean_absolute_error",
        "babytf.losses.mean_absolute_percentage_error": "mean_absolute_percentage_error",
        "babytf.losses.mean_squared_error": "mean_squared_error",
        "babytf.losses.mean_squared_logarithmic_error": "mean_squared_logarithmic_error",
        "babytf.losses.poisson": "poisson",
        "babytf.losses.sparse_categorical_crossentropy": "sparse_categorical_crossentropy",
        "babytf.losses.squared_hinge": "squared_hinge",
    },
)

CLASSES = Table({name: entry for name, entry in _LATER.items() if name[0].isupper() and name != "MeanMetricWrapper"})

_ALIASES = {
    "bce": "BinaryCrossentropy",
    "mae": "MeanAbsoluteError",
    "mape": "MeanAbsolutePercentageError",
    "mse": "MeanSquaredError",
    "msle": "MeanSquaredLogarithmicError",
}

TABLE = Table(
    CLASSES.entries
    | {to_snake_case(name): entry for name, entry in CLASSES.entries.items()}
    | {alias: _LATER[name] for alias, name in _ALIASES.items()}
    | {alias.upper(): _LATER[name] for alias, name in _ALIASES.items()}
)

builtin("keras.metrics", Metric, **_LATER)


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
