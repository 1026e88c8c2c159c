r"""Connectionist temporal classification: sums over all alignments of a label with a sequence, in log space.

A label of N classes is read as the path of S = 2N + 1 *states* blank, label 1, blank, label 2, …, blank. At each of
T steps a path stays in its state, goes on to the next one, or leaves out a blank between two different labels:

$$ \alpha_t(s) = \ln p_t(s) + \ln \bigl( e^{\alpha_{t-1}(s)} + e^{\alpha_{t-1}(s-1)}
   + [\text{blank } s-1 \text{ may be left out}] \, e^{\alpha_{t-1}(s-2)} \bigr) $$

is the log of what all paths weigh that are in state $s$ at step $t$; $\beta$ is the same backwards. All is computed
in double precision. Source: Graves, Fernández, Gomez & Schmidhuber (2006), eqs. 5 to 16.

What cannot be, such as more labels than steps, has the logarithm `IMPOSSIBLE` in place of minus infinity, as in Keras
on JAX: the loss is then about 1e5, and its gradient a number.
"""

from __future__ import annotations

import numpy as np

from babytf.errors import explain

IMPOSSIBLE = -1e5
_LOWEST = -1e300  # in place of a maximum of minus infinity, from which nothing could be subtracted


class _Alignments:
    """The states of a batch: what they emit, how they follow each other, where paths begin and end.

    Args:
        log_p: Log probabilities, `(B, T, C)`.
        labels: Classes, `(B, N)`.
        label_lengths: How many of the N count, `(B,)`.
        lengths: How many of the T count, `(B,)`.
        blank: The class of the blank.
    """

    def __init__(
        self, log_p: np.ndarray, labels: np.ndarray, label_lengths: np.ndarray, lengths: np.ndarray, blank: int
    ) -> None:
        batch, steps, classes = log_p.shape
        _check_labels(labels, classes)
        self.shape = log_p.shape
        self.states = np.full((batch, 2 * labels.shape[1] + 1), blank)  # (B, S)
        self.states[:, 1::2] = labels
        self.emit = self.of_states(log_p)
        self.skip = np.full(self.states.shape, -np.inf)
        self.skip[:, 3::2] = np.where(labels[:, 1:] == labels[:, :-1], IMPOSSIBLE, 0.0)
        before = np.full(self.states.shape, IMPOSSIBLE)
        before[:, 0] = 0.0
        self.start, _ = _step(before, self.skip)
        last = 2 * label_lengths.astype("int64")[:, None]  # the last blank; or the label before it
        place = np.arange(self.states.shape[1])
        self.end = np.where((place == last) | (place == last - 1), 0.0, -np.inf)
        self.active = np.arange(steps)[:, None] < lengths  # (T, B)

    def of_states(self, x: np.ndarray) -> np.ndarray:
        """From classes, `(B, T, C)`, to states: `(T, B, S)`, in double precision."""
        chosen = np.take_along_axis(x, self.states[:, None, :], axis=2)
        return np.ascontiguousarray(chosen.transpose(1, 0, 2), "float64")

    def of_classes(self, x: np.ndarray, out: np.ndarray) -> None:
        """Back again: what belongs to one class is added up."""
        out[...] = 0
        rows = np.arange(self.shape[0])
        for s in range(self.states.shape[1]):
            out[rows, :, self.states[:, s]] += x[:, :, s].T

    def forward(self, values: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """`alpha`, and the mean of what the paths collected of `values`."""
        return _sweep(self.emit, self.skip, self.start, self.active, values)

    def backward(self, values: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The same from the end: the forward sweep with time and states turned round."""
        skip = np.full_like(self.skip, -np.inf)
        skip[:, 2:] = self.skip[:, :1:-1]
        turned = None if values is None else values[::-1, :, ::-1]
        beta, mean = _sweep(self.emit[::-1, :, ::-1], skip, self.end[:, ::-1], self.active[::-1], turned)
        return beta[::-1, :, ::-1], mean[::-1, :, ::-1]

    def total(self, alpha: np.ndarray) -> np.ndarray:
        """The log of what all paths weigh together, `(B,)`."""
        last = alpha[-1] if len(alpha) else self.start
        total, _ = _add_up((last + self.end).T)
        return total

    def occupancy(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """The probability of being in each state at each step, `(T, B, S)`; 0 past the end."""
        log_total = self.total(alpha)[:, None]
        log_p = alpha + beta - self.emit - log_total  # both sweeps count what is emitted at their step
        occupied: np.ndarray = np.exp(log_p) * self.active[:, :, None]
        return occupied


def _add_up(terms: np.ndarray, values: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | float]:
    """Log of the sum of exponentials along the first axis, and the mean of `values` weighted by them."""
    top = np.maximum(terms.max(axis=0), _LOWEST)
    weights = np.exp(terms - top)
    total = weights.sum(axis=0)
    mean = 0.0 if values is None else (weights * values).sum(axis=0) / np.maximum(total, 1e-300)
    with np.errstate(divide="ignore"):
        return np.log(total) + top, mean


def _reached_from(x: np.ndarray, fill: float) -> np.ndarray:
    """For each state the values of itself, of the one before it, and of the one before that: `(3, B, S)`."""
    found = np.full((3, *x.shape), fill)
    found[0] = x
    found[1, :, 1:] = x[:, :-1]
    found[2, :, 2:] = x[:, :-2]
    return found


def _step(a: np.ndarray, skip: np.ndarray, means: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray | float]:
    terms = _reached_from(a, -np.inf)
    terms[2] += skip
    return _add_up(terms, None if means is None else _reached_from(means, 0.0))


def _sweep(
    emit: np.ndarray, skip: np.ndarray, start: np.ndarray, active: np.ndarray, values: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Log weights of the paths up to each step, `(T, B, S)`, and their mean sum of `values`.

    A sample begins at its first active step, and keeps what it has after its last one.
    """
    log_weights = np.empty_like(emit)
    means = np.zeros_like(emit if values is not None else emit[:0])
    a = start
    mean: np.ndarray | None = None if values is None else np.zeros_like(start)
    begun = np.zeros((len(start), 1), bool)
    for t in range(len(emit)):
        on = active[t][:, None]
        now, now_mean = _step(a, skip, mean)
        a = np.where(on, np.where(begun, now, start) + emit[t], a)
        log_weights[t] = a
        if values is not None and mean is not None:
            mean = np.where(on, np.where(begun, now_mean, 0.0) + values[t], mean)
            means[t] = mean
        begun = begun | on
    return log_weights, means


def ctc_loss(
    log_p: np.ndarray,
    labels: np.ndarray,
    label_lengths: np.ndarray,
    lengths: np.ndarray,
    blank: int,
    out: np.ndarray,
) -> None:
    """Minus the log of the summed probability of all alignments, `(B,)`."""
    alignments = _Alignments(log_p, labels, label_lengths, lengths, blank)
    np.negative(alignments.total(alignments.forward()[0]), out=out, casting="same_kind")


def ctc_alignment(
    log_p: np.ndarray,
    labels: np.ndarray,
    label_lengths: np.ndarray,
    lengths: np.ndarray,
    blank: int,
    out: np.ndarray,
) -> None:
    """The probability of each class at each step among the alignments, `(B, T, C)`."""
    alignments = _Alignments(log_p, labels, label_lengths, lengths, blank)
    alpha, beta = alignments.forward()[0], alignments.backward()[0]
    alignments.of_classes(alignments.occupancy(alpha, beta), out)


def ctc_covariance(
    v: np.ndarray,
    log_p: np.ndarray,
    labels: np.ndarray,
    label_lengths: np.ndarray,
    lengths: np.ndarray,
    blank: int,
    out: np.ndarray,
) -> None:
    """Covariance of "this class at this step" with the sum of `v` along the alignment, `(B, T, C)`."""
    alignments = _Alignments(log_p, labels, label_lengths, lengths, blank)
    collected = alignments.of_states(v)
    alpha, before = alignments.forward(collected)
    beta, after = alignments.backward(collected)
    p = alignments.occupancy(alpha, beta)
    whole = before + after - collected  # the mean sum of a whole path through this state at this step
    mean = (p[:1] * whole[:1]).sum(axis=2, keepdims=True)  # the same at any step
    alignments.of_classes(p * (whole - mean), out)


def _check_labels(labels: np.ndarray, classes: int) -> None:
    if labels.size == 0:
        return
    low, high = labels.min(), labels.max()
    if low < 0 or high >= classes:
        raise ValueError(
            explain(
                f"ctc: label {low if low < 0 else high} is out of range.",
                got=f"labels from {low} to {high}, for {classes} classes",
                expected=f"integers from 0 to {classes - 1}; in the loss CTC 0 is the blank, and pads short labels",
                fix="pad with 0" if low < 0 else f"give the last layer {high + 1} units: the blank is a class too",
            )
        )
