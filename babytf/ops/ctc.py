"""Connectionist temporal classification. Its sums over alignments are in `../engine/ctc_kernels.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from babytf.engine.tensor import Tensor, bind, convert
from babytf.errors import ShapeError, explain
from babytf.ops.operands import floating, to_dtype


def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> Tensor:
    r"""Minus the log probability of a label, summed over all its alignments with a sequence.

    $$ \ell = -\ln \sum_{\pi \to y} \prod_t p_{t \pi_t} $$

    An alignment $\pi$ has one class per step. It stands for the label that is left when runs of one class become a
    single one and then blanks are taken out. A label that does not fit into the steps costs about 1e5.

    Args:
        target: Labels, integers `(B, N)`.
        output: Logits, `(B, T, C)`.
        target_length: How many of the N count, `(B,)`.
        output_length: How many of the T steps count, `(B,)`.
        mask_index: The class of the blank.

    Returns:
        `(B,)`, of dtype float32 at least.

    Raises:
        ShapeError: If the shapes do not fit.
        ValueError: If a label is not a class, or `mask_index` is not one.

    Source:
        Graves, Fernández, Gomez & Schmidhuber (2006), eqs. 5 to 16.
    """
    output = floating(output)
    if output.dtype.itemsize < 4:
        output = to_dtype(output, np.dtype("float32"))
    target, target_length, output_length = (
        to_dtype(convert(x), np.dtype("int32")) for x in (target, target_length, output_length)
    )
    shapes = (target.shape, output.shape, target_length.shape, output_length.shape)
    batch = target.shape[:1]
    if target.ndim != 2 or output.ndim != 3 or (*shapes[1][:1],) != batch or {*shapes[2:]} != {batch}:
        raise ShapeError(
            explain(
                "ctc_loss: the shapes do not fit.",
                got="target {}, output {}, target_length {}, output_length {}".format(*shapes),
                expected="(B, N), (B, T, C), (B,), (B,)",
                fix="pad the labels to one length N; give one length per sample",
            )
        )
    if not 0 <= int(mask_index) < output.shape[2]:
        raise ValueError(
            explain(
                "ctc_loss: bad `mask_index`.",
                got=f"mask_index={mask_index!r}",
                expected=f"a class from 0 to {output.shape[2] - 1}",
                fix="mask_index=0",
            )
        )
    log_p = bind("log_softmax", output, axis=2)
    return bind("ctc", log_p, target, target_length, output_length, blank=int(mask_index))
