"""The table of primitives, a file per family.

Each row holds an operation's NumPy source, shape rule, gradient and formula; `elementwise.py` is the
place to start reading, `../primitive.py` explains the fields. Importing this package fills
`PRIMITIVES`. Computations too long for a template live in `../kernels.py`.
"""

from __future__ import annotations

from babytf.engine import attention_kernels, kernels, normalization_kernels, row_blocks
from babytf.engine.primitive import NAMESPACE

NAMESPACE.update(
    kernels=kernels,
    attention_kernels=attention_kernels,
    normalization_kernels=normalization_kernels,
    row_blocks=row_blocks,
)

from babytf.engine.primitives import (  # noqa: E402, I001  (rows name `kernels` in their source)
    activation as activation,
    attention as attention,
    comparison as comparison,
    crossentropy as crossentropy,
    ctc as ctc,
    cumulative as cumulative,
    elementwise as elementwise,
    gru as gru,
    indexing as indexing,
    linear_algebra as linear_algebra,
    lstm as lstm,
    memory as memory,
    normalization as normalization,
    random as random,
    reduction as reduction,
    shape as shape,
    simple_rnn as simple_rnn,
    softmax as softmax,
    sorting as sorting,
    thresholds as thresholds,
    window as window,
)
