"""The table of primitives, a file per family.

Each row holds an operation's NumPy source, shape rule, gradient and formula; `elementwise.py` is the
place to start reading, `../primitive.py` explains the fields. Importing this package fills
`PRIMITIVES`. Computations too long for a template live in `../kernels.py`.
"""

from __future__ import annotations

from babytf.engine import kernels
from babytf.engine.primitive import NAMESPACE

NAMESPACE["kernels"] = kernels

from babytf.engine.primitives import (  # noqa: E402, I001  (rows name `kernels` in their source)
    activation as activation,
    comparison as comparison,
    crossentropy as crossentropy,
    ctc as ctc,
    cumulative as cumulative,
    elementwise as elementwise,
    indexing as indexing,
    linear_algebra as linear_algebra,
    memory as memory,
    random as random,
    reduction as reduction,
    shape as shape,
    softmax as softmax,
    sorting as sorting,
    thresholds as thresholds,
    window as window,
)
