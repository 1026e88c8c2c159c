"""The peers, by name: each builds a case's model with its own library, then trains it and predicts with it.

A peer is a class. `Peer(case)` builds the model; then `prepare(x)` turns inputs into what its library likes best,
`epoch(x, y)` makes one pass in a new random order, `predict(x, batch)`, `call(x)` and `evaluate(x, y)` use the
model, `save(path)` and `load(path)` (of a `Peer()` without a model) keep it in the library's own format. What a library
cannot do raises NotImplementedError, and the tables say "not available". A peer that does the same work in several
ways, one after the other, says in `ways` how many there are; the fastest of them is its time.
"""

import importlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Entry:
    """Where a peer is written, and what it needs.

    Args:
        module: The file in this folder.
        cls: The class in it.
        needs: Modules that must be importable.
        imports: Modules that its user imports.
        options: More arguments of the class.
        ours: Whether it runs in the Python that runs the benchmark, and in no other.
    """

    module: str
    cls: str
    needs: tuple[str, ...]
    imports: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    ours: bool = False

    def make(self, case=None):
        return getattr(importlib.import_module(f"peers.{self.module}"), self.cls)(case, **self.options)


def _keras(backend, module):
    return Entry("keras_api", "KerasPeer", ("keras", module), ("keras",), {"module": "keras", "backend": backend})


PEERS = {
    "babytf": Entry("keras_api", "KerasPeer", (), ("babytf",), {"module": "babytf", "numba": False}, True),
    "babytf, Numba": Entry("keras_api", "KerasPeer", ("numba",), ("babytf",), {"module": "babytf"}, True),
    "Keras on TensorFlow": _keras("tensorflow", "tensorflow"),
    "Keras on JAX": _keras("jax", "jax"),
    "Keras on PyTorch": _keras("torch", "torch"),
    "PyTorch, fused Adam": Entry("torch_alone", "TorchPeer", ("torch",), ("torch",)),
    "JAX jit by hand": Entry("jax_by_hand", "JaxPeer", ("jax",), ("jax", "jax.numpy")),
    "scikit-learn": Entry("scikit_learn", "SklearnPeer", ("sklearn",), ("sklearn.neural_network",)),
    "matrix products alone": Entry("products", "ProductsPeer", (), (), {}, True),
}
