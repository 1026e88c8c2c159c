"""`SpatialDropout1D`, `2D`, `3D`: dropout of whole features, in all places of a sample at once."""

from __future__ import annotations

from typing import Any, ClassVar

from babytf import check, config, random
from babytf.layers.dropout import Dropout
from babytf.layers.input_spec import InputSpec


class _SpatialDropout(Dropout):
    """Dropout whose draws are repeated over the places of a sample."""

    _axes: ClassVar[int]
    data_format: str = "channels_last"

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(rate, seed=seed, name=name, dtype=dtype)
        self.input_spec = InputSpec(ndim=self._axes)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.rate == 0:
            return inputs
        batch, features = inputs.shape[0], inputs.shape[1 if self.data_format == "channels_first" else -1]
        ones = (1,) * (self._axes - 2)
        first = self.data_format == "channels_first"
        shape = (batch, features, *ones) if first else (batch, *ones, features)
        return random.dropout(inputs, self.rate, noise_shape=shape, seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        """Rate, seed, name and dtype, as Keras has it."""
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype}


class SpatialDropout1D(_SpatialDropout):
    """In training, drops features of a sequence in all its steps; otherwise does nothing.

    Args:
        rate: Fraction of the features to drop, in [0, 1].
        seed: Integer that makes the draws repeatable.
        name: Name of the layer.
        dtype: Dtype of the layer.

    Input shape:
        `(B, T, F)`

    Output shape:
        That of the input.

    Raises:
        ValueError: If `rate` is not in [0, 1].

    Source:
        Tompson et al. (2014), "Efficient object localization using convolutional networks", section 3.2.

    Example:
        >>> SpatialDropout1D(0.5)(np.ones((1, 1, 2)), training=False)
        Tensor([[[1. 1.]]], shape=(1, 1, 2), dtype=float32)
    """

    _axes = 3

    def __init__(self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(rate, seed, name, dtype)


class _SpatialDropoutOfImages(_SpatialDropout):
    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, seed, name, dtype)
        formats = ("channels_last", "channels_first")
        self.data_format = check.one_of(self, formats, data_format=data_format or config.image_data_format())

    def get_config(self) -> dict[str, Any]:
        """Rate, data format, seed, name and dtype, as Keras has it."""
        return {**super().get_config(), "data_format": self.data_format}


class SpatialDropout2D(_SpatialDropoutOfImages):
    """In training, drops whole feature maps of an image; otherwise does nothing.

    Args:
        rate: Fraction of the feature maps to drop, in [0, 1].
        data_format: `"channels_last"` or `"channels_first"`; `image_data_format()` by default.
        seed: Integer that makes the draws repeatable.
        name: Name of the layer.
        dtype: Dtype of the layer.

    Input shape:
        `(B, H, W, C)`, or `(B, C, H, W)` with `"channels_first"`.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `rate` is not in [0, 1], or `data_format` is another.

    Source:
        Tompson et al. (2014), "Efficient object localization using convolutional networks", section 3.2.

    Example:
        >>> SpatialDropout2D(0.5)(np.ones((1, 1, 1, 2)), training=False)
        Tensor([[[[1. 1.]]]], shape=(1, 1, 1, 2), dtype=float32)
    """

    _axes = 4

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, data_format, seed, name, dtype)


class SpatialDropout3D(_SpatialDropoutOfImages):
    """In training, drops whole feature maps of a volume; otherwise does nothing.

    Args:
        rate: Fraction of the feature maps to drop, in [0, 1].
        data_format: `"channels_last"` or `"channels_first"`; `image_data_format()` by default.
        seed: Integer that makes the draws repeatable.
        name: Name of the layer.
        dtype: Dtype of the layer.

    Input shape:
        `(B, D, H, W, C)`, or `(B, C, D, H, W)` with `"channels_first"`.

    Output shape:
        That of the input.

    Raises:
        ValueError: If `rate` is not in [0, 1], or `data_format` is another.

    Source:
        Tompson et al. (2014), "Efficient object localization using convolutional networks", section 3.2.

    Example:
        >>> SpatialDropout3D(0.5)(np.ones((1, 1, 1, 1, 2)), training=False)
        Tensor([[[[[1. 1.]]]]], shape=(1, 1, 1, 1, 2), dtype=float32)
    """

    _axes = 5

    def __init__(
        self,
        rate: float,
        data_format: str | None = None,
        seed: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(rate, data_format, seed, name, dtype)
