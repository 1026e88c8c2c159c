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
    from babytf.layers.adaptive_pooling import (
        AdaptiveAveragePooling1D,
        AdaptiveAveragePooling2D,
        AdaptiveAveragePooling3D,
        AdaptiveMaxPooling1D,
        AdaptiveMaxPooling2D,
        AdaptiveMaxPooling3D,
    )
    from babytf.layers.additive_attention import AdditiveAttention
    from babytf.layers.alpha_dropout import AlphaDropout
    from babytf.layers.attention import Attention
    from babytf.layers.batch_normalization import BatchNormalization
    from babytf.layers.bidirectional import Bidirectional
    from babytf.layers.concatenate import Concatenate, concatenate
    from babytf.layers.conv import Conv1D, Conv2D, Conv3D
    from babytf.layers.conv_transpose import Conv1DTranspose, Conv2DTranspose, Conv3DTranspose
    from babytf.layers.cropping import Cropping1D, Cropping2D, Cropping3D
    from babytf.layers.dense import Dense
    from babytf.layers.depthwise_conv import DepthwiseConv1D, DepthwiseConv2D
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
    from babytf.layers.global_pooling import (
        GlobalAveragePooling1D,
        GlobalAveragePooling2D,
        GlobalAveragePooling3D,
        GlobalMaxPooling1D,
        GlobalMaxPooling2D,
        GlobalMaxPooling3D,
    )
    from babytf.layers.group_normalization import GroupNormalization
    from babytf.layers.grouped_query_attention import GroupedQueryAttention
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
    from babytf.layers.pooling import (
        AveragePooling1D,
        AveragePooling2D,
        AveragePooling3D,
        MaxPooling1D,
        MaxPooling2D,
        MaxPooling3D,
    )
    from babytf.layers.prelu import PReLU
    from babytf.layers.relu import LeakyReLU, ReLU
    from babytf.layers.repeat_vector import RepeatVector
    from babytf.layers.rescaling import Rescaling
    from babytf.layers.reshape import Reshape
    from babytf.layers.rms_normalization import RMSNormalization
    from babytf.layers.rnn import RNN
    from babytf.layers.separable_conv import SeparableConv1D, SeparableConv2D
    from babytf.layers.simple_rnn import SimpleRNN
    from babytf.layers.simple_rnn_cell import SimpleRNNCell
    from babytf.layers.softmax import Softmax
    from babytf.layers.spatial_dropout import SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
    from babytf.layers.spectral_normalization import SpectralNormalization
    from babytf.layers.stacked_rnn_cells import StackedRNNCells
    from babytf.layers.time_distributed import TimeDistributed
    from babytf.layers.unit_normalization import UnitNormalization
    from babytf.layers.up_sampling import UpSampling1D, UpSampling2D, UpSampling3D
    from babytf.layers.wrapper import Wrapper
    from babytf.layers.zero_padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D

    # further names that Keras has for them
    GroupQueryAttention = GroupedQueryAttention
    GlobalMaxPool1D = GlobalMaxPooling1D
    GlobalAvgPool1D = GlobalAveragePooling1D
    GlobalMaxPool2D = GlobalMaxPooling2D
    GlobalAvgPool2D = GlobalAveragePooling2D
    GlobalMaxPool3D = GlobalMaxPooling3D
    GlobalAvgPool3D = GlobalAveragePooling3D
    Convolution1D = Conv1D
    Convolution2D = Conv2D
    Convolution3D = Conv3D
    Convolution1DTranspose = Conv1DTranspose
    Convolution2DTranspose = Conv2DTranspose
    Convolution3DTranspose = Conv3DTranspose
    SeparableConvolution1D = SeparableConv1D
    SeparableConvolution2D = SeparableConv2D
    MaxPool1D = MaxPooling1D
    AvgPool1D = AveragePooling1D
    MaxPool2D = MaxPooling2D
    AvgPool2D = AveragePooling2D
    MaxPool3D = MaxPooling3D
    AvgPool3D = AveragePooling3D


__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "AdaptiveAveragePooling1D",
    "AdaptiveAveragePooling2D",
    "AdaptiveAveragePooling3D",
    "AdaptiveMaxPooling1D",
    "AdaptiveMaxPooling2D",
    "AdaptiveMaxPooling3D",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
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
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
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
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
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
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "Wrapper",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
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
        "adaptive_pooling": (
            "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D AdaptiveMaxPooling1D "
            "AdaptiveMaxPooling2D AdaptiveMaxPooling3D"
        ),
        "additive_attention": "AdditiveAttention",
        "alpha_dropout": "AlphaDropout",
        "attention": "Attention",
        "batch_normalization": "BatchNormalization",
        "bidirectional": "Bidirectional",
        "concatenate": "Concatenate concatenate",
        "conv": "Conv1D Conv2D Conv3D",
        "conv_transpose": "Conv1DTranspose Conv2DTranspose Conv3DTranspose",
        "cropping": "Cropping1D Cropping2D Cropping3D",
        "dense": "Dense",
        "depthwise_conv": "DepthwiseConv1D DepthwiseConv2D",
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
        "global_pooling": (
            "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D GlobalMaxPooling1D "
            "GlobalMaxPooling2D GlobalMaxPooling3D"
        ),
        "group_normalization": "GroupNormalization",
        "grouped_query_attention": "GroupedQueryAttention",
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
        "pooling": "AveragePooling1D AveragePooling2D AveragePooling3D MaxPooling1D MaxPooling2D MaxPooling3D",
        "prelu": "PReLU",
        "relu": "LeakyReLU ReLU",
        "repeat_vector": "RepeatVector",
        "rescaling": "Rescaling",
        "reshape": "Reshape",
        "rms_normalization": "RMSNormalization",
        "rnn": "RNN",
        "separable_conv": "SeparableConv1D SeparableConv2D",
        "simple_rnn": "SimpleRNN",
        "simple_rnn_cell": "SimpleRNNCell",
        "softmax": "Softmax",
        "spatial_dropout": "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
        "spectral_normalization": "SpectralNormalization",
        "stacked_rnn_cells": "StackedRNNCells",
        "time_distributed": "TimeDistributed",
        "unit_normalization": "UnitNormalization",
        "up_sampling": "UpSampling1D UpSampling2D UpSampling3D",
        "wrapper": "Wrapper",
        "zero_padding": "ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    },
    {
        "GroupQueryAttention": "GroupedQueryAttention",
        "GlobalMaxPool1D": "GlobalMaxPooling1D",
        "GlobalAvgPool1D": "GlobalAveragePooling1D",
        "GlobalMaxPool2D": "GlobalMaxPooling2D",
        "GlobalAvgPool2D": "GlobalAveragePooling2D",
        "GlobalMaxPool3D": "GlobalMaxPooling3D",
        "GlobalAvgPool3D": "GlobalAveragePooling3D",
        "Convolution1D": "Conv1D",
        "Convolution2D": "Conv2D",
        "Convolution3D": "Conv3D",
        "Convolution1DTranspose": "Conv1DTranspose",
        "Convolution2DTranspose": "Conv2DTranspose",
        "Convolution3DTranspose": "Conv3DTranspose",
        "SeparableConvolution1D": "SeparableConv1D",
        "SeparableConvolution2D": "SeparableConv2D",
        "MaxPool1D": "MaxPooling1D",
        "AvgPool1D": "AveragePooling1D",
        "MaxPool2D": "MaxPooling2D",
        "AvgPool2D": "AveragePooling2D",
        "MaxPool3D": "MaxPooling3D",
        "AvgPool3D": "AveragePooling3D",
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
