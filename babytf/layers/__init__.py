"""The layers, one per file. `layer.py` is the base of all; `dense.py` is the shortest way in."""

from __future__ import annotations

from typing import Any

from babytf.errors import explain
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
from babytf.layers.layer import Layer
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
from babytf.serialization import builtin, deserialize_keras_object, lookup, serialize_keras_object

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

_LAYERS = (
    Activation,
    ActivityRegularization,
    AdaptiveAveragePooling1D,
    AdaptiveAveragePooling2D,
    AdaptiveAveragePooling3D,
    AdaptiveMaxPooling1D,
    AdaptiveMaxPooling2D,
    AdaptiveMaxPooling3D,
    Add,
    AdditiveAttention,
    AlphaDropout,
    Attention,
    Average,
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    BatchNormalization,
    Bidirectional,
    Concatenate,
    Conv1D,
    Conv1DTranspose,
    Conv2D,
    Conv2DTranspose,
    Conv3D,
    Conv3DTranspose,
    Cropping1D,
    Cropping2D,
    Cropping3D,
    Dense,
    DepthwiseConv1D,
    DepthwiseConv2D,
    Dot,
    Dropout,
    ELU,
    EinsumDense,
    Embedding,
    Flatten,
    GRU,
    GRUCell,
    GaussianDropout,
    GaussianNoise,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
    GroupNormalization,
    GroupedQueryAttention,
    Identity,
    InputLayer,
    LSTM,
    LSTMCell,
    Lambda,
    Layer,
    LayerNormalization,
    LeakyReLU,
    Masking,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
    Maximum,
    Minimum,
    MultiHeadAttention,
    Multiply,
    Normalization,
    PReLU,
    Permute,
    RMSNormalization,
    RNN,
    ReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    SeparableConv1D,
    SeparableConv2D,
    SimpleRNN,
    SimpleRNNCell,
    Softmax,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
    SpectralNormalization,
    StackedRNNCells,
    Subtract,
    TimeDistributed,
    UnitNormalization,
    UpSampling1D,
    UpSampling2D,
    UpSampling3D,
    Wrapper,
    ZeroPadding1D,
    ZeroPadding2D,
    ZeroPadding3D,
)

builtin("keras.layers", *_LAYERS)


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
    return lookup("layer", identifier, {cls.__name__: cls for cls in _LAYERS}, "keras.layers")


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
