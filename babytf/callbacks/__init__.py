"""Callbacks: what may watch and steer `fit`, `evaluate` and `predict`. Read `callback.py` first."""

from babytf.callbacks.backup_and_restore import BackupAndRestore
from babytf.callbacks.callback import Callback
from babytf.callbacks.callback_list import CallbackList
from babytf.callbacks.early_stopping import EarlyStopping
from babytf.callbacks.history import History
from babytf.callbacks.lambda_callback import LambdaCallback
from babytf.callbacks.progbar_logger import ProgbarLogger
from babytf.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "BackupAndRestore",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "ProgbarLogger",
    "TerminateOnNaN",
]
