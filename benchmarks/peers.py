"""The peers: each builds the same classifier and trains it for one epoch at a time.

A peer is a function `(sizes, batch, x, y) -> epoch`, where `epoch()` makes one pass over x and y in a new random
order, with Adam at 0.001 on the mean softmax cross-entropy, and returns when all the work is done. `sizes` are the
widths of the layers; hidden ones are ReLU. Libraries are imported by the peer that needs them.
"""

import functools
import itertools
import os

import numpy as np


def _fit(keras, sizes, batch, x, y):
    model = keras.Sequential([keras.Input(shape=(sizes[0],))])
    for units in sizes[1:-1]:
        model.add(keras.layers.Dense(units, activation="relu"))
    model.add(keras.layers.Dense(sizes[-1]))
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.001),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    return lambda: model.fit(x, y, batch_size=batch, epochs=1, verbose=0)


def babytf(sizes, batch, x, y):
    import babytf

    return _fit(babytf, sizes, batch, x, y)


def keras(sizes, batch, x, y, backend):
    os.environ["KERAS_BACKEND"] = backend
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    assert keras.backend.backend() == backend
    return _fit(keras, sizes, batch, x, y)


def torch(sizes, batch, x, y):
    import torch

    layers = []
    for fan_in, fan_out in itertools.pairwise(sizes):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    loss_function = torch.nn.CrossEntropyLoss()
    x, y = torch.from_numpy(x), torch.from_numpy(y.astype("int64"))

    def epoch():
        order = torch.randperm(len(x))
        total = torch.zeros(())
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            loss = loss_function(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach()
        return float(total)

    return epoch


def jax(sizes, batch, x, y):
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    parameters = [
        (rng.normal(scale=(2 / a) ** 0.5, size=(a, b)).astype("float32"), np.zeros(b, "float32"))
        for a, b in itertools.pairwise(sizes)
    ]
    parameters = jax.tree.map(jnp.asarray, parameters)
    zeros = functools.partial(jax.tree.map, jnp.zeros_like)
    state = [parameters, zeros(parameters), zeros(parameters), jnp.zeros((), "float32")]

    def loss_function(parameters, x, y):
        for w, b in parameters[:-1]:
            x = jax.nn.relu(x @ w + b)
        w, b = parameters[-1]
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(x @ w + b), y[:, None], axis=1))

    @functools.partial(jax.jit, donate_argnums=0)
    def step(state, x, y):
        w, m, v, t = state
        loss, g = jax.value_and_grad(loss_function)(w, x, y)
        t = t + 1
        rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), m, g)
        v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), v, g)
        w = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), w, m, v)
        return [w, m, v, t], loss

    def epoch():
        nonlocal state
        order = rng.permutation(len(x))
        losses = []
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            state, loss = step(state, x[rows], y[rows])
            losses.append(loss)
        return float(sum(losses))

    return epoch


def sklearn(sizes, batch, x, y):
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(hidden_layer_sizes=sizes[1:-1], solver="adam", alpha=0.0, batch_size=batch)
    classes = np.arange(sizes[-1])
    return lambda: model.partial_fit(x, y, classes=classes)


def products(sizes, batch, x, y):
    """Forward, kernel gradient and input gradient of each layer: the matrix products and nothing else."""
    rng = np.random.default_rng(0)

    def matrix(*shape):
        return rng.normal(size=shape).astype("float32")

    calls = []
    for i, (a, b) in enumerate(itertools.pairwise(sizes)):
        inputs, kernel, g = matrix(batch, a), matrix(a, b), matrix(batch, b)
        calls.append((inputs, kernel, np.empty((batch, b), "float32")))
        calls.append((inputs.T, g, np.empty((a, b), "float32")))
        if i:  # nobody needs the gradient of the data
            calls.append((g, kernel.T, np.empty((batch, a), "float32")))

    def epoch():
        for _ in range(-(-len(x) // batch)):
            for a, b, out in calls:
                np.matmul(a, b, out=out)

    return epoch


# name -> (module to import, peer)
PEERS = {
    "babytf": ("babytf", babytf),
    "Keras on TensorFlow": ("tensorflow", functools.partial(keras, backend="tensorflow")),
    "Keras on JAX": ("jax", functools.partial(keras, backend="jax")),
    "Keras on PyTorch": ("torch", functools.partial(keras, backend="torch")),
    "PyTorch, fused Adam": ("torch", torch),
    "JAX jit by hand": ("jax", jax),
    "scikit-learn": ("sklearn", sklearn),
    "matrix products alone": ("numpy", products),
}
NEEDS_KERAS = ("Keras on TensorFlow", "Keras on JAX", "Keras on PyTorch")
OURS = ("babytf", "matrix products alone")  # run in the Python that runs the benchmark
