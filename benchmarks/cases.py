"""The cases: which model, on what data, and what is timed.

Each peer builds the same model from a case (`peers/`). The data are random: only their shapes matter for a time.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """One line of work.

    Args:
        name: What the tables call it.
        model: `"mlp"`, `"convnet"`, `"lstm"` or `"transformer"`.
        measure: What is timed, a key of `MEASURES`.
        batch: Rows in a step.
        steps: Steps, or calls, in a round.
        sizes: Widths of an MLP's layers; hidden ones are ReLU.
        dropout: Rate of the dropout after each hidden layer of an MLP.
        length: Steps of time in a sequence.
        width: Units of the LSTM; width of the transformer.
    """

    name: str
    model: str
    measure: str = "step"
    batch: int = 32
    steps: int = 1
    sizes: tuple[int, ...] = ()
    dropout: float = 0.0
    length: int = 0
    width: int = 64


# what is timed -> (how the tables say it, in which unit, whether every round is a process of its own)
MEASURES = {
    "step": ("one step of training with Adam", "µs", False),
    "predict_one": ("`predict` of one row", "µs", False),
    "call_one": ("`model(x)` of one row", "µs", False),
    "predict_many": ("`predict` of 10,000 rows", "ms", False),
    "evaluate": ("`evaluate` of 10,000 rows", "ms", False),
    "import": ("import, NumPy included", "ms", True),
    "import_beyond": ("import, beyond NumPy", "ms", True),
    "cold_start": ("cold start: a new process imports, loads a saved model, predicts a row", "ms", True),
    "first_step": ("the first step of training of a new process, once the model is built", "ms", True),
    "memory": ("most memory (RSS) while the MNIST example's model trains one epoch", "MB", True),
}
UNITS = {"µs": 1e6, "ms": 1e3, "MB": 1e-6}

CLASSES = 10
VOCABULARY = {"lstm": 10000, "transformer": 1000}
HEADS = 4
EMBEDDING = 64  # of the LSTM's words
SMALL = (784, 128, 10)
MNIST = Case("the MNIST example's model", "mlp", "memory", 128, 1, (784, 512, 512, 10), 0.2)

CASES = {
    case.name: case
    for case in (
        Case("4-16-3, batch 16", "mlp", "step", 16, 1000, (4, 16, 3)),
        Case("784-128-10, batch 32", "mlp", "step", 32, 400, SMALL),
        Case("784-512-512-10, batch 128", "mlp", "step", 128, 100, (784, 512, 512, 10)),
        Case("784-512-512-10, dropout 0.2, batch 128", "mlp", "step", 128, 100, (784, 512, 512, 10), 0.2),
        Case("784-2048-2048-10, batch 256", "mlp", "step", 256, 8, (784, 2048, 2048, 10)),
        Case("MNIST convnet, batch 128", "convnet", "step", 128, 10),
        Case("Embedding, LSTM(64), 100 steps, batch 32", "lstm", "step", 32, 20, length=100),
        Case("one-block transformer, batch 32", "transformer", "step", 32, 25, length=64),
        Case("predict, one row", "mlp", "predict_one", 1, 40, SMALL),
        Case("model(x), one row", "mlp", "call_one", 1, 200, SMALL),
        Case("predict, 10,000 rows", "mlp", "predict_many", 32, 1, SMALL),
        Case("evaluate, 10,000 rows", "mlp", "evaluate", 32, 1, SMALL),
        Case("import", "mlp", "import", sizes=SMALL),
        Case("import beyond NumPy", "mlp", "import_beyond", sizes=SMALL),
        Case("cold start", "mlp", "cold_start", 1, 1, SMALL),
        Case("first step", "mlp", "first_step", 32, 1, SMALL),
        Case("memory", "mlp", "memory", 128, 1, MNIST.sizes, MNIST.dropout),
    )
}


def outputs(case):
    """Return how many numbers the model gives for a row."""
    return {"mlp": case.sizes[-1] if case.sizes else 0, "lstm": 1}.get(case.model, CLASSES)


def data(case, rows):
    """Return `(x, y)`: inputs of so many rows, and their labels."""
    rng = np.random.default_rng(0)
    if case.model in VOCABULARY:
        x = rng.integers(VOCABULARY[case.model], size=(rows, case.length)).astype("int32")
    else:
        shape = (28, 28, 1) if case.model == "convnet" else (case.sizes[0],)
        x = rng.normal(size=(rows, *shape)).astype("float32")
    if case.model == "lstm":
        return x, rng.integers(2, size=(rows, 1)).astype("float32")
    return x, rng.integers(outputs(case), size=rows).astype("int32")


def rows_of(case):
    """Return how many rows a round of a case needs."""
    return {"predict_many": 10000, "evaluate": 10000}.get(case.measure, case.batch * case.steps)
