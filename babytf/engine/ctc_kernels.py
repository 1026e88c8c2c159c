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

    Arrays of states have the steps first and the batch last, `(T, S, B)`: then all the states before others are one
    block of memory.

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
        _check_labels(labels, log_p.shape[2])
        self.shape = batch, steps, _ = log_p.shape
        self.states = np.full((batch, 2 * labels.shape[1] + 1), blank)  # (B, S)
        self.states[:, 1::2] = labels
        self.emit = self.of_states(log_p)
        size = self.states.shape[1]
        self.skip = np.full((size, batch), -np.inf)
        self.skip[3::2] = np.where(labels[:, 1:] == labels[:, :-1], IMPOSSIBLE, 0.0).T
        before = np.full((size, batch), IMPOSSIBLE)
        before[0] = 0.0
        self.start = _sweep(np.zeros((2, size, batch)), self.skip, before)[0][1]
        last = 2 * label_lengths.astype("int64")  # the last blank; or the label before it
        place = np.arange(size)[:, None]
        self.end = np.where((place == last) | (place == last - 1), 0.0, -np.inf)
        self.lengths = lengths.astype("int64")
        time = np.arange(steps)[:, None]
        self.active = time < self.lengths  # (T, B)
        self.turned = (self.lengths - 1 - time) % max(steps, 1)  # (T, B): each sample's steps from its end

    def of_states(self, x: np.ndarray) -> np.ndarray:
        """From classes, `(B, T, C)`, to states, `(T, S, B)`, in double precision."""
        chosen = np.take_along_axis(x, self.states[:, None, :], axis=2)
        return np.ascontiguousarray(chosen.transpose(1, 2, 0), "float64")

    def of_classes(self, x: np.ndarray, out: np.ndarray) -> None:
        """Back again: what belongs to one class is added up."""
        batch, steps, classes = self.shape
        rows = np.arange(batch * steps).reshape(batch, steps).T[:, None, :] * classes  # (T, 1, B)
        summed = np.bincount((rows + self.states.T).ravel(), weights=x.ravel(), minlength=out.size)
        out[...] = summed.reshape(out.shape)

    def turn(self, x: np.ndarray) -> np.ndarray:
        """The same backwards: in time, so that each sample's last step comes first, and from the last state."""
        turned: np.ndarray = x[self.turned, ::-1, np.arange(self.shape[0])]  # (T, B, S)
        return np.swapaxes(turned, 1, 2)

    def forward(self) -> np.ndarray:
        """`alpha`."""
        return _sweep(self.emit, self.skip, self.start)[0]

    def both_ways(self, values: np.ndarray | None = None) -> tuple[np.ndarray, ...]:
        """`alpha` and `beta`, which count what their own step emits; then how much of `values` their paths collected.

        Backwards is forwards with time and states turned round, so both are one sweep over twice the batch.
        """
        skip = np.full_like(self.skip, -np.inf)
        skip[2:] = self.skip[:1:-1]
        log_weights, means = _sweep(
            np.concatenate([self.emit, self.turn(self.emit)], axis=2),
            np.concatenate([self.skip, skip], axis=1),
            np.concatenate([self.start, self.end[::-1]], axis=1),
            None if values is None else np.concatenate([values, self.turn(values)], axis=2),
        )
        batch = self.shape[0]
        found = (log_weights,) if values is None else (log_weights, means)
        return tuple(part for x in found for part in (x[:, :, :batch], self.turn(x[:, :, batch:])))

    def total(self, alpha: np.ndarray) -> np.ndarray:
        """The log of what all paths weigh together, `(B,)`."""
        batch, steps, _ = self.shape
        last = self.start
        if steps:
            last = np.where(self.lengths > 0, alpha[self.lengths - 1, :, np.arange(batch)].T, self.start)
        ends = last + self.end
        top = np.maximum(ends.max(axis=0), _LOWEST)
        total: np.ndarray = np.log(np.exp(ends - top).sum(axis=0)) + top
        return total

    def occupancy(self, alpha: np.ndarray, beta: np.ndarray) -> np.ndarray:
        """The probability of being in each state at each step, `(T, S, B)`; 0 past the end."""
        log_p = alpha + beta - self.emit - self.total(alpha)
        occupied: np.ndarray = np.exp(np.where(self.active[:, None], log_p, -np.inf))
        return occupied


def _sweep(
    emit: np.ndarray, skip: np.ndarray, start: np.ndarray, values: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Log weights of the paths up to each step, `(T, S, B)`, and their mean sum of `values`."""
    steps, size, batch = emit.shape
    padded = np.full((steps, size + 2, batch), -np.inf)  # two states that no path is in, before the first one
    log_weights = padded[:, 2:]
    means = np.zeros((steps if values is not None else 0, size + 2, batch))
    terms, top, total = np.empty((3, size, batch)), np.empty((size, batch)), np.empty((size, batch))
    own, previous, skipped = terms
    if steps:
        np.add(start, emit[0], out=log_weights[0])
    if steps and values is not None:
        means[0, 2:] = values[0]
    with np.errstate(divide="ignore"):  # of log(0), minus infinity
        for t in range(1, steps):
            a = padded[t - 1]
            np.add(a[:-2], skip, out=skipped)
            np.maximum(a[2:], a[1:-1], out=top)
            np.maximum(top, skipped, out=top)
            np.maximum(top, _LOWEST, out=top)
            np.subtract(a[2:], top, out=own)
            np.subtract(a[1:-1], top, out=previous)
            np.subtract(skipped, top, out=skipped)
            np.exp(terms, out=terms)
            np.add(own, previous, out=total)
            np.add(total, skipped, out=total)
            if values is not None:
                m = means[t - 1]
                collected = own * m[2:] + previous * m[1:-1] + skipped * m[:-2]
                means[t, 2:] = values[t] + collected / np.maximum(total, 1e-300)
            np.log(total, out=total)
            np.add(total, top, out=total)
            np.add(total, emit[t], out=log_weights[t])
    return log_weights, means[:, 2:]


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
    np.negative(alignments.total(alignments.forward()), out=out, casting="same_kind")


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
    alpha, beta = alignments.both_ways()
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
    alpha, beta, before, after = alignments.both_ways(collected)
    p = alignments.occupancy(alpha, beta)
    whole = before + after - collected  # the mean sum of a whole path through this state at this step
    mean = (p[:1] * whole[:1]).sum(axis=1, keepdims=True)  # the same at any step
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
