"""JAX without a framework: plain functions, one `jit` for the whole step."""

import functools
import itertools

import jax
import jax.numpy as jnp
import numpy as np
from cases import EMBEDDING, HEADS, VOCABULARY, outputs
from jax import lax


def parameters_of(case, rng):
    """Return the parameters: a list of dicts of arrays."""

    def dense(a, b):
        return {"w": rng.normal(scale=(2 / a) ** 0.5, size=(a, b)).astype("float32"), "b": np.zeros(b, "float32")}

    def norm(size):
        return {"gamma": np.ones(size, "float32"), "beta": np.zeros(size, "float32")}

    def table(words, size):
        return rng.uniform(-0.05, 0.05, size=(words, size)).astype("float32")

    def convolution(a, b):
        return {"w": rng.normal(scale=0.1, size=(3, 3, a, b)).astype("float32"), "b": np.zeros(b, "float32")}

    width = case.width
    if case.model == "mlp":
        return [dense(a, b) for a, b in itertools.pairwise(case.sizes)]
    if case.model == "convnet":
        return [convolution(1, 32), convolution(32, 64), dense(1600, outputs(case))]
    if case.model == "lstm":
        cell = {**dense(EMBEDDING, 4 * width), "u": dense(width, 4 * width)["w"]}
        return [{"table": table(VOCABULARY["lstm"], EMBEDDING)}, cell, dense(width, 1)]
    mixing = {name: dense(width, width) for name in ("query", "key", "value", "out")}
    forward = {"1": dense(width, 2 * width), "2": dense(2 * width, width), "norm_1": norm(width), "norm_2": norm(width)}
    return [{"table": table(VOCABULARY["transformer"], width)}, mixing, forward, dense(width, outputs(case))]


def affine(p, x):
    return x @ p["w"] + p["b"]


def dropped(x, rate, key):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def mlp(case, parameters, x, key):
    for p in parameters[:-1]:
        x = jax.nn.relu(affine(p, x))
        if case.dropout and key is not None:
            key, now = jax.random.split(key)
            x = dropped(x, case.dropout, now)
    return affine(parameters[-1], x)


def convnet(case, parameters, x, key):
    for p in parameters[:-1]:
        x = lax.conv_general_dilated(x, p["w"], (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        x = jax.nn.relu(x + p["b"])
        x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
    x = x.reshape(len(x), -1)
    if key is not None:
        x = dropped(x, 0.5, key)
    return affine(parameters[-1], x)


def lstm(case, parameters, x, key):
    words, cell, last = parameters
    z_x = affine(cell, words["table"][x].swapaxes(0, 1))  # (T, B, 4U)

    def step(state, z):
        h, c = state
        i, f, g, o = jnp.split(z + h @ cell["u"], 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

    zeros = jnp.zeros((len(x), case.width), "float32")
    (h, _), _ = lax.scan(step, (zeros, zeros), z_x)
    return affine(last, h)


def normalized(p, x):
    mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + 1e-3) * p["gamma"] + p["beta"]


def transformer(case, parameters, x, key):
    words, mixing, forward, last = parameters
    x = words["table"][x]  # (B, T, F)

    def heads(p):
        return affine(p, x).reshape(*x.shape[:2], HEADS, -1)

    query, keys, values = heads(mixing["query"]), heads(mixing["key"]), heads(mixing["value"])
    scores = jnp.einsum("bqhd,bkhd->bhqk", query, keys) / query.shape[-1] ** 0.5
    attended = jnp.einsum("bhqk,bkhd->bqhd", jax.nn.softmax(scores), values).reshape(x.shape)
    x = normalized(forward["norm_1"], x + affine(mixing["out"], attended))
    x = normalized(forward["norm_2"], x + affine(forward["2"], jax.nn.relu(affine(forward["1"], x))))
    return affine(last, x.mean(axis=1))


MODELS = {"mlp": mlp, "convnet": convnet, "lstm": lstm, "transformer": transformer}


def crossentropy(logits, y):
    if jnp.issubdtype(y.dtype, jnp.floating):
        return jnp.mean(jnp.logaddexp(0, logits) - y * logits)
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1))


class JaxPeer:
    suffix = ".npz"

    def __init__(self, case=None):
        self.case = case
        self.rng = np.random.default_rng(0)
        if case is not None:
            self._set(parameters_of(case, self.rng), MODELS[case.model])

    def _set(self, parameters, model):
        parameters = jax.tree.map(jnp.asarray, parameters)
        zeros = functools.partial(jax.tree.map, jnp.zeros_like)
        self.state = [parameters, zeros(parameters), zeros(parameters), jnp.zeros((), "float32"), jax.random.key(0)]
        self.apply = jax.jit(lambda p, x: model(self.case, p, x, None))
        self.loss = jax.jit(lambda p, x, y: crossentropy(model(self.case, p, x, None), y))

        @functools.partial(jax.jit, donate_argnums=0)
        def step(state, x, y):
            w, m, v, t, key = state
            key, now = jax.random.split(key)
            loss, g = jax.value_and_grad(lambda w: crossentropy(model(self.case, w, x, now), y))(w)
            t = t + 1
            rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            m = jax.tree.map(lambda m, g: m + 0.1 * (g - m), m, g)
            v = jax.tree.map(lambda v, g: v + 0.001 * (g * g - v), v, g)
            w = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), w, m, v)
            return [w, m, v, t, key], loss

        self.step = step

    def prepare(self, x):
        return x

    def epoch(self, x, y):
        order = self.rng.permutation(len(x))
        losses = []
        for start in range(0, len(x), self.case.batch):
            rows = order[start : start + self.case.batch]
            self.state, loss = self.step(self.state, x[rows], y[rows])
            losses.append(loss)
        return float(sum(losses))

    def predict(self, x, batch=32):
        parts = [self.apply(self.state[0], x[i : i + batch]) for i in range(0, len(x), batch)]
        return np.concatenate([np.asarray(part) for part in parts])

    def call(self, x):
        return self.apply(self.state[0], x).block_until_ready()

    def evaluate(self, x, y):
        losses = []
        for i in range(0, len(x), 32):
            rows = x[i : i + 32]
            losses.append(self.loss(self.state[0], rows, y[i : i + 32]) * len(rows))
        return float(sum(losses)) / len(x)

    def save(self, path):
        np.savez(path, **{f"{name}{i}": array for i, p in enumerate(self.state[0]) for name, array in p.items()})

    def load(self, path):
        with np.load(path) as stored:
            layers = [{"w": stored[f"w{i}"], "b": stored[f"b{i}"]} for i in range(len(stored.files) // 2)]
        self._set(layers, mlp_without_dropout)


def mlp_without_dropout(case, parameters, x, key):
    for p in parameters[:-1]:
        x = jax.nn.relu(affine(p, x))
    return affine(parameters[-1], x)
