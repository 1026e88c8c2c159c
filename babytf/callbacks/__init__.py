"""Callbacks: what may watch and steer `fit`, `evaluate` and `predict`. Read `callback.py` first.

Each is imported when it is first used, to keep `import babytf` fast.
"""

import importlib
from typing import TYPE_CHECKING, Any

from babytf.callbacks.callback import Callback
from babytf.callbacks.callback_list import CallbackList
from babytf.callbacks.history import History

if TYPE_CHECKING:
    from babytf.callbacks.backup_and_restore import BackupAndRestore
    from babytf.callbacks.csv_logger import CSVLogger
    from babytf.callbacks.early_stopping import EarlyStopping
    from babytf.callbacks.lambda_callback import LambdaCallback
    from babytf.callbacks.learning_rate_scheduler import LearningRateScheduler
    from babytf.callbacks.model_checkpoint import ModelCheckpoint
    from babytf.callbacks.progbar_logger import ProgbarLogger
    from babytf.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
    from babytf.callbacks.remote_monitor import RemoteMonitor
    from babytf.callbacks.swap_ema_weights import SwapEMAWeights
    from babytf.callbacks.tensorboard import TensorBoard
    from babytf.callbacks.terminate_on_nan import TerminateOnNaN

_LATER = {
    "BackupAndRestore": "backup_and_restore",
    "CSVLogger": "csv_logger",
    "EarlyStopping": "early_stopping",
    "LambdaCallback": "lambda_callback",
    "LearningRateScheduler": "learning_rate_scheduler",
    "ModelCheckpoint": "model_checkpoint",
    "ProgbarLogger": "progbar_logger",
    "ReduceLROnPlateau": "reduce_lr_on_plateau",
    "RemoteMonitor": "remote_monitor",
    "SwapEMAWeights": "swap_ema_weights",
    "TensorBoard": "tensorboard",
    "TerminateOnNaN": "terminate_on_nan",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"babytf.callbacks.{_LATER[name]}"), name)
    raise AttributeError(f"module 'babytf.callbacks' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)


__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
