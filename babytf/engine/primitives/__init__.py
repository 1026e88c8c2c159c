"""The table of primitives, a file per family.

Each row holds an operation's NumPy source, shape rule, gradient and formula; `elementwise.py` is the
place to start reading, `../primitive.py` explains the fields. Importing this package fills `PRIMITIVES`; the families
that not every program uses (`_LATER`) are imported when the first of their rows is asked for. Computations too long
for a template live in `../kernels.py` and its neighbours.
"""

from __future__ import annotations

from babytf.engine import kernels
from babytf.engine.primitive import NAMESPACE, PRIMITIVES

NAMESPACE["kernels"] = kernels

from babytf.engine.primitives import (  # noqa: E402, I001  (rows name `kernels` in their source)
    activation as activation,
    comparison as comparison,
    crossentropy as crossentropy,
    elementwise as elementwise,
    indexing as indexing,
    linear_algebra as linear_algebra,
    memory as memory,
    random as random,
    reduction as reduction,
    shape as shape,
    softmax as softmax,
)

_LATER = {
    "attention": (
        "head_scores head_mix head_mix_back attention_exponentials attention_inverse attention_context "
        "attention attention_scores_gradient"
    ),
    "ctc": "ctc ctc_alignment ctc_covariance",
    "cumulative": "cumsum cumprod recurrence",
    "gru": "gru_states gru gru_gradient",
    "lstm": "lstm_states lstm lstm_gradient",
    "normalization": (
        "column_sums column_dot row_statistics row_standard row_norm row_norm_gradient channel_moments "
        "channel_norm channel_norm_gradient"
    ),
    "probability_crossentropy": "share_crossentropy all_but_label shares_crossentropy two_class_crossentropy",
    "simple_rnn": "simple_rnn_states simple_rnn simple_rnn_gradient",
    "sorting": "sort argsort top_k_indices",
    "thresholds": "sums_above",
    "window": (
        "conv biased_conv channel_sum conv_input_gradient conv_kernel_gradient max_pool max_pool_gradient "
        "max_pool_pick sum_pool sum_pool_gradient"
    ),
}
"""Families and the rows they add."""

for _family, _rows in _LATER.items():
    PRIMITIVES.later.update(dict.fromkeys(_rows.split(), f"{__name__}.{_family}"))
