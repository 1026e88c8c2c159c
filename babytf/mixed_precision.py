"""Mixed precision by its older names; see `dtype_policies.py` and `optimizers/loss_scale_optimizer.py`."""

from __future__ import annotations

from babytf.config import DTypePolicy, dtype_policy, set_dtype_policy
from babytf.optimizers import LossScaleOptimizer

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy
