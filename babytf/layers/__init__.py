"""The layers, one per file. `layer.py` is the base of all; `dense.py` is the shortest way in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from babytf.errors import explain
from babytf.layers.layer import Layer
from babytf.lazy import Table, later
from babytf.serialization import builtin, deserialize_keras_object, lookup, serialize_keras_object

if TYPE_CHECKING:
    from babytf.layers.activation import Activation
    from babytf.layers.activity_regularization import ActivityRegularization
    from babytf.layers.additive_attention import AdditiveAttention
    from babytf.layers.alpha_dropout import AlphaDropout
    from babytf.layers.attention import Attention
    from babytf.layers.batch_normalization import BatchNormalization
    from babytf.layers.bidirectional import Bidirectional
    from babytf.layers.concatenate import Concatenate, concatenate
    from babytf.layers.dense import Dense
    from babytf.layers.dot import Dot, dot
    from babytf.layers.dropout import Dropout
    from babytf.layers.einsum_dense import EinsumDense
    from babytf.layers.elementwise_merge import (
        Add,
        Average,
        Maximum,
        Minimum,
        Multiply,
        Subtract,
        add,
        average,
        maximum,
        minimum,
        multiply,
        subtract,
    )
    from babytf.layers.elu import ELU
    from babytf.layers.embedding import Embedding
    from babytf.layers.flatten import Flatten
    from babytf.layers.gaussian_noise import GaussianDropout, GaussianNoise
    from babytf.layers.group_normalization import GroupNormalization
    from babytf.layers.grouped_query_attention import GroupedQueryAttention, GroupQueryAttention
    from babytf.layers.gru import GRU
    from babytf.layers.gru_cell import GRUCell
    from babytf.layers.identity import Identity
    from babytf.layers.input_layer import Input, InputLayer
    from babytf.layers.input_spec import InputSpec
    from babytf.layers.lambda_layer import Lambda
    from babytf.layers.layer_normalization import LayerNormalization
    from babytf.layers.lstm import LSTM
    from babytf.layers.lstm_cell import LSTMCell
    from babytf.layers.masking import Masking
    from babytf.layers.multi_head_attention import MultiHeadAttention
    from babytf.layers.normalization import Normalization
    from babytf.layers.permute import Permute
    from babytf.layers.prelu import PReLU
    from babytf.layers.relu import LeakyReLU, ReLU
    from babytf.layers.repeat_vector import RepeatVector
    from babytf.layers.rescaling import Rescaling
    from babytf.layers.reshape import Reshape
    from babytf.layers.rms_normalization import RMSNormalization
    from babytf.layers.rnn import RNN
    from babytf.layers.simple_rnn import SimpleRNN
    from babytf.layers.simple_rnn_cell import SimpleRNNCell
    from babytf.layers.softmax import Softmax
    from babytf.layers.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
    from babytf.layers.spectral_normalization import SpectralNormalization
    from babytf.layers.stacked_rnn_cells import StackedRNNCells
    from babytf.layers.time_distributed import TimeDistributed
    from babytf.layers.unit_normalization import UnitNormalization
    from babytf.layers.wrapper import Wrapper

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Dense",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GroupNormalization",
    "GroupQueryAttention",
    "GroupedQueryAttention",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "SpectralNormalization",
    "StackedRNNCells",
    "Subtract",
    "TimeDistributed",
    "UnitNormalization",
    "Wrapper",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "get",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

_LATER = later(
    __name__,
    {
        "activation": "Activation",
        "activity_regularization": "ActivityRegularization",
        "additive_attention": "AdditiveAttention",
        "alpha_dropout": "AlphaDropout",
        "attention": "Attention",
        "batch_normalization": "BatchNormalization",
        "bidirectional": "Bidirectional",
        "concatenate": "Concatenate concatenate",
        "dense": "Dense",
        "dot": "Dot dot",
        "dropout": "Dropout",
        "einsum_dense": "EinsumDense",
        "elementwise_merge": (
            "Add Average Maximum Minimum Multiply Subtract add average maximum minimum multiply subtract"
        ),
        "elu": "ELU",
        "embedding": "Embedding",
        "flatten": "Flatten",
        "gaussian_noise": "GaussianDropout GaussianNoise",
        "group_normalization": "GroupNormalization",
        "grouped_query_attention": "GroupQueryAttention GroupedQueryAttention",
        "gru": "GRU",
        "gru_cell": "GRUCell",
        "identity": "Identity",
        "input_layer": "Input InputLayer",
        "input_spec": "InputSpec",
        "lambda_layer": "Lambda",
        "layer_normalization": "LayerNormalization",
        "lstm": "LSTM",
        "lstm_cell": "LSTMCell",
        "masking": "Masking",
        "multi_head_attention": "MultiHeadAttention",
        "normalization": "Normalization",
        "permute": "Permute",
        "prelu": "PReLU",
        "relu": "LeakyReLU ReLU",
        "repeat_vector": "RepeatVector",
        "rescaling": "Rescaling",
        "reshape": "Reshape",
        "rms_normalization": "RMSNormalization",
        "rnn": "RNN",
        "simple_rnn": "SimpleRNN",
        "simple_rnn_cell": "SimpleRNNCell",
        "softmax": "Softmax",
        "spatial_dropout": "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
        "spectral_normalization": "SpectralNormalization",
        "stacked_rnn_cells": "StackedRNNCells",
        "time_distributed": "TimeDistributed",
        "unit_normalization": "UnitNormalization",
        "wrapper": "Wrapper",
    },
)

_NOT_LAYERS = ("Input", "InputSpec")
TABLE = Table(
    {"Layer": Layer} | {name: entry for name, entry in _LATER.items() if name[0].isupper() and name not in _NOT_LAYERS}
)

builtin("keras.layers", Layer, **TABLE.entries)


def get(identifier: Any) -> Layer | None:
    """A layer from its name, its configuration, or itself.

    Args:
        identifier: `None`, the name of a class that needs no arguments, a configuration, a class, or a layer.

    Raises:
        ValueError: If the name is unknown.

    Example:
        >>> get("Flatten")
        <Flatten name=flatten, built=False>
    """
    return lookup("layer", identifier, TABLE, "keras.layers")


def serialize(layer: Layer) -> dict[str, Any]:
    """A layer's class and configuration as plain data."""
    return serialize_keras_object(layer)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Layer:
    """The layer that `serialize` described.

    Args:
        config: What `serialize` returned.
        custom_objects: From names to classes or functions of your own.

    Raises:
        ValueError: If the data describes something else.
    """
    layer = deserialize_keras_object(config, custom_objects=custom_objects)
    if not isinstance(layer, Layer):
        raise ValueError(explain("this is not the configuration of a layer.", got=repr(config)[:200]))
    return layer
