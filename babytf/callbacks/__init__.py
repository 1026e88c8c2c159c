"""Callbacks: what may watch and steer `fit`, `evaluate` and `predict`. Read `callback.py` first.

Each is imported when it is first used, to keep `import babytf` fast.
"""

from typing import TYPE_CHECKING

from babytf.callbacks.callback import Callback
from babytf.callbacks.callback_list import CallbackList
from babytf.callbacks.history import History
from babytf.lazy import later

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

later(
    __name__,
    {
        "backup_and_restore": "BackupAndRestore",
        "csv_logger": "CSVLogger",
        "early_stopping": "EarlyStopping",
        "lambda_callback": "LambdaCallback",
        "learning_rate_scheduler": "LearningRateScheduler",
        "model_checkpoint": "ModelCheckpoint",
        "progbar_logger": "ProgbarLogger",
        "reduce_lr_on_plateau": "ReduceLROnPlateau",
        "remote_monitor": "RemoteMonitor",
        "swap_ema_weights": "SwapEMAWeights",
        "tensorboard": "TensorBoard",
        "terminate_on_nan": "TerminateOnNaN",
    },
)

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
