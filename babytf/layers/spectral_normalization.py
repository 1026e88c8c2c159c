"""`SpectralNormalization`, a wrapper that holds a layer's kernel at spectral norm 1."""

from __future__ import annotations

from typing import Any

from babytf import check, initializers, ops
from babytf.errors import explain
from babytf.layers.input_spec import InputSpec
from babytf.layers.layer import Layer


class SpectralNormalization(Layer):
    r"""Divides the kernel of a layer by its largest singular value, in each call with `training=True`.

    $$ W \leftarrow W / \sigma, \qquad \sigma = v W u^\top $$

    $u$ and $v$ come nearer to the singular vectors with each call: $v \leftarrow u W^\top / |\cdot|$, $u \leftarrow v
    W / |\cdot|$.

    Args:
        layer: A layer with a `kernel`, or with `embeddings`.
        power_iterations: How often $u$ and $v$ are improved in each call.
        **kwargs: Arguments of `Layer`: `name`, `dtype`, …

    Input shape:
        That of the layer.

    Output shape:
        That of the layer.

    Raises:
        ValueError: If `layer` is none, or has neither `kernel` nor `embeddings`; or `power_iterations` is not positive.

    Source:
        Miyato et al. (2018), "Spectral normalization for generative adversarial networks", algorithm 1.

    Example:
        >>> layer = SpectralNormalization(babytf.layers.Dense(3))
        >>> layer(np.ones((2, 4), "float32"), training=True).shape
        (2, 3)
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(layer, Layer):
            raise ValueError(explain(f"SpectralNormalization '{self.name}' wraps a layer.", got=f"layer={layer!r}"))
        self.layer = layer
        self.power_iterations = check.positive_int(self, power_iterations=power_iterations)

    def build(self, input_shape: Any) -> None:
        if not self.layer.built:
            self.layer.build(input_shape)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})
        name = next((name for name in ("kernel", "embeddings") if hasattr(self.layer, name)), None)
        if name is None:
            raise ValueError(
                explain(
                    f"SpectralNormalization '{self.name}': this layer has no kernel.",
                    got=repr(self.layer),
                    expected="a layer with `kernel` or `embeddings`",
                )
            )
        self._kernel_name = name
        self.vector_u = self.add_weight(
            name="vector_u",
            shape=(1, self.kernel.shape[-1]),
            initializer=initializers.TruncatedNormal(stddev=0.02),
            trainable=False,
            dtype=self.kernel.dtype,
        )

    @property
    def kernel(self) -> Any:
        """The variable that is normalized."""
        return getattr(self.layer, self._kernel_name)

    def call(self, inputs: Any, training: bool | None = False) -> Any:
        if training:
            vector_u, kernel = self.normalized_weights()
            zero = ops.all(ops.equal(self.kernel, 0))  # nothing to divide by
            self.vector_u.assign(ops.where(zero, self.vector_u, vector_u))
            self.kernel.assign(ops.where(zero, self.kernel, kernel))
        return ops.cast(self.layer(inputs), inputs.dtype)

    def normalized_weights(self) -> tuple[Any, Any]:
        """The next $u$, and the kernel divided by its norm."""
        kernel = ops.convert_to_tensor(self.kernel)
        weights = ops.reshape(kernel, (-1, kernel.shape[-1]))
        u = ops.convert_to_tensor(self.vector_u)
        for _ in range(self.power_iterations):
            v = _unit(ops.matmul(u, ops.transpose(weights)))
            u = _unit(ops.matmul(v, weights))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        sigma = ops.matmul(ops.matmul(v, weights), ops.transpose(u))
        return ops.cast(u, self.vector_u.dtype), ops.reshape(weights / sigma, kernel.shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return self.layer.compute_output_shape(input_shape)


def _unit(x: Any) -> Any:
    """A row of length 1; of zeros if it is that."""
    return ops.normalize(x, axis=None)
